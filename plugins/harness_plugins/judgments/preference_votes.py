"""Votes on pairs of outputs, and the records that they make: equal texts of one system on one item are one output."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import InputError
from harness.records import Example, Output, Preference
from harness_plugins.judgments.preference_words import Winner
from harness_plugins.judgments.table import output_id


@dataclass(frozen=True)
class Side:
    """One of the two outputs that a vote is about; `text` None if it is missing."""

    system: str
    text: str | None


@dataclass(frozen=True)
class Vote:
    """One person's word on two outputs of an item; `place` is where it stands, `winner` None if it was left open."""

    item: str
    a: Side
    b: Side
    rater: str
    criterion: str
    winner: Winner | None
    place: str
    shown_first: Winner | None = None


@dataclass
class Outputs:
    """The outputs of one item by side, in the order in which votes name them: the number of the sample, and its meta."""

    samples: dict[Side, int] = field(default_factory=dict)
    meta: dict[Side, dict[str, Any]] = field(default_factory=dict)

    def add(self, side: Side) -> None:
        """Gives the side a number, unless it has one."""
        if side not in self.samples:
            self.samples[side] = sum(known.system == side.system for known in self.samples)


def check_votes(votes: Sequence[Vote], hint: str = "") -> list[Vote]:
    """The votes without those on two equal outputs; raises InputError where a rater votes twice on the same two outputs."""
    kept = []
    seen: dict[Any, str] = {}
    for vote in votes:
        if vote.a == vote.b:
            continue
        key = (vote.item, frozenset((vote.a, vote.b)), vote.rater, vote.criterion)
        first = seen.setdefault(key, vote.place)
        if first != vote.place:
            raise InputError(
                f"{vote.place}: {vote.rater!r} has already judged these two outputs of item {vote.item!r} on {vote.criterion!r} "
                f"({first}); keep one{hint}"
            )
        kept.append(vote)
    return kept


def number_repeats(votes: Sequence[Vote]) -> tuple[list[Vote], int]:
    """The votes, a rater's second word on the same two outputs named `RATER#2`, and how many such there are."""
    counted: Counter[Any] = Counter()
    kept = []
    repeats = 0
    for vote in votes:
        key = (vote.item, frozenset((vote.a, vote.b)), vote.rater, vote.criterion)
        counted[key] += 1
        repeats += counted[key] > 1
        kept.append(vote if counted[key] == 1 else _by(vote, f"{vote.rater}#{counted[key]}"))
    return kept, repeats


def vote_records(
    examples: Mapping[str, Example], votes: Sequence[Vote], meta: Mapping[tuple[str, Side], dict[str, Any]] | None = None
) -> Iterator[Example | Output | Preference]:
    """Each item, its outputs and the preferences between them, in the order of `examples`. `meta`: (item, side) → meta."""
    by_item: dict[str, list[Vote]] = {item: [] for item in examples}
    outputs = {item: Outputs() for item in examples}
    for vote in votes:
        by_item[vote.item].append(vote)
        outputs[vote.item].add(vote.a)
        outputs[vote.item].add(vote.b)
    for item, example in examples.items():
        yield example
        ids = {side: output_id(example.id, side.system, sample) for side, sample in outputs[item].samples.items()}
        for side, sample in outputs[item].samples.items():
            own = (meta or {}).get((item, side), {})
            yield Output(id=ids[side], example_id=example.id, system=side.system, sample=sample, text=side.text, meta=own)
        for vote in by_item[item]:
            yield Preference(
                output_a=ids[vote.a],
                output_b=ids[vote.b],
                rater=vote.rater,
                criterion=vote.criterion,
                winner=vote.winner,
                shown_first=vote.shown_first if vote.shown_first != "tie" else None,
            )


def _by(vote: Vote, rater: str) -> Vote:
    return Vote(vote.item, vote.a, vote.b, rater, vote.criterion, vote.winner, vote.place, vote.shown_first)
