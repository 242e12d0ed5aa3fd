"""Which encoder stands for which codec, what it can hold, and how it is set up to lose almost nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from deblurgan.errors import UnwritableTarget
from deblurgan.formats import CONTAINERS
from deblurgan.video.footage import Footage

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg and its settings.

    Attributes:
        name: FFmpeg's.
        crf: quality where nobody asks for one: hardly to be told from the source; None if it has no such scale.
        worst: largest crf.
        options: others.
        containers: FFmpeg's names of those that hold what it makes.
        odd: it takes frames of odd width or height whose chroma has half of it.
    """

    name: str
    crf: int | None
    worst: int = 0
    options: dict[str, str] = field(default_factory=dict)
    containers: tuple[str, ...] = ("mp4", "mov", "matroska")
    odd: bool = True


ENCODERS: dict[str, Encoder] = {
    # x264's "veryfast" at 15 gives a file a sixth smaller of the same quality, for nearly twice the work, which a
    # fast network would feel.
    "h264": Encoder(
        "libx264", 14, 51, {"preset": "superfast", "x264-params": "mbtree=1:rc-lookahead=5"}, odd=False
    ),
    "hevc": Encoder("libx265", 16, 51, {"preset": "veryfast", "x265-params": "log-level=error"}, odd=False),
    "vp9": Encoder(
        "libvpx-vp9",
        18,
        63,
        {"b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
        ("mp4", "matroska", "webm"),
    ),
    "av1": Encoder("libsvtav1", 18, 63, {"preset": "9"}, ("mp4", "mov", "matroska", "webm")),
    "prores": Encoder("prores_ks", None, containers=("mov", "matroska")),
    "ffv1": Encoder("ffv1", None, options={"level": "3", "g": "1"}, containers=("matroska",)),
}
"""The encoders by the name of their codec."""

# The codec that a source's has for a neighbour where its own has no encoder for the pixel format, size or
# container.
_NEXT = {"h264": "hevc", "vp8": "vp9", "vp9": "av1"}
_USUAL = ("h264", "hevc", "vp9", "av1", "ffv1")


def container_of(target: Path) -> str:
    """Return FFmpeg's name of the container that a result's suffix stands for.

    Raises:
        UnwritableTarget: the suffix stands for none.
    """
    if target.suffix.lower() not in CONTAINERS:
        raise UnwritableTarget(f"{target} is no video that can be written; use one of {' '.join(CONTAINERS)}.")
    return CONTAINERS[target.suffix.lower()]


@dataclass(frozen=True)
class Coding:
    """How the film is to be encoded.

    Attributes:
        codec: key of `ENCODERS`.
        pixel_format: FFmpeg's name.
        crf: quality, None for codecs without such a scale.
    """

    codec: str
    pixel_format: str
    crf: int | None

    @property
    def encoder(self) -> Encoder:
        """The encoder for the codec."""
        return ENCODERS[self.codec]


def choose_coding(
    footage: Footage, container: str, *, codec: str | None = None, crf: int | None = None, scale: int = 1
) -> Coding:
    """Choose an encoder that keeps the pixel format: of the source's codec if there is one.

    Args:
        footage: what is to be encoded.
        container: FFmpeg's name of the result's.
        codec: key of `ENCODERS` to use; None to choose.
        crf: quality; None for the encoder's default.
        scale: by which frames are enlarged.

    Raises:
        UnwritableTarget: the codec is not known or not built in, or does not hold the pixel format, the size or
            the quality, or the container does not hold the codec.
    """
    if codec is not None and codec not in ENCODERS:
        raise UnwritableTarget(f"No codec is called {codec!r}; known: {', '.join(ENCODERS)}.")
    width, height = footage.width * scale, footage.height * scale
    wanted = (codec,) if codec else _candidates(footage.codec)
    for candidate in wanted:
        encoder = ENCODERS[candidate]
        kept = _kept_format(encoder.name, footage.pixel_format)
        if kept and container in encoder.containers and (encoder.odd or _is_even(width, height, kept)):
            return Coding(candidate, kept, _checked(crf, candidate))
    raise UnwritableTarget(
        f"{footage.path} holds {footage.codec} in the pixel format {footage.pixel_format}, which "
        f"{' or '.join(wanted)} in {container} cannot keep at {width}x{height}; choose another --codec or "
        "container, such as ffv1 in .mkv."
    )


def add_film(
    container: OutputContainer, coding: Coding, footage: Footage, first: VideoFrame, threads: int
) -> VideoStream:
    """Add the stream that the film is encoded to.

    Args:
        container: to add it to.
        coding: as chosen.
        footage: the source.
        first: frame to encode: has the size and the colours.
        threads: of the processor.
    """
    # SVT-AV1 writes its settings to standard error unless told to keep to errors.
    os.environ.setdefault("SVT_LOG", "1")
    options = dict(coding.encoder.options)
    if coding.crf is not None:
        options["crf"] = str(coding.crf)
    # Frames may come at any time; the rate only tells the encoder what is usual.
    rate = (footage.rate or Fraction(25)).limit_denominator(1001)
    film = cast("VideoStream", container.add_stream(coding.encoder.name, rate=rate, options=options))
    context = film.codec_context
    context.width, context.height = first.width, first.height
    context.pix_fmt = coding.pixel_format
    context.time_base = footage.time_base
    context.thread_count = threads
    context.color_range, context.colorspace = first.color_range, first.colorspace
    context.color_primaries, context.color_trc = first.color_primaries, first.color_trc
    return film


def _candidates(codec: str) -> tuple[str, ...]:
    own = (codec,) if codec in ENCODERS else ()
    near = (_NEXT[codec],) if codec in _NEXT else ()
    return tuple(dict.fromkeys((*own, *near, *_USUAL)))


def _kept_format(encoder: str, pixel_format: str) -> str | None:
    """The encoder's pixel format that holds all of the given one, or None."""
    import av
    from av.codec import find_best_pix_fmt_of_list

    try:
        formats = av.Codec(encoder, "w").video_formats or []
    except av.codec.codec.UnknownCodecError:
        return None
    names = [known.name for known in formats]
    # Old names of a full range, for the same samples: the stream says the range, too.
    for same in (pixel_format, pixel_format.replace("yuvj", "yuv")):
        if same in names:
            return same
    best, loss = find_best_pix_fmt_of_list(names, pixel_format)
    return best.name if best is not None and not loss else None


def _is_even(width: int, height: int, pixel_format: str) -> bool:
    """Whether each sample of chroma stands for as many pixels as any other."""
    import av

    chroma = av.VideoFormat(pixel_format)
    across, down = 4 // chroma.chroma_width(4), 4 // chroma.chroma_height(4)
    return width % across == 0 and height % down == 0


def _checked(crf: int | None, codec: str) -> int | None:
    encoder = ENCODERS[codec]
    if crf is None:
        return encoder.crf
    if encoder.crf is None:
        raise UnwritableTarget(f"The codec {codec} has no --crf; leave it out.")
    if not 0 <= crf <= encoder.worst:
        raise UnwritableTarget(f"--crf is {crf}; for {codec} it goes from 0 to {encoder.worst}.")
    return crf
