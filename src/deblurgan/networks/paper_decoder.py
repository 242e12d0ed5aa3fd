"""The decoder of DeblurGAN-v2: five laterals, a top-down pathway, and heads that meet at a quarter of the size."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from deblurgan.networks.backbones import FeatureMap
from deblurgan.networks.folding import enlarged, of_enlarged, of_sum
from deblurgan.networks.normalisation import normalisation as norm_layer

_DEEP = (4, 8, 16, 32)


class PaperDecoder(nn.Module):
    """Kupyn et al., ICCV 2019, section 3.1, as in the released code, with nearest upsampling throughout.

    Args:
        features: what the backbone gives, finest first: strides 4, 8, 16 and 32, and 2 where it has it.
        width: channels of the pyramid; the heads have half as many.
        top_down: whether a convolution follows each top-down addition; without, the sums are taken as
            they are.
        separable: whether each 3x3 convolution but the last is depthwise, then pointwise.
        normalisation: "instance", "batch" or "none".

    Attributes:
        folded: whether to compute the same in the cheaper way of `deblurgan.networks.folding`; not for
            separable convolutions.

    Raises:
        ValueError: the strides are others.
    """

    def __init__(
        self,
        features: tuple[FeatureMap, ...],
        *,
        width: int,
        top_down: bool = True,
        separable: bool = False,
        normalisation: str = "instance",
    ) -> None:
        super().__init__()
        strides = tuple(feature.stride for feature in features)
        if strides not in (_DEEP, (2, *_DEEP)):
            raise ValueError(f"the paper's decoder takes maps at strides 2 to 32, not {strides}")
        head = width // 2

        def convolution(inputs: int, outputs: int, *, bias: bool) -> nn.Module:
            if not separable:
                return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
            depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
            return nn.Sequential(depthwise, nn.Conv2d(inputs, outputs, 1, bias=bias))

        def smoothed(inputs: int, outputs: int) -> nn.Sequential:
            layers = [convolution(inputs, outputs, bias=True), norm_layer(normalisation, outputs), nn.ReLU()]
            return nn.Sequential(*layers)

        def pyramid_head() -> nn.Sequential:
            first, second = convolution(width, head, bias=False), convolution(head, head, bias=False)
            return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())

        self.separable = separable
        self.folded = False
        self.short = tuple(feature.short for feature in features)
        self.laterals = nn.ModuleList(
            nn.Conv2d(feature.channels, head if feature.stride == 2 else width, 1, bias=False)
            for feature in features
        )
        self.top_down = nn.ModuleList(smoothed(width, width) for _ in range(3) if top_down)
        self.heads = nn.ModuleList(pyramid_head() for _ in _DEEP)
        self.smooth = smoothed(4 * head, head)
        self.smooth2 = smoothed(head, head // 2)
        self.final = nn.Conv2d(head // 2, 3, 3, padding=1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map a pyramid, finest first, to [N, 3, H, W], not yet bounded."""
        if any(any(short) for short in self.short):
            maps = [
                functional.pad(each, short, mode="reflect") for each, short in zip(maps, self.short, strict=True)
            ]
        return self._folded(maps) if self.folded else self._as_drawn(maps)

    def _as_drawn(self, maps: list[Tensor]) -> Tensor:
        """Layer by layer as the paper has it."""
        laterals = [lateral(level) for lateral, level in zip(self.laterals, maps, strict=True)]
        fine, quarter = laterals[:-4], laterals[-4:]
        merged = [quarter[3]]
        for index, level in enumerate((2, 1, 0)):
            added = quarter[level] + enlarged(merged[-1], 2)
            merged.append(self.top_down[index](added) if len(self.top_down) else added)
        heads = [
            enlarged(head(level), factor)
            for head, level, factor in zip(self._heads_from_coarse(), merged, (8, 4, 2, 1), strict=True)
        ]
        smoothed = enlarged(self.smooth(torch.cat(heads, dim=1)), 2)
        smoothed = enlarged(self.smooth2(smoothed + fine[0] if fine else smoothed), 2)
        residual: Tensor = self.final(smoothed)
        return residual

    def _folded(self, maps: list[Tensor]) -> Tensor:
        """The same, with each convolution of an enlarged map computed before the enlargement."""
        fine, quarter = maps[:-4], maps[-4:]
        laterals = [_convolution(lateral) for lateral in self.laterals]
        merged = [laterals[-1](quarter[3])]
        for index, level in enumerate((2, 1, 0)):
            lateral = laterals[len(fine) + level]
            if len(self.top_down):
                convolution, rest = _convolution_and_rest(self.top_down[index])
                merged.append(_chain(rest, of_sum(convolution, lateral, quarter[level], merged[-1])))
            else:
                merged.append(lateral(quarter[level]) + enlarged(merged[-1], 2))
        *coarse, finest = (head(level) for head, level in zip(self._heads_from_coarse(), merged, strict=True))
        half = torch.cat([enlarged(level, factor) for level, factor in zip(coarse, (4, 2, 1), strict=True)], dim=1)
        convolution, rest = _convolution_and_rest(self.smooth)
        enlarged_part, finest_part = convolution.weight.tensor_split([half.shape[1]], dim=1)
        smoothed = of_enlarged(enlarged_part, convolution.bias, half)
        smoothed = _chain(rest, smoothed + functional.conv2d(finest, finest_part, padding=1))
        convolution, rest = _convolution_and_rest(self.smooth2)
        smoothed = (
            of_sum(convolution, laterals[0], fine[0], smoothed)
            if fine
            else of_enlarged(convolution.weight, convolution.bias, smoothed)
        )
        return of_enlarged(self.final.weight, self.final.bias, _chain(rest, smoothed))

    def _heads_from_coarse(self) -> list[nn.Module]:
        """Heads count from the finest level, the concatenation from the coarsest."""
        return list(reversed(self.heads))


def _convolution(layer: nn.Module) -> nn.Conv2d:
    if not isinstance(layer, nn.Conv2d):
        raise TypeError("separable convolutions cannot be folded")
    return layer


def _convolution_and_rest(layers: nn.Module) -> tuple[nn.Conv2d, list[nn.Module]]:
    first, *rest = layers.children()
    return _convolution(first), rest


def _chain(layers: list[nn.Module], features: Tensor) -> Tensor:
    for layer in layers:
        features = layer(features)
    return features
