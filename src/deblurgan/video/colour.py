"""Between the frames of a video and RGB pixels, by the frame's own matrix and range, and back the same way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.errors import UnreadableVideo
from deblurgan.ycbcr import Coding, YCbCr

if TYPE_CHECKING:
    from av.video.format import VideoFormat
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane
    from av.video.reformatter import VideoReformatter

# ISO/IEC 23091-2, the codes of MatrixCoefficients and TransferCharacteristics.
_RGB, _BT709, _UNKNOWN, _BT601 = 0, 1, 2, 5
_MATRICES = {_RGB: _BT709, 1: 1, 4: 4, 5: _BT601, 6: _BT601, 7: 7, 9: 9}
_REFUSED_MATRICES = {8: "YCgCo", 10: "BT.2020 constant luminance", 14: "ICtCp"}
# Of these, K_R and K_B.
_LUMA = {
    _BT709: (0.2126, 0.0722),
    4: (0.30, 0.11),
    _BT601: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
_PQ, HLG = 16, 18
_FULL_RANGE = 2

KEPT_FORMATS = ("yuv420p", "yuvj420p")
"""Pixel formats whose frames need not become RGB: luma, and chroma at half its size, in 8 bits."""


def refuse_colours(frame: VideoFrame, name: str) -> None:
    """Raise UnreadableVideo if the frame's colours cannot be turned into RGB and back, or would suffer."""
    if frame.color_trc == _PQ:
        raise UnreadableVideo(
            f"{name} is HDR with the PQ curve (SMPTE ST 2084), which the models do not know; "
            "convert it to standard range or HLG first."
        )
    if frame.colorspace in _REFUSED_MATRICES:
        raise UnreadableVideo(
            f"{name} has colours in {_REFUSED_MATRICES[frame.colorspace]}; convert it to BT.709 first."
        )
    if any(component.is_alpha for component in frame.format.components):
        raise transparent(name)


def transparent(name: str | Path) -> UnreadableVideo:
    """What to raise of a video with transparency."""
    return UnreadableVideo(f"{name} has transparency, which would be lost; remove it first.")


def is_deep(format: VideoFormat) -> bool:
    """Say whether a pixel format holds more than 8 bits."""
    return max(component.bits for component in format.components) > 8


class Decoder:
    """Turns frames into pixels; used from one thread at a time.

    Args:
        keeps_ycbcr: frames of one of `KEPT_FORMATS`, of even sides, are left in luma and chroma.
    """

    def __init__(self, *, keeps_ycbcr: bool) -> None:
        self._keeps_ycbcr = keeps_ycbcr
        self._reformatter = _reformatter()

    def __call__(self, frame: VideoFrame) -> NDArray[Any] | YCbCr:
        """Pixels of a frame, [H, W, 3] RGB: uint8, or uint16 if it holds more than 8 bits; or its own samples."""
        if self._keeps_ycbcr and frame.format.name in KEPT_FORMATS:
            coding = Coding(*_LUMA[_matrix(frame)], full_range=_range(frame) == _FULL_RANGE)
            luma, blue, red = map(_samples, frame.planes)
            return YCbCr(luma, blue, red, coding)
        rgb = self._reformatter.reformat(
            _without_siting(frame),
            format="rgb48le" if is_deep(frame.format) else "rgb24",
            src_colorspace=_matrix(frame),
            dst_colorspace=_matrix(frame),
            src_color_range=_range(frame),
            dst_color_range=_FULL_RANGE,
            interpolation=_flags(to_rgb=True),
            threads=1,
        )
        return np.ascontiguousarray(rgb.to_ndarray())


class Encoder:
    """Turns pixels into frames of the kind that they came from; used from one thread at a time."""

    def __init__(self) -> None:
        self._reformatter = _reformatter()

    def __call__(self, picture: NDArray[Any] | YCbCr, like: VideoFrame, format: str) -> VideoFrame:
        """A frame of pixels, [H, W, 3] as `Decoder` gave them, at the time and in the colours of another.

        Args:
            picture: the result.
            like: has the matrix, the range and the timestamps.
            format: FFmpeg's name of the pixel format; one of `KEPT_FORMATS` for luma and chroma.
        """
        frame = _filled(picture, format) if isinstance(picture, YCbCr) else self._from_rgb(picture, like, format)
        frame.pts, frame.time_base, frame.duration = like.pts, like.time_base, like.duration
        frame.colorspace, frame.color_range = like.colorspace, like.color_range
        frame.color_primaries, frame.color_trc = like.color_primaries, like.color_trc
        return frame

    def _from_rgb(self, pixels: NDArray[Any], like: VideoFrame, format: str) -> VideoFrame:
        from av import VideoFrame

        deep = pixels.dtype == np.uint16
        rgb = VideoFrame.from_numpy_buffer(np.ascontiguousarray(pixels), "rgb48le" if deep else "rgb24")
        return self._reformatter.reformat(
            rgb,
            format=format,
            src_colorspace=_matrix(like),
            dst_colorspace=_matrix(like),
            src_color_range=_FULL_RANGE,
            dst_color_range=_range(like),
            interpolation=_flags(to_rgb=False),
            threads=1,
        )


def _filled(picture: YCbCr, format: str) -> VideoFrame:
    from av import VideoFrame

    height, width = picture.size
    frame = VideoFrame(width, height, format)
    for plane, samples in zip(frame.planes, (picture.luma, picture.blue, picture.red), strict=True):
        _samples(plane)[:] = samples
    return frame


def _samples(plane: VideoPlane) -> NDArray[np.uint8]:
    """What a plane of 8-bit samples holds, [H, W]: a view."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def _without_siting(frame: VideoFrame) -> VideoFrame:
    """A copy that does not say where its chroma samples lie: swscale would move them, each time a little."""
    from av import VideoFrame

    if frame.format.is_rgb:
        return frame
    bare = VideoFrame(frame.width, frame.height, frame.format.name)
    bare.colorspace, bare.color_range = frame.colorspace, frame.color_range
    for new, old in zip(bare.planes, frame.planes, strict=True):
        shared = min(new.line_size, old.line_size)
        to, of = (
            np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
            for plane in (new, old)
        )
        to[:, :shared] = of[:, :shared]
    return bare


def _matrix(frame: VideoFrame) -> int:
    """The frame's matrix in swscale's numbers; without a tag the one that players take for its size."""
    if frame.colorspace == _UNKNOWN:
        return _BT709 if frame.width >= 1280 or frame.height > 576 else _BT601
    return _MATRICES.get(frame.colorspace, _BT601)


def _range(frame: VideoFrame) -> int:
    is_full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj") or frame.format.is_rgb
    return _FULL_RANGE if is_full else 1


def _reformatter() -> VideoReformatter:
    from av.video.reformatter import VideoReformatter

    return VideoReformatter()


def _flags(*, to_rgb: bool) -> int:
    """How swscale enlarges or reduces the chroma planes.

    Repeated on the way to RGB and averaged on the way back, chroma comes back as it was; smoother ways lose some
    of it each time. Without the other flags luma gets darker by up to two levels.
    """
    from av.video.reformatter import Interpolation as Flag

    whole = Flag.FULL_CHR_H_INT | Flag.FULL_CHR_H_INP
    # From RGB, exact rounding changes one value in a million and takes half as long again.
    return int(whole | Flag.POINT | Flag.ACCURATE_RND if to_rgb else whole | Flag.AREA)
