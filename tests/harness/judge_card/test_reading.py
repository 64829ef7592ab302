"""What a judge's score is made of, read off its signature and its verdicts."""

from typing import Any

import pytest

from harness.judge_card.reading import Read, number, read_of, score_of
from harness.verdicts import Verdict


def verdict(value: float, expectation: float | None, **fields: Any) -> Verdict:
    about = {"metric": "m", "targets": ("a",), "form": "direct", "judge": "j", **fields}
    return Verdict(value=value, expectation=expectation, **about)


@pytest.mark.parametrize(
    ("signature", "read"),
    [("m|read:auto|v:1", "auto"), ("m|read:expectation|v:1", "expectation"), ("m|read:verdict|v:1", "verdict"), ("m", "verdict")],
)
def test_what_is_read_stands_in_the_signature(signature: str, read: Read) -> None:
    assert read_of(signature) == read


def test_a_rating_is_its_expectation_where_there_is_one_and_a_comparison_only_where_that_is_asked_for() -> None:
    with_one, without = verdict(2, 1.7), verdict(2, None)
    compared = verdict(1, 0.4, form="pair", targets=("a", "b"))
    assert [number(one, "auto") for one in (with_one, without, compared)] == [1.7, 2, 1]
    assert [number(one, "expectation") for one in (with_one, without, compared)] == [1.7, None, 0.4]
    assert [number(one, "verdict") for one in (with_one, without, compared)] == [2, 2, 1]


def test_the_card_says_what_the_score_is_only_where_it_is_not_the_verdict() -> None:
    with_one, without = verdict(2, 1.7), verdict(2, None)
    assert score_of([with_one], "verdict") is None
    assert score_of([without], "auto") is None
    assert score_of([], "auto") is None
    assert str(score_of([with_one], "auto")).startswith("the score is the expectation over token probabilities; Accuracy and")
    assert "probabilities of 1 of 2 verdicts and the verdict itself of the others" in str(score_of([with_one, without], "auto"))
