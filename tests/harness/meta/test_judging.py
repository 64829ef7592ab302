"""One metric beside people on the pairs of a cell, and the random sentinel, which is many metrics at once."""

import numpy as np
import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta.judging import Cell, estimate, judge, judge_random, make_cell
from harness.meta.pairs import make_pairs
from harness.meta.resampling import Resampler

FOLDS = 3
shapes = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.sampled_from([1.0, 2.0, 3.0])), min_size=2, max_size=10)


def cell_of(groups: list[int], clusters: list[int], human: list[float], n_clusters: int = 5) -> Cell:
    resampler = Resampler(np.array(clusters), n_clusters, 10, 0.95, 0)
    fold = np.array([cluster % FOLDS for cluster in clusters])
    return make_cell(make_pairs(np.array(groups), 1000), np.array(human), fold, FOLDS, resampler, 0.0)


def permutations(size: int, draws: int, seed: int) -> list[list[float]]:
    rng = np.random.default_rng([seed, 5])
    return [rng.permutation(size).astype(float).tolist() for _ in range(draws)]


@settings(max_examples=60)
@given(shapes, st.booleans(), st.integers(0, 99))
def test_the_random_sentinel_is_the_sum_of_metrics_that_are_judged_one_by_one(
    shape: list[tuple[int, int, float]], items: bool, seed: int
) -> None:
    """Groups inside clusters (items) take one path of the kernel, groups across clusters another."""
    clusters, groups, human = (list(column) for column in zip(*shape, strict=True))
    if items:
        groups = [cluster * 3 + group for cluster, group in zip(clusters, groups, strict=True)]
    cell = cell_of(groups, clusters, human)
    if not len(cell.pairs):
        return
    found = judge_random(cell, len(groups), draws=3, seed=seed)
    listed = list(zip(cell.pairs.left.tolist(), cell.pairs.right.tolist(), cell.pairs.group.tolist(), strict=True))
    expected: dict[str, list[int]] = {name: [0] * len(listed) for name in found.right}
    for metric in permutations(len(groups), 3, seed):
        _, epsilon = slow.calibrated(listed, human, metric)
        for index, pair in enumerate(listed):
            expected["accuracy_raw"][index] += slow.is_right(pair, human, metric, 0.0)
            expected["accuracy"][index] += slow.is_right(pair, human, metric, epsilon)
            fold = clusters[pair[0]] % FOLDS
            outside = [p for p in listed if clusters[p[0]] % FOLDS != fold and clusters[p[1]] % FOLDS != fold]
            if clusters[pair[1]] % FOLDS == fold and outside:
                expected["accuracy_heldout"][index] += slow.is_right(
                    pair, human, metric, slow.calibrated(outside, human, metric)[1]
                )
    assert {name: right.tolist() for name, right in found.right.items()} == expected
    assert found.scale == 3
    assert found.valid.all()


@settings(max_examples=30)
@given(shapes, st.integers(0, 99))
def test_group_sizes_without_a_common_multiple_do_not_change_the_random_sentinel(
    shape: list[tuple[int, int, float]], seed: int
) -> None:
    clusters, groups, human = (list(column) for column in zip(*shape, strict=True))
    cell = cell_of(groups, clusters, human)
    if not len(cell.pairs):
        return
    exact = judge_random(cell, len(groups), draws=5, seed=seed).right
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.meta.calibration._EXACT", 0)
        floats = judge_random(cell_of(groups, clusters, human), len(groups), draws=5, seed=seed).right
    assert {name: right.tolist() for name, right in floats.items()} == {name: right.tolist() for name, right in exact.items()}


def test_random_accuracy_without_human_ties_is_a_coin_and_with_ties_half_of_the_rest() -> None:
    """300 items of two outputs: a random metric orders an untied pair rightly half of the time, and never ties."""
    groups = [item for item in range(300) for _ in range(2)]
    for ties in (0, 120):
        human = [1.0 if side == 0 or item < ties else 2.0 for item in range(300) for side in range(2)]
        cell = cell_of(groups, groups, human, 300)
        found = judge_random(cell, len(groups), draws=200, seed=0)
        raw = estimate(cell, found.right["accuracy_raw"], found.valid, found.scale)
        share = ties / 300
        # the standard error of the mean over 200 draws is below .5 / sqrt(200 * 300) = .002
        assert raw.value == pytest.approx((1 - share) / 2, abs=0.01)
        calibrated = estimate(cell, found.right["accuracy"], found.valid, found.scale)
        guess = max(share, (1 - share) / 2)
        assert raw.value <= calibrated.value  # epsilon is chosen on the same pairs
        assert guess - 0.01 < calibrated.value < guess + 0.06


def test_the_random_sentinel_is_deterministic_in_its_seed() -> None:
    groups = [item for item in range(20) for _ in range(3)]
    cell = cell_of(groups, groups, [float(n * n % 3) for n in range(60)], 20)
    one, again, other = (judge_random(cell, 60, draws=4, seed=seed).right["accuracy"] for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_a_score_that_is_missing_takes_its_pairs_out() -> None:
    cell = cell_of([0, 0, 0], [0, 0, 0], [1.0, 2.0, 3.0])
    found = judge(cell, np.array([1.0, np.nan, 2.0]))
    assert found.valid.sum() == 1
    assert found.right["accuracy_raw"][found.valid].tolist() == [1]
    assert estimate(cell, found.right["accuracy_raw"], found.valid).n_pairs == 1


def test_epsilons_can_be_taken_over_from_another_cell() -> None:
    cell = cell_of([0, 0, 1, 1], [0, 0, 1, 1], [1.0, 1.0, 1.0, 2.0])
    whole = judge(cell, np.array([0.0, 1.0, 0.0, 5.0]))
    assert whole.epsilon == 1.0
    part = cell_of([0, 0, 1, 1], [0, 0, 1, 1], [1.0, 2.0, 1.0, 2.0])  # no tie: alone it would calibrate to 0
    assert judge(part, np.array([0.0, 1.0, 0.0, 5.0])).epsilon == 0.0
    taken = judge(part, np.array([0.0, 1.0, 0.0, 5.0]), fixed=whole)
    assert (taken.epsilon, taken.right["accuracy"].tolist()) == (1.0, [0, 1])


def test_the_random_sentinel_takes_over_the_epsilons_of_its_own_draws() -> None:
    """A slice at the epsilons of the whole set: what the whole set's verdicts are on the pairs of the slice."""
    groups = [item for item in range(12) for _ in range(3)]
    human = [float(n * n % 3) for n in range(36)]
    whole = cell_of(groups, groups, human, 12)
    everything = judge_random(whole, 36, draws=7, seed=3)
    part = cell_of([group if group < 5 else 5 + n for n, group in enumerate(groups)], groups, human, 12)
    assert 0 < len(part.pairs) < len(whole.pairs)
    taken, alone = judge_random(part, 36, 7, 3, fixed=everything), judge_random(part, 36, 7, 3)
    inside = whole.pairs.group < 5
    for statistic, right in taken.right.items():
        assert right.tolist() == everything.right[statistic][inside].tolist()
    assert (alone.right["accuracy"] != taken.right["accuracy"]).any()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 70), st.sampled_from([2, 4, 16]))
def test_a_random_draw_of_many_gaps_is_calibrated_as_one_of_few(seed: int, outputs: int, bins: int) -> None:
    """Gaps in coarse bins, refined where the best epsilon may lie, against a bin of its own for each gap, and the crossed way."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 12, outputs)
    pairs = make_pairs(groups, 10_000)
    if not len(pairs):
        return
    fold = rng.integers(0, 3, 12)[groups]
    cell = make_cell(pairs, rng.integers(0, 3, outputs).astype(float), fold, 3, Resampler(groups, 12, 5, 0.95, 0), 0.0)
    plain = judge_random(cell, outputs, 7, seed)
    for name, value in (("_BINS", bins), ("integer_weights", lambda _: None)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"harness.meta.random_judge.{name}", value)
            other = judge_random(cell, outputs, 7, seed)
        assert (other.drawn == plain.drawn).all()
        assert all((other.right[name] == plain.right[name]).all() for name in plain.right)


def test_more_random_draws_than_a_byte_counts_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = np.repeat([0, 1, 2], 3)
    cell = make_cell(make_pairs(groups, 100), np.array([1.0, 2, 3] * 3), groups, 3, Resampler(groups, 3, 5, 0.95, 0), 0.0)
    for threads in (10**9, 1):  # pairs from which a draw is judged beside the next one's making
        monkeypatch.setattr("harness.meta.random_judge._PARALLEL", threads)
        right = judge_random(cell, 9, 600, 0).right["accuracy_raw"]
        assert right.min() > 255  # half of 600 draws order two outputs as people do
        orders = [np.array(scores) for scores in permutations(9, 600, 0)]
        assert right[0] == sum(scores[1] > scores[0] for scores in orders)
