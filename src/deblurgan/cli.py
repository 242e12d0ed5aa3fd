"""The command line: a table of commands, each imported only when it is asked for."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from dataclasses import dataclass

import click

from deblurgan import __version__
from deblurgan.errors import DeblurganError


@dataclass(frozen=True)
class CommandEntry:
    """A command of the program.

    Attributes:
        target: 'module:attribute' of a click command.
        help: its line in the list of commands.
    """

    target: str
    help: str


COMMANDS: dict[str, CommandEntry] = {
    "run": CommandEntry("deblurgan.commands.run:run", "Sharpen photographs."),
    "evaluate": CommandEntry("deblurgan.commands.evaluate:evaluate", "Measure models on blurred/sharp pairs."),
    "study": CommandEntry("deblurgan.commands.study:study", "Let people compare models blind."),
    "synthesise": CommandEntry(
        "deblurgan.commands.synthesise:synthesise", "Make pairs from sharp photographs or video."
    ),
    "train": CommandEntry("deblurgan.commands.train:train", "Train a network by a recipe."),
    "export": CommandEntry("deblurgan.commands.export:export", "Turn a training run into a model folder."),
    "convert": CommandEntry("deblurgan.commands.convert:convert", "Official weights to safetensors, and back."),
    "models": CommandEntry("deblurgan.commands.models:models", "List and describe models."),
    "benchmark": CommandEntry("deblurgan.commands.benchmark:benchmark", "Time models on this machine."),
    "serve": CommandEntry("deblurgan.commands.serve:serve", "A page in the browser and an HTTP API."),
    "doctor": CommandEntry("deblurgan.commands.doctor:doctor", "Say what this machine has and would use."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for, not when their names are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].target.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="deblurgan")
def program() -> None:
    """Sharp photographs from motion-blurred ones, on an ordinary computer."""


def main() -> None:
    """Run the command line; a user's mistake ends in one sentence and exit code 2."""
    _fill_closed_streams()
    try:
        code = program.main(standalone_mode=False)
    except click.exceptions.Abort:
        print("deblurgan: interrupted", file=sys.stderr)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DeblurganError as error:
        print(f"deblurgan: {error}", file=sys.stderr)
        sys.exit(2)
    except MemoryError:
        print(
            "deblurgan: this needs more memory than there is; close other programs or ask for less",
            file=sys.stderr,
        )
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output has gone; nothing is left to say, and Python must not try at exit.
        sys.stdout = None
        sys.exit(0)
    except OSError as error:
        # Files are answered for where they are written; what is left is standard output.
        if error.errno != errno.ENOSPC:
            raise
        print(f"deblurgan: standard output failed ({error.strerror})", file=sys.stderr)
        sys.stdout = None
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _fill_closed_streams() -> None:
    """Put the null device in the place of closed standard streams: else a file would get their number and text."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The system gives the lowest number that is free.
            os.open(os.devnull, os.O_RDWR)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")
