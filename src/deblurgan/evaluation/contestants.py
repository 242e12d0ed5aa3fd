"""What is measured: models that restore here, and folders of pictures that other programs made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from deblurgan import peak_memory
from deblurgan.errors import PairError, UnknownModel
from deblurgan.evaluation.shared_time import SharedTime
from deblurgan.image import pictures_in, read
from deblurgan.pairs import Pair
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.samples import to_float, to_integer

Pixels = NDArray[np.uint8]
# All models run on the same ones.
_PROCESSORS = SharedTime()
_SUFFIXES = ("", "_deblurred", "_restored", "_output")


@dataclass(frozen=True)
class Attempt:
    """What a contestant made of a blurred picture.

    Attributes:
        pixels: uint8 [H, W, 3].
        seconds: of the processors' time; of pictures restored side by side each is charged its share. None if
            somebody else made it.
        peak_mb: highest memory of this process meanwhile, in MB (10^6 bytes); None if it is not known.
    """

    pixels: Pixels
    seconds: float | None = None
    peak_mb: float | None = None


@dataclass(frozen=True)
class ModelFacts:
    """What a model is, for the report.

    Attributes:
        source: path of its folder.
        engine: that ran it; empty for pictures that others made.
        precision: of the restorer.
        parameters: that its output depends on; None if nobody says.
        macs_per_pixel: multiply-accumulates per pixel of the input; None likewise.
        backbone_macs_per_pixel: the backbone's part of them; None likewise.
    """

    source: str
    engine: str = ""
    precision: str = ""
    parameters: int | None = None
    macs_per_pixel: float | None = None
    backbone_macs_per_pixel: float | None = None


class Contestant(Protocol):
    """Turns the blurred picture of a pair into what is compared with the sharp one."""

    @property
    def facts(self) -> ModelFacts:
        """What it is."""

    def attempt(self, pair: Pair, blurred: Pixels) -> Attempt:
        """Its version of the blurred picture, uint8 [H, W, 3].

        Raises:
            DeblurganError, ValueError, MemoryError: there is none.
        """


@dataclass(frozen=True)
class RestoringModel:
    """A model that restores here.

    Attributes:
        restorer: of the model.
        options: how.
        source: where the model is, for the report.
    """

    restorer: Restorer
    options: RestoreOptions
    source: str = ""

    @property
    def facts(self) -> ModelFacts:
        """From the model's manifest."""
        manifest, engine = self.restorer.manifest, self.restorer.engine
        return ModelFacts(
            source=self.source,
            engine=engine.name,
            precision=self.restorer.precision,
            parameters=manifest.live_parameters,
            macs_per_pixel=manifest.macs_per_pixel,
            backbone_macs_per_pixel=manifest.backbone_macs_per_pixel,
        )

    def attempt(self, pair: Pair, blurred: Pixels) -> Attempt:
        """Restore it, and watch time and memory."""
        peak_memory.forget()
        with _PROCESSORS.charged() as charge:
            restored = self.restorer(blurred, self.options)
        peak = peak_memory.highest()
        return Attempt(restored.pixels, charge.seconds, peak / 1e6 if peak else None)


@dataclass(frozen=True)
class PictureFolder:
    """A folder of pictures that another program made of the blurred ones.

    Attributes:
        path: of the folder.
        pictures: by the name of the pair.
    """

    path: Path
    pictures: dict[str, Path]

    @property
    def facts(self) -> ModelFacts:
        """Only where it is: nobody says what made the pictures."""
        return ModelFacts(str(self.path))

    def attempt(self, pair: Pair, blurred: Pixels) -> Attempt:
        """Read it."""
        if pair.name not in self.pictures:
            raise PairError(f"{self.path} has no picture for it")
        return Attempt(read_pixels(self.pictures[pair.name]))


def picture_folder(path: Path, pairs: Sequence[Pair]) -> PictureFolder:
    """Match a folder's pictures with pairs, by name.

    A picture belongs to the pair whose name, or whose blurred picture's path, ends with the picture's path
    below the folder without its suffix, as far as that is true of one pair only; `_deblurred`, `_restored` or
    `_output` at its end are passed over.

    Raises:
        UnknownModel: none belongs to any pair.
    """
    files = {file.relative_to(path).with_suffix("").as_posix(): file for file in pictures_in(path, recursive=True)}
    owners: dict[str, str] = {}
    claims = Counter(key for pair in pairs for key in set(_keys(pair)))
    for pair in pairs:
        owners |= {key: pair.name for key in _keys(pair) if claims[key] == 1}
    found: dict[str, Path] = {}
    for name, file in files.items():
        stems = [name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)]
        if owner := next((owners[stem] for stem in stems if stem in owners), None):
            found[owner] = file
    if not found:
        raise UnknownModel(f"{path} holds no model, and no picture of it has the name of a pair; name them alike.")
    return PictureFolder(path, found)


def _keys(pair: Pair) -> Iterator[str]:
    """Every end of the pair's name and of its blurred picture's path."""
    for whole in (pair.name, pair.blurred.with_suffix("").as_posix()):
        parts = whole.split("/")
        yield from ("/".join(parts[index:]) for index in range(len(parts)))


def read_pixels(path: Path) -> Pixels:
    """A picture rounded to 8 bits, uint8 [H, W, 3].

    Raises:
        UnreadableImage: it cannot be read.
    """
    pixels = read(path, as_stored=True).pixels
    return pixels if pixels.dtype == np.uint8 else to_integer(to_float(pixels), 8)
