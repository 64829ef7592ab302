"""Criteria: those that come ready, a user's own, and scales."""

from pathlib import Path

import pytest
from harness_plugins.judges.criteria import WholeScale, choose, read_criteria, read_scale

from harness.annotate.ready_criteria import ready_criteria
from harness.errors import InputError


def test_the_ready_criteria_are_worded_as_raters_see_them() -> None:
    criteria = read_criteria()
    for name, seen in ready_criteria().items():
        assert criteria[name].question == seen["question"]
        assert {language: list(texts) for language, texts in criteria[name].anchors.items()} == seen["anchors"]
        assert criteria[name].scale == WholeScale(1, 3)


def test_a_users_file_adds_criteria_and_replaces_ready_ones(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    ratings = 'politeness:\n  scale: 0-10\n  question: {en: "Is it polite?"}\n'
    own.write_text(ratings + 'overall:\n  compare: {sv: "Vilket är bäst?"}\n', encoding="utf-8")
    criteria = read_criteria(own)
    assert criteria["politeness"].scale == WholeScale(0, 10)
    assert criteria["politeness"].said("sv")["question"] == "Is it polite?"
    assert criteria["overall"].said("en")["compare"] == "Vilket är bäst?"
    assert criteria["correctness"] == read_criteria()["correctness"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a", "cannot be read"),
        ("- a", "expected criteria by name"),
        ("a b: {question: {en: x}}", "a name is"),
        ("a: {label: {en: x}}", "needs a question"),
        ("a: {question: {en: x}, note: y}", "unknown key 'note'"),
        ("a: {question: x}", "a text by language"),
        ("a: {question: {en: x}, anchors: {en: [one]}}", "at least two texts"),
        ("a: {question: {en: x}, anchors: [one, two]}", "at least two texts"),
        ("a: {question: {en: x}, scale: high}", "two whole numbers"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(text: str, problem: str, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(InputError, match=problem) as error:
        read_criteria(own)
    assert str(own) in str(error.value)


def test_an_unknown_criterion_is_told_with_close_ones() -> None:
    with pytest.raises(ValueError, match="Did you mean 'correctness'"):
        choose(read_criteria(), ["corectness"])


@pytest.mark.parametrize(
    ("written", "scale"), [("1-5", (1, 5)), ("0..100", (0, 100)), ("-2–2", (-2, 2)), ([1, 4], (1, 4)), ("1 till 7", (1, 7))]
)
def test_scales(written: object, scale: tuple[int, int]) -> None:
    assert read_scale(written) == WholeScale(*scale)


def test_a_scale_has_at_most_1001_values() -> None:
    assert len(read_scale("0-1000").values) == 1001
    with pytest.raises(ValueError, match="more than 1001 values"):
        read_scale([0, 1001])


@pytest.mark.parametrize("written", ["9" * 5000 + "-1", "5", "1-1", "3-1", "1.5-2", [1], [1, "3"], [True, 3], None, 3])
def test_what_is_no_scale(written: object) -> None:
    with pytest.raises(ValueError, match="scale"):
        read_scale(written)
