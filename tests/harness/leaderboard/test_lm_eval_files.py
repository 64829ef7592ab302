"""What is written in lm-eval's format is read back as the same results."""

import json
from pathlib import Path

import msgspec
import pytest
from boards import results_folder

from harness.leaderboard.board import make_board
from harness.leaderboard.lm_eval_files import encoded, lm_eval_files
from harness.leaderboard.records import Results
from harness.leaderboard.results import read_results


def written(results: Results, folder: Path, **more: object) -> dict[str, dict[str, object]]:
    files = lm_eval_files(make_board(results, resamples=200, **more), results)  # type: ignore[arg-type]
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(encoded(content))
    return files


def test_values_errors_tasks_and_models_come_back(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path / "in"))
    written(results, tmp_path / "out")
    back = read_results(tmp_path / "out")
    kept = {(one.model, one.task): (one.values, one.items, one.shots, one.partial) for one in results.results}
    assert {(one.model, one.task): (one.values, one.items, one.shots, one.partial) for one in back.results} == kept
    reported = {(one.model, one.task, metric): error for one in results.results for metric, error in one.errors.items() if error}
    errors = {(one.model, one.task, metric): error for one in back.results for metric, error in one.errors.items()}
    assert {key: errors[key] for key in reported} == reported
    scaled = {task.name: task for task in make_board(results, resamples=200).tasks}
    assert back.tasks == {name: msgspec.structs.replace(task, baseline=scaled[name].baseline, ceiling=scaled[name].ceiling)
                          for name, task in results.tasks.items()}  # fmt: skip
    assert back.models["tuned"].training == "sft"


def test_intervals_and_clusters_stand_under_our_own_key(tmp_path: Path) -> None:
    files = written(read_results(results_folder(tmp_path / "in")), tmp_path / "out", metrics=["bleu"])
    own = json.loads(encoded(files["tuned/results_tuned.json"]))["harness"]
    assert set(own["cells"]["sv_translate/bleu"]) >= {"value", "low", "high", "items", "rank", "cluster"}


def test_a_models_name_makes_no_path(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path / "in"))
    names = {"tuned": "../../tuned", "untuned": "..", "org/other-7b": "a" * 500}
    renamed = msgspec.structs.replace(
        results,
        models={names[name]: msgspec.structs.replace(info, name=names[name]) for name, info in results.models.items()},
        results=tuple(msgspec.structs.replace(one, model=names[one.model]) for one in results.results),
        read_items=lambda model, task: iter(()),
    )
    for name in lm_eval_files(make_board(renamed, resamples=200), renamed):
        assert len(Path(name).parts) == 2
        assert ".." not in Path(name).parts
        assert len(name) < 300


def test_intervals_without_a_reported_error_come_back_as_errors(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path / "in"))
    results = msgspec.structs.replace(results, results=tuple(msgspec.structs.replace(one, errors={}) for one in results.results))
    written(results, tmp_path / "out")
    before = {(cell.model, cell.column): cell for cell in make_board(results, resamples=200).cells}
    after = make_board(read_results(tmp_path / "out"), resamples=200).cells
    assert {cell.value for cell in after} == {cell.value for cell in before.values()}
    for cell in after:
        own = before[cell.model, cell.column]
        assert (cell.low is None) == (own.low is None)
        if cell.low is not None and cell.high is not None and own.low is not None and own.high is not None:
            assert cell.high - cell.low == pytest.approx(own.high - own.low)


def test_a_number_of_items_that_nobody_knows_is_not_written_as_none_at_all(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path / "in"))
    results = msgspec.structs.replace(
        results,
        results=tuple(msgspec.structs.replace(one, items=0) for one in results.results),
        read_items=lambda model, task: iter(()),
    )
    for content in lm_eval_files(make_board(results, resamples=200), results).values():
        assert {one["effective"] for one in content["n-samples"].values()} == {None}
