"""Records of JSON Lines, JSON and Parquet files and of data sets on a hub, one after another, each with its place."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import InputError
from harness_plugins.datasets.file_faults import NoNumber, check_readable, check_text, decoder, json_lines, not_utf8, reason

ENDINGS = {".jsonl": "lines", ".ndjson": "lines", ".json": "json", ".parquet": "parquet"}
_CHUNK = 1 << 18  # characters
_MOST = 1 << 26  # characters of one record: more is no record but a file that is not what it seems


class Found(NamedTuple):
    """A record, the file that it stands in (its stem), and where: `alpaca.jsonl, line 7`."""

    record: Mapping[str, Any]
    stem: str
    place: str


def files_below(path: Path) -> list[Path]:
    """The files of a folder that hold records, in the order of their names; the file itself; InputError for neither."""
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
        if not found:
            raise InputError(f"{path}: the folder holds no {', '.join(sorted(ENDINGS))} file")
        return found
    check_readable(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file or folder")
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path}: cannot tell how to read it; name it {', '.join(sorted(ENDINGS))}")
    return [path]


def records_of(path: Path) -> Iterator[Found]:
    """The objects of the file or folder. Memory holds one record, or one batch of Parquet; of a JSON object the whole file."""
    for file in files_below(path):
        read = {"lines": _lines, "json": _json, "parquet": _parquet}[ENDINGS[file.suffix.lower()]]
        for place, record in read(file):
            if not isinstance(record, Mapping):
                raise InputError(f"{place}: expected an object, got {type(record).__name__}")
            yield Found(record, file.stem, place)


def hub_records(name: str, *, revision: str | None, subset: str | None, split: str) -> Iterator[Found]:
    """The rows of a data set by its hub name, streamed; nothing that comes with it is run (no `trust_remote_code`)."""
    try:
        import datasets
    except ImportError as error:
        raise InputError(
            f"{name}: reading from a hub needs the package datasets: pip install 'metaeval-harness[build]'"
        ) from error
    try:
        rows = datasets.load_dataset(name, subset, split=split, revision=revision, streaming=True)
        for number, row in enumerate(rows, 1):
            yield Found(row, name.rsplit("/", 1)[-1], f"{name}, split {split}, row {number}")
    except InputError:
        raise
    except Exception as error:  # whatever the hub's client raises: no net, no such set, no such split
        raise InputError(f"{name}: the data set cannot be read: {type(error).__name__}: {error}") from error


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    for number, value in json_lines(path):
        yield f"{path}, line {number}", value


def _json(path: Path) -> Iterator[tuple[str, Any]]:
    """The elements of a list, read piece by piece; or the one object that the file holds."""
    check_text(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            read = file.read(_CHUNK)
            start = read.lstrip()
            line = 1 + read[: len(read) - len(start)].count("\n")
            if not start:
                raise InputError(f"{path}: the file is empty")
            if start[0] == "[":
                yield from _elements(path, file, start[1:], line)
            else:
                try:
                    yield str(path), decoder().decode(start + file.read())
                except UnicodeDecodeError:
                    raise
                except (ValueError, RecursionError) as error:
                    raise InputError(
                        f"{path}: no JSON: {reason(error, line)}; a file with an object a line is named .jsonl"
                    ) from error
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error


def _elements(path: Path, file: Any, text: str, line: int) -> Iterator[tuple[str, Any]]:
    """`line`: the number of the line in which the text begins."""
    json, number, more = decoder(), 0, True
    wanted = _CHUNK
    while True:
        rest = text.lstrip().removeprefix(",").lstrip() if number else text.lstrip()
        line += text.count("\n", 0, len(text) - len(rest))
        text = rest
        if text.startswith("]"):
            return
        try:
            value, end = json.raw_decode(text)
            if more and end > len(text) - 2:
                raise ValueError("the end of the text read so far")  # a number could go on
        except (ValueError, RecursionError) as error:
            if not more or len(text) > _MOST or isinstance(error, RecursionError | NoNumber):
                raise InputError(f"{path}, element {number + 1}: no JSON: {reason(error, line)}") from error
            part = file.read(wanted)
            more, wanted = bool(part), max(_CHUNK, 2 * len(text))
            text += part
            continue
        number += 1
        yield f"{path}, element {number}", value
        line += text.count("\n", 0, end)
        text = text[end:]


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=512):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number}", row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no Parquet file that can be read, after row {number}: {error}") from error
