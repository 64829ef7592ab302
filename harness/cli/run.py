"""Runs a config from end to end: an experiment, or metrics held against people's judgments. Reports at its end, and resumes."""

from collections.abc import Callable
from pathlib import Path

import click

from harness.cli.common import json_option, plugin_option, print_json, quiet_option, registry
from harness.cli.evaluation import (
    dry_run_option,
    execute,
    exit_if_failed,
    make_plan,
    output_option,
    print_plan,
    reparse_option,
)
from harness.cli.executor import executor_options
from harness.cli.report import write_at_the_end
from harness.cli.shown import Shown, asked_for, fresh_option, keep, pages_of, print_shown, shown_of, taken_over, unchanged


@click.command(
    help=f"""{__doc__}

CONFIG is a YAML file, or the name of one that comes with the program. One with `judgments` scores the outputs of a judgment set
and holds every metric against people; one with `train` or `generate` is an experiment: build, train, generate, score,
metaevaluate, leaderboard, report. The same command again goes on where the last one stopped, and scores nothing twice; if nothing
at all has changed since it finished, its results are printed again at once. Exit code 3 if a metric failed on some outputs, or
anything else could not be had.
"""
)
@click.argument("config", metavar="CONFIG")
@output_option
@click.option("--until", metavar="STAGE", help="Of an experiment: stop after build, train, generate, score …")
@executor_options
@plugin_option
@dry_run_option
@fresh_option
@reparse_option
@json_option
@quiet_option
def run(config: str, output: str | None, until: str | None, dry_run: bool, fresh: bool, reparse: bool, as_json: bool) -> None:
    from harness.experiment import is_experiment

    if is_experiment(config):
        from harness.cli.run_experiment import run_experiment

        if reparse:
            raise click.UsageError("--reparse is of configs with judges, and of no experiment")
        run_experiment(config, output, until, dry_run=dry_run, fresh=fresh, as_json=as_json)
        return
    if until is not None:
        raise click.UsageError("--until is of experiments: this config has the keys of a run on judgments")
    _run(config, output, dry_run=dry_run, fresh=fresh, reparse=reparse, as_json=as_json)


def _run(config: str, output: str | None, *, dry_run: bool, fresh: bool, reparse: bool, as_json: bool) -> None:
    from harness.config import load_config, resolved

    loaded = load_config(config)
    folder = Path(output or loaded.output)
    asked = asked_for("run", config=resolved(loaded))
    held = unchanged(folder, asked, fresh=fresh or dry_run or reparse)
    earlier = None if held is None else taken_over(folder, held)
    if held is not None and earlier is not None:
        _print(earlier, folder, as_json, lambda: pages_of(folder, held))
        return
    plan = make_plan(registry(loaded.plugins), loaded, folder)
    if dry_run:
        print_plan(plan, as_json)
        return
    done = execute(plan, reparse=reparse)
    shown = shown_of(done, loaded.metaevaluate)
    files = _print(shown, folder, as_json, lambda: write_at_the_end(done, folder))
    keep(plan, asked, shown.said(), done.failed, files.values())
    exit_if_failed(done, folder)


def _print(shown: Shown, folder: Path, as_json: bool, report: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Prints the results and what `report` returns: the report's files by format."""
    if as_json:
        files = report()
        print_json(
            {"run": str(folder), "report": files, "judgments": shown.judgments, "units_failed": shown.failed, "rows": shown.rows}
        )
        return files
    print_shown(shown)
    click.echo(f"\nThe run lies in {folder}; `harness show {folder}` prints it again.")
    files = report()  # after the numbers, which then stand there whatever happens to the report
    click.echo(f"Its report: {' and '.join(files.values())}")
    return files
