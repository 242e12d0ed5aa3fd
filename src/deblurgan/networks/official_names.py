"""How the official DeblurGAN-v2 code names the layers of its generators."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Trunk:
    """The names of a backbone.

    Attributes:
        timm_name: of the same network in timm.
        without: start of the names that timm has and the official network has not; never empty.
        official: from timm's name of a tensor to the official one.
        aliases: (alias, layer) for each layer that is stored a second time, in order.
    """

    timm_name: str
    without: str
    official: Callable[[str], str]
    aliases: tuple[tuple[str, str], ...]


_MOBILENET_ENDS = {
    "conv_stem": "features.0.0",
    "bn1": "features.0.1",
    "conv_head": "features.18.0",
    "bn2": "features.18.1",
}
_MOBILENET_STAGES = (1, 2, 3, 4, 3, 3, 1)
# The first stage does not widen its input, so it has a convolution less.
_MOBILENET_FIRST = {"conv_dw": 0, "bn1": 1, "conv_pw": 3, "bn2": 4}
_MOBILENET_LATER = {"conv_pw": 0, "bn1": 1, "conv_dw": 3, "bn2": 4, "conv_pwl": 6, "bn3": 7}
_MOBILENET_ENCODERS = ((0, 2), (2, 4), (4, 7), (7, 11), (11, 16))
_BLOCK = re.compile(r"blocks\.(\d+)\.(\d+)\.(\w+)\.(\w+)")


def _mobilenet(name: str) -> str:
    if found := _BLOCK.fullmatch(name):
        stage, block = int(found[1]), int(found[2])
        before = (0, *accumulate(_MOBILENET_STAGES))[stage]
        layer = (_MOBILENET_LATER if stage else _MOBILENET_FIRST)[found[3]]
        return f"fpn.features.{1 + before + block}.conv.{layer}.{found[4]}"
    layer_name, tensor = name.rsplit(".", 1)
    return f"fpn.{_MOBILENET_ENDS[layer_name]}.{tensor}"


def _inception(name: str) -> str:
    return "fpn.inception." + re.sub(r"^classif\.", "last_linear.", name)


TRUNKS: dict[str, Trunk] = {
    "mobilenetv2_100": Trunk(
        "mobilenetv2_100",
        without="classifier.",
        official=_mobilenet,
        aliases=tuple(
            (f"fpn.enc{encoder}.{index - first}", f"fpn.features.{index}")
            for encoder, (first, end) in enumerate(_MOBILENET_ENCODERS)
            for index in range(first, end)
        ),
    ),
    "inception_resnet_v2": Trunk(
        "inception_resnet_v2",
        without="global_pool.",
        official=_inception,
        aliases=tuple(
            (f"fpn.{alias}", f"fpn.inception.{layer}")
            for alias, layer in (
                ("enc0", "conv2d_1a"),
                ("enc1.0", "conv2d_2a"),
                ("enc1.1", "conv2d_2b"),
                ("enc2.0", "conv2d_3b"),
                ("enc2.1", "conv2d_4a"),
                ("enc3.0", "mixed_5b"),
                ("enc3.1", "repeat"),
                ("enc3.2", "mixed_6a"),
                ("enc4.0", "repeat_1"),
                ("enc4.1", "mixed_7a"),
            )
        ),
    ),
}

DECODER: tuple[tuple[str, str], ...] = (
    *((f"fpn.td{step + 1}.{layer}", f"decoder.top_down.{step}.{layer}") for step in range(3) for layer in (0, 1)),
    *((f"fpn.lateral{level}", f"decoder.laterals.{level}") for level in (4, 3, 2, 1, 0)),
    *(
        (f"head{head + 1}.block{block}", f"decoder.heads.{head}.{2 * block}")
        for head in range(4)
        for block in (0, 1)
    ),
    *((f"{layer}.{index}", f"decoder.{layer}.{index}") for layer in ("smooth", "smooth2") for index in (0, 1)),
    ("final", "decoder.final"),
)
"""(official layer, ours) in the order of the official state dict."""
