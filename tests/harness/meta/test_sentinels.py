"""Sentinels know nothing of quality and stand in every table."""

import numpy as np
from judgment_sets import Sheet, find, only
from sacrebleu.metrics import CHRF

from harness.meta.sentinels import random_signature, sentinel_scores
from harness.records import Example, Output


def example(**fields: str) -> Example:
    return Example(id="x", kind="instruction", language="sv", **fields)


def texts(*given: str | None) -> list[Output]:
    return [Output(id=f"o{n}", example_id="x", system=f"s{n}", text=text) for n, text in enumerate(given)]


def by_name(scores: dict[str, np.ndarray]) -> dict[str, list[float]]:
    return {signature.partition("|")[0]: values.tolist() for signature, values in scores.items()}


def test_constant_and_length_in_code_points_in_both_directions() -> None:
    found = by_name(sentinel_scores({"x": example()}, texts("åäö", "👍🏽", "")))
    assert found == {"constant": [0, 0, 0], "length": [3, 2, 0], "minus-length": [-3, -2, 0]}


def test_source_similarity_is_chrf2_to_the_source_and_source_change_minus_that() -> None:
    found = by_name(sentinel_scores({"x": example(source="Jag har en katt .")}, texts("Jag hade en katt .", "Hund")))
    expected = [CHRF().sentence_score(text, ["Jag har en katt ."]).score for text in ("Jag hade en katt .", "Hund")]
    assert found["source-similarity"] == expected
    assert found["source-change"] == [-value for value in expected]


def test_an_output_without_text_has_no_length() -> None:
    found = by_name(sentinel_scores({"x": example()}, texts("ab", None)))
    assert found["length"][0] == 2
    assert np.isnan(found["length"][1])
    assert "length" not in by_name(sentinel_scores({"x": example()}, texts(None, None)))


def test_signatures_say_what_they_are() -> None:
    found = sentinel_scores({"x": example(source="a")}, texts("a"))
    assert all(signature.split("|")[1] == "sentinel" for signature in [*found, random_signature(200)])
    assert random_signature(200) == "random|sentinel|draws:200|v:1"
    assert {s.split("|")[2] for s in found if s.startswith("source")} == {"chrf2"}


def sourced() -> Sheet:
    sheet = Sheet()
    for number in range(4):
        sheet.item(
            f"item{number}", source="en källa att ändra", language="sv" if number % 2 else "en", parallel_id=f"p{number // 2}"
        )
        for system, rating in (("a", 1.0), ("b", 2.0), ("c", 2.0)):
            sheet.answer(f"item{number}", system, rating, text="en källa" * int(rating) + system, m=rating)
    return sheet


def test_all_six_stand_in_every_table() -> None:
    names = {"constant", "random", "length", "minus-length", "source-similarity", "source-change"}
    rows = sourced().rows(slices=("language",))
    tables = {(row.slice, row.grouping) for row in rows if row.statistic == "accuracy" and row.value is not None}
    assert len(tables) == 5  # three groupings of everything, two languages
    for part, grouping in tables:
        found = find(rows, slice=part, grouping=grouping, statistic="accuracy")
        assert {row.metric.partition("|")[0] for row in found} == names | {"m"}
    contrast = {row.metric.partition("|")[0] for row in find(rows, slice="language=sv-en", statistic="accuracy_difference")}
    assert contrast == names | {"m"}


def test_a_constant_ties_everything() -> None:
    row = only(sourced().rows(), metric="constant|sentinel|v:1", grouping="item", statistic="accuracy")
    assert (row.value, row.epsilon) == (1 / 3, 0.0)


def test_each_answer_is_held_against_the_source_of_its_own_example_in_any_order() -> None:
    examples = {name: Example(id=name, kind="instruction", language="sv", source=source) for name, source in SOURCES.items()}
    texts_of = [("b", "två hundar"), ("a", "en katt"), ("c", "tre"), ("b", None), ("a", "en hund"), ("b", "")]
    outputs = [Output(id=f"o{n}", example_id=name, system=f"s{n}", text=text) for n, (name, text) in enumerate(texts_of)]
    found = by_name(sentinel_scores(examples, outputs))["source-similarity"]
    expected = [
        None if text is None or SOURCES[name] is None else CHRF().sentence_score(text, [SOURCES[name]]).score
        for name, text in texts_of
    ]
    assert [None if np.isnan(value) else value for value in found] == expected


SOURCES = {"a": "en katt", "b": "två katter", "c": None}
