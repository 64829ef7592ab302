"""Where a command has its batches done: options, and the executor that they and the config ask for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from harness.executors.choice import ExecutorChoice
    from harness.executors.protocols import Executor

_CHOSEN = "harness.executor"


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None:
        ctx.meta.setdefault(_CHOSEN, {})[parameter.name] = value


_OPTIONS = (
    click.option(
        "--executor",
        type=click.Choice(["auto", "serial", "local", "ray"]),
        expose_value=False,
        callback=_remember,
        help="Where to score and to generate: auto begins in this process and takes more where that pays, serial is this "
        "process, local processes of this machine, ray a Ray cluster. The results are the same. Default: auto.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        expose_value=False,
        callback=_remember,
        help="Processes, or actors on the cluster. Default: one a core.",
    ),
    click.option(
        "--ray-address",
        metavar="HOST:PORT",
        expose_value=False,
        callback=_remember,
        help="The Ray cluster, of which this machine is a node. Default: RAY_ADDRESS, else this machine alone.",
    ),
)


def executor_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options --executor, --workers and --ray-address; `chosen_executor` knows what they said."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def chosen_executor(configured: "ExecutorChoice") -> "Executor":
    """What the options ask for, else the config. An option --executor sets the config's section aside, the others add to it."""
    from harness.executors.choice import make_choice, make_executor

    ctx = click.get_current_context(silent=True)
    given = dict(ctx.meta.get(_CHOSEN, {})) if ctx is not None else {}
    name = given.pop("executor", None)
    if name is None and "ray_address" not in given:
        given = {"name": configured.name, "workers": configured.workers, "ray_address": configured.ray_address, **given}
    return make_executor(make_choice(**{"name": name, **given}))
