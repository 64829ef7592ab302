"""Votes of Chatbot Arena: visitors' preferences between two models' answers to their own questions, in many languages.

Zheng et al. 2023 (arXiv 2306.05685) and Chiang et al., Chatbot Arena: An Open Platform for Evaluating LLMs by Human Preference,
ICML 2024 (arXiv 2403.04132). Exports differ in shape: chatbot_arena_conversations, and arena-human-preference-55k, -100k, -140k.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import hookimpl, named_files
from harness.errors import InputError
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, JudgmentInfo, Origin, Output, Preference
from harness_plugins.judgments.arena_languages import language_tag
from harness_plugins.judgments.conversations import Turn, content_text, read_turns, user_messages
from harness_plugins.judgments.preference_votes import Side, Vote, number_repeats, vote_records
from harness_plugins.judgments.preference_words import BOTH_BAD, Winner, winner_of
from harness_plugins.judgments.table_contents import short
from harness_plugins.judgments.table_rows import Rows, read_rows

NAME = "arena"
VERSION = "1"
CRITERION = "preference"
_IDS, _RATERS = ("question_id", "id"), ("judge", "evaluation_session_id")
_SPLIT_WINNERS: dict[str, Winner] = {"winner_model_a": "a", "winner_model_b": "b", "winner_tie": "tie"}


@dataclass
class _Left:
    """What was left out or counted otherwise, for the notes."""

    both_bad: int = 0
    same: int = 0
    known_names: int = 0
    silent: int = 0
    languages: Counter[str] = field(default_factory=Counter)


class Arena:
    """An item for each vote: the visitor's messages, the two models' last answers, and the vote.

    `language`: keep votes in one language (a BCP-47 tag such as sv). `turns`: keep conversations of so many turns at most.
    Votes given after the models' names were shown (`anony` false) are left out. Items with one first message are one cluster.
    Raises InputError naming the file, the row and the column.
    """

    def __init__(self, path: str | Path, *, language: str | None = None, turns: int | None = None) -> None:
        if turns is not None and (not isinstance(turns, int) or turns < 1):
            raise ValueError(f"turns is the most turns of a conversation, at least 1, got {turns!r}")
        rows = read_rows(path)
        left = _Left()
        self._examples: dict[str, Example] = {}
        votes: list[Vote] = []
        self._meta: dict[tuple[str, Side], dict[str, Any]] = {}
        for number, cells in rows.rows:
            vote, sides = _vote(rows, number, cells)
            example = _example(vote, sides[0], cells, Path(path).name, left)
            if not _kept(cells, vote, sides, example, language, turns, left):
                continue
            if vote.item in self._examples:
                raise InputError(f"{vote.place}: the vote {vote.item!r} stands there twice; keep one")
            self._examples[vote.item] = example
            votes.append(vote)
            for side, said in zip((vote.a, vote.b), sides, strict=True):
                if len(said) > 1:
                    self._meta[vote.item, side] = {"earlier_answers": [turn.answered for turn in said[:-1]]}
        if not votes:
            raise InputError(f"{rows.label}: no vote is left" + (f" in the language {language!r}" if language else ""))
        self._votes, _ = number_repeats(votes)
        self.info = JudgmentInfo(
            name=f"{NAME}:{Path(path).name}",
            version=VERSION,
            criteria=(CRITERION,),
            citation="Chiang et al. 2024, Chatbot Arena: An Open Platform for Evaluating LLMs by Human Preference, ICML",
            notes=tuple(_notes(left, len(votes))),
        )

    def read(self) -> Iterator[Example | Output | Preference]:
        """Each vote's item, the two answers and the preference, in the order of the rows."""
        yield from vote_records(self._examples, self._votes, self._meta)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "votes of Chatbot Arena from any of its exports: arena:FILE.parquet, arena:FILE.parquet,language=sv"
    return [JudgmentSourceSpec(NAME, build=Arena, version=VERSION, help=help, argument="path", reads=named_files)]


def _vote(rows: Rows, number: int, cells: Mapping[str, Any]) -> tuple[Vote, tuple[tuple[Turn, ...], tuple[Turn, ...]]]:
    place = rows.place(number)
    systems = [_name(place, cells, f"model_{side}") for side in "ab"]
    a, b = (_turns(place, cells, side) for side in "ab")
    item = next((str(cells[column]) for column in _IDS if cells.get(column) is not None), f"{number:06d}")
    rater = next((str(cells[column]) for column in _RATERS if cells.get(column) is not None), "visitor")
    sides = Side(systems[0], a[-1].answered), Side(systems[1], b[-1].answered)
    return Vote(item, *sides, rater, CRITERION, _winner(place, cells), place), (a, b)


def _name(place: str, cells: Mapping[str, Any], column: str) -> str:
    value = cells.get(column)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{place}, column {column!r}: expected the model's name, got {short(value)}")
    return value


def _turns(place: str, cells: Mapping[str, Any], side: str) -> tuple[Turn, ...]:
    """The conversation of one side: `conversation_a`, or `prompt` and `response_a` as JSON lists of one text a turn."""
    column = f"conversation_{side}"
    if cells.get(column) is not None:
        return read_turns(f"{place}, column {column!r}", cells[column])
    texts = [_texts(place, cells, name) for name in ("prompt", f"response_{side}")]
    if len(texts[0]) != len(texts[1]) or not texts[0]:
        raise InputError(
            f"{place}: {len(texts[0])} prompts and {len(texts[1])} responses of model {side}; each turn has one of both"
        )
    return tuple(Turn(asked, answered) for asked, answered in zip(*texts, strict=True))


def _texts(place: str, cells: Mapping[str, Any], column: str) -> list[str]:
    where, value = f"{place}, column {column!r}", cells.get(column)
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{where}: expected a JSON list of texts: {error}") from error
    if value is None:
        raise InputError(f"{where}: it is missing; an export has conversation_a and conversation_b, or prompt and responses")
    return [content_text(where, text) for text in (value if isinstance(value, list) else [value])]


def _winner(place: str, cells: Mapping[str, Any]) -> Winner:
    if "winner" not in cells and set(_SPLIT_WINNERS) <= set(cells):
        marked = [winner for column, winner in _SPLIT_WINNERS.items() if str(cells[column]).strip() in ("1", "1.0", "True")]
        if len(marked) != 1:
            raise InputError(f"{place}: one of {', '.join(_SPLIT_WINNERS)} must be 1, got {len(marked)} of them")
        return marked[0]
    winner = winner_of(cells.get("winner"))
    if winner is None:
        raise InputError(
            f"{place}, column 'winner': expected model_a, model_b, tie or tie (bothbad), got {short(cells.get('winner'))}"
        )
    return winner


def _example(vote: Vote, turns: tuple[Turn, ...], cells: Mapping[str, Any], file: str, left: _Left) -> Example:
    said = cells.get("language")
    tag = language_tag(said)
    if tag == "und" and said is not None:
        left.languages[str(said)] += 1
    return Example(
        id=f"{NAME}/{vote.item}",
        kind="chat",
        language=tag,
        messages=user_messages(turns),
        cluster_id=f"{NAME}/{hashlib.sha256(turns[0].asked.strip().casefold().encode()).hexdigest()[:16]}",
        origin=Origin(builder=NAME, dataset=file),
        meta={"turns": len(turns)},
    )


def _kept(
    cells: Mapping[str, Any],
    vote: Vote,
    sides: tuple[tuple[Turn, ...], tuple[Turn, ...]],
    example: Example,
    language: str | None,
    turns: int | None,
    left: _Left,
) -> bool:
    """Whether the vote is read; what is left out for a reason that the user did not give is counted."""
    if (language is not None and example.language != language) or (turns is not None and len(sides[0]) > turns):
        return False
    if cells.get("anony") is False or str(cells.get("anony")).casefold() == "false":
        left.known_names += 1
        return False
    if vote.a == vote.b:
        left.same += 1
        return False
    if not (vote.a.text and vote.b.text):
        left.silent += 1  # kept: an empty answer was shown and judged
    word = cells.get("winner")
    left.both_bad += isinstance(word, str) and " ".join(word.casefold().split()) in BOTH_BAD
    return True


def _notes(left: _Left, votes: int) -> Iterator[str]:
    yield "visitors asked and voted, each on a question of their own: nobody's word can be checked against another's"
    yield "no reference exists: metrics that need one give no score; a vote on several turns is about the whole conversation"
    if left.both_bad:
        yield f"{left.both_bad} of {votes} votes say that both answers are bad; they count as ties"
    if left.known_names:
        yield f"{left.known_names} votes were given after the models' names were shown and are left out"
    if left.same:
        yield f"{left.same} votes compare an answer with itself and are left out"
    if left.silent:
        yield f"{left.silent} votes are on an answer without text"
    if left.languages:
        named = ", ".join(f"{name} {count}" for name, count in left.languages.most_common(5))
        yield f'votes in a language without a known tag are marked "und": {named}'
