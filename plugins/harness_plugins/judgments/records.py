"""A judgment set kept as the harness's own records: a folder of JSON Lines, or the tables of a finished run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from harness import hookimpl, named_files
from harness.errors import InputError, did_you_mean
from harness.integrity import check_tables
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, from_json
from harness.store import read_manifest, read_table, table_path

NAME = "records"
VERSION = "1"
_BYTES = 2**20  # of lines that are read at a time
Record = Example | Output | Judgment | Preference
FILES: dict[str, type[Record]] = {
    "examples.jsonl": Example,
    "outputs.jsonl": Output,
    "judgments.jsonl": Judgment,
    "preferences.jsonl": Preference,
}


class Records:
    """The records of a folder: `examples.jsonl` and `outputs.jsonl`, and `judgments.jsonl` or `preferences.jsonl` or both.

    `info.json` (a JudgmentInfo) names the set; without it the folder's name does. `primary`: the rater whose ratings are the
    primary ones. A run folder is read by its finished tables (`examples.parquet` …): what systems said in an experiment, and what
    people said of it where that is there. Raises InputError naming the file and the line.
    """

    fields_checked = True  # as JSON Lines and tables are decoded

    def __init__(self, path: str | Path, primary: str | None = None) -> None:
        self._folder = Path(path).expanduser()
        if not self._folder.is_dir():
            raise InputError(f"{self._folder}: there is no such folder; name one that holds {' and '.join(list(FILES)[:2])}")
        self._tables = run_tables(self._folder)
        for name in list(FILES)[:2] if not self._tables else ():
            if not (self._folder / name).is_file():
                found = sorted(file.name for file in self._folder.iterdir())
                raise InputError(f"{self._folder}: there is no {name} in it.{did_you_mean(name, found)}")
        self.info = self._info()
        if primary is not None:
            self.info = msgspec.structs.replace(self.info, primary_rater=primary)

    def read(self) -> Iterator[Record]:
        """Examples, outputs, judgments, preferences, each in its file's order."""
        for name, kind in FILES.items():
            table = Path(name).stem
            if table in self._tables:
                yield from read_table(table_path(self._folder, table), kind)
                continue
            path = self._folder / name
            if not path.is_file():
                continue
            with path.open("rb") as file:
                first = 1
                while lines := file.readlines(_BYTES):
                    yield from _records(path, first, lines, kind)
                    first += len(lines)

    def _info(self) -> JudgmentInfo:
        path = self._folder / "info.json"
        if not path.is_file():
            return JudgmentInfo(name=f"{NAME}:{self._folder.resolve().name}", version=VERSION)
        try:
            return msgspec.json.decode(path.read_bytes(), type=JudgmentInfo)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not what a judgment set says of itself: {error}") from error


def run_tables(folder: Path) -> tuple[str, ...]:
    """The tables of records in a finished run folder; none where it is no run, or holds records as JSON Lines.

    InputError for a run that is not finished, that has no outputs, or whose tables are not what it wrote.
    """
    if not (folder / "manifest.json").is_file() or any((folder / name).is_file() for name in FILES):
        return ()
    manifest = read_manifest(folder)
    if manifest.status != "done":
        raise InputError(f"{folder}: this run is not finished (its status is {manifest.status!r}); run its command again")
    check_tables(folder, manifest)
    names = [Path(name).stem for name in FILES]
    found = tuple(name for name in names if table_path(folder, name).name in manifest.fingerprints)
    if not set(names[:2]) <= set(found):
        raise InputError(f"{folder}: this run holds no outputs; name one of `harness generate`, or of `harness run`")
    return found


def _records(path: Path, first: int, lines: Sequence[bytes], kind: type[Record]) -> Iterator[Record]:
    """The records of consecutive lines, all at once; one by one where something is not as usual, to say which line it is."""
    try:
        found = msgspec.json.Decoder(kind).decode_lines(b"".join(lines))
        if len(found) == len(lines) and not (kind is Judgment and any(map(_text_on_scale, found))):
            yield from found
            return
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # said below, with its line
    for number, line in enumerate(lines, first):
        if line.strip():
            yield _record(path, number, line.removeprefix(b"\xef\xbb\xbf"), kind)


def _text_on_scale(record: Record) -> bool:
    return isinstance(record, Judgment) and isinstance(record.value, str) and record.scale is not None


def _record(path: Path, number: int, line: bytes, kind: type[Record]) -> Record:
    try:
        record = from_json(line, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}, line {number}: not a record of the kind {kind.__name__}: {error}") from error
    if isinstance(record, Judgment) and _text_on_scale(record):
        raise InputError(
            f"{path}, line {number}: the value {record.value!r:.60} is a text, which has no place on a scale; write a number "
            "without quotation marks, or leave the scale out if it is a label"
        )
    return record


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "a folder of records in JSON Lines, as `harness data annotate export` writes, or a run folder: records:FOLDER"
    return [JudgmentSourceSpec(NAME, build=Records, version=VERSION, help=help, argument="path", reads=named_files)]
