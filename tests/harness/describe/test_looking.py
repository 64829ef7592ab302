"""Many texts looked at together are what each is alone."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.describe import looking
from harness.describe.looking import look_at
from harness.describe.numbers import middle
from harness.describe.texts import _SIGNS, traces

TEXTS = st.lists(st.text(alphabet=st.characters() | st.sampled_from("abåäö_ 1.,?<&[#Ãâ\u0301\u200b\n–"), max_size=12), max_size=8)


@given(TEXTS, st.sampled_from([1, 5, 1 << 22]))
def test_words_are_counted_as_by_a_pattern_and_whoever_shows_a_trace_is_looked_at_closer(texts: list[str], at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(looking, "_AT_ONCE", at_once)
        words, odd = look_at(texts, _SIGNS)
    assert words.tolist() == [len(re.findall(r"\w+", text)) for text in texts]
    assert [text for text, closer in zip(texts, odd, strict=True) if traces(text) and not closer] == []


def test_ordinary_swedish_needs_no_closer_look() -> None:
    assert look_at(["Bonden i Åmål – där får får får, ”inte” får.\nJo."], _SIGNS)[1].tolist() == [False]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9))
def test_the_middle_of_numbers_is_their_median(numbers: list[int]) -> None:
    assert middle(np.array(numbers)) == np.median(numbers)
