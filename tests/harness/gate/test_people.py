"""Which pairs scores get right: as an implementation from the definition counts them, and as the meta-evaluation does."""

from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judgment_sets import Sheet, grid, only

from harness.gate.comparisons import difference
from harness.gate.people import criteria_of, people_on
from harness.meta.pairs import accuracy
from harness.records import Scale

HOW = {"resamples": 200, "level": 0.95, "seed": 0}


def people_of(data, needs_reference=False, unit="output"):
    return {one.criterion: one for one in people_on(data, unit=unit, needs_reference=needs_reference, **HOW)}


def shared(data, scores, name="quality"):
    """Calibrated accuracy as the gate has it. `scores`: output id → number or None."""
    people = people_of(data)[name]
    values = np.array([np.nan if value is None else value for value in scores.values()], dtype=float)
    return accuracy(people.cell.pairs, people.right([(id,) for id in scores], values))


def naive(items):
    """Calibrated accuracy from its definition. `items`: lists of (rating, score or None); None without a pair."""
    groups = [list(combinations([pair for pair in item if pair[0] is not None], 2)) for item in items]
    groups = [group for group in groups if group]
    if not groups:
        return None
    scored = [[(a, b) for a, b in group if a[1] is not None and b[1] is not None] for group in groups]

    def right(a, b, epsilon):
        human = (a[0] > b[0]) - (a[0] < b[0])
        metric = 0 if abs(a[1] - b[1]) <= epsilon else 1 if a[1] > b[1] else -1
        return human == metric

    def mean(groups, sizes, epsilon):
        shares = [
            Fraction(sum(right(a, b, epsilon) for a, b in group), size) for group, size in zip(groups, sizes, strict=True) if size
        ]
        return sum(shares, Fraction(0)) / len(shares) if shares else Fraction(0)

    gaps = {0.0, *(abs(a[1] - b[1]) for group in scored for a, b in group)}
    best = max(sorted(gaps), key=lambda gap: mean(scored, [len(group) for group in scored], gap))
    return mean(scored, [len(group) for group in groups], best)


RATING = st.sampled_from([None, 1, 2, 3])
SCORE = st.sampled_from([None, 0.0, 0.125, 0.25, 0.5, 1.0])


@given(st.lists(st.lists(st.tuples(RATING, SCORE), min_size=1, max_size=5), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_accuracy_is_that_of_the_definition_and_a_pair_without_a_score_is_wrong(items):
    sheet, scores = Sheet(), {}
    for place, item in enumerate(items):
        for system, (rating, score) in enumerate(item):
            scores[sheet.answer(f"i{place}", f"s{system}", rating)] = score
    expected = naive(items)
    if expected is None:
        assert people_of(sheet.data()) == {}
    else:
        assert shared(sheet.data(), scores) == pytest.approx(float(expected), abs=1e-12)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "tie"]), SCORE, SCORE), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_preferences_are_compared_as_pairs_of_their_own(choices):
    sheet, scores, items = Sheet(), {}, []
    for place, (winner, one, other) in enumerate(choices):
        a, b = (sheet.answer(f"i{place}", system) for system in ("x", "y"))
        sheet.prefer(a, b, winner)
        scores[a], scores[b] = one, other
        items.append([({"a": 1, "b": 0, "tie": 0}[winner], one), ({"a": 0, "b": 1, "tie": 0}[winner], other)])
    sheet.judgments.clear()
    assert shared(sheet.data(), scores) == pytest.approx(float(naive(items)), abs=1e-12)


def test_the_difference_is_that_of_the_meta_evaluation_which_counts_missing_scores_as_wrong():
    rng = np.random.default_rng(3)
    human = rng.integers(1, 4, (4, 30)).tolist()
    old = rng.random((4, 30)).round(2).tolist()
    new = [[None if rng.random() < 0.1 else value for value in row] for row in (rng.random((4, 30)) + np.array(human)).tolist()]
    sheet = grid(human, new=new, old=old)
    row = only(sheet.rows(resamples=2000), metric="new", against="old", grouping="item", support="missing-wrong")
    (people,) = people_on(sheet.data(), needs_reference=False, resamples=2000, level=0.95, seed=0)
    ids = [(output.id,) for output in sheet.outputs]
    sides = [np.array([np.nan if v is None else v for v in values], dtype=float) for values in (flat(old), flat(new))]
    before, now = (people.right(ids, side).astype(np.int8) for side in sides)
    found = difference(people, now - before)
    assert found.value == pytest.approx(row.value, abs=1e-12)
    assert found.clusters == 30
    assert np.quantile(found.resampled, [0.025, 0.975]) == pytest.approx([row.low, row.high], abs=1e-12)


def flat(rows):
    return [value for row in rows for value in row]


def test_a_scale_that_points_down_is_turned():
    scores = {}
    for direction in ("up", "down"):
        sheet = Sheet()
        for item in range(4):
            for system in range(3):
                scale = Scale(low=1, high=3, direction=direction)
                scores[sheet.answer(f"i{item}", f"s{system}", float(system + 1), scale=scale)] = float(system)
        assert shared(sheet.data(), scores) == {"up": 1.0, "down": 0.0}[direction]


def test_a_metric_that_needs_the_reference_is_not_judged_on_systems_that_are_the_reference():
    sheet = Sheet(reference_systems=("gold",))
    for item in range(3):
        for rating, system in enumerate(("a", "b", "gold")):
            sheet.answer(f"i{item}", system, float(rating))
    assert len(people_of(sheet.data())["quality"].cell.pairs) == 9
    assert len(people_of(sheet.data(), needs_reference=True)["quality"].cell.pairs) == 3


def test_what_was_rated_and_preferred_is_two_criteria_and_verdicts_on_pairs_have_one():
    sheet = grid([[1, 2], [2, 1]])
    sheet.prefer("item000/system0/0", "item000/system1/0", "b")
    data = sheet.data()
    assert [name for name, _, _ in criteria_of(data)] == ["quality", "quality (preferences)"]
    assert [name for name, _, _ in criteria_of(data, "pair")] == ["quality"]
    assert criteria_of(data, "corpus") == []


def test_direct_verdicts_count_where_both_orders_agree_with_people():
    sheet = Sheet()
    said = {}
    for item, (winner, first, second) in enumerate([("a", 1, -1), ("a", 1, 1), ("tie", 0, 0), ("b", 1, -1), ("a", None, 1)]):
        a, b = (sheet.answer(f"i{item}", system) for system in ("x", "y"))
        sheet.prefer(a, b, winner)
        said |= {(a, b): first, (b, a): second}
    sheet.judgments.clear()
    people = people_of(sheet.data(), unit="pair")["quality"]
    values = np.array([np.nan if value is None else value for value in said.values()], dtype=float)
    assert people.right(list(said), values).tolist() == [True, False, True, False, False]


def test_the_order_of_records_changes_nothing():
    rows = [(f"i{item}", f"s{system}", float((item * system) % 3)) for item in range(3) for system in range(3)]
    found = set()
    for order in list(permutations(range(3)))[:4]:
        sheet, scores = Sheet(), {}
        for place in order:
            for item, system, rating in rows[place::3]:
                scores[sheet.answer(item, system, rating)] = {"s0": 0.5, "s1": 0.1, "s2": 0.7}[system]
        people = people_of(sheet.data())["quality"]
        right = people.right([(id,) for id in scores], np.array(list(scores.values())))
        found.add((accuracy(people.cell.pairs, right), people.support.resample(right).tobytes()))
    assert len(found) == 1
