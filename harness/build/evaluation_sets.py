"""The texts of evaluation sets, which no row of a training set may share."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.build.options import ContaminationOptions
from harness.data import find_data
from harness.errors import HarnessError, InputError, PluginError
from harness.records import Example, from_json
from harness.registry import PluginRef, Registry, required

_KIND = "judgment source"
_DATA = "data:"


@dataclass(frozen=True)
class EvaluationSet:
    """A set by name with the texts of its items: (item id, text) pairs of questions, sources, references and choices."""

    name: str
    texts: Sequence[tuple[str, str]]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.texts)


def evaluation_sets(registry: Registry, options: ContaminationOptions) -> tuple[list[EvaluationSet], list[str]]:
    """The sets that the options name, and a sentence for each that could not be looked at.

    A set that is named must be there: InputError or PluginError otherwise. Where none is named, every installed judgment source
    is looked at that needs no parameter (readers of the user's own tables need one), and those whose data (or package) are not
    there, or that hold no such text, have a sentence.
    """
    if not options.use:
        return [], []
    if options.against is not None:
        return [_named(registry, name) for name in options.against], []
    found: list[EvaluationSet] = []
    absent: list[str] = []
    for name, entry in sorted(registry.entries[_KIND].items()):
        if required(entry.spec) or getattr(entry.spec, "rows_argument", None) is not None:
            continue
        try:
            one = _source(registry, PluginRef(name))
        except HarnessError as error:
            absent.append(f"contamination was not checked against {name!r}: {error}")
            continue
        if one.texts:
            found.append(one)
        else:
            absent.append(
                f"contamination was not checked against {name!r}: its items hold no question, source, choice or reference"
            )
    return found, absent


def example_texts(examples: Iterable[Example]) -> Iterator[tuple[str, str]]:
    """(item id, text) of everything that an example asks, shows, offers and expects."""
    for example in examples:
        texts = [message.text for message in example.messages]
        texts += [*example.references, *example.choices]
        if example.source is not None:
            texts.append(example.source)
        for text in dict.fromkeys(texts):
            if text.strip():
                yield example.id, text


def _named(registry: Registry, name: str) -> EvaluationSet:
    path = Path(name)
    if name.startswith(_DATA):
        return EvaluationSet(name, tuple(_of_data(registry, name.removeprefix(_DATA))))
    if path.is_dir():
        return EvaluationSet(name, tuple(example_texts(_build_folder(path))))
    if path.suffix.lower() in _READERS:
        if not path.is_file():
            raise InputError(f"contamination.against: there is no file {name}")
        try:
            return EvaluationSet(name, tuple(_READERS[path.suffix.lower()](path)))
        except UnicodeDecodeError as error:
            raise InputError(f"{name}: not UTF-8 ({error}); save it as UTF-8") from error
    if path.is_file():
        raise InputError(f"contamination.against: {name} is none of {', '.join(sorted(_READERS))}, nor a build folder")
    ref = registry.parse(_KIND, name)
    found = _source(registry, ref)
    return EvaluationSet(str(ref), found.texts)


def _of_data(registry: Registry, name: str) -> Iterator[tuple[str, str]]:
    """The texts of a data set that builders read: of its files with `test` in their name, or of all where none has; as they lie
    there, not as a builder makes rows of them (whose templates many rows share)."""
    builders = registry.entries["dataset builder"].values()
    known = {one: files for entry in builders for one, files in getattr(entry.spec, "data", {}).items()}
    if name not in known:
        raise InputError(
            f"contamination.against: there is no data set {name!r}; known are {', '.join(sorted(known))} (`harness data list`). "
            "A judgment source is named without `data:`"
        )
    folder = find_data(known[name], name)
    readable = [path for path in sorted(known[name].files) if Path(path).suffix.lower() in _READERS]
    chosen = [path for path in readable if "test" in Path(path).name.lower()] or readable
    if not chosen:
        raise InputError(
            f"contamination.against: no file of {name!r} is one of {', '.join(sorted(_READERS))}; name a file instead"
        )
    for path in chosen:
        for place, text in _READERS[Path(path).suffix.lower()](folder / path):
            yield f"{Path(path).stem} {place}", text


def _source(registry: Registry, ref: PluginRef) -> EvaluationSet:
    source = registry.build(_KIND, ref)
    try:
        texts = tuple(example_texts(record for record in source.read() if isinstance(record, Example)))
    except HarnessError:
        raise
    except Exception as error:  # whatever a stranger's source raises is told by its name
        raise PluginError(f"judgment source {ref.name!r}: reading failed: {type(error).__name__}: {error}") from error
    return EvaluationSet(ref.name, texts)


def _build_folder(folder: Path) -> Iterator[Example]:
    """The examples of a build's (or a run's) folder."""
    from harness.store import TABLES
    from harness.tables import read_table

    path = folder / TABLES["examples"].file
    if not path.is_file():
        raise InputError(f"contamination.against: {folder} is no build folder: there is no {path.name} in it")
    return read_table(path, Example)


def _of_lines(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield f"line {number}", line.strip()


def _of_jsonl(path: Path) -> Iterator[tuple[str, str]]:
    """Examples, texts, or objects whose text fields are taken, one a line."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield from example_texts([from_json(line, Example)])
                continue
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass  # no example: it may still be a text, or an object with texts
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}, line {number}: not JSON ({error})") from error
            yield from _of_value(value, f"line {number}", path)


def _of_json(path: Path) -> Iterator[tuple[str, str]]:
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from error
    if isinstance(values, dict):  # {"data": [items], "version": …}
        lists = [held for held in values.values() if isinstance(held, list) and held and isinstance(held[0], dict)]
        values = lists[0] if len(lists) == 1 else [values]
    for number, value in enumerate(values if isinstance(values, list) else [values], 1):
        yield from _of_value(value, f"item {number}", path)


def _of_parquet(path: Path) -> Iterator[tuple[str, str]]:
    """A table of examples, or one whose text columns are taken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from harness.tables import read_table, table_schema

    try:
        file = pq.ParquetFile(path.absolute())  # a relative name with a colon would be taken for an address
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: not a readable Parquet file ({error})") from error
    if file.schema_arrow.names == table_schema(Example).names:
        yield from example_texts(read_table(path, Example))
        return
    number = 0
    for batch in file.iter_batches():
        for value in batch.to_pylist():
            number += 1
            yield from _of_value(value, f"row {number}", path)


def _of_value(value: Any, place: str, path: Path) -> Iterator[tuple[str, str]]:
    """The texts in a value: itself, or those of its fields; an object's `id` names the item."""
    if isinstance(value, str):
        texts = [value]
    elif isinstance(value, dict):
        place = str(value["id"]) if isinstance(value.get("id"), (str, int)) else place
        texts = list(
            _strings([held for key, held in value.items() if key not in ("id", "language", "licence", "license", "url")])
        )
    else:
        raise InputError(f"{path}, {place}: expected a text or an object with texts, got {value!r:.60}")
    for text in dict.fromkeys(texts):
        if text.strip():
            yield place, text


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)) and depth < 20:
        for held in value.values() if isinstance(value, dict) else value:
            yield from _strings(held, depth + 1)


_READERS = {".jsonl": _of_jsonl, ".json": _of_json, ".parquet": _of_parquet, ".txt": _of_lines}
