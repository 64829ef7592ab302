"""`harness retro neighbours` says how many neighbours there are, why none, and how many of them are copies."""

import json

import pytest
from click.testing import CliRunner
from harness_plugins.retro.neighbour_report import describe
from harness_plugins.retro.neighbours import neighbour_table
from numbered import numbered, plain_table

from harness.cli.main import harness

TEXT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def asked(*arguments):
    return CliRunner().invoke(harness, ["retro", "neighbours", *map(str, arguments)])


@pytest.fixture
def corpus(tmp_path):
    documents = {"one": TEXT, "copy": TEXT, "comma": [1, 2, 99, 4, 5, 6, 7, 8], "other": [1, 50, 51, 52, 53]}
    return numbered(tmp_path / "db", documents)  # chunks 0 1 2, 3 4 5, 6 7, 8 9


def test_copies_are_counted_by_what_they_copy(corpus):
    told = describe(corpus, corpus, plain_table(corpus, [[3], [4], [-1], [6], [7], [2], [0], [1], [0], [-1]]))
    assert told.chunks == 10
    assert (told.found, told.without) == (8, 2)
    assert told.identical == 5  # 0 → 3, 1 → 4, 4 → 7, 5 → 2, 7 → 1
    assert told.nearly == 5
    assert told.copied == 4  # 0 → 3 and 3 → 6 go on with 5 6 7 8, 1 → 4 with 9 10; so does 6 → 0 with its 5 6 7 8
    assert told.alone == 0


def test_the_command_warns_of_copies_and_keeps_what_it_says_in_json(corpus):
    result = asked("-d", corpus.folder, "-k", 1, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert found["identical"] > 0
    assert found["warnings"][0].endswith("go on with the very chunk that follows the query: what is gained from them is copying")
    assert found["warnings"][0] in result.stderr
    assert found["retriever"] == neighbour_table(corpus, corpus, "bm25", {}, 1).info.signature
    assert "of 9 neighbours" in asked("-d", corpus.folder, "-k", 1).stdout


def test_a_corpus_of_one_document_is_told_why_it_has_no_neighbours(tmp_path):
    alone = numbered(tmp_path / "alone", [TEXT, []])
    result = asked("-d", alone.folder)
    assert result.exit_code == 0
    assert "3 of 3 chunks have no neighbour since the database holds nothing but their own documents" in result.stderr
    assert "0.00 neighbours found for a chunk; none for 3 of 3 chunks" in result.stdout


def test_own_documents_in_another_database_are_told_by_what_they_are_known(corpus, tmp_path):
    asking = numbered(tmp_path / "asking", {"mine": TEXT, "other": [1, 2, 3], "new": [4, 5]})
    told = describe(asking, corpus, neighbour_table(asking, corpus, "bm25", {}, 2))
    assert (told.same_text, told.same_id) == (1, 1)
    result = asked("-d", corpus.folder, "-c", asking.folder)
    assert "own documents in the database: 1 by their text, 1 by their id alone" in result.stdout
    assert "have the id of a document of another text in the database, which is not searched for them" in result.stderr


def test_a_dry_run_says_what_would_be_sought_and_writes_nothing(corpus):
    result = asked("-d", corpus.folder, "-k", 3, "--dry-run")
    assert "3 neighbours of each of 10 chunks" in result.stdout
    assert not (corpus.folder / "neighbours").exists()
    plan = json.loads(asked("-d", corpus.folder, "--param", "k1=1.2", "--dry-run", "--json").stdout)
    assert plan == {"queries": 10, "chunks": 10, "retriever": "bm25", "params": {"k1": 1.2}, "k": 2}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing option '--database'"),
        (["-d", "nowhere"], "nowhere holds no retrieval database"),
        (["-d", "DB", "-c", "empty"], "empty holds no retrieval database"),
        (["-d", "DB", "-k", "0"], "0 is not in the range x>=1"),
        (["-d", "DB", "-k", "two"], "'two' is not a valid integer range"),
        (["-d", "DB", "-r", "bm52"], "Did you mean 'bm25'"),
        (["-d", "DB", "--param", "k1"], "expected KEY=VALUE, got 'k1'"),
        (["-d", "DB", "--param", "k1=1", "--param", "k1=2"], "'k1' is given twice"),
        (["-d", "DB", "--param", "k2=1"], "no parameter 'k2'"),
    ],
)
def test_wrong_use_is_one_message_and_begins_nothing(corpus, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    result = asked(*[str(corpus.folder) if word == "DB" else word for word in arguments])
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "nowhere").exists()
    assert not any((tmp_path / "empty").iterdir())
