"""A description counts what a person could count by hand."""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations
from math import comb
from pathlib import Path
from typing import Any

import krippendorff
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.describe import describe, tie_rate
from harness.judgments import JudgmentSet
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale


@pytest.fixture
def data() -> JudgmentSet:
    examples = [Example(id=f"d/{n}", kind="instruction", language="sv", task="gec", source=text, cluster_id="c")
                for n, text in enumerate(("Hej", "Hej", "Nej"))]  # fmt: skip
    outputs = [
        Output(id=f"{e.id}/{s}", example_id=e.id, system=s, text="samma" if e.id == "d/0" else s) for e in examples for s in "abc"
    ]
    ratings: dict[str, list[Any]] = {"d/0": [1.0, 1.0, 2.0], "d/1": [3.0, None, 3.0], "d/2": [2.0]}
    judgments = [
        Judgment(output_id=f"{item}/{system}", rater="anna", criterion="fluency", value=value, scale=Scale(low=1, high=3))
        for item, values in ratings.items()
        for system, value in zip("abc", values, strict=False)
    ]
    preferences = [
        Preference(output_a=f"d/{n}/a", output_b=f"d/{n}/b", rater="bo", criterion="overall", winner=winner)
        for n, winner in enumerate(("b", "tie", None))
    ]
    info = JudgmentInfo(name="demo", version="1", primary_rater="anna", criteria=("fluency",))
    return JudgmentSet(info, tuple(examples), tuple(outputs), tuple(judgments), tuple(preferences), "0" * 64, ("note",))


def test_it_counts_items_clusters_outputs_and_duplicates(data: JudgmentSet) -> None:
    found = describe(data)
    assert (found["items"], found["clusters"], found["outputs"], found["systems"]) == (3, 1, 9, ["a", "b", "c"])
    assert (found["ratings"], found["missing"], found["raters"]) == (6, 1, ["anna", "bo"])
    assert (found["duplicate_items"], found["duplicate_outputs"], found["without_reference"]) == (1, 2, 3)
    assert (found["languages"], found["tasks"], found["forms"]) == ({"sv": 3}, {"gec": 3}, {"none": 3})


def test_outputs_equal_to_a_reference_are_counted_out_of_all_those_without_a_text_too() -> None:
    example = Example(id="e", kind="instruction", language="sv", references=("ja", "jo"))
    texts = ("ja", "nej", None, "jo")
    outputs = tuple(Output(id=str(n), example_id="e", system="a", sample=n, text=text) for n, text in enumerate(texts))
    data = JudgmentSet(JudgmentInfo(name="x", version="1"), (example,), outputs)
    assert describe(data, quick=True)["repeats"]["equal_to_reference"] == {"a": {"equal": 2, "n": 4}}


def test_ratings_are_described_by_criterion_and_rater(data: JudgmentSet) -> None:
    rated = describe(data)["criteria"]["fluency"]["anna"]
    assert (rated["ratings"], rated["missing"], rated["unrated"], rated["scale"]) == (6, 1, 2, [1, 3, "up"])
    # item 0 ties 1 of 3 pairs, item 1 ties 1 of 1 (a rating is missing), item 2 has no pair
    assert rated["tie_rate"] == pytest.approx((1 / 3 + 1) / 2)
    assert rated["tie_rate_items"] == 2
    assert rated["mean"] == {"a": {"mean": 2.0, "n": 3}, "b": {"mean": 1.0, "n": 1}, "c": {"mean": 2.5, "n": 2}}


def test_preferences_are_described_by_criterion_and_rater(data: JudgmentSet) -> None:
    said = describe(data)["preferences"]["overall"]["bo"]
    assert {key: said[key] for key in ("pairs", "ties", "missing", "wins", "first_wins")} == {
        "pairs": 3, "ties": 1, "missing": 1, "wins": {"b": 1}, "first_wins": 0
    }  # fmt: skip


def test_raters_of_a_criterion_are_held_against_each_other(data: JudgmentSet) -> None:
    assert describe(data)["agreement"] == {}  # anna alone rated
    others = [(1.0, "d/0/a"), (2.0, "d/0/b"), (3.0, "d/0/c"), (3.0, "d/1/a"), (1.0, "d/2/b")]
    bo = tuple(Judgment(output_id=output, rater="bo", criterion="fluency", value=value) for value, output in others)
    found = describe(replace(data, judgments=data.judgments + bo))["agreement"]["fluency"]
    both = [[1, 1, 2, 3], [1, 2, 3, 3]]  # outputs that anna rated too
    expected = krippendorff.alpha(reliability_data=both, level_of_measurement="ordinal")
    assert (found["raters"], found["outputs"]) == (2, 4)
    assert found["krippendorff_alpha_ordinal"] == pytest.approx(expected)


def test_agreement_without_a_doubly_rated_output_is_missing(data: JudgmentSet) -> None:
    bo = (Judgment(output_id="d/2/b", rater="bo", criterion="fluency", value=1.0),)
    found = describe(replace(data, judgments=data.judgments + bo))["agreement"]["fluency"]
    assert (found["krippendorff_alpha_ordinal"], found["outputs"]) == (None, 0)


def test_a_description_is_json(data: JudgmentSet) -> None:
    assert json.loads(msgspec.json.encode(describe(data)))["judgments"] == "demo@000000000000"


def _tie_rate(groups: list[list[float]]) -> tuple[float | None, int]:
    codes = [code for code, group in enumerate(groups) for _ in group]
    return tie_rate(np.array(codes, dtype=np.int64), np.array(list(chain.from_iterable(groups))))


def test_a_tie_rate_without_pairs_is_missing() -> None:
    assert _tie_rate([[1.0], []]) == (None, 0)


@given(st.lists(st.lists(st.integers(1, 4).map(float), max_size=6), max_size=5))
def test_a_tie_rate_lies_between_0_and_1_and_ignores_order(groups: list[list[float]]) -> None:
    rate, count = _tie_rate(groups)
    assert count == sum(len(group) > 1 for group in groups)
    assert (rate is None) == (count == 0)
    if rate is not None:
        assert 0 <= rate <= 1
        assert _tie_rate([group[::-1] for group in groups])[0] == pytest.approx(rate)
        shares = [Fraction(sum(a == b for a, b in combinations(group, 2)), comb(len(group), 2)) for group in groups if group[1:]]
        assert rate == pytest.approx(float(sum(shares) / len(shares)))


def test_the_tie_rates_of_the_swedish_ratings_are_the_independent_tools(
    shared_data: Path, oracles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.judgments import read_judgments
    from harness.plugins import load_plugins

    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    plugins = load_plugins()
    source = plugins.build("judgment source", plugins.parse("judgment source", "gec-sv"))
    found = describe(read_judgments(source))["criteria"]
    expected = json.loads((oracles / "gec_sv.json").read_text(encoding="utf-8"))["results"]
    for criterion, name in (("grammaticality", "Grammaticality"), ("fluency", "Fluency"), ("meaning", "Meaning Preservation")):
        assert found[criterion]["katarina"]["tie_rate"] == pytest.approx(expected[name]["all-ties floor (item)"], abs=1e-12)
