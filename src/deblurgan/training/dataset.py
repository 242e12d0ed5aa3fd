"""The training set, addressed by number: sample i is a function of the recipe, the seed and i alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from deblurgan import image
from deblurgan.blur import draw_exposure, expose
from deblurgan.resampling import Picture, reduced, resized
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

    def _real(self, rng: np.random.Generator) -> tuple[Picture, Picture]:
        drawn = self.pictures.pairs[rng.choice(len(self.pictures.pairs), p=self.pictures.weights)]
        blurred, sharp = (pixels_of(side) for side in drawn)
        cut = self._draw_cut(rng, sharp, self.recipe.data.crop)
        return cut(blurred), cut(sharp)

    def _synthetic(self, rng: np.random.Generator) -> tuple[Picture, Picture]:
        data, blur = self.recipe.data, self.recipe.blur
        photos, pairs = self.pictures.photos, self.pictures.pairs
        if pairs and (not photos or rng.uniform() < data.pair_frame_share):
            source = pixels_of(pairs[rng.integers(len(pairs))][1])
        else:
            source = pixels_of(photos[rng.integers(len(photos))])
        side = data.crop + 2 * blur.longest
        return expose(self._draw_cut(rng, source, side)(source), draw_exposure(rng, blur, (side, side)))

    def _draw_cut(self, rng: np.random.Generator, picture: Pixels, side: int) -> Callable[[Pixels], Picture]:
        """Draw place, size and colours of a crop: a function that cuts it from any picture of that size."""
        data, taken = self.recipe.data, side
        if data.least_size < 1 and rng.uniform() < 0.5:
            taken = min(round(side / rng.uniform(data.least_size, 1)), *picture.shape[:2])
        rows, columns = _place(rng, picture, taken, data.positions)
        order, gains = np.arange(3), np.ones(3, np.float32)
        if data.recoloured and rng.uniform() < data.recoloured:
            order, gains = rng.permutation(3), rng.uniform(0.6, 1, size=3).astype(np.float32)
        return lambda whole: resized(image.to_float(whole[rows, columns]), side, side)[:, :, order] * gains


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


def _as_tensors(blurred: Picture, sharp: Picture, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Turn both the same way, one of the eight symmetries of the square, and map to [-1, 1]."""
    quarters, mirrored = int(rng.integers(4)), bool(rng.integers(2))

    def turn(picture: Picture) -> Tensor:
        turned = np.rot90(picture, quarters)
        turned = turned[:, ::-1] if mirrored else turned
        return torch.from_numpy(np.ascontiguousarray(turned.transpose(2, 0, 1)) * 2 - 1)

    return turn(blurred), turn(sharp)
