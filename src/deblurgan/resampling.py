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
    channels = (_channel_resized(channel, height, width) for channel in picture.transpose(2, 0, 1))
    return np.clip(np.stack(list(channels), axis=2), 0, 1)


def resized_planes(planes: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """[N, C, H, W] to [N, C, height, width]; values of any range."""
    channels = [_channel_resized(channel, height, width) for picture in planes for channel in picture]
    return np.stack(channels).reshape(*planes.shape[:2], height, width)


def _channel_resized(channel: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(channel).resize((width, height), Resampling.BICUBIC))
