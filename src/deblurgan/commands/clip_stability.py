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
from deblurgan.stability import Stability, measure_stability
from deblurgan.whole import whole_file


def report_stability(clip: Path, restorers: Mapping[str, Restorer], *, json_file: str | None, quiet: bool) -> int:
    """Measure a video, or a folder of numbered frames, and print a table.

    Args:
        clip: the video or folder.
        restorers: by the name they appear under.
        json_file: gets every figure, too.
        quiet: no progress.
    """
    from tqdm import tqdm

    hidden = quiet or not sys.stderr.isatty()
    frames = tqdm(frames_of(clip), unit="frame", file=sys.stderr, disable=hidden, leave=False)
    figures = measure_stability(frames, restorers)
    click.echo(as_markdown(figures))
    if json_file:
        with whole_file(json_file, overwrite=True) as file:
            file.write_text(json.dumps([asdict(row) for row in figures], indent=2), "utf-8")
    return 0


def as_markdown(figures: list[Stability]) -> str:
    """A table; the first row, the input's, is what the others are compared with."""
    before = figures[0].warping_error
    lines = [
        f"{figures[0].frames} frames; grey levels of 255, less is steadier.",
        "",
        "| model | warping error | against the input's | residual | its variation |",
        "|---|---|---|---|---|",
    ]
    for row in figures:
        change = f"{row.warping_error / before - 1:+.1%}" if before else "-"
        added = f"{row.residual:.3f} | {row.residual_variation:.3f}"
        lines.append(f"| {row.model} | {row.warping_error:.3f} | {change} | {added} |")
    return "\n".join(lines)
