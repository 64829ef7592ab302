"""Leaderboard configs: what they may say, and errors that name file, line and key."""

import json
from pathlib import Path

import pytest
import yaml

from harness.config_parts import BARE
from harness.errors import ConfigError
from harness.leaderboard.config import BoardTask, LeaderboardConfig, Price, anchored, leaderboard_of, load_leaderboard, resolved
from harness.registry import PluginRef
from harness.yaml_lines import read_yaml

FULL = """
name: board
engine: {generator: {transformers: {rows: 4}}}
models:
  - models/base
  - train:tuned
  - name: paid
    lm_eval: {openai-completions: {model: gpt-x}}
    price: {input: 0.5, output: 1.5}
tasks: [sv_swenli, sv_swefaq: {limit: 3, shots: 2}]
task_folders: mine
limit: 10
chat: true
metrics: [rouge-l, chrf: {word_order: 2}]
metaevaluations: [runs/gec-sv]
trainings: runs/tuning
"""


def load(tmp_path: Path, text: str) -> LeaderboardConfig:
    path = tmp_path / "board.yaml"
    path.write_text(text)
    return load_leaderboard(path)


def test_models_that_are_only_named_are_opened_by_the_engine(tmp_path: Path) -> None:
    config = load(tmp_path, FULL)
    assert [(one.name, one.by, one.plugin) for one in config.models] == [
        ("base", "generator", PluginRef("transformers", {"rows": 4, BARE: "models/base"})),
        ("tuned", "generator", PluginRef("transformers", {"rows": 4, BARE: "train:tuned"})),
        ("paid", "lm_eval", PluginRef("openai-completions", {"model": "gpt-x"})),
    ]
    assert config.models[2].price == Price(input=0.5, output=1.5)
    assert config.tasks == (BoardTask(name="sv_swenli"), BoardTask(name="sv_swefaq", limit=3, shots=2))
    assert (config.output, config.seed, config.task_folders) == ("runs/board", 1234, ("mine",))


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (["one/final", "two/final", "other"], ["one-final", "two-final", "other"]),
        (["/m/one/final", "/m/two/final/", "train:final"], ["one-final", "two-final", "final"]),
        (["a/x/final", "b/x/final", "c/y/final"], ["a-x-final", "b-x-final", "y-final"]),
        (["org/Name", "other/name"], ["org-Name", "other-name"]),
    ],
)
def test_models_whose_paths_end_alike_are_told_apart_by_more_of_the_path(
    tmp_path: Path, models: list[str], names: list[str]
) -> None:
    config = load(tmp_path, f"models: {json.dumps(models)}\ntasks: [t]\ntrainings: runs/tuning\n")
    assert [one.name for one in config.models] == names
    assert [one.plugin.params["pretrained"] for one in config.models] == models


def test_without_an_engine_lm_evals_hf_opens_them(tmp_path: Path) -> None:
    (model,) = load(tmp_path, "models: [org/name]\ntasks: [t]\n").models
    assert (model.name, model.by, model.plugin) == ("name", "lm_eval", PluginRef("hf", {"pretrained": "org/name"}))


def test_what_a_run_writes_down_loads_as_the_same_config(tmp_path: Path) -> None:
    config = load(tmp_path, FULL)
    again = yaml.safe_dump(resolved(config), sort_keys=False, allow_unicode=True)
    assert load(tmp_path, again) == config


def test_folders_hold_from_any_directory_once_a_run_writes_them_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = anchored(load(tmp_path, FULL))
    assert config.task_folders == (str(tmp_path / "mine"),)
    assert config.metaevaluations == (str(tmp_path / "runs/gec-sv"),)
    assert config.trainings == str(tmp_path / "runs/tuning")
    assert anchored(config) == config
    assert anchored(load(tmp_path, "models: [a]\ntasks: [t]\n")).trainings is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [a]\n", r"board.yaml, line 1, tasks: which tasks\?"),
        ("models: [a]\ntasks: [t, t]\n", r"line 2, tasks\[2\]: the task 't' is here twice"),
        ("models: [a, a]\ntasks: [t]\n", r"line 1, models\[2\]: 'a' is here twice"),
        ("models: [x/a, ./x/a/]\ntasks: [t]\n", r"line 1, models\[2\]: 'x-a' is here twice"),
        ("models: [a, {name: a, lm_eval: hf}]\ntasks: [t]\n", r"line 1, models\[2\]: 'a' is here twice"),
        ("models: [a, {name: A, lm_eval: hf}]\ntasks: [t]\n", r"line 1, models\[2\]: 'A' and 'a' differ in case only"),
        ("models: [m, M]\ntasks: [t]\n", r"line 1, models\[2\]: 'M' and 'm' differ in case only"),
        ("models: [../x/a, ../../x/a]\ntasks: [t]\n", r"line 1, models\[1\]: '../x/a' makes no name"),
        ("models: [train:x]\ntasks: [t]\n", r"line 1, models\[1\]: 'train:x': name the run folder of the training"),
        ("models: [{name: a}]\ntasks: [t]\n", r"line 1, models\[1\]: expected one of `lm_eval:"),
        ("models: [{name: ../a, lm_eval: hf}]\ntasks: [t]\n", r"models\[1\].name: '../a' is no name"),
        ("models: [a]\ntasks: [t: {limit: 0}]\n", r"tasks\[1\].t.limit: expected a whole number of at least 1"),
        ("models: [a]\ntasks: [t: {limt: 1}]\n", r"unknown key 'limt'. Did you mean 'limit'\?"),
        ("models: [a]\ntasks: [t]\nshot: 1\n", r"line 3, shot: unknown key 'shot'. Did you mean 'shots'\?"),
        ("models: [a]\ntasks: [t]\nchat: 1\n", r"line 3, chat: expected true or false"),
        ("models: [{name: a, lm_eval: hf, price: {in: 1}}]\ntasks: [t]\n", r"models\[1\].price: expected `input`, `output`"),
        ("models: [a]\ntasks: [t]\nengine: hf\n", r"line 3, engine: expected `lm_eval:"),
    ],
)
def test_an_error_names_file_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text)


def test_a_section_of_an_experiment_knows_its_trainings(tmp_path: Path) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text("leaderboard:\n  models: [train:tuned]\n  tasks: [t]\n")
    document = read_yaml(path)
    section = document.value["leaderboard"]

    def of(*trained: str) -> LeaderboardConfig:
        return leaderboard_of(document, section, ("leaderboard",), name="x", output="runs/x", trained=trained)

    assert of("tuned").models[0].plugin.params == {"pretrained": "train:tuned"}
    with pytest.raises(
        ConfigError, match=r"line 2, leaderboard.models\[1\]: 'train:tuned': no training has this name; there are"
    ):
        of("other")
