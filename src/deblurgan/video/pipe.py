"""Raw frames from one stream of bytes to another, as FFmpeg's `-f rawvideo` writes and reads them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO

from deblurgan.errors import UnreadableVideo
from deblurgan.extras import require
from deblurgan.lookahead import ahead
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.video import colour
from deblurgan.video.restoration import (
    FrameOptions,
    Picture,
    Tally,
    keeps_ycbcr,
    restored_frames,
    steadied_frames,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

NAME = "Standard input"
"""What messages call the source."""


def restore_pipe(
    source: BinaryIO,
    target: BinaryIO,
    size: tuple[int, int],
    pixel_format: str,
    restorer: Restorer,
    options: RestoreOptions,
    *,
    only_blurred: bool = False,
    steady: bool = False,
) -> Tally:
    """Restore raw frames until the source ends; each result is written as soon as it is there.

    Args:
        source: frames one after another, without padding.
        target: gets results in the same format.
        size: (height, width) of a frame.
        pixel_format: FFmpeg's name, such as rgb24, rgb48le or yuv420p10le.
        restorer: of the frames.
        options: as for photos; the guard judges as in videos.
        only_blurred: frames that are sharp already go through as they are.
        steady: restored frames are merged with their neighbours, and come two frames later.

    Raises:
        UnreadableVideo: the pixel format is not known or has transparency, or the source ends within a frame.
        MissingExtra: PyAV is not installed.
    """
    require("video", "Reading raw frames")
    import av

    try:
        av.VideoFormat(pixel_format)
    except ValueError as error:
        raise UnreadableVideo(f"No pixel format is called {pixel_format!r}; see ffmpeg -pix_fmts.") from error
    height, width = size
    facts = {"video_size": f"{width}x{height}", "pixel_format": pixel_format}
    tally = Tally()
    wanted = FrameOptions(options, only_blurred)
    decoder = colour.Decoder(keeps_ycbcr=keeps_ycbcr(pixel_format, size, restorer, wanted, steady=steady))
    encoder, packer = colour.Encoder(), _Packer(pixel_format)
    try:
        with (
            av.open(source, "r", format="rawvideo", options=facts) as incoming,
            closing(ahead(restored_frames(_decoded(incoming, decoder), restorer, wanted))) as made,
        ):
            watched = tally.watched(made, Tally(), restorer.manifest.name, NAME)
            with closing(steadied_frames(watched) if steady else watched) as finished:
                for restored in finished:
                    frame = restored.frame
                    if restored.picture is not None:
                        frame = encoder(restored.picture, frame, pixel_format)
                    target.write(packer(frame))
                    target.flush()
    except av.error.FFmpegError as error:
        raise UnreadableVideo(
            f"{NAME} ends within a frame or does not hold {width}x{height} frames in {pixel_format} "
            f"({error.strerror}); check --size and --pixel-format."
        ) from error
    return tally


def _decoded(incoming: InputContainer, decoder: colour.Decoder) -> Generator[tuple[VideoFrame, Picture]]:
    for frame in incoming.decode(video=0):
        colour.refuse_colours(frame, NAME)
        yield frame, decoder(frame)


class _Packer:
    """Lays frames out as bytes without padding."""

    def __init__(self, pixel_format: str) -> None:
        self._pixel_format = pixel_format
        self._context: VideoCodecContext | None = None

    def __call__(self, frame: VideoFrame) -> bytes:
        from av import CodecContext

        if self._context is None:
            self._context = CodecContext.create("rawvideo", "w")
            self._context.width, self._context.height = frame.width, frame.height
            self._context.pix_fmt = self._pixel_format
            # Raw bytes have no times, but no encoder opens without.
            self._context.time_base = Fraction(1)
        return b"".join(bytes(packet) for packet in self._context.encode(frame))
