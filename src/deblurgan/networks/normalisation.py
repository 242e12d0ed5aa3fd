"""Normalisation of feature maps, with the source of its statistics as an explicit choice."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deblurgan.errors import BrokenModel

KINDS = ("instance", "batch", "none")
STATISTICS = ("image", "running")
_TRACKED = ("running_mean", "running_var", "num_batches_tracked")


class Norm2d(nn.Module):
    """Each channel to mean 0 and variance 1, then scale, shift and activation.

    With `statistics` "image", mean and (biased) variance are those of each picture's own map. That is what
    DeblurGAN-v2's released code computes at inference, where it runs batches of one in training mode; here
    a batch gives what its pictures give alone, and nothing is remembered. With "running", training
    normalises as BatchNorm2d or InstanceNorm2d would and tracks averages, and evaluation uses those.

    Args:
        channels: of the maps.
        shared: whether the pictures of a training batch share their statistics, as in BatchNorm2d.
        affine: whether there are a scale and a shift to learn.
        tracked: whether averages are stored; without them, only "image" is possible.
        epsilon: added to the variance.
        momentum: weight of the newest batch in the averages.

    Attributes:
        statistics: "image" or "running"; see `set_statistics`.
        activation: applied last.
        by_rows: whether statistics of a picture are taken over rows, then over those, in plain operations.
            Engines add up a whole map in a single float32, which costs a large map three digits.
    """

    weight: Tensor | None
    bias: Tensor | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        channels: int,
        *,
        shared: bool,
        affine: bool,
        tracked: bool = True,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        self.shared, self.epsilon, self.momentum = shared, epsilon, momentum
        self.statistics = "image"
        self.activation: nn.Module = nn.Identity()
        self.by_rows = False
        self.register_parameter("weight", nn.Parameter(torch.ones(channels)) if affine else None)
        self.register_parameter("bias", nn.Parameter(torch.zeros(channels)) if affine else None)
        self.register_buffer("running_mean", torch.zeros(channels) if tracked else None)
        self.register_buffer("running_var", torch.ones(channels) if tracked else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0) if tracked else None)

    def forward(self, features: Tensor) -> Tensor:
        """Map [N, C, H, W] to the same shape."""
        if self.statistics == "image":
            normalised = self._by_rows(features) if self.by_rows else self._by_instance(features, None, None)
        elif self.training:
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
            by = self._by_batch if self.shared else self._by_instance
            normalised = by(features, self.running_mean, self.running_var)
        else:
            normalised = self._by_batch(features, self.running_mean, self.running_var)
        activated: Tensor = self.activation(normalised)
        return activated

    def extra_repr(self) -> str:
        """What `print` adds between the brackets."""
        return f"statistics={self.statistics}, epsilon={self.epsilon}"

    def _by_instance(self, features: Tensor, mean: Tensor | None, variance: Tensor | None) -> Tensor:
        # The function of this name in torch.nn.functional refuses maps of a single value, where the
        # result is simply the shift.
        return torch.instance_norm(
            features, self.weight, self.bias, mean, variance, True, self.momentum, self.epsilon, False
        )

    def _by_rows(self, features: Tensor) -> Tensor:
        mean = features.mean(dim=3, keepdim=True).mean(dim=2, keepdim=True)
        # Norms of rows, since engines take them without writing a map of squares first.
        lengths = torch.linalg.vector_norm(features, dim=3, keepdim=True)
        power = (lengths**2).mean(dim=2, keepdim=True) / features.shape[3]
        scale = torch.rsqrt((power - mean**2).clamp(min=0) + self.epsilon)
        if self.weight is not None:
            scale = scale * self.weight[:, None, None]
        shift = -mean * scale
        if self.bias is not None:
            shift = shift + self.bias[:, None, None]
        return features * scale + shift

    def _by_batch(self, features: Tensor, mean: Tensor | None, variance: Tensor | None) -> Tensor:
        return torch.nn.functional.batch_norm(
            features, mean, variance, self.weight, self.bias, self.training, self.momentum, self.epsilon
        )


def normalisation(kind: str, channels: int) -> nn.Module:
    """A normalisation layer as the paper's decoder and discriminators have them.

    Args:
        kind: "instance" (nothing to learn), "batch" (scale and shift, shared statistics) or "none".
        channels: of the maps.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"normalisation is {kind!r}; it must be one of {', '.join(KINDS)}")
    if kind == "none":
        return nn.Identity()
    return Norm2d(channels, shared=kind == "batch", affine=kind == "batch")


def adopt_norms(network: nn.Module) -> None:
    """Replace every BatchNorm2d in a network, timm's with activation included, by a `Norm2d` of its tensors.

    The names in the state dict stay as they are.
    """
    for name, layer in list(network.named_children()):
        if isinstance(layer, nn.BatchNorm2d):
            setattr(network, name, _adopted(layer))
        else:
            adopt_norms(layer)


def set_statistics(network: nn.Module, statistics: str) -> None:
    """Choose where all normalisation layers of a network take their statistics from.

    Args:
        network: changed in place; one without normalisation stays as it is.
        statistics: "image" for each picture's own, "running" for those tracked in training.

    Raises:
        ValueError: there is no such choice, or a layer has tracked no statistics.
    """
    if statistics not in STATISTICS:
        raise ValueError(f"statistics is {statistics!r}; it must be one of {', '.join(STATISTICS)}")
    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, Norm2d)}
    for name, layer in layers.items():
        if statistics == "running" and layer.running_mean is None:
            raise ValueError(f"layer {name} tracks no statistics; this network has only those of the picture")
    for layer in layers.values():
        layer.statistics = statistics


def uses_picture_statistics(network: nn.Module) -> bool:
    """Whether some layer normalises by the statistics of the picture in hand."""
    return any(isinstance(layer, Norm2d) and layer.statistics == "image" for layer in network.modules())


def fill(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load weights by name; averages that the network does not read at inference may be missing.

    Raises:
        BrokenModel: a name is missing or unknown, or a shape differs.
    """
    try:
        found = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise BrokenModel(f"The weights do not fit the network: {str(error).splitlines()[-1].strip()}") from None
    needed = [name for name in found.missing_keys if name not in _unread(network)]
    if wrong := [f"lacks {name}" for name in needed] + [f"knows no {name}" for name in found.unexpected_keys]:
        raise BrokenModel(f"The weights do not fit the network: it {wrong[0]}, {len(wrong)} names in all.")


def _unread(network: nn.Module) -> set[str]:
    """Names of the tracked tensors that evaluation leaves alone."""
    return {
        f"{prefix}.{tensor}"
        for prefix, layer in network.named_modules()
        if isinstance(layer, Norm2d)
        for tensor in (_TRACKED if layer.statistics == "image" else _TRACKED[2:])
    }


def _adopted(layer: nn.BatchNorm2d) -> Norm2d:
    norm = Norm2d(
        layer.num_features,
        shared=True,
        affine=layer.affine,
        tracked=layer.track_running_stats,
        epsilon=layer.eps,
        momentum=0.1 if layer.momentum is None else layer.momentum,
    )
    norm.load_state_dict(layer.state_dict())
    activation = getattr(layer, "act", None)
    if isinstance(activation, nn.Module):
        norm.activation = activation
    return norm
