"""Measure the guard's two error rates, and what it does to sharp photographs and to a model's gain.

Usage: python tools/guard_rates.py PHOTOS PAIRS [--model NAME_OR_PATH] [--count N]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deblurgan import RestoreOptions, Restorer, find_pairs, guard, load, read
from deblurgan.blur import BlurSettings, draw_exposure, expose
from deblurgan.image import pictures_in
from deblurgan.metrics import psnr

Pixels = NDArray[np.float32]

BAD_TILE = 256
"""Side in pixels of the window that local damage fills."""

NOTICED = 0.05
"""A sound result counts as a false alarm if the guard takes more than this share of the change for damage."""

LET_THROUGH = 0.5
"""Damage counts as missed if more than this share of its root mean square is left."""


@dataclass(frozen=True)
class Damage:
    """A way to spoil a result: of (generator, result, strength), the strengths measured, and what they mean."""

    spoil: Callable[[np.random.Generator, Pixels, float], Pixels]
    strengths: tuple[float, ...]
    meaning: str


@dataclass(frozen=True)
class Case:
    """A blurred picture, the network's result without the guard and the truth, float32 [H, W, 3] in [0, 1]."""

    blurred: Pixels
    restored: Pixels
    sharp: Pixels


def tinted_tile(rng: np.random.Generator, result: Pixels, strength: float) -> Pixels:
    """One channel is lifted or lowered in a window, away from the nearer end of the scale."""
    channel = np.eye(3, dtype=np.float32)[rng.integers(3)]
    return _in_window(rng, result, lambda tile: tile + strength * _inwards(tile @ channel) * channel)


def brighter_tile(rng: np.random.Generator, result: Pixels, strength: float) -> Pixels:
    """All channels are lifted or lowered in a window, away from the nearer end of the scale."""
    return _in_window(rng, result, lambda tile: tile + strength * _inwards(tile))


def noisy_tile(rng: np.random.Generator, result: Pixels, strength: float) -> Pixels:
    """White noise in a window."""
    return _in_window(rng, result, lambda tile: tile + strength * rng.standard_normal(tile.shape, np.float32))


def spots(rng: np.random.Generator, result: Pixels, strength: float) -> Pixels:
    """Twenty discs of radius 3 that go towards white or black, whichever is farther."""
    spoilt = result.copy()
    disc = np.hypot(*np.mgrid[-3:4, -3:4]) <= 3
    for _ in range(20):
        top, left = (int(rng.integers(side - 7)) for side in result.shape[:2])
        window = spoilt[top : top + 7, left : left + 7]
        window[disc] += strength * (float(window.mean() < 0.5) - window[disc])
    return spoilt


def checkerboard(rng: np.random.Generator, result: Pixels, strength: float) -> Pixels:
    """A pattern drawn at random that repeats every 2, 4, 8 or 16 pixels over the whole picture."""
    period = int(rng.choice([2, 4, 8, 16]))
    pattern = rng.standard_normal((period, period)).astype(np.float32)
    pattern = strength * (pattern - pattern.mean()) / pattern.std()
    height, width = result.shape[:2]
    repeats = (-(-height // period), -(-width // period))
    return result + np.tile(pattern, repeats)[:height, :width, None]


def inverse_filter(rng: np.random.Generator, result: Pixels, strength: float) -> Pixels:
    """Wiener filter for a horizontal motion of 15 pixels that did not take place; strength in dB."""
    kernel = np.zeros(result.shape[1], np.float32)
    kernel[:15] = 1 / 15
    transfer = np.fft.rfft(np.roll(kernel, -7))[:, None]
    inverse = np.conj(transfer) / (np.abs(transfer) ** 2 + 10 ** (-strength / 10))
    return np.fft.irfft(np.fft.rfft(result, axis=1) * inverse, result.shape[1], axis=1).astype(np.float32)


def not_finite(rng: np.random.Generator, result: Pixels, strength: float) -> Pixels:
    """As many values as `strength` are not numbers."""
    spoilt = result.copy()
    spoilt.reshape(-1)[rng.integers(result.size, size=int(strength))] = np.nan
    return spoilt


def _inwards(values: Pixels) -> np.float32:
    return np.float32(1 if values.mean() < 0.5 else -1)


def _in_window(rng: np.random.Generator, result: Pixels, spoil: Callable[[Pixels], Pixels]) -> Pixels:
    top, left = (int(rng.integers(max(1, side - BAD_TILE))) for side in result.shape[:2])
    spoilt = result.copy()
    window = spoilt[top : top + BAD_TILE, left : left + BAD_TILE]
    window[...] = spoil(window)
    return spoilt


DAMAGES: dict[str, Damage] = {
    "tinted tile": Damage(tinted_tile, (0.05, 0.1, 0.2, 0.4), "added to one channel in 256x256 pixels"),
    "brighter or darker tile": Damage(brighter_tile, (0.1, 0.2, 0.4), "added to all channels in 256x256 pixels"),
    "noisy tile": Damage(noisy_tile, (0.1, 0.2, 0.4), "standard deviation in 256x256 pixels"),
    "spots": Damage(spots, (0.25, 0.5, 1.0), "share of the way to white or black, 20 discs of radius 3"),
    "grid": Damage(checkerboard, (0.01, 0.02, 0.04), "standard deviation of the pattern"),
    "inverse filter": Damage(inverse_filter, (10, 20, 30), "assumed signal-to-noise ratio in dB"),
    "not finite": Damage(not_finite, (1,), "values"),
}


def towards_truth(share: float) -> Callable[[Case], Pixels]:
    """Stand-in for a stronger network: the blurred picture moved by a share of the way to the truth."""
    return lambda each: each.blurred + np.float32(share) * (each.sharp - each.blurred)


SOUND_RESULTS: dict[str, Callable[[Case], Pixels]] = {
    "the model's": lambda each: each.restored,
    "half way to the truth": towards_truth(0.5),
    "three quarters of the way": towards_truth(0.75),
    "the truth": towards_truth(1.0),
}


def main() -> None:
    """Print the tables of the documentation."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", type=Path, help="folder of sharp photographs")
    parser.add_argument("pairs", type=Path, help="folder of blurred and sharp pairs")
    parser.add_argument("--model", help="name or path; the default model if not given")
    parser.add_argument("--count", type=int, default=40, help="photographs used, first by name")
    arguments = parser.parse_args()
    restorer = load(arguments.model)
    photos = pictures_in(arguments.photos)[: arguments.count]
    pairs = find_pairs(arguments.pairs)
    groups = {
        "synthetic blur": list(synthetic_cases(photos, restorer)),
        "real pairs": [case(read(pair.blurred).pixels, read(pair.sharp).pixels, restorer) for pair in pairs],
    }
    print_missed(groups["synthetic blur"])
    print_false_alarms(groups)
    print_sharp([case(pixels, pixels, restorer) for pixels in (read(photo).pixels for photo in photos)])


def case(blurred: Pixels, sharp: Pixels, restorer: Restorer) -> Case:
    """Restore a picture without the guard."""
    return Case(blurred, restorer(blurred, RestoreOptions(guard=False)).pixels, sharp)


def synthetic_cases(photos: list[Path], restorer: Restorer) -> Iterator[Case]:
    """One exposure per photograph, always with motion, the same in each run."""
    for index, photo in enumerate(photos):
        pixels = read(photo).pixels
        exposure = draw_exposure(np.random.default_rng(index), BlurSettings(still=0), pixels.shape[:2])
        yield case(*expose(pixels, exposure), restorer)


def print_missed(cases: list[Case]) -> None:
    """Damage of known strength on the network's results: how often too much of it is left."""
    print("| damage | strength | missed |\n|---|---|---|")
    for name, damage in DAMAGES.items():
        for strength in damage.strengths:
            missed = sum(
                left_over(each, damage.spoil(np.random.default_rng(index), each.restored, strength)) > LET_THROUGH
                for index, each in enumerate(cases)
            )
            print(f"| {name} | {strength:g} ({damage.meaning}) | {missed} of {len(cases)} |", flush=True)


def left_over(each: Case, spoilt: Pixels) -> float:
    """Share of the damage's root mean square that the guard lets through; one that is not finite counts whole."""
    verdict = guard.judge(each.blurred, spoilt)
    error = np.nan_to_num(np.clip(spoilt, 0, 1) - each.restored, nan=1.0)
    kept = kept_share(verdict, each.blurred) * error
    return float(np.sqrt(np.square(kept).sum() / np.square(error).sum()))


def kept_share(verdict: guard.Verdict, like: Pixels) -> Pixels:
    """The verdict's weight of each value: what is left of a change from 0 to 1."""
    weights = np.ones_like(like)
    guard.mix(np.zeros_like(like), weights, verdict)
    return weights


def print_false_alarms(groups: dict[str, list[Case]]) -> None:
    """Sound results: how often the guard takes part of them for damage, and what it costs in all."""
    print("\n| blur | sound result | false alarms | mean PSNR without | with the guard |\n|---|---|---|---|---|")
    for group, cases in groups.items():
        for name, result_of in SOUND_RESULTS.items():
            alarms, without, with_guard = 0, 0.0, 0.0
            for each in cases:
                result = result_of(each)
                alarms += taken_for_damage(each.blurred, result) > NOTICED
                without += psnr(result, each.sharp, data_range=1) / len(cases)
                with_guard += psnr(guarded(each.blurred, result), each.sharp, data_range=1) / len(cases)
            # The truth's PSNR is infinite but for rounding, and says nothing.
            figures = "- | -" if name == "the truth" else f"{without:.3f} | {with_guard:.3f}"
            print(f"| {group} | {name} | {alarms} of {len(cases)} | {figures} |", flush=True)


def taken_for_damage(blurred: Pixels, result: Pixels) -> float:
    """Share of the change that the criteria of damage take back."""
    damage_only = {name: criterion for name, criterion in guard.CRITERIA.items() if criterion.damage}
    return 1 - guard.judge(blurred, result, damage_only).share


def guarded(before: Pixels, after: Pixels) -> Pixels:
    """The result as users get it."""
    mixed = after.copy()
    guard.mix(before, mixed, guard.judge(before, after))
    return mixed


def print_sharp(cases: list[Case]) -> None:
    """Sharp photographs: how far the result is from them."""
    print("\n| sharp photographs | mean PSNR against the input | least |\n|---|---|---|")
    for name, finish in (
        ("without", lambda each: each.restored),
        ("with the guard", lambda each: guarded(each.blurred, each.restored)),
    ):
        values = [min(psnr(finish(each), each.sharp, data_range=1), 100) for each in cases]
        print(f"| {name} | {np.mean(values):.2f} | {min(values):.2f} |")


if __name__ == "__main__":
    main()
