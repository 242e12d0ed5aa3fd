"""Raw frames from one stream of bytes to another, as FFmpeg's `-f rawvideo` writes and reads them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO

from numpy.typing import NDArray

from deblurgan.errors import UnreadableVideo
from deblurgan.extras import require
from deblurgan.lookahead import ahead
from deblurgan.restore import RestoreOptions, Restorer
from deblurgan.video import colour
from deblurgan.video.restoration import FrameOptions, Tally, restored_frames

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

_NAME = "Standard input"
_JUDGE_EVERY = 240


def restore_pipe(
    source: BinaryIO,
    target: BinaryIO,
    size: tuple[int, int],
    pixel_format: str,
    restorer: Restorer,
    options: RestoreOptions,
    *,
    only_blurred: bool = False,
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

    Raises:
        UnreadableVideo: the pixel format is not known or has transparency, or the source ends within a frame.
        MissingExtra: PyAV is not installed.
    """
    require("video", "Reading raw frames")
    import av

    if pixel_format not in av.video.format.names:
        raise UnreadableVideo(f"No pixel format is called {pixel_format!r}; see ffmpeg -pix_fmts.")
    height, width = size
    facts = {"video_size": f"{width}x{height}", "pixel_format": pixel_format}
    tally = Tally()
    encoder = colour.Encoder()
    wanted = FrameOptions(options, only_blurred, _JUDGE_EVERY)
    try:
        with av.open(source, format="rawvideo", options=facts) as incoming:
            with closing(ahead(restored_frames(_decoded(incoming), restorer, wanted))) as made:
                for restored in tally.watched(made, Tally(), restorer.manifest.name, _NAME):
                    frame = restored.frame
                    if restored.pixels is not None:
                        frame = encoder(restored.pixels, frame, pixel_format)
                    target.write(_packed(frame))
                    target.flush()
    except av.error.FFmpegError as error:
        raise UnreadableVideo(
            f"{_NAME} ends within a frame or does not hold {width}x{height} frames in {pixel_format} "
            f"({error.strerror}); check --size and --pixel-format."
        ) from error
    return tally
