"""Options that several commands take, declared once."""

from __future__ import annotations

import logging

import click


class Size(click.ParamType):  # type: ignore[type-arg]
    """WIDTHxHEIGHT in pixels, as (height, width)."""

    name = "WxH"

    def convert(
        self, value: str | tuple[int, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Parse it."""
        if isinstance(value, tuple):
            return value
        width, separator, height = value.lower().partition("x")
        if not (separator and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            self.fail(f"{value!r} is not a size such as 1280x720", param, ctx)
        return int(height), int(width)


model_option = click.option(
    "-m", "--model", metavar="NAME_OR_PATH", help="Model to use; DEBLURGAN_MODEL or 'default' if not given."
)
engine_option = click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="What runs the network: auto, openvino, onnx or torch.",
)
threads_option = click.option(
    "--threads",
    type=click.IntRange(1),
    metavar="N",
    help="Processor threads; all that the process may use if not given.",
)
precision_option = click.option(
    "--precision",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="What the network computes in: f32, bf16, int8, which is fastest and a little less exact, or auto: int8 "
    "for videos and photographs of 6 megapixels and more, else bf16 where the processor has it.",
)
guard_option = click.option(
    "--guard/--no-guard",
    default=True,
    show_default=True,
    help="Take back what would harm the picture: spots, grids, colour shifts, changes to what is sharp already.",
)
self_ensemble_option = click.option(
    "--self-ensemble",
    is_flag=True,
    help="Mean of the results for the picture's flips and quarter turns, in eight times the time: for models that "
    "do not know these already, as those that ship do.",
)
multi_scale_option = click.option(
    "--multi-scale",
    is_flag=True,
    help="Mean of what the network changes in the picture at three sizes: better but for very long blur, in six "
    "times the time.",
)


def _silence(context: click.Context, option: click.Parameter, quiet: bool) -> bool:
    logging.getLogger("deblurgan").setLevel(logging.ERROR if quiet else logging.NOTSET)
    return quiet


quiet_option = click.option("-q", "--quiet", is_flag=True, callback=_silence, help="No progress and no remarks.")
