"""`deblurgan run`: sharpen photographs and videos."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import click

from deblurgan.cluster import WorkerOptions, restore_on_cluster
from deblurgan.commands.clips import (
    ClipOptions,
    kind_of,
    plan_numbered,
    restored_media,
    restored_raw,
    video_options,
    warn_of_idle_options,
)
from deblurgan.commands.options import (
    engine_option,
    guard_option,
    model_option,
    multi_scale_option,
    precision_option,
    quiet_option,
    self_ensemble_option,
    threads_option,
)
from deblurgan.jobs import Job, PhotoOptions, plan, target_taken
from deblurgan.memory import parse_size
from deblurgan.object_store import ObjectJob, is_address, plan_objects
from deblurgan.outcome import Outcome, Summary
from deblurgan.photo import NamedBytes, begun, outcome_of, pixels_allowed, restore_stream
from deblurgan.restore import Restorer, load
from deblurgan.restore_options import RestoreOptions
from deblurgan.video.pipe import NAME
from deblurgan.whole import is_taken


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", metavar="OUT", help="A folder, or a file if there is one input.")
@model_option
@engine_option
@precision_option
@threads_option
@click.option(
    "--tile",
    default="auto",
    show_default=True,
    metavar="SIZE",
    help="auto, off, or the largest tile's side in pixels.",
)
@click.option(
    "--memory",
    metavar="SIZE",
    help="About what the program may take, such as 1.5G; if not given 1.45G, less where less is free.",
)
@click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="0 leaves the picture as it is, 1 is the whole effect.",
)
@guard_option
@self_ensemble_option
@multi_scale_option
@click.option(
    "--preset",
    default="default",
    show_default=True,
    metavar="NAME",
    help="default, or official for the padding and rounding of the official DeblurGAN-v2.",
)
@click.option(
    "--format",
    "format_",
    metavar="SUFFIX",
    help="Format of the results, such as png; the input's if not given.",
)
@click.option(
    "--quality", type=click.IntRange(1, 100), help="For lossy formats; as good as the input if not given."
)
@click.option("--suffix", default="_deblurred", show_default=True, help="Put after the name of a result.")
@click.option("--overwrite", is_flag=True, help="Replace existing results.")
@click.option("--skip-existing", is_flag=True, help="Leave existing results and go on.")
@click.option("-r", "--recursive", is_flag=True, help="Look for pictures and videos in folders below, too.")
@click.option("--metadata", type=click.Choice(["keep", "strip"]), default="keep", show_default=True)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Share the work with a Ray cluster whose machines see the files too, or read them from an object store "
    "(s3://bucket/photos); auto for the one at hand.",
)
@video_options
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file on standard output.")
@quiet_option
def run(
    inputs: tuple[str, ...],
    output: str | None,
    model: str | None,
    engine: str,
    precision: str,
    threads: int | None,
    tile: str,
    memory: str | None,
    strength: float,
    guard: bool,
    self_ensemble: bool,
    multi_scale: bool,
    preset: str,
    format_: str | None,
    quality: int | None,
    suffix: str,
    overwrite: bool,
    skip_existing: bool,
    recursive: bool,
    metadata: Literal["keep", "strip"],
    cluster: str | None,
    clips: ClipOptions,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Sharpen photographs and videos: files, folders, patterns, or - for standard input to standard output.

    Results go beside the inputs as NAME_deblurred.EXT unless -o says otherwise. EXIF, colour profile,
    orientation and bit depth are kept; of videos the sound, subtitles, timing and colours. No file is overwritten
    unless --overwrite is given. One bad file never stops the rest. Exit code: 0 all done, 1 some failed, 2 wrong
    usage, 130 interrupted.
    """
    if "" in (*inputs, output, cluster):
        raise click.UsageError("An empty name, as of a shell variable that is not set; name a file or folder.")
    if overwrite and skip_existing:
        raise click.UsageError("--overwrite and --skip-existing contradict each other; leave one of them out.")
    options = PhotoOptions(
        restore=RestoreOptions(
            strength=strength,
            tile=int(tile) if tile.isdecimal() else tile,
            preset=preset,
            memory_limit=parse_size(memory) if memory else None,
            guard=guard,
            self_ensemble=self_ensemble,
            multi_scale=multi_scale,
        ),
        suffix=suffix,
        format=format_ and format_.removeprefix("."),
        quality=quality,
        metadata=metadata,
        overwrite=overwrite,
        skip_existing=skip_existing,
        recursive=recursive,
    )
    if dry_run and as_json:
        raise click.UsageError("--dry-run says in words what would be done; leave --json out.")
    if inputs == ("-",) and (dry_run or as_json):
        raise click.UsageError("--dry-run and --json are for files; leave them out with -.")
    if inputs == ("-",) and output in (None, "-"):
        if not quiet:
            warn_of_idle_options({"raw frames" if clips.size else "photos"})
        return _pipe(load(model, engine=engine, threads=threads, precision=precision), options, clips, quiet)
    if "-" in (*inputs, output):
        raise click.UsageError(
            "- reads standard input and writes standard output, alone and without -o FILE: run - < FILE > RESULT; "
            "write ./- for a file of that name."
        )
    jobs = _planned(inputs, output, options, clips, cluster)
    if not quiet:
        warn_of_idle_options({kind_of(job, clips) for job in jobs if not isinstance(job, Outcome)})
    if dry_run:
        return _show_plan(jobs, options)
    if cluster:
        outcomes = restore_on_cluster(jobs, cluster, WorkerOptions(model, engine, precision, threads), options)
    else:
        local = begun([job for job in jobs if not isinstance(job, ObjectJob)], options)
        restorer = load(model, engine=engine, threads=threads, precision=precision)
        if memory and restorer.manifest.tiling == "whole" and not quiet:
            click.echo(
                "deblurgan: this model must see pictures whole; --memory bounds their reading alone", err=True
            )
        outcomes = restored_media(local, restorer, options, clips, threads=threads, quiet=quiet)
    started = time.perf_counter()
    summary = Summary(tuple(_report(outcomes, len(jobs), as_json, quiet)))
    _summarise(summary, time.perf_counter() - started, quiet)
    return summary.exit_code


def _planned(
    inputs: tuple[str, ...], output: str | None, options: PhotoOptions, clips: ClipOptions, cluster: str | None
) -> Sequence[Job | ObjectJob | Outcome]:
    """What is to be done, on disk or in object stores."""
    given = (*inputs, output) if output else inputs
    addresses = [is_address(place) for place in given]
    if pages := [place for place in given if place.lower().startswith(("http://", "https://"))]:
        raise click.UsageError(f"{pages[0]} is an address on the web; save the picture first and name the file.")
    if any(addresses) and not cluster:
        raise click.UsageError("Object stores are read and written with --cluster only, by its machines.")
    if any(addresses) and not all(addresses):
        raise click.UsageError("Inputs and output must all be in object stores, or none of them.")
    if all(addresses):
        return plan_objects(inputs, output, options)
    return plan_numbered(inputs, output, options) if clips.frames else plan(inputs, output, options)


def _pipe(restorer: Restorer, options: PhotoOptions, clips: ClipOptions, quiet: bool) -> int:
    """One picture, or raw frames, from standard input to standard output."""
    if sys.stdin is None or sys.stdout is None:
        raise click.UsageError("Standard input or output is closed, and - needs both.")

    def work() -> Outcome:
        if clips.size:
            return restored_raw(restorer, options, clips)
        source = NamedBytes(sys.stdin.buffer.read(), NAME)
        allowed = pixels_allowed(options.restore.memory_limit)
        return restore_stream(source, sys.stdout.buffer, restorer, options, max_pixels=allowed)

    outcome = outcome_of(NAME, restorer, work)
    failed = outcome.status == "failed"
    if outcome.reason and (failed or not quiet):
        click.echo(f"deblurgan: {outcome.reason}", err=True)
    return int(failed)


def _show_plan(jobs: Iterable[Job | ObjectJob | Outcome], options: PhotoOptions) -> int:
    reasons = []
    for job in jobs:
        if isinstance(job, Outcome):
            reasons.append(job.reason)
        # What an object store holds only its machines know, and a folder of frames is filled frame by frame.
        elif options.overwrite or isinstance(job, ObjectJob) or not is_taken(job.target) or job.target.is_dir():
            click.echo(f"{job.source} -> {job.target}")
        elif not options.skip_existing:
            reasons.append(str(target_taken(job.target)))
    for reason in reasons:
        click.echo(f"deblurgan: {reason}", err=True)
    return int(bool(reasons))


def _report(outcomes: Iterable[Outcome], count: int, as_json: bool, quiet: bool) -> Iterator[Outcome]:
    """Say what became of each file as it happens, and pass it on."""
    from tqdm import tqdm

    hidden = quiet or count < 2 or not sys.stderr.isatty()
    for outcome in tqdm(outcomes, total=count, unit="file", file=sys.stderr, disable=hidden, leave=False):
        # On a terminal, the bar makes room for the lines.
        with tqdm.external_write_mode():
            if as_json:
                click.echo(json.dumps(dataclasses.asdict(outcome)))
            elif outcome.status in ("done", "unchanged"):
                click.echo(outcome.output)
                if outcome.reason and not quiet:
                    click.echo(f"deblurgan: {outcome.input}: {outcome.reason}", err=True)
            if outcome.status == "failed":
                click.echo(f"deblurgan: {outcome.reason}", err=True)
        yield outcome


def _summarise(summary: Summary, seconds: float, quiet: bool) -> None:
    """After a batch: how many, how long, and which failed."""
    if quiet or len(summary.outcomes) < 2:
        return
    done = [outcome for outcome in summary.outcomes if outcome.status in ("done", "unchanged")]
    unchanged = sum(outcome.status == "unchanged" for outcome in done)
    skipped = sum(outcome.status == "skipped" for outcome in summary.outcomes)
    parts = [f"{len(done)} done in {seconds:.1f} s"]
    parts += [f"{unchanged} of them unchanged"] if unchanged else []
    parts += [f"{skipped} skipped"] if skipped else []
    if summary.failed:
        names = ", ".join(Path(outcome.input).name or outcome.input for outcome in summary.failed)
        parts.append(f"{len(summary.failed)} failed: {names}")
    click.echo("; ".join(parts), err=True)
