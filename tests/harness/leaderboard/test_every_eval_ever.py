"""What is written for Every Eval Ever is valid by its published schema (tests/support/every_eval_ever)."""

import json
from pathlib import Path
from typing import Any

import boards
import jsonschema
import pytest
from boards import results_folder

from harness.leaderboard.board import make_board
from harness.leaderboard.every_eval_ever import SCHEMA_VERSION, every_eval_ever
from harness.leaderboard.records import Board, Column, Results, TaskInfo, Trust
from harness.leaderboard.results import read_results

SCHEMA = json.loads((Path(boards.__file__).parent / "every_eval_ever/eval.schema.json").read_text())


def records(board: Board, results: Results) -> dict[str, dict[str, Any]]:
    return every_eval_ever(board, results, retrieved=1767322999.5, organization="Linköping University")


@pytest.mark.parametrize("dated", [False, True])
def test_every_record_is_valid(tmp_path: Path, dated: bool) -> None:
    results = read_results(results_folder(tmp_path, dated=dated))
    made = records(make_board(results, metrics=["bleu"], resamples=200), results)
    assert len(made) == 3
    assert SCHEMA["version"] == SCHEMA_VERSION
    for record in made.values():
        jsonschema.Draft7Validator(SCHEMA).validate(record)


def test_scores_have_their_intervals_and_missing_ones_no_entry(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    board = make_board(results, resamples=200)
    (record,) = [one for one in records(board, results).values() if one["model_info"]["name"] == "org/other-7b"]
    found = {one["evaluation_name"]: one for one in record["evaluation_results"]}
    assert sorted(found) == ["sv_choice", "sv_prose", "sv_translate"]
    cell = next(cell for cell in board.cells if (cell.model, cell.column) == ("org/other-7b", "sv_choice/acc"))
    details = found["sv_choice"]["score_details"]
    interval = details["uncertainty"]["confidence_interval"]
    assert (details["score"], interval["lower"], interval["upper"]) == (cell.value, cell.low, cell.high)
    assert found["sv_prose"]["metric_config"]["lower_is_better"]
    assert found["sv_prose"]["metric_config"]["max_score"] == "Infinity"
    assert record["model_info"]["developer"] == "org"


def test_how_far_the_metric_is_trusted_goes_with_the_score(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))

    def trust(column: Column, task: TaskInfo) -> Trust:
        return Trust(verdict="agrees", metric=column.metric, value=0.71, low=0.66, high=0.75, judgments=("gec-sv",))

    made = records(make_board(results, trust=trust, resamples=200), results)
    for record in made.values():
        jsonschema.Draft7Validator(SCHEMA).validate(record)
        for one in record["evaluation_results"]:
            details = one["metric_config"]["additional_details"]
            assert (details["human_agreement"], details["human_agreement_accuracy"]) == ("agrees", "0.71")
            assert details["human_agreement_judgments"] == "gec-sv"


def test_paths_are_those_of_the_collection_and_follow_from_the_content(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    board = make_board(results, name="../board", resamples=200)
    made = records(board, results)
    assert list(made) == list(records(board, results))
    for name in made:
        home, board_name, _developer, _model, file = Path(name).parts
        assert (home, board_name) == ("data", "_board")
        assert file[14] == "4"
