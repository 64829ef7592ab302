"""Whether pairs are made or not, the rows are the same; where they cannot be, they are near, and say so."""

import numpy as np
import pytest
from judgment_sets import Sheet, find, grid, only

from harness.meta import ungrouped_cell, ungrouped_judging
from harness.records import MetaRow

CROSSED = ("system", "none")


def sheet(seed: int, items: int = 12, missing: float = 0.1, levels: int = 3, reference: bool = False) -> Sheet:
    """Four systems, some answers missing, some unrated, one metric with missing scores, one on a 0.1 grid."""
    rng = np.random.default_rng(seed)
    made = Sheet(reference_systems=("s3",) if reference else ())
    if reference:
        made.metric("m", needs=("reference",))
    for item in range(items):
        for system in range(4):
            quality = rng.normal() + system / 5
            rating = float(np.clip(np.round(quality + rng.normal() / 2 + 1), 0, levels - 1)) if rng.random() > 0.05 else None
            scores = {"n": float(np.round(quality + rng.normal(), 1))}
            if rng.random() >= missing:
                scores["m"] = quality + rng.normal()
            if rng.random() > 0.1:
                made.answer(f"i{item:03d}", f"s{system}", rating, text="svar " * int(rng.integers(1, 6)), **scores)
    return made


def assert_alike(row: MetaRow, other: MetaRow) -> None:
    random = "random" in f"{row.metric}{row.against}"  # sums over draws are in another order
    for field in row.__struct_fields__:
        expected, found = getattr(row, field), getattr(other, field)
        if random and isinstance(expected, float):
            assert found == pytest.approx(expected, abs=1e-13), (row, other)
        else:
            assert found == expected, (field, row, other)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "options", [{}, {"gap_tolerance": 0.2}, {"gap_tolerance": 0.6}, {"epsilon_scope": "global", "slices": ("systems",)}]
)
def test_every_field_of_every_row_is_the_same_whether_pairs_are_made_or_not(
    seed: int, options: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = sheet(seed, missing=0.1 * (seed % 2), levels=(3, 1, 2, 9)[seed])
    options = {"groupings": (*CROSSED, "item"), "random_draws": 3, **options}
    made = data.rows(**options)
    monkeypatch.setattr(ungrouped_cell, "MADE", 1)
    counted = data.rows(**options)
    assert len(made) == len(counted)
    for row, other in zip(made, counted, strict=True):
        assert_alike(row, other)


@pytest.fixture(scope="module")
def exact_and_bounded() -> tuple[list[MetaRow], list[MetaRow]]:
    data = sheet(7, items=250)
    options = {"resamples": 1000, "random_draws": 20, "heldout_interval": "fixed"}  # as beyond max_pairs
    return data.rows(**options), data.rows(**options, max_pairs=1)


def test_beyond_max_pairs_every_row_is_there_and_values_are_within_what_is_told(
    exact_and_bounded: tuple[list[MetaRow], list[MetaRow]],
) -> None:
    made, bounded = exact_and_bounded
    assert len(made) == len(bounded)
    for row, other in zip(made, bounded, strict=True):
        same = ("statistic", "metric", "against", "support", "grouping", "n_items", "n_clusters", "n_pairs", "coverage")
        assert [getattr(row, name) for name in same] == [getattr(other, name) for name in same]
        random = "random" in f"{row.metric}{row.against}"
        assert (row.value is None) == (other.value is None)
        if row.value is not None and row.grouping in CROSSED:
            loose = random or "heldout" in row.statistic  # an epsilon near the others' best may do better or worse on a fold
            assert other.value == pytest.approx(row.value, abs=0.005 if loose else 2e-4), (row, other)
        if row.value is not None and row.statistic == "accuracy" and not random and row.support == "own":
            assert row.value - 1e-4 <= other.value <= row.value + 1e-12


def test_first_order_intervals_are_as_wide_as_the_bootstraps(exact_and_bounded: tuple[list[MetaRow], list[MetaRow]]) -> None:
    for row, other in zip(*exact_and_bounded, strict=True):
        random = "random" in f"{row.metric}{row.against}"
        if random or row.grouping is None or row.low is None or row.high is None:
            continue
        assert other.low is not None, other
        assert other.high is not None, other
        if row.statistic == "above_floor" and "constant" in str(row.metric):
            continue
        width = row.high - row.low
        assert other.low == pytest.approx(row.low, abs=0.15 * width + 1e-9), (row, other)
        assert other.high == pytest.approx(row.high, abs=0.15 * width + 1e-9), (row, other)


def test_rows_say_how_their_interval_epsilon_and_random_order_came_about(
    exact_and_bounded: tuple[list[MetaRow], list[MetaRow]],
) -> None:
    bounded = exact_and_bounded[1]
    note = only(bounded, metric="m", grouping="none", statistic="accuracy").note or ""
    assert "interval by the bootstrap's first-order term" in note
    assert "no epsilon is better by more than" in note
    promised = float(note.rpartition(" ")[2])
    assert 0 < promised <= 1e-4
    random = next(row for row in find(bounded, grouping="none", statistic="accuracy") if (row.metric or "").startswith("random"))
    assert "expected value, not drawn" in (random.note or "")
    floor = only(bounded, grouping="none", statistic="floor")
    assert random.value == pytest.approx(floor.value)


def test_p_values_beyond_max_pairs_are_near_those_of_the_bootstrap(
    exact_and_bounded: tuple[list[MetaRow], list[MetaRow]],
) -> None:
    made, bounded = (find(rows, metric="n", against="m", grouping="none", support="common") for rows in exact_and_bounded)
    assert bounded[0].p == pytest.approx(made[0].p, abs=0.05)


def test_the_expected_value_of_a_random_order_is_what_many_draws_give() -> None:
    """Ratings of which a fifth of pairs is tied: nothing is tied by the metric, and half of the rest is right."""
    rng = np.random.default_rng(3)
    data = grid(rng.integers(0, 5, (2, 150)).astype(float).tolist())
    drawn = data.rows(random_draws=60, groupings=("none",))
    expected = data.rows(random_draws=60, groupings=("none",), max_pairs=1)
    for statistic, near in (("accuracy_raw", 0.005), ("accuracy", 0.02), ("accuracy_heldout", 0.02)):
        values = [
            next(r.value for r in find(rows, grouping="none", statistic=statistic) if (r.metric or "").startswith("random"))
            for rows in (drawn, expected)
        ]
        assert values[0] == pytest.approx(values[1], abs=near)


def test_with_many_pairs_fewer_random_orders_are_drawn_and_the_row_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ungrouped_cell, "MADE", 1)
    monkeypatch.setattr(ungrouped_judging, "_DRAWN_PAIRS", 1)
    monkeypatch.setattr(ungrouped_judging, "_FEWEST", 3)
    rows = sheet(1).rows(random_draws=5, groupings=("none",))
    notes = {row.note for row in rows if (row.metric or "").startswith("random") and row.statistic == "accuracy"}
    assert len(notes) == 1
    assert "mean of 3 draws, as there are many pairs" in str(notes.pop())


def test_a_system_that_is_the_reference_is_left_out_of_large_groups_too(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sheet(2, reference=True)
    made = data.rows(groupings=CROSSED)
    monkeypatch.setattr(ungrouped_cell, "MADE", 1)
    for row, other in zip(made, data.rows(groupings=CROSSED), strict=True):
        assert_alike(row, other)


def test_many_clusters_leave_no_room_for_crossing_them_and_get_an_interval_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ungrouped_cell, "MADE", 1)
    monkeypatch.setattr(ungrouped_cell, "MAX_CROSSED", 1)
    data = sheet(5, items=60)
    row = only(data.rows(groupings=("none",)), metric="n", grouping="none", statistic="accuracy")
    assert row.low is not None
    assert row.low < row.value < row.high
    assert "first-order" in (row.note or "")
    assert "no epsilon" not in (row.note or "")  # up to max_pairs it is the best one
