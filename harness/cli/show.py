"""Prints a run: what it is and what it found, or the rows of one of its tables."""

from itertools import islice
from pathlib import Path

import click

from harness.cli.common import console, json_option, notice, print_json
from harness.cli.tables import belongs, labels_of, matching, parse_filters, table_argument, where_option, why_none
from harness.errors import HarnessError

_INTERRUPTED = "stopped by KeyboardInterrupt"  # the note of a run that Ctrl-C ended
_LEVELS = {"level": 0.95, "alpha": 0.05}  # as in a config that does not name them


@click.command(
    help=f"""{__doc__}

Without TABLE: the manifest in short, and what its meta-evaluation found. With TABLE: its rows, in the table's order.
"""
)
@click.argument("run", type=click.Path(exists=True, file_okay=False), metavar="RUN")
@table_argument(required=False)
@click.option(
    "--limit",
    "-n",
    default=20,
    show_default=True,
    type=click.IntRange(0, 10**12),
    help="Print at most this many rows; 0 for all.",
)
@where_option
@json_option
def show(run: str, name: str | None, limit: int, where: tuple[str, ...], as_json: bool) -> None:
    if name is not None:
        _print_rows(Path(run), name, limit, where, as_json)
    elif where:
        raise click.UsageError("--where needs a TABLE")
    elif as_json:
        from harness.store import read_manifest

        print_json(read_manifest(run))
    else:
        _print_run(Path(run))


def _print_run(folder: Path) -> None:
    from datetime import datetime

    from harness.pipeline.finished import is_finished
    from harness.report.terminal import print_meta
    from harness.report.views import missing_notes
    from harness.score_files import read_scores
    from harness.store import TABLES, read_manifest, read_table, table_path

    manifest = read_manifest(folder)
    try:
        started = datetime.fromtimestamp(manifest.times.get("started", 0)).strftime("%Y-%m-%d %H:%M:%S")
    except (OSError, OverflowError, ValueError):  # a manifest that someone edited, or a clock that was far off
        started = "at an unknown time"
    took = f", {manifest.times['seconds']:.1f} s" if "seconds" in manifest.times else ""
    interrupted = manifest.status == "failed" and _INTERRUPTED in manifest.notes
    click.echo(f"{folder}: {'interrupted' if interrupted else manifest.status}, started {started}{took}")
    click.echo(f"command: {' '.join(manifest.command)}")
    there = [name for name in TABLES if table_path(folder, name).exists() and belongs(manifest, name)]
    click.echo("tables: " + (", ".join(f"{name} {manifest.counts.get(name, '?')}" for name in there) or "none yet"))
    click.echo(
        "counts: " + (", ".join(f"{key} {value}" for key, value in manifest.counts.items() if key not in TABLES) or "none")
    )
    labels = {signature: label for label, signature in manifest.signatures.items()}
    if "meta" in there:
        click.echo("")
        order = list(manifest.described.get("judgments", {}).get("info", {}).get("criteria", ()))
        rows = list(read_table(table_path(folder, "meta"), TABLES["meta"].record_type))
        rows.sort(key=lambda row: order.index(row.criterion) if row.criterion in order else len(order))
        scored = read_scores(table_path(folder, "scores")) if "scores" in there else ()
        options = {key: manifest.config.get("metaevaluate", {}).get(key, default) for key, default in _LEVELS.items()}
        print_meta(console(), rows, labels=labels, notes=missing_notes(scored, labels), **options)
    if is_finished(manifest):
        from harness.cli.run_experiment import print_experiment
        from harness.pipeline.finished import read_finished

        click.echo("")
        print_experiment(read_finished(folder))
    for note in manifest.notes:
        click.echo("run the same command again to resume" if note == _INTERRUPTED else f"note: {note}")


def _print_rows(folder: Path, name: str, limit: int, where: tuple[str, ...], as_json: bool) -> None:
    filters = parse_filters(name, where)
    rows = list(islice(matching(folder, name, filters), limit or None))
    if as_json:
        print_json(rows)
        return
    if not rows and filters:
        raise HarnessError(why_none(folder, name, filters))
    if not rows:
        click.echo("no rows")
        return
    from harness.report.rows import rows_table

    screen = console()
    shown = rows_table(name, rows, labels_of(folder), screen.width)
    screen.print(shown.table)
    if shown.left_out:
        notice(
            f"columns left out: {', '.join(shown.left_out)}; `harness export {folder} {name} --format csv` writes every column"
        )
    if limit and len(rows) == limit:
        click.echo(f"the first {limit} rows; --limit 0 prints all, `harness export` writes them to a file", err=True)
