"""Rows of a CSV, TSV, JSON Lines, JSON or Parquet file, or of a table in memory, each with the place where it stands."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.whole_files import read_file

_MAX_CELL = 2**31 - 1  # the csv module refuses cells of more than 131,072 characters unless told otherwise
FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet",
}  # fmt: skip
MEMORY = "rows"  # the label of a table in memory
BEYOND = "\0beyond"  # a line's cells that no column of the header names; no header can hold this name


@dataclass(frozen=True)
class Rows:
    """A table as read. `rows` holds (number, cells); a number counts the lines of a text file or the rows of others, from 1.

    `decimal_comma` is set for semicolon-separated files, which is how a Swedish spreadsheet writes CSV. `reader` is the judgment
    source that reads it, for messages that say what to type.
    """

    label: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, Any]], ...]
    decimal_comma: bool = False
    reader: str = "table"

    def place(self, number: int) -> str:
        """`ratings.csv, line 7`."""
        return f"{self.label}, {self.unit} {number}"


def read_rows(
    path: str | Path,
    format: str | None = None,
    delimiter: str | None = None,
    quote: str | None = '"',
    *,
    uneven: bool = False,
) -> Rows:
    """The rows of a UTF-8 file, with or without a byte order mark, any line ends; raises InputError naming the line.

    `format`: csv, tsv, jsonl, json (a list of objects) or parquet (default: by extension). `delimiter` of a CSV: comma, semicolon
    or tab by its header unless given. `quote` None takes quotation marks as text, as many TSV files mean them. `uneven`: lines of
    more or fewer cells than the header are kept, those beyond it as a list under `BEYOND`, for a caller that names them itself.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; name a file in it")
    kind = format if format is not None else FORMATS.get(path.suffix.lower())
    if kind not in FORMATS.values():
        after = ". Parameters follow a comma: 'table:FILE.csv,raters=[Anna, Bo]'" if "=" in path.suffix else ""
        raise InputError(
            f"{path}: cannot tell the format; name the file .csv, .tsv, .jsonl, .json or .parquet, or give format=csv, tsv, "
            f"jsonl, json or parquet{after}"
        )
    if kind == "parquet":
        return _parquet_rows(path)
    text = _text(path)
    if not text.strip():
        raise InputError(f"{path}: the file is empty; a header and at least one row are needed")
    if kind == "json":
        return _listed_rows(str(path), text)
    if kind == "jsonl":
        return _json_rows(str(path), text)
    skipped, delimiter = _delimiter(text, "\t" if kind == "tsv" else delimiter)
    return _delimited_rows(str(path), text, skipped, delimiter, quote, uneven)


def memory_rows(table: Any) -> Rows:
    """The rows of a list of dicts, or of a pandas, polars or pyarrow table; a missing value of a pandas table is None."""
    dicts = _dicts(table)
    if not dicts:
        raise InputError("rows: the table is empty; at least one row is needed")
    columns: dict[str, None] = {}
    for number, cells in enumerate(dicts, 1):
        if not isinstance(cells, Mapping):
            raise InputError(f"rows, row {number}: a row is a dict of column to value, got {type(cells).__name__}")
        columns.update(dict.fromkeys(map(str, cells)))
    rows = tuple((number, {str(key): value for key, value in cells.items()}) for number, cells in enumerate(dicts, 1))
    return Rows(MEMORY, "row", tuple(columns), rows)


def _text(path: Path) -> str:
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}: the file is UTF-16 (byte 0); save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: byte {data[error.start]:#04x} at offset {error.start} is not UTF-8; save the file as UTF-8 "
            f"(in a spreadsheet: CSV UTF-8; on a command line: iconv -f windows-1252 -t utf-8 {path.name})"
        ) from error


def _delimiter(text: str, given: str | None) -> tuple[int, str]:
    """Lines to skip (a spreadsheet's `sep=;`) and the delimiter."""
    header = next(line for line in text.splitlines() if line.strip())
    if header.lower().startswith("sep=") and len(header) == 5:
        return 1, header[4] if given is None else given
    if given is not None:
        return 0, given
    unquoted = "".join(header.split('"')[::2])
    return 0, max(",;\t", key=unquoted.count)


def _delimited_rows(label: str, text: str, skipped: int, delimiter: str, quote: str | None, uneven: bool) -> Rows:
    if len(delimiter) != 1:
        raise InputError(f"{label}: delimiter is one character, got {delimiter!r}")
    records = _records(label, text, delimiter, quote)[skipped:]
    if not records:
        raise InputError(f"{label}: there is no row with the names of the columns; write one at the top")
    first, names = records[0]
    columns = tuple(name.strip() for name in names)
    for column in columns:
        if column and columns.count(column) > 1:
            raise InputError(f"{label}, line {first}: column {column!r} occurs twice; rename one of them")
    rows = []
    for number, cells in records[1:]:
        if not any(cells):
            continue  # spreadsheets leave rows of separators at the end
        if len(cells) != len(columns) and not uneven:
            raise InputError(
                f"{label}, line {number}: {_count(len(cells), 'cell')}, but the header has {_count(len(columns), 'column')}; "
                f"a text that holds {delimiter!r} or a line break stands in quotation marks"
            )
        rows.append((number, _by_column(columns, cells)))
    if not rows:
        raise InputError(f"{label}: there is only a header; at least one row is needed")
    return Rows(label, "line", columns, tuple(rows), decimal_comma=delimiter == ";")


def _by_column(columns: tuple[str, ...], cells: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(columns, cells, strict=False))
    return row if len(cells) <= len(columns) else {**row, BEYOND: cells[len(columns) :]}


def _records(label: str, text: str, delimiter: str, quote: str | None) -> list[tuple[int, list[str]]]:
    """(line where the record starts, its cells), blank lines left out."""
    lines = io.StringIO(text, newline="")
    if quote:
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    limit = csv.field_size_limit(_MAX_CELL)
    records, start = [], 1
    try:
        for cells in reader:
            if cells:
                records.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{label}, line {start}: {_csv_reason(error)} (the row starts here and was read to line {reader.line_num}); "
            'double a quotation mark inside a quoted text (""), or give quote=null if quotation marks are plain text'
        ) from error
    finally:
        csv.field_size_limit(limit)
    return records


def _csv_reason(error: csv.Error) -> str:
    if "unexpected end of data" in str(error):
        return "a quotation mark is opened and never closed"
    reason = str(error).replace("\t", "\\t")
    return f"a quotation mark stands where none is expected: {reason}"


def _json_rows(label: str, text: str) -> Rows:
    columns: dict[str, None] = {}
    rows = []
    shared: dict[str, str] = {}  # references and names recur on the rows of every system
    for number, line in enumerate(io.StringIO(text, newline="\n"), 1):  # not splitlines: JSON strings may hold U+2028
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except RecursionError as error:
            raise InputError(f"{label}, line {number}: brackets are nested too deeply to be read") from error
        except json.JSONDecodeError as error:
            raise InputError(
                f"{label}, line {number}: not JSON: {error.msg} (column {error.colno}); each line is one JSON object"
            ) from error
        except ValueError as error:  # Python reads whole numbers of up to 4,300 digits
            raise InputError(f"{label}, line {number}: a number is too long to be read") from error
        if not isinstance(cells, dict):
            raise InputError(f"{label}, line {number}: each line is one JSON object, got {type(cells).__name__}")
        if "\\u" in line and "\\ud" in line.lower() and not _encodable(cells):
            raise InputError(f"{label}, line {number}: half of a surrogate pair (\\ud…) is no character; write the text as UTF-8")
        columns.update(dict.fromkeys(cells))
        rows.append((number, _sharing(cells, shared)))
    return Rows(label, "line", tuple(columns), tuple(rows))


def _sharing(cells: dict[str, Any], shared: dict[str, str]) -> dict[str, Any]:
    """The cells, with texts that occurred before replaced by the objects seen then."""
    for column, value in cells.items():
        if type(value) is str:
            cells[column] = shared.setdefault(value, value)
    return cells


def _listed_rows(label: str, text: str) -> Rows:
    """The objects of a JSON list, or of the only list that a JSON object holds."""
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise InputError(f"{label}: brackets are nested too deeply to be read") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{label}, line {error.lineno}: not JSON: {error.msg} (column {error.colno})") from error
    except ValueError as error:  # Python reads whole numbers of up to 4,300 digits
        raise InputError(f"{label}: a number is too long to be read") from error
    lists = [value for value in data.values() if isinstance(value, list)] if isinstance(data, dict) else []
    listed = data if isinstance(data, list) else lists[0] if len(lists) == 1 else None
    if not listed:
        raise InputError(f"{label}: expected a list of objects, one a row, that is not empty")
    columns: dict[str, None] = {}
    for number, cells in enumerate(listed, 1):
        if not isinstance(cells, dict):
            raise InputError(f"{label}, row {number}: each row is a JSON object, got {type(cells).__name__}")
        columns.update(dict.fromkeys(cells))
    if "\\ud" in text.lower() and not _encodable({"rows": listed}):
        raise InputError(f"{label}: half of a surrogate pair (\\ud…) is no character; write the text as UTF-8")
    return Rows(label, "row", tuple(columns), tuple(enumerate(listed, 1)))


def _parquet_rows(path: Path) -> Rows:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
        columns, rows = tuple(table.column_names), table.to_pylist()
    except OSError as error:
        raise InputError(f"{path}: cannot be read as Parquet: {error}; check the path and the file") from error
    except (pyarrow.ArrowException, ValueError, OverflowError, MemoryError) as error:  # of a damaged file: no UTF-8, huge sizes
        raise InputError(f"{path}: cannot be read as Parquet: {error}; write the file again") from error
    if not table.num_rows:
        raise InputError(f"{path}: the table is empty; at least one row is needed")
    shared: dict[str, str] = {}
    return Rows(str(path), "row", columns, tuple(enumerate((_sharing(row, shared) for row in rows), 1)))


def _encodable(cells: Mapping[str, Any]) -> bool:
    try:
        json.dumps(cells, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _dicts(table: Any) -> Sequence[Any]:
    """A list of dicts by whatever method the table has, so that no frame library need be imported."""
    if hasattr(table, "to_dicts"):  # polars
        return list(table.to_dicts())
    if hasattr(table, "to_pylist"):  # pyarrow
        return list(table.to_pylist())
    if hasattr(table, "to_dict"):  # pandas, whose missing values are NaN, NaT and NA
        return [{key: _present(value) for key, value in row.items()} for row in table.to_dict("records")]
    if isinstance(table, Iterable) and not isinstance(table, str | bytes | Mapping):
        return list(table)
    raise InputError(f"rows: expected a list of dicts or a table (pandas, polars, pyarrow), got {type(table).__name__}")


def _present(value: Any) -> Any:
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    return None if isinstance(value, float) and value != value else value


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
