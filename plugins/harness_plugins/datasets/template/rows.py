"""Rows of NLP data sets out of files: JSON Lines, JSON, CSV, TSV, Parquet, parallel files of lines, and names for `datasets`."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from harness.errors import InputError, MissingExtra, did_you_mean
from harness_plugins.datasets.file_faults import check_readable, check_text, json_lines, not_utf8, reason
from harness_plugins.datasets.file_faults import decoder as json_decoder

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_FIELD = 10_000_000  # characters of one field of a CSV file


def file_rows(path: Path, within: str | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with its number (from 1); `within`: the key of a JSON file under which its list of rows stands.

    Raises InputError naming the file and the line of what cannot be read.
    """
    check_readable(path)
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        rows: Iterator[Any] = (row for _, row in json_lines(path))
    elif suffix == ".json":
        rows = iter(_json(path, within))
    elif suffix in (".csv", ".tsv"):
        rows = _table(path, "\t" if suffix == ".tsv" else ",")
    elif suffix == ".parquet":
        rows = _parquet(path)
    else:
        raise InputError(f"{path}: rows are read from files that end in {', '.join(SUFFIXES)}")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise InputError(f"{path}, row {number}: expected an object with columns, got {row!r:.60}")
        yield number, {str(key): value for key, value in row.items()}


def parallel_rows(paths: Mapping[str, Path]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line n of every file, under the files' names. Raises InputError where their numbers of lines differ."""
    lines = {}
    for name, path in paths.items():
        text = _text(path).removesuffix("\n")
        lines[name] = [line.removesuffix("\r") for line in text.split("\n")]
    lengths = {str(paths[name]): len(found) for name, found in lines.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{path} has {n:,}" for path, n in lengths.items())
        raise InputError(f"parallel files have equally many lines: {told}")
    for number, line in enumerate(zip_longest(*lines.values()), 1):
        yield number, dict(zip(lines, line, strict=True))


def hub_rows(
    dataset: str, split: str, *, config: str | None = None, revision: str | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of a data set by its hub name, or of a local folder, as `datasets.load_dataset` reads it; its code is never run."""
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the data set {dataset!r} needs a package: pip install 'metaeval-harness[build]'") from error
    try:
        loaded = datasets.load_dataset(dataset, config, split=split, revision=revision)
        for number, row in enumerate(loaded, 1):
            yield number, dict(row)
    except (OSError, ValueError, RuntimeError, LookupError, datasets.exceptions.DatasetsError) as error:
        raise InputError(f"the data set {dataset!r} (split {split!r}) cannot be read: {error}") from error


def renamed(row: dict[str, Any], columns: Mapping[str, str], where: str) -> dict[str, Any]:
    """The row with what a template calls `ours` taken from the column `theirs`, for each pair; other columns stay."""
    for theirs in columns.values():
        if theirs not in row:
            raise InputError(f"{where}: there is no column {theirs!r}.{did_you_mean(theirs, row)}")
    return {**row, **{ours: row[theirs] for ours, theirs in columns.items()}}


def tidied(value: Any) -> Any:
    """The value with every text in it free of blanks at its ends, and with `\\n` for line ends."""
    kind = type(value)
    if kind is str:
        text: str = value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
        return text.strip()
    if kind is dict:
        return {key: tidied(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [tidied(item) for item in value]
    return value


def _text(path: Path) -> str:
    check_text(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _json(path: Path, within: str | None) -> Sequence[Any]:
    text = _text(path)
    try:
        found = json_decoder().decode(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON: {reason(error, 1)}") from error
    if within is not None:
        if not isinstance(found, Mapping) or within not in found:
            raise InputError(f"{path}: there is no list of rows under {within!r}.{did_you_mean(within, map(str, found))}")
        found = found[within]
    if not isinstance(found, list):
        keys = f"; is it under one of its keys ({', '.join(map(str, list(found)[:8]))})? Write `within: KEY`"
        raise InputError(f"{path}: expected a list of rows{keys if isinstance(found, Mapping) else ''}")
    return found


def _table(path: Path, delimiter: str) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(_FIELD)
    check_text(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            for row in reader:
                if None in row or None in row.values():
                    raise InputError(f"{path}, line {reader.line_num}: it has another number of columns than the first line")
                yield row
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error
    except csv.Error as error:
        raise InputError(f"{path}: cannot be read as a table: {error}") from error


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1_000):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as Parquet: {error}") from error
