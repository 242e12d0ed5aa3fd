"""Put a result together: the new film, and everything else of the source as it was."""

from __future__ import annotations

import heapq
import io
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deblurgan.clip import main_video, opened
from deblurgan.errors import UnwritableTarget
from deblurgan.video.footage import Footage
from deblurgan.video.segments import Segment, WorkFolder

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

# What a container says about the file it was in, not about what it holds.
_OF_THE_OLD_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration")
_OF_THE_OLD_FILM = ("encoder", "duration", "bps", "number_of_frames", "number_of_bytes", "_statistics")
_ISO = ("mp4", "mov")
_NO_TEXT = b"\0\0"


@dataclass(frozen=True)
class Part:
    """What of the source the result holds.

    Attributes:
        end: time at which its last frame ends, in ticks of the film.
        stop: seconds of the source's clock at which copied streams end; None for their end.
        shift: seconds by which everything comes earlier than in the source.
    """

    end: int
    stop: Fraction | None
    shift: Fraction


def join(
    file: Path,
    target: Path,
    container_name: str,
    footage: Footage,
    work: WorkFolder,
    segments: Sequence[Segment],
    part: Part,
    *,
    metadata: bool,
) -> list[str]:
    """Write the result.

    Args:
        file: to write.
        target: where it will be, to say so.
        container_name: FFmpeg's name of its format.
        footage: of the source.
        work: holds the segments' packets.
        segments: all of them.
        part: what of the source the result holds.
        metadata: keep it; otherwise of all that is said, only the tracks' languages stay.

    Returns:
        what had to be left out, in words.

    Raises:
        UnreadableVideo: the source cannot be read any more.
        UnwritableTarget: the system refuses, or the container.
    """
    import av

    with opened(footage.path) as source, opened(work.film(0)) as encoded:
        film = main_video(source, footage.path)
        options = {"movflags": "use_metadata_tags"} if container_name in _ISO and _has_free_tags(source) else {}
        try:
            with av.open(file, "w", format=container_name, container_options=options) as result:
                placed: dict[int, Stream] = {}
                left_out = []
                for stream in source.streams:
                    if stream.index == film.index:
                        placed[stream.index] = _add_film(result, encoded.streams.video[0], film, footage)
                    elif _is_written_anew(stream):
                        continue
                    elif _holds(container_name, stream):
                        placed[stream.index] = _add_copy(result, stream)
                    else:
                        left_out.append(_name(stream))
                if metadata:
                    _describe(result, source, placed, film.index)
                else:
                    _tell_languages(source, placed)
                result.set_chapters(_chapters(source, part) if metadata else [])
                new_film = placed.pop(film.index)
                _mux(
                    result,
                    _timed(_copied(source, placed, part)),
                    _timed(_restored(work, segments, new_film, footage, part)),
                )
        except (av.error.FFmpegError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise UnwritableTarget(
                f"{target} cannot be written ({why}); choose another place or format."
            ) from error
    return left_out


def _mux(result: OutputContainer, *sources: Iterable[tuple[Fraction, int, Packet[Any]]]) -> None:
    for _, _, packet in heapq.merge(*sources, key=lambda timed: timed[0]):
        result.mux(packet)


def _timed(packets: Iterable[Packet[Any]]) -> Iterator[tuple[Fraction, int, Packet[Any]]]:
    """Packets with the time by which they are interleaved, which never falls."""
    time = Fraction(-(10**6))
    for number, packet in enumerate(packets):
        if packet.dts is not None:
            time = max(time, packet.dts * packet.time_base)
        yield time, number, packet


def _restored(
    work: WorkFolder, segments: Sequence[Segment], stream: Stream, footage: Footage, part: Part
) -> Iterator[Packet[Any]]:
    stamps = [stamp for segment in segments for stamp in segment.stamps]
    shown = sorted(stamps)
    lasting = {stamp: later - stamp for stamp, later in pairwise([*shown, max(part.end, shown[-1] + 1)])}
    decoded = decoding_times(stamps)
    if stream.container.format.name in _ISO:
        # These count a track's length in times of decoding, from the first to the end of the last.
        lasting[stamps[-1]] = max(1, part.end - shown[0] - (decoded[-1] - decoded[0]))
    shift = round(part.shift / footage.time_base)
    for packet, stamp, moment in zip(work.packets(len(segments)), stamps, decoded, strict=True):
        packet.time_base = footage.time_base
        packet.pts, packet.dts, packet.duration = stamp - shift, moment - shift, lasting[stamp]
        packet.stream = stream
        yield packet


def decoding_times(stamps: Sequence[int]) -> list[int]:
    """When each packet must be decoded: rising, and never after it is shown.

    Encoders number these within a segment; where frames come unevenly, two segments would overlap.

    Args:
        stamps: display times in the order of the file.
    """
    shown = sorted(stamps)
    rank = {stamp: place for place, stamp in enumerate(shown)}
    delay = max(place - rank[stamp] for place, stamp in enumerate(stamps))
    step = min((later - earlier for earlier, later in pairwise(shown)), default=1)
    early = [shown[0] - step * count for count in range(delay, 0, -1)]
    return [*early, *shown][: len(stamps)]


def _copied(source: InputContainer, placed: dict[int, Stream], part: Part) -> Iterator[Packet[Any]]:
    from av.stream import Discard, Disposition

    streams = [stream for stream in source.streams if stream.index in placed]
    if not streams:
        return
    for stream in source.streams:
        if stream.index not in placed:
            stream.discard = Discard.all
    # MP4 fills the time between subtitles with empty ones, which its writer adds itself.
    gaps = {stream.index for stream in streams if stream.name == "mov_text"}
    for packet in source.demux(*streams):
        if packet.stream.disposition & Disposition.attached_pic:
            packet.pts = packet.dts = 0
        # At the end come empty packets, by which decoders are told to finish.
        if packet.size == 0 or (packet.pts is None and packet.dts is None):
            continue
        if packet.stream_index in gaps and bytes(packet) == _NO_TEXT:
            continue
        if _moved(packet, part):
            packet.stream = placed[packet.stream_index]
            yield packet


def _moved(packet: Packet[Any], part: Part) -> bool:
    """Shift a packet to where it comes in the result, in place; False if it does not come at all."""
    shown = packet.dts if packet.pts is None else packet.pts
    assert shown is not None
    tick = packet.time_base
    start, length = shown * tick, (packet.duration or 0) * tick
    if packet.stream.type == "subtitle":
        # These last long enough to be worth having in part.
        end = start + length if part.stop is None else min(start + length, part.stop)
        start = max(start, part.shift) if part.shift else start
        if end <= start and length:
            return False
        length = max(end - start, Fraction(0))
    if (part.shift and start < part.shift) or (part.stop is not None and start >= part.stop):
        return False
    moved = round((start - part.shift) / tick)
    packet.dts = moved + (0 if packet.dts is None else packet.dts - shown)
    if packet.pts is not None:
        packet.pts = moved
    packet.duration = round(length / tick)
    return True


def _add_film(result: OutputContainer, encoded: VideoStream, old: VideoStream, footage: Footage) -> Stream:
    stream = result.add_stream_from_template(encoded, opaque=True)
    stream.time_base = footage.time_base
    context, source = stream.codec_context, old.codec_context
    for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
        setattr(context, name, getattr(source, name))
    if old.sample_aspect_ratio:
        context.sample_aspect_ratio = old.sample_aspect_ratio
    if footage.rate:
        context.framerate = footage.rate
    if context.name.startswith("hevc") and result.format.name in _ISO:
        # Players of Apple show HEVC under this tag alone.
        context.codec_tag = "hvc1"
    if footage.display_matrix:
        stream.set_display_matrix(footage.display_matrix)
    stream.disposition = old.disposition
    return stream


def _add_copy(result: OutputContainer, stream: Stream) -> Stream:
    copy = result.add_stream_from_template(stream, opaque=True)
    copy.disposition = stream.disposition
    return copy


def _holds(container_name: str, stream: Stream) -> bool:
    """Whether the container takes the stream: found out with an empty file in memory."""
    import av

    try:
        with av.open(io.BytesIO(), "w", format=container_name) as trial:
            _add_copy(trial, stream)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def _is_written_anew(stream: Stream) -> bool:
    """Whether it is a track that MP4 and MOV make of what is known elsewhere: of chapters, or of a time code."""
    from av.stream import Discard

    # FFmpeg reads chapters from their track at once, and says that it holds nothing else.
    return stream.type == "data" and (stream.discard == Discard.all or "timecode" in stream.metadata)


def _name(stream: Stream) -> str:
    codec = getattr(stream, "name", None)
    return f"{stream.type} stream {stream.index}" + (f" ({codec})" if codec else "")


def _describe(result: OutputContainer, source: InputContainer, placed: dict[int, Stream], film: int) -> None:
    result.metadata.update(_without(source.metadata, _OF_THE_OLD_FILE))
    for index, stream in placed.items():
        old = source.streams[index].metadata
        stream.metadata.update(_without(old, _OF_THE_OLD_FILM) if index == film else old)


def _tell_languages(source: InputContainer, placed: dict[int, Stream]) -> None:
    """Say of each stream what players choose it by."""
    for index, stream in placed.items():
        if language := source.streams[index].metadata.get("language"):
            stream.metadata["language"] = language


def _without(metadata: dict[str, str], prefixes: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if not name.lower().startswith(prefixes)}


def _has_free_tags(source: InputContainer) -> bool:
    """Whether there are tags, such as phones write, that have no place of their own in MP4."""
    return any("." in name for name in source.metadata)


def _chapters(source: InputContainer, part: Part) -> list[Any]:
    kept = []
    for chapter in source.chapters():
        tick = chapter["time_base"]
        if not tick:
            continue
        shift = round(part.shift / tick)
        end = chapter["end"] if part.stop is None else min(chapter["end"], round(part.stop / tick))
        if end - shift > 0 and end > chapter["start"]:
            kept.append(chapter | {"start": max(0, chapter["start"] - shift), "end": end - shift})
    return kept
