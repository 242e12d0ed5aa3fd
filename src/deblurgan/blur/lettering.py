"""Lettering: lines of print put into a picture, as on signs and pages, which photographs seldom show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

# As frequent as a reader meets them, more or less; of other letters the font that comes with Pillow has no shapes.
_LETTERS = "eeeeeeeeetttttttaaaaaaooooooiiiiinnnnnsssshhhhrrrrddllccuummwwffggyyppbbvvkkjxqz"
_SIGNS = ".,:;!?-/()&%+$#@"
# Heights of letters in pixels, on signs and on pages.
_SIGN_HEIGHTS, _PAGE_HEIGHTS = (9.0, 60.0), (8.0, 26.0)
_LEAST_CONTRAST = 0.25


@dataclass(frozen=True)
class Line:
    """One line of print.

    Attributes:
        text: what it says.
        height: of the letters, pixels: the size that their font is asked for.
        centre: (row, column) in pixels.
        angle: that it rises by, radians.
        slant: of its letters: shift to the right per height.
        stretch: of its letters, width over what is usual.
        weight: what is added to its strokes on each side, in heights.
        ink: colour of the letters, [0, 1].
        plate: colour of what it is printed on, [0, 1]; None for the picture itself.
        font: path of the letters' font; None for the one that comes with Pillow.
    """

    text: str
    height: float
    centre: tuple[float, float]
    angle: float
    slant: float
    stretch: float
    weight: float
    ink: tuple[float, float, float]
    plate: tuple[float, float, float] | None
    font: str | None = None


def draw_lettering(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Line, ...]:
    """Draw lines of print for a picture of `size` (height, width): a page full of one print, or signs of many."""
    if rng.uniform() < 0.5:
        return _draw_page(rng, size)
    count = 1 + int(rng.integers(0, 4) * max(1.0, size[0] * size[1] / 100_000))
    lines = (_draw_line(rng, _between(rng, *_SIGN_HEIGHTS), size) for _ in range(count))
    return tuple(lines)


def lettered(picture: NDArray[np.float32], lines: tuple[Line, ...]) -> NDArray[np.float32]:
    """The picture with lines of print in it.

    Args:
        picture: float32 [H, W, 3] in [0, 1].
        lines: later ones lie above earlier ones.
    """
    printed = picture.copy()
    for line in lines:
        _put(printed, line)
    return printed


def _draw_page(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Line, ...]:
    model = _draw_line(rng, _between(rng, *_PAGE_HEIGHTS), size)
    spacing = model.height * rng.uniform(1.0, 1.8)
    down = np.array([np.cos(model.angle), np.sin(model.angle)])
    half = int(max(size) * rng.uniform(0.2, 0.7) / spacing)
    words = max(2, int(max(size) / model.height / 3))
    lines = []
    for number in range(-half, half + 1):
        row, column = model.centre + number * spacing * down
        text = " ".join(_draw_word(rng) for _ in range(words))
        lines.append(replace(model, text=text, centre=(float(row), float(column))))
    if model.plate is None:
        return tuple(lines)
    # One sheet of paper: no line covers what the one above it says.
    paper = (replace(line, ink=model.plate) for line in lines)
    return *paper, *(replace(line, plate=None) for line in lines)


def _draw_line(rng: np.random.Generator, height: float, size: tuple[int, int]) -> Line:
    dark, bright = np.sort(rng.uniform(0, 1 - _LEAST_CONTRAST, size=2)) + np.array([0, _LEAST_CONTRAST])
    inks = (dark, bright) if rng.uniform() < 0.6 else (bright, dark)
    ink, plate = (np.clip(value + rng.normal(0, 0.1, size=3), 0, 1) for value in inks)
    centre = rng.uniform(0, 1, size=2) * size
    return Line(
        text=" ".join(_draw_word(rng) for _ in range(int(rng.integers(1, 5)))),
        height=height,
        centre=(float(centre[0]), float(centre[1])),
        angle=float(rng.normal(0, 0.15)),
        slant=float(max(0.0, rng.uniform(-0.4, 0.35))),
        stretch=float(1.5 ** rng.uniform(-1, 1)),
        weight=float(max(0.0, rng.uniform(-0.04, 0.06))),
        ink=_colour(ink),
        plate=_colour(plate) if rng.uniform() < 0.7 else None,
    )


def _draw_word(rng: np.random.Generator) -> str:
    count = int(rng.integers(1, 10))
    if rng.uniform() < 0.2:
        return "".join(map(str, rng.integers(0, 10, size=min(count, 5)))) + str(rng.choice(list(_SIGNS)))
    word = "".join(rng.choice(list(_LETTERS), size=count))
    return (word, word.capitalize(), word.upper())[int(rng.integers(0, 3))]


def _colour(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = map(float, values)
    return red, green, blue


def _between(rng: np.random.Generator, least: float, most: float) -> float:
    return least * (most / least) ** float(rng.uniform())


def _put(picture: NDArray[np.float32], line: Line) -> None:
    """Print a line into the picture, in place."""
    letters, plate = _cut(line)
    # Where the line's own coordinates, from its centre, lie in the picture.
    cosine, sine = np.cos(line.angle), np.sin(line.angle)
    reach = np.hypot(letters.shape[1] * line.stretch, letters.shape[0]) / 2 + line.height
    rows, columns = (
        slice(max(0, int(place - reach)), max(0, min(side, int(place + reach) + 2)))
        for place, side in zip(line.centre, picture.shape[:2], strict=True)
    )
    part = picture[rows, columns]
    if not part.size:
        return
    down = np.arange(rows.start, rows.stop)[:, None] - line.centre[0]
    right = np.arange(columns.start, columns.stop) - line.centre[1]
    along, deep = cosine * right - sine * down, sine * right + cosine * down
    place = deep + letters.shape[0] / 2, (along + line.slant * deep) / line.stretch + letters.shape[1] / 2
    for cover, colour in ((plate, line.plate), (letters, line.ink)):
        if colour is not None:
            covered = _sampled(cover, *place)[:, :, None]
            part += covered * (np.asarray(colour, np.float32) - part)


def _cut(line: Line) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much of each pixel the line's letters cover, and their plate; upright, [h, w] both."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(line.font, line.height) if line.font else ImageFont.load_default(line.height)
    stroke = round(line.weight * line.height)
    left, top, right, bottom = map(int, font.getbbox(line.text, stroke_width=stroke))
    edge = int(line.height / 3) + 2
    drawn = Image.new("L", (right - left + 2 * edge, bottom - top + 2 * edge))
    ImageDraw.Draw(drawn).text((edge - left, edge - top), line.text, 255, font, stroke_width=stroke)
    letters = np.asarray(drawn, np.float32) / np.float32(255)
    plate = np.zeros_like(letters)
    plate[2:-2, 2:-2] = 1
    return letters, plate


def _sampled(
    values: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Bilinear values at places, zero outside."""
    import cv2

    across, down = columns.astype(np.float32), rows.astype(np.float32)
    return cv2.remap(values, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
