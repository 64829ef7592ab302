"""The examples and outputs of a study: from a run folder, a judgment source, or JSONL files of Examples and Outputs."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from harness.annotate.study import ItemsFrom, Study
from harness.errors import InputError, did_you_mean
from harness.judgments import read_judgments
from harness.plugins import load_plugins
from harness.protocols import JudgmentSource
from harness.records import Example, JudgmentInfo, Output, from_json
from harness.registry import PluginRef, Registry, parameters
from harness.store import TABLES, read_table, table_path

KIND = "judgment source"
Record = Example | Output


class Items(NamedTuple):
    """Checked: ids resolve, nothing is double; examples in their source's order, each with at least one output that is a text.

    `info` is what the judgment source that they come from says of itself, if they come from one.
    """

    examples: tuple[Example, ...]
    outputs: tuple[Output, ...]
    info: JudgmentInfo | None = None


def read_items(study: Study, registry: Registry | None = None) -> Items:
    """What the study is to have rated; ratings that the source may hold are left aside. Raises InputError if nothing is there.

    `registry` holds the plugins (default: the installed ones).
    """
    wanted = study.items
    info = None
    if wanted.run is not None:
        records: Iterable[Any] = _from_run(Path(wanted.run).expanduser())
    elif wanted.jsonl is not None:
        files = (wanted.jsonl,) if isinstance(wanted.jsonl, str) else wanted.jsonl
        records = (record for file in files for record in read_jsonl(Path(file).expanduser()))
    else:
        source = _source(wanted, load_plugins() if registry is None else registry)
        records, info = source.read(), source.info
    checked = read_judgments(_Records(study.name, [r for r in records if isinstance(r, Example | Output)]))
    systems = {output.system for output in checked.outputs}
    for system in wanted.systems:
        if system not in systems:
            raise InputError(f"{study.name}: there is no system {system!r} in the items.{did_you_mean(system, systems)}")
    keep = set(wanted.systems) or systems
    outputs = [output for output in checked.outputs if output.text is not None and output.system in keep]
    if not outputs:
        raise InputError(f"{study.name}: no output of the items is a text, so there is nothing to rate")
    answered = {output.example_id for output in outputs}
    examples = _sample([example for example in checked.examples if example.id in answered], wanted.sample, study.seed)
    kept = {example.id for example in examples}
    return Items(tuple(examples), tuple(output for output in outputs if output.example_id in kept), info)


def read_jsonl(path: Path) -> Iterator[Record]:
    """Examples and Outputs, one JSON object a line; those with an `example_id` are Outputs. InputError names file and line."""
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = msgspec.json.decode(line)
            kind: type[Record] = Output if isinstance(fields, Mapping) and "example_id" in fields else Example
            yield from_json(line, kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"{path}, line {number}: not an Example or Output: {error}") from error


class _Records:
    """Records as a judgment source, so that they are checked as any other's are."""

    def __init__(self, name: str, records: Sequence[Record]) -> None:
        self.info = JudgmentInfo(name=name, version="1")
        self._records = records

    def read(self) -> Sequence[Record]:
        return self._records


def _from_run(folder: Path) -> Iterator[Any]:
    for name in ("examples", "outputs"):
        path = table_path(folder, name)
        if not path.is_file():
            raise InputError(f"{folder}: not a run folder with outputs: there is no {path.name} in it")
        yield from read_table(path, TABLES[name].record_type)


def _source(wanted: ItemsFrom, registry: Registry) -> JudgmentSource:
    if isinstance(wanted.source, str):
        ref = registry.parse(KIND, wanted.source)
    else:
        params = dict(wanted.source or {})
        name = params.pop("source", None)
        if not isinstance(name, str):
            raise InputError("items: source: the key `source` is missing in it: the name of a judgment source")
        first = registry.parse(KIND, name)
        ref = PluginRef(first.name, {**first.params, **params})
    accepted = parameters(registry.find(KIND, ref.name).spec) or {}
    # A reader of tables takes an empty list of raters for "there are no ratings"; a table of bare outputs is the usual case here.
    if "raters" in accepted and not {"raters", "criteria", "rating"} & set(ref.params):
        ref = PluginRef(ref.name, {**ref.params, "raters": []})
    built: JudgmentSource = registry.build(KIND, ref)
    return built


def _sample(examples: Sequence[Example], size: int | None, seed: int) -> list[Example]:
    if size is None or size >= len(examples):
        return list(examples)
    chosen = sorted(examples, key=lambda example: hashlib.sha256(f"{seed}|sample|{example.id}".encode()).digest())[:size]
    kept = {example.id for example in chosen}
    return [example for example in examples if example.id in kept]
