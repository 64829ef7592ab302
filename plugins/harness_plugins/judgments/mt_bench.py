"""The human judgments of MT-Bench: experts' preferences between six chat models' answers to 80 two-turn questions.

Zheng et al., Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, NeurIPS 2023 (arXiv 2306.05685); the data set
mt_bench_human_judgments (CC-BY-4.0) has the splits `human` and `gpt4_pair`, each one file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import hookimpl, named_files
from harness.errors import InputError, did_you_mean
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, JudgmentInfo, Origin, Output, Preference
from harness_plugins.judgments.conversations import Turn, read_turns, user_messages
from harness_plugins.judgments.preference_votes import Side, Vote, number_repeats, vote_records
from harness_plugins.judgments.preference_words import Winner, winner_of
from harness_plugins.judgments.table import output_id
from harness_plugins.judgments.table_contents import short
from harness_plugins.judgments.table_rows import Rows, read_rows

NAME = "mt-bench"
VERSION = "1"
LICENCE = "CC-BY-4.0"
CRITERION = "preference"
COLUMNS = ("question_id", "model_a", "model_b", "winner", "judge", "conversation_a", "conversation_b", "turn")


@dataclass(frozen=True)
class _Row:
    """One row: the question and turn, the two sides with their conversations up to that turn, who judged and what they said."""

    place: str
    question: str
    turns: tuple[tuple[Turn, ...], tuple[Turn, ...]]
    systems: tuple[str, str]
    judge: str
    winner: Winner
    said: str

    @property
    def item(self) -> str:
        return f"{self.question}-turn-{len(self.turns[0])}"

    @property
    def sides(self) -> tuple[Side, Side]:
        a, b = (Side(system, turns[-1].answered) for system, turns in zip(self.systems, self.turns, strict=True))
        return a, b


class MTBench:
    """Questions (an item a turn), models' answers to that turn, and the people's preferences; `path` is the split `human`.

    `recorded`: the file of the split `gpt4_pair` (or of another judge's verdicts in the same form), served by
    recorded-verdict:JUDGE. `turn`: 1 or 2 for that turn alone. The slice `task` is the turn. A judge's second word on the same
    two answers is JUDGE#2. Raises InputError naming the file, the row and the column.
    """

    def __init__(self, path: str | Path, *, recorded: str | Path | None = None, turn: int | None = None) -> None:
        if turn not in (None, 1, 2):
            raise ValueError(f"turn is 1 or 2, got {turn!r}")
        rows = [row for row in _rows(read_rows(path)) if turn in (None, len(row.turns[0]))]
        machines = sorted({row.judge for row in rows if _is_machine(row.judge)})
        if machines:
            raise InputError(
                f"{path}: {machines[0]!r} is no person; give the people's file as path and this one as recorded=FILE"
            )
        if not rows:
            raise InputError(f"{path}: no row is about turn {turn}")
        verdicts = [] if recorded is None else [row for row in _rows(read_rows(recorded)) if turn in (None, len(row.turns[0]))]
        self._votes, repeats = number_repeats([_vote(row) for row in rows if row.sides[0] != row.sides[1]])
        self._examples = _examples(rows, Path(path).name)
        known = {(vote.item, side) for vote in self._votes for side in (vote.a, vote.b)}
        self._meta, unmatched = _meta(rows, verdicts, known)
        self.info = JudgmentInfo(
            name=f"{NAME}:{Path(path).name}",
            version=VERSION,
            criteria=(CRITERION,),
            licence=LICENCE,
            citation="Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, NeurIPS",
            notes=tuple(_notes(repeats, sum(row.sides[0] == row.sides[1] for row in rows), unmatched)),
        )

    def read(self) -> Iterator[Example | Output | Preference]:
        """Each question and turn, its answers, then the preferences, in the order of the rows."""
        yield from vote_records(self._examples, self._votes, self._meta)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "human judgments of MT-Bench answers: mt-bench:human.parquet, 'mt-bench:human.parquet,recorded=gpt4_pair.parquet'"
    return [JudgmentSourceSpec(NAME, build=MTBench, version=VERSION, help=help, argument="path", reads=named_files)]


def _rows(table: Rows) -> Iterator[_Row]:
    for column in COLUMNS:
        if column not in table.columns:
            hint = did_you_mean(column, table.columns)
            raise InputError(f"{table.label}: there is no column {column!r}, which MT-Bench's judgments have.{hint}")
    for number, cells in table.rows:
        place = table.place(number)
        turn = cells["turn"]
        if isinstance(turn, bool) or str(turn) not in ("1", "2"):
            raise InputError(f"{place}, column 'turn': expected 1 or 2, got {short(turn)}")
        both = [_turns(place, column, cells, int(turn)) for column in ("conversation_a", "conversation_b")]
        winner = winner_of(str(cells["winner"]).replace("tie (inconsistent)", "tie"))
        if winner is None:
            raise InputError(f"{place}, column 'winner': expected model_a, model_b or tie, got {short(cells['winner'])}")
        judge = cells["judge"]
        yield _Row(
            place=place,
            question=str(cells["question_id"]),
            turns=(both[0], both[1]),
            systems=(str(cells["model_a"]), str(cells["model_b"])),
            judge=", ".join(map(str, judge)) if isinstance(judge, list) else str(judge),
            winner=winner,
            said=str(cells["winner"]),
        )


def _turns(place: str, column: str, cells: Mapping[str, Any], turn: int) -> tuple[Turn, ...]:
    where = f"{place}, column {column!r}"
    turns = read_turns(where, cells[column])
    if len(turns) < turn:
        raise InputError(f"{where}: the conversation has {len(turns)} turns, and turn {turn} was judged")
    return turns[:turn]


def _is_machine(judge: str) -> bool:
    return judge.casefold().startswith(("gpt", "claude"))


def _vote(row: _Row) -> Vote:
    a, b = row.sides
    return Vote(row.item, a, b, row.judge, CRITERION, row.winner, row.place)


def _examples(rows: list[_Row], file: str) -> dict[str, Example]:
    found: dict[str, Example] = {}
    for row in rows:
        if row.item not in found:
            found[row.item] = Example(
                id=f"{NAME}/{row.item}",
                kind="chat",
                language="en",
                task=f"turn-{len(row.turns[0])}",
                messages=user_messages(row.turns[0]),
                cluster_id=f"{NAME}/{row.question}",  # both turns of a question are one draw of the bootstrap
                origin=Origin(builder=NAME, dataset=file, licence=LICENCE),
            )
    return found


def _meta(
    rows: list[_Row], verdicts: list[_Row], known: set[tuple[str, Side]]
) -> tuple[dict[tuple[str, Side], dict[str, Any]], int]:
    """What each output holds: its model's earlier answers, and the verdicts recorded; and how many fit no judged pair."""
    meta: dict[tuple[str, Side], dict[str, Any]] = {}
    samples: dict[str, dict[Side, int]] = {}
    for row in rows:
        if row.sides[0] == row.sides[1]:
            continue
        for side, turns in zip(row.sides, row.turns, strict=True):
            numbers = samples.setdefault(row.item, {})
            numbers.setdefault(side, sum(other.system == side.system for other in numbers))
            if len(turns) > 1:
                meta.setdefault((row.item, side), {})["earlier_answers"] = [turn.answered for turn in turns[:-1]]
    unmatched = 0
    for row in verdicts:
        a, b = row.sides
        if a == b or not {(row.item, a), (row.item, b)} <= known:
            unmatched += 1
            continue
        other = output_id(f"{NAME}/{row.item}", b.system, samples[row.item][b])
        word = {"a": "first", "b": "second", "tie": "tie"}[row.winner]
        by_judge = meta.setdefault((row.item, a), {}).setdefault("recorded_verdicts", {}).setdefault(row.judge, {})
        by_judge[other] = {"winner": word, "reply": row.said}
    return meta, unmatched


def _notes(repeats: int, same: int, unmatched: int) -> Iterator[str]:
    yield "a vote on turn 2 is about the whole conversation; the output is that turn's answer, the earlier one is in its meta"
    yield "no reference is human: metrics that need one give no score"
    if repeats:
        yield f"{repeats} votes are a judge's second word on the same two answers, named JUDGE#2"
    if same:
        yield f"{same} rows compare an answer with itself and are left out"
    if unmatched:
        yield f"{unmatched} recorded verdicts are on pairs that no person judged and are left out"
