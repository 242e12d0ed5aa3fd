"""The frames of a clip, one after another: from numbered pictures or from a video file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from deblurgan.coded import Samples
from deblurgan.errors import PairError, UnreadableVideo
from deblurgan.extras import require
from deblurgan.image import pictures_in, read, to_integer

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".3gp")
"""The suffixes that count as video, in lower case."""


def is_video(path: Path | str) -> bool:
    """Say whether a path's suffix is that of a video."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def frames_of(source: Path) -> Iterator[Samples]:
    """Frames of a video, or of a folder of numbered pictures, in their order; only one is held.

    Yields:
        uint8 or uint16 [H, W, 3], upright, all of one size.

    Raises:
        PairError: pictures are not numbered evenly, or frames differ in size.
        UnreadableImage: a picture is damaged.
        UnreadableVideo: the file is damaged or holds no video.
        MissingExtra: a video is given and PyAV is not installed.
    """
    size: tuple[int, ...] | None = None
    for name, frame in _numbered(source) if source.is_dir() else _decoded(source):
        size = size or frame.shape
        if frame.shape != size:
            raise PairError(
                f"{name} is {frame.shape[1]}x{frame.shape[0]}, the frames before it {size[1]}x{size[0]}; "
                "give frames of one size."
            )
        yield frame


def _numbered(folder: Path) -> Iterator[tuple[str, Samples]]:
    for path in _in_order(folder):
        picture = read(path)
        yield str(path), to_integer(picture.pixels, picture.bit_depth)


def _in_order(folder: Path) -> list[Path]:
    """Pictures by the last number in their names: frame 9 comes before frame 10 however they are written."""
    numbers = {path: re.findall(r"\d+", path.stem) for path in pictures_in(folder)}
    if unnumbered := [path for path, found in numbers.items() if not found]:
        raise PairError(f"{unnumbered[0]} has no number in its name; frames need one to tell their order.")
    ordered = sorted(numbers, key=lambda path: int(numbers[path][-1]))
    steps = np.diff([int(numbers[path][-1]) for path in ordered])
    if len(uneven := np.flatnonzero(steps != max(1, min(steps, default=1)))):
        before, after = ordered[uneven[0]], ordered[uneven[0] + 1]
        raise PairError(
            f"{folder}: {before.name} is followed by {after.name}; give the consecutive frames of one clip."
        )
    return ordered


def _decoded(path: Path) -> Iterator[tuple[str, Samples]]:
    require("video", "Reading video")
    import av

    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise UnreadableVideo(f"{path} holds no video; give a clip or a folder of numbered pictures.")
            stream = container.streams.video[0]
            # Threads that decode ahead lose the error of a damaged frame.
            stream.thread_type = "SLICE"
            for number, frame in enumerate(container.decode(stream)):
                if frame.is_corrupt:
                    raise UnreadableVideo(f"{path} is damaged at frame {number}; get a fresh copy.")
                is_deep = max(component.bits for component in frame.format.components) > 8
                pixels = frame.to_ndarray(format="rgb48le" if is_deep else "rgb24")
                upright = np.rot90(pixels, round(frame.rotation / 90))
                yield f"{path}, frame {number},", np.ascontiguousarray(upright)
    except (av.error.FFmpegError, OSError) as error:
        why = error.strerror or str(error)
        raise UnreadableVideo(f"{path} cannot be read ({why}); get a fresh copy or another clip.") from error
