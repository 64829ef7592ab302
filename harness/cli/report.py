"""Writes the report of a finished run: which metrics can be trusted, in words and figures, as HTML, Markdown, CSV or JSON."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.common import json_option, print_json

if TYPE_CHECKING:
    from harness.report.files import Format
    from harness.stages.evaluate import Evaluation


@click.command(
    help=f"""{__doc__}

Without --format the run folder gets report.html (one file that opens offline) and report.md. csv is a zip archive with a CSV
file a figure; json holds everything that the others are drawn from. `harness run` writes the report at its end by itself. That
of a run of `harness train` or `harness generate` shows the trainings and the sections that analyses left in it.
An earlier report is replaced; any other file that is there already is left as it is, and the command says so.

\b
harness report runs/swedish
harness report runs/sv-instruct
harness report runs/swedish --format csv --format json
harness report runs/swedish --format md --out - | less
"""
)
@click.argument("run", type=click.Path(exists=True, file_okay=False), metavar="RUN")
@click.option(
    "--format",
    "kinds",
    multiple=True,
    type=click.Choice(["html", "md", "csv", "json"]),
    help="Which format to write. Repeatable. Default: html and md.",
)
@click.option(
    "--out",
    "--output",
    "-o",
    "out",
    metavar="PATH",
    help="A folder for the files, the file of the one --format, or - for stdout. Default: the run folder.",
)
@json_option
def report(run: str, kinds: tuple["Format", ...], out: str | None, as_json: bool) -> None:
    from harness.out_files import is_stream
    from harness.pipeline.finished import is_finished
    from harness.pipeline.report import experiment_report as report_of_experiment
    from harness.pipeline.report_steps import is_step, report_of_steps
    from harness.report.build import report_of_run
    from harness.report.files import USUAL, rendered, write_file, write_report
    from harness.store import read_manifest

    chosen = tuple(dict.fromkeys(kinds)) or USUAL
    manifest = read_manifest(run)
    step = report_of_steps if manifest.status == "done" and is_step(manifest.described) else report_of_run
    reports = report_of_experiment if is_finished(manifest) else step
    if out == "-" and (len(chosen) != 1 or as_json):
        raise click.UsageError("--out - prints one report: give one --format, and no --json")
    made = reports(run)
    if out == "-":
        sys.stdout.buffer.write(rendered(made, chosen[0]))
        return
    one_file = out is not None and not Path(out).is_dir() and len(chosen) == 1
    if out is not None and one_file:
        paths = {chosen[0]: write_file(made, Path(out), chosen[0])}
    else:
        folder = Path(out or run)
        if not folder.is_dir():
            raise click.UsageError(
                f"{folder} is no folder; several formats go into a folder: make it first, or give one --format"
            )
        paths = write_report(made, folder, chosen)
    if as_json:
        print_json({"run": run, "files": {kind: str(path) for kind, path in paths.items()}, "answer": made.answer})
        return
    for path in paths.values():
        if not is_stream(path):
            click.echo(path)


def write_at_the_end(done: "Evaluation", folder: Path) -> dict[str, str]:
    """Writes the usual report files of a run that has just ended into its folder; returns their paths by format."""
    from harness.report.build import build_report
    from harness.report.files import write_report
    from harness.store import read_manifest

    paths = write_report(build_report(done, read_manifest(folder)), folder)
    return {kind: str(path) for kind, path in paths.items()}
