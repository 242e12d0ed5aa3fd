"""Recipes and pairs for small trainings."""

import dataclasses

import numpy as np
import PIL.Image


def changed(recipe, **sections):
    """The recipe with some settings of some sections replaced."""
    return dataclasses.replace(
        recipe,
        **{name: dataclasses.replace(getattr(recipe, name), **settings) for name, settings in sections.items()},
    )


def write_pair(folder, name, scene, shift=2):
    """A sharp picture, and the same doubled some pixels aside; gives the folder's name."""
    folder.mkdir(exist_ok=True)
    smeared = ((scene.astype(int) + np.roll(scene, shift, axis=1)) // 2).astype(np.uint8)
    PIL.Image.fromarray(smeared).save(folder / f"{name}_blur.png")
    PIL.Image.fromarray(scene).save(folder / f"{name}_sharp.png")
    return str(folder)
