"""Pictures at another size, by the antialiased bicubic filter of Pillow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.Image import Resampling

Picture = NDArray[np.float32]


def reduced(picture: Picture, scale: int) -> Picture:
    """A `scale`-th of the size, [H, W, 3] to [H // scale, W // scale, 3]; values in [0, 1]."""
    height, width = picture.shape[:2]
    return resized(picture, height // scale, width // scale)


def enlarged(picture: Picture, scale: int) -> Picture:
    """`scale` times the size, [H, W, 3] to [scale * H, scale * W, 3]; values in [0, 1]."""
    height, width = picture.shape[:2]
    return resized(picture, height * scale, width * scale)


def resized(picture: Picture, height: int, width: int) -> Picture:
    """[H, W, 3] to [height, width, 3]; values in [0, 1]."""
    if picture.shape[:2] == (height, width):
        return picture
    channels = (
        Image.fromarray(channel).resize((width, height), Resampling.BICUBIC)
        for channel in picture.transpose(2, 0, 1)
    )
    return np.clip(np.stack([np.asarray(channel) for channel in channels], axis=2), 0, 1)
