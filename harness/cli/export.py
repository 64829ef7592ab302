"""Writes a table of a run as CSV, TSV or JSON Lines."""

import csv
import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

import click

from harness.cli.common import notice, quiet_option
from harness.cli.tables import parse_filters, records, table_argument, where_option
from harness.report.formulas import FORMULA_STARTS


@click.command(
    help=f"""{__doc__}

JSON Lines hold the records as they are, and can be read again. In CSV and TSV a missing value is an empty cell, a list or mapping
is JSON text, and a text that a spreadsheet would take for a formula (it begins with = + - @, a tab or a carriage return) gets an
apostrophe before it; --raw leaves texts as they are. Numbers are never changed.
"""
)
@click.argument("run", type=click.Path(exists=True, file_okay=False), metavar="RUN")
@table_argument(required=True)
@click.option("--format", "kind", required=True, type=click.Choice(["csv", "jsonl", "tsv"]), help="What it is written as.")
@click.option("--output", "-o", type=click.Path(dir_okay=False), metavar="FILE", help="Write to this file instead of stdout.")
@click.option("--raw", is_flag=True, help="Write texts as they are, even those that a spreadsheet would take for formulas.")
@where_option
@quiet_option
def export(run: str, name: str, kind: str, output: str | None, raw: bool, where: tuple[str, ...]) -> None:
    from harness.out_files import check_not_of_run

    filters = parse_filters(name, where)
    if output is not None:
        check_not_of_run(Path(output))
    found = records(Path(run), name, filters)
    with nullcontext(sys.stdout) if output is None else open(output, "w", encoding="utf-8", newline="") as file:
        rows, guarded = _write_lines(file, found) if kind == "jsonl" else _write_cells(file, found, name, kind, raw)
    if guarded:
        notice(f"{guarded} texts would be formulas in a spreadsheet and got an apostrophe; --raw leaves them as they are")
    if output is not None:
        notice(f"{rows} rows in {output}")


def _write_lines(file: IO[str], found: Iterable[Any]) -> tuple[int, int]:
    from harness.records import to_json

    rows = 0
    for record in found:
        file.write(to_json(record).decode() + "\n")
        rows += 1
    return rows, 0


def _write_cells(file: IO[str], found: Iterable[Any], name: str, kind: str, raw: bool) -> tuple[int, int]:
    import msgspec

    from harness.store import TABLES

    columns = TABLES[name].record_type.__struct_fields__
    writer = csv.writer(file, delimiter="\t" if kind == "tsv" else ",", lineterminator="\n")
    writer.writerow(columns)
    rows = guarded = 0
    for record in found:
        cells = [_cell(value) for value in msgspec.to_builtins(record).values()]
        if not raw:
            risky = [isinstance(cell, str) and cell.startswith(FORMULA_STARTS) for cell in cells]
            cells = [f"'{cell}" if risk else cell for cell, risk in zip(cells, risky, strict=True)]
            guarded += sum(risky)
        writer.writerow(cells)
        rows += 1
    return rows, guarded


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""
    return "" if value is None else value
