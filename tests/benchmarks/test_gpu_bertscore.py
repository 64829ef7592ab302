"""The benchmark for GPUs runs on CPU too, and says so where there is no GPU."""

import sys

import pytest

pytest.importorskip("torch")

import torch
from benchmark_scripts import benchmark

script = benchmark("gpu_bertscore")


def test_it_runs_on_the_cpu_in_small(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("HARNESS_CACHE", "put back afterwards")
    monkeypatch.setattr(sys, "argv", ["gpu_bertscore.py", "--device", "cpu", "--layers", "1", "--pairs", "12"])
    script.main()
    first, *runs = capsys.readouterr().out.splitlines()
    assert first.startswith("12 pairs of 5 to 40 words, 1 layers")
    assert [run.split("pairs/s")[0].split()[:2] for run in runs] == [["cpu", "float32"], ["cpu", "bfloat16"]]
    assert runs[0].endswith("0.00e+00")
    assert 0 < float(runs[1].split()[-1]) < 0.05


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu_bertscore.py"])
    with pytest.raises(SystemExit, match="finds no GPU here"):
        script.main()
