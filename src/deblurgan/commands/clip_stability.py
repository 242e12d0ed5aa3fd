"""`deblurgan evaluate --video`: how steady models leave a clip, beside the clip as it came."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from deblurgan.clip import frames_of
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.stability import Stability, measure_stability
from deblurgan.whole import whole_file


def report_stability(
    clip: Path,
    restorers: Mapping[str, Restorer],
    options: RestoreOptions,
    *,
    sharp: Path | None,
    steady: bool,
    json_file: Path | None,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Measure a video, or a folder of numbered frames, and print a table.

    Args:
        clip: the video or folder.
        restorers: by the name they appear under.
        options: how they restore.
        sharp: the same frames, only sharp, if there are any.
        steady: restored frames are merged with their neighbours.
        json_file: gets every figure, too.
        overwrite: it may be there, and is replaced.
        quiet: no progress.
    """
    from tqdm import tqdm

    hidden = quiet or not sys.stderr.isatty()
    frames = tqdm(frames_of(clip), unit="frame", file=sys.stderr, disable=hidden, leave=False)
    aims = None if sharp is None else frames_of(sharp)
    figures = measure_stability(frames, restorers, aims, options, steady=steady)
    click.echo(as_markdown(figures))
    if json_file:
        with whole_file(json_file, overwrite=overwrite) as file:
            file.write_text(json.dumps([asdict(row) for row in figures], indent=2), "utf-8")
    return 0


def as_markdown(figures: list[Stability]) -> str:
    """A table; the first row, the input's, is what the others are compared with."""
    first = figures[0]
    lines = [
        f"{first.frames} frames; less is steadier.",
        "",
        "| version | warping error | jitter | against the input's | residual | its variation |",
        "|---|---|---|---|---|---|",
    ]
    for row in figures:
        change = f"{row.jitter / first.jitter - 1:+.1%}" if first.jitter else "-"
        cells = (f"{row.jitter:.3f} px", change, f"{row.residual:.2f}", f"{row.residual_variation:.2f}")
        lines.append(f"| {row.model} | {row.warping_error:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines)
