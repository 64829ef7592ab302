"""The benchmarks of tuning compute the same as TRL over the same rows, and run."""

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

from benchmark_scripts import benchmark


def test_rows_have_a_prompt_and_an_answer() -> None:
    rows = benchmark("training").make_rows(3000)
    assert 3000 <= sum(len(row.tokens) for row in rows) < 3000 + 1024
    assert all(0.25 < row.answer / len(row.tokens) < 0.75 for row in rows)


@pytest.mark.slow
def test_a_step_is_trls() -> None:
    pytest.importorskip("trl", reason="TRL is not installed")
    training = benchmark("training")
    with training.quiet():
        said = training.compared(training.make_model(True), training.make_rows(300)[:3])
    assert "differ from TRL's by" in said


def test_our_side_runs_on_a_cpu() -> None:
    training = benchmark("training")
    rows = training.make_rows(400)
    assert training.our_speed(training.Ours(True, 256), rows, 200, 1, True) > 0


def test_settings_of_both_sides_take_turns() -> None:
    gpu = benchmark("gpu_training")
    assert gpu.in_turn([1, 2, 3], ["a"]) == [("sft", 1), ("TRL", "a"), ("sft", 2), ("sft", 3)]
    assert {how["kernels"] for how in gpu.ours(False)} == {"compile", "auto"}
