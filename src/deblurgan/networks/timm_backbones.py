"""Backbones from timm: the paper's with the paper's own taps, and any other by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from deblurgan.errors import MissingExtra
from deblurgan.networks.backbones import Backbone, FeatureMap
from deblurgan.networks.normalisation import adopt_norms

OTHERS = "timm:"
# Below, the coarsest map is a single row or column, too few values for statistics of one picture.
_MINIMUM = (64, 64)


@dataclass(frozen=True)
class Tap:
    """One level of a pyramid.

    Attributes:
        layers: paths of the modules in timm's network between the tap before and this one, in order.
        map: what comes out of the last of them.
    """

    layers: tuple[str, ...]
    map: FeatureMap


@dataclass(frozen=True)
class BackboneSpec:
    """A backbone of the paper; its taps are not those of timm's `features_only`.

    Attributes:
        timm_name: of the network that holds the layers.
        taps: finest first; layers behind the last one are not built.
        minimum_size: least (height, width) of the input.
        linear: path of a normalisation whose activation timm adds but the paper's network does not have.
    """

    timm_name: str
    taps: tuple[Tap, ...]
    minimum_size: tuple[int, int] = _MINIMUM
    linear: str = ""


BACKBONES: dict[str, BackboneSpec] = {
    # The paper's network stops after the second of the three blocks of 160 channels.
    "mobilenet": BackboneSpec(
        "mobilenetv2_100",
        (
            Tap(("conv_stem", "bn1", "blocks.0"), FeatureMap(16, 2)),
            Tap(("blocks.1",), FeatureMap(24, 4)),
            Tap(("blocks.2",), FeatureMap(32, 8)),
            Tap(("blocks.3",), FeatureMap(64, 16)),
            Tap(("blocks.4", "blocks.5.0", "blocks.5.1"), FeatureMap(160, 32)),
        ),
    ),
    "inception": BackboneSpec(
        "inception_resnet_v2",
        (
            Tap(("conv2d_1a",), FeatureMap(32, 2, (0, 1, 0, 1))),
            Tap(("conv2d_2a", "conv2d_2b", "maxpool_3a"), FeatureMap(64, 4, (1, 1, 1, 1))),
            Tap(("conv2d_3b", "conv2d_4a", "maxpool_5a"), FeatureMap(192, 8, (1, 2, 1, 2))),
            Tap(("mixed_5b", "repeat", "mixed_6a"), FeatureMap(1088, 16, (1, 1, 1, 1))),
            Tap(("repeat_1", "mixed_7a"), FeatureMap(2080, 32, (1, 1, 1, 1))),
        ),
        minimum_size=(128, 128),
    ),
    "dense": BackboneSpec(
        "densenet121",
        (
            Tap(("features.conv0", "features.norm0"), FeatureMap(64, 2)),
            Tap(("features.pool0", "features.denseblock1"), FeatureMap(256, 4)),
            Tap(("features.transition1", "features.denseblock2"), FeatureMap(512, 8)),
            Tap(("features.transition2", "features.denseblock3"), FeatureMap(1024, 16)),
            Tap(("features.transition3", "features.denseblock4", "features.norm5"), FeatureMap(1024, 32)),
        ),
        linear="features.norm5",
    ),
    "seresnext": BackboneSpec(
        "legacy_seresnext50_32x4d",
        (
            Tap(("layer0", "pool0", "layer1"), FeatureMap(256, 4)),
            Tap(("layer2",), FeatureMap(512, 8)),
            Tap(("layer3",), FeatureMap(1024, 16)),
            Tap(("layer4",), FeatureMap(2048, 32)),
        ),
    ),
}


class TappedBackbone(Backbone):
    """Layers of a timm network up to the last tap.

    Args:
        name: a key of `BACKBONES`.
        pretrained: whether to fetch timm's ImageNet weights; otherwise the weights are random.
    """

    def __init__(self, name: str, *, pretrained: bool) -> None:
        super().__init__()
        spec = BACKBONES[name]
        self.name = spec.timm_name
        self.features = tuple(tap.map for tap in spec.taps)
        self.minimum_size = spec.minimum_size
        self.stages = tuple(tap.layers for tap in spec.taps)
        self.trunk = _create(spec.timm_name, pretrained=pretrained)
        _keep_only(self.trunk, {tuple(path.split(".")) for stage in self.stages for path in stage})
        adopt_norms(self.trunk)
        if spec.linear:
            self.trunk.get_submodule(spec.linear).activation = nn.Identity()

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Map [N, 3, H, W], both sides multiples of 32, to one map per tap, finest first."""
        maps = []
        for stage in self.stages:
            for path in stage:
                picture = self.trunk.get_submodule(path)(picture)
            maps.append(picture)
        return maps


class FeaturesOnlyBackbone(Backbone):
    """Any timm network that gives maps [N, C, H, W], at the taps that timm chose, for strides 2 to 32.

    Args:
        timm_name: of the network.
        pretrained: whether to fetch timm's ImageNet weights; otherwise the weights are random.

    Raises:
        ValueError: timm has no such network, or it gives no maps at strides 4, 8, 16 and 32.
    """

    def __init__(self, timm_name: str, *, pretrained: bool) -> None:
        super().__init__()
        self.name = timm_name
        self.trunk = _create(timm_name, pretrained=pretrained, features_only=True)
        found = zip(self.trunk.feature_info.channels(), self.trunk.feature_info.reduction(), strict=True)
        by_index = {index: FeatureMap(*each) for index, each in enumerate(found) if 2 <= each[1] <= 32}
        self.features = tuple(by_index.values())
        self.minimum_size = _MINIMUM
        self._taken = tuple(by_index)
        if [each.stride for each in self.features[-4:]] != [4, 8, 16, 32]:
            strides = ", ".join(str(each.stride) for each in self.features)
            raise ValueError(f"{timm_name} gives maps at strides {strides}; a pyramid needs 4, 8, 16 and 32")
        adopt_norms(self.trunk)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Map [N, 3, H, W], both sides multiples of 32, to one map per stride, finest first."""
        maps = self.trunk(picture)
        return [maps[index] for index in self._taken]


def timm_backbone(name: str, *, pretrained: bool = False) -> Backbone:
    """A backbone by name.

    Args:
        name: a key of `BACKBONES`, or `timm:` and the name of a network of timm's.
        pretrained: whether to fetch timm's ImageNet weights; otherwise the weights are random.

    Raises:
        ValueError: there is no such backbone.
        MissingExtra: timm is not installed.
    """
    if name.startswith(OTHERS):
        return FeaturesOnlyBackbone(name.removeprefix(OTHERS), pretrained=pretrained)
    if name not in BACKBONES:
        raise ValueError(f"no backbone is called {name!r}; known: {', '.join(BACKBONES)}, {OTHERS}<timm's name>")
    return TappedBackbone(name, pretrained=pretrained)


def _create(timm_name: str, *, pretrained: bool, features_only: bool = False) -> Any:
    """One of timm's networks; without its classifier if it is not cut up by timm itself."""
    try:
        import timm
    except ImportError:
        raise MissingExtra("This backbone needs timm; run: pip install 'deblurgan[train]'.") from None
    if not timm.is_model(timm_name):
        near = ", ".join(timm.list_models(f"*{timm_name.split('_')[0]}*")[:5])
        raise ValueError(f"timm has no network called {timm_name!r}" + (f"; it has {near}" if near else ""))
    if features_only:
        return timm.create_model(timm_name, pretrained=pretrained, features_only=True)
    return timm.create_model(timm_name, pretrained=pretrained)


def _keep_only(module: nn.Module, paths: set[tuple[str, ...]]) -> None:
    """Remove every layer that does not lie on one of the paths, or below its end."""
    for name, layer in list(module.named_children()):
        below = {path[1:] for path in paths if path[0] == name}
        if not below:
            delattr(module, name)
        elif () not in below:
            _keep_only(layer, below)
