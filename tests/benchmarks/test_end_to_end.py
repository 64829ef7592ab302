"""The simulated set of the benchmark of the main job: metrics can be held against it, and every source reads it alike."""

from pathlib import Path

import pytest
from benchmark_scripts import benchmark

from harness.api import metaevaluate
from harness.judgments import read_judgments
from harness.plugins import load_plugins

end_to_end = benchmark("end_to_end")


def test_every_way_of_writing_the_set_holds_the_same_texts_and_ratings(tmp_path: Path) -> None:
    registry = load_plugins()
    found = []
    for source in ("records", "jsonl", "csv", "parquet"):
        ref = registry.parse("judgment source", end_to_end.make_set(tmp_path / source, 6, source))
        data = read_judgments(registry.build("judgment source", ref))
        texts = sorted((output.system, output.text) for output in data.outputs)
        found.append((texts, sorted(judgment.value for judgment in data.judgments), data.examples[0].references))
    assert all(one == found[0] for one in found)


def test_metrics_that_compare_with_the_reference_beat_the_floor_on_the_set(tmp_path: Path) -> None:
    source = end_to_end.make_set(tmp_path / "set", 40, "records")
    rows = metaevaluate(source, ["rouge-l", "chrf"], groupings=["item"], resamples=20, draws=20, random_draws=2, slices=())
    above = [row.value for row in rows if row.statistic == "above_floor" and row.component in (None, "f1")]
    named = [row.metric for row in rows if row.statistic == "above_floor" and row.component in (None, "f1")]
    for metric in ("rouge-l", "chrf"):
        value = next(v for v, name in zip(above, named, strict=True) if name is not None and name.startswith(metric))
        assert value is not None
        assert value > 0.2


@pytest.mark.slow
def test_the_command_is_timed_by_step(tmp_path: Path) -> None:
    source = end_to_end.make_set(tmp_path / "set", 20, "records")
    settings = ("groupings=[item]", "resamples=20", "draws=20", "random_draws=2")
    timed = end_to_end.run_command(source, tmp_path / "run", 200, 1, settings)
    assert timed.status == 0
    assert list(timed.steps) == [
        "reading and checking",
        "rouge-l",
        "writing tables",
        "chrf",
        "meta-evaluating",
        "writing the report",
    ]
    assert sum(timed.steps.values()) == pytest.approx(timed.wall, abs=0.05)
