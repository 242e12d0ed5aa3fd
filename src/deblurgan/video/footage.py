"""What a video holds: its facts from a look through its packets, then its frames one after another."""

from __future__ import annotations

import math
import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from deblurgan.clip import main_video, opened
from deblurgan.errors import UnreadableVideo
from deblurgan.video.announced import is_cut_off
from deblurgan.video.colour import HLG, refuse_colours, transparent

if TYPE_CHECKING:
    from av.buffer import Buffer
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Packets of sound may end a little before or after what the header says.
_SLACK = Fraction(1, 2)
# Others land between key frames, where pictures are broken.
_SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")


@dataclass(frozen=True)
class Footage:
    """Facts about a video.

    Attributes:
        path: of the file.
        container: FFmpeg's name of its format.
        stream: index of the film among the streams.
        codec: FFmpeg's name.
        time_base: seconds per tick of the film's timestamps.
        rate: mean frames per second, None if unknown.
        times: display times of the film's packets in ticks, sorted; about one for each frame.
        end: time at which the file says that the film ends, in ticks; None if it does not say.
        width, height: in pixels, as stored.
        pixel_format: FFmpeg's name.
        display_matrix: how players turn or mirror it, in FFmpeg's layout of nine numbers; None for as it is.
        is_hlg: it is HDR with the HLG curve.
        whole_until: seconds up to which every stream that should go on does; None if nothing is missing.
        declared: seconds the file says it lasts, None if it does not say.
    """

    path: Path
    container: str
    stream: int
    codec: str
    time_base: Fraction
    rate: Fraction | None
    times: tuple[int, ...]
    end: int | None
    width: int
    height: int
    pixel_format: str
    display_matrix: tuple[int, ...] | None
    is_hlg: bool
    whole_until: Fraction | None
    declared: Fraction | None

    def ticks(self, seconds: Fraction) -> int:
        """Timestamp of the film that is nearest to a time in seconds from the first frame."""
        return self.times[0] + round(seconds / self.time_base)

    def seconds(self, ticks: int) -> Fraction:
        """Time from the first frame in seconds."""
        return (ticks - self.times[0]) * self.time_base


def survey(path: Path) -> Footage:
    """Look through a video's packets, and decode no more than its first frame.

    Raises:
        UnreadableVideo: the file is damaged, holds no frames, or is of a kind that is not restored.
        MissingExtra: PyAV is not installed.
    """
    with opened(path) as container:
        looked = _look_through(container, main_video(container, path), is_cut_off(path, container.format.name))
    if not looked.times:
        raise UnreadableVideo(f"{path} holds no frames; get a fresh copy.")
    with opened(path) as container:
        film = main_video(container, path)
        # The decoder gives such frames without their transparency.
        if ("alpha_mode", "1") in {(key.lower(), value) for key, value in film.metadata.items()}:
            raise transparent(path)
        first = next(container.decode(film), None)
        if first is None:
            raise UnreadableVideo(f"{path} holds no frames; get a fresh copy.")
        assert film.time_base is not None
        rate = film.average_rate or film.guessed_rate
        # From 19 on, PyAV has rational numbers of its own, whose products may be rounded.
        footage = Footage(
            path=path,
            container=container.format.name,
            stream=film.index,
            codec=film.codec_context.codec.canonical_name,
            time_base=Fraction(film.time_base),
            rate=Fraction(rate) if rate else None,
            times=tuple(sorted(looked.times)),
            end=film.start_time + film.duration if film.duration and film.start_time is not None else None,
            width=first.width,
            height=first.height,
            pixel_format=first.format.name,
            display_matrix=_display_matrix(first),
            is_hlg=first.color_trc == HLG,
            whole_until=looked.whole_until,
            declared=looked.declared,
        )
        _refuse(first, footage, Fraction(0))
        return footage


@dataclass(frozen=True)
class _Look:
    times: list[int]
    whole_until: Fraction | None
    declared: Fraction | None


def _look_through(container: InputContainer, film: VideoStream, is_cut: bool) -> _Look:
    import av

    times, found = [], 0
    end = decoded = Fraction(0)
    for packet in container.demux():
        stamp = packet.dts if packet.pts is None else packet.pts
        # At the end come empty packets, by which decoders are told to finish.
        if packet.size == 0 or stamp is None or packet.is_corrupt:
            continue
        end = max(end, (stamp + (packet.duration or 0)) * packet.time_base)
        if packet.stream_index == film.index:
            found += 1
            decoded = (stamp if packet.dts is None else packet.dts) * packet.time_base
            if not packet.is_discard:
                times.append(stamp)
    declared = Fraction(container.duration, av.time_base) if container.duration else None
    start = Fraction(container.start_time or 0, av.time_base)
    ends_early = declared is not None and end - start < declared - _SLACK
    # AVI counts frames that only repeat the one before, too, for which there are no packets.
    lacks_frames = found < film.frames and container.format.name != "avi"
    # What is decoded last is not shown last: only frames shown by then are all there.
    first = min(times, default=0) * Fraction(film.time_base or 1)
    whole = max(decoded - first, Fraction(0)) if is_cut or ends_early or lacks_frames else None
    return _Look(times, whole, declared)


def frames(footage: Footage, first: int, stop: int | None) -> Generator[VideoFrame]:
    """Decode the film's frames in the order in which they are shown.

    Args:
        footage: of the video.
        first: frames shown before this timestamp are left out.
        stop: so are frames from this timestamp on; None for no end.

    Yields:
        frames with rising timestamps in `footage.time_base`.

    Raises:
        UnreadableVideo: a frame is damaged, interlaced, of another size, or of colours that are not restored.
    """
    last = first - 1
    # What comes after the last frame that is wanted may be damaged: it must not be asked for.
    final = max((stamp for stamp in footage.times if stop is None or stamp < stop), default=last)
    try:
        for frame in _from(footage, first):
            stamp = _stamp(frame, last, footage)
            if stamp < first:
                continue
            if stop is not None and stamp >= stop:
                return
            _refuse(frame, footage, footage.seconds(stamp))
            # Some files repeat a timestamp; no container takes that back.
            last = max(stamp, last + 1)
            frame.pts = last
            frame.time_base = footage.time_base
            yield frame
            if stop is not None and last >= final:
                return
    except UnreadableVideo as error:
        # Without a cause it has been said already what is wrong.
        if error.__cause__ is None or last < first:
            raise
        following = next((stamp for stamp in footage.times if stamp > last), last + 1)
        raise _damaged(footage, footage.seconds(following)) from error


def spoken(seconds: Fraction) -> str:
    """Say a time in such a way that --to takes nothing from there on: rounded down."""
    return f"{math.floor(100 * seconds) / 100:.2f}"


def advised(until: Fraction) -> str:
    """Say what to do about a file that is whole up to a time in seconds."""
    moment = spoken(until)
    before = f", or restore what comes before with --to {moment}" if float(moment) > 0 else ""
    return f"get a fresh copy{before}."


def _damaged(footage: Footage, when: Fraction) -> UnreadableVideo:
    return UnreadableVideo(f"{footage.path} is damaged at {spoken(when)} s; {advised(when)}")


def _from(footage: Footage, first: int) -> Iterator[VideoFrame]:
    if first > footage.times[0] and footage.container in _SEEKABLE:
        with opened(footage.path) as container:
            film = _film(container, footage)
            container.seek(first, stream=film)
            frames = container.decode(film)
            earliest = next(frames, None)
            if earliest is not None and earliest.pts is not None and earliest.pts <= first:
                yield earliest
                yield from frames
                return
    with opened(footage.path) as container:
        yield from container.decode(_film(container, footage))


def _film(container: InputContainer, footage: Footage) -> VideoStream:
    return main_video(container, footage.path)


def _stamp(frame: VideoFrame, last: int, footage: Footage) -> int:
    if frame.pts is not None:
        return frame.pts
    step = 1 / (footage.rate or 25) / footage.time_base
    return last + max(1, round(step))


def _refuse(frame: VideoFrame, footage: Footage, when: Fraction) -> None:
    name, moment = footage.path, spoken(when)
    if frame.is_corrupt:
        raise _damaged(footage, when)
    if frame.interlaced_frame:
        raise UnreadableVideo(
            f"{name} is interlaced: each frame shows two moments; deinterlace it first, as with FFmpeg's bwdif."
        )
    if (frame.width, frame.height) != (footage.width, footage.height):
        raise UnreadableVideo(
            f"{name} changes from {footage.width}x{footage.height} to {frame.width}x{frame.height} at {moment} s; "
            f"cut it there, or restore what comes before with --to {moment}."
        )
    refuse_colours(frame, str(name))


def _display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    found = cast("Buffer | None", frame.side_data.get("DISPLAYMATRIX"))
    return None if found is None else struct.unpack("=9i", memoryview(found))
