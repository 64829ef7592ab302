"""The steps of the benchmark of many rows work, in small."""

from pathlib import Path

import pytest
from benchmark_scripts import benchmark

from harness.stages.evaluate import load_run

many = benchmark("ten_million_rows")


@pytest.mark.parametrize("metrics", [2])
def test_every_step_takes_the_run_further(tmp_path: Path, metrics: int) -> None:
    for step in ("data", "scores", "meta", "read"):
        many.STEPS[step][1](tmp_path, 300, metrics)
    done = load_run(tmp_path / "run")
    assert len(done.scores) == 300 * (metrics + 2)
    accuracy = next(row.value for row in done.rows if row.statistic == "accuracy" and row.metric == "m1|v:1")
    assert accuracy is not None
    assert accuracy > 0.6  # half of each score is the rating
