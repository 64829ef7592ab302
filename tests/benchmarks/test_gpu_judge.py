"""The benchmark of a judge on a GPU runs on CPU too, and says so where there is no GPU."""

import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from benchmark_scripts import benchmark

script = benchmark("gpu_judge")


def test_it_runs_on_the_cpu_in_small(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    small = ["--device", "cpu", "--layers", "1", "--width", "64", "--prompts", "8", "--single", "3"]
    monkeypatch.setattr(sys, "argv", ["gpu_judge.py", *small])
    script.main()
    first, *runs = capsys.readouterr().out.splitlines()
    assert first == "8 prompts, 10 choices, 1 layers of 64, random weights"
    assert [run.split("verdicts/s")[0].split()[:2] for run in runs] == [["cpu", "float32"], ["cpu", "bfloat16"], ["one", "by"]]
    assert runs[0].endswith("0.00e+00")
    assert 0 < float(runs[1].split()[-1]) < 0.1
    assert float(runs[2].split()[-1]) < 1e-4


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu_judge.py"])
    with pytest.raises(SystemExit, match="finds no GPU here"):
        script.main()
