"""Discriminators: networks that judge whether a picture is sharp, patch by patch."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

_WIDTH = 64
_WIDEST = 512


class PatchDiscriminator(nn.Module):
    """Strided 4x4 convolutions whose output judges overlapping patches (Isola et al., CVPR 2017).

    Args:
        strided: convolutions of stride 2; 3 judge patches of 70x70 pixels, 5 of 286x286.

    Attributes:
        model: the layers, numbered as in the official checkpoints.
    """

    def __init__(self, strided: int) -> None:
        super().__init__()
        widths = [min(_WIDTH * 2**level, _WIDEST) for level in range(strided + 1)]
        layers: list[nn.Module] = [_convolution(3, widths[0], stride=2), nn.LeakyReLU(0.2)]
        for level in range(1, strided + 1):
            stride = 2 if level < strided else 1
            layers += [
                _convolution(widths[level - 1], widths[level], stride=stride),
                nn.InstanceNorm2d(widths[level], affine=False, track_running_stats=True),
                nn.LeakyReLU(0.2),
            ]
        self.model = nn.Sequential(*layers, _convolution(widths[-1], 1, stride=1))

    def forward(self, picture: Tensor) -> Tensor:
        """Map [N, 3, H, W] in [-1, 1] to one judgement per patch, [N, 1, h, w], unbounded."""
        judgements: Tensor = self.model(picture)
        return judgements


class DoubleScaleDiscriminator(nn.Module):
    """A local and a global judge of the same picture (section 3.2 of the DeblurGAN-v2 paper)."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = PatchDiscriminator(3)
        self.full = PatchDiscriminator(5)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Map [N, 3, H, W] to the judgements of both, which losses weigh equally."""
        return self.patch(picture), self.full(picture)


DISCRIMINATORS: dict[str, Callable[[], nn.Module]] = {
    "patch": lambda: PatchDiscriminator(3),
    "global": lambda: PatchDiscriminator(5),
    "double": DoubleScaleDiscriminator,
}


def build_discriminator(name: str) -> nn.Module:
    """Build a discriminator by name.

    Raises:
        KeyError: no discriminator has that name.
    """
    if name not in DISCRIMINATORS:
        raise KeyError(f"no discriminator is called {name!r}; known: {', '.join(sorted(DISCRIMINATORS))}")
    return DISCRIMINATORS[name]()


def _convolution(inputs: int, outputs: int, *, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 4, stride=stride, padding=2)
