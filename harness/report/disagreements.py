"""The worst disagreements: pairs that people order clearly and a metric orders clearly the other way round, with their texts.

How clearly a side orders a pair is told by ranks, so that unlike scales compare: people's gap is ranked among the pairs that
they order, the metric's among all pairs that it scored. A pair is as bad as the smaller of its two ranks, so both sides must hold
their opinion strongly. Of an item only the worst pair is kept.
"""

from dataclasses import dataclass

import numpy as np

from harness.meta.pairs import Floats, Ordered, Pairs, Signs
from harness.records import Output
from harness.report.contents import Disagreement, Disagreements, Run, Side
from harness.report.frame import MANY, Frame, amount
from harness.report.ground import BoardPairs, Ground
from harness.report.matching import runs, words_of
from harness.report.standing import metrics_of
from harness.report.texts import shown
from harness.report.views import PREFERENCE, Board

EACH = 10  # of a metric on a criterion, at most
ALL = 160  # in a report
LEAST = 2  # of a metric on a criterion, where there are many metrics
TEXT = 1_500  # characters of a text
REFERENCES = 3
_REFERENCE = 20_000  # characters of a reference that words are looked for in


@dataclass(frozen=True)
class Worst:
    """The wrong pairs of one metric, the worst first: indices into its pairs, and how clearly each side orders them (0 to 1)."""

    places: tuple[int, ...]
    people: Floats
    metric: Floats
    wrong: int
    ordered: int


def disagreements(frame: Frame, ground: Ground) -> list[Disagreements]:
    """A figure a board whose pairs lie within items."""
    within = [board for board in frame.boards if board.grouping in ("item", PREFERENCE)]
    shown_metrics = sum(min(len(metrics_of(board)), MANY) for board in within)
    each = max(LEAST, min(EACH, ALL // max(1, shown_metrics)))
    return [figure for board in within if (figure := _figure(frame, ground, board, each)) is not None]


def worst(pairs: Pairs, ordered: Ordered, signs: Signs, clarity: Floats, item: np.ndarray, most: int) -> Worst:
    """The worst pairs of a metric. `clarity`: how far apart people put each pair; `item`: of each pair; both of shape (P,)."""
    gap = ordered.gap
    wrong = (signs != 0) & ~ordered.concordant & (gap > 0)
    people, metric = _rank(clarity, signs != 0), _rank(gap, np.ones(len(gap), dtype=bool))
    both = np.minimum(people, metric)
    places = np.flatnonzero(wrong)
    order = places[np.lexsort((places, -(people + metric)[places], -both[places]))]
    kept: dict[int, int] = {}
    for place in order.tolist():
        kept.setdefault(int(item[place]), place)
        if len(kept) == most:
            break
    return Worst(tuple(kept.values()), people, metric, int(wrong.sum()), int((signs != 0).sum()))


def _rank(values: Floats, among: np.ndarray) -> Floats:
    """Share of the values `among` that are at most as large as each value."""
    known = np.sort(values[among])
    return np.searchsorted(known, values, side="right") / max(1, len(known))


def _figure(frame: Frame, ground: Ground, board: Board, each: int) -> Disagreements | None:
    found = ground.pairs(board)
    if found is None:
        return None
    lines = [line.label for line in metrics_of(board) if line.label in ground.columns]
    clarity = _clarity(board, found, ground)
    entries: list[Disagreement] = []
    counts = []
    for label in lines[:MANY]:
        scored = ground.ordered(found, label)
        if scored is None:
            continue
        pairs, ordered = scored
        signs, values = _same_pairs(found, pairs, clarity, ground, label)
        result = worst(pairs, ordered, signs, values, ground.item[pairs.left], each)
        entries += [_entry(frame, ground, board, label, pairs, place, signs, result) for place in result.places]
        counts.append(f"{label} {result.wrong:,} of {result.ordered:,}")
    if not counts:
        return None
    judge = "are ordered by construction" if frame.constructed else "people order"
    cut = f" The first {len(counts)} of {len(lines)} metrics." if len(counts) < len(lines) else ""
    return Disagreements(
        id=f"disagreements-{frame.key(board)}",
        title=f"Worst disagreements on {frame.title(board)}",
        caption=f"{', '.join(counts)} pairs that {judge} stand in the other order for the metric. Of each at most {each} are "
        f"shown, one an item, the worst first; texts are cut after {TEXT:,} characters.{cut}",
        entries=tuple(entries),
    )


def _clarity(board: Board, found: BoardPairs, ground: Ground) -> Floats:
    """How far apart people put each pair: the gap of ratings, or the winner's share of the votes less the loser's."""
    if found.human is not None:
        return np.abs(found.human[found.pairs.left] - found.human[found.pairs.right])
    votes = ground.votes(board.criterion)
    pairs = zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True)
    return np.array(
        [abs(first - second) / max(1, first + second + ties) for first, second, ties in (votes[pair] for pair in pairs)]
    )


def _same_pairs(found: BoardPairs, pairs: Pairs, clarity: Floats, ground: Ground, label: str) -> tuple[Signs, Floats]:
    """People's signs and clarity of the pairs that the metric scored."""
    if len(pairs) == len(found.pairs):
        return found.signs, clarity
    values = ground.columns[label].values
    assert values is not None  # a column without values has no scored pairs
    valid = np.isfinite(values)[found.pairs.left] & np.isfinite(values)[found.pairs.right]
    return found.signs[valid], clarity[valid]


def _entry(
    frame: Frame, ground: Ground, board: Board, label: str, pairs: Pairs, place: int, signs: Signs, result: Worst
) -> Disagreement:
    left, right = int(pairs.left[place]), int(pairs.right[place])
    better, worse = (left, right) if signs[place] > 0 else (right, left)
    outputs = frame.done.data.outputs
    example = ground.examples[outputs[better].example_id]
    known = words_of(reference[:_REFERENCE] for reference in example.references)
    sides = _side(frame, ground, board, label, better, worse, known), _side(frame, ground, board, label, worse, better, known)
    return Disagreement(
        item=example.id,
        language=example.language,
        metric=label,
        criterion=board.criterion,
        why=_why(frame, board, label, sides, result.people[place], result.metric[place]),
        instruction=_cut(example.instruction),
        source=_cut(example.source),
        references=tuple(shown(reference, TEXT) for reference in example.references[:REFERENCES]),
        a=sides[0],
        b=sides[1],
    )


def _why(frame: Frame, board: Board, label: str, sides: tuple[Side, Side], people: float, metric: float) -> str:
    """What people gave both answers, then the metric, and among how many pairs that is how clear."""
    first, second = sides
    scores = "" if first.score is None or second.score is None else f": {first.score:.3g} against {second.score:.3g}"
    own = f"{label} puts the second ahead{scores} (as far apart or less in {_percent(metric)} of all pairs)"
    if frame.constructed:
        return f"The first answer is better by construction. {own}."
    gave = f"{first.people} against {second.people}" if board.grouping != PREFERENCE else f"{first.people}, {second.people}"
    return (
        f"People put the first answer ahead: {gave} (as far apart or less in {_percent(people)} of the pairs they order). {own}."
    )


def _percent(share: float) -> str:
    return f"{min(share, 0.999) * 100:.1f} %" if share > 0.99 else f"{share * 100:.0f} %"


def _side(frame: Frame, ground: Ground, board: Board, label: str, index: int, other: int, known: frozenset[str]) -> Side:
    output = frame.done.data.outputs[index]
    values = ground.columns[label].values
    score = None if values is None else float(f"{values[index] * ground.sign(label):.6g}")
    return Side(
        system=output.system,
        text=_runs(output, known),
        score=score,
        people=_people(frame, ground, board, index, other),
    )


def _runs(output: Output, known: frozenset[str]) -> tuple[Run, ...]:
    return () if output.text is None else runs(shown(output.text, TEXT), known)


def _people(frame: Frame, ground: Ground, board: Board, index: int, other: int) -> str:
    human = ground.human(board)
    if human is not None:
        return f"{human[index]:.3g}"
    if frame.constructed:
        return "better" if _wins(ground, board, index, other) else "worse"
    first, second, ties = ground.votes(board.criterion)[min(index, other), max(index, other)]
    own = first if index < other else second
    return f"{own} of {amount(first + second + ties, 'vote')}"


def _wins(ground: Ground, board: Board, index: int, other: int) -> bool:
    first, second, _ = ground.votes(board.criterion)[min(index, other), max(index, other)]
    return (first > second) == (index < other)


def _cut(text: str | None) -> str | None:
    return None if text is None else shown(text, TEXT)
