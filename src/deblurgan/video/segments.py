"""The work folder of a video: encoded segments of its film, each whole, so that a stopped run can go on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deblurgan.clip import opened
from deblurgan.errors import DeblurganError, UnwritableTarget
from deblurgan.video.encoding import Coding, add_film
from deblurgan.video.footage import Footage
from deblurgan.whole import whole_file

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

_JOB = "job.json"
_LOCK = "lock"
# Holds any codec; its coarse timestamps do not matter, since the exact ones are noted beside it.
_CONTAINER = "matroska"


@dataclass(frozen=True)
class Segment:
    """A part of the film that is encoded.

    Attributes:
        stamps: display times of its packets in their order in the file, in ticks of the film.
        last: ticks for which the frame that is shown last lasts; 0 if unknown.
        passed: frames that were sharp and went through as they were.
        judged: frames the guard looked at.
        broken: those of them that the network broke.
    """

    stamps: list[int]
    last: int
    passed: int
    judged: int = 0
    broken: int = 0


class WorkFolder:
    """The segments of one result, in a hidden folder beside it.

    Args:
        target: the result.
        job: facts that decide how segments look, as JSON holds them; segments of another job are thrown away.
    """

    def __init__(self, target: Path, job: dict[str, Any]) -> None:
        self.path = target.with_name(f".{target.name}.deblurgan")
        self._target = target
        self._job = json.dumps(job, sort_keys=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder, and keep other runs out of it as long as the block lasts; empty then, it goes.

        Raises:
            UnwritableTarget: another run holds it, or the system refuses.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / _LOCK, timeout=0)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Some file systems know no locks.
            with suppress(NotImplementedError):
                lock.acquire()
        except Timeout as error:
            raise UnwritableTarget(
                f"{self._target} is being made by another run; wait for it, or name another output."
            ) from error
        except OSError as error:
            raise self._refused(error) from error
        try:
            yield
        finally:
            with suppress(OSError):
                (self.path / _LOCK).unlink()
            lock.release()
            with suppress(OSError):
                self.path.rmdir()

    def prepare(self) -> list[Segment]:
        """Return the whole segments that an earlier run of the same job left in the folder.

        Raises:
            UnwritableTarget: the system refuses.
        """
        note = self.path / _JOB
        try:
            if note.exists() and note.read_text("utf-8") == self._job:
                return list(self._whole())
            self.empty()
            with whole_file(note) as part:
                part.write_text(self._job, "utf-8")
        except OSError as error:
            raise self._refused(error) from error
        return []

    def empty(self) -> None:
        """Throw away what is in the folder, as far as the system lets go of it."""
        for entry in self.path.iterdir():
            if entry.name != _LOCK:
                with suppress(OSError):
                    entry.unlink()

    @contextmanager
    def of_use(self) -> Iterator[None]:
        """Empty the folder if the block fails before there is a whole segment."""
        try:
            yield
        except (DeblurganError, MemoryError):
            if not self._note(0).exists():
                self.empty()
            raise

    def film(self, number: int) -> Path:
        """Where the packets of a segment are."""
        return self.path / f"{number:06d}.mkv"

    def drop(self, number: int) -> None:
        """Throw away the segments from this one on."""
        while (note := self._note(number)).exists():
            note.unlink()
            number += 1

    def keep(self, number: int, segment: Segment) -> None:
        """Mark a segment as whole."""
        with whole_file(self._note(number), overwrite=True) as part:
            part.write_text(json.dumps(asdict(segment)), "utf-8")

    def packets(self, count: int) -> Iterator[Packet[Any]]:
        """Packets of the first segments, in the order of the file."""
        for number in range(count):
            with opened(self.film(number)) as container:
                for packet in container.demux(video=0):
                    if packet.size:
                        yield packet

    def _refused(self, error: OSError) -> UnwritableTarget:
        return UnwritableTarget(f"{self.path} cannot be written ({error.strerror}); choose another place.")

    def _note(self, number: int) -> Path:
        return self.path / f"{number:06d}.json"

    def _whole(self) -> Iterator[Segment]:
        number = 0
        while self._note(number).exists() and self.film(number).exists():
            yield Segment(**json.loads(self._note(number).read_text("utf-8")))
            number += 1


def encode_segment(
    frames: Iterable[VideoFrame], path: Path, coding: Coding, footage: Footage, threads: int
) -> tuple[list[int], int]:
    """Encode frames into a file that appears whole or not at all.

    Args:
        frames: at least one, in the order they are shown.
        path: of the file; one that is there is replaced.
        coding: how.
        footage: the source.
        threads: of the processor.

    Returns:
        the display times of the packets in ticks of the film, in the order of the file, and how long the frame
        lasts that is shown last.

    Raises:
        UnwritableTarget: the system refuses, or the encoder does.
    """
    import av

    last = 0
    stamps: list[int] = []
    with whole_file(path, overwrite=True) as part:
        try:
            with av.open(part, "w", format=_CONTAINER) as container:
                film = None
                for frame in frames:
                    if film is None:
                        film = add_film(container, coding, footage, frame, threads)
                    last = frame.duration
                    # The encoder decides where key frames go.
                    frame.pict_type = 0
                    for packet in film.encode(frame):
                        stamps.append(_ticks(packet))
                        container.mux(packet)
                assert film is not None
                for packet in film.encode():
                    stamps.append(_ticks(packet))
                    container.mux(packet)
        except av.error.FFmpegError as error:
            raise UnwritableTarget(
                f"{path.parent} cannot be written ({error.strerror}); choose another place, or another --codec."
            ) from error
    return stamps, last


def _ticks(packet: Packet[Any]) -> int:
    assert packet.pts is not None
    return packet.pts
