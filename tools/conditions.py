"""What models gain on pictures blurred by hand shake: by day, by night, with noise, out of a phone, with print.

Usage: python tools/conditions.py PAIRS [--model NAME_OR_PATH ...] [--only CONDITION ...] [--font FILE]
       [--precision NAME] [--multi-scale] [--no-guard] [--save FOLDER]

The sharp pictures of the pairs are blurred anew, each condition with the same motions for every model. Prints the
PSNR of the blurred pictures and the mean gain of each model over it, dB, with the least of any picture; "lamps"
counts the pixels of the nights alone that are near a lamp or its trail, all pictures together, "letters" those
that are near print.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deblurgan import RestoreOptions, Restorer, find_pairs, load, read
from deblurgan.blur import BlurSettings, Exposure, draw_exposure, expose
from deblurgan.blur.lettering import lettered
from deblurgan.image import Image, write

DAY = BlurSettings(
    longest=32,
    shortest=6,
    still=0,
    straightness=8,
    rotation=6,
    zoom=4,
    highlights=0,
    noisy=0,
    compressed=0,
)
CONDITIONS = {
    "day": DAY,
    "night": replace(DAY, night=1),
    "noise": replace(DAY, noisy=1, read_noise=0.03),
    "phone": replace(DAY, noisy=1, read_noise=0.03, processed=1, compressed=1),
    "print": replace(DAY, longest=16, lettered=1),
}
# What is put into their pictures, and measured by itself.
PUT_IN = {"night": "lamps", "print": "letters"}
# A pixel is of a lamp or its trail from this value on, and so many pixels around it are near.
BRIGHT, NEAR = 0.9, 4


@dataclass(frozen=True)
class Errors:
    """Mean squared errors of the blurred picture, then of each model's: whole, and summed near what was put in."""

    whole: NDArray[np.float64]
    near: NDArray[np.float64]


def near_lamps(*pictures: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which pixels lie near one that is bright in any of the pictures, [H, W]."""
    return around(np.max([picture.max(axis=2) for picture in pictures], axis=0) > BRIGHT)


def near_letters(picture: NDArray[np.float32], exposure: Exposure) -> NDArray[np.bool_]:
    """Which pixels of the exposed picture lie near the print that was put into it, [H, W]."""
    inside = slice(exposure.margin, -exposure.margin)
    return around((lettered(picture, exposure.lettering) != picture).any(axis=2)[inside, inside])


def around(some: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pixels are no farther than `NEAR` from some."""
    return cv2.dilate(some.astype(np.uint8), np.ones((2 * NEAR + 1, 2 * NEAR + 1), np.uint8)) > 0


def measured(
    picture: NDArray[np.float32],
    seed: int,
    settings: BlurSettings,
    restorers: list[Restorer],
    options: RestoreOptions,
    font: str | None,
    save: Path | None,
) -> Errors:
    """Blur a picture and let each model restore it."""
    exposure = draw_exposure(np.random.default_rng((2, seed)), settings, picture.shape[:2])
    exposure = replace(exposure, lettering=tuple(replace(line, font=font) for line in exposure.lettering))
    blurred, sharp = expose(picture, exposure)
    sides = [blurred, *(restorer(blurred, options).pixels for restorer in restorers)]
    squares = [((side - sharp) ** 2).mean(axis=2, dtype=np.float64) for side in sides]
    near = near_letters(picture, exposure) if exposure.lettering else near_lamps(blurred, sharp)
    if save:
        write(Image(pixels=np.concatenate([*sides, sharp], axis=1)), save, overwrite=True)
    return Errors(np.array([each.mean() for each in squares]), np.array([each[near].sum() for each in squares]))


def decibels(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """PSNR of mean squared errors in [0, 1]."""
    return -10 * np.log10(errors)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--model", nargs="+", default=["default"])
    parser.add_argument("--only", nargs="+", choices=CONDITIONS, default=list(CONDITIONS))
    parser.add_argument("--font", help="of the print; the one that comes with Pillow if not given")
    parser.add_argument("--save", type=Path, help="folder for blurred, restored and sharp side by side")
    parser.add_argument("--precision", default="auto", help="auto, f32, bf16 or int8")
    parser.add_argument("--multi-scale", action="store_true", help="average over several sizes")
    parser.add_argument("--no-guard", action="store_true", help="measure the networks alone")
    arguments = parser.parse_args()
    options = RestoreOptions(multi_scale=arguments.multi_scale, guard=not arguments.no_guard)
    restorers = [load(model, precision=arguments.precision) for model in arguments.model]
    pairs = find_pairs(arguments.pairs)
    print("condition", "blurred", *arguments.model, sep="\t")
    for name in arguments.only:
        settings = CONDITIONS[name]
        found = [
            measured(
                read(pair.sharp).pixels,
                index,
                settings,
                restorers,
                options,
                arguments.font,
                arguments.save and arguments.save / f"{name}_{pair.name}.png",
            )
            for index, pair in enumerate(pairs)
        ]
        quality = np.array([decibels(errors.whole) for errors in found])
        gains = quality[:, 1:] - quality[:, :1]
        shown = (f"{mean:+.2f} ({least:+.2f})" for mean, least in zip(gains.mean(0), gains.min(0), strict=True))
        print(name, f"{quality[:, 0].mean():.2f}", *shown, sep="\t", flush=True)
        if name in PUT_IN:
            near = decibels(np.sum([errors.near for errors in found], axis=0))
            print(PUT_IN[name], "", *(f"{gain:+.2f}" for gain in near[1:] - near[0]), sep="\t", flush=True)
