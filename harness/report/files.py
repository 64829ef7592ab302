"""A report's files: HTML, Markdown, CSV and JSON, each written whole beside its old self and renamed."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from harness.errors import InputError
from harness.out_files import write_out
from harness.report.contents import Report

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
    """Writes one format to a file, or through to a device or pipe; returns the path.

    InputError if that is a folder, lies in none, belongs to a run, or is a file that is no earlier report.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the file that the report goes to, for example {path / NAMES[kind]}")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent} is no folder; make it first, or give another --out")
    write_out(path, rendered(report, kind), is_report)
    return path


def is_report(path: Path) -> bool:
    """Whether the file is a report of this program: by its name in a run folder, elsewhere by what it holds."""
    if path.name in NAMES.values() and (path.parent / "manifest.json").is_file():
        return True
    data = path.read_bytes()
    if data.startswith(b"PK"):
        return _is_archive(data)
    if data.startswith(b"{"):
        return _is_json(data)
    return b'content="metaeval-harness"' in data[:4096] or (
        data.startswith(b"# ") and data.rstrip().rpartition(b"\n")[2].startswith(b"Made from the run that ended ")
    )


def _is_archive(data: bytes) -> bool:
    from harness.report.sheets import MADE

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as held:
            return all(entry.filename.endswith(".csv") and entry.date_time == MADE for entry in held.infolist())
    except zipfile.BadZipFile:
        return False


def _is_json(data: bytes) -> bool:
    try:
        held = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(held, dict) and {"title", "subtitle", "answer", "sections"} <= set(held)
