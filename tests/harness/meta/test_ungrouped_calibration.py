"""Without making pairs, the same epsilon as with them; stopped early, a bound that no other epsilon exceeds."""

from fractions import Fraction

import numpy as np
import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta import ungrouped_calibration
from harness.meta.calibration import calibrate
from harness.meta.pairs import accuracy, human_signs, make_pairs, order_pairs
from harness.meta.ungrouped import People, people_of, sort_by
from harness.meta.ungrouped_calibration import Found, calibrate_sorted
from harness.meta.ungrouped_profile import profile_of

coarse = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7])
fine = st.floats(-1e6, 1e6, allow_subnormal=False)
spread = st.sampled_from([1e-12, 3.0, 1e9, -2.5, 1e-3])
rows_of = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([1.0, 2.0, 2.5, 3.0]), st.one_of(coarse, fine, spread)), min_size=2, max_size=30
)


def people(groups: list[int], human: list[float], tolerance: float = 0.0) -> People | None:
    everyone = np.arange(len(groups))
    return people_of(everyone, np.array(groups), np.array(human), everyone % 5, 5, everyone, tolerance)


def calibrated(groups: list[int], human: list[float], metric: list[float], tolerance: float = 0.0) -> Found | None:
    found = people(groups, human, tolerance)
    if found is None:
        return None
    return calibrate_sorted(sort_by(found, np.array(metric)[found.member], found.everyone, found.group, found.n_groups))


@pytest.fixture(params=[1, 3, 1 << 15])
def made(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many pairs are made rather than halved: with 1 every step of the search is taken."""
    monkeypatch.setattr(ungrouped_calibration, "_MADE", request.param)


@pytest.mark.usefixtures("made")
@settings(max_examples=40)
@given(rows_of)
def test_epsilon_is_the_smallest_that_reaches_the_largest_accuracy(rows: list[tuple[int, float, float]]) -> None:
    groups, human, metric = (list(column) for column in zip(*rows, strict=True))
    found = calibrated(groups, human, metric)
    best, epsilon = slow.calibrated(slow.pairs_within(groups), human, metric)
    if epsilon is None:
        assert found is None
    else:
        assert found is not None
        assert found.epsilon == epsilon
        assert Fraction(found.accuracy) == pytest.approx(best)
        assert found.bound == 0


@settings(max_examples=60)
@given(rows_of, st.sampled_from([0.05, 0.5, 1.0]))
def test_gaps_are_snapped_as_with_pairs(rows: list[tuple[int, float, float]], tolerance: float) -> None:
    """With a tolerance of .5 people tie 2 and 2.5, 2.5 and 3, but not 2 and 3."""
    groups, human, metric = (np.array(column) for column in zip(*rows, strict=True))
    pairs = make_pairs(groups, max_pairs=1000)
    expected = calibrate(pairs, order_pairs(pairs, human_signs(pairs, human, tolerance), metric, tolerance))
    found = calibrated(groups.tolist(), human.tolist(), metric.tolist(), tolerance)
    assert (found.epsilon if found else None) == expected


def test_groups_whose_sizes_have_a_huge_common_multiple_are_calibrated_exactly() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), [23, 29, 31, 37, 38, 41, 43, 44, 47, 53])
    human = rng.integers(1, 4, len(groups)).astype(float)
    metric = human / 10 + rng.normal(size=len(groups)) / 5
    pairs = make_pairs(groups, max_pairs=10_000)
    expected = calibrate(pairs, order_pairs(pairs, human_signs(pairs, human), metric))
    found = calibrated(groups.tolist(), human.tolist(), metric.tolist())
    assert found is not None
    assert found.epsilon == expected != 0


def test_a_metric_that_says_nothing_is_searched_to_the_end() -> None:
    """With a third of all pairs tied every epsilon is worth the same on average, so no bound helps for long."""
    rng = np.random.default_rng(1)
    human, metric = rng.integers(0, 3, 600).astype(float), rng.normal(size=600)
    pairs = make_pairs(np.zeros(600, dtype=np.int64), max_pairs=200_000)
    expected = calibrate(pairs, order_pairs(pairs, human_signs(pairs, human), metric))
    found = calibrated([0] * 600, human.tolist(), metric.tolist())
    assert found is not None
    assert found.epsilon == expected


@settings(max_examples=40)
@given(rows_of, st.booleans())
def test_a_profile_encloses_the_accuracy_at_every_epsilon_with_and_without_each_fold(
    rows: list[tuple[int, float, float]], narrow: bool
) -> None:
    groups, human, metric = (np.array(column) for column in zip(*rows, strict=True))
    metric = np.clip(metric, 0, 1) if narrow else metric
    found = people(groups.tolist(), human.tolist())
    if found is None:
        return
    profile = profile_of(found, metric[found.member], found.everyone)
    if profile is None:
        return
    for row in range(6):
        kept = np.flatnonzero((np.arange(len(groups)) % 5 != row - 1) & np.isin(np.arange(len(groups)), found.member))
        pairs = make_pairs(groups[kept], max_pairs=1000)
        if not len(pairs):
            continue
        ordered = order_pairs(pairs, human_signs(pairs, human[kept]), metric[kept])
        for epsilon in np.append(ordered.gap, [0.0, ordered.gap.max() * 1.5]):
            value = accuracy(pairs, ordered.right(epsilon))
            assert value <= profile.highest(row, epsilon, epsilon) + 1e-12
            cell = min(int(epsilon / profile.width + 0.5), profile.lower.shape[1] - 1)
            assert value >= profile.lower[row, cell] - 1e-12
        at, low, bound = profile.best(row)
        assert low - 1e-12 <= accuracy(pairs, ordered.right(at))
        assert max(accuracy(pairs, ordered.right(e)) for e in np.append(ordered.gap, 0.0)) <= low + bound + 1e-12


@pytest.mark.parametrize("levels", [3, 5, 0])
@pytest.mark.parametrize("step", [0.0, 0.05])
def test_a_search_that_stops_early_promises_no_less_than_the_best(levels: int, step: float) -> None:
    rng = np.random.default_rng(levels)
    quality = rng.normal(size=400)
    human = quality + rng.normal(size=400) if levels == 0 else np.minimum(np.floor(np.abs(quality * 1.5)), levels - 1)
    metric = np.abs(quality) + rng.normal(size=400) * 0.5
    metric = np.round(metric / step) * step if step else metric
    found = people([0] * 400, human.tolist())
    assert found is not None
    data = sort_by(found, metric, found.everyone, found.group, 1)
    best = calibrate_sorted(data)
    assert best is not None
    profile = profile_of(found, metric, found.everyone)
    assert (profile is None) == (levels == 0)
    for tolerance, most in ((0.01, None), (0.001, None), (0.0001, 5), (0.0001, 1)):
        early = calibrate_sorted(data, tolerance, most, None if profile is None else (profile, 0), near=(0.1,))
        assert early is not None
        assert early.accuracy <= best.accuracy <= early.accuracy + early.bound + 1e-12
        if most is None:
            assert early.bound <= tolerance


def test_outputs_alone_in_their_group_are_left_out_and_without_a_pair_there_is_no_cell() -> None:
    assert people([0, 1, 2], [1.0, 2.0, 3.0]) is None
    found = people([0, 1, 0, 2], [1.0, 2.0, 3.0, 1.0])
    assert found is not None
    assert found.member.tolist() == [0, 2]
