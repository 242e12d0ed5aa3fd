"""Restore frame after frame, with a verdict on the clip instead of one on each frame."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import tee
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from deblurgan import guard
from deblurgan.errors import DeblurganError
from deblurgan.lookahead import ahead, overlapped
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.video.colour import KEPT_FORMATS
from deblurgan.video.segments import Segment
from deblurgan.ycbcr import YCbCr

Frame = TypeVar("Frame")
Picture = NDArray[Any] | YCbCr
"""Pixels in RGB, [H, W, 3] in any type a `Restorer` takes, or luma and chroma."""

_DAMAGE = {name: criterion for name, criterion in guard.CRITERIA.items() if criterion.damage}

SHARP_BELOW = 0.8
"""Blurred share of a frame, by the guard's criterion of sharpness, below which it needs no work."""


JUDGE_EVERY = 240
"""Frames of which the guard looks at one, if nobody says otherwise; a video is encoded as many at a time."""


@dataclass(frozen=True)
class FrameOptions:
    """How frames are restored.

    Attributes:
        restore: as for photos, but the guard never mixes: what it takes back differs from frame to frame and
            would flicker. It looks at one frame in `judge_every` for damage, and a clip that the network breaks
            is given up.
        only_blurred: frames that are sharp already go through as they are.
        judge_every: frames.
    """

    restore: RestoreOptions
    only_blurred: bool
    judge_every: int = JUDGE_EVERY


@dataclass(frozen=True)
class RestoredFrame(Generic[Frame]):
    """What became of a frame.

    Attributes:
        frame: of the source.
        picture: the result; None if the frame goes through as it is.
        tiles: into how many it was cut.
        verdict: the guard's; None if it was not asked.
    """

    frame: Frame
    picture: Picture | None
    tiles: int = 0
    verdict: guard.Verdict | None = None


@dataclass
class Tally:
    """What became of the frames so far."""

    frames: int = 0
    passed: int = 0
    judged: int = 0
    broken: int = 0
    tiles: int = 0

    @classmethod
    def of(cls, segments: Iterable[Segment]) -> Tally:
        """The tally of segments that are done."""
        tally = cls()
        for segment in segments:
            tally.frames += len(segment.stamps)
            tally.passed += segment.passed
            tally.judged += segment.judged
            tally.broken += segment.broken
        return tally

    def watched(
        self, restored: Iterable[RestoredFrame[Frame]], segment: Tally, model: str, name: str
    ) -> Generator[RestoredFrame[Frame]]:
        """Pass frames on and count them, here and for their segment.

        Raises:
            DeblurganError: the network broke most of the frames that the guard has looked at.
        """
        for made in restored:
            broken = made.verdict is not None and made.verdict.share == 0
            for tally in (self, segment):
                tally.frames += 1
                tally.passed += made.picture is None
                tally.judged += made.verdict is not None
                tally.broken += broken
                tally.tiles = max(tally.tiles, made.tiles)
            if 2 * self.broken > self.judged:
                assert made.verdict is not None
                raise DeblurganError(
                    f"{name}: model {model!r} breaks its frames ({made.verdict.reason}); use another --model, "
                    "or --no-guard to have them all the same."
                )
            yield made


def keeps_ycbcr(
    pixel_format: str, size: tuple[int, int], restorer: Restorer, options: FrameOptions, *, steady: bool
) -> bool:
    """Whether frames need never become RGB, as they do for who looks at each.

    Args:
        pixel_format: FFmpeg's name of the result's.
        size: (height, width) of a frame.
        restorer: of the frames.
        options: how.
        steady: restored frames are merged.
    """
    if pixel_format not in KEPT_FORMATS or options.only_blurred or steady:
        return False
    return restorer.takes_ycbcr(size, options.restore.of_each_frame)


def restored_frames(
    frames: Iterable[tuple[Frame, Picture]], restorer: Restorer, options: FrameOptions
) -> Generator[RestoredFrame[Frame]]:
    """Restore frames, two at a time: while the engine computes one, the other is made ready or put away.

    Args:
        frames: with what they show; in the order they are shown.
        restorer: of the frames.
        options: how.
    """
    may_judge = restorer.guards(options.restore)
    of_each = options.restore.of_each_frame

    def restore(numbered: tuple[int, tuple[Frame, Picture]]) -> RestoredFrame[Frame]:
        number, (frame, picture) = numbered
        if options.only_blurred and is_sharp(pixels_of(picture)):
            return RestoredFrame(frame, None)
        sharp, tiles = _restored(picture, restorer, of_each)
        verdict = None
        if may_judge and number % options.judge_every == 0:
            verdict = guard.judge(pixels_of(picture), pixels_of(sharp), _DAMAGE)
        return RestoredFrame(frame, sharp, tiles, verdict)

    # Closing this generator must close the one that frames come from.
    with closing(ahead(frames)) as coming:
        yield from overlapped(restore, enumerate(coming))


def _restored(picture: Picture, restorer: Restorer, options: RestoreOptions) -> tuple[Picture, int]:
    """The result, and the number of tiles."""
    if isinstance(picture, YCbCr) and (sharp := restorer.on_ycbcr(picture, options)) is not None:
        return sharp, 1
    restored = restorer(pixels_of(picture), options)
    return restored.pixels, restored.tiles


def pixels_of(picture: Picture) -> NDArray[Any]:
    """The picture in RGB, [H, W, 3]."""
    return picture.to_pixels() if isinstance(picture, YCbCr) else picture


def steadied_frames(restored: Iterable[RestoredFrame[Frame]]) -> Generator[RestoredFrame[Frame]]:
    """Merge each restored frame with its neighbours, in a thread of its own; see `steadying`."""
    return ahead(_steadied(restored))


def _steadied(restored: Iterable[RestoredFrame[Frame]]) -> Iterator[RestoredFrame[Frame]]:
    from deblurgan.steadying import steadied

    plain, copy = tee(restored)
    pictures = (None if made.picture is None else pixels_of(made.picture) for made in copy)
    for made, pixels in zip(plain, steadied(pictures), strict=True):
        yield replace(made, picture=pixels)


def is_sharp(pixels: NDArray[Any]) -> bool:
    """Say whether a frame is as sharp as to need nothing, by the guard's measure of sharpness.

    Args:
        pixels: [H, W, 3]; uint8, uint16, or float32 in [0, 1].
    """
    return guard.blurred_share(pixels) < SHARP_BELOW
