"""Sums over items give the values that lm-eval, sacrebleu and scikit-learn give, on all items and on any draw of them."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import sacrebleu

from harness.leaderboard.measures import Measure, find_measure
from harness.leaderboard.records import Item

WORDS = ["snön", "faller", "över", "staden", "och", "hon", "går", "hem", "nu", "då", "till", "ån"]


def items_of(metric: str, pairs: Sequence[Any]) -> list[Item]:
    return [Item(key=str(place), meta={"parts": {metric: list(pair)}}, values={metric: None}) for place, pair in enumerate(pairs)]


def numbers(metric: str, values: Sequence[float | None]) -> list[Item]:
    return [Item(key=str(place), values={metric: value}) for place, value in enumerate(values)]


def drawn(measure: Measure, rows: Sequence[int]) -> float:
    """The measure's value of a draw of items, as resampling computes it: from sums."""
    weights = np.bincount(rows, minlength=len(measure.keys)).astype(float)
    return float(measure.value((weights @ measure.parts)[None])[0])


def translations(count: int, seed: int) -> list[list[str]]:
    chance = random.Random(seed)
    pairs = []
    for _ in range(count):
        wanted = chance.choices(WORDS, k=chance.randint(1, 14))
        said = [word if chance.random() < 0.6 else chance.choice(WORDS) for word in wanted][: chance.randint(0, 14)]
        pairs.append([" ".join(wanted) + ".", " ".join(said)])
    return pairs


@pytest.mark.parametrize(
    ("metric", "corpus"),
    [
        ("chrf", lambda said, wanted: sacrebleu.corpus_chrf(said, [wanted]).score),
        ("chrf++", lambda said, wanted: sacrebleu.corpus_chrf(said, [wanted], word_order=2).score),
        ("bleu", lambda said, wanted: sacrebleu.corpus_bleu(said, [wanted]).score),
        ("ter", lambda said, wanted: sacrebleu.corpus_ter(said, [wanted]).score),
    ],
)
def test_any_draw_of_items_has_the_score_that_sacrebleu_gives_its_texts(
    metric: str, corpus: Callable[[list[str], list[str]], float]
) -> None:
    pairs = translations(25, seed=3)
    measure = find_measure(items_of(metric, pairs), metric, metric, None)
    assert measure is not None
    assert measure.kind == metric
    chance = random.Random(5)
    draws = [list(range(25)), *([chance.randrange(25) for _ in range(25)] for _ in range(12)), [0], [1, 1, 2]]
    for rows in draws:
        expected = corpus([pairs[row][1] for row in rows], [pairs[row][0] for row in rows])
        assert drawn(measure, rows) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_chrf_of_a_corpus_is_sacrebleus_to_the_last_bit() -> None:
    pairs = translations(60, seed=8)
    measure = find_measure(items_of("chrf", pairs), "chrf", None, None)
    assert measure is not None
    assert measure.total == sacrebleu.corpus_chrf([said for _, said in pairs], [[wanted for wanted, _ in pairs]]).score


@pytest.mark.parametrize("metric", ["chrf", "bleu"])
def test_of_several_references_each_counts_as_in_sacrebleu(metric: str) -> None:
    pairs = translations(12, seed=1)
    several = [[[wanted, wanted.upper() + " eller så", "nej"], said] for wanted, said in pairs]
    measure = find_measure(items_of(metric, several), metric, None, None)
    assert measure is not None
    streams = [[wanted[place] for wanted, _ in several] for place in range(3)]
    said = [text for _, text in several]
    score = sacrebleu.corpus_chrf(said, streams) if metric == "chrf" else sacrebleu.corpus_bleu(said, streams)
    assert measure.total == pytest.approx(score.score, rel=1e-12)


def test_matthews_is_the_correlation_of_indicators() -> None:
    """Gorodkin 2004: the covariance of the indicators of classes, summed over classes, over its geometric bounds."""
    chance = random.Random(4)
    pairs = [[chance.randrange(3), chance.randrange(3)] for _ in range(40)]
    measure = find_measure(items_of("mcc", pairs), "mcc", "matthews_corrcoef", None)
    assert measure is not None
    for rows in ([*range(40)], [chance.randrange(40) for _ in range(40)]):
        gold, said = (np.eye(3)[[pairs[row][side] for row in rows]] for side in (0, 1))
        gold, said = gold - gold.mean(axis=0), said - said.mean(axis=0)
        expected = (gold * said).sum() / np.sqrt((gold**2).sum() * (said**2).sum())
        assert drawn(measure, rows) == pytest.approx(expected, abs=1e-12)
    assert drawn(measure, [3, 3, 3]) == 0


def test_f1_by_hand() -> None:
    pairs = [[1, 1], [1, 1], [1, 0], [0, 1], [0, 0], [0, 0]]
    measure = find_measure(items_of("f1", pairs), "f1", None, None)
    assert measure is not None
    assert measure.total == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert drawn(measure, [4, 5]) == 0


def test_perplexities_by_hand() -> None:
    pairs = [[-6.0, 3], [-2.0, 1]]
    words = find_measure(items_of("word_perplexity", pairs), "word_perplexity", "weighted_perplexity", None)
    bits = find_measure(items_of("bits_per_byte", pairs), "bits_per_byte", "bits_per_byte", None)
    by_item = find_measure(numbers("perplexity", [-1.0, -3.0]), "perplexity", "perplexity", None)
    assert words is not None
    assert bits is not None
    assert by_item is not None
    assert words.total == pytest.approx(math.exp(8 / 4))
    assert bits.total == pytest.approx(2 / math.log(2))
    assert by_item.total == pytest.approx(math.exp(2))


def test_brier_score_is_lm_evals() -> None:
    metrics = pytest.importorskip("lm_eval.api.metrics", reason="needs metaeval-harness[leaderboard]")
    pairs = [[0, [0.7, 0.2, 0.1]], [2, [0.1, 0.1, 0.8]], [1, [0.5, 0.25, 0.25]]]
    measure = find_measure(items_of("brier_score", pairs), "brier_score", None, None)
    assert measure is not None
    assert measure.total == pytest.approx(metrics.brier_score([tuple(pair) for pair in pairs]))


def test_the_way_that_gives_the_reported_value_is_taken() -> None:
    pairs = [[-6.0, 3], [-2.0, 2]]
    by_name = find_measure(items_of("surprise", pairs), "surprise", "!function my.own", math.exp(8 / 5))
    by_bits = find_measure(items_of("surprise", pairs), "surprise", "!function my.own", 8 / 5 / math.log(2))
    assert by_name is not None
    assert by_bits is not None
    assert (by_name.kind, by_bits.kind) == ("weighted_perplexity", "bits_per_byte")


def test_items_that_do_not_give_the_reported_value_are_no_measure() -> None:
    assert find_measure(numbers("acc", [1, 0]), "acc", "mean", 0.75) is None
    assert find_measure(items_of("odd", [["a", "b"], ["c", "d"]]), "odd", None, 12.5) is None
    assert find_measure(items_of("odd", [[{}, []]]), "odd", None, 1.0) is None
    assert find_measure([], "acc", "mean", None) is None


@pytest.mark.parametrize(("reported", "is_it"), [(0.333, True), (0.3333, True), (0.334, False), (0.33, False), (1 / 3, True)])
def test_a_reported_value_may_be_rounded_to_three_digits(reported: float, is_it: bool) -> None:
    assert (find_measure(numbers("acc", [1, 0, 0]), "acc", "mean", reported) is not None) == is_it


def test_items_without_a_value_are_left_out() -> None:
    measure = find_measure(numbers("acc", [1, None, 0, 0]), "acc", "mean", 1 / 3)
    assert measure is not None
    assert measure.keys == ("0", "2", "3")


def test_a_measure_of_some_items_has_their_value() -> None:
    measure = find_measure(numbers("acc", [1, 0, 0, 1]), "acc", "mean", 0.5)
    assert measure is not None
    assert measure.only(["3", "0", "1"]).total == pytest.approx(2 / 3)
