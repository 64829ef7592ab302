"""Held-out accuracy where epsilons are chosen anew in every second resample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta.judging import Cell, Judged, estimate, estimate_judged, judge, make_cell
from harness.meta.pairs import make_pairs
from harness.meta.recalibration import FEW, few_gaps
from harness.meta.resampling import Resampler

FOLDS = 3
RESAMPLES = 20


def cell_of(human: np.ndarray, cluster_size: int = 1) -> Cell:
    """One group a row of `human`, `cluster_size` groups a cluster, clusters dealt to the folds in turn."""
    items, systems = human.shape
    cluster = np.repeat(np.arange(items) // cluster_size, systems)
    resampler = Resampler(cluster, int(cluster[-1]) + 1, RESAMPLES, 0.95, 0)
    pairs = make_pairs(np.repeat(np.arange(items), systems), 10_000)
    return make_cell(pairs, human.ravel(), cluster % FOLDS, FOLDS, resampler, 0.0)


def slowly(cell: Cell, metric: np.ndarray, weights: np.ndarray) -> float:
    """Held-out accuracy of a resample, each drawn copy of a cluster written out, epsilons by trying all."""
    pairs, groups = cell.pairs, []
    for group in np.unique(pairs.group):
        inside = pairs.group == group
        scored = inside & np.isfinite(metric[pairs.left]) & np.isfinite(metric[pairs.right])
        if scored.any():
            left, right = pairs.left[scored], pairs.right[scored]
            groups.append((cell.resampler.cluster[left[0]], np.abs(metric[left] - metric[right]), cell.signs[scored],
                           np.sign(metric[left] - metric[right])))  # fmt: skip
    drawn = [one for one in groups for _ in range(int(weights[one[0]]))]

    def share(one: tuple, epsilon: float) -> float:
        _, gap, signs, order = one
        return float(np.mean(np.where(gap <= epsilon, signs == 0, (signs == order) & (signs != 0))))

    candidates = sorted({0.0, *(float(gap) for one in groups for gap in one[1])})
    shares = []
    for fold in range(FOLDS):
        others = [one for one in drawn if one[0] % FOLDS != fold]
        totals = [sum(share(one, epsilon) for one in others) for epsilon in candidates]
        epsilon = next(e for e, total in zip(candidates, totals, strict=True) if total > max(totals) - 1e-9)
        shares += [share(one, epsilon) for one in drawn if one[0] % FOLDS == fold]
    return float(np.mean(shares))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 3, 4]), st.sampled_from([1, 2]), st.booleans())
def test_every_second_resample_is_held_out_accuracy_of_that_resample(
    seed: int, systems: int, cluster_size: int, gaps: bool
) -> None:
    rng = np.random.default_rng(seed)
    human, metric = rng.integers(0, 3, (12, systems)).astype(float), rng.integers(0, 3, (12, systems)).astype(float)
    if gaps:
        metric[rng.random(metric.shape) < 0.2] = np.nan
    cell = cell_of(human, cluster_size)
    judged = judge(cell, metric.ravel(), recalibrate=True)
    if judged.choices is None:
        return
    found = estimate_judged(cell, judged, "accuracy_heldout").resampled
    anew = judged.choices.resample(cell.support(judged.tested))
    as_it_is = estimate(cell, judged.right["accuracy_heldout"], judged.tested).resampled
    assert found is not None
    assert as_it_is is not None
    np.testing.assert_array_equal(found[0::2], as_it_is[0::2])
    expected = [slowly(cell, metric.ravel(), row) for row in cell.resampler.weights]
    if anew is None:  # one epsilon is so much better than all others that no resample would choose another
        np.testing.assert_array_equal(found, as_it_is)
    else:
        np.testing.assert_allclose(found[1::2], expected[1::2], atol=1e-12)
        np.testing.assert_allclose(anew, expected, atol=1e-12)


def jumping() -> tuple[Cell, np.ndarray]:
    """A metric of three levels whose epsilons 0 and 1 are worth nearly the same."""
    rng = np.random.default_rng(4)
    human = rng.integers(0, 2, (60, 3)).astype(float)
    noise = rng.random(human.shape) < 0.55
    return cell_of(human), np.where(noise, rng.integers(0, 3, human.shape), human * 2).astype(float).ravel()


def test_an_interval_is_longer_where_folds_might_have_chosen_another_epsilon() -> None:
    cell, metric = jumping()
    judged = judge(cell, metric, recalibrate=True)
    long, short = (
        estimate_judged(cell, judged, "accuracy_heldout"),
        estimate_judged(cell, judge(cell, metric), "accuracy_heldout"),
    )
    assert long.value == short.value
    assert (long.high or 0) - (long.low or 0) > (short.high or 0) - (short.low or 0)


def test_a_clear_choice_leaves_every_resample_as_it_was() -> None:
    human = np.tile([0.0, 1.0, 2.0], (30, 1))
    cell = cell_of(human)
    judged = judge(cell, human.ravel(), recalibrate=True)
    assert judged.choices is not None
    assert judged.choices.resample(cell.support(judged.tested)) is None


def test_missing_scores_counted_wrong_count_in_resamples_too() -> None:
    cell, metric = jumping()
    metric[:6] = np.nan  # both items whole
    judged = judge(cell, metric, recalibrate=True)
    assert judged.choices is not None
    everything = np.ones(len(cell.pairs), dtype=bool)
    own = judged.choices.resample(cell.support(judged.tested))
    wrong = judged.choices.resample(cell.support(everything))
    assert own is not None
    assert wrong is not None
    weights = cell.resampler.weights
    np.testing.assert_allclose(wrong * weights.sum(axis=1), own * weights[:, 2:].sum(axis=1))


@pytest.mark.parametrize(
    ("gaps", "found"),
    [([2.0, 1.0, 2.0], [0.0, 1.0, 2.0]), ([], [0.0]), (list(range(FEW)), list(range(FEW))), (list(range(FEW + 1)), None)],
)
def test_few_gaps_are_told_from_many(gaps: list[float], found: list[float] | None) -> None:
    epsilons = few_gaps(np.array(gaps, dtype=float))
    assert (None if epsilons is None else epsilons.tolist()) == found


def test_gaps_that_come_late_are_found() -> None:
    assert few_gaps(np.append(np.zeros(5000), [3.0, 1.0])).tolist() == [0.0, 1.0, 3.0]  # type: ignore[union-attr]


def test_nothing_is_chosen_anew_at_epsilons_of_another_slice_or_unless_asked() -> None:
    cell, metric = jumping()
    whole: Judged = judge(cell, metric)
    assert whole.choices is None
    assert judge(cell, metric, whole, recalibrate=True).choices is None
