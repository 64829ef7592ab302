"""Generation is a job like any other: a generator plugin's outputs are on disk as they come, and a second run goes on."""

from pathlib import Path

import pytest
from toy_generation import generate, make_examples

from harness import Output
from harness.executors.choice import make_choice, make_executor
from harness.segments import Segments


@pytest.mark.parametrize("name", ["serial", "local", "auto"])
def test_a_generator_plugin_runs_and_resumes(tmp_path: Path, name: str) -> None:
    examples = make_examples(22)
    with make_executor(make_choice(name=name)) as executor:
        running = generate(examples, tmp_path / "stage", executor)
        for _ in range(2):
            next(running)
        running.close()
        held = list(Segments(tmp_path / "stage").read(Output))
        assert [output.text for output in held] == [f"Säg {i}." for i in range(8)]
        rest = [output for outputs in generate(examples, tmp_path / "stage", executor) for output in outputs]
    assert [output.example_id for output in rest] == [f"e/{i:03}" for i in range(8, 22)]
    everything = list(Segments(tmp_path / "stage").read(Output))
    assert [output.text for output in everything] == [f"Säg {i}." for i in range(22)]
