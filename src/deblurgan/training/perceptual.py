"""The perceptual loss: distance between features of VGG19 (Johnson et al., ECCV 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from deblurgan.errors import RecipeError

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
# Channels of VGG19's convolutions up to conv3_3; None halves the size.
_LAYERS = (64, 64, None, 128, 128, None, 256, 256, 256)


class VGGFeatures(nn.Module):
    """VGG19 up to conv3_3, before its ReLU; layers numbered as torchvision numbers them.

    Frozen: gradients pass through it to the picture, but it has none of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in _LAYERS:
            if width is None:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        self.features = nn.Sequential(*layers[:-1])
        self.requires_grad_(False).eval()

    def forward(self, picture: Tensor) -> Tensor:
        """Map ImageNet-normalised pictures [N, 3, H, W] to features [N, 256, H // 4, W // 4]."""
        found: Tensor = self.features(picture)
        return found


class PerceptualLoss(nn.Module):
    """The content loss of the DeblurGAN-v2 paper: feature distance and pixel distance, both normalised.

    Unlike the official code, which normalised the first sample of a batch only, every sample is.

    Args:
        extractor: gives the features.
        feature_weight: of the mean squared error of the features.
        pixel_weight: of the mean squared error of the normalised pixels.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, extractor: VGGFeatures, *, feature_weight: float = 0.006, pixel_weight: float = 0.5
    ) -> None:
        super().__init__()
        self.extractor = extractor
        self.feature_weight = feature_weight
        self.pixel_weight = pixel_weight
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None], persistent=False)

    def distances(self, restored: Tensor, sharp: Tensor) -> tuple[Tensor, Tensor]:
        """(Feature MSE, pixel MSE in ImageNet units) of pictures [N, 3, H, W] in [0, 1]."""
        first, second = ((picture - self.mean) / self.deviation for picture in (restored, sharp))
        features = nn.functional.mse_loss(self.extractor(first), self.extractor(second))
        return features, nn.functional.mse_loss(first, second)

    def forward(self, restored: Tensor, sharp: Tensor) -> Tensor:
        """The weighted sum of both distances."""
        features, pixels = self.distances(restored, sharp)
        return self.feature_weight * features + self.pixel_weight * pixels


HUB = "torchvision"
"""Named instead of a file, it lets torchvision fetch the weights, once, into PyTorch's cache."""


def load_vgg(source: str) -> VGGFeatures:
    """Read VGG19's weights as torchvision publishes them (`features.0.weight`, ...).

    Args:
        source: a file, or `HUB`.

    Raises:
        RecipeError: the file is missing or holds other weights, or they cannot be fetched.
    """
    weights = _fetched() if source == HUB else _from_file(Path(source))
    extractor = VGGFeatures()
    wanted = extractor.state_dict()
    if missing := [key for key in wanted if key not in weights or weights[key].shape != wanted[key].shape]:
        raise RecipeError(f"{source} is not VGG19: {missing[0]} is missing or of another shape.")
    extractor.load_state_dict({key: weights[key] for key in wanted})
    return extractor


def _from_file(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise RecipeError(
            f"VGG19's weights are not at {path}; save torchvision's vgg19 there, name {HUB!r} to "
            "have them fetched, or leave the loss out."
        )
    found: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return found


def _fetched() -> Mapping[str, Tensor]:
    from torchvision.models import VGG19_Weights

    url = VGG19_Weights.IMAGENET1K_V1.url
    try:
        found: Mapping[str, Tensor] = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise RecipeError(
            f"VGG19's weights cannot be fetched from {url} ({error}); name a file instead."
        ) from error
    return found
