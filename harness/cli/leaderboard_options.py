"""Options that the commands of a board share."""

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--metric", "metrics", multiple=True, metavar="NAME", help="A column more, beside each task's own metric. Repeatable."
    ),
    click.option(
        "--task", "tasks", multiple=True, metavar="NAME", help="Only this task; the mean is over those given. Repeatable."
    ),
    click.option("--model", "models", multiple=True, metavar="NAME", help="Only this model. Repeatable."),
    click.option(
        "--metaeval",
        "metaevaluations",
        multiple=True,
        type=click.Path(exists=True),
        metavar="RUN",
        help="A meta-evaluation's run folder: how far metrics agree with people there. Repeatable; what ships counts beside it.",
    ),
    click.option("--name", metavar="TEXT", help="The board's title. Default: the config's name, or the folder's."),
    click.option("--seed", type=click.IntRange(min=0), help="Of resampling and swapping. Default: the config's, or 0."),
    click.option(
        "--resamples", type=click.IntRange(min=100, max=100_000), default=2000, show_default=True, help="Draws of the items."
    ),
    click.option(
        "--confidence",
        type=click.FloatRange(0.5, 0.999),
        default=0.95,
        show_default=True,
        help="Of intervals; tests reject at 1 minus it.",
    ),
)


def board_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what stands on a board."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
