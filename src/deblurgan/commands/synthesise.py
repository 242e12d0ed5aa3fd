"""`deblurgan synthesise`: make blurred and sharp pairs from sharp photographs."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from deblurgan.blur import BlurSettings, draw_exposure, expose
from deblurgan.errors import PairError
from deblurgan.image import Image, pictures_in, read, write


@click.command()
@click.argument("sharp", metavar="SHARP", type=click.Path(exists=True))
@click.option(
    "-o", "--output", required=True, metavar="PAIRS", help="Folder for NAME_blur.png and NAME_sharp.png."
)
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Pairs per photograph.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--longest",
    type=click.IntRange(2),
    default=BlurSettings.longest,
    show_default=True,
    help="Largest displacement in pixels; so much is cut off at each edge.",
)
def synthesise(sharp: str, output: str, count: int, seed: int, longest: int) -> int:
    """Make blurred and sharp pairs from SHARP, a photograph or a folder of them."""
    sources = pictures_in(Path(sharp)) if Path(sharp).is_dir() else [Path(sharp)]
    if not sources:
        raise PairError(f"{sharp} holds no pictures; give sharp photographs.")
    settings = BlurSettings(longest=longest)
    for index, source in enumerate(sources):
        photo = read(source)
        if min(photo.height, photo.width) <= 2 * longest:
            raise PairError(f"{source} is smaller than {2 * longest + 1} pixels; use a smaller --longest.")
        for repeat in range(count):
            rng = np.random.default_rng((seed, index, repeat))
            exposure = draw_exposure(rng, settings, (photo.height, photo.width))
            blurred, middle = expose(photo.pixels, exposure)
            stem = Path(output) / (f"{source.stem}_{repeat}" if count > 1 else source.stem)
            for pixels, kind in ((blurred, "blur"), (middle, "sharp")):
                write(Image(pixels=pixels), stem.with_name(f"{stem.name}_{kind}.png"))
            click.echo(f"{stem}_blur.png")
    return 0
