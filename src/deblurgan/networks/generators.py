"""Generators: networks that map a blurred picture to a sharp one, both in [-1, 1]."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from deblurgan.networks.backbones import Backbone, PlainBackbone
from deblurgan.networks.decoders import PixelShuffleDecoder
from deblurgan.networks.normalisation import set_statistics
from deblurgan.networks.paper_decoder import PaperDecoder
from deblurgan.networks.resnet import ResNetDecoder, ResNetEncoder
from deblurgan.networks.timm_backbones import timm_backbone
from deblurgan.networks.unet import UNetDecoder, seresnext_encoder

Output = Callable[[Tensor, Tensor], Tensor]


def added(blurred: Tensor, change: Tensor) -> Tensor:
    """The change added to the picture as it is; the sum may leave [-1, 1] a little."""
    return blurred + change


def added_to_enlarged(blurred: Tensor, change: Tensor, *, scale: int) -> Tensor:
    """The change added to the picture, which is enlarged `scale` times, bicubically."""
    return functional.interpolate(blurred, scale_factor=float(scale), mode="bicubic") + change


def added_within_range(blurred: Tensor, change: Tensor) -> Tensor:
    """The paper's output: tanh of the change, added to the picture and cut to [-1, 1]."""
    return (torch.tanh(change) + blurred).clamp(-1, 1)


def replaced_by_tanh(blurred: Tensor, picture: Tensor) -> Tensor:
    """A picture made from nothing but the features, squeezed into [-1, 1]."""
    return torch.tanh(picture)


def replaced(blurred: Tensor, picture: Tensor) -> Tensor:
    """A picture made from nothing but the features, cut to [-1, 1]."""
    return picture.clamp(-1, 1)


class FPNGenerator(nn.Module):
    """The feature-pyramid generator of DeblurGAN-v2 (Kupyn et al., ICCV 2019, section 3.1).

    A backbone gives a feature map per stride, a decoder merges them into what is then combined with the
    blurred picture.

    Args:
        backbone: maps [N, 3, H, W] to a list of feature maps, finest first.
        decoder: maps that list to [N, 3, H, W].
        output: combines the blurred picture and what the decoder gives.
        scale: how many times larger than its input the output is.
        recurrent_scales: how many sizes of the picture the network runs on, with the same weights: each is half
            of the next, the last is the picture's own. From the second on it also sees the change that it found
            before (Tao et al., Scale-recurrent Network for Deep Image Deblurring, CVPR 2018, with nothing else
            handed on), so that the backbone must take one.

    Attributes:
        size_multiple: both sides of the input must be multiples of this.
        minimum_size: least (height, width) of the input.
        architecture: key of `GENERATORS` that it was built from, if it was.
        options: that build the same network again.
    """

    def __init__(
        self,
        backbone: Backbone,
        decoder: nn.Module,
        output: Output = added,
        *,
        scale: int = 1,
        recurrent_scales: int = 1,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.decoder = decoder
        self.output = output
        self.size_multiple = backbone.features[-1].stride
        self.minimum_size = backbone.minimum_size
        self.scale = scale
        self.recurrent_scales = recurrent_scales
        self.architecture = ""
        self.options: dict[str, Any] = {}

    def forward(self, blurred: Tensor) -> Tensor:
        """Map [N, 3, H, W] in [-1, 1] to the same shape, or `scale` times the size.

        Only `fpn_plain` may leave the range a little.
        """
        pictures = [blurred]
        for _ in range(self.recurrent_scales - 1):
            pictures.append(_halved(pictures[-1], self.size_multiple))
        change = self.change_of(pictures.pop())
        while pictures:
            picture = pictures.pop()
            height, width = (side // 2 for side in picture.shape[2:])
            change = self.change_of(picture, change[:, :, :height, :width])
        return self.output(blurred, change)

    def change_of(self, picture: Tensor, coarse: Tensor | None = None) -> Tensor:
        """What one pass finds, before it is combined with the picture: [N, 3, H, W], or `scale` times the size.

        Args:
            picture: [N, 3, H, W] in [-1, 1].
            coarse: what the pass before found in the picture of half the size; None in the first.
        """
        maps = self.backbone(picture) if self.recurrent_scales == 1 else self.backbone(picture, coarse)
        change: Tensor = self.decoder(maps)
        return change.to(picture.dtype)


def _halved(picture: Tensor, multiple: int) -> Tensor:
    """The picture at half its size, its last rows and columns repeated until the sides are multiples."""
    # The mean of four pixels, like average pooling, for which engines lay the picture out anew.
    half = functional.interpolate(picture, scale_factor=0.5, mode="bilinear")
    return functional.pad(half, (0, -half.shape[3] % multiple, 0, -half.shape[2] % multiple), mode="replicate")


def plain_fpn(
    *,
    channels: tuple[int, ...] = (32, 64, 128, 192),
    depths: tuple[int, ...] = (1, 2, 3, 4),
    decoder_depths: tuple[int, ...] = (1, 1, 2),
    scale: int = 1,
    recurrent_scales: int = 1,
) -> FPNGenerator:
    """FPN generator on the plain backbone, with the pixel-shuffle decoder.

    Args:
        channels: width at strides 2, 4, 8, ...
        depths: residual blocks of the backbone at each of them.
        decoder_depths: residual blocks of the decoder, finest first, none at the coarsest level.
        scale: how many times larger than its input the output is: 2 or more for super-resolution.
        recurrent_scales: 2 to see the picture at half its size first, 3 to begin at a quarter, ...
    """
    if min(len(channels), *channels, scale, recurrent_scales) < 1 or min(0, *depths, *decoder_depths) < 0:
        raise ValueError("channels and scales must be at least 1, depths at least 0")
    if scale > 1 and recurrent_scales > 1:
        raise ValueError("a network that enlarges cannot be scale-recurrent")
    backbone = PlainBackbone(tuple(channels), tuple(depths), sees_change=recurrent_scales > 1)
    decoder = PixelShuffleDecoder(backbone.features, tuple(decoder_depths), scale)
    output = added if scale == 1 else partial(added_to_enlarged, scale=scale)
    return FPNGenerator(backbone, decoder, output, scale=scale, recurrent_scales=recurrent_scales)


def paper_fpn(
    *,
    backbone: str = "mobilenet",
    width: int = 128,
    top_down: bool = True,
    separable: bool = False,
    normalisation: str = "instance",
    statistics: str = "image",
    pretrained: bool = False,
) -> FPNGenerator:
    """FPN generator with the paper's decoder on any backbone of timm's.

    Args:
        backbone: a key of `BACKBONES`, or `timm:` and the name of a network of timm's.
        width: channels of the pyramid.
        top_down: whether a convolution follows each top-down addition.
        separable: whether the decoder's convolutions are depthwise separable.
        normalisation: of the decoder: "instance", "batch" or "none".
        statistics: "image" for those of each picture, "running" for those tracked in training.
        pretrained: whether the backbone starts from ImageNet weights, fetched by timm.
    """
    features = timm_backbone(backbone, pretrained=pretrained)
    decoder = PaperDecoder(
        features.features, width=width, top_down=top_down, separable=separable, normalisation=normalisation
    )
    generator = FPNGenerator(features, decoder, added_within_range)
    set_statistics(generator, statistics)
    return generator


def fpn_mobilenet(
    *, normalisation: str = "instance", statistics: str = "image", pretrained: bool = False
) -> FPNGenerator:
    """DeblurGAN-v2 on MobileNetV2; see `paper_fpn`."""
    return paper_fpn(normalisation=normalisation, statistics=statistics, pretrained=pretrained)


def fpn_mobilenet_dsc(
    *, normalisation: str = "instance", statistics: str = "image", pretrained: bool = False
) -> FPNGenerator:
    """The paper's smallest network, of which no code exists: separable convolutions outside the last layer.

    The paper leaves open what stands between depthwise and pointwise convolution; here nothing does, and
    its figures for size and cost are met.
    """
    return paper_fpn(separable=True, normalisation=normalisation, statistics=statistics, pretrained=pretrained)


def fpn_inception(
    *, normalisation: str = "instance", statistics: str = "image", pretrained: bool = False
) -> FPNGenerator:
    """DeblurGAN-v2 on Inception-ResNet-v2; see `paper_fpn`."""
    return paper_fpn(
        backbone="inception", width=256, normalisation=normalisation, statistics=statistics, pretrained=pretrained
    )


def fpn_inception_simple(
    *, normalisation: str = "instance", statistics: str = "image", pretrained: bool = False
) -> FPNGenerator:
    """The same without convolutions in the top-down pathway."""
    return paper_fpn(
        backbone="inception",
        width=256,
        top_down=False,
        normalisation=normalisation,
        statistics=statistics,
        pretrained=pretrained,
    )


def fpn_dense(
    *, normalisation: str = "batch", statistics: str = "image", pretrained: bool = False
) -> FPNGenerator:
    """FPN on DenseNet-121; it gives the picture itself, not a change to the blurred one."""
    backbone = timm_backbone("dense", pretrained=pretrained)
    decoder = PaperDecoder(backbone.features, width=256, top_down=False, normalisation=normalisation)
    generator = FPNGenerator(backbone, decoder, replaced_by_tanh)
    set_statistics(generator, statistics)
    return generator


def unet_seresnext(*, pretrained: bool = False) -> FPNGenerator:
    """U-Net on SE-ResNeXt-50, always on the statistics of each picture; it gives the picture itself.

    The released code does not bound its output; here it is cut to [-1, 1].
    """
    return FPNGenerator(seresnext_encoder(pretrained=pretrained), UNetDecoder(), replaced)


def resnet(
    *, blocks: int = 9, dropout: float = 0.5, normalisation: str = "instance", statistics: str = "image"
) -> FPNGenerator:
    """DeblurGAN v1's generator (Kupyn et al., CVPR 2018), a pyramid of one level.

    Args:
        blocks: residual blocks.
        dropout: share of values dropped in each block in training.
        normalisation: "instance", "batch" or "none".
        statistics: "image" for those of each picture, "running" for those tracked in training.
    """
    encoder = ResNetEncoder(blocks=blocks, dropout=dropout, normalisation=normalisation)
    generator = FPNGenerator(encoder, ResNetDecoder(normalisation=normalisation), added_within_range)
    set_statistics(generator, statistics)
    return generator


GENERATORS: dict[str, Callable[..., FPNGenerator]] = {
    "fpn_plain": plain_fpn,
    "fpn": paper_fpn,
    "fpn_mobilenet": fpn_mobilenet,
    "fpn_mobilenet_dsc": fpn_mobilenet_dsc,
    "fpn_inception": fpn_inception,
    "fpn_inception_simple": fpn_inception_simple,
    "fpn_dense": fpn_dense,
    "unet_seresnext": unet_seresnext,
    "resnet": resnet,
}


def build(name: str, **options: Any) -> FPNGenerator:
    """Build a generator by name.

    Args:
        name: a key of `GENERATORS`.
        options: keyword arguments of that entry; a misspelt one raises TypeError.

    Raises:
        KeyError: no generator has that name.
    """
    if name not in GENERATORS:
        raise KeyError(f"no generator is called {name!r}; known: {', '.join(sorted(GENERATORS))}")
    generator = GENERATORS[name](**options)
    generator.architecture = name
    # Weights that were fetched once are stored with the network; building it again must fetch nothing.
    generator.options = {key: value for key, value in options.items() if key != "pretrained"}
    return generator
