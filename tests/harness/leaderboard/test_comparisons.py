"""Paired tests agree with scipy's exact permutation test and with sacrebleu's own, and reject as often as they say."""

import random

import numpy as np
import pytest
from scipy import stats

from harness.leaderboard.comparisons import MOST_SWAPS, Swapped, adjusted, better_than, p_value, ranked, swap, swaps_for, unpaired
from harness.leaderboard.measures import Measure, find_measure
from harness.leaderboard.records import Item


def measure_of(values: list[float], keys: list[str] | None = None, clusters: list[str] | None = None) -> Measure:
    items = [
        Item(key=keys[place] if keys else str(place), values={"s": value}, meta={"cluster": clusters[place]} if clusters else {})
        for place, value in enumerate(values)
    ]
    measure = find_measure(items, "s", "mean", None)
    assert measure is not None
    return measure


def texts(pairs: list[tuple[str, str]], metric: str) -> Measure:
    items = [Item(key=str(place), meta={"parts": {metric: list(pair)}}) for place, pair in enumerate(pairs)]
    measure = find_measure(items, metric, metric, None)
    assert measure is not None
    return measure


def test_of_a_mean_it_is_the_exact_test_of_all_swaps() -> None:
    first, second = [0.9, 0.4, 0.7, 0.8, 0.3, 0.95, 0.5, 0.6], [0.5, 0.45, 0.2, 0.6, 0.35, 0.5, 0.1, 0.55]
    exact = stats.permutation_test(
        (first, second), lambda a, b: np.mean(a) - np.mean(b), permutation_type="samples", n_resamples=np.inf
    )
    found = swap(measure_of(first), measure_of(second), "task", 20_000, seed=0)
    assert found is not None
    assert found.difference == pytest.approx(exact.statistic)
    assert found.p == pytest.approx(exact.pvalue, abs=0.006)


def test_of_bleu_it_is_sacrebleus_approximate_randomisation() -> None:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.significance import PairedTest

    chance = random.Random(2)
    words = ["snön", "faller", "över", "staden", "och", "hon", "går", "hem", "till", "ån"]
    wanted = [" ".join(chance.choices(words, k=9)) for _ in range(40)]

    def spoilt(text: str, keep: float) -> str:
        return " ".join(word if chance.random() < keep else chance.choice(words) for word in text.split())

    said = [[spoilt(text, keep) for text in wanted] for keep in (0.72, 0.62)]
    measures = [texts(list(zip(wanted, one, strict=True)), "bleu") for one in said]
    found = swap(measures[0], measures[1], "task", 10_000, seed=0)
    _, scores = PairedTest(
        [("base", said[1]), ("new", said[0])], {"BLEU": BLEU(references=[wanted])}, None, test_type="ar", n_samples=3_000
    )()
    assert found is not None
    theirs = scores["BLEU"]
    assert found.difference == pytest.approx(theirs[1].score - theirs[0].score, abs=1e-9)
    assert found.p == pytest.approx(theirs[1].p_value, abs=0.03)


@pytest.mark.parametrize("skewed", [False, True])
def test_without_a_difference_five_of_a_hundred_are_rejected(skewed: bool) -> None:
    rng = np.random.default_rng(9)
    rejected = 0
    for seed in range(300):
        both = rng.exponential(size=(2, 15)) ** 2 if skewed else rng.normal(size=(2, 15))
        found = swap(measure_of(both[0].tolist()), measure_of(both[1].tolist()), "task", 400, seed)
        assert found is not None
        rejected += found.p <= 0.05
    assert stats.binomtest(rejected, 300, 0.05).pvalue > 0.001


def test_items_of_one_cluster_change_places_together() -> None:
    first, second = [1.0] * 8, [0.0] * 8
    alone = swap(measure_of(first), measure_of(second), "task", 4000, seed=0)
    grouped = swap(
        measure_of(first, clusters=["a"] * 4 + ["b"] * 4),
        measure_of(second, clusters=["a"] * 4 + ["b"] * 4),
        "task",
        4000,
        seed=0,
    )
    assert alone is not None
    assert grouped is not None
    assert alone.p == pytest.approx(2 / 2**8, abs=0.005)
    assert grouped.p == pytest.approx(2 / 2**2, abs=0.03)


def test_only_items_that_both_did_count() -> None:
    found = swap(measure_of([1, 0, 1], keys=["a", "b", "c"]), measure_of([0, 0, 1], keys=["c", "b", "x"]), "task", 100, seed=0)
    assert found is not None
    assert (found.items, found.difference) == (2, 0.5)
    assert swap(measure_of([1, 0], keys=["a", "b"]), measure_of([1, 0], keys=["b", "c"]), "task", 100, seed=0) is None


def test_the_order_of_models_and_of_items_changes_only_the_sign() -> None:
    one, other = [0.25, 1.5, 2.0, 0.75], [1.0, 0.5, 0.25, 0.0]
    found = swap(measure_of(one), measure_of(other), "task", 500, seed=3)
    back = swap(measure_of(other), measure_of(one), "task", 500, seed=3)
    assert found is not None
    assert back is not None
    assert found.difference == -back.difference
    assert found.p == back.p


def test_tables_of_different_sizes_are_compared() -> None:
    def table(pairs: list[list[int]]) -> Measure:
        items = [Item(key=str(place), meta={"parts": {"mcc": pair}}) for place, pair in enumerate(pairs)]
        measure = find_measure(items, "mcc", "matthews_corrcoef", None)
        assert measure is not None
        return measure

    gold = [0, 1, 0, 1, 1, 0]
    first, second = table([[g, g] for g in gold]), table([[g, 2] for g in gold])
    found = swap(first, second, "task", 200, seed=0)
    assert found is not None
    assert found.difference == pytest.approx(1.0)


def test_reported_errors_give_the_test_of_two_normal_values() -> None:
    found = unpaired((0.6, 0.03), (0.5, 0.04), swaps=20_000, seed=0)
    assert found.p == pytest.approx(2 * stats.norm.sf(0.1 / 0.05), abs=0.001)


def test_p_is_never_0_and_draws_without_a_value_count_against_a_difference() -> None:
    assert p_value(1.0, np.zeros(99)) == pytest.approx(0.01)
    assert p_value(1.0, np.array([np.nan, 0.0, 0.0])) == pytest.approx(0.5)


def test_a_family_is_corrected_and_says_who_is_better() -> None:
    null = np.concatenate([np.full(1, 9.0), np.zeros(98)])
    family = [("a", "b", Swapped(5.0, null, 10)), ("a", "c", Swapped(-5.0, np.zeros(99), 10)), ("b", "c", Swapped(0.0, null, 10))]
    found = adjusted(family)
    assert [one.p for one in found] == pytest.approx([0.02, 0.01, 1.0])
    assert [one.p_adjusted for one in found] == pytest.approx([0.04, 0.03, 1.0])
    assert better_than(found, 0.05) == {("a", "b"), ("c", "a")}
    assert better_than(found, 0.05, higher_is_better=False) == {("b", "a"), ("a", "c")}
    assert better_than(found, 0.035) == {("c", "a")}


def test_more_swaps_are_made_where_holm_needs_them() -> None:
    assert swaps_for(1, 2000, 0.05) == 2000
    assert swaps_for(10, 2000, 0.05) == 4000
    assert swaps_for(500, 2000, 0.05) == MOST_SWAPS
    assert swaps_for(500, 50_000, 0.05) == 50_000


def test_a_model_that_was_not_compared_is_the_only_one_without_a_rank() -> None:
    apart = {("a", "b"): 0.3, ("a", "c"): 0.5, ("b", "c"): 0.2, ("x", "a"): 0.4}
    pairs = {pair: Swapped(difference, np.zeros(400), 10) for pair, difference in apart.items()}
    assert ranked(["c", "x", "a", "b"], pairs, 0.05) == ({"c": 3, "a": 1, "b": 2}, {"c": 3, "a": 1, "b": 2})
    assert ranked(["a", "b"], pairs, 0.05, higher_is_better=False)[0] == {"a": 2, "b": 1}
    assert ranked(["x", "b"], pairs, 0.05) == ({}, {})
