"""Files of results: whole, UTF-8 JSON whatever a model says, and a result takes the place of a failure."""

import json
from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from harness.leaderboard.writing import own_part, write_failure, write_result

SAMPLE = {"doc_hash": "d", "prompt_hash": "p", "target_hash": "t", "target": 1, "arguments": [("prompt", {"until": []})]}


def test_half_characters_and_nan_are_json(tmp_path: Path) -> None:
    sample = {**SAMPLE, "resps": [["\ud800"]], "filtered_resps": ["\ud800"], "acc": float("nan")}
    write_result(tmp_path, "a/task", {"results": {"a/task": {"acc,none": float("nan")}}, "harness": {"signature": "s"}}, [sample])
    (line,) = (tmp_path / "samples_a_task.jsonl").read_bytes().splitlines()
    told = json.loads(line, parse_constant=pytest.fail)
    assert (told["resps"], told["acc"], told["target"]) == ([["\ud800"]], None, "1")
    assert told["arguments"] == {"gen_args_0": {"arg_0": "prompt", "arg_1": {"until": []}}}
    assert own_part(tmp_path, "a/task") == {"signature": "s"}


def test_a_result_takes_the_place_of_a_failure(tmp_path: Path) -> None:
    write_failure(tmp_path, "t", "m", "no data", 1.0)
    assert json.loads((tmp_path / "failed_t.json").read_bytes())["error"] == "no data"
    write_result(tmp_path, "t", {"results": {}, "harness": {}}, [{**SAMPLE, "resps": [], "filtered_resps": []}])
    assert not (tmp_path / "failed_t.json").exists()


def test_results_without_their_samples_are_not_done(tmp_path: Path) -> None:
    write_result(tmp_path, "t", {"results": {}, "harness": {"signature": "s"}}, [])
    (tmp_path / "samples_t.jsonl").unlink()
    assert own_part(tmp_path, "t") is None
