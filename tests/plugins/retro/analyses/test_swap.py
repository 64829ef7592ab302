"""Retrievers swapped at inference: the same model and tokens, one row each, with what each costs."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from click.testing import CliRunner  # noqa: E402
from harness_plugins.retro.analyses.measured import open_reading  # noqa: E402
from harness_plugins.retro.analyses.perplexity import Draws, perplexity  # noqa: E402
from harness_plugins.retro.analyses.swap import Choice, index_bytes, swap  # noqa: E402
from harness_plugins.retro.cli import retro  # noqa: E402
from tiny_retro import NoRetriever, save_tiny, tiny_corpus, tiny_retro  # noqa: E402

BM25, FLAT, NONE = Choice("bm25"), Choice("bm25", {"b": 0.0}), Choice("tiny_retro:no_retriever")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("swap")
    corpus = tiny_corpus(place / "db")
    return save_tiny(tiny_retro(corpus), corpus, place / "model")


@pytest.fixture(scope="module")
def swapped(folder):
    return swap(open_reading(folder, device="cpu"), [BM25, FLAT, NONE, Choice("bm25", {"k1": -1})], draws=Draws(100), queries=50)


def test_each_row_is_what_perplexity_says_of_its_retriever(folder, swapped):
    rows, _ = swapped
    for row, params in zip(rows[:2], ({}, {"b": 0.0}), strict=True):
        alone = perplexity(open_reading(folder, device="cpu", retriever="bm25", params=params), draws=Draws(100))
        assert row.scopes == alone.scopes
        assert row.without == alone.without


def test_the_others_are_compared_with_the_first(swapped):
    rows, _ = swapped
    assert rows[0].against == {}
    for row in rows[1:3]:
        for place, (name, against) in enumerate(row.against.items()):
            assert row.scopes[place].name == name
            assert against.value == pytest.approx(row.scopes[place].on.value / rows[0].scopes[place].on.value - 1)
            assert against.low <= against.value <= against.high


def test_one_that_finds_nothing_is_off(swapped):
    row = swapped[0][2]
    assert [scope.gain.value for scope in row.scopes] == [1.0, 1.0]
    assert row.overlap.value == 0


def test_one_that_cannot_be_used_is_named_and_none_stands_in_for_it(swapped):
    row = swapped[0][3]
    assert row.retriever == "bm25 k1=-1"
    assert "k1 must be a finite number, 0 or more" in row.error
    assert (row.scopes, row.cost) == ((), None)


def test_costs_are_of_a_search_of_the_same_queries(swapped):
    costs = [row.cost for row in swapped[0][:3]]
    assert [cost.queries for cost in costs] == [50, 50, 50]
    assert all(cost.search_ms > 0 and cost.open_seconds > 0 for cost in costs)


def test_where_the_first_cannot_be_used_nothing_is_compared_with_it(folder):
    rows, notes = swap(open_reading(folder, device="cpu"), [Choice("bm25", {"k1": -1}), BM25], draws=Draws(100), queries=5)
    assert rows[1].against == {}
    assert any("bm25 k1=-1, which could not be used" in note for note in notes)


def test_an_index_is_as_large_as_its_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"12345")
    retriever = NoRetriever()
    assert index_bytes(retriever) is None
    retriever.folders = (tmp_path, tmp_path)
    assert index_bytes(retriever) == 5


def asked(*words):
    return CliRunner().invoke(retro, [str(word) for word in words])


def test_the_commands_print_what_the_functions_say(folder, swapped):
    few = ("--resamples", 100, "--device", "cpu", "--quiet")
    found = asked("swap", folder, "-r", "bm25 b=0.0", "-r", "bm25 k1=-1", *few, "--json")
    assert found.exit_code == 3  # one of them cannot be used
    rows = json.loads(found.stdout)["rows"]
    assert [row["retriever"] for row in rows] == ["bm25", "bm25 b=0.0", "bm25 k1=-1"]
    for place in (0, 1):
        assert rows[place]["scopes"][0]["on"]["value"] == swapped[0][place].scopes[0].on.value
    table = asked("swap", folder, "-r", "bm25 b=0.0", *few)
    assert table.exit_code == 0
    assert "perplexity against the first" in table.stdout
    single = asked("perplexity", folder, *few, "--json")
    assert json.loads(single.stdout)["scopes"][0]["on"]["value"] == swapped[0][0].scopes[0].on.value
    assert "bits/byte" in asked("perplexity", folder, *few).stdout


@pytest.mark.parametrize("name", ["perplexity", "swap"])
def test_a_dry_run_computes_nothing_and_a_wrong_folder_is_named(folder, tmp_path, name):
    dry = asked(name, folder, "--dry-run", "--device", "cpu")
    assert "nothing was computed" in dry.stdout
    for wrong in (tmp_path, tmp_path / "absent", folder.parent / "db"):
        found = asked(name, wrong)
        assert found.exit_code != 0
        assert "holds no retrieval-augmented model" in str(found.exception)
    assert list(tmp_path.iterdir()) == []
