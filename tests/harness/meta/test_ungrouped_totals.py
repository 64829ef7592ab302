"""Pairs of every kind are counted as if they were made, and their totals move with clusters' weights as they should."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta.resampling import Resampler
from harness.meta.ungrouped import RIGHT, SURPLUS, UNTIED, People, Worth, people_of
from harness.meta.ungrouped_totals import ONE, TIED, Epsilon, Tally, Total

value = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.0])
table = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), value, value, st.booleans()), min_size=2, max_size=40)
kinds = {"right": RIGHT, "surplus": SURPLUS, "untied": UNTIED, "one": ONE, "tied": TIED}


def worth_of(worth: Worth, people_tie: bool, gap: float, epsilon: float, concordant: bool) -> float:
    if abs(gap) <= epsilon:
        return worth[0] if people_tie else worth[1]
    return worth[2] if people_tie else worth[3 if concordant else 4]


def by_hand(
    people: People, human: np.ndarray, metric: np.ndarray, keep: np.ndarray, epsilon: Epsilon, worth: Worth
) -> np.ndarray:
    """(groups, clusters, clusters): what the pairs are worth, one at a time."""
    sums = np.zeros((people.n_groups, people.n_clusters, people.n_clusters))
    for i, j in combinations(np.flatnonzero(keep).tolist(), 2):
        folds = people.fold[i], people.fold[j]
        if people.group[i] != people.group[j] or (not isinstance(epsilon, float) and folds[0] != folds[1]):
            continue
        at = epsilon if isinstance(epsilon, float) else epsilon[folds[0]]
        if np.isnan(at):
            continue
        gap, order = metric[i] - metric[j], human[i] - human[j]
        found = worth_of(worth, order == 0, gap, at, gap * order > 0)
        sums[people.group[i], people.cluster[i], people.cluster[j]] += found
    return sums


@settings(max_examples=60)
@given(table, st.sampled_from([0.0, 0.1, 0.2, np.inf, "folds"]), st.sampled_from(sorted(kinds)), st.booleans())
def test_totals_are_those_of_all_pairs_and_slopes_those_of_each_cluster(
    rows: list[tuple[int, int, float, float, bool]], epsilon: float | str, kind: str, crossed: bool
) -> None:
    group, cluster, human, metric, kept = (np.array(column) for column in zip(*rows, strict=True))
    people = people_of(np.arange(len(rows)), group, human, cluster % 2, 2, cluster, 0.0)
    if people is None:
        return
    human, metric, keep = human[people.member], metric[people.member], kept[people.member].astype(bool)
    at: Epsilon = np.array([0.1, np.nan]) if isinstance(epsilon, str) else float(epsilon)
    resampler = Resampler(people.cluster, people.n_clusters, 5, 0.95, 0)
    total = Tally(people, resampler, crossed).total([(metric, at)], keep, kinds[kind])
    sums = by_hand(people, human, metric, keep, at, kinds[kind])
    assert total.counts.tolist() == sums.sum(axis=(1, 2)).tolist()
    if crossed:
        assert total.resampled is not None
        for number, copies in enumerate(resampler.weights.astype(float)):
            weights = np.outer(copies, copies)
            np.fill_diagonal(weights, copies)
            assert total.resampled[number].tolist() == (sums * weights).sum(axis=(1, 2)).tolist()
    else:
        assert total.slope is not None
        inside = np.einsum("gcc->gc", sums)
        expected = sums.sum(axis=2) + sums.sum(axis=1) - inside  # pairs with other clusters, and its own once
        found = np.zeros_like(expected)
        np.add.at(found, (people.group, people.cluster), total.slope)
        assert found == pytest.approx(expected)


def test_several_draws_are_added_up() -> None:
    people = people_of(
        np.arange(4), np.zeros(4, dtype=int), np.array([1.0, 2, 3, 3]), np.zeros(4, dtype=int), 1, np.arange(4), 0.0
    )
    assert people is not None
    resampler = Resampler(people.cluster, 4, 5, 0.95, 0)
    up = np.arange(4.0)
    for crossed in (True, False):
        tally = Tally(people, resampler, crossed)
        total = tally.total([(up, 0.0), (-up, 0.0), (up, 3.0)], people.everyone, RIGHT)
        assert total.counts.tolist() == [6.0]  # five right, none, and one (the tie)


def test_totals_add_up_part_by_part() -> None:
    one = Total(np.array([1.0]), None, np.array([2.0]))
    assert ((one + one).counts.tolist(), (one + one).slope, (one + one).resampled) == ([2.0], pytest.approx([4.0]), None)


def test_large_segments_are_counted_as_small_ones_are() -> None:
    """A segment of over 24 outputs goes through the window, a smaller one pair by pair."""
    rng = np.random.default_rng(0)
    human, metric = rng.integers(0, 3, 60).astype(float), np.round(rng.normal(size=60), 1)
    codes = np.zeros(60, dtype=np.int64)
    for tolerance in (0.0, 1.5):  # with 1.5 people tie 0 and 0 only; 1 is a tie of 0.5 or less
        people = people_of(np.arange(60), codes, human, codes, 1, np.arange(60), tolerance)
        assert people is not None
        tally = Tally(people, Resampler(people.cluster, 60, 5, 0.95, 0), False)
        counted = [tally.total([(metric, 0.3)], people.everyone, worth).counts[0] for worth in (ONE, TIED, RIGHT)]
        gaps = [(metric[i] - metric[j], human[i] - human[j]) for i, j in combinations(range(60), 2)]
        if tolerance:
            gaps = [(np.rint(a / tolerance) * tolerance, np.rint(b / tolerance) * tolerance) for a, b in gaps]
        right = sum(b == 0 if abs(a) <= 0.3 else a * b > 0 for a, b in gaps)
        assert counted == [1770, sum(b == 0 for _, b in gaps), right]
