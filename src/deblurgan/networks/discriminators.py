"""Discriminators: networks that score how real the parts of a picture look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from deblurgan.networks.normalisation import normalisation as norm_layer
from deblurgan.networks.normalisation import set_statistics


class Discriminator(nn.Module):
    """What every discriminator offers besides `forward`.

    Attributes:
        scales: how many maps of scores it gives, a tuple of them if more than one.
    """

    scales: int


class PatchDiscriminator(Discriminator):
    """A chain of 4x4 convolutions whose every output judges one patch (Kupyn et al., ICCV 2019, section 3.2).

    The names in its state dict are those of the released code.

    Args:
        strided: convolutions of stride 2; two of stride 1 follow.
        width: channels after the first convolution; doubled with each one, to eight times at most.
        normalisation: "instance", "batch" or "none".

    Attributes:
        receptive_field: side of a patch in pixels.
    """

    scales = 1

    def __init__(self, *, strided: int, width: int, normalisation: str) -> None:
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(strided + 1)]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, stride=2, padding=2), nn.LeakyReLU(0.2)]
        for level in range(1, strided + 1):
            stride = 2 if level < strided else 1
            layers += [
                nn.Conv2d(widths[level - 1], widths[level], 4, stride=stride, padding=2),
                norm_layer(normalisation, widths[level]),
                nn.LeakyReLU(0.2),
            ]
        layers.append(nn.Conv2d(widths[-1], 1, 4, padding=2))
        self.model = nn.Sequential(*layers)
        self.receptive_field = 9 * 2**strided - 2

    def forward(self, picture: Tensor) -> Tensor:
        """Map [N, 3, H, W] in [-1, 1], H and W any, to [N, 1, h, w]: one score a patch, higher for real."""
        scores: Tensor = self.model(picture)
        return scores


class DoubleScaleDiscriminator(Discriminator):
    """A patch and a global discriminator side by side: the paper's pair.

    Args:
        width: channels after the first convolution of each.
        normalisation: "instance", "batch" or "none".
    """

    scales = 2

    def __init__(self, *, width: int, normalisation: str) -> None:
        super().__init__()
        self.patch = PatchDiscriminator(strided=3, width=width, normalisation=normalisation)
        self.full = PatchDiscriminator(strided=5, width=width, normalisation=normalisation)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Map [N, 3, H, W] in [-1, 1] to the scores [N, 1, h, w] of both, patch first."""
        return self.patch(picture), self.full(picture)


def patch(*, width: int = 64, normalisation: str = "instance", statistics: str = "image") -> PatchDiscriminator:
    """Judges patches of 70x70 pixels."""
    network = PatchDiscriminator(strided=3, width=width, normalisation=normalisation)
    set_statistics(network, statistics)
    return network


def full(*, width: int = 64, normalisation: str = "instance", statistics: str = "image") -> PatchDiscriminator:
    """Judges patches of 286x286 pixels: more than the crops of 256 that the paper trains on."""
    network = PatchDiscriminator(strided=5, width=width, normalisation=normalisation)
    set_statistics(network, statistics)
    return network


def double(
    *, width: int = 64, normalisation: str = "instance", statistics: str = "image"
) -> DoubleScaleDiscriminator:
    """Judges both."""
    network = DoubleScaleDiscriminator(width=width, normalisation=normalisation)
    set_statistics(network, statistics)
    return network


DISCRIMINATORS: dict[str, Callable[..., Discriminator]] = {
    "patch": patch,
    "global": full,
    "double": double,
}


def build_discriminator(name: str, **options: Any) -> Discriminator:
    """Build a discriminator by name.

    Args:
        name: a key of `DISCRIMINATORS`.
        options: keyword arguments of that entry; a misspelt one raises TypeError.

    Raises:
        KeyError: no discriminator has that name.
    """
    if name not in DISCRIMINATORS:
        raise KeyError(f"no discriminator is called {name!r}; known: {', '.join(sorted(DISCRIMINATORS))}")
    return DISCRIMINATORS[name](**options)
