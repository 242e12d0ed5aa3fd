"""Presets: how a picture is fitted to a network's size rule and turned back into whole numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """How a picture is fitted to the network's size rule and turned back into whole numbers.

    Attributes:
        spare: a picture that fits already still gains one block of padding.
        fill: value of the padding, in [0, 1]; None to mirror the picture.
        truncate: cut fractions off instead of rounding.
        guard: the guard may act.
    """

    spare: bool
    fill: float | None
    truncate: bool
    guard: bool = True


PRESETS: dict[str, Preset] = {
    "default": Preset(spare=False, fill=None, truncate=False),
    # What the official DeblurGAN-v2 does, so that its pictures can be had again; it darkens by half a level,
    # and grey padding shifts the statistics of the whole picture.
    "official": Preset(spare=True, fill=0.5, truncate=True, guard=False),
}
