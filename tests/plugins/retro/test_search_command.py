"""`harness retro search` shows neighbours of a text, what follows them, their documents and their scores."""

import json
import re

import pytest
from click.testing import CliRunner
from harness_plugins.retro.database.tokenizers import trained_tokenizer
from harness_plugins.retro.database.writing import extend
from tiny_sentences import invented, sentences, tiny_encoder

from harness.cli.main import harness

pytest.importorskip("torch")
pytest.importorskip("faiss")

TEXT = "bilen stannade vid skogen och hunden sprang hem till huset"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return sentences(tmp_path_factory.mktemp("search") / "db", [("saga/1", TEXT), *invented(12)])


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny"))


def search(database, *words, **kwargs):
    return CliRunner().invoke(harness, ["retro", "search", *words, "--database", str(database.folder)], **kwargs)


def test_a_chunk_s_own_text_is_found_first_with_what_follows_it(database, encoder):
    first = database.text(0)
    done = search(database, first, "-r", "dense", "--param", f"encoder={encoder}", "--json")
    said = json.loads(done.stdout)
    best = said["neighbours"][0]
    assert (best["chunk"], best["document"], best["text"]) == (0, "saga/1", first)
    assert best["continuation"] == database.text(1)
    assert best["score"] == pytest.approx(1, abs=2e-3)
    assert said["retriever"].startswith("retriever:dense|encoder:tiny@")
    assert "recall" not in said


def test_the_last_chunk_of_a_document_has_no_continuation_and_a_document_can_be_left_out(database):
    last = database.entries[0].chunks - 1
    said = json.loads(search(database, database.text(last), "--json").stdout)
    assert said["neighbours"][0]["chunk"] == last
    assert said["neighbours"][0]["continuation"] is None
    without = json.loads(search(database, database.text(last), "--without", "saga/1", "--json").stdout)
    assert all(row["document"] != "saga/1" for row in without["neighbours"])


def test_people_read_rank_score_document_and_text(database):
    done = search(database, "-", "-k", "1", input=TEXT)
    assert re.match(r"1  score \d+\.\d{4}  chunk 0  saga/1\n   bilen stan", done.stdout)
    assert "\n   → " in done.stdout
    assert "retriever:bm25|" in done.stdout


def test_recall_of_inverted_lists_is_shown(database, encoder):
    done = search(database, TEXT, "-r", "dense", "--param", f"encoder={encoder}", "--param", "index=ivf")
    assert "this index finds 100.0% of the 10 nearest chunks (95 % interval 100.0% to 100.0%" in done.stdout
    hybrid = search(
        database, TEXT, "-r", "hybrid", "--param", f"dense.encoder={encoder}", "--param", "dense.index=ivf",
        "--param", "depth=5", "--json",
    )  # fmt: skip
    assert json.loads(hybrid.stdout)["recall"]["recall"] == 1


def test_too_few_neighbours_are_told(database):
    done = search(database, "bilen", "-k", "500")
    assert re.search(r"\d+ of 500 neighbours were found: there are no more chunks that the retriever takes", done.stdout)
    done = search(database, "bilen", "-k", "500", "--without", "saga/1")
    assert "there are no more chunks of documents other than saga/1 that the retriever takes" in done.stdout


def test_a_word_is_found_inside_sentences_though_it_has_other_tokens_there(tmp_path):
    texts = [
        ("inside", "det är så att klockan är fem"),
        ("other", "katten sover"),
        *[(str(n), "så att klockan") for n in range(9)],
    ]
    tokenizer = trained_tokenizer([text for _, text in texts] * 5, 320)
    assert not set(tokenizer.encode(["klockan"])[0]) & set(tokenizer.encode(["att klockan"])[0])
    extend(tmp_path / "db", [(id, text, "sv") for id, text in texts[:2]], tokenizer, chunk=16)
    done = CliRunner().invoke(harness, ["retro", "search", "klockan", "-d", str(tmp_path / "db"), "--json"])
    assert [row["document"] for row in json.loads(done.stdout)["neighbours"]] == ["inside"]


def test_a_text_that_begins_with_a_dash_comes_behind_two(database):
    done = CliRunner().invoke(harness, ["retro", "search", "-d", str(database.folder), "--json", "--", "- bilen"])
    assert json.loads(done.stdout)["query"] == "- bilen"


def test_wrong_use_is_told(database):
    assert "the text has no tokens" in search(database, "").output
    assert "has no document 'x'" in search(database, "bil", "--without", "x").output
    done = search(database, "bil", "-r", "hybrid", "--param", "depth=0")
    assert done.exit_code == 2
    assert "depth must be a whole number, 1 or more, got 0" in done.output
