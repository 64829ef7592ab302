"""What is written for Every Eval Ever is valid by its published schema (tests/support/every_eval_ever)."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import boards
import jsonschema
import pytest
from boards import results_folder, results_of

from harness.leaderboard.board import make_board
from harness.leaderboard.every_eval_ever import SCHEMA_VERSION, every_eval_ever
from harness.leaderboard.every_eval_ever_items import _references, sample_hash
from harness.leaderboard.records import Board, Column, Item, Results, TaskInfo, Trust
from harness.leaderboard.results import read_results

HERE = Path(boards.__file__).parent / "every_eval_ever"
SCHEMA = json.loads((HERE / "eval.schema.json").read_text())
ITEMS = json.loads((HERE / "instance_level_eval.schema.json").read_text())


def written(board: Board, results: Results, *, items: bool = False) -> dict[str, bytes]:
    return every_eval_ever(board, results, retrieved=1767322999.5, organization="Linköping University", items=items)


def records(board: Board, results: Results) -> dict[str, dict[str, Any]]:
    return {name: json.loads(data) for name, data in written(board, results).items()}


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


def test_every_item_is_a_valid_line_beside_its_record(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    board = make_board(results, metrics=["bleu"], resamples=200)
    files = written(board, results, items=True)
    assert len(files) == 6
    for name, data in files.items():
        if not name.endswith("_samples.jsonl"):
            continue
        record = json.loads(files[name.replace("_samples.jsonl", ".json")])
        jsonschema.Draft7Validator(SCHEMA).validate(record)
        lines = [json.loads(line) for line in data.splitlines()]
        told = {"format": "jsonl", "file_path": name, "hash_algorithm": "sha256", "checksum": sha256(data).hexdigest()}
        assert record["detailed_evaluation_results"] == {**told, "total_rows": len(lines)}
        aggregate = {one["evaluation_result_id"]: one for one in record["evaluation_results"]}
        for line in lines:
            jsonschema.Draft7Validator(ITEMS).validate(line)
            assert line["evaluation_id"] == record["evaluation_id"]
            assert line["model_id"] == record["model_info"]["id"]
            assert aggregate[line["evaluation_result_id"]]["evaluation_name"] == line["evaluation_name"]
        for id, one in aggregate.items():
            if id.endswith(("/acc", "/exact_match")):
                right = [line["evaluation"] for line in lines if line["evaluation_result_id"] == id]
                assert sum(each["score"] for each in right) / len(right) == pytest.approx(one["score_details"]["score"])
                assert sum(each["is_correct"] for each in right) == sum(each["score"] for each in right)


def lines_of(folder: Path, task: str, metric: str) -> list[dict[str, Any]]:
    results = read_results(folder)
    files = written(make_board(results, resamples=200), results, items=True)
    data = next(data for name, data in files.items() if "/tuned/" in name and name.endswith(".jsonl"))
    return [line for line in map(json.loads, data.splitlines()) if line["evaluation_result_id"] == f"tuned/{task}/{metric}"]


def test_an_item_has_its_prompt_its_answer_and_its_own_value(tmp_path: Path) -> None:
    folder = results_folder(tmp_path)
    results = read_results(folder)
    choice = lines_of(folder, "sv_choice", "acc")
    for line, item in zip(choice, results.read_items("tuned", "sv_choice"), strict=True):
        weights = list(map(float, item.answers))
        assert line["output"]["raw"] == [item.choices[weights.index(max(weights))]]
        assert line["evaluation"]["is_correct"] == (line["evaluation"]["score"] == 1.0)
        right = item.choices[int(str(item.target))]  # lm-eval names it by its place
        assert line["input"] == {"raw": item.prompt, "reference": [right], "choices": list(item.choices)}
    said = lines_of(folder, "sv_translate", "chrf")
    first = next(results.read_items("tuned", "sv_translate"))
    assert said[0]["output"]["raw"] == list(first.answers)
    assert 0 < said[0]["evaluation"]["score"] <= 100  # chrF of this one answer
    assert said[0]["metadata"]["is_correct"].startswith("nothing")


def test_the_same_item_has_one_hash_whoever_was_asked() -> None:
    assert sample_hash("hej", ["a"]) == sha256(b'{"raw":"hej","reference":["a"]}').hexdigest()


@pytest.mark.parametrize(
    ("target", "acc", "right"),
    [
        ("1", 1.0, ["2"]),  # by its place, as lm-eval names it
        ("2", 1.0, ["2"]),  # by its word: the model chose 2, and that counted
        ("0", 0.0, ["1"]),
        ("[0, 2]", 0.0, ["1", "3"]),
        ("7", 0.0, ["7"]),
        ("[]", 0.0, ["[]"]),
        ("fel {", 0.0, ["fel {"]),
    ],
)
def test_right_choices_are_told_by_their_words_also_where_they_are_numbers(target: str, acc: float, right: list[str]) -> None:
    item = Item(
        key="a", prompt="1 + 1 =", target=target, choices=("1", "2", "3"), answers=("-2.0", "-1.0", "-3.0"), values={"acc": acc}
    )
    assert _references(item) == right


def test_of_a_metric_of_errors_one_is_not_right() -> None:
    results = results_of({"a": {"t": [1.0, 0.0, 0.0]}, "b": {"t": [0.0, 0.0, 1.0]}}, higher=False)
    files = written(make_board(results, resamples=200), results, items=True)
    lines = [json.loads(line) for name, data in files.items() if name.endswith(".jsonl") for line in data.splitlines()]
    assert len(lines) == 6
    assert not any(line["evaluation"]["is_correct"] for line in lines)
    assert all(line["metadata"]["is_correct"].startswith("nothing") for line in lines)
