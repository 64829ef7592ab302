"""A report's files: HTML, Markdown, CSV and JSON, each written whole beside its old self and renamed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from harness.errors import InputError
from harness.report.contents import Report
from harness.store import replace_file

Format = Literal["html", "md", "csv", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
USUAL: tuple[Format, ...] = ("html", "md")
NAMES: dict[Format, str] = {"html": "report.html", "md": "report.md", "csv": "report-tables.zip", "json": "report.json"}


def rendered(report: Report, kind: Format) -> bytes:
    """The report in one format; `csv` is a zip archive with a CSV file a figure."""
    if kind == "html":
        from harness.report.html import render

        return render(report).encode("utf-8")
    if kind == "md":
        from harness.report.markdown import markdown

        return markdown(report).encode("utf-8")
    if kind == "csv":
        from harness.report.sheets import archive

        return archive(report)
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def write_report(report: Report, folder: Path, kinds: Sequence[Format] = USUAL) -> dict[Format, Path]:
    """Writes the formats under their usual names into a folder; returns where each lies."""
    return {kind: write_file(report, folder / NAMES[kind], kind) for kind in kinds}


def write_file(report: Report, path: Path, kind: Format) -> Path:
    """Writes one format to a file; InputError if that is a folder, or lies in none."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the file that the report goes to, for example {path / NAMES[kind]}")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent} is no folder; make it first, or give another --out")
    replace_file(path, rendered(report, kind))
    return path
