"""The benchmark of generation and choices compares the same answers, in small on a tiny model."""

from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from benchmark_scripts import benchmark
from tiny_models import tiny_llama

script = benchmark("generation")


def test_both_jobs_run_and_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    small = ["--prompts", "4", "--tokens", "5", "--passages", "2", "--batch-sizes", "2", "3", "--rounds", "0"]
    script.main(["--model", str(tiny_llama(tmp_path / "tiny")), *small])
    generated, swept, weighed, _ = capsys.readouterr().out.splitlines()[-4:]
    assert "answers of mixed lengths" in generated
    assert "4 of 4 answers the same" in generated
    assert swept.startswith("answers of mixed lengths: lm-eval's hf by batch size: 2: ")
    assert "largest difference" in weighed
