"""The strict majority of raters per pair, and direct verdicts in both orders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.meta.preferences import ballots, majority, verdicts
from harness.records import Preference

POSITION = {"x": 0, "y": 1, "z": 2}


def votes(a: str, b: str, winners: str, criterion: str = "c") -> list[Preference]:
    """One preference a letter: a, b, t for a tie, - for asked and not answered."""
    said = {"a": "a", "b": "b", "t": "tie", "-": None}
    return [
        Preference(output_a=a, output_b=b, rater=f"r{n}", criterion=criterion, winner=said[letter])
        for n, letter in enumerate(winners)
    ]


def resolved(*preferences: Preference) -> tuple[dict[tuple[int, int], int], int]:
    found = majority(preferences, "c", POSITION)
    pairs = zip(found.left.tolist(), found.right.tolist(), strict=True)
    return dict(zip(pairs, found.signs.tolist(), strict=True)), found.unresolved


@pytest.mark.parametrize(
    ("winners", "sign"),
    [
        ("a", 1),
        ("b", -1),
        ("t", 0),
        ("aab", 1),
        ("abt", None),
        ("aabb", None),
        ("ttab", None),
        ("tta", 0),
        ("a-", 1),
        ("aab-", 1),
    ],
)
def test_more_than_half_of_the_answers_decide_else_the_pair_is_unresolved(winners: str, sign: int | None) -> None:
    assert resolved(*votes("x", "y", winners)) == (({(0, 1): sign}, 0) if sign is not None else ({}, 1))


def test_a_pair_given_the_other_way_round_is_the_same_pair() -> None:
    both = [*votes("x", "y", "a"), *votes("y", "x", "bb")]
    both = [Preference(**{**{f: getattr(p, f) for f in p.__struct_fields__}, "rater": f"r{n}"}) for n, p in enumerate(both)]
    assert resolved(*both) == ({(0, 1): 1}, 0)


def test_a_pair_nobody_answered_is_no_pair() -> None:
    assert resolved(*votes("x", "y", "--")) == ({}, 0)


def test_other_criteria_do_not_count() -> None:
    assert resolved(*votes("x", "y", "a"), *votes("x", "z", "b", criterion="other")) == ({(0, 1): 1}, 0)


@given(st.permutations(range(5)))
def test_the_order_of_preferences_does_not_matter(order: list[int]) -> None:
    listed = [*votes("x", "y", "aab"), *votes("z", "x", "bt")]
    assert resolved(*(listed[index] for index in order)) == ({(0, 1): 1}, 1)


def test_two_orders_that_agree_are_a_verdict_and_two_that_disagree_are_inconsistent() -> None:
    pairs = majority([*votes("x", "y", "a"), *votes("x", "z", "a"), *votes("y", "z", "a")], "c", POSITION)
    found = verdicts(pairs, {(0, 1): 2.0, (1, 0): -1.0, (0, 2): 1.0, (2, 0): 1.0})
    assert found.inconsistent.tolist() == [False, True, False]
    assert found.signs[0] == 1
    assert np.isnan(found.signs[1:]).all()  # inconsistent; never judged


def test_a_tie_in_one_order_only_is_inconsistent_and_in_both_a_tie() -> None:
    pairs = majority([*votes("x", "y", "a"), *votes("x", "z", "a")], "c", POSITION)
    found = verdicts(pairs, {(0, 1): 0.0, (1, 0): 0.0, (0, 2): 0.0, (2, 0): 1.0})
    assert (found.inconsistent.tolist(), found.signs[0]) == ([False, True], 0)


def test_a_verdict_in_one_order_stands_as_it_is() -> None:
    pairs = majority(votes("x", "y", "a"), "c", POSITION)
    assert verdicts(pairs, {(1, 0): 3.0}).signs.tolist() == [-1.0]


def test_a_verdict_whose_other_order_was_shown_and_not_answered_does_not_stand() -> None:
    pairs = majority([*votes("x", "y", "a"), *votes("x", "z", "a")], "c", POSITION)
    found = verdicts(pairs, {(0, 1): 1.0, (1, 0): np.nan, (0, 2): np.nan, (2, 0): np.nan})
    assert np.isnan(found.signs).all()
    assert not found.inconsistent.any()


def test_raters_words_do_not_depend_on_the_order_of_outputs_or_on_which_is_named_first() -> None:
    words = [
        Preference(output_a="x", output_b="y", rater="one", criterion="c", winner="a"),
        Preference(output_a="y", output_b="x", rater="two", criterion="c", winner="a"),
        Preference(output_a="y", output_b="x", rater="three", criterion="c", winner="tie"),
        Preference(output_a="x", output_b="z", rater="one", criterion="c", winner="a"),  # nobody else judged it
    ]
    for position in ({"x": 0, "y": 1, "z": 2}, {"x": 2, "y": 1, "z": 0}):
        found = ballots(words, "c", position)
        assert found.raters == ("one", "three", "two")
        assert found.values.tolist() == [[1.0], [0.0], [-1.0]]
        assert found.left.tolist() == [position["x"]]
        assert found.everyone == 3
