"""A batch of units as arrays, and columns that say what results say."""

import numpy as np
import pytest
from harness_plugins.metrics import batches
from harness_plugins.metrics.batches import Batch, in_chunks, results
from harness_plugins.metrics.rouge import COMPONENTS, Rouge
from harness_plugins.metrics.sacre import build_bleu, build_chrf

from harness import Example, Output, Unit


def unit(text, *references):
    case = Example.from_instruction("test/1", "Svara.", references, language="sv")
    return Unit(case, (Output(id="test/1/a", example_id=case.id, system="a", text=text),))


UNITS = [
    unit("a b", "a b"),
    unit(None, "a"),
    unit("a", "b", "a c", "a"),
    unit("a"),
    unit("", "a b"),
    unit("a", " ", "!"),
    unit(None),
]


def test_every_text_stands_once_and_missing_things_have_no_pairs():
    batch = Batch.of(UNITS)
    assert batch.texts == ["a b", "", "a", "b", "a c", " ", "!"]
    assert batch.starts.tolist() == [0, 1, 1, 4, 4, 5, 7, 7]
    assert [batch.texts[place] for place in batch.references] == ["a b", "b", "a c", "a", "a b", " ", "!"]
    assert batch.missing[1] == ("empty", "no text")
    assert batch.missing[3] == ("no-reference", "no reference")
    assert batch.missing[6] == ("empty", "no text")


def test_of_several_references_the_first_of_the_best_is_taken():
    batch = Batch.of([unit("x", "a", "b", "c"), unit("x", "d"), unit("x")])
    assert batch.best(np.array([0.1, 0.5, 0.5, 0.0])).tolist() == [1, 3, -1]


@pytest.mark.parametrize("build", [lambda: Rouge("rouge-l"), lambda: Rouge("rouge-2"), build_chrf, build_bleu])
def test_columns_and_results_say_the_same(build):
    metric = build()
    columns, listed = metric.score_columns(UNITS), metric.score(UNITS)
    assert list(columns.status) == [result.status for result in listed]
    assert list(columns.detail) == [result.detail for result in listed]
    main = columns.values["f1" if None not in columns.values else None]
    assert [None if np.isnan(value) else value for value in main.tolist()] == [result.value for result in listed]


def test_a_column_without_anything_to_say_has_no_status():
    columns = Rouge("rouge-l").score_columns([unit("a b", "a c")] * 3)
    assert (columns.status, columns.detail) == (None, None)
    assert columns.values["f1"].tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("build", [lambda: Rouge("rouge-lsum"), build_chrf, build_bleu])
def test_small_chunks_change_nothing(build, monkeypatch):
    metric, units = build(), [*UNITS, *[unit("a b c", "a c")] * 40, *UNITS]
    whole = metric.score(units)
    monkeypatch.setattr(batches, "MANY", 1)
    assert metric.score(units) == whole


def test_no_units_have_no_results():
    assert Rouge("rouge-l").score([]) == build_chrf().score([]) == build_bleu().score([]) == []
    assert results(in_chunks([], Rouge("rouge-1").score_columns), COMPONENTS) == []
