"""`deblurgan study`: a blind comparison of models by people, and what their votes say."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path

import click

from deblurgan import page
from deblurgan.commands.contestants import open_contestants
from deblurgan.commands.options import engine_option, guard_option, precision_option, threads_option
from deblurgan.errors import DeblurganError, StudyError, UnwritableTarget
from deblurgan.evaluation import INPUT
from deblurgan.evaluation.contestants import read_pixels
from deblurgan.pairs import LAYOUTS, survey
from deblurgan.restore_options import RestoreOptions
from deblurgan.study import as_page, fit, read_votes
from deblurgan.whole import whole_file

PAGE = "study.html"


class _PageUnlessScore(click.Group):
    """A group in which everything that names no subcommand is the arguments of `page`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Insert the name that may be left out."""
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["page", *args])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave options to the subcommand, but for help."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["page", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_PageUnlessScore, no_args_is_help=True)
def study() -> None:
    """Let people compare models blind: `study PAIRS -m A -m B -o DIR` makes the page, `study score` counts.

    `study PAIRS ...` is short for `study page PAIRS ...`.
    """


@study.command("page")
@click.argument("pairs", metavar="PAIRS")
@click.option("-m", "--model", "models", multiple=True, metavar="NAME_OR_PATH", help="As for evaluate; several.")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="For the page.",
)
@click.option("--layout", default="auto", type=click.Choice(["auto", *LAYOUTS]), show_default=True)
@click.option(
    "--pictures", "most", type=click.IntRange(1), default=20, show_default=True, help="Show at most so many."
)
@click.option("--title", default="Which picture is better?", show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace a page that is there.")
@engine_option
@precision_option
@guard_option
@threads_option
def make_page(
    pairs: str,
    models: tuple[str, ...],
    folder: Path,
    layout: str,
    most: int,
    title: str,
    overwrite: bool,
    engine: str,
    precision: str,
    guard: bool,
    threads: int | None,
) -> int:
    """Write a page that shows versions of the pictures of PAIRS by twos, the blurred input among them."""
    target = folder / PAGE
    if target.exists() and not overwrite:
        raise UnwritableTarget(f"{target} exists already; add --overwrite or name another folder.")
    found = survey(pairs, layout).pairs
    # Evenly over the whole set, which is sorted by name, so that no sequence is left out.
    chosen = [found[place * len(found) // min(most, len(found))] for place in range(min(most, len(found)))]
    pictures: dict[str, dict[str, bytes]] = {}
    left_out = 0
    with contextlib.ExitStack() as stack:
        contestants = open_contestants(
            stack,
            models,
            chosen,
            engine=engine,
            precision=precision,
            threads=threads,
            options=RestoreOptions(guard=guard),
        )
        for pair in chosen:
            try:
                blurred = read_pixels(pair.blurred)
                versions = {INPUT: blurred}
                versions |= {name: each.attempt(pair, blurred).pixels for name, each in contestants.items()}
            except (DeblurganError, ValueError, MemoryError) as error:
                left_out += 1
                click.echo(f"{pair.name} was left out: {error}", err=True)
                continue
            pictures[pair.name] = {name: page.as_jpeg(pixels) for name, pixels in versions.items()}
    if not pictures:
        raise StudyError(f"No picture of {pairs} has a version by every model; there is nothing to compare.")
    with whole_file(target, overwrite=overwrite) as file:
        file.write_text(as_page(pictures, title), "utf-8")
    click.echo(str(target))
    return 1 if left_out else 0


@study.command("score")
@click.argument("votes", metavar="VOTES...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per version instead of a table.")
def score(votes: tuple[Path, ...], as_json: bool) -> int:
    """Print how strong each version is by the votes that raters exported, the blurred input being 1."""
    cast = read_votes(votes)
    if not any(INPUT in (vote.left, vote.right) for vote in cast):
        raise StudyError(
            "No vote is about the blurred input yet, whose strength is the unit; wait for more votes."
        )
    strengths = fit(cast, INPUT)
    if as_json:
        for strength in strengths:
            click.echo(json.dumps(dataclasses.asdict(strength)))
        return 0
    raters = len({(vote.rater, vote.rater_id) for vote in cast})
    click.echo("| version | score (input = 1) | 95 % | won | votes |\n| --- | --- | --- | --- | --- |")
    for each in strengths:
        interval = "" if each.model == INPUT else f"{each.low:.2f} to {each.high:.2f}"
        click.echo(f"| {each.model} | {each.score:.2f} | {interval} | {each.won:.0%} | {each.votes} |")
    click.echo(
        f"\n{len(cast)} votes of {raters} raters. A version beats another with probability a / (a + b) of their "
        "scores (Bradley and Terry, 1952); the intervals hold together with 95 % confidence."
    )
    return 0
