"""The parts of the score, on values that can be worked out by hand."""

import numpy as np
import pytest
from harness_plugins.datasets.natural import scores as parts
from harness_plugins.datasets.natural.selection import Keep, key_of, read_keep, standings
from hypothesis import given
from hypothesis import strategies as st

WIDE = parts.Window(1, 1000)


def test_length_falls_off_on_either_side_of_the_window() -> None:
    window = parts.Window(4, 8)
    values = {count: parts.length("ord " * count, "svar", window, WIDE) for count in (1, 3, 4, 8, 16)}
    assert values == {1: 0.25, 3: 0.75, 4: 1.0, 8: 1.0, 16: 0.5}


def test_the_worse_of_both_texts_counts() -> None:
    assert parts.length("ett två tre fyra", "ord", parts.Window(4, 8), parts.Window(2, 8)) == 0.5
    assert parts.repetition("vad är vad", "ja ja ja ja") == 0.25  # three of four words repeat the one before


def test_a_run_of_three_words_that_was_there_before_is_a_repetition() -> None:
    assert parts.repetition("var är min hatt var är min hatt", "svar") == pytest.approx(6 / 8)


@pytest.mark.parametrize(("stars", "value"), [(1, 0.0), (3, 0.5), (4.2, 0.8), (5, 1.0), (None, None)])
def test_a_rating_from_1_to_5_is_a_number_from_0_to_1(stars: float | None, value: float | None) -> None:
    assert parts.rating(stars) == (value if value is None else pytest.approx(value))


def test_relevance_is_a_half_in_the_middle_and_rises() -> None:
    assert parts.relevance(parts.MIDDLE) == 0.5
    assert parts.relevance(parts.MIDDLE + 0.02) == pytest.approx(1 - parts.relevance(parts.MIDDLE - 0.02))
    assert parts.relevance(0.9) > 0.99


def test_what_is_missing_leaves_its_weight_to_the_others() -> None:
    weights = {"a": 1.0, "b": 3.0, "c": 0.0}
    assert parts.combined({"a": 0.2, "b": 0.6, "c": 1.0}, weights) == pytest.approx(0.5)
    assert parts.combined({"a": 0.2, "b": None}, weights) == pytest.approx(0.2)
    assert parts.combined({"b": None, "c": 1.0}, weights) is None


def test_the_total_is_the_weighted_sum_of_four_parts() -> None:
    weights = parts.read_weights({"quality": 2, "diversity": 0.5})
    values = {"quality": 0.8, "relevance": 0.5, "naturalness": 0.2}
    before = parts.before_diversity(values, weights)
    assert before == pytest.approx((2 * 0.8 + 0.5 + 0.2) / 4)
    assert parts.total(before, 1.0, weights) == pytest.approx((2 * 0.8 + 0.5 + 0.2 + 0.5) / 4.5)


def test_weights_within_a_part_make_the_part() -> None:
    weights = parts.read_weights(None, {"quality": {"length": 0, "rating": 3}})
    assert parts.with_parts({"length": 0.0, "repetition": 1.0, "rating": 0.6}, weights)["quality"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("value", "keep"),
    [
        (0.5, Keep(share=0.5)),
        (1.0, Keep(share=1.0)),
        (1, Keep(count=1)),
        ({"threshold": 0.6}, Keep(threshold=0.6)),
        ({"share": 1}, Keep(share=1.0)),
    ],
)
def test_how_much_is_kept_is_a_share_a_number_or_a_total(value, keep: Keep) -> None:
    assert read_keep(value) == keep


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "half", {"threshold": 2}, {"count": 0.5}, {}, None])
def test_anything_else_is_refused(value) -> None:
    with pytest.raises(ValueError, match="keep is a share"):
        read_keep(value)


def some(count: int, seed: int) -> tuple[np.ndarray, list[float], list[str]]:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, 6)).astype(np.float32)
    return vectors, random.uniform(size=count).tolist(), [key_of(f"text {number}", str(number)) for number in range(count)]


def test_near_copies_of_what_is_chosen_are_rejected_first() -> None:
    vectors = np.array([[1, 0, 0], [1, 0.01, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    found = standings(vectors, [0.9, 0.89, 0.6, 0.6], list("abcd"), parts.read_weights(), Keep(count=3))
    assert [one.rank for one in found] == [1, None, 2, 3]
    assert found[1].diversity == pytest.approx(0, abs=0.01)


@given(st.integers(2, 30), st.integers(0, 1000), st.floats(0.05, 0.95))
def test_all_whose_total_reaches_the_threshold_are_kept_in_falling_order(count: int, seed: int, threshold: float) -> None:
    vectors, before, keys = some(count, seed)
    found = standings(vectors, before, keys, parts.read_weights(), Keep(threshold=threshold))
    ranked = sorted((one for one in found if one.rank is not None), key=lambda one: one.rank or 0)
    totals = [one.total for one in ranked]
    assert [one.rank for one in ranked] == list(range(1, len(ranked) + 1))
    assert totals == sorted(totals, reverse=True)
    assert all(total >= threshold for total in totals)
    assert all(one.total < threshold + 1e-9 for one in found if one.rank is None)


@given(st.integers(2, 25), st.integers(0, 1000))
def test_without_embeddings_the_highest_scores_are_kept(count: int, seed: int) -> None:
    _, before, keys = some(count, seed)
    found = standings(None, before, keys, parts.read_weights(), Keep(share=0.5))
    kept = [before[place] for place, one in enumerate(found) if one.rank is not None]
    assert sorted(kept, reverse=True) == sorted(before, reverse=True)[: -(-count // 2)]
    assert all(one.diversity is None for one in found)
