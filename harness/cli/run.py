"""Runs a config from end to end: reads judgments, scores outputs, holds every metric against people, reports, and resumes."""

from pathlib import Path

import click

from harness.cli.common import json_option, plugin_option, print_json, quiet_option, registry
from harness.cli.evaluation import dry_run_option, execute, exit_if_failed, make_plan, output_option, print_evaluation, print_plan
from harness.cli.report import write_at_the_end


@click.command(
    help=f"""{__doc__}

CONFIG is a YAML file, or the name of one that comes with the program. The same command again goes on where the last one stopped,
and scores nothing twice. Exit code 3 if a metric failed on some outputs.
"""
)
@click.argument("config", metavar="CONFIG")
@output_option
@plugin_option
@dry_run_option
@json_option
@quiet_option
def run(config: str, output: str | None, dry_run: bool, as_json: bool) -> None:
    from harness.config import load_config

    loaded = load_config(config)
    folder = Path(output or loaded.output)
    plan = make_plan(registry(loaded.plugins), loaded, folder)
    if dry_run:
        print_plan(plan, as_json)
        return
    done = execute(plan)
    if as_json:
        files = write_at_the_end(done, folder)
        print_json(
            {"run": str(folder), "report": files, "judgments": done.data.label, "units_failed": done.failed, "rows": done.rows}
        )
    else:
        print_evaluation(done, loaded.metaevaluate)
        click.echo(f"\nThe run lies in {folder}; `harness show {folder}` prints it again.")
        files = write_at_the_end(done, folder)  # after the numbers, which then stand there whatever happens to the report
        click.echo(f"Its report: {' and '.join(files.values())}")
    exit_if_failed(done, folder)
