"""Says how well metrics agree with people: on a judgment set, or on the finished scores of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from harness.cli.common import json_option, plugin_option, print_json, quiet_option
from harness.cli.evaluation import (
    dry_run_option,
    execute,
    exit_if_failed,
    given_options,
    judgments_option,
    metric_option,
    options_of,
    output_option,
    plan_of_options,
    print_plan,
    reparse_option,
    systems_option,
)
from harness.cli.executor import executor_options
from harness.cli.progress import progress
from harness.cli.report import write_at_the_end
from harness.cli.shown import Shown, asked_for, fresh_option, keep, pages_of, print_shown, shown_of, taken_over, unchanged


@click.command(
    help=f"""{__doc__}

With --judgments and --metric, outputs are scored first (and kept with --output). With RUN, the folder of a finished run, its
scores are held against people again, under other options; the run is not changed. --json prints an array of MetaRows.

\b
harness metaeval --judgments gec-sv --metric chrf --metric rouge-l --criterion meaning
harness metaeval --judgments table:ratings.csv --metric chrf
harness metaeval runs/swedish --raters mean --slice meta:cefr
"""
)
@click.argument("run", required=False, type=click.Path(file_okay=False), metavar="[RUN]")
@judgments_option
@metric_option
@systems_option
@options_of
@output_option
@executor_options
@plugin_option
@dry_run_option
@fresh_option
@reparse_option
@json_option
@quiet_option
def metaeval(
    run: str | None,
    judgments: str | None,
    metrics: tuple[str, ...],
    systems: str | None,
    settings: tuple[str, ...],
    output: str | None,
    dry_run: bool,
    fresh: bool,
    reparse: bool,
    as_json: bool,
    **options: Any,
) -> None:
    given = given_options(options, settings)
    if run is not None:
        if judgments or metrics or systems or output or dry_run or fresh or reparse:
            raise click.UsageError("a RUN already has its judgments, metrics and systems; leave those options out")
        _again(run, given, as_json)
        return
    asked = asked_for("metaeval", judgments=judgments, metrics=metrics, systems=systems, options=given)
    folder = Path(output) if output else None
    held = unchanged(folder, asked, fresh=fresh or dry_run or reparse)
    earlier = None if held is None or folder is None else taken_over(folder, held)
    if held is not None and folder is not None and earlier is not None:
        _print(earlier, as_json, lambda: pages_of(folder, held))
        return
    plan = plan_of_options(judgments, metrics, systems, given, output, with_meta=True)
    if dry_run:
        print_plan(plan, as_json)
        return
    done = execute(plan, reparse=reparse)
    shown = shown_of(done, plan.config.metaevaluate)
    files = _print(shown, as_json, lambda: write_at_the_end(done, folder) if folder else {})
    keep(plan, asked, shown.said(), done.failed, files.values())
    exit_if_failed(done, folder)


def _again(folder: str, given: dict[str, Any], as_json: bool) -> None:
    from dataclasses import replace

    import msgspec

    from harness.api import make_options
    from harness.stages.evaluate import load_run
    from harness.stages.metaevaluate import metaevaluate
    from harness.store import read_manifest

    options = make_options({**read_manifest(folder).config.get("metaevaluate", {}), **msgspec.to_builtins(given)})
    done = load_run(folder)
    with progress() as report:
        rows = metaevaluate(done.data, done.scores, done.metrics, options, progress=report)
    _print(shown_of(replace(done, rows=tuple(rows)), options), as_json, dict)


def _print(shown: Shown, as_json: bool, report: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Prints the results and what `report` returns: the report's files by format."""
    if as_json:
        print_json(shown.rows)
    else:
        print_shown(shown)
    files = report()  # after the numbers, which then stand there whatever happens to the report
    if files and not as_json:
        click.echo(f"\nThe report: {' and '.join(files.values())}")
    return files
