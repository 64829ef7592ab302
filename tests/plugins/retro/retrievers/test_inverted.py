"""Inverted lists find most of what an exact search finds, say how much, and all of it where they look into all lists."""

import shutil

import msgspec
import numpy as np
import pytest
from tiny_sentences import invented, sentences, tiny_encoder

from harness.errors import InputError, PluginError

pytest.importorskip("torch")
pytest.importorskip("faiss")

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers import dense as dense_module
from harness_plugins.retro.retrievers.base import Queries, open_retriever
from harness_plugins.retro.retrievers.inverted import Inverted


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny"))


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Some 1,300 chunks in several shards."""
    return sentences(tmp_path_factory.mktemp("inverted") / "db", invented(115, 60), shard=500)


@pytest.fixture(scope="module")
def flat(database, encoder):
    return open_retriever(database, "dense", {"encoder": encoder})


def queries_of(database, step=7):
    numbers = np.arange(0, database.chunks, step)
    tokens, lengths = database.tokens(numbers)
    return Queries(tokens, lengths, database.document_of(numbers))


@pytest.mark.parametrize("kind", ["ivf", pytest.param("ivf-pq", marks=pytest.mark.slow)])
def test_scores_are_exact_and_order_and_own_documents_are_kept(database, flat, encoder, kind):
    queries = queries_of(database)
    found = open_retriever(database, "dense", {"encoder": encoder, "index": kind}).search(queries, 5)
    truth = flat.search(queries, database.chunks)
    for row in range(len(queries)):
        exact = dict(zip(truth.numbers[row].tolist(), truth.scores[row].tolist(), strict=True))
        numbers = found.numbers[row].tolist()
        assert [exact[number] for number in numbers] == found.scores[row].tolist()
        assert numbers == sorted(numbers, key=lambda number: (-exact[number], number))
    assert (database.document_of(found.numbers.ravel()).reshape(found.numbers.shape) != queries.own[:, None]).all()


def test_a_search_in_all_lists_is_the_exact_one(database, flat, encoder):
    queries = queries_of(database)
    lists = open_retriever(database, "dense", {"encoder": encoder, "index": "ivf"})._inverted.info.lists
    assert lists == 32  # 1,300 / 39, as a power of two
    found = open_retriever(database, "dense", {"encoder": encoder, "index": "ivf", "nprobe": lists}).search(queries, 4)
    expected = flat.search(queries, 4)
    assert (found.numbers == expected.numbers).all()
    assert (found.scores == expected.scores).all()


@pytest.mark.parametrize("kind", ["ivf", pytest.param("ivf-pq", marks=pytest.mark.slow)])
def test_recall_is_what_comparing_with_the_exact_search_gives(database, flat, encoder, kind):
    from harness_plugins.retro.retrievers.recall import sample

    queries = sample(database)
    truth = flat.search(queries, 10).numbers
    made = open_retriever(database, "dense", {"encoder": encoder, "index": kind})
    shares = [len(set(a) & set(b)) / 10 for a, b in zip(truth.tolist(), made.search(queries, 10).numbers.tolist(), strict=True)]
    assert made.recall["recall"] == pytest.approx(np.mean(shares), abs=1e-12)
    assert made.recall["low"] <= made.recall["recall"] <= made.recall["high"]
    info = msgspec.json.decode((database.folder / "indexes" / f"dense-{kind}" / "index.json").read_bytes())
    assert info["recall"] == round(made.recall["recall"], 4) >= 0.95
    few = open_retriever(database, "dense", {"encoder": encoder, "index": kind, "nprobe": 1})
    assert few.recall["recall"] < made.recall["recall"]
    assert few.recall["nprobe"] == 1


def test_one_list_that_holds_fewer_than_k_gives_k(database, encoder):
    """The lists have some forty chunks each; 200 neighbours are found by looking into more of them."""
    made = open_retriever(database, "dense", {"encoder": encoder, "index": "ivf", "nprobe": 1})
    assert (made.search(queries_of(database, 50), 200).numbers >= 0).all()
    assert (made.search(queries_of(database, 50), database.chunks).numbers >= 0).sum(axis=1).min() > 1000


@pytest.mark.slow
def test_a_grown_database_keeps_its_centroids_and_searching_all_lists_stays_exact(tmp_path, encoder, monkeypatch):
    grown = sentences(tmp_path / "db", invented(40, 60), shard=300)
    params = {"encoder": encoder, "index": "ivf"}
    before = open_retriever(grown, "dense", params)
    files = {path.name: path.stat().st_mtime_ns for path in before._inverted.folder.glob("*.faiss")}
    grown = sentences(tmp_path / "db", invented(30, 60, seed=1))
    after = open_retriever(grown, "dense", params)
    assert files.items() < {path.name: path.stat().st_mtime_ns for path in after._inverted.folder.glob("*.faiss")}.items()
    assert after._inverted.info.centroids == before._inverted.info.centroids
    assert after._inverted.info.recall_of == grown.chunks
    queries = queries_of(grown)
    whole = open_retriever(grown, "dense", params | {"nprobe": after._inverted.info.lists}).search(queries, 3)
    assert (whole.numbers == open_retriever(grown, "dense", {"encoder": encoder}).search(queries, 3).numbers).all()


@pytest.mark.slow
def test_auto_goes_by_size(database, encoder, monkeypatch):
    assert open_retriever(database, "dense", {"encoder": encoder}).signature.endswith("index:flat")
    monkeypatch.setattr(dense_module, "FLAT_TO", 1000)
    assert "|index:ivf|lists:32|" in open_retriever(database, "dense", {"encoder": encoder}).signature
    monkeypatch.setattr(dense_module, "IVF_TO", 1200)
    assert "|index:ivf-pq|lists:32|codes:2|" in open_retriever(database, "dense", {"encoder": encoder}).signature


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"index": "ivf", "lists": 4096, "name": "other"}, r"lists=4096: \d+ chunks make 1 to 3\d lists .* or index=flat"),
        ({"index": "ivf", "nprobe": 0}, "nprobe must be a whole number, 1 or more, got 0"),
        ({"index": "ivf", "nprobe": 64}, "nprobe=64: there are 32 lists"),
        ({"index": "ivf-pq", "codes": 5, "name": "other"}, "codes=5 does not divide the encoder's dimension, 16"),
        ({"index": "flat", "nprobe": 3}, "nprobe goes with index=ivf or ivf-pq, not with flat"),
        ({"index": "ivf", "codes": 4, "name": "other"}, "codes goes with index=ivf-pq only"),
        ({"name": "dense-ivf"}, "name 'dense-ivf'"),
    ],
)
def test_numbers_that_cannot_be_are_told_with_what_can(database, flat, encoder, params, said):
    with pytest.raises(PluginError, match=said):
        open_retriever(database, "dense", {"encoder": encoder, **params})


def test_a_small_database_has_few_lists_and_no_codes(tmp_path, encoder):
    small = sentences(tmp_path / "db", invented(6))
    made = open_retriever(small, "dense", {"encoder": encoder, "index": "ivf"})
    assert made._inverted.info.lists == 1
    assert made.recall["recall"] == 1
    with pytest.raises(PluginError, match=rf"needs 1,024 chunks to learn from, the database has {small.chunks}"):
        open_retriever(small, "dense", {"encoder": encoder, "index": "ivf-pq"})


def test_other_lists_and_damaged_files_are_refused(tmp_path, encoder):
    database = sentences(tmp_path / "db", invented(40, 60), shard=10_000)
    params = {"encoder": encoder, "index": "ivf", "lists": 8}
    folder = open_retriever(database, "dense", params)._inverted.folder
    with pytest.raises(InputError, match="lists=8, asked for is lists=4"):
        open_retriever(database, "dense", params | {"lists": 4})
    for name in ("trained.faiss", "00000.faiss"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        with pytest.raises(InputError, match=rf"{name} is absent or damaged .*delete the folder"):
            open_retriever(database, "dense", params)
        (folder / name).write_bytes(whole)
    assert isinstance(open_retriever(database, "dense", params)._inverted, Inverted)


@pytest.mark.slow
def test_all_files_are_the_same_to_the_byte_for_any_number_of_threads(database, encoder, tmp_path):
    import faiss
    import torch

    before, made = (faiss.omp_get_max_threads(), torch.get_num_threads()), []
    try:
        for threads in (1, 2):
            faiss.omp_set_num_threads(threads)
            torch.set_num_threads(threads)
            copy = tmp_path / str(threads)
            shutil.copytree(database.folder, copy, ignore=shutil.ignore_patterns("indexes"))
            for kind in ("ivf", "ivf-pq"):
                open_retriever(Database(copy), "dense", {"encoder": encoder, "index": kind})
            made.append({path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()})
    finally:
        faiss.omp_set_num_threads(before[0])
        torch.set_num_threads(before[1])
    assert made[0] == made[1]
    assert sum(path.suffix == ".faiss" for path in made[0]) == 2 * (1 + len(database.info.shards))
