"""MinHash: exact Jaccard similarities, and signatures that estimate them without bias."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.build.minhash import band_keys, bands_of, found_share, shingle_sets, side_starts, signatures, similarities
from harness.text.streams import offsets


def packed(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    return np.frombuffer("".join(texts).encode("utf-16-le"), np.uint16), offsets([len(text) for text in texts])


def shingles(text: str, length: int) -> set[str]:
    if len(text) <= length:
        return {text} if text else set()
    return {text[place : place + length] for place in range(len(text) - length + 1)}


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def test_shingle_sets_ascend_and_hold_each_shingle_once() -> None:
    draw = random.Random(3)
    texts = ["", "a", "ab" * 900, "a" * 3000, *("".join(draw.choices("abcdefghå", k=k)) for k in (2, 6, 70, 20_000))]
    symbols, starts = packed(texts)
    sets, bounds = shingle_sets(symbols, starts, 5)
    for number, text in enumerate(texts):
        own = sets[bounds[number] : bounds[number + 1]]
        assert (own[1:] > own[:-1]).all()
        assert len(own) == len(shingles(text, 5))


@given(st.text("abcå", max_size=60), st.text("abcå", max_size=60), st.integers(1, 7))
@settings(max_examples=60)
def test_similarity_is_the_jaccard_of_the_shingle_sets(one: str, other: str, length: int) -> None:
    symbols, starts = packed([one, other])
    found = similarities(symbols, starts, length, np.array([0]), np.array([1]))
    expected = jaccard(shingles(one, length), shingles(other, length))
    assert found[0] == pytest.approx(expected)


@pytest.mark.parametrize(("length", "share"), [(12, 0.5), (40, 0.3), (40, 0.9), (400, 0.6), (400, 0.95)])
def test_signatures_agree_with_the_probability_of_the_jaccard_similarity(length: int, share: float) -> None:
    draw = random.Random(length * 100 + int(100 * share))
    one = "".join(draw.choices("abcdefghijklmnopqrstuvwxyzåäö", k=length))
    cut = int(share * length)
    other = one[:cut] + "".join(draw.choices("abcdefghijklmnopqrstuvwxyzåäö", k=length - cut))
    exact = jaccard(shingles(one, 5), shingles(other, 5))
    symbols, starts = packed([one, other])
    places, seeds = 64, 400
    agreed = []
    for seed in range(seeds):
        left, right = signatures(symbols, starts, 5, places, seed)
        agreed.append(np.mean(left == right))
    spread = np.sqrt(exact * (1 - exact) / places)
    assert np.mean(agreed) == pytest.approx(exact, abs=4 * spread / np.sqrt(seeds))
    # places are drawn without repeats, so no estimate may vary more than with independent permutations
    assert np.std(agreed) <= 1.12 * spread


def test_a_signature_of_the_union_is_the_smaller_of_each_place() -> None:
    """So every place samples the union evenly; what makes the estimate unbiased."""
    one, other = "abcdefghij" * 3, "klmnopqrst" * 4
    symbols, starts = packed([one, other, one + "|" + other])
    left, right, both = signatures(symbols, starts, 1, 32)
    bar, _ = packed(["|"])
    single = signatures(bar, np.array([0, 1]), 1, 32)[0]
    # rounds are comparable, since an earlier round stands in the higher bits
    assert np.array_equal(np.minimum(np.minimum(left, right), single), both)


def test_bands_find_nearly_all_pairs_at_the_threshold() -> None:
    for near in (0.3, 0.5, 0.7, 0.8, 0.9, 1.0):
        bands, rows = bands_of(128, near)
        assert bands * rows <= 128
        assert found_share(near, bands, rows) >= 0.998 or rows == 1
    assert bands_of(128, 0.8) == (21, 6)


def test_equal_texts_have_equal_bands_and_unlike_texts_none() -> None:
    symbols, starts = packed(["enmeningomlandet", "enmeningomlandet", "någotheltannatstårhär"])
    keys = band_keys(symbols, side_starts(symbols, starts), 5, 21, 6)
    assert np.array_equal(keys[0], keys[1])
    assert not set(keys[0].tolist()) & set(keys[2].tolist())
