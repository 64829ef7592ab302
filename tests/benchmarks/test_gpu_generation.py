"""The benchmark of generation on a GPU runs in small on a CPU, with the answers of lm-eval, and says so where there is no GPU."""

import re

import pytest

pytest.importorskip("torch")
pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

import torch
from benchmark_scripts import benchmark

script = benchmark("gpu_generation")


def test_it_runs_in_small_on_the_cpu(capsys: pytest.CaptureFixture, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    script.main(["--tiny"])
    told = capsys.readouterr().out
    assert "24 of 24 answers the same" in told
    shortest, longest = map(int, re.search(r"lengths (\d+)–(\d+)", told).groups())
    assert shortest < longest
    assert re.search(r"loglikelihood: .* largest relative difference [0-9]e-0[5-9]", told)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_it_says_so() -> None:
    with pytest.raises(SystemExit, match="finds no GPU here"):
        script.main([])
