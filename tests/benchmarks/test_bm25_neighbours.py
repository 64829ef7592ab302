"""A small corpus of the benchmark: every chunk has two neighbours, which are of other documents and of its topic."""

import numpy as np
import pytest
from benchmark_scripts import benchmark

pytest.importorskip("numba")
script = benchmark("bm25_neighbours")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neighbours")
    script.make_database(folder, 1500)
    return script.Database(folder)


def test_every_chunk_has_two_neighbours_of_other_documents(database):
    chosen = np.arange(database.chunks)
    numbers, scores = script.all_neighbours(database, chosen, script.open_retriever(database, "bm25"))
    assert database.chunks == 1500
    assert (numbers >= 0).all()
    assert (database.document_of(numbers.ravel()) != np.repeat(database.document_of(chosen), 2)).all()
    assert (scores[:, 0] >= scores[:, 1]).all()


def test_no_two_chunks_are_alike(database):
    tokens, _ = database.tokens(np.arange(database.chunks))
    assert len(np.unique(tokens, axis=0)) == database.chunks


def test_scores_that_differ_are_seen():
    with pytest.raises(AssertionError):
        script._same_scores(np.array([[2.0, 1.0]]), np.array([[2.0, 1.001]]))
