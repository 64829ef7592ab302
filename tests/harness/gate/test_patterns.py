"""How scores moved, told in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gate.patterns import patterns

OLD = {"a": 0.25, "b": 0.5, "c": 0.625, "d": 0.875}


def moved_by(rule, old=OLD):
    return patterns(
        [None], {unit: [value] for unit, value in old.items()}, {unit: [rule(value)] for unit, value in old.items()}, [*old]
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda value: 100 * value, "scores were multiplied by 100"),
        (lambda value: value / 100, "scores were divided by 100"),
        (lambda value: -value, "scores changed their sign"),
        (lambda value: 1 - value, "scores are 1 minus what they were"),
        (lambda value: 0.0, "all are 0 now"),
        (lambda value: 0.75, "all are 0.75 now"),
        (lambda value: value**2, "scores are squared"),
        (lambda value: 1.5 * value, "scores are 1.5 times what they were"),
        (lambda value: value + 0.125, "scores are what they were +0.125"),
    ],
)
def test_one_rule_for_all_moved_scores_is_told(rule, words):
    assert words in moved_by(rule)


def test_no_rule_is_told_that_does_not_hold_for_all():
    (only,) = moved_by(lambda value: value**3 if value > 0.3 else value - 0.2)
    assert only == "all fell, by at most 0.381, 0.375 in the middle"


def sizes(rule, **more):
    now = {unit: [rule(unit, value)] for unit, value in OLD.items()}
    before = {unit: [value] for unit, value in OLD.items()}
    return patterns([None], before, now, [unit for unit in OLD if now[unit] != before[unit]], **more)[-1]


def test_small_moves_of_many_pairs_are_called_small_unless_their_texts_say_why():
    def drift(unit, value):
        return value * (1 + 1e-4 * (value > 0.3)) + 1e-4 * value**2

    hint = "(so small: another precision, order of sums or version of a library?)"
    assert sizes(drift).endswith(hint)
    assert hint not in sizes(drift, explained=True)


@pytest.mark.parametrize(
    "rule",
    [
        lambda unit, value: value * 1.0001 if unit == "a" else value,  # one pair
        lambda unit, value: value * (1 + {"a": 0.01, "b": -0.004, "c": 0.007, "d": -0.002}[unit]),  # noise of 1 %
    ],
)
def test_a_small_move_of_one_pair_and_moves_of_a_hundredth_are_not_put_down_to_libraries(rule):
    assert "so small" not in sizes(rule)


def test_precision_and_recall_that_changed_places_are_named():
    before = {"a": [0.4, 0.3, 0.6], "b": [0.5, 0.5, 0.5], "c": [0.2, 0.1, 0.9]}
    now = {unit: [f1, recall, precision] for unit, (f1, precision, recall) in before.items()}
    told = patterns(["f1", "precision", "recall"], before, now, ["a", "c"])
    assert told[0] == "precision and recall have changed places"


def test_the_component_that_moved_alone_is_named():
    told = patterns(["f1", "precision", "recall"], {"a": [0.4, 0.3, 0.6]}, {"a": [0.5, 0.3, 0.6]}, ["a"])
    assert told[0] == "only f1 moved, precision and recall did not"
    assert told[-1] == "rose, by at most 0.1"


def test_a_main_score_that_says_another_component_is_told():
    before = {unit: [value, value / 2] for unit, value in OLD.items()}
    now = {unit: [value / 2, value / 2] for unit, value in OLD.items()}
    assert "f1 says now what precision said" in patterns(["f1", "precision"], before, now, [*OLD])


def test_scores_that_went_and_came_are_counted_with_their_status():
    before, now = {"a": [0.5], "b": ["no-reference"], "c": ["empty"]}, {"a": ["error"], "b": [0.0], "c": ["error"]}
    assert patterns([None], before, now, ["a", "b", "c"]) == [
        "1 have no score now (error)",
        "1 that had no score (no-reference) have one now: missing became 0",
        "1 have no score for another reason",
    ]


def test_scores_of_the_neighbour_and_scores_in_another_order_are_seen():
    units = [*OLD]
    shifted = dict(zip(units, [[0.1], *([OLD[unit]] for unit in units[:-1])], strict=True))
    before = {unit: [value] for unit, value in OLD.items()}
    assert "each pair has its neighbour's score" in patterns([None], before, shifted, units)
    turned = dict(zip(units, reversed(before.values()), strict=True))
    assert "the scores are the same ones on other pairs: an order was lost" in patterns([None], before, turned, units)


cells = st.none() | st.sampled_from(["empty", "error"]) | st.floats(-1e6, 1e6)


@given(st.dictionaries(st.text(max_size=3), st.tuples(st.tuples(cells, cells), st.tuples(cells, cells)), max_size=6))
def test_whatever_the_scores_a_list_of_sentences_comes(rows):
    before, now = ({unit: list(pair[place]) for unit, pair in rows.items()} for place in range(2))
    assert all(isinstance(line, str) for line in patterns(["f1", "recall"], before, now, [*rows]))
