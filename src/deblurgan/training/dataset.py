"""The training set, addressed by number: sample i is a function of the recipe, the seed and i alone."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from deblurgan import image
from deblurgan.blur import draw_exposure, expose
from deblurgan.resampling import reduced
from deblurgan.training.pictures import Pictures, Pixels, pixels_of
from deblurgan.training.settings import Recipe


class TrainingSet(Dataset[tuple[Tensor, Tensor]]):
    """Blurred and sharp crops, float32 [3, crop, crop] in [-1, 1], by sample number.

    Args:
        recipe: the settings.
        pictures: what `load_pictures` gave.
    """

    def __init__(self, recipe: Recipe, pictures: Pictures) -> None:
        self.recipe = recipe
        self.pictures = pictures

    def __len__(self) -> int:
        return self.recipe.schedule.steps * self.recipe.data.batch

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((self.recipe.seed, index))
        if rng.uniform() < self.recipe.data.real_share:
            blurred, sharp = self._real(rng)
        else:
            blurred, sharp = self._synthetic(rng)
        return _as_tensors(reduced(blurred, self.recipe.data.scale), sharp, rng)

    def _real(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        drawn = self.pictures.pairs[rng.choice(len(self.pictures.pairs), p=self.pictures.weights)]
        blurred, sharp = (pixels_of(side) for side in drawn)
        rows, columns = _place(rng, sharp, self.recipe.data.crop, self.recipe.data.positions)
        return image.to_float(blurred[rows, columns]), image.to_float(sharp[rows, columns])

    def _synthetic(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        data, blur = self.recipe.data, self.recipe.blur
        photos, pairs = self.pictures.photos, self.pictures.pairs
        if pairs and (not photos or rng.uniform() < data.pair_frame_share):
            source = pixels_of(pairs[rng.integers(len(pairs))][1])
        else:
            source = pixels_of(photos[rng.integers(len(photos))])
        side = data.crop + 2 * blur.longest
        rows, columns = _place(rng, source, side, data.positions)
        return expose(image.to_float(source[rows, columns]), draw_exposure(rng, blur, (side, side)))


def _place(rng: np.random.Generator, picture: Pixels, side: int, positions: int) -> tuple[slice, slice]:
    """Of some random places, the one where neighbouring pixels differ most: flat sky teaches nothing."""
    height, width = picture.shape[:2]
    tops = rng.integers(0, height - side + 1, size=positions)
    lefts = rng.integers(0, width - side + 1, size=positions)
    places = [
        (slice(int(top), int(top) + side), slice(int(left), int(left) + side))
        for top, left in zip(tops, lefts, strict=True)
    ]
    return max(places, key=lambda place: _detail(picture[place]))


def _detail(crop: Pixels) -> float:
    green = crop[::2, ::2, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def _as_tensors(
    blurred: NDArray[np.float32], sharp: NDArray[np.float32], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Turn both the same way, one of the eight symmetries of the square, and map to [-1, 1]."""
    quarters, mirrored = int(rng.integers(4)), bool(rng.integers(2))

    def turn(picture: NDArray[np.float32]) -> Tensor:
        turned = np.rot90(picture, quarters)
        turned = turned[:, ::-1] if mirrored else turned
        return torch.from_numpy(np.ascontiguousarray(turned.transpose(2, 0, 1)) * 2 - 1)

    return turn(blurred), turn(sharp)
