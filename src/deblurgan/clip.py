"""The frames of a clip, one after another: from numbered pictures or from a video file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deblurgan.coded import Samples
from deblurgan.errors import PairError, UnreadableVideo
from deblurgan.extras import require
from deblurgan.image import pictures_in, read, to_integer

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


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


@contextmanager
def opened(path: Path | str) -> Iterator[InputContainer]:
    """Open a video with PyAV; whatever goes wrong while reading it inside the block is said in one sentence.

    Raises:
        UnreadableVideo: the file is missing, damaged or no video.
        MissingExtra: PyAV is not installed.
    """
    require("video", "Reading video")
    import av

    try:
        # Metadata in another encoding than UTF-8 must not cost the video; from 19 on, PyAV sees to that itself.
        sees_to_it = int(av.__version__.partition(".")[0]) >= 19
        with av.open(path) if sees_to_it else av.open(path, metadata_errors="replace") as container:
            yield container
    except av.error.EOFError as error:
        raise UnreadableVideo(f"{path} holds no frames; get a fresh copy.") from error
    except (av.error.FFmpegError, OSError) as error:
        why = error.strerror or str(error)
        raise UnreadableVideo(f"{path} cannot be read ({why}); get a fresh copy or another clip.") from error


def main_video(container: InputContainer, path: Path | str) -> VideoStream:
    """Return the stream that holds the film: the first video that is no cover picture.

    Raises:
        UnreadableVideo: there is none, or its codec is not known.
    """
    from av.stream import Disposition

    films = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not films:
        raise UnreadableVideo(f"{path} holds no video; give a clip or a folder of numbered pictures.")
    if films[0].codec_context is None:
        raise UnreadableVideo(f"{path} holds video of a codec that is not known here; convert it first.")
    # Threads that decode ahead lose the error of a damaged frame.
    films[0].thread_type = "SLICE"
    return films[0]


def _numbered(folder: Path) -> Iterator[tuple[str, Samples]]:
    for path in numbered_pictures(folder):
        picture = read(path)
        yield str(path), to_integer(picture.pixels, picture.bit_depth)


def numbered_pictures(folder: Path) -> list[Path]:
    """List a folder's pictures by the last number in their names: 9 comes before 10 however they are written.

    Raises:
        PairError: one has no number, or the numbers have gaps.
    """
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
    with opened(path) as container:
        for number, frame in enumerate(container.decode(main_video(container, path))):
            if frame.is_corrupt:
                raise UnreadableVideo(f"{path} is damaged at frame {number}; get a fresh copy.")
            is_deep = max(component.bits for component in frame.format.components) > 8
            pixels = frame.to_ndarray(format="rgb48le" if is_deep else "rgb24")
            upright = np.rot90(pixels, round(frame.rotation / 90))
            yield f"{path}, frame {number},", np.ascontiguousarray(upright)
