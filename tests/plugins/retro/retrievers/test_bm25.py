"""BM25 finds what a brute-force formula finds, to the bit; its scores are rank-bm25's and bm25s's; the index grows."""

import math
import re
import resource
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from harness_plugins.retro.database.layout import TokenizerInfo
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import trained_tokenizer
from harness_plugins.retro.database.writing import extend
from harness_plugins.retro.retrievers import bm25_index
from harness_plugins.retro.retrievers.base import Queries, open_retriever
from harness_plugins.retro.retrievers.bm25 import open_bm25
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import InputError, PluginError

CHUNK = 8


class Numerals:
    """Texts are token ids in decimal."""

    def __init__(self, digest: str = "numerals") -> None:
        self.info = TokenizerInfo(name="numerals", digest=digest, vocabulary=70_000)

    def encode(self, texts):
        return [list(map(int, text.split())) for text in texts]

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)


def database_of(folder, documents, chunk=CHUNK, shard=250_000, first=0):
    """A database of lists of token ids."""
    named = ((f"d{first + number}", " ".join(map(str, tokens)), "xx") for number, tokens in enumerate(documents))
    extend(folder, named, Numerals(), chunk=chunk, shard=shard)
    return Database(folder)


def queries_of(database, own=True):
    """All chunks as queries."""
    numbers = np.arange(database.chunks)
    documents = database.document_of(numbers)
    return Queries(*database.tokens(numbers), documents if own else np.full(len(numbers), -1))


def asked(*rows, own=None):
    """Lists of token ids as queries."""
    width = max(map(len, rows))
    tokens = np.array([[*row, *[0] * (width - len(row))] for row in rows], np.int32).reshape(len(rows), width)
    return Queries(tokens, np.array(list(map(len, rows)), np.int32), np.array(own or [-1] * len(rows), np.int64))


def brute_force(database, queries, k, k1=0.9, b=0.4):
    """The formula over all chunks in Python: numbers and scores of the k best."""
    tokens, lengths = database.tokens(np.arange(database.chunks))
    chunks = [Counter(row[:length].tolist()) for row, length in zip(tokens, lengths, strict=True)]
    documents = database.document_of(np.arange(database.chunks))
    df = Counter(term for chunk in chunks for term in chunk)
    average = lengths.mean() if len(lengths) else 1
    numbers, scores = [], []
    for row, length, own in zip(queries.tokens, queries.lengths, queries.own, strict=True):
        query = Counter(row[:length].tolist())
        found = []
        for number, chunk in enumerate(chunks):
            norm, score = k1 * (1 - b + b * lengths[number] / average), 0.0
            for term in sorted(set(query) & set(chunk)):
                idf = float(np.log1p((len(chunks) - df[term] + 0.5) / (df[term] + 0.5)))
                score += query[term] * idf * (chunk[term] / (chunk[term] + norm))
            if score > 0 and (own < 0 or documents[number] != own):
                found.append((-score, number))
        best = sorted(found)[:k]
        numbers.append([number for _, number in best] + [-1] * (k - len(best)))
        scores.append([-score for score, _ in best] + [math.nan] * (k - len(best)))
    return np.array(numbers), np.array(scores)


def test_a_score_is_what_one_reckons_by_hand(tmp_path):
    """Three chunks of two, two and one tokens: N = 3, df(7) = 2, average 5/3."""
    database = database_of(tmp_path, [[7, 8], [7, 7], [9]])
    found = open_bm25(database).search(asked([7, 7, 5]), 3)
    idf, norm = math.log(1 + 1.5 / 2.5), 0.9 * (0.6 + 0.4 * 2 / (5 / 3))
    assert found.numbers.tolist() == [[1, 0, -1]]
    assert found.scores[0, :2].tolist() == pytest.approx([2 * idf * 2 / (2 + norm), 2 * idf * 1 / (1 + norm)], rel=1e-14)
    assert math.isnan(found.scores[0, 2])


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    documents=st.lists(st.lists(st.integers(0, 12), max_size=30), min_size=1, max_size=20),
    k=st.integers(1, 9),
    k1=st.sampled_from([0.0, 0.9, 100.0]),
    b=st.sampled_from([0.0, 0.4, 1.0]),
    shard=st.sampled_from([1, 5, 1000]),
)
def test_what_is_found_is_what_the_formula_over_all_chunks_gives(tmp_path_factory, documents, k, k1, b, shard):
    database = database_of(tmp_path_factory.mktemp("bm25"), documents, shard=shard)
    queries = queries_of(database)
    numbers, scores = brute_force(database, queries, k, k1, b)
    found = open_bm25(database, k1=k1, b=b).search(queries, k)
    assert found.numbers.tolist() == numbers.reshape(-1, k).tolist()
    np.testing.assert_array_equal(found.scores, scores.reshape(-1, k))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """20,000 chunks in three blocks: half of the tokens frequent, so that bytes and lists both have work; every ninth chunk is
    one of 50, so that there are ties."""
    rng = np.random.default_rng(5)
    tokens = np.where(rng.random((20_000, 32)) < 0.5, rng.integers(0, 12, (20_000, 32)), rng.zipf(1.3, (20_000, 32)) % 60_000)
    tokens[::9] = tokens[rng.integers(0, 50, len(tokens[::9]))]
    return database_of(tmp_path_factory.mktemp("large"), tokens.reshape(-1, 32 * 4).tolist(), chunk=32, shard=9000)


@pytest.fixture(scope="module")
def chosen(large):
    numbers = np.sort(np.random.default_rng(6).choice(large.chunks, 60, replace=False))
    return Queries(*large.tokens(numbers), large.document_of(numbers))


def test_no_better_chunk_is_passed_over_in_many_blocks(large, chosen):
    retriever = open_bm25(large)
    everything = np.broadcast_to(np.arange(large.chunks), (len(chosen), large.chunks))
    scores = retriever.scores(chosen, everything)
    scores[large.document_of(np.arange(large.chunks)) == chosen.own[:, None]] = -1
    best = np.argsort(-scores, axis=1, kind="stable")[:, :20]
    found = retriever.search(chosen, 20)
    np.testing.assert_array_equal(found.numbers, best)
    np.testing.assert_array_equal(found.scores, np.take_along_axis(scores, best, axis=1))


def test_it_is_the_same_for_any_threads_batches_and_k(large, chosen):
    import numba

    retriever = open_bm25(large)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = retriever.search(chosen, 5)
        numba.set_num_threads(before)
        many = retriever.search(chosen, 5)
    finally:
        numba.set_num_threads(before)
    single = [retriever.search(chosen.part(place, place + 1), 3) for place in range(len(chosen))]
    np.testing.assert_array_equal(one.numbers, many.numbers)
    np.testing.assert_array_equal(np.concatenate([part.numbers for part in single]), one.numbers[:, :3])
    np.testing.assert_array_equal(np.concatenate([part.scores for part in single]), one.scores[:, :3])


def test_scores_are_those_of_bm25s(large, chosen):
    """Its method "lucene", in float64, on the same tokens."""
    bm25s = pytest.importorskip("bm25s")
    tokens, _ = large.tokens(np.arange(large.chunks))
    peer = bm25s.BM25(k1=0.9, b=0.4, method="lucene", dtype="float64")
    vocabulary = {str(number): number for number in range(int(tokens.max()) + 1)}
    peer.index((tokens.tolist(), vocabulary), show_progress=False, create_empty_token=False)
    free = Queries(chosen.tokens, chosen.lengths, np.full(len(chosen), -1))
    theirs = peer.retrieve(chosen.tokens.tolist(), k=10, show_progress=False)[1]
    np.testing.assert_allclose(open_bm25(large).search(free, 10).scores, theirs, rtol=1e-12)


def test_scores_are_those_of_rank_bm25_with_the_same_idf(tmp_path):
    """BM25Okapi has the older idf, ln((N - df + ½) / (df + ½)), and a factor k1 + 1, which orders nothing anew: it is given this
    idf, and the factor is taken out."""
    rank_bm25 = pytest.importorskip("rank_bm25")
    rng = np.random.default_rng(7)
    database = database_of(tmp_path, [rng.integers(0, 40, rng.integers(1, 50)).tolist() for _ in range(30)])
    tokens, lengths = database.tokens(np.arange(database.chunks))
    chunks = [row[:length].tolist() for row, length in zip(tokens, lengths, strict=True)]
    peer = rank_bm25.BM25Okapi(chunks, k1=0.9, b=0.4)
    df = Counter(term for chunk in chunks for term in set(chunk))
    peer.idf = {term: math.log(1 + (len(chunks) - n + 0.5) / (n + 0.5)) for term, n in df.items()}
    everything = np.broadcast_to(np.arange(database.chunks), (len(chunks), len(chunks)))
    theirs = np.array([peer.get_scores(chunk) for chunk in chunks]) / 1.9
    np.testing.assert_allclose(open_bm25(database).scores(queries_of(database), everything), theirs, rtol=1e-12)


def test_fifty_equal_chunks_come_in_the_order_of_their_numbers(tmp_path):
    database = database_of(tmp_path, [[1, 2], *[[3, 4, 5]] * 50, [3, 9]])
    found = open_bm25(database).search(asked([3, 4, 5], [3, 4, 5], own=[-1, 2]), 5)
    assert found.numbers.tolist() == [[1, 2, 3, 4, 5], [1, 3, 4, 5, 6]]
    assert len(set(found.scores.ravel().tolist())) == 1


def test_own_chunks_take_no_neighbours_place(tmp_path):
    """The query's own document has 300 chunks that are all nearer than the other two."""
    database = database_of(tmp_path, [[1, 2, 3] * 800, [1, 7], [2, 8]])
    found = open_bm25(database).search(asked([1, 2, 3], own=[0]), 2)
    assert sorted(found.numbers[0].tolist()) == [300, 301]


def test_without_a_common_term_there_is_no_neighbour(tmp_path):
    database = database_of(tmp_path, [[1, 2], [3]])
    found = open_bm25(database).search(asked([69_999, 4], [], [3, 4]), 2)
    assert found.numbers.tolist() == [[-1, -1], [-1, -1], [1, -1]]
    assert np.isnan(found.scores).tolist() == [[True, True], [True, True], [False, True]]


def test_given_chunks_are_scored_with_the_whole_databases_statistics(tmp_path):
    database = database_of(tmp_path, [[1, 2, 1], [1, 3], [4]])
    retriever = open_bm25(database)
    query = asked([1, 3], own=[1])
    found = retriever.search(query, 3)
    assert found.numbers.tolist() == [[0, -1, -1]]
    scores = retriever.scores(query, np.array([[0, 1, 2, -1]]))
    assert scores[0, 0] == found.scores[0, 0]
    assert scores[0, 1] > 0 == scores[0, 2]
    assert math.isnan(scores[0, 3])
    with pytest.raises(IndexError, match="0 to 2"):
        retriever.scores(query, np.array([[3]]))


@pytest.mark.slow
def test_a_long_query_and_a_term_many_times_count_in_full(large):
    """Bounds that no two bytes hold: compiled anew for larger numbers."""
    rng = np.random.default_rng(8)
    queries = asked(rng.integers(0, 500, 10_000).tolist(), [3] * 70_000, [59_000] * 64)
    retriever = open_bm25(large)
    everything = np.broadcast_to(np.arange(large.chunks), (3, large.chunks))
    scores = retriever.scores(queries, everything)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :3]
    found = retriever.search(queries, 3)
    there = np.take_along_axis(scores, best, axis=1) > 0
    np.testing.assert_array_equal(found.numbers, np.where(there, best, -1))


def test_an_extended_index_is_the_one_built_at_once(tmp_path):
    rng = np.random.default_rng(9)
    documents = [rng.integers(0, 30, 40).tolist() for _ in range(10)] + [rng.integers(20, 90, 13).tolist() for _ in range(10)]
    grown = database_of(tmp_path / "grown", documents[:10])
    open_bm25(grown)
    part = tmp_path / "grown" / "indexes" / "bm25-tokens" / "00000" / "part.json"
    written = part.stat().st_mtime_ns
    grown = database_of(tmp_path / "grown", documents[10:], first=10)
    whole = database_of(tmp_path / "whole", documents, shard=7)
    one, other = (open_bm25(base).search(queries_of(base), 4) for base in (grown, whole))
    np.testing.assert_array_equal(one.numbers, other.numbers)
    np.testing.assert_array_equal(one.scores, other.scores)
    assert part.stat().st_mtime_ns == written
    numbers, _ = brute_force(grown, queries_of(grown), 4)
    np.testing.assert_array_equal(one.numbers, numbers)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """Swedish sentences, and more of them with words that the first do not have."""
    texts = ["Ån flöt lugnt förbi den gamla kvarnen.", "Den gamla KVARNEN stod vid ån!", "En båt låg vid bryggan.", "Åskan gick."]
    folder = tmp_path_factory.mktemp("spoken")
    tokenizer = trained_tokenizer(texts, 300)
    for start in (0, 2):
        extend(folder, ((str(n), texts[n], "sv") for n in range(start, start + 2)), tokenizer, chunk=64)
        open_bm25(Database(folder), terms="words")
    return Database(folder)


def words_asked(database, text):
    return asked(*database.tokenizer.encode([text]))


def test_words_are_counted_whatever_their_case_and_form(spoken):
    retriever = open_bm25(spoken, terms="words")
    plain = retriever.search(words_asked(spoken, "ån, kvarnen"), 4)
    assert plain.numbers.tolist() == [[1, 0, -1, -1]]  # the second is shorter
    shouted = retriever.search(words_asked(spoken, unicodedata.normalize("NFD", "ÅN – Kvarnen?")), 4)
    np.testing.assert_array_equal(plain.scores, shouted.scores)


def test_words_of_a_later_shard_are_found_and_unknown_ones_passed_over(spoken):
    retriever = open_retriever(spoken, "bm25", {"terms": "words"})
    assert retriever.search(words_asked(spoken, "bryggan xyz vid"), 3).numbers.tolist() == [[2, 1, -1]]
    assert retriever.search(words_asked(spoken, "xyz"), 1).numbers.tolist() == [[-1]]
    assert retriever.signature == "retriever:bm25|terms:words|k1:0.9|b:0.4|idf:lucene"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"k1": -1}, "k1 must be a finite number, 0 or more, got -1"),
        ({"k1": math.nan}, "k1 must be a finite number, 0 or more, got nan"),
        ({"k1": math.inf}, "k1 must be a finite number, 0 or more, got inf"),
        ({"k1": 10**400}, "k1 must be a finite number, 0 or more, got 1000"),
        ({"k1": "nan"}, "k1 must be a finite number, 0 or more, got 'nan'"),
        ({"k1": True}, "k1 must be a finite number, 0 or more, got True"),
        ({"b": -0.1}, "b must be a number between 0 and 1, got -0.1"),
        ({"b": 1.5}, "b must be a number between 0 and 1, got 1.5"),
        ({"b": math.nan}, "b must be a number between 0 and 1, got nan"),
        ({"b": "half"}, "b must be a number between 0 and 1, got 'half'"),
        ({"terms": "letters"}, "terms 'letters' is none of tokens, words"),
        ({"terms": ["words"]}, "terms ['words'] is none of tokens, words"),
    ],
)
def test_parameters_out_of_range_are_refused_with_what_is_allowed(tmp_path, params, said):
    database = database_of(tmp_path, [[1]])
    with pytest.raises(PluginError, match=re.escape(f"retriever 'bm25': {said}")):
        open_retriever(database, "bm25", params)


def test_the_borders_of_what_is_allowed_are_taken(tmp_path):
    database = database_of(tmp_path, [[1]])
    for params in ({"k1": 0, "b": 0}, {"k1": 0.0, "b": 1}, {"k1": np.float32(2), "b": np.float64(1)}):
        opened = open_retriever(database, "bm25", params)
        assert opened.signature == f"retriever:bm25|terms:tokens|k1:{params['k1']:g}|b:{params['b']:g}|idf:lucene"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("kk", "Known: b, k1, terms."),
        ("term", "Did you mean 'terms'?"),
        ("depth", "Known: b, k1, terms."),
        ("report", "Known: b, k1, terms."),
        ("database", "Known: b, k1, terms."),
    ],
)
def test_a_parameter_that_it_does_not_take_is_told_with_those_that_it_does(tmp_path, key, said):
    database = database_of(tmp_path, [[1]])
    with pytest.raises(PluginError) as raised:
        open_retriever(database, "bm25", {key: 1})
    assert str(raised.value) == f"retriever 'bm25' has no parameter {key!r}. {said}"


@pytest.mark.parametrize("k", [0, -1])
def test_fewer_than_one_neighbour_is_refused(tmp_path, k):
    with pytest.raises(ValueError, match="1 or more"):
        open_bm25(database_of(tmp_path, [[1]])).search(asked([1]), k)


def test_an_index_of_another_tokenizer_is_refused(tmp_path):
    database_of(tmp_path / "one", [[1, 2], [2, 3]])
    open_bm25(Database(tmp_path / "one"))
    extend(tmp_path / "two", [("d0", "1 2", "xx"), ("d1", "2 3", "xx")], Numerals("another"), chunk=CHUNK)
    (tmp_path / "one" / "indexes").rename(tmp_path / "two" / "indexes")
    with pytest.raises(InputError, match="another tokenizer"):
        open_bm25(Database(tmp_path / "two"))


@pytest.mark.parametrize("name", ["starts.npy", "terms.npy", "counts.npy"])
@pytest.mark.parametrize("harm", ["flip", "half", "empty", "gone"])
def test_a_damaged_index_is_refused_with_the_files_name(tmp_path, name, harm):
    database = database_of(tmp_path, [[1, 2, 3], [2, 3]])
    open_bm25(database)
    file = tmp_path / "indexes" / "bm25-tokens" / "00000" / name
    data = bytearray(file.read_bytes())
    if harm == "gone":
        file.unlink()
    else:
        data[-1] ^= 64
        file.write_bytes({"flip": data, "half": data[: len(data) // 2], "empty": b""}[harm])
    with pytest.raises(InputError, match=f"{name}.*delete the folder"):
        open_bm25(Database(tmp_path))


def test_a_stopped_build_is_begun_anew_and_a_full_disk_loses_nothing(tmp_path):
    database = database_of(tmp_path, [[1, 2, 3] * 400, [2, 3]], shard=100)
    leftover = tmp_path / "indexes" / "bm25-tokens" / "building"
    leftover.mkdir(parents=True)
    (leftover / "terms.npy").write_bytes(b"half")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limit[1]))
    try:
        with pytest.raises(OSError, match="bm25-tokens"):
            open_bm25(database)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not leftover.exists()
    assert open_bm25(database).search(asked([1]), 1).numbers.tolist() == [[0]]


def test_where_nothing_may_be_written_the_index_is_built_for_this_time(tmp_path, monkeypatch):
    database = database_of(tmp_path, [[1, 2, 3], [2, 3]])

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(bm25_index, "_build", refused)  # tests run as root, whom no mode of a folder stops
    assert open_bm25(database).search(asked([1]), 1).numbers.tolist() == [[0]]
    assert not (tmp_path / "indexes").exists()


def test_an_empty_database_has_no_neighbours(tmp_path):
    database = database_of(tmp_path, [])
    assert open_bm25(database).search(asked([1]), 2).numbers.tolist() == [[-1, -1]]
