"""A judge's ratings beside people's: how much higher they are, at each human rating, and as confusion matrices.

Whoever rates with noise is above the lowest ratings and below the highest, for there is nowhere else to go. So a second rater
stands beside the judge: only what goes beyond that rater is the judge's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.judge_card.contents import Finding, Matrix
from harness.judge_card.estimates import Bounds, finding, mean, unmeasurable
from harness.judge_card.ground import Ground, People
from harness.meta.notes import join
from harness.meta.pairs import Bools, Floats

MOST_LEVELS = 12  # different ratings that a table by rating, or a side of a matrix, can have
Ends = tuple[float, float] | None
_ABOVE = "the judge's rating minus the first rater's"


@dataclass(frozen=True)
class OnScale:
    """A judge's ratings on people's scale, nan where missing; None where that cannot be. `note`: how, or why not."""

    values: Floats | None
    note: str | None


def on_scale(values: Floats, own: Ends, people: People) -> OnScale:
    """The judge's ratings, stretched evenly where its scale has other ends than people's. `own`: the ends of its scale."""
    if people.scale is None:
        return OnScale(None, "people's ratings are on no known scale")
    ends = (people.scale.low, people.scale.high)
    if own is None:
        rated = values[np.isfinite(values)]
        if not len(rated) or rated.min() < ends[0] or rated.max() > ends[1]:
            return OnScale(None, f"the judge's scale is not known, and is not people's ({ends[0]:g} to {ends[1]:g})")
        return OnScale(values, f"the judge's scale is not known, and taken to be people's ({ends[0]:g} to {ends[1]:g})")
    if own == ends:
        return OnScale(values, None)
    stretched = ends[0] + (values - own[0]) * (ends[1] - ends[0]) / (own[1] - own[0])
    return OnScale(stretched, f"the judge's {own[0]:g} to {own[1]:g} is stretched to people's {ends[0]:g} to {ends[1]:g}")


def beside_raters(laid: OnScale, people: People, ground: Ground, silent: str | None = None) -> Iterator[Finding]:
    """The difference to the first rater, overall and by that rater's rating, beside a second rater's difference to the first.

    `silent`: why no verdict says anything, where that is so.
    """
    if people.first is None:
        yield _none(people, "people gave no ratings, but preferences" if people.preferred else "nobody rated it")
        return
    if silent is not None or laid.values is None:
        yield _none(people, silent or laid.note or "")
        return
    judged = np.isfinite(laid.values) & np.isfinite(people.first)
    yield from _differences(laid, people, ground, judged, "over_positivity", None)
    for level in levels(people.first[judged]):
        yield from _differences(laid, people, ground, judged & (people.first == level), "over_positivity_at", level)


def _differences(laid: OnScale, people: People, ground: Ground, here: Bools, name: str, level: float | None) -> Iterator[Finding]:
    """The judge minus the first rater; and with a second one, that one minus the first, and the judge minus that one."""
    assert laid.values is not None
    assert people.first is not None
    bounds = _bounds(people)
    at = "" if level is None else f", where that is {level:g}"
    unbiased = 0.0 if level is None else None  # by rating the ends of the scale force a difference on anyone
    about: dict[str, Any] = {"criterion": people.criterion, "rating": level}
    above = mean((laid.values - people.first)[here], ground.cluster[here], ground.draws, bounds)
    note = join(laid.note, f"first rater: {people.first_name}" if level is None else None)
    yield finding(
        "people", name, f"{_ABOVE}{at}", above, of="outputs", unbiased=unbiased, empty="nobody rated what the judge rated",
        note=note, **about,
    )  # fmt: skip
    if people.second is None:
        if level is None:
            says = "a second rater's rating minus the first's"
            yield unmeasurable("people", "second_rater", says, "no two people rated the same output", criterion=people.criterion)
        return
    both = here & np.isfinite(people.second)
    if not both.any():
        return
    cluster, second = ground.cluster[both], people.second[both]
    note = f"second rater: {people.second_name}" if level is None else None
    yield finding(
        "people", f"second_rater{'' if level is None else '_at'}", f"the second rater's rating minus the first's{at}",
        mean(second - people.first[both], cluster, ground.draws, bounds), of="outputs", empty="none", note=note, **about,
    )  # fmt: skip
    yield finding(
        "people", f"beyond_second{'' if level is None else '_at'}", f"the judge's rating minus the second rater's{at}",
        mean(laid.values[both] - second, cluster, ground.draws, bounds), of="outputs", unbiased=0.0, empty="none", **about,
    )  # fmt: skip


def matrices(values: Floats, people: People, judge: str, own: Ends) -> Iterator[Matrix]:
    """Whom the first rater's ratings meet how often: the judge's verdicts (on its own scale), and a second rater's ratings.

    `own`: the ends of the judge's scale. Every whole number of a scale has its row and column, also where nobody gave it.
    """
    ends: Ends = None if people.scale is None else (people.scale.low, people.scale.high)
    found = ((judge, values, own, "verdict"), (people.second_name, people.second, ends, "rating"))
    for by, ratings, scale, of in found:
        if people.first is None or ratings is None or by is None:
            continue
        both = np.isfinite(people.first) & np.isfinite(ratings)
        if not both.any():
            continue
        rows, columns = _sides(people.first[both], ends), _sides(_whole(ratings[both]), scale)
        if not rows or not columns:
            continue
        met = zip(people.first[both].tolist(), _whole(ratings[both]).tolist(), strict=True)
        counts = np.zeros((len(rows), len(columns)), dtype=np.int64)
        for row, column in met:
            counts[rows.index(row), columns.index(column)] += 1
        yield Matrix(
            criterion=people.criterion, by=by, of=of, first=people.first_name or "", rows=tuple(rows), columns=tuple(columns),
            counts=tuple(tuple(line) for line in counts.tolist()),
        )  # fmt: skip


def levels(ratings: Floats) -> list[float]:
    """The different ratings, ascending; none where they are too many to stand side by side."""
    found: Sequence[float] = np.unique(ratings).tolist()
    return list(found) if len(found) <= MOST_LEVELS else []


def _sides(ratings: Floats, ends: Ends) -> list[float]:
    """The ratings that a side of a matrix has: those there are, and all whole numbers of the scale, unless that is too many."""
    found = levels(ratings)
    if ends is None or not found:
        return found
    grid = np.arange(np.ceil(ends[0]), np.floor(ends[1]) + 1) if ends[1] - ends[0] <= MOST_LEVELS else np.zeros(0)
    return levels(np.concatenate([ratings, grid])) or found


def _whole(ratings: Floats) -> Floats:
    """The ratings as they are, or where they are many different ones, to the nearest whole number."""
    return ratings if levels(ratings) else np.floor(ratings + 0.5)


def _bounds(people: People) -> Bounds:
    return None if people.scale is None else (people.scale.low - people.scale.high, people.scale.high - people.scale.low)


def _none(people: People, why: str) -> Finding:
    return unmeasurable("people", "over_positivity", _ABOVE, why, unbiased=0.0, criterion=people.criterion)
