"""Ratings from a table of your own: CSV, TSV, JSON Lines, JSON, Parquet or a data frame, long or wide."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import hookimpl, named_files
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Message, Origin, Output, TextPart
from harness_plugins.judgments.table_columns import Layout, find_columns, role_of
from harness_plugins.judgments.table_contents import Cell, Contents, RatingKey, collect, missing_note
from harness_plugins.judgments.table_rows import memory_rows, read_rows
from harness_plugins.judgments.table_scales import Bounds, Direction, check_known, find_scales

NAME = "table"
VERSION = "1"


class Table:
    """Outputs and ratings from a file, or from `rows` in memory (a list of dicts, a pandas, polars or pyarrow table).

    A long table has one rating a row; a wide one has a column per rater (`raters`, or columns called `rater_…`) or per criterion
    (`criteria`). Columns are found by their usual names (English, else Swedish), or named by the parameters that are called
    as the roles are, or by `columns` (role → column). `reference` may be several columns (or `reference`, `reference_2`, …; a
    list in JSON Lines). `language` is a column or one tag for all rows. `scale` is [low, high] and `direction` "up" or "down",
    each for all criteria or a mapping by criterion; without a scale, the range of the ratings is taken and noted. An empty
    rating is a missing one, and so is an output that is null or not there, which an empty text is not. A semicolon-separated CSV
    may hold decimal commas. `primary`: the rater whose ratings are the primary ones.
    Raises InputError naming the file, the line, the column and what to do.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        rows: Any = None,
        *,
        format: str | None = None,
        delimiter: str | None = None,
        quote: str | None = '"',
        columns: Mapping[str, Any] | None = None,
        item: str | None = None,
        system: str | None = None,
        output: str | None = None,
        reference: str | Sequence[str] | None = None,
        source: str | None = None,
        instruction: str | None = None,
        language: str | None = None,
        task: str | None = None,
        form: str | None = None,
        cluster: str | None = None,
        parallel_id: str | None = None,
        sample: str | None = None,
        rater: str | None = None,
        criterion: str | None = None,
        rating: str | None = None,
        raters: Sequence[str] | None = None,
        criteria: Sequence[str] | None = None,
        scale: Bounds | Mapping[str, Bounds] | None = None,
        direction: Direction | Mapping[str, Direction] = "up",
        primary: str | None = None,
        reference_systems: Sequence[str] = (),
    ) -> None:
        if (path is None) == (rows is None):
            raise ValueError("give the path of a file (table:FILE.csv) or rows in memory, one of them")
        given = {
            "item": item, "system": system, "output": output, "reference": reference, "source": source,
            "instruction": instruction, "language": language, "task": task, "form": form, "cluster": cluster,
            "parallel_id": parallel_id, "sample": sample, "rater": rater, "criterion": criterion, "rating": rating,
        }  # fmt: skip
        table = memory_rows(rows) if path is None else read_rows(path, format, delimiter, quote)
        layout = find_columns(table, _merge(given, columns or {}), _names(raters), _names(criteria))
        self._dataset = NAME if path is None else Path(path).stem
        self._file = None if path is None else Path(path).name
        self._contents = collect(table, layout)
        self._scales, scale_notes = find_scales(table, self._contents, scale, direction)
        people = sorted({key.rater for key in self._contents.ratings})
        systems = {name for outputs in self._contents.outputs.values() for name, _ in outputs}
        check_known(table, "rater", "primary", () if primary is None else (primary,), people)
        check_known(table, "system", "reference_systems", reference_systems, systems)
        self.info = JudgmentInfo(
            name=NAME if self._file is None else f"{NAME}:{self._file}",
            version=VERSION,
            criteria=tuple(dict.fromkeys(key.criterion for key in self._contents.ratings)),
            primary_rater=people[0] if len(people) == 1 else primary,
            reference_systems=tuple(reference_systems),
            notes=tuple(_notes(layout, self._contents)) + tuple(scale_notes),
        )

    def read(self) -> Iterator[Example | Output | Judgment]:
        """Each example, its outputs, then their ratings; examples stand in the order in which the rows first name them."""
        ratings: dict[str, list[tuple[RatingKey, Cell]]] = {}
        for key, cell in self._contents.ratings.items():
            ratings.setdefault(key.item, []).append((key, cell))
        for item, fields in self._contents.fields.items():
            example_id = f"{self._dataset}/{item}"
            yield table_example(example_id, fields, Origin(builder=NAME, dataset=self._file))
            ids = {}
            for (system, sample), cell in self._contents.outputs[item].items():
                ids[system, sample] = output_id(example_id, system, sample)
                yield Output(id=ids[system, sample], example_id=example_id, system=system, sample=sample, text=cell.value)
            for key, cell in ratings.get(item, ()):
                yield Judgment(
                    output_id=ids[key.system, key.sample],
                    rater=key.rater,
                    criterion=key.criterion,
                    value=cell.value,
                    scale=self._scales[key.criterion],
                )


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "ratings from your own CSV, TSV or JSON Lines file: table:FILE.csv, 'table:FILE.csv,raters=[Anna, Bo]'"
    spec = JudgmentSourceSpec(
        NAME, build=Table, version=VERSION, help=help, argument="path", rows_argument="rows", reads=named_files
    )
    return [spec]


def _merge(given: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """The roles that the user maps, by parameter or by `columns`."""
    merged = {role: value for role, value in given.items() if value is not None}
    for key, value in columns.items():
        role = role_of(key)
        if merged.setdefault(role, value) != value:
            raise ValueError(f"{role}={merged[role]} and columns: {key}: {value} differ; give one")
    return merged


def _names(value: str | Sequence[str] | None) -> list[str] | None:
    return [value] if isinstance(value, str) else None if value is None else [str(name) for name in value]


def _notes(layout: Layout, contents: Contents) -> Iterator[str]:
    if any("language" not in fields for fields in contents.fields.values()):
        yield 'items without a language are marked "und" (unknown); name it with language=sv, or a column'
    texts = [cell.value for outputs in contents.outputs.values() for cell in outputs.values()]
    empty, missing = sum(text is not None and not text.strip() for text in texts), texts.count(None)
    if empty:
        yield f"{empty} {'output is an empty text' if empty == 1 else 'outputs are empty texts'}"
    if missing:
        yield missing_note(missing)
    unused = [column for column in layout.unused if column]
    if unused:
        yield f"columns not used: {', '.join(unused)}"


def table_example(example_id: str, fields: Mapping[str, Cell], origin: Origin) -> Example:
    """The example that the fields of an item's rows make."""
    values = {role: cell.value for role, cell in fields.items()}
    instruction = values.get("instruction")
    return Example(
        id=example_id,
        kind="instruction",
        language=values.get("language", "und"),  # BCP-47's own word for a language that is not known
        task=values.get("task"),
        form=values.get("form"),
        messages=() if instruction is None else (Message(role="user", parts=(TextPart(text=instruction),)),),
        references=values.get("reference", ()),
        source=values.get("source"),
        cluster_id=values.get("cluster"),
        parallel_id=values.get("parallel_id"),
        origin=origin,
    )


def output_id(example_id: str, system: str, sample: int) -> str:
    """An output's id: `example/system`, with `#sample` from the second sample on; signs between parts are escaped in the name."""
    name = re.sub("[%/#]", lambda sign: f"%{ord(sign[0]):02X}", system)
    return f"{example_id}/{name}#{sample}" if sample else f"{example_id}/{name}"
