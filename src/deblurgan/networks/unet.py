"""The U-Net generator on SE-ResNeXt-50 that the released code contains but cannot build."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from deblurgan.networks.normalisation import Norm2d
from deblurgan.networks.timm_backbones import TappedBackbone

_OUTPUT = 64


def seresnext_encoder(*, pretrained: bool) -> TappedBackbone:
    """SE-ResNeXt-50 with biases in all convolutions and nothing to learn or track in its normalisation.

    Args:
        pretrained: whether to fetch timm's ImageNet weights, of which only the convolutions are used.
    """
    encoder = TappedBackbone("seresnext", pretrained=pretrained)
    _simplify_norms(encoder)
    return encoder


class UNetDecoder(nn.Module):
    """Five steps up, four of them with skips; all five results, brought to full size, give the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.centre = nn.Sequential(_convolution(2048, 512), _convolution(512, 256))
        self.steps = nn.ModuleList(
            _step_up(inputs, middle)
            for inputs, middle in (
                (256 + 2048, 512),
                (_OUTPUT + 1024, 256),
                (_OUTPUT + 512, 128),
                (_OUTPUT + 256, 64),
                (_OUTPUT, 32),
            )
        )
        self.final = nn.Sequential(_convolution(5 * _OUTPUT, _OUTPUT), nn.Conv2d(_OUTPUT, 3, 1))

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map a pyramid at strides 4, 8, 16 and 32, finest first, to [N, 3, H, W], not yet bounded."""
        current = self.centre(maps[-1])
        results = []
        for step, skip in zip(self.steps, [*reversed(maps), None], strict=True):
            current = step(current if skip is None else torch.cat([current, skip], dim=1))
            results.append(current)
        finest = [results[-1]]
        for result, factor in zip(reversed(results[:-1]), (2.0, 4.0, 8.0, 16.0), strict=True):
            enlarged = functional.interpolate(result, scale_factor=factor, mode="bilinear", align_corners=False)
            finest.append(enlarged)
        picture: Tensor = self.final(torch.cat(finest, dim=1))
        return picture


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU())


def _step_up(inputs: int, middle: int) -> nn.Sequential:
    return nn.Sequential(
        _convolution(inputs, middle),
        nn.ConvTranspose2d(middle, _OUTPUT, 4, stride=2, padding=1),
        Norm2d(_OUTPUT, shared=False, affine=False, tracked=False),
        nn.ReLU(),
    )


def _simplify_norms(network: nn.Module) -> None:
    for name, layer in list(network.named_children()):
        if isinstance(layer, Norm2d) and layer.running_mean is not None:
            channels = len(layer.running_mean)
            setattr(network, name, Norm2d(channels, shared=False, affine=False, tracked=False))
        elif isinstance(layer, nn.Conv2d) and layer.bias is None:
            layer.bias = nn.Parameter(torch.zeros(layer.out_channels))
        else:
            _simplify_norms(layer)
