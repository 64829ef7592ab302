"""`harness run` on an experiment: every stage in one go, the same again at once, and on from wherever it was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from toy_experiment import write_experiment

from harness.cli.main import harness
from harness.experiment_examples import read_examples
from harness.pipeline.records import Comparison
from harness.records import Output
from harness.stages.train import read_trained
from harness.store import read_manifest, read_table

PLACES = ("build", "train-1", "generate-trained", "score")
TABLES = ("examples.parquet", "outputs.parquet", "scores.parquet", "comparisons.parquet")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_experiment(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(harness, ["run", "toy.yaml", *arguments])


def calls(folder: Path) -> list[str]:
    """The places that plugins have passed since the last look."""
    file = folder / "calls"
    said = file.read_text().split() if file.is_file() else []
    file.unlink(missing_ok=True)
    return said


def test_one_command_goes_from_data_to_report_and_the_same_again_asks_nobody(folder: Path) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    rows = [row for row in read_table(folder / "runs/toy/comparisons.parquet", Comparison) if row.slice == "all"]
    found = {(row.system, row.against): row for row in rows}
    asked = read_examples(folder / "runs/toy")
    # "vet inte" shares no word with "katten säger 12"; one seed knows animal and number, the other the animal alone
    assert found["base", None].value == 0.0
    counted = found["counted", None]
    assert (counted.runs, counted.highest) == (2, 1.0)
    assert counted.lowest == pytest.approx(2 / 3)
    assert found["counted", "base"].better is True
    assert {example.split for example in asked} == {"test", "unseen"}
    assert "counted - base" in result.stdout
    shown = CliRunner().invoke(harness, ["show", "runs/toy"])
    assert "counted - base" in shown.stdout
    listed = CliRunner().invoke(harness, ["show", "runs/toy", "comparisons", "--where", "slice=all", "--json"])
    assert len(json.loads(listed.stdout)) == 3
    assert set(calls(folder)) == {"build", "train-0", "train-1", "generate", "generate-trained", "score"}

    before = {name: (folder / "runs/toy" / name).read_bytes() for name in TABLES}
    again = run("--fresh")
    assert again.exit_code == 0, again.output
    assert calls(folder) == []
    assert {name: (folder / "runs/toy" / name).read_bytes() for name in TABLES} == before


def test_no_training_is_given_what_is_asked(folder: Path) -> None:
    assert run("--until", "train").exit_code == 0
    learned = read_examples(folder / "runs/toy/learned/counted.jsonl")
    assert {example.split for example in learned} == {"train"}
    assert not any(example.task == "wild" for example in learned)
    trained = read_trained(folder / "runs/toy/checkpoints", "counted-1")
    assert trained.params["seed"] == 1
    assert trained.material is not None
    assert (folder / "runs/toy/checkpoints" / str(trained.material.path)).resolve() == (folder / "runs/toy/learned/counted.jsonl")


def test_stages_may_be_asked_for_one_after_another(folder: Path) -> None:
    assert run("--until", "build").exit_code == 0
    assert calls(folder) == ["build"]
    assert CliRunner().invoke(harness, ["train", "toy.yaml"]).exit_code == 0
    assert calls(folder) == ["train-0", "train-1"]
    assert CliRunner().invoke(harness, ["generate", "toy.yaml"]).exit_code == 0
    assert set(calls(folder)) == {"generate", "generate-trained"}
    assert run().exit_code == 0
    assert set(calls(folder)) == {"score"}


def test_a_dry_run_looks_at_everything_and_writes_nothing(folder: Path) -> None:
    said = run("--dry-run")
    assert "train counted-0: counts:seed=0" in said.stdout
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("trainer: counts", "trainer: {counts: {sede: 3}}", "no parameter 'sede'. Did you mean 'seed'"),
        ("generator: parrot}", "generator: parot}", "unknown generator 'parot'. Did you mean 'parrot'"),
        ("metrics: [same-words]", "metrics: [same-word]", "unknown metric 'same-word'"),
        ("animals: {rows: 60}", "animals: {row: 60}", "no parameter 'row'"),
    ],
)
def test_a_typo_is_found_before_the_first_stage(folder: Path, old: str, new: str, said: str) -> None:
    config = folder / "toy.yaml"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new, 1), encoding="utf-8")
    result = run()
    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert calls(folder) == []


def test_of_several_processes_none_runs_an_experiment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = run()
    assert (result.exit_code, "torchrun … -m harness train CONFIG" in result.output) == (2, True)
    assert not (folder / "runs").exists()


def test_an_unknown_stage_is_answered_with_those_that_there_are(folder: Path) -> None:
    result = run("--until", "trian")
    assert result.exit_code == 2
    assert "Did you mean 'train'" in result.output


def test_what_was_found_is_json_on_request(folder: Path) -> None:
    result = run("--json")
    told = json.loads(result.stdout)
    assert told["about"]["groups"] == {"base": ["base"], "counted": ["counted-0", "counted-1"]}
    assert any(row["statistic"] == "difference" for row in told["rows"])


def test_a_system_that_fails_on_some_examples_lets_the_rest_go_on(folder: Path) -> None:
    plugin = folder / "toy_plugin.py"
    text = plugin.read_text(encoding="utf-8")
    plugin.write_text(
        text.replace('finish="stop"', 'finish="error" if place == 2 and self.known is None else "stop"'), encoding="utf-8"
    )
    result = run()
    assert result.exit_code == 3, result.output
    assert "1 outputs could not be had" in result.output
    assert read_manifest(folder / "runs/toy").status == "done"
    assert (folder / "runs/toy/report.md").is_file()


def start(folder: Path) -> int:
    """The same command in a process of its own: what it returned."""
    return started(folder, "--quiet").returncode


def started(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The same command in a process of its own, as every command of a user is."""
    environment = {**os.environ, "HARNESS_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "harness", "run", "toy.yaml", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, text=True)


@pytest.mark.slow
def test_a_finished_experiment_is_taken_over_until_something_changes(folder: Path) -> None:
    time.sleep(5.2)  # code that changed in the seconds before a run is not trusted
    assert start(folder) == 0
    assert (folder / "runs/toy/unchanged.json").is_file()
    calls(folder)
    result = started(folder)
    assert "its results are taken over" in result.stderr
    assert "counted - base" in result.stdout
    (folder / "runs/toy/checkpoints/counted-1/model/model.json").write_text("{}")
    again = started(folder)
    assert again.returncode == 0, again.stderr
    assert "taken over" not in again.stderr
    assert calls(folder).count("train-1") == 1


@pytest.mark.slow
def test_killed_at_every_stage_it_goes_on_and_leaves_the_same_tables(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in PLACES:
        (folder / "kill").write_text(place)
        assert start(folder) == -signal.SIGKILL, place
        assert read_manifest(folder / "runs/toy").status == "running"
    assert start(folder) == 0
    done = calls(folder)
    # what was finished before a kill was not done again: one call of the builder, one of each training …
    assert [done.count(place) for place in ("build", "train-0", "train-1")] == [1, 1, 1]
    assert done.count("generate") == 1

    whole = tmp_path_factory.mktemp("whole")
    write_experiment(whole)
    monkeypatch.chdir(whole)
    assert run().exit_code == 0
    for name in TABLES:
        assert (folder / "runs/toy" / name).read_bytes() == (whole / "runs/toy" / name).read_bytes(), name
    outputs = list(read_table(folder / "runs/toy/outputs.parquet", Output))
    assert len({output.id for output in outputs}) == len(outputs)
