"""A judge's ratings put on people's scale by isotonic regression, each fold by what the others teach; before and after."""

from collections.abc import Iterator

import numpy as np

from harness.judge_card.contents import Finding
from harness.judge_card.estimates import finding, mean, unmeasurable
from harness.judge_card.ground import Ground, People
from harness.judge_card.isotonic import fit
from harness.judge_card.people import OnScale
from harness.meta.pairs import Floats, Ints

_SAYS = "points between the judge's rating and people's, after calibration"


def calibration(values: Floats, laid: OnScale, people: People, ground: Ground) -> Iterator[Finding]:
    """Mean absolute error and mean difference to people's ratings before and after, and of the mean rating alone.

    `values`: the judge's own ratings, which are calibrated; `laid`: the same on people's scale, which is before.
    """
    criterion = people.criterion
    if people.first is None:
        why = "people gave no ratings, but preferences" if people.preferred else "nobody rated it"
        yield unmeasurable("calibration", "error_after", _SAYS, why, criterion=criterion)
        return
    target, cluster, draws = people.values, ground.cluster, ground.draws
    after, constant = cross_fitted(values, target, ground.fold)
    there = np.isfinite(after) & np.isfinite(target)
    if not there.any():
        why = "what the judge and people rated lies in one fold of clusters: there is nothing to learn from"
        yield unmeasurable("calibration", "error_after", _SAYS, why, criterion=criterion)
        return
    bounds = None if people.scale is None else (0.0, people.scale.high - people.scale.low)
    signed = None if bounds is None else (-bounds[1], bounds[1])
    before = np.full(len(target), np.nan) if laid.values is None else laid.values
    why = laid.note or ""
    far, near, flat = np.abs(before - target), np.abs(after - target), np.abs(constant - target)
    columns = (
        ("error_before", "points between the judge's rating and people's, before calibration", far, None),
        ("error_after", _SAYS, near, None),
        ("error_constant", "points between people's mean rating and each: what knowing nothing has", flat, None),
        ("error_saved", "points that calibration saves", far - near, 0.0),
        ("gain_over_constant", "points by which it is then closer than the mean rating", flat - near, 0.0),
        ("bias_before", "the judge's rating minus people's, before calibration", before - target, 0.0),
        ("bias_after", "the judge's rating minus people's, after calibration", after - target, 0.0),
    )  # fmt: skip
    for name, says, column, unbiased in columns:
        found = mean(column[there], cluster[there], draws, bounds if name in ("error_before", "error_after") else signed)
        note = laid.note if name.endswith("before") and found.value is not None else None
        yield finding(
            "calibration", name, says, found, of="outputs", unbiased=unbiased, empty=why, criterion=criterion, note=note
        )


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
