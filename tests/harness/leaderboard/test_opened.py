"""A run folder as a board: columns that were kept, meta-evaluations and trainings, as its config names them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from boards import results_folder

from harness.errors import PluginError
from harness.leaderboard.kept_columns import keep_columns
from harness.leaderboard.opened import open_board
from harness.leaderboard.results import read_results
from harness.plugins import load_plugins
from harness.records import Example, digest, to_json
from harness.stages.train import Material, Trained


def run_folder(home: Path, **config: Any) -> Path:
    """Results of three models with the config of the run that made them."""
    results_folder(home)
    (home / "manifest.json").write_text(json.dumps({"command": [], "status": "done", "config": {}}))
    plain = {"name": "small", "models": ["tuned"], "tasks": ["sv_translate"], "output": str(home), **config}
    (home / "config.yaml").write_text(yaml.safe_dump(plain))
    return home


def test_columns_that_the_run_kept_are_on_the_board(tmp_path: Path) -> None:
    home, registry = run_folder(tmp_path, metrics=["rouge-l"]), load_plugins()
    before = open_board(home, resamples=100)
    assert "sv_translate/rouge-l" not in [column.key for column in before.board.columns]
    assert "rouge-l: the run has not scored its answers with it; run `harness leaderboard run` again" in before.board.notes
    keep_columns(home, read_results(home), registry, [registry.parse("metric", "rouge-l")])
    after = open_board(home, resamples=100)
    assert "sv_translate/rouge-l" in [column.key for column in after.board.columns]
    assert not [note for note in after.board.notes if "has not scored" in note]


def test_a_metric_that_the_results_do_not_hold_scores_the_answers_now(tmp_path: Path) -> None:
    board = open_board(run_folder(tmp_path), metrics=["rouge-1", "bleu"], registry=load_plugins, resamples=100).board
    assert [column.metric for column in board.columns if column.task == "sv_translate"] == ["chrf", "rouge-1", "bleu"]
    with pytest.raises(PluginError, match=r"unknown metric 'rouge-11'\. Did you mean 'rouge-1'"):
        open_board(tmp_path, metrics=["rouge-11"], registry=load_plugins, resamples=100)


def test_a_meta_evaluation_that_is_gone_is_told_and_stops_nothing(tmp_path: Path) -> None:
    board = open_board(run_folder(tmp_path, metaevaluations=["runs/gone"]), resamples=100).board
    assert [note for note in board.notes if "the meta-evaluation runs/gone" in note]


def test_items_that_a_training_learned_from_are_flagged(tmp_path: Path) -> None:
    home = run_folder(tmp_path / "board", trainings=str(tmp_path / "trained"))
    items = list(read_results(home).read_items("tuned", "sv_translate"))
    rows = [
        Example.from_instruction(f"e/{n}", "Skriv om snö.", [item.target or ""], language="sv")
        for n, item in enumerate(items[:3])
    ]
    checkpoints = tmp_path / "trained" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (tmp_path / "trained" / "rows.jsonl").write_bytes(b"".join(to_json(row) + b"\n" for row in rows))
    record = Trained(
        name="sft", trainer="toy", params={}, stage="0", checkpoint="sft", files={}, examples={},
        material=Material(path="../rows.jsonl", digest=digest(rows), n=3),
    )  # fmt: skip
    (checkpoints / "sft.json").write_bytes(msgspec.json.encode(record))
    board = open_board(home, resamples=100).board
    seen = {cell.model: cell.seen for cell in board.cells if cell.column == "sv_translate/chrf"}
    assert seen == {"tuned": 3, "untuned": None, "org/other-7b": None}  # of models from elsewhere nobody knows
    assert [warning for warning in board.warnings if warning.startswith("tuned on sv_translate: 3 of 30 items overlap")]
