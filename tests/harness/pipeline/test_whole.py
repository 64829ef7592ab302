"""With a real trainer, a real generator and lm-eval on a tiny model: every stage of an experiment, the board among them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny_models import tiny_llama
from toy_experiment import PLUGIN

from harness.cli.main import harness
from harness.errors import InputError
from harness.experiment import load_experiment
from harness.leaderboard.records import Board
from harness.pipeline.board import read_board
from harness.pipeline.check import check_plugins
from harness.plugins import load_plugins

CONFIG = """
build:
  language: sv
  builders: [{animals: {rows: 40}}]
  languages: false
  filters: false
  duplicates: false
  contamination: false
  splits: {train: 0.5, validation: 0.0, test: 0.5}
train:
  - {name: tuned, seeds: [0], trainer: {sft: {base: base, steps: 2, batch: 4, learning_rate: 1e-2}}}
generate:
  split: test
  systems:
    - {name: base, generator: {transformers: {model: base, max_new_tokens: 4}}}
    - {name: tuned, generator: {transformers: {model: "train:tuned", max_new_tokens: 4}}}
score: {metrics: [chrf]}
compare: {baseline: base, resamples: 200}
leaderboard: {tasks: [toy_animals], task_folders: [tasks]}
plugins: [toy_plugin.py]
"""
TASK = """
task: toy_animals
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: ["ja", "nej"]
doc_to_target: 0
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
metadata: {version: 1.0, language: sv, form: short, metric: acc, random_baseline: 0.5}
"""


@pytest.mark.slow
def test_from_rows_to_a_board_with_what_each_model_has_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    tiny_llama(tmp_path / "base")
    (tmp_path / "toy_plugin.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "tasks").mkdir()
    rows = [{"question": f"hur {n} sover djur {n} när {n} är borta {n} gånger?"} for n in range(6)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "tasks" / "toy.yaml").write_text(TASK.replace("DATA", str(tmp_path / "rows.jsonl")), encoding="utf-8")

    result = CliRunner().invoke(harness, ["run", "mine.yaml"])
    assert result.exit_code == 0, result.output
    folder = tmp_path / "runs" / "mine"
    board = read_board(folder)
    assert isinstance(board, Board)
    assert sorted(model.name for model in board.models) == ["base", "tuned-0"]
    cells = {cell.model: cell for cell in board.cells if cell.column == "toy_animals/acc"}
    assert {name: cell.items for name, cell in cells.items()} == {"base": 6, "tuned-0": 6}
    assert cells["tuned-0"].seen == 0  # what it learned from is known here; of the base nobody knows
    assert cells["base"].seen is None
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "### Standings" in text
    assert "| tuned-0 |" in text
    assert (folder / "leaderboard" / "leaderboard.html").is_file()


def test_data_that_a_task_needs_are_asked_for_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    config = tmp_path / "mine.yaml"
    config.write_text("examples: x\ngenerate: {systems: []}\nleaderboard: {tasks: [sv_swefaq], models: [m]}\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"the task sv_swefaq needs .*swefaq_test\.jsonl, which is absent: run `harness data get superlim-2`"
    ):
        check_plugins(load_experiment(config), load_plugins())
