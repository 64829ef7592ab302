"""A gate of metrics that score what a judged set holds already, and can be asked about nothing else."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import harness
from harness.config import shipped

GATE = """
metrics: [{recorded: {name: points}}, {recorded-verdict: {name: panel}}]
pairs: pairs.jsonl
off_pairs: [recorded, recorded-verdict]
judgments: [{records: {path: recorded}}]
"""
PAIR = {"id": "1", "language": "sv", "instruction": "x", "references": ["y"], "text": "y"}


def invoke(*arguments: str, code: int) -> str:
    done = CliRunner().invoke(harness, ["gate", *arguments])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The outputs of the shipped set of recorded numbers, in a gate of its own, approved of."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    for file in (shipped("configs") / "gate" / "recorded").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (tmp_path / "gate.yaml").write_text(GATE)
    (tmp_path / "pairs.jsonl").write_text(json.dumps(PAIR))
    monkeypatch.chdir(tmp_path)
    invoke("update", "--reason", "first", code=0)
    return folder / "outputs.jsonl"


def test_they_pass_while_nothing_changes(outputs: Path) -> None:
    held = json.loads((outputs.parent.parent / "baseline.json").read_text())["metrics"]
    assert {label: (own.get("pairs", {}), list(own["judged"])) for label, own in held.items()} == {
        "recorded:name=points": ({}, ["records:path=recorded"]),
        "recorded-verdict:name=panel": ({}, ["records:path=recorded"]),
    }
    assert "2 metrics" in invoke("--check", "scores", code=0)


def test_without_off_pairs_they_could_not_be_asked(outputs: Path) -> None:
    gate = outputs.parent.parent / "gate.yaml"
    gate.write_text(gate.read_text().replace("off_pairs: [recorded, recorded-verdict]\n", ""))
    assert "could not be asked" in invoke("--check", "scores", code=3)


def test_a_number_that_was_missing_and_is_not_is_told(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness_plugins.metrics import recorded

    held = recorded._held
    zero = {"points": 0.0}
    monkeypatch.setattr(
        recorded, "_held", lambda output, kind: {**zero, **held(output, kind)} if kind == "recorded" else held(output, kind)
    )
    said = invoke("--check", "scores", "-m", "recorded", code=1)
    assert "recorded:name=points: scores moved on 2 of 12 answers" in said
