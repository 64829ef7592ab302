"""Dense retrieval is exact: the same neighbours and scores as comparing all with all, in any batch, however it was built."""

import logging
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
from tiny_sentences import invented, sentences, tiny_encoder

from harness.errors import InputError, PluginError

pytest.importorskip("torch")
pytest.importorskip("faiss")

from harness_plugins.retro.retrievers import embeddings
from harness_plugins.retro.retrievers.base import Queries, open_retriever
from harness_plugins.retro.retrievers.checking import index_problems
from harness_plugins.retro.retrievers.sentence_encoder import SentenceEncoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Ninety documents in several shards; ten of them say the same, so that scores are equal."""
    same = [(f"same/{number}", "bilen stannade vid skogen och hunden sprang") for number in range(10)]
    return sentences(tmp_path_factory.mktemp("dense") / "db", same + invented(80))


@pytest.fixture(scope="module")
def dense(database, encoder):
    return open_retriever(database, "dense", {"encoder": str(encoder)})


def queries_of(database, numbers):
    tokens, lengths = database.tokens(np.asarray(numbers))
    return Queries(tokens, lengths, database.document_of(np.asarray(numbers)))


def brute_force(dense, database, queries, vectors, k):
    """All with all, in Python's own numbers: score, then number."""
    rows = dense.embeddings.rows(np.arange(database.chunks)).astype(float)
    documents = database.document_of(np.arange(database.chunks))
    numbers, scores = np.full((len(queries), k), -1), np.full((len(queries), k), np.nan)
    for query in range(len(queries)):
        asked = [float(x) for x in vectors[query]]
        listed = sorted(
            (-sum(a * float(b) for a, b in zip(asked, rows[n], strict=True)), n)
            for n in range(database.chunks)
            if documents[n] != queries.own[query]
        )[:k]
        numbers[query, : len(listed)] = [n for _, n in listed]
        scores[query, : len(listed)] = [-s for s, _ in listed]
    return numbers, scores


@pytest.mark.parametrize("k", [1, 7, 500])
def test_neighbours_are_those_of_comparing_all_with_all_to_the_bit(dense, database, k):
    queries = queries_of(database, np.arange(0, database.chunks, 9))
    found = dense.search(queries, k)
    numbers, scores = brute_force(dense, database, queries, dense.directions(queries), k)
    assert (found.numbers == numbers).all()
    assert np.array_equal(found.scores, scores, equal_nan=True)


def test_a_query_finds_the_same_alone_and_among_others(dense, database):
    queries = queries_of(database, np.arange(60))
    together = dense.search(queries, 3)
    alone = [dense.search(queries.part(n, n + 1), 3) for n in range(60)]
    assert (together.numbers == np.concatenate([one.numbers for one in alone])).all()
    assert (together.scores == np.concatenate([one.scores for one in alone])).all()


def test_equal_chunks_come_in_the_order_of_their_numbers_and_never_from_the_own_document(dense, database):
    first = [database.shards[0].documents.tolist().index(number) for number in range(10)]
    found = dense.search(queries_of(database, first[3:4]), 9)
    assert found.numbers[0].tolist() == first[:3] + first[4:]
    assert len(set(found.scores[0].tolist())) == 1


def test_a_document_that_fills_the_first_hundreds_of_places_leaves_k_neighbours_from_others(tmp_path, encoder):
    long = "bilen stannade vid skogen " * 800
    database = sentences(tmp_path / "db", [("long", long), *invented(3)])
    found = open_retriever(database, "dense", {"encoder": str(encoder)}).search(queries_of(database, [5]), 2)
    assert database.entries[0].chunks > 300
    assert (database.document_of(found.numbers[0]) > 0).all()
    assert (found.numbers >= 0).all()


def test_what_is_not_there_is_missing(dense, database):
    queries = queries_of(database, [0, 1])
    empty = Queries(queries.tokens, np.array([0, 8], np.int32), queries.own)
    found = dense.search(empty, 2)
    assert found.numbers[0].tolist() == [-1, -1]
    assert np.isnan(found.scores[0]).all()
    assert found.numbers[1].min() >= 0


def test_a_chunk_of_the_database_is_not_encoded_again_and_another_text_is(dense, database, monkeypatch):
    asked = []
    encode = SentenceEncoder.encode
    monkeypatch.setattr(SentenceEncoder, "encode", lambda self, texts: (asked.extend(texts), encode(self, texts))[1])
    queries = queries_of(database, [3, 4, 5])
    own = dense.directions(queries)
    assert asked == []
    changed = Queries(queries.tokens[:, ::-1].copy(), queries.lengths, queries.own)
    dense.directions(changed)
    assert len(asked) == 3
    again, _ = dense._encoder.encode([database.text(number) for number in (3, 4, 5)])
    assert (own == again).all()


def test_a_database_that_grew_has_only_its_new_shards_encoded_and_finds_what_one_built_at_once_finds(
    tmp_path, encoder, monkeypatch
):
    first, second = invented(20), invented(20, seed=1)
    grown = sentences(tmp_path / "grown", first)
    open_retriever(grown, "dense", {"encoder": str(encoder)})
    before = grown.chunks
    counted = []
    encode = SentenceEncoder.encode
    monkeypatch.setattr(SentenceEncoder, "encode", lambda self, texts: (counted.append(len(texts)), encode(self, texts))[1])
    grown = sentences(tmp_path / "grown", second)
    after = open_retriever(grown, "dense", {"encoder": str(encoder)})
    assert sum(counted) == grown.chunks - before > 0
    # the tokenizer is that of the first documents, so the whole is built with it, in other shards
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.database.writing import extend

    extend(tmp_path / "whole", ((id, text, "sv") for id, text in first + second), grown.tokenizer, chunk=8, shard=1000)
    whole = Database(tmp_path / "whole")
    at_once = open_retriever(whole, "dense", {"encoder": str(encoder)})
    queries = queries_of(whole, np.arange(0, whole.chunks, 5))
    one, other = after.search(queries, 4), at_once.search(queries, 4)
    assert (one.numbers == other.numbers).all()
    assert (one.scores == other.scores).all()


def test_a_killed_encoding_goes_on_where_it_was(tmp_path, encoder, monkeypatch):
    database = sentences(tmp_path / "db", invented(12), shard=10_000)
    whole = sentences(tmp_path / "whole", invented(12), shard=10_000)
    monkeypatch.setattr(embeddings, "_AT_ONCE", 16)
    child = multiprocessing.get_context("fork").Process(target=_dies_at, args=(database.folder, encoder, 3))
    child.start()
    child.join()
    assert child.exitcode == 9
    counted = []
    encode = SentenceEncoder.encode
    monkeypatch.setattr(SentenceEncoder, "encode", lambda self, texts: (counted.append(len(texts)), encode(self, texts))[1])
    resumed = open_retriever(database, "dense", {"encoder": str(encoder)})
    assert sum(counted) == database.chunks - 2 * 16
    undisturbed = open_retriever(whole, "dense", {"encoder": str(encoder)})
    assert (resumed.embeddings.parts[0] == undisturbed.embeddings.parts[0]).all()
    assert not list((database.folder / "indexes" / "dense").glob("*.part"))


def _dies_at(folder: Path, encoder: Path, times: int) -> None:
    import torch
    from harness_plugins.retro.database.reading import Database

    torch.set_num_threads(1)
    encode, asked = SentenceEncoder.encode, []

    def dying(self, texts):
        asked.append(len(texts))
        if len(asked) == times:
            os._exit(9)
        return encode(self, texts)

    SentenceEncoder.encode = dying
    open_retriever(Database(folder), "dense", {"encoder": str(encoder)})


def test_on_a_full_disk_what_was_encoded_is_kept_and_the_same_command_goes_on(tmp_path, encoder, monkeypatch):
    database = sentences(tmp_path / "db", invented(12), shard=10_000)
    monkeypatch.setattr(embeddings, "_AT_ONCE", 16)
    said = tmp_path / "said"
    child = multiprocessing.get_context("fork").Process(target=_has_room_for, args=(1300, database.folder, encoder, said))
    child.start()
    child.join()
    part = database.folder / "indexes" / "dense" / "00000.part"
    assert said.read_text() == f"File too large; what was encoded is kept, and the same command goes on: {part}"
    assert part.stat().st_size == 2 * 16 * 16 * 2  # of a third go only some bytes fitted
    counted = []
    encode = SentenceEncoder.encode
    monkeypatch.setattr(SentenceEncoder, "encode", lambda self, texts: (counted.append(len(texts)), encode(self, texts))[1])
    open_retriever(database, "dense", {"encoder": str(encoder)})
    assert sum(counted) == database.chunks - 2 * 16
    assert index_problems(database.folder) == []


def _has_room_for(size: int, folder: Path, encoder: Path, said: Path) -> None:
    import resource

    import torch
    from harness_plugins.retro.database.reading import Database

    torch.set_num_threads(1)
    database = Database(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        open_retriever(database, "dense", {"encoder": str(encoder)})
    except OSError as error:
        said.write_text(f"{error.strerror}: {error.filename}")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"seed": 1}, "encoder tiny@"),
        ({"width": 8}, "dimension 8"),
        ({"pooling": "cls"}, "pooling cls"),
        ({"prefix": "fråga: "}, "prefix 'fråga: '"),
    ],
)
def test_an_index_of_another_encoder_is_refused_and_both_are_named(database, dense, tmp_path, encoder, params, said):
    made = {key: params.pop(key) for key in ("seed", "width") if key in params}
    other = tiny_encoder(tmp_path / "tiny", **made) if made else encoder
    with pytest.raises(InputError, match="asked for is") as caught:
        open_retriever(database, "dense", {"encoder": str(other), **params})
    assert said in str(caught.value)
    assert "pooling mean" in str(caught.value)
    assert "`name`" in str(caught.value)


def test_an_index_of_other_chunks_or_a_cut_file_is_refused(tmp_path, encoder):
    one, other = sentences(tmp_path / "one", invented(5)), sentences(tmp_path / "other", invented(5, seed=2))
    dense = open_retriever(one, "dense", {"encoder": str(encoder)})
    (other.folder / "indexes").mkdir(exist_ok=True)
    dense.embeddings.folder.rename(other.folder / "indexes" / "dense")
    with pytest.raises(InputError, match=r"another tokenizer.*delete the folder"):
        open_retriever(other, "dense", {"encoder": str(encoder)})
    (other.folder / "indexes" / "dense").rename(dense.embeddings.folder)
    file = dense.embeddings.folder / "00000.f16"
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    with pytest.raises(InputError, match=rf"00000.f16 has {len(whole) - 10} bytes, not {len(whole)}"):
        open_retriever(one, "dense", {"encoder": str(encoder)})


def test_a_direction_that_is_not_finite_is_refused_with_its_document_before_it_is_written(tmp_path, encoder, monkeypatch):
    database = sentences(tmp_path / "db", invented(4))
    encode = SentenceEncoder.encode

    def strange(self, texts):
        vectors, cut = encode(self, texts)
        vectors[2] = np.nan
        return vectors, cut

    monkeypatch.setattr(SentenceEncoder, "encode", strange)
    with pytest.raises(InputError, match=r"chunk 2 \(document 'd0/0'\)"):
        open_retriever(database, "dense", {"encoder": str(encoder)})
    assert (database.folder / "indexes" / "dense" / "00000.part").stat().st_size == 0
    monkeypatch.setattr(SentenceEncoder, "encode", lambda self, texts: (encode(self, texts)[0][:-1], None))
    with pytest.raises(InputError, match=r"shape \(\d+, 16\) for"):
        open_retriever(database, "dense", {"encoder": str(encoder)})


def test_a_query_whose_direction_is_not_finite_is_refused(dense, database, monkeypatch):
    encode = SentenceEncoder.encode
    monkeypatch.setattr(SentenceEncoder, "encode", lambda self, texts: (encode(self, texts)[0] * np.float16(np.inf), None))
    queries = queries_of(database, [0])
    with pytest.raises(InputError, match="no finite direction for query 0"):
        dense.search(Queries(queries.tokens[:, ::-1].copy(), queries.lengths, queries.own), 2)


def test_an_encoder_that_cannot_be_had_leaves_no_index(tmp_path, encoder):
    database = sentences(tmp_path / "db", invented(2))
    (tmp_path / "empty").mkdir()
    for name in ("./nothing", str(tmp_path / "empty")):
        with pytest.raises(PluginError, match="encoder"):
            open_retriever(database, "dense", {"encoder": name})
    assert not (database.folder / "indexes" / "dense").exists()


def test_chunks_that_the_encoder_cuts_are_counted_and_told(tmp_path, caplog):
    encoder = tiny_encoder(tmp_path / "short", positions=12)
    database = sentences(tmp_path / "db", [("long", "skogenochhunden " * 8), ("short", "ja")])
    with caplog.at_level(logging.WARNING, "harness.retro"):
        dense = open_retriever(database, "dense", {"encoder": str(encoder)})
    cut = sum(len(database.text(n).replace(" ", "")) > 10 for n in range(database.chunks))
    assert 0 < cut < database.chunks
    assert sum(shard.cut for shard in dense.embeddings.info.shards) == cut
    assert f"{cut} of {database.chunks} chunks" in caplog.text


def test_parameters_that_cannot_be_are_told(database, encoder):
    with pytest.raises(PluginError, match="index 'best' is none of"):
        open_retriever(database, "dense", {"encoder": str(encoder), "index": "best"})
    with pytest.raises(PluginError, match=r"name '\.\./out'"):
        open_retriever(database, "dense", {"encoder": str(encoder), "name": "../out"})
    with pytest.raises(PluginError, match="pooling 'max'"):
        open_retriever(database, "dense", {"encoder": str(encoder), "pooling": "max"})
    for params, said in [
        ({"encoder": 3}, "encoder must be the name or the folder of a sentence encoder, got 3"),
        ({"name": 3}, "name must be text, got 3"),
        ({"prefix": 1.5}, "prefix must be text, got 1.5"),
        ({"device": None}, "device must be text, got None"),
        ({"nprobe": 0}, "nprobe must be a whole number, 1 or more, got 0"),
        ({"lists": "nan"}, "lists must be a whole number, 1 or more, got 'nan'"),
    ]:
        with pytest.raises(PluginError, match=f"retriever 'dense': {said}"):
            open_retriever(database, "dense", {"encoder": str(encoder), "index": "ivf", **params})
    with pytest.raises(PluginError, match=r"retriever 'dense' has no parameter 'probe'. Did you mean 'nprobe'\?"):
        open_retriever(database, "dense", {"encoder": str(encoder), "probe": 3})
