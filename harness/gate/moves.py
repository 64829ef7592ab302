"""Which units moved between two sets of scores, how far, and what about them may be the cause."""

import math
from collections.abc import Mapping, Sequence

from harness.gate.baseline import Baseline, JudgedScores, MetricBaseline, PairScores, Value
from harness.gate.findings import Moved
from harness.gate.pairs import text_digests
from harness.gate.patterns import patterns
from harness.gate.traits import Texts, shared, texts_of
from harness.judgments import JudgmentSet

Rows = Mapping[str, Sequence[Value]]
_WORST = 5  # moved pairs that a finding shows
_SHOWN = 200  # characters of a text that a finding shows


def answer_rows(units: Sequence[str], was: JudgedScores, now: JudgedScores) -> tuple[Rows, Rows]:
    """Past and present of a judged set's units: a row for each, with a value of each component where both hold the same ones,
    else of the main one alone (older baselines hold no other)."""
    names = shared_components(was, now)
    return _rows(units, was, names), _rows(units, now, names)


def same_answers(
    before: Baseline, was: JudgedScores, now: JudgedScores, data: JudgmentSet, units: Sequence[str]
) -> tuple[Rows, Rows]:
    """Past and present of those answers whose texts are what they were, in a judged set that is another one now; `units`: what
    the present scores are about.

    Empty where the baseline is older than its `texts`, and where not each answer had a score of its own: what a score of a pair
    or a group was about, the baseline does not hold.
    """
    then = before.texts.get(was.digest, {})
    if not then or len(then) != len(was.values):
        return {}, {}
    now_texts, names = text_digests(data), shared_components(was, now)
    same = {unit for unit in units if unit in then and then[unit] == now_texts.get(unit)}
    past, present = _rows(sorted(then), was, names), _rows(units, now, names)
    return {unit: past[unit] for unit in units if unit in same}, {unit: present[unit] for unit in units if unit in same}


def _rows(units: Sequence[str], held: JudgedScores, names: Sequence[str]) -> dict[str, list[Value]]:
    columns = [held.values, *(held.others[name] for name in names)]
    return {unit: list(row) for unit, row in zip(units, zip(*columns, strict=True), strict=True)}


def shared_components(was: JudgedScores, now: JudgedScores) -> list[str]:
    """The components beside the main one if both hold the same, else none."""
    whole = all(len(values) == len(held.values) for held in (was, now) for values in held.others.values())
    return list(now.others) if whole and was.others.keys() == now.others.keys() else []


def same_texts(before: Baseline, known: PairScores, data: JudgmentSet) -> dict[str, list[Value]]:
    """What the baseline has of those pairs whose texts are what they were, in a set that is another one now; empty where the
    baseline is older than its `texts`."""
    then = before.texts.get(known.digest)
    now = text_digests(data) if then else {}
    return {unit: row for unit, row in known.scores.items() if then and unit in then and then[unit] == now.get(unit)}


def moved_units(before: Rows, now: Rows, tolerance: float) -> dict[str, float]:
    """Unit → how far it moved, of those that did, the furthest first; a unit that is not there any more moved infinitely."""
    found = {unit: distance(row, now.get(unit, ()), tolerance) for unit, row in before.items()}
    return dict(sorted(((unit, size) for unit, size in found.items() if size), key=lambda item: (-item[1], item[0])))


def distance(before: Sequence[Value], now: Sequence[Value], tolerance: float) -> float:
    """How far the furthest component moved beyond the tolerance, which is relative above 1; 0 if none did.

    Infinite where a score came, went, or is missing for another reason, and for numbers that are not finite.
    """
    if len(before) != len(now):
        return float("inf")
    furthest = 0.0
    for one, other in zip(before, now, strict=True):
        if isinstance(one, (int, float)) and isinstance(other, (int, float)):
            apart = abs(one - other)
            if not math.isfinite(apart):  # nan and infinity lie in every tolerance
                return float("inf")
            if apart > tolerance * max(1.0, abs(one)):
                furthest = max(furthest, apart)
        elif one != other:
            return float("inf")
    return furthest


def worst(data: JudgmentSet, before: Rows, now: Rows, moved: Sequence[str]) -> tuple[Moved, ...]:
    """The first few of the moved units, with their texts, as findings show them: the first component that moved."""
    chosen = moved[:_WORST]
    texts = texts_of(data, chosen)
    return tuple(_shown(unit, before[unit], now.get(unit, ()), texts.get(unit)) for unit in chosen)


def causes(data: JudgmentSet, components: Sequence[str | None], before: Rows, now: Rows, moved: Sequence[str]) -> list[str]:
    """What the moved units have in common, in their texts and in how their scores moved."""
    inside = set(moved)
    traits = shared(texts_of(data, before.keys()), inside)
    return [*traits, *patterns(components, before, now, moved, explained=bool(traits))]


def tolerance_of(was: MetricBaseline, now: MetricBaseline) -> float:
    """The stricter of both: what lets scores move further has to be approved of first."""
    return min(was.tolerance, now.tolerance)


def _shown(unit: str, before: Sequence[Value], now: Sequence[Value], texts: Texts | None) -> Moved:
    places = [place for place in range(min(len(before), len(now))) if before[place] != now[place]]
    place = places[0] if places else 0
    return Moved(
        pair=unit,
        before=_number(before, place),
        now=_number(now, place),
        hypothesis=_short(texts.answer) if texts else "",
        reference=_short(" / ".join(texts.references)) if texts else "",
    )


def _number(row: Sequence[Value], place: int) -> float | None:
    value = row[place] if place < len(row) else None
    return float(value) if isinstance(value, (int, float)) else None


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
