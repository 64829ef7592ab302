"""Preferences from a file of your own: CSV, TSV, JSON Lines, JSON, Parquet or a data frame, one judged pair a row."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import hookimpl, named_files
from harness.errors import InputError, did_you_mean
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, JudgmentInfo, Origin, Output, Preference
from harness_plugins.judgments.preference_columns import CRITERION, RATER, PairLayout, find_pair_columns
from harness_plugins.judgments.preference_votes import Side, Vote, check_votes, vote_records
from harness_plugins.judgments.preference_words import BOTH_BAD, Winner, known_words, winner_of
from harness_plugins.judgments.table import table_example
from harness_plugins.judgments.table_contents import Cell, identifier, item_fields, missing_note, output_of, put, short, text_of
from harness_plugins.judgments.table_rows import Rows, memory_rows, read_rows

NAME = "preferences"
VERSION = "1"


class Preferences:
    """Pairs of outputs and who is better, one row a rater's word on a pair: `winner` is a, b or tie, or a word for it.

    Columns are found by their usual names (output_a or response_1, system_a or model_a, winner or preferred, …) or named by the
    parameters that are called as the roles are, or by `columns` (role → column). A winner may also be the system's name, unless
    that name is a word for another winner; an empty one was left open. Without `item`, rows with one instruction and source are
    one item. Without systems, the two places are the systems output-a and output-b. `language` is a column or one tag for all
    rows. `primary`: the primary rater.
    An output that is null is missing; an empty text is an output.
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
        instruction: str | None = None,
        source: str | None = None,
        reference: str | Sequence[str] | None = None,
        language: str | None = None,
        task: str | None = None,
        form: str | None = None,
        cluster: str | None = None,
        parallel_id: str | None = None,
        system_a: str | None = None,
        system_b: str | None = None,
        output_a: str | None = None,
        output_b: str | None = None,
        rater: str | None = None,
        criterion: str | None = None,
        winner: str | None = None,
        shown_first: str | None = None,
        primary: str | None = None,
    ) -> None:
        if (path is None) == (rows is None):
            raise ValueError(f"give the path of a file ({NAME}:FILE.csv) or rows in memory, one of them")
        given = {
            "item": item, "instruction": instruction, "source": source, "reference": reference, "language": language,
            "task": task, "form": form, "cluster": cluster, "parallel_id": parallel_id, "system_a": system_a,
            "system_b": system_b, "output_a": output_a, "output_b": output_b, "rater": rater, "criterion": criterion,
            "winner": winner, "shown_first": shown_first,
        }  # fmt: skip
        table = memory_rows(rows) if path is None else read_rows(path, format, delimiter, quote)
        layout = find_pair_columns(table, given, columns or {})
        _check_coding(table, layout.winner)
        name = NAME if path is None else f"{NAME}:{Path(path).name}"
        prefix = NAME if path is None else Path(path).stem
        fields, votes = _collect(table, layout)
        hint = "" if layout.rater is not None else "; if several people judged the pair, name the rater's column (rater=COLUMN)"
        self._votes = check_votes(votes, hint)
        origin = Origin(builder=NAME, dataset=None if path is None else Path(path).name)
        self._examples = {item: table_example(f"{prefix}/{item}", own, origin) for item, own in fields.items()}
        people = sorted({vote.rater for vote in votes})
        if primary is not None and primary not in people:
            raise InputError(f"{table.label}: there is no rater {primary!r} (primary).{did_you_mean(primary, people)}")
        self.info = JudgmentInfo(
            name=name,
            version=VERSION,
            criteria=tuple(dict.fromkeys(vote.criterion for vote in votes)),
            primary_rater=people[0] if len(people) == 1 else primary,
            notes=tuple(_notes(table, layout, self._examples, votes, len(self._votes))),
        )

    def read(self) -> Iterator[Example | Output | Preference]:
        """Each item, its outputs, then the preferences between them; items stand in the order in which rows first name them."""
        yield from vote_records(self._examples, self._votes)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "preferences from your own CSV, TSV, JSON Lines, JSON or Parquet file: preferences:FILE.csv"
    return [JudgmentSourceSpec(NAME, build=Preferences, version=VERSION, help=help, argument="path", reads=named_files)]


def _check_coding(rows: Rows, column: str) -> None:
    """Raises InputError for winners coded 0 and 1 alone: the first and the second, or a tie and the first?"""
    said = {str(cells.get(column)).strip() for _, cells in rows.rows} - {"", "None"}
    if "0" in said and said <= {"0", "1"}:
        raise InputError(
            f"{rows.label}, column {column!r}: every winner is 0 or 1, which may mean first and second, or tie and first; "
            "write a, b and tie (or 1, 2 and 0 for the first, the second and a tie)"
        )


def _collect(rows: Rows, layout: PairLayout) -> tuple[dict[str, dict[str, Cell]], list[Vote]]:
    """The items with their fields, and the votes, in the order of the rows."""
    fields: dict[str, dict[str, Cell]] = {}
    named: dict[tuple[str, str], str] = {}
    votes = []
    for number, cells in rows.rows:
        item = _item(rows, number, cells, layout, named)
        own = fields.setdefault(item, {})
        for role, value in item_fields(rows, number, cells, layout.table):
            put(rows, own, role, Cell(value, number), f"item {item!r} has two different {role} values")
        a, b = (_side(rows, number, cells, layout, place) for place in (0, 1))
        criterion = CRITERION if layout.criterion is None else identifier(rows, number, cells, layout.criterion)
        rater = RATER if layout.rater is None else identifier(rows, number, cells, layout.rater)
        winner = _winner(rows, number, cells, layout.winner, a, b)
        first = None if layout.shown_first is None else _winner(rows, number, cells, layout.shown_first, a, b)
        votes.append(Vote(item, a, b, rater, criterion, winner, rows.place(number), first))
    return fields, votes


def _item(rows: Rows, number: int, cells: Mapping[str, Any], layout: PairLayout, named: dict[tuple[str, str], str]) -> str:
    """The item's name: that of its column, else a number for each instruction and source, else one for each row."""
    columns = layout.table.columns
    if layout.item is not None:
        return identifier(rows, number, cells, layout.item)
    key = tuple(text_of(rows, number, cells, columns[role]) if role in columns else "" for role in ("instruction", "source"))
    return named.setdefault((key[0], key[1]), f"{len(named) + 1:04d}") if any(key) else f"{number:04d}"


def _side(rows: Rows, number: int, cells: Mapping[str, Any], layout: PairLayout, place: int) -> Side:
    column = layout.systems[place]
    system = ("output-a", "output-b")[place] if column is None else identifier(rows, number, cells, column)
    return Side(system, output_of(rows, number, cells, layout.outputs[place]))


def _winner(rows: Rows, number: int, cells: Mapping[str, Any], column: str, a: Side, b: Side) -> Winner | None:
    value = cells.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    text = str(value).strip()
    winner = winner_of(value)
    if a.system != b.system:
        _check_meaning(rows, number, column, text, winner, a, b)
        if text in (a.system, b.system):
            return "a" if text == a.system else "b"
    if winner is None:
        raise InputError(
            f"{rows.place(number)}, column {column!r}: {short(value)} says neither a, b nor tie, and is neither system "
            f"({a.system}, {b.system}); known words are {known_words()}"
        )
    return winner


def _check_meaning(rows: Rows, number: int, column: str, text: str, word: Winner | None, a: Side, b: Side) -> None:
    """Raises InputError for a word that means one thing as a system's name and another as a place or a tie."""
    for place, side in (("a", a), ("b", b)):
        if word not in (None, place) and text.casefold() == side.system.casefold():
            meant = {"a": "the first of the two", "b": "the second of the two"}.get(str(word), "a tie")
            raise InputError(
                f"{rows.place(number)}, column {column!r}: {text!r} is the name of the system {side.system!r} and also a word "
                f"for {meant} (systems {a.system}, {b.system}); write first, second or tie in this column, or rename the systems"
            )


def _notes(rows: Rows, layout: PairLayout, examples: Mapping[str, Example], votes: Sequence[Vote], kept: int) -> Iterator[str]:
    if any(example.language == "und" for example in examples.values()):
        yield 'items without a language are marked "und" (unknown); name it with language=sv, or a column'
    if None in layout.systems:
        yield "no column names the systems: the two places are called output-a and output-b"
    if len(votes) > kept:
        yield f"{len(votes) - kept} of {len(votes)} rows compare an output with itself and are left out"
    bad = sum(_both_bad(cells.get(layout.winner)) for _, cells in rows.rows)
    if bad:
        yield f"{bad} of {len(votes)} votes say that both are bad; they count as ties"
    missing = len({(vote.item, side) for vote in votes for side in (vote.a, vote.b) if side.text is None})
    if missing:
        yield missing_note(missing)
    unused = [column for column in layout.table.unused if column]
    if unused:
        yield f"columns not used: {', '.join(unused)}"


def _both_bad(value: Any) -> bool:
    return isinstance(value, str) and " ".join(value.casefold().split()) in BOTH_BAD
