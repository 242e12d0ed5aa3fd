"""Learned distances: LPIPS and DISTS, with weights that are on this machine already; nothing is fetched."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

import platformdirs
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional

from deblurgan.errors import MissingExtra
from deblurgan.metrics.pixels import of_same_shape

ALEXNET = "alexnet-owt-7be5be79.pth"
VGG16 = "vgg16-397923af.pth"
LPIPS_WEIGHTS = "lpips_alex.pth"
DISTS_WEIGHTS = "dists.pt"

# (in, out, kernel, stride, padding) of AlexNet's convolutions; None halves the size, as torchvision numbers them.
_ALEXNET_LAYERS = (
    (3, 64, 11, 4, 2),
    None,
    (64, 192, 5, 1, 2),
    None,
    (192, 384, 3, 1, 1),
    (384, 256, 3, 1, 1),
    (256, 256, 3, 1, 1),
)
_VGG16_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def lpips(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Learned perceptual patch distance (Zhang et al., CVPR 2018), version 0.1 with AlexNet; 0 for equal pictures.

    The features after each ReLU are normalised over channels; squared differences are weighted per channel by
    the learned weights, averaged over places and added over the five layers.

    Args:
        picture: [H, W, 3], at least 63 pixels along each side.
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ or are too small.
        MissingExtra: the weights are not on this machine; the message says where they are looked for.
    """
    first, second = _tensors(picture, reference, data_range, least=63)
    mean, deviation = (
        (torch.tensor(values)[:, None, None]) for values in ((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450))
    )
    layers, weights = _alexnet(), _lpips_weights()
    total = 0.0
    with torch.inference_mode():
        one, other = ((2 * each - 1 - mean) / deviation for each in (first, second))
        for stage, weight in zip(layers, weights, strict=True):
            one, other = stage(one), stage(other)
            difference = (_unit(one) - _unit(other)) ** 2
            total += float((difference * weight).sum(dim=1).mean())
    return total


def dists(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Distance of structure and texture (Ding et al., TPAMI 2022) with VGG16; 0 for equal pictures.

    1 minus the weighted sum, over the picture and five stages of features, of the similarity of the channels'
    means, (2 m n + c) / (m^2 + n^2 + c), and of their structure, (2 cov + c) / (var + var' + c), c = 1e-6. The
    stages are joined by a smoothing window instead of a maximum.

    Args:
        picture: [H, W, 3], at least 16 pixels along each side.
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ or are too small.
        MissingExtra: the weights are not on this machine; the message says where they are looked for.
    """
    first, second = _tensors(picture, reference, data_range, least=16)
    alpha, beta = _dists_weights()
    with torch.inference_mode():
        similarities = [
            _similarities(one, other) for one, other in zip(_stages(first), _stages(second), strict=True)
        ]
        means, structures = (torch.cat(each) for each in zip(*similarities, strict=True))
        return float(1 - (alpha * means + beta * structures).sum() / (alpha.sum() + beta.sum()))


def folder() -> Path:
    """Where the user may put weights for these metrics."""
    return platformdirs.user_data_path("deblurgan") / "metrics"


def _tensors(picture: ArrayLike, reference: ArrayLike, data_range: float, least: int) -> tuple[Tensor, Tensor]:
    """Both as [1, 3, H, W] in [0, 1]."""
    arrays = of_same_shape(picture, reference)
    if min(arrays[0].shape[:2]) < least:
        raise ValueError(f"this metric needs at least {least} pixels along each side, got {arrays[0].shape[:2]}")
    first, second = (
        torch.from_numpy(each.astype("float32") / data_range).permute(2, 0, 1)[None] for each in arrays
    )
    return first, second


def _unit(features: Tensor) -> Tensor:
    return features / (features.pow(2).sum(dim=1, keepdim=True).sqrt() + 1e-10)


@lru_cache(maxsize=1)
def _alexnet() -> tuple[nn.Module, ...]:
    """AlexNet's five stages, each ending in a ReLU."""
    layers: list[nn.Module] = []
    ends = []
    for entry in _ALEXNET_LAYERS:
        if entry is None:
            layers.append(nn.MaxPool2d(3, 2))
            continue
        channels, width, kernel, stride, padding = entry
        layers += [nn.Conv2d(channels, width, kernel, stride, padding), nn.ReLU()]
        ends.append(len(layers))
    features = _loaded(nn.Sequential(*layers), ALEXNET)
    return tuple(features[start:end] for start, end in zip([0, *ends], ends, strict=False))


@lru_cache(maxsize=1)
def _vgg16() -> tuple[nn.Module, ...]:
    """VGG16's five stages up to their last ReLU, without the maxima between them."""
    layers: list[nn.Module] = []
    channels, ends = 3, []
    for stage in _VGG16_STAGES:
        for width in stage:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        ends.append(len(layers))
        # Holds the place of the maximum, so that layers are numbered as in the file.
        layers.append(nn.Identity())
    features = _loaded(nn.Sequential(*layers), VGG16)
    return tuple(features[start:end] for start, end in zip([0, *ends], ends, strict=False))


def _stages(picture: Tensor) -> list[Tensor]:
    """The picture and the features of the five stages."""
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (_IMAGENET_MEAN, _IMAGENET_DEVIATION))
    found, features = [picture], (picture - mean) / deviation
    for index, stage in enumerate(_vgg16()):
        features = stage(_smoothed_half(features) if index else features)
        found.append(features)
    return found


def _smoothed_half(features: Tensor) -> Tensor:
    """Half the size: the root of the squares under a Hann window of 3x3."""
    line = torch.tensor([0.25, 0.5, 0.25])
    window = (line[:, None] * line).expand(features.shape[1], 1, 3, 3)
    squares = functional.conv2d(features**2, window, stride=2, padding=1, groups=features.shape[1])
    return (squares + 1e-12).sqrt()


def _similarities(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Similarity of means and of structure, per channel: [C] each."""
    one, other = (features.flatten(2)[0] for features in (first, second))
    mean, other_mean = one.mean(dim=1), other.mean(dim=1)
    variance, other_variance = one.var(dim=1, correction=0), other.var(dim=1, correction=0)
    covariance = (one * other).mean(dim=1) - mean * other_mean
    means = (2 * mean * other_mean + 1e-6) / (mean**2 + other_mean**2 + 1e-6)
    return means, (2 * covariance + 1e-6) / (variance + other_variance + 1e-6)


@lru_cache(maxsize=1)
def _lpips_weights() -> tuple[Tensor, ...]:
    """Weights of the channels of each layer, [1, C, 1, 1], as the package lpips publishes them."""
    weights = _read(LPIPS_WEIGHTS)
    return tuple(weights[f"lin{index}.model.1.weight"] for index in range(5))


@lru_cache(maxsize=1)
def _dists_weights() -> tuple[Tensor, Tensor]:
    """Weights of the means and of the structures, [C] each, as the package DISTS_pytorch publishes them."""
    weights = _read(DISTS_WEIGHTS)
    return weights["alpha"].flatten(), weights["beta"].flatten()


def _loaded(layers: nn.Sequential, name: str) -> nn.Sequential:
    """The layers with weights that a file has under 'features.'."""
    weights = _read(name)
    prefix = "features."
    layers.load_state_dict({key[len(prefix) :]: value for key, value in weights.items() if key.startswith(prefix)})
    return layers.requires_grad_(False).eval()


def _read(name: str) -> dict[str, Tensor]:
    places = _places(name)
    for path in places:
        if path.is_file():
            weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
            return weights
    looked = ", ".join(str(path) for path in places)
    raise MissingExtra(
        f"This metric needs its weights {name}, which nothing fetches; put them at one of: {looked}."
    )


def _places(name: str) -> list[Path]:
    """Where a file of weights may be: the user's folder, torch's own store, the package that publishes it."""
    places = [folder() / name]
    if name in (ALEXNET, VGG16):
        places.append(Path(torch.hub.get_dir()) / "checkpoints" / name)
    if name == LPIPS_WEIGHTS and (found := _package("lpips")):
        places.append(found / "weights" / "v0.1" / "alex.pth")
    if name == DISTS_WEIGHTS:
        places += [found / "weights.pt"] if (found := _package("DISTS_pytorch")) else []
    return places


def _package(name: str) -> Path | None:
    """Folder of an installed package, which is not imported."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found and found.origin else None
