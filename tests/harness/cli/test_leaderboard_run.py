"""`harness leaderboard run`: what it prints, what it leaves, and its exit codes."""

import json
from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from click.testing import CliRunner, Result
from toy_lm_eval import NAME, Calls, register_toy, toy_tasks

from harness.cli.main import harness
from harness.leaderboard.opened import config_of


def invoke(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(harness, ["leaderboard", *map(str, arguments)])
    assert result.exit_code == code, result.stderr
    return result


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "board.yaml"
    models = f"models: [{{name: toy, lm_eval: {NAME}}}]"
    path.write_text(f"{models}\ntasks: [toy_text, toy_missing]\ntask_folders: [{toy_tasks(tmp_path / 'tasks')}]\n")
    return path


def test_a_run_leaves_a_board_and_names_what_failed(config: Path) -> None:
    register_toy(Calls())
    result = invoke("run", config, code=3)
    assert result.stdout.splitlines() == [
        "1 model, 2 tasks; results made: 1, there already: 0",
        "runs/board: harness leaderboard show runs/board",
    ]
    assert "toy on toy_missing: FileNotFoundError" in result.stderr
    assert "1 results could not be had" in result.stderr
    shown = invoke("show", "runs/board", "--resamples", "100")
    assert "toy_text/exact_match" in shown.stdout
    assert "toy on toy_missing: FileNotFoundError" in shown.stderr


def test_json_says_what_was_done_and_nothing_else(config: Path) -> None:
    register_toy(Calls())
    told = json.loads(invoke("run", config, "--limit", "2", "--json", code=3).stdout)
    assert (told["done"], told["reused"], told["output"]) == (1, 0, "runs/board")
    assert [one["task"] for one in told["failures"]] == ["toy_missing"]
    samples = Path("runs/board/results/toy/samples_toy_text.jsonl").read_text().splitlines()
    assert len(samples) == 2


def test_a_dry_run_asks_nobody(config: Path) -> None:
    calls = Calls()
    register_toy(calls)
    result = invoke("run", config, "--dry-run", "--limit", "4")
    assert result.stdout.splitlines() == [
        "toy on toy_text (4 items): to do",
        "toy on toy_missing (4 items): to do",
        "nobody was asked (--dry-run)",
    ]
    assert (calls.opened, Path("runs").exists()) == (0, False)


def test_a_run_remembers_its_folders_for_whoever_reads_it_from_elsewhere(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_toy(Calls())
    (tmp_path / "tuning").mkdir()
    config.write_text(config.read_text().replace(str(tmp_path / "tasks"), "tasks") + "trainings: tuning\n")
    invoke("run", config, "--output", "run", code=3)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = config_of(tmp_path / "run")
    assert (found.trainings, found.task_folders) == (str(tmp_path / "tuning"), (str(tmp_path / "tasks"),))


@pytest.mark.parametrize(
    ("model", "more", "message"),
    [
        (f"lm_eval: {NAME}x", "", f"model 'toy': lm-eval has no model '{NAME}x'. Did you mean '{NAME}'?"),
        ("generator: transfromers", "", "unknown generator 'transfromers'. Did you mean 'transformers'?"),
        ("generator: {transformers: {model: m, rwos: 1}}", "", "has no parameter 'rwos'. Did you mean 'rows'?"),
        (f"lm_eval: {{{NAME}: {{api_key: x}}}}", "", "line 1, models[1].lm_eval.NAME.api_key: 'api_key' would be written"),
        (f"lm_eval: {{{NAME}: {{trust_remote_code: true}}}}", "", "trust_remote_code runs whatever code"),
        (f"lm_eval: {NAME}", "metrics: [chrff]", "unknown metric 'chrff'. Did you mean 'chrf'?"),
        (f"lm_eval: {NAME}", "metrics: [chrf: {wrod_order: 2}]", "has no parameter 'wrod_order'"),
        (f"lm_eval: {NAME}", "metaevaluations: [runs/gone]", "metaevaluations: there is no runs/gone"),
        (f"lm_eval: {NAME}", "trainings: runs/gone", "trainings: there is no folder runs/gone"),
        (f"lm_eval: {NAME}", "task_folders: runs/gone", "task_folders: there is no folder runs/gone"),
    ],
)
def test_what_a_run_refuses_a_dry_run_refuses_too(config: Path, model: str, more: str, message: str) -> None:
    calls = Calls()
    register_toy(calls)
    folders = "" if more.startswith("task_folders") else "task_folders: [tasks]\n"
    config.write_text(f"models: [{{name: toy, {model}}}]\ntasks: [toy_text]\n{folders}{more}\n")
    wanted = message.replace("NAME", NAME)
    assert wanted in invoke("run", config, "--dry-run", code=2).stderr
    assert not Path("runs").exists()
    assert wanted in invoke("run", config, code=2).stderr
    assert (calls.opened, list(Path().glob("runs/*/results"))) == (0, [])


def test_a_dry_run_says_which_results_cannot_be_had_as_the_run_would(config: Path) -> None:
    register_toy(Calls())
    config.write_text(config.read_text().replace(f"lm_eval: {NAME}", f"lm_eval: {{{NAME}: {{voice: 'train:none'}}}}"))
    config.write_text(config.read_text() + "trainings: .\n")
    for flags in (["--dry-run"], []):
        result = invoke("run", config, *flags, code=3)
        assert "no finished training called 'none'" in result.output


def test_a_dry_run_says_which_data_are_absent_and_models_that_fail_alike_are_told_once(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_toy(Calls())
    monkeypatch.setenv("HARNESS_DATA", str(config.parent / "nothing"))
    two = ", ".join(f"{{name: {name}, lm_eval: {NAME}}}" for name in ("one", "two"))
    config.write_text(f"models: [{two}]\ntasks: [sv_swefaq]\n")
    planned = invoke("run", config, "--dry-run", code=3).stdout.splitlines()
    assert [line.partition(": ")[2].startswith("needs ") for line in planned] == [True, True, False]
    assert "run `harness data get superlim-2`" in planned[0]
    said = invoke("run", config, code=3).stderr
    assert said.count("is absent: run `harness data get superlim-2`") == 1
    assert "one, two on sv_swefaq: FileNotFoundError" in said
