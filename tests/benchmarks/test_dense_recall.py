"""The benchmark of dense retrieval compares the same directions with FAISS."""

import pytest
from benchmark_scripts import benchmark

pytest.importorskip("torch")
pytest.importorskip("faiss")


@pytest.mark.slow
def test_search_finds_what_faiss_finds_in_all_chunks_and_in_the_same_lists():
    flat, ivf = benchmark("dense_recall").rates(chunks=2_000, asked=200)
    assert flat.equal(flat.ours(), flat.peer()).startswith("100.00% of the neighbours are the same")
    assert ivf.equal(ivf.ours(), ivf.peer()).startswith("100.00% of the neighbours are the same")
    assert "2,000 chunks" in flat.name
