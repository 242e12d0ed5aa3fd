"""Small clips with everything that must survive, made as tests need them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True)
class Recipe:
    """What a clip holds; `steps` are the frames' durations in turn, in frames of 1/30 s."""

    name: str
    frames: int = 24
    size: tuple[int, int] = (64, 96)
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = (("crf", "8"),)
    steps: tuple[int, ...] = (1,)
    rotation: int = 0
    time_base: Fraction = Fraction(1, 15360)
    # Matrix, range, primaries and transfer by the codes of ISO/IEC 23091-2.
    colours: tuple[int, int, int, int] = (1, 1, 1, 1)
    sound: str = "aac"
    subtitles: str = "mov_text"
    chapters: bool = True
    attachment: bool = False


def make(folder: Path, recipe: Recipe) -> Path:
    """Write a clip by its recipe."""
    import av

    path = folder / recipe.name
    with av.open(path, "w") as container:
        container.metadata["title"] = "A walk"
        film = container.add_stream(recipe.codec, rate=30, options=dict(recipe.options))
        film.height, film.width = recipe.size
        film.pix_fmt = recipe.pixel_format
        film.codec_context.time_base = film.time_base = recipe.time_base
        context = film.codec_context
        context.colorspace, context.color_range, context.color_primaries, context.color_trc = recipe.colours
        if recipe.rotation:
            film.set_display_rotation(recipe.rotation)
        sound = container.add_stream(recipe.sound, rate=48000) if recipe.sound else None
        if sound:
            sound.layout = "mono"
            sound.metadata["language"] = "deu"
        words = container.add_mux_stream(recipe.subtitles) if recipe.subtitles else None
        if words:
            words.metadata["language"] = "eng"
            words.time_base = MILLISECOND
        if recipe.attachment:
            container.add_attachment("font.ttf", "font/ttf", b"letters" * 50)
        if recipe.chapters:
            container.set_chapters([_chapter(1, 0, 300, "Start"), _chapter(2, 300, 700, "End")])
        end = 0
        for number in range(recipe.frames):
            frame = _frame(recipe, number)
            frame.pts = end
            end += round(Fraction(recipe.steps[number % len(recipe.steps)], 30) / recipe.time_base)
            container.mux(film.encode(frame))
        container.mux(film.encode())
        for number in range(3 if words else 0):
            container.mux(_line(words, number, in_mp4=recipe.subtitles == "mov_text"))
        if sound:
            _hum(container, sound, end * recipe.time_base)
    return path


def planes(frame: Any) -> list[np.ndarray]:
    """The samples of a frame as they are stored, one array per plane."""
    kind = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
    return [
        np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width].astype(int)
        for plane in frame.planes
    ]


def _frame(recipe: Recipe, number: int) -> Any:
    import av

    height, width = recipe.size
    rows, columns = np.mgrid[0:height, 0:width]
    waves = np.stack(
        [
            np.sin((columns + 2 * number) / 9),
            np.sin((rows + columns / 2) / 11),
            np.cos((rows - number) / 13),
        ],
        axis=2,
    )
    kind = np.uint16 if "10" in recipe.pixel_format else np.uint8
    top = np.iinfo(kind).max
    rgb = (top * (0.5 + 0.25 * waves)).astype(kind)
    matrix, values, primaries, transfer = recipe.colours
    frame = av.VideoFrame.from_ndarray(rgb, "rgb48le" if kind is np.uint16 else "rgb24").reformat(
        format=recipe.pixel_format, dst_colorspace=matrix, dst_color_range=values
    )
    frame.colorspace, frame.color_range = matrix, values
    frame.color_primaries, frame.color_trc = primaries, transfer
    frame.time_base = recipe.time_base
    return frame


def _chapter(number: int, start: int, end: int, title: str) -> dict[str, Any]:
    return {"id": number, "start": start, "end": end, "time_base": MILLISECOND, "metadata": {"title": title}}


def _line(words: Any, number: int, *, in_mp4: bool) -> Any:
    import av

    text = f"line {number}".encode()
    packet = av.Packet(len(text).to_bytes(2) + text if in_mp4 else text)
    packet.pts = packet.dts = 200 * number
    packet.duration, packet.time_base, packet.stream = 150, MILLISECOND, words
    return packet


def _hum(container: Any, sound: Any, seconds: Fraction) -> None:
    import av

    for start in range(0, int(seconds * 48000) - 960, 960):
        tone = np.sin(np.arange(start, start + 960) / 20).astype(np.float32)[None] / 8
        frame = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(sound.encode(frame))
    container.mux(sound.encode())
