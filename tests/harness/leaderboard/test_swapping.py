"""Many models compared at once say what two at a time say."""

import random

import numpy as np
import pytest

from harness.leaderboard.comparisons import swap
from harness.leaderboard.measures import Measure, find_measure
from harness.leaderboard.records import Item
from harness.leaderboard.swapping import swap_all

WORDS = ["snön", "faller", "över", "staden", "medan", "barnen", "leker", "bakom", "den", "gamla", "skolan"]


def shares(model: str, items: int, clusters: int | None = None) -> Measure:
    chance = random.Random(model)
    made = [
        Item(
            key=f"{number}",
            values={"acc": float(chance.random() < 0.6)},
            meta={} if clusters is None else {"cluster": str(number % clusters)},
        )
        for number in range(items)
    ]
    found = find_measure(made, "acc", "mean", None)
    assert found is not None
    return found


def written(model: str, items: int) -> Measure:
    chance = random.Random(model)
    made = [
        Item(
            key=f"{number}", values={"chrf": None}, meta={"parts": {"chrf": [" ".join(WORDS), " ".join(chance.sample(WORDS, 8))]}}
        )
        for number in range(items)
    ]
    found = find_measure(made, "chrf", "chrf", None)
    assert found is not None
    return found


PAIRS = [("a", "b"), ("c", "a"), ("b", "c")]


@pytest.mark.parametrize("clusters", [None, 7])
def test_shares_of_right_items_get_the_very_null_that_two_models_alone_get(clusters: int | None) -> None:
    measures = {name: shares(name, 60, clusters) for name in "abc"}
    found = swap_all(measures, PAIRS, "task", 500, 3)
    assert list(found) == PAIRS
    for first, second in PAIRS:
        alone = swap(measures[first], measures[second], "task", 500, 3)
        assert alone is not None
        assert np.array_equal(found[first, second].null, alone.null)
        assert (found[first, second].difference, found[first, second].items) == (alone.difference, 60)


def test_a_metric_of_the_whole_corpus_gets_the_same_p() -> None:
    measures = {name: written(name, 12) for name in "abc"}
    for (first, second), one in swap_all(measures, PAIRS, "task", 300, 0).items():
        alone = swap(measures[first], measures[second], "task", 300, 0)
        assert alone is not None
        assert one.null == pytest.approx(alone.null, abs=1e-9)
        assert one.p == alone.p


def test_models_of_other_items_are_compared_on_those_that_both_did() -> None:
    measures = {"a": shares("a", 40), "b": shares("b", 40), "c": shares("c", 25)}
    found = swap_all(measures, PAIRS, "task", 200, 0)
    assert {pair: one.items for pair, one in found.items()} == {("a", "b"): 40, ("c", "a"): 25, ("b", "c"): 25}


def test_pairs_that_cannot_be_compared_are_left_out() -> None:
    measures = {"a": shares("a", 1), "b": shares("b", 1), "c": written("c", 5)}
    assert swap_all(measures, [("a", "b"), ("a", "c"), ("a", "nobody")], "task", 100, 0) == {}
