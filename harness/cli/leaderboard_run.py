"""Has models do tasks through lm-eval: a run folder that `show`, `export` and `diff` read."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.common import finish_with_failures, json_option, notice, plugin_option, print_json, quiet_option, registry
from harness.cli.evaluation import dry_run_option
from harness.cli.progress import progress

if TYPE_CHECKING:
    from harness.leaderboard.config import LeaderboardConfig
    from harness.leaderboard.run import Summary


@click.command(
    name="run",
    help=f"""{__doc__}

CONFIG names models and tasks. The same command again does only what is missing: whole tasks are left alone, and of a task that
was stopped the replies that had arrived. Exit code 3 if a model has no result on some task.
""",
)
@click.argument("config", metavar="CONFIG")
@click.option("--output", "-o", type=click.Path(file_okay=False), metavar="DIR", help="The run folder.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N items of each task.")
@plugin_option
@dry_run_option
@json_option
@quiet_option
def command(config: str, output: str | None, limit: int | None, dry_run: bool, as_json: bool) -> None:
    import msgspec

    from harness.leaderboard.check import check_folders
    from harness.leaderboard.config import load_leaderboard

    loaded = load_leaderboard(config)
    if limit is not None:
        tasks = tuple(msgspec.structs.replace(task, limit=None) for task in loaded.tasks)
        loaded = msgspec.structs.replace(loaded, limit=limit, tasks=tasks)
    folder = Path(output or loaded.output)
    check_folders(loaded)
    if dry_run:
        _print_plan(loaded, folder, as_json)
        return
    summary = _run(loaded, folder)
    if as_json:
        print_json({"output": str(folder), **msgspec.to_builtins(summary)})
    else:
        made = f"results made: {summary.done:,}, there already: {summary.reused:,}"
        click.echo(f"{_counted(summary.models, 'model')}, {_counted(summary.tasks, 'task')}; {made}")
        click.echo(f"{folder}: harness leaderboard show {folder}")
    together: dict[tuple[str, str], list[str]] = {}
    for failure in summary.failures:
        together.setdefault((failure.task, failure.error), []).append(failure.model)
    for (task, error), models in together.items():
        notice(f"{', '.join(models)} on {task}: {error}")
    finish_with_failures(len(summary.failures), "results could not be had")


def _run(config: "LeaderboardConfig", folder: Path) -> "Summary":
    import sys

    import msgspec

    from harness.cache import Cache
    from harness.leaderboard.check import check_leaderboard
    from harness.leaderboard.config import anchored, resolved
    from harness.leaderboard.run import run_leaderboard
    from harness.store import Run

    found = registry(config.plugins)
    config = check_leaderboard(config, found)  # before anything is written
    with Run.open(folder, config=resolved(anchored(config)), command=sys.argv) as run, Cache() as cache:
        with progress() as report:
            summary = run_leaderboard(run, config, found, report, cache=cache)
        counts = {"results": summary.done + summary.reused, "failures": len(summary.failures)}
        run.finish("done", counts=counts, described={"leaderboard": msgspec.to_builtins(summary)})
    return summary


def _print_plan(config: "LeaderboardConfig", folder: Path, as_json: bool) -> None:
    from harness.cache import Cache
    from harness.leaderboard.run import DONE, TO_DO, state_of

    with Cache() as cache:
        states = state_of(config, folder, registry(config.plugins), cache)
    lacking = sum(state not in (DONE, TO_DO) for _, _, state in states)
    if as_json:
        rows = [{"model": model, "task": task.name, "items": _items(task), "state": state} for model, task, state in states]
        print_json({"output": str(folder), "results": rows})
    else:
        for model, task, state in states:
            items = _items(task)
            click.echo(f"{model} on {task.name}{'' if items is None else f' ({items:,} items)'}: {state}")
        click.echo("nobody was asked (--dry-run)")
    finish_with_failures(lacking, "results cannot be had")


def _counted(names: tuple[str, ...], what: str) -> str:
    return f"{len(names):,} {what}{'' if len(names) == 1 else 's'}"


def _items(task: object) -> int | None:
    counts = [count for count in (getattr(task, "items", None), getattr(task, "limit", None)) if count is not None]
    return min(counts) if counts else None
