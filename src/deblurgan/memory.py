"""What a picture and a tile cost in memory, how much there is, and the largest tile that leaves room."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

from deblurgan.errors import DeblurganError


@dataclass(frozen=True)
class EngineMemory:
    """What an engine takes with the default network.

    Attributes:
        program: bytes before it has seen a picture: Python, libraries, weights.
        per_tile_pixel: bytes for each pixel of a tile, the arrays on the way to the engine and back included.
        of_pixels: the same where it takes 8-bit pixels as they are; None if it takes floats alone.
    """

    program: int
    per_tile_pixel: int
    of_pixels: int | None = None


# What tools/tile_memory.py measured (OpenVINO 2026.4, ONNX Runtime 1.32, PyTorch 2.14 on Ice Lake, OpenVINO's bf16
# on Zen 4): for floats a tenth more for each pixel, which tiles of a 48-megapixel photo took, and for pixels three
# bytes less, which there are the photo's own. OpenVINO's float32 is from Zen 3, and ONNX Runtime's, with a tenth
# more, which it took on Ice Lake.
ENGINE_MEMORY: dict[tuple[str, str], EngineMemory] = {
    ("openvino", "bf16"): EngineMemory(165_000_000, 84, 66),
    ("openvino", "f32"): EngineMemory(185_000_000, 123, 96),
    ("openvino", "int8"): EngineMemory(240_000_000, 174, 122),
    ("onnx", "f32"): EngineMemory(175_000_000, 210),
    ("torch", "f32"): EngineMemory(780_000_000, 250),
    ("torch", "bf16"): EngineMemory(780_000_000, 140),
}
"""By an engine's name and precision."""

_UNKNOWN_ENGINE = EngineMemory(200_000_000, 300)


@dataclass(frozen=True)
class Share:
    """What one of two photographs that are worked on at once may take.

    Attributes:
        most_pixels: that it may have; 0 where there is no room for two.
        limit: bytes for it and the program, where the other one is as large as it may be.
    """

    most_pixels: int
    limit: int


LEAST_LIMIT = 200_000_000
"""Bytes below which no limit makes sense: most engines take as much before they have seen a picture."""

BYTES_PER_PIXEL = 12
"""Most that reading, holding or writing an 8-bit colour photo takes for each of its pixels."""

# Three values in half precision.
_BYTES_OF_CHANGE = 3 * 2
# A picture at a quarter of its size and less, as floats: those that are larger are not held.
_BYTES_OF_SMALLER = 1
_TOGETHER = 16_000_000
# A photo that waits for its turn with the engine holds its next tile, as floats twice at most.
_WAITING = 120_000_000
_LEAST_SHARE = 700_000_000

_USUAL_LIMIT = 1_450_000_000
# The program and a tile that is not mostly halo.
_BESIDE_PICTURES = 700_000_000
_SHARE_OF_AVAILABLE = 0.75
_WITHOUT_ANSWER = 4_000_000_000
# Below this the halo is most of the tile; larger tiles than the upper bound gain next to nothing.
_LEAST_TILE, _LARGEST_TILE = 640**2, 4096**2

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}

_SYSTEM = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def parse_size(text: str) -> int:
    """Return the bytes that a size such as 1.5G, 800M or 2000000000 stands for; units are powers of 1000.

    Raises:
        DeblurganError: it is no size, or not above `LEAST_LIMIT`.
    """
    found = _SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if size <= LEAST_LIMIT:
        least = f"{LEAST_LIMIT // 10**6}M"
        raise DeblurganError(f"Memory is {text!r}; give a size such as 1.5G or 800M, more than {least}.")
    return size


def default_limit(pictures: int = 0) -> int:
    """Bytes the whole program may take where nobody says: 1.45 GB, less on a machine that has little free.

    Args:
        pictures: bytes that whole pictures take; where these alone are most of it, the limit is higher.
    """
    usual = max(_USUAL_LIMIT, pictures + _BESIDE_PICTURES)
    return max(LEAST_LIMIT, min(usual, int(_SHARE_OF_AVAILABLE * available())))


def available() -> int:
    """Bytes this process could still take without swapping, by the system and the control group."""
    return min(_free_in_system(), _free_in_group())


def most_pixels(limit: int) -> int:
    """Pixels of the largest 8-bit photo that can be read, held and written within `limit` bytes."""
    return max(0, limit - LEAST_LIMIT) // BYTES_PER_PIXEL


def share_for_two(limit: int) -> Share:
    """What each of two photographs may take at once, out of `limit` bytes for the whole program."""
    share = limit - _TOGETHER * BYTES_PER_PIXEL - _WAITING
    return Share(_TOGETHER, share) if share >= _LEAST_SHARE else Share(0, limit)


def most_pixels_at_once(limit: int, engine: tuple[str, str]) -> int:
    """Pixels of the largest picture that an engine can take in one piece within `limit` bytes.

    Args:
        limit: of the whole program.
        engine: its name and precision; one that was not measured counts as greedy.
    """
    costs = ENGINE_MEMORY.get(engine, _UNKNOWN_ENGINE)
    return max(0, limit - costs.program) // (costs.per_tile_pixel + BYTES_PER_PIXEL)


def largest_tile(
    size: tuple[int, int],
    *,
    bytes_per_sample: int,
    limit: int | None,
    engine: tuple[str, str],
    blended: bool,
    copies: int = 0,
    enlarged: float = 1.0,
    by_passes: bool = False,
    below: bool = False,
    as_pixels: bool = False,
) -> int:
    """Pixels of the largest tile with which restoring a picture stays within about `limit` bytes.

    Args:
        size: (height, width) of the picture.
        bytes_per_sample: 1, 2 or 4.
        limit: of the whole program; None for `default_limit`.
        engine: its name and precision; one that was not measured counts as greedy.
        blended: tiles fade into each other.
        copies: of a tile that are held as floats beside those of a single pass through the network.
        enlarged: how many times its pixels a tile has when the network sees it, at several sizes if not once.
        by_passes: the passes of a scale-recurrent network are cut one by one: what the one before the last found
            is held for the whole picture, and what the last found at all sizes but one.
        below: the tile is of the passes before the last, when there is no result yet, but smaller pictures are.
        as_pixels: the engine takes the picture's pixels, not floats.
    """
    costs = ENGINE_MEMORY.get(engine, _UNKNOWN_ENGINE)
    per_tile_pixel = costs.of_pixels if as_pixels and costs.of_pixels else costs.per_tile_pixel
    per_pixel = per_tile_pixel * enlarged + copies * 3 * 4
    changes = by_passes * (1 / 4 + (enlarged > 1)) * _BYTES_OF_CHANGE
    others = _BYTES_OF_SMALLER if below else 3 * bytes_per_sample
    pictures = int((3 * bytes_per_sample + others + changes) * math.prod(size))
    limit = default_limit(pictures) if limit is None else limit
    room = max(0, limit - costs.program - pictures)
    # Rows that other tiles still fade into are held as floats across the picture, twice where they move on: a
    # square tile of side s costs per_pixel * s * s + strip * s.
    strip = 2 * 3 * 4 * size[1] if blended else 0
    side = (math.sqrt(strip**2 + 4 * per_pixel * room) - strip) / (2 * per_pixel)
    return int(min(max(side * side, _LEAST_TILE), _LARGEST_TILE))


def _free_in_system() -> int:
    try:
        found = re.search(r"^MemAvailable:\s*(\d+) kB", _SYSTEM.read_text("ascii"), flags=re.MULTILINE)
        if found:
            return int(found[1]) * 1024
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (OSError, ValueError, AttributeError):
        return _WITHOUT_ANSWER


def _free_in_group() -> int:
    """What the control group leaves; no limit counts as endless."""
    try:
        allowed, used = ((_GROUP / name).read_text("ascii").strip() for name in ("memory.max", "memory.current"))
        return max(0, int(allowed) - max(0, int(used) - _dropped_at_need()))
    except (OSError, ValueError):
        return 2**63


def _dropped_at_need() -> int:
    """What counts as used by the control group, but is only files' contents that nobody looked at lately."""
    try:
        found = re.search(r"^inactive_file (\d+)$", (_GROUP / "memory.stat").read_text("ascii"), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0
