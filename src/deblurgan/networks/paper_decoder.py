"""The decoder of DeblurGAN-v2: five laterals, a top-down pathway, and heads that meet at a quarter of the size."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from deblurgan.networks.backbones import FeatureMap
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
        laterals = [
            functional.pad(lateral(level), short, mode="reflect") if any(short) else lateral(level)
            for lateral, level, short in zip(self.laterals, maps, self.short, strict=True)
        ]
        fine, quarter = laterals[:-4], laterals[-4:]
        merged = [quarter[3]]
        for index, level in enumerate((2, 1, 0)):
            added = quarter[level] + _enlarged(merged[-1], 2)
            merged.append(self.top_down[index](added) if len(self.top_down) else added)
        # Heads count from the finest level, the concatenation from the coarsest.
        heads = [
            _enlarged(head(level), factor)
            for head, level, factor in zip(reversed(self.heads), merged, (8, 4, 2, 1), strict=True)
        ]
        smoothed = _enlarged(self.smooth(torch.cat(heads, dim=1)), 2)
        smoothed = _enlarged(self.smooth2(smoothed + fine[0] if fine else smoothed), 2)
        residual: Tensor = self.final(smoothed)
        return residual


def _enlarged(features: Tensor, factor: int) -> Tensor:
    if factor == 1:
        return features
    return functional.interpolate(features, scale_factor=float(factor), mode="nearest")
