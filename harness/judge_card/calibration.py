"""A judge's ratings put on people's scale by isotonic regression, each fold by what the others teach; before and after."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.judge_card.contents import Finding
from harness.judge_card.estimates import Estimate, finding, mean, unmeasurable
from harness.judge_card.ground import Ground, People
from harness.judge_card.isotonic import fit
from harness.judge_card.people import OnScale
from harness.meta.pairs import Floats, Ints

_WHEN = {
    "before": "before calibration",
    "after": "after calibration",
    "constant": "of people's mean rating alone, which knows nothing",
}
_SAVED = (
    ("squared_saved", "before", "squared distance that calibration saves"),
    ("squared_beyond_constant", "constant", "squared distance by which it is then better than people's mean rating alone"),
)


def calibration(
    values: Floats, laid: OnScale, people: People, ground: Ground, silent: str | None = None, *, rating: str = "rating"
) -> Iterator[Finding]:
    """Absolute and squared error, and mean difference to people's ratings, before and after, beside the mean rating alone.

    Isotonic regression is of means, so it is the squared error that it brings down; the absolute one can rise.
    `values`: what the judge's score is made of, which is calibrated; `laid`: the same on people's scale, which is before.
    `rating`: what to call it; `silent`: why no verdict says anything, where that is so.
    """
    distance = f"mean distance of the judge's {rating} to people's"
    says = f"{distance}, {_WHEN['after']}"
    criterion = people.criterion
    if people.first is None:
        why = "people gave no ratings, but preferences" if people.preferred else "nobody rated it"
        yield unmeasurable("calibration", "error_after", says, why, criterion=criterion)
        return
    if silent is not None or not np.isfinite(values).any():
        why = silent or f"no verdict has an {rating}"
        yield unmeasurable("calibration", "error_after", says, why, criterion=criterion)
        return
    target, cluster, draws = people.values, ground.cluster, ground.draws
    after, constant = cross_fitted(values, target, ground.fold)
    there = np.isfinite(after) & np.isfinite(target)
    if not there.any():
        both = np.isfinite(values) & np.isfinite(target)
        fold = "what the judge and people rated lies in one fold of clusters: there is nothing to learn from"
        why = fold if both.any() else "nobody rated what the judge rated"
        yield unmeasurable("calibration", "error_after", says, why, criterion=criterion)
        return
    span = None if people.scale is None else people.scale.high - people.scale.low
    before = np.full(len(target), np.nan) if laid.values is None else laid.values
    off = {"before": before - target, "after": after - target, "constant": constant - target}
    for name, when in _WHEN.items():
        about: dict[str, Any] = {"of": "outputs", "empty": laid.note or "", "criterion": criterion}
        gap, own = off[name][there], cluster[there]
        if name != "constant":
            far = mean(np.abs(gap), own, draws, None if span is None else (0.0, span))
            yield finding("calibration", f"error_{name}", f"{distance}, {when}", far, **about)
        squared = _root(mean(gap**2, own, draws, None if span is None else (0.0, span**2)))
        yield finding("calibration", f"rms_{name}", f"root of the mean squared distance, {when}", squared, **about)
        if name != "constant":
            above = mean(gap, own, draws, None if span is None else (-span, span))
            yield finding(
                "calibration", f"bias_{name}", f"the judge's {rating} minus people's, {when}", above, unbiased=0.0, **about
            )
    for name, other, what in _SAVED:
        gap = (off[other] ** 2 - off["after"] ** 2)[there]
        found = mean(gap, cluster[there], draws, None if span is None else (-(span**2), span**2))
        yield finding("calibration", name, what, found, of="outputs", unbiased=0.0, empty=laid.note or "", criterion=criterion)


def _root(found: Estimate) -> Estimate:
    """The square root of a mean of squares, which keeps the order and so the interval."""
    value, low, high = (None if one is None else float(np.sqrt(max(one, 0.0))) for one in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.n, found.n_clusters)


def cross_fitted(values: Floats, target: Floats, fold: Ints) -> tuple[Floats, Floats]:
    """Each value by the isotonic curve of the other folds, and the mean target of the other folds; nan where they have none."""
    there = np.isfinite(values) & np.isfinite(target)
    after, constant = np.full(len(values), np.nan), np.full(len(values), np.nan)
    for number in np.unique(fold[there]).tolist():
        learned, here = there & (fold != number), there & (fold == number)
        if learned.any():
            after[here] = fit(values[learned], target[learned]).at(values[here])
            constant[here] = target[learned].mean()
    return after, constant
