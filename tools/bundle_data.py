"""Gather training data into one folder of limited size: all photographs, and of the pairs as many as fit.

Usage: python tools/bundle_data.py PHOTOS PAIRS OUT [MEBIBYTES]

OUT/photos and OUT/pairs are what data.photos and data.pairs of a recipe name. The pairs that are kept are spread
evenly over each sequence.
"""

import shutil
import sys
from pathlib import Path

from deblurgan.image import pictures_in
from deblurgan.pairs import Pair, find_pairs


def size_of(pair: Pair) -> int:
    """Bytes of both pictures."""
    return pair.blurred.stat().st_size + pair.sharp.stat().st_size


def fitting(pairs: list[Pair], room: int) -> list[Pair]:
    """Every n-th pair, with the least n for which they fit into `room` bytes."""
    for stride in range(1, len(pairs) + 1):
        if sum(map(size_of, pairs[::stride])) <= room:
            return pairs[::stride]
    return []


def main(photos: Path, pairs: Path, out: Path, most: int) -> None:
    """Copy, and say what was taken."""
    taken = pictures_in(photos)
    room = most * 2**20 - sum(path.stat().st_size for path in taken)
    if room < 0:
        sys.exit(f"The photographs alone are larger than {most} MiB; give fewer.")
    kept = fitting(find_pairs(pairs), room)
    for folder, paths in (
        ("photos", taken),
        ("pairs", [side for pair in kept for side in (pair.blurred, pair.sharp)]),
    ):
        (out / folder).mkdir(parents=True, exist_ok=True)
        for path in paths:
            shutil.copyfile(path, out / folder / path.name)
    print(f"{len(taken)} photographs and {len(kept)} pairs in {out}")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:4]), most=int(sys.argv[4]) if len(sys.argv) == 5 else 55)
