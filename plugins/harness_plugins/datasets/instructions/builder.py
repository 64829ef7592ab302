"""The builder `instructions`: rows of an instruction set as they are, for sets that are in the language already.

Formats: Alpaca, self-instruct, unnatural and natural instructions, Dolly, OASST (trees and messages), ShareGPT, messages,
questions and answers; as JSON Lines, JSON, Parquet, or by hub name.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import hookimpl
from harness.build.rows import SetAside
from harness.errors import InputError, did_you_mean
from harness.protocols import BuilderSpec
from harness.records import Example, Origin
from harness_plugins.datasets.instructions.chats import oasst_trees
from harness_plugins.datasets.instructions.files import Found, hub_records, records_of
from harness_plugins.datasets.instructions.ntrex import continuations
from harness_plugins.datasets.instructions.rows import Row, example_of, row_digest
from harness_plugins.datasets.instructions.sets import InstructionSet, data_files, instruction_sets
from harness_plugins.datasets.instructions.shapes import READERS, recognised, rows_in

NAME = "instructions"
VERSION = "2"
_HUB = "hub:"
_PREFIX = re.compile(r"[A-Za-z0-9][\w.-]*\Z")


class Source:
    """An instruction set: its rows in a fixed order, its name, licence and language.

    `data`: a set by name, a file, a folder, or `hub:owner/name` with its `revision`, `split` and `subset`. `format` is told by
    the fields of the first record unless given. `dataset` and `licence` are known for sets by name and to be given for others.
    """

    def __init__(
        self,
        data: str,
        format: str | None = None,
        dataset: str | None = None,
        licence: str | None = None,
        revision: str | None = None,
        subset: str | None = None,
        split: str = "train",
    ) -> None:
        if not isinstance(data, str) or not data.strip():
            raise ValueError("data is a set by name, a file, a folder, or hub:owner/name")
        if format is not None and format not in READERS:
            raise ValueError(f"unknown format {format!r}.{did_you_mean(format, READERS)}")
        self._data, self._format = data, format
        self._known = known_set(data)
        self._hub = (revision, subset, split)
        if data.startswith(_HUB) and not revision:
            raise ValueError(f"{data}: pin the data set with `revision:` (a commit), so that the rows stay the same")
        if not data.startswith(_HUB) and (revision or subset):
            raise ValueError("revision and subset are of sets by hub name (data: hub:owner/name)")
        if not data.startswith(_HUB) and self._known is None and not Path(data).expanduser().exists():
            raise InputError(f"{data}: no such file or folder, and no set of this name.{did_you_mean(data, instruction_sets())}")
        self.dataset = _given("dataset", dataset or (self._known.name if self._known else None), data)
        self.licence = _given("licence", licence or (self._known.licence if self._known else None), data)
        if not _PREFIX.match(self.dataset):
            raise ValueError(f"dataset is the first part of every id: letters, digits, hyphens and dots, got {self.dataset!r}")

    def rows(self) -> Iterator[Row]:
        """Rows in the order of the files. A row whose name was there before is odd (`repeated-row`, `repeated-id`)."""
        seen: dict[int, int] = {}  # 64-bit hashes: a million rows take some 100 MB
        for row in self._rows():
            name, content = hash(row.name), hash(row_digest(row.texts))
            if name not in seen:
                seen[name] = content
                yield row
                continue
            same = seen[name] == content
            digest = row_digest(row.texts)
            odd = ("repeated-row" if same else "repeated-id", f"{row.name!r} was there before")
            yield Row(f"{row.name}-{digest}", row.texts, task=row.task, odd=row.odd or odd)

    def _rows(self) -> Iterator[Row]:
        records = self._records()
        first = next(records, None)
        if first is None:
            return
        format = self._format or (self._known.format if self._known else None) or recognised(first)
        every = _again(first, records)
        if format == "oasst-messages":
            every = oasst_trees(every)
        for found in every:
            task = self._task(found)
            for row in rows_in(found, format):
                yield row if row.task is not None or task is None else replace(row, task=task)

    def _task(self, found: Found) -> str | None:
        """The task that a set by name writes into its files' names."""
        pattern = None if self._known is None else self._known.task
        match = None if pattern is None else re.search(pattern, found.stem)
        return None if match is None else match[1]

    def _records(self) -> Iterator[Found]:
        if self._data.startswith(_HUB):
            revision, subset, split = self._hub
            yield from hub_records(self._data.removeprefix(_HUB), revision=revision, subset=subset, split=split)
            return
        read = continuations if self._known is not None and self._known.lines else records_of
        for path in self._known.paths() if self._known else [Path(self._data).expanduser()]:
            yield from read(path)


def known_set(data: str) -> InstructionSet | None:
    """The set of this name; a file or folder of the name goes before it."""
    return None if Path(data).expanduser().exists() else instruction_sets().get(data)


def read_by(data: Any = None, **_: Any) -> list[Path] | None:
    """The files that the parameter `data` names; None for a set on a hub."""
    if not isinstance(data, str) or data.startswith(_HUB):
        return None
    known = known_set(data)
    return known.paths() if known is not None else [Path(data).expanduser()]


class Instructions:
    """Rows of an instruction set as they are. `language`: of the rows (BCP-47), known for sets by name."""

    def __init__(self, data: str, language: str | None = None, **source: Any) -> None:
        self._source = Source(data, **source)
        known = known_set(data)
        self._language = _given("language", language or (known.language if known else None), data)
        self._form = known.form if known else None

    def examples(self) -> Iterator[Example | SetAside]:
        """One example a row; rows without a question or an answer are set aside."""
        dataset = self._source.dataset
        origin = Origin(builder=NAME, dataset=dataset, licence=self._source.licence)
        for row in self._source.rows():
            if row.odd is not None:
                yield SetAside(id=f"{dataset}/{row.name}", stage=NAME, reason=row.odd[0], detail=row.odd[1], source=joined(row))
            else:
                language = row.language or self._language
                about: dict[str, Any] = {"language": language, "origin": origin, "form": self._form, "meta": dict(row.meta)}
                yield example_of(row, row.texts, dataset=dataset, **about)


def joined(row: Row) -> str | None:
    """A row's texts, for people who look at what was set aside."""
    return "\n\n".join(f"{name}: {text}" for name, text in row.texts.items()) or None


def _given(what: str, value: str | None, data: str) -> str:
    if not isinstance(value, str) or not value.strip():
        beside = " (the config's own `language:` at the top is of the data set as a whole)" if what == "language" else ""
        raise ValueError(
            f"{data}: say its `{what}:`, which every row carries, beside `data:` under the builder{beside}; "
            "sets by name know theirs"
        )
    return value.strip()


def _again(first: Found, rest: Iterator[Found]) -> Iterator[Found]:
    yield first
    yield from rest


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    help = "rows of an instruction set as they are: Alpaca, self-instruct, Dolly, OASST, ShareGPT, messages …"
    return [BuilderSpec(NAME, build=Instructions, version=VERSION, help=help, argument="data", reads=read_by, data=data_files())]
