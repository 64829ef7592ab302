"""Folders of lm-eval results are read, whoever wrote them; what is damaged is named and left out."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from boards import DATE, SKILL, results_folder

from harness.errors import InputError
from harness.leaderboard.board import make_board
from harness.leaderboard.results import MOST_FILES, read_results


def written(folder: Path, name: str, content: Any, samples: dict[str, list[Any]] | None = None) -> Path:
    """A file of results with the samples beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content))
    for file, rows in (samples or {}).items():
        (folder / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def said(model: str = "org/m", task: str = "t", **entry: Any) -> dict[str, Any]:
    return {
        "results": {task: {"alias": task, "acc,none": 0.5, "acc_stderr,none": 0.1, **entry}},
        "configs": {task: {"output_type": "multiple_choice"}},
        "versions": {task: 1.0},
        "n-shot": {task: 0},
        "n-samples": {task: {"original": 4, "effective": 4}},
        "model_name": model,
    }


@pytest.mark.parametrize("dated", [False, True])
def test_our_own_layout_and_lm_evals_give_the_same_results(tmp_path: Path, dated: bool) -> None:
    results = read_results(results_folder(tmp_path, dated=dated))
    assert sorted(results.models) == sorted(SKILL)
    assert sorted(results.tasks) == ["sv_choice", "sv_cloze", "sv_prose", "sv_translate"]
    assert len(results.results) == 11
    choice = results.tasks["sv_choice"]
    assert (choice.metric, choice.baseline, choice.language, choice.form) == ("acc", 0.25, "sv", "short")
    assert not results.tasks["sv_prose"].higher_is_better
    items = list(results.read_items("org/other-7b", "sv_choice"))
    assert len(items) == 40
    assert items[0].choices == ("ja", "nej", "kanske", "aldrig")
    assert len(items[0].answers) == 4
    values = [item.values["acc"] for item in items]
    result = next(one for one in results.results if (one.model, one.task) == ("org/other-7b", "sv_choice"))
    assert sum(value or 0 for value in values) / 40 == pytest.approx(result.values["acc"])
    assert list(results.read_items("org/other-7b", "sv_cloze")) == []


def test_what_our_own_runs_add_is_read(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    result = next(one for one in results.results if (one.model, one.task) == ("tuned", "sv_choice"))
    assert (result.seconds, result.tokens, result.cost) == (12.5, 3200, None)
    assert results.models["tuned"].training == "sft"
    assert results.models["tuned"].parameters == 134515008


def test_a_run_folder_stands_for_its_results(tmp_path: Path) -> None:
    results_folder(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "other").mkdir()
    written(tmp_path / "other", "results_1.json", said())
    assert "org/m" not in read_results(tmp_path).models


def test_the_format_of_version_0_3_is_read(tmp_path: Path) -> None:
    written(
        tmp_path,
        "out.json",
        {
            "results": {"piqa": {"acc": 0.5, "acc_stderr": 0.25, "acc_norm": 0.75, "acc_norm_stderr": 0.2}},
            "versions": {"piqa": 0},
            "config": {"model": "hf-causal", "model_args": "pretrained=EleutherAI/pythia-70m,revision=main", "num_fewshot": 5},
        },
    )
    results = read_results(tmp_path)
    (one,) = results.results
    assert (one.model, one.task, one.shots) == ("EleutherAI/pythia-70m", "piqa", 5)
    assert one.values == {"acc": 0.5, "acc_norm": 0.75}
    assert one.errors == {"acc": 0.25, "acc_norm": 0.2}
    assert results.tasks["piqa"].version == "0"


def test_of_groups_the_tasks_count(tmp_path: Path) -> None:
    content = said()
    content["results"]["both"] = {"alias": "both", "acc,none": 0.5}
    content["groups"] = {"both": {"acc,none": 0.5}}
    content["group_subtasks"] = {"both": ["t"], "t": []}
    results = read_results(written(tmp_path, "results_1.json", content))
    assert list(results.tasks) == ["t"]
    assert "groups both" in results.notes[0]


def test_filters_make_columns_of_their_own_and_one_item(tmp_path: Path) -> None:
    content = said(**{"acc,none": None})
    del content["results"]["t"]["acc,none"], content["results"]["t"]["acc_stderr,none"]
    content["results"]["t"] |= {"exact_match,strict-match": 0.5, "exact_match,flexible": 1.0}
    content["configs"]["t"] = {"output_type": "generate_until"}
    scores = {"strict-match": (1.0, 0.0), "flexible": (1.0, 1.0)}
    rows = [
        {"doc_id": place, "doc_hash": f"h{place}", "filter": name, "filtered_resps": [name], "metrics": ["exact_match"]}
        | {"exact_match": value}
        for name, values in scores.items()
        for place, value in enumerate(values)
    ]
    results = read_results(written(tmp_path, "results_1.json", content, {"samples_t.jsonl": rows}))
    items = list(results.read_items("org/m", "t"))
    assert [item.values for item in items] == [
        {"exact_match,strict-match": 1.0, "exact_match,flexible": 1.0},
        {"exact_match,strict-match": 0.0, "exact_match,flexible": 1.0},
    ]
    assert items[0].answers == ("strict-match",)
    assert results.tasks["t"].metric == "exact_match,strict-match"


def test_of_two_runs_of_a_task_the_later_counts_with_its_samples(tmp_path: Path) -> None:
    for day, value in ((1, 0.25), (2, 0.75)):
        stamp = f"2026-01-0{day}T00-00-00.5"
        rows = [{"doc_id": 0, "doc_hash": f"day {day}", "acc": value, "metrics": ["acc"]}]
        written(tmp_path / "m", f"results_{stamp}.json", said(**{"acc,none": value}), {f"samples_t_{stamp}.jsonl": rows})
    results = read_results(tmp_path)
    (one,) = results.results
    assert one.values["acc"] == 0.75
    assert [item.key for item in results.read_items("org/m", "t")] == ["day 2"]
    assert "more than once" in results.notes[0]


def test_models_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("zero-shot", "five-shot"):
        written(tmp_path / folder, "results_1.json", said())
    assert sorted(read_results(tmp_path).models) == ["org/m (five-shot)", "org/m (zero-shot)"]


def test_a_folder_of_somebodys_machine_is_named_by_its_end(tmp_path: Path) -> None:
    content = said(model="/home/anna/models/tiny")
    assert list(read_results(written(tmp_path, "results_1.json", content)).models) == ["tiny"]


def test_a_task_that_a_model_could_not_do_is_a_result_without_values(tmp_path: Path) -> None:
    written(tmp_path / "m", "results_t.json", said())
    written(tmp_path / "m", "failed_u.json", {"model": "org/m", "task": "u", "error": "CUDA out of memory", "date": 1.0})
    written(tmp_path / "m", "failed_t.json", {"model": "org/m", "task": "t", "error": "at first", "date": 1.0})
    results = read_results(tmp_path)
    failed = [one for one in results.results if not one.values]
    assert [(one.task, one.settings["error"]) for one in failed] == [("u", "CUDA out of memory")]


def test_values_that_are_no_numbers_are_missing(tmp_path: Path) -> None:
    content = said(**{"acc,none": float("nan"), "f1,none": None, "em,none": True, "bypass,none": 999, "note": "x"})
    results = read_results(written(tmp_path, "results_1.json", content))
    assert results.results[0].values == {"acc": None, "f1": None}
    assert any("answers only" in note for note in results.notes)
    assert any("em,none is no number" in note for note in results.notes)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"results": {"t": {"acc', "no JSON"),
        (b"[]", "'results' is to be an object"),
        (b'{"results": 3, "versions": {}}', "'results' is to be an object"),
        (b'{"results": {"t": {}}}', "'versions', 'configs' and 'config' are all absent"),
        (b'{"results": {"t": 3}, "versions": {}}', "results.t is to be an object, got int"),
        (b"[" * 100_000, "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
    ],
)
def test_a_damaged_file_is_named_and_the_rest_is_read(tmp_path: Path, content: bytes, why: str) -> None:
    written(tmp_path / "good", "results_1.json", said())
    (tmp_path / "results_bad.json").write_bytes(content)
    results = read_results(tmp_path)
    assert list(results.models) == ["org/m"]
    assert any("results_bad.json" in note and why in note for note in results.notes)
    with pytest.raises(InputError, match="holds no results of lm-eval"):
        read_results(tmp_path / "results_bad.json")


def test_odd_metadata_do_not_stop_reading(tmp_path: Path) -> None:
    content = said()
    content["configs"]["t"]["metadata"] = {"form": 3, "language": ["sv"], "random_baseline": "a", "metric": {}, "criteria": "x"}
    content["n-samples"] = {"t": [1]}
    content["n-shot"] = {"t": "five"}
    content["config"] = {"model_args": 3}
    content["harness"] = ["x"]
    results = read_results(written(tmp_path, "results_1.json", content))
    task = results.tasks["t"]
    assert (task.form, task.language, task.baseline, task.criteria, task.metric) == (None, None, None, (), "acc")
    assert any("metadata.random_baseline is no number" in note for note in results.notes)


def test_names_in_results_open_no_files(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text('{"doc_id": 0, "doc_hash": "s", "acc": 1.0}\n')
    content = said(model="../../secret", task="../secret")
    results = read_results(written(tmp_path / "in", "results_1.json", content))
    assert list(results.read_items("secret", "../secret")) == []


def test_half_characters_of_names_are_escaped(tmp_path: Path) -> None:
    results = read_results(written(tmp_path, "results_1.json", said(model="m\ud800", task="t\udfff")))
    assert list(results.models) == ["m\\ud800"]
    assert list(results.tasks) == ["t\\udfff"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    written(tmp_path / "elsewhere", "results_1.json", said())
    written(tmp_path / "here", "results_2.json", said(model="other"))
    (tmp_path / "here/results_3.json").symlink_to(tmp_path / "elsewhere/results_1.json")
    (tmp_path / "here/more").symlink_to(tmp_path / "elsewhere")
    assert list(read_results(tmp_path / "here").models) == ["other"]


def test_a_folder_without_results_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lm_eval --output_path"):
        read_results(tmp_path)
    with pytest.raises(InputError, match="is absent"):
        read_results(tmp_path / "nowhere")


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_FILES > 1000
    monkeypatch.setattr("harness.leaderboard.results.MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(InputError, match="more than 3 files"):
        read_results(tmp_path)


def test_the_samples_of_the_same_date_belong_to_a_file(tmp_path: Path) -> None:
    folder = results_folder(tmp_path, dated=True) / "tuned"
    (folder / "samples_sv_choice_2030-01-01T00-00-00.0.jsonl").write_text("{}\n")
    assert (folder / f"samples_sv_choice_{DATE}.jsonl").is_file()
    assert len(list(read_results(tmp_path).read_items("tuned", "sv_choice"))) == 40


def test_one_bad_line_of_samples_costs_the_items_of_that_model_alone(tmp_path: Path) -> None:
    for model in ("a", "b"):
        entry = said(model)
        samples = [{"doc_id": n, "doc_hash": f"q{n}", "acc": float(n % 2)} for n in range(40)]
        written(tmp_path / model, "results_t.json", entry | {"n-samples": {}}, {"samples_t.jsonl": samples})
    with (tmp_path / "b" / "samples_t.jsonl").open("a") as file:
        file.write("[1, 2]\n")
    board = make_board(read_results(tmp_path), resamples=200)
    cells = {cell.model: cell for cell in board.cells}
    assert cells["a"].items == 40
    assert (cells["b"].value, cells["b"].low) == (0.5, pytest.approx(0.5 - 1.96 * 0.1, abs=1e-3))
    assert any("b on t: its items are not used" in note and "line 41" in note for note in board.notes)
    assert not any("different numbers of items" in warning for warning in board.warnings)


def test_documents_that_come_again_count_together_and_the_value_stays(tmp_path: Path) -> None:
    once = [{"doc_id": n, "doc_hash": f"q{n}", "acc": float(n % 4 == 0)} for n in range(40)]
    again = [{"doc_id": 40 + n, "doc_hash": f"q{n}", "acc": float(n % 4 == 0)} for n in range(20)]
    content = said("a") | {"results": {"t": {"acc,none": 15 / 60}}, "n-samples": {}}
    written(tmp_path / "a", "results_t.json", content, {"samples_t.jsonl": once + again})
    board = make_board(read_results(tmp_path), resamples=2000)
    (cell,) = board.cells
    assert (cell.value, cell.items) == (0.25, 60)
    assert cell.low is not None
    assert cell.high is not None
    naive = 2 * 1.96 * (0.25 * 0.75 / 60) ** 0.5
    assert cell.high - cell.low > 1.1 * naive
    assert "a on t: 20 of 60 items are documents that were met before; in intervals and tests they count together" in board.notes
    assert "40 groups of items" in str(board.columns[0].note)


def test_links_to_results_are_named_and_not_followed(tmp_path: Path) -> None:
    home = written(tmp_path / "a", "results_t.json", said("a"))
    written(tmp_path / "store", "object", said("b"))
    for number in range(7):
        (home / f"results_{number}.json").symlink_to(tmp_path / "store" / "object")
    (home / "more").symlink_to(tmp_path / "store")
    results = read_results(home)
    assert list(results.models) == ["a"]
    (note,) = results.notes
    assert note.startswith("more, results_0.json, ")
    assert " and 3 more: links are not followed" in note


def test_linked_samples_beside_one_file_of_results_are_named(tmp_path: Path) -> None:
    written(tmp_path, "results_t.json", said("a"))
    (tmp_path / "samples_t.jsonl").symlink_to("/dev/zero")
    (note,) = read_results(tmp_path / "results_t.json").notes
    assert note.startswith("samples_t.jsonl: links are not followed")


def test_a_folder_with_links_alone_says_so(tmp_path: Path) -> None:
    (tmp_path / "results_t.json").symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"no results of lm-eval \(results_t.json: links are not followed"):
        read_results(tmp_path)


def test_a_pipe_is_no_file_of_results(tmp_path: Path) -> None:
    written(tmp_path, "results_t.json", said("a"))
    os.mkfifo(tmp_path / "results_x.json")
    assert read_results(tmp_path).notes == ("results_x.json: no regular files, which are not read",)
    with pytest.raises(InputError, match="neither a folder nor a regular file"):
        read_results(tmp_path / "results_x.json")
