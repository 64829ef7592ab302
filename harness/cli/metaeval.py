"""Says how well metrics agree with people: on a judgment set, or on the finished scores of a run."""

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
    print_evaluation,
    print_plan,
    systems_option,
)
from harness.cli.progress import progress
from harness.cli.report import write_at_the_end


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
@plugin_option
@dry_run_option
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
    as_json: bool,
    **options: Any,
) -> None:
    given = given_options(options, settings)
    if run is not None:
        if judgments or metrics or systems or output or dry_run:
            raise click.UsageError("a RUN already has its judgments, metrics and systems; leave those options out")
        _again(run, given, as_json)
        return
    plan = plan_of_options(judgments, metrics, systems, given, output, with_meta=True)
    if dry_run:
        print_plan(plan, as_json)
        return
    done = execute(plan)
    if as_json:
        print_json(done.rows)
    else:
        print_evaluation(done, plan.config.metaevaluate)
    files = write_at_the_end(done, Path(output)) if output else {}
    if files and not as_json:
        click.echo(f"\nThe report: {' and '.join(files.values())}")
    exit_if_failed(done, Path(output) if output else None)


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
    if as_json:
        print_json(rows)
    else:
        print_evaluation(replace(done, rows=tuple(rows)), options)
