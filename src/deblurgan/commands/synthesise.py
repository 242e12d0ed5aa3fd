"""`deblurgan synthesise`: make blurred and sharp pairs from sharp photographs, or from frames of video."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Literal

import click
import numpy as np
from click.core import ParameterSource

from deblurgan.blur import BlurSettings, draw_exposure, expose
from deblurgan.blur.windows import WindowSettings, expose_windows
from deblurgan.clip import frames_of
from deblurgan.errors import DeblurganError, PairError, UnwritableTarget
from deblurgan.formats import is_video
from deblurgan.image import Image, is_picture, pictures_in, read, to_float, write
from deblurgan.resampling import reduced

_FOR_PHOTOGRAPHS = ("count", "longest", "recipe")
_FOR_FRAMES = ("step", "interpolate", "linear", "noise")


def _window(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Read an odd number of frames, or a range such as 7-13."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", value)
    shortest, longest = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 3 <= shortest <= longest or shortest % 2 == 0 or longest % 2 == 0:
        raise click.BadParameter(
            f"{value!r} is no odd number of frames from 3 up, such as 9, or range, such as 7-13."
        )
    return shortest, longest


@click.command()
@click.argument("sharp", metavar="SHARP", type=click.Path(exists=True))
@click.option(
    "-o", "--output", required=True, metavar="PAIRS", help="Folder for NAME_blur.png and NAME_sharp.png."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Pairs per photograph.")
@click.option(
    "--longest",
    type=click.IntRange(2),
    default=BlurSettings.longest,
    show_default=True,
    help="Photographs: largest displacement in pixels; so much is cut off at each edge.",
)
@click.option(
    "--recipe",
    metavar="RECIPE",
    help="Photographs: degrade them as the training by this recipe does, by name or TOML file; a network that "
    "enlarges gets pictures of a fraction of the size.",
)
@click.option(
    "--window",
    callback=_window,
    metavar="N|N-M",
    help="The pictures in SHARP are consecutive frames; average N of them, odd, or a number drawn from N to M, "
    f"into one exposure. A video always is averaged, by {WindowSettings.shortest}-{WindowSettings.longest} if "
    "not given.",
)
@click.option(
    "--step",
    type=click.IntRange(1),
    help="Frames: from the start of one exposure to the next; the window itself if not given.",
)
@click.option(
    "--interpolate",
    type=click.IntRange(1),
    default=WindowSettings.parts,
    show_default=True,
    help="Frames: moments per frame, the others found by optical flow; 1 for none.",
)
@click.option(
    "--linear",
    type=click.FloatRange(0, 1),
    default=WindowSettings.linear,
    show_default=True,
    help="Frames: share of exposures averaged in linear light (gamma 2.2); the others in stored values.",
)
@click.option(
    "--noise/--no-noise",
    default=True,
    show_default=True,
    help="Frames: measure their noise and add what averaging took away.",
)
@click.pass_context
def synthesise(
    context: click.Context,
    sharp: str,
    output: str,
    seed: int,
    count: int,
    longest: int,
    recipe: str | None,
    window: tuple[int, int] | None,
    step: int | None,
    interpolate: int,
    linear: float,
    noise: bool,
) -> int:
    """Make blurred and sharp pairs from SHARP.

    SHARP is a photograph, a folder of photographs, a folder of numbered consecutive frames (with --window), or a
    video. A photograph is blurred by a motion that is drawn; frames are averaged, and the sharp picture is the
    middle one.
    """
    source = Path(sharp)
    is_clip = is_video(source) or window is not None
    _refuse_options(context, _FOR_PHOTOGRAPHS if is_clip else _FOR_FRAMES, is_clip)
    if not is_clip:
        blur, scale = _degradation(context, recipe, longest)
        return _from_photographs(source, Path(output), count, seed, blur, scale)
    if source.is_file() and is_picture(source):
        raise PairError(f"{source} is one picture; --window takes a folder of frames or a video.")
    shortest, most = window or (WindowSettings.shortest, WindowSettings.longest)
    settings = WindowSettings(
        shortest=shortest, longest=most, step=step, parts=interpolate, linear=linear, noisy=noise
    )
    return _from_frames(source, Path(output), seed, settings)


def _degradation(context: click.Context, recipe: str | None, longest: int) -> tuple[BlurSettings, int]:
    """How photographs are blurred, and how many times they are reduced."""
    if recipe is None:
        return BlurSettings(longest=longest), 1
    if context.get_parameter_source("longest") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--longest is part of the recipe; give one of them.")
    from deblurgan.training.recipe import load

    settings = load(recipe)
    return settings.blur, settings.data.scale


def _refuse_options(context: click.Context, names: tuple[str, ...], is_clip: bool) -> None:
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            hint = "which are not averaged" if is_clip else "or video; give --window if SHARP holds frames"
            meant = "photographs" if is_clip else "frames"
            raise click.UsageError(f"--{name} is for {meant}, {hint}.")


def _from_photographs(
    source: Path, output: Path, count: int, seed: int, settings: BlurSettings, scale: int
) -> int:
    photographs = pictures_in(source) if source.is_dir() else [source]
    if not photographs:
        raise PairError(f"{source} holds no pictures; give sharp photographs.")
    stems = Counter(path.stem for path in photographs)
    # As of a camera that leaves a raw file beside each JPEG.
    names = {path: path.stem if stems[path.stem] == 1 else path.name.replace(".", "_") for path in photographs}
    passed_over = []
    for index, path in enumerate(photographs):
        try:
            photo = _sharp_photograph(path, settings.longest)
        except DeblurganError as error:
            passed_over.append(str(error))
            continue
        for repeat in range(count):
            rng = np.random.default_rng((seed, index, repeat))
            exposure = draw_exposure(rng, settings, (photo.height, photo.width))
            name = f"{names[path]}_{repeat}" if count > 1 else names[path]
            blurred, sharp = expose(photo.pixels, exposure)
            height, width = (side // scale * scale for side in sharp.shape[:2])
            blurred, sharp = (side[:height, :width] for side in (blurred, sharp))
            _write_pair(output, name, Image(pixels=reduced(blurred, scale)), Image(pixels=sharp))
    if len(passed_over) == len(photographs):
        raise PairError(passed_over[0])
    for reason in passed_over:
        click.echo(f"Passed over: {reason}", err=True)
    return 1 if passed_over else 0


def _sharp_photograph(path: Path, longest: int) -> Image:
    photo = read(path)
    if min(photo.height, photo.width) <= 2 * longest:
        raise PairError(f"{path} is smaller than {2 * longest + 1} pixels; use a smaller --longest.")
    return photo


def _from_frames(source: Path, output: Path, seed: int, settings: WindowSettings) -> int:
    clip = source.resolve().name if source.is_dir() else source.stem
    made = 0
    for pair in expose_windows(frames_of(source), settings, seed):
        depth: Literal[8, 16] = 16 if pair.sharp.dtype == np.uint16 else 8
        blurred, sharp = (Image(pixels=pixels, bit_depth=depth) for pixels in (pair.blurred, to_float(pair.sharp)))
        _write_pair(output, f"{clip}_{pair.middle:06d}", blurred, sharp)
        made += 1
    if not made:
        raise PairError(f"{source} holds fewer than {settings.shortest} frames; give more or a smaller --window.")
    return 0


def _write_pair(output: Path, name: str, blurred: Image, sharp: Image) -> None:
    """Write both pictures or none: one without the other would spoil the folder for `find_pairs`."""
    target, other = (output / f"{name}_{side}.png" for side in ("blur", "sharp"))
    for place in (target, other):
        if place.exists():
            raise UnwritableTarget(f"{place} exists already; name another folder.")
    write(blurred, target)
    try:
        write(sharp, other)
    except BaseException:
        target.unlink()
        raise
    click.echo(str(target))
