"""Samples become items: one a document, whatever the version wrote; a torn end is left out, anything else is named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.leaderboard.records import Item
from harness.leaderboard.results import read_results


def items_of(
    folder: Path, lines: list[Any], *, kind: str = "generate_until", metadata: dict[str, Any] | None = None
) -> list[Item]:
    content = {
        "results": {"t": {"acc,none": 0.5}},
        "configs": {"t": {"output_type": kind, "metadata": metadata or {}}},
        "model_name": "m",
    }
    (folder / "results_t.json").write_text(json.dumps(content))
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "samples_t.jsonl").write_text(text)
    return list(read_results(folder).read_items("m", "t"))


def note_of(folder: Path) -> tuple[str, ...]:
    """What is said of the items once they have been read."""
    results = read_results(folder)
    list(results.read_items("m", "t"))
    return results.items_notes["m", "t"]


def test_lists_and_objects_of_arguments_are_read(tmp_path: Path) -> None:
    requests = [["Q", " ja"], ["Q", " nej"]]
    written = {f"gen_args_{place}": {"arg_0": one, "arg_1": two} for place, (one, two) in enumerate(requests)}
    new = {"doc_id": 0, "doc_hash": "a", "arguments": written, "filtered_resps": [["-1.5", "True"], ["-2.5", "False"]]}
    old = {"doc_id": 1, "doc": {"x": 1}, "arguments": requests, "filtered_resps": [[-1.5, True], [-2.5, False]]}
    new, old = new | {"target": "0", "acc": 1.0}, old | {"target": 0, "acc": 1}
    first, second = items_of(tmp_path, [new, old], kind="multiple_choice")
    assert (first.prompt, first.choices, first.answers, first.target) == ("Q", ("ja", "nej"), ("-1.5", "-2.5"), "0")
    assert (second.choices, second.answers, second.target, second.values) == (("ja", "nej"), ("-1.5", "-2.5"), "0", {"acc": 1.0})
    assert first.key == "a"
    assert len(second.key) == 64


def test_several_answers_to_one_prompt_are_kept(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, [{"doc_id": 0, "doc_hash": "a", "filtered_resps": [["en", "två"]], "acc": 1.0}])
    assert item.answers == ("en", "två")


def test_pairs_of_corpus_metrics_are_parts(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, [{"doc_id": 0, "doc_hash": "a", "metrics": ["chrf"], "chrf": ["hej", "hå"]}])
    assert item.values == {"chrf": None}
    assert item.meta["parts"] == {"chrf": ["hej", "hå"]}


def test_the_same_document_twice_is_two_items(tmp_path: Path) -> None:
    rows = [{"doc_id": place, "doc_hash": "a", "acc": 1.0} for place in range(3)]
    items = items_of(tmp_path, rows)
    assert [item.key for item in items] == ["a", "a#2", "a#3"]
    assert [item.meta.get("cluster", item.key) for item in items] == ["a", "a", "a"]
    assert [item.meta.get("repeats") for item in items] == [None, "a", "a"]


def test_what_belongs_together_is_told_by_the_documents_or_the_task(tmp_path: Path) -> None:
    rows = [{"doc_id": 0, "doc_hash": "a", "doc": {"cluster_id": "x", "passage": 7}, "acc": 1.0}]
    assert items_of(tmp_path, rows)[0].meta["cluster"] == "x"
    assert items_of(tmp_path, rows, metadata={"cluster": "passage"})[0].meta["cluster"] == "7"


def test_numbers_that_json_does_not_have_are_missing(tmp_path: Path) -> None:
    (item,) = items_of(
        tmp_path, ['{"doc_id": 0, "doc_hash": "a", "acc": NaN, "f1": Infinity, "em": 0.5, "x": 1' + "0" * 400 + "}"]
    )
    assert item.values == {"acc": None, "f1": None, "em": 0.5, "x": None}


def test_half_characters_of_answers_are_escaped(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, [{"doc_id": 0, "doc_hash": "a", "filtered_resps": ["\ud83d hej"], "acc": 1.0}])
    assert item.answers == ("\\ud83d hej",)


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    assert len(items_of(tmp_path, [{"doc_id": 0, "doc_hash": "a", "acc": 1.0}, '{"doc_id": 1, "acc": 1'])) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{broken", "line 1: no JSON"),
        ("[1, 2]", "line 1: a sample is to be an object, got list"),
        ('{"doc_id": 0, "metrics": ["acc"]}', "line 1: 'metrics' names 'acc'"),
        ('{"doc_id": 0, "metrics": [{}]}', "line 1: 'metrics' names"),
        ("[" * 100_000 + "\n", "line 1: no JSON"),
    ],
)
def test_a_damaged_line_is_named_and_no_item_of_its_file_is_used(tmp_path: Path, line: str, why: str) -> None:
    assert items_of(tmp_path, [line, {"doc_id": 1, "doc_hash": "b", "acc": 1.0}]) == []
    (said,) = note_of(tmp_path)
    assert said.startswith("m on t: its items are not used: ")
    assert f"samples_t.jsonl, {why}" in said


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.leaderboard.samples.LONGEST_LINE", 50)
    assert items_of(tmp_path, [{"doc_id": 0, "text": "x" * 100}]) == []
    assert "line 1: longer than 50 bytes" in note_of(tmp_path)[0]


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY\x01\x00\xff\xfe", b"\n\n"])
def test_samples_that_hold_nothing_are_named(tmp_path: Path, data: bytes) -> None:
    items_of(tmp_path, [{"doc_id": 0, "acc": 1.0}])
    (tmp_path / "samples_t.jsonl").write_bytes(data)
    assert note_of(tmp_path) == (f"m on t: its items are not used: {tmp_path / 'samples_t.jsonl'} holds no sample",)


def test_documents_nested_deeper_than_python_goes_are_named(tmp_path: Path) -> None:
    items_of(tmp_path, ['{"doc_id": 0, "acc": 1.0, "doc": ' + "[" * 200_000 + "]" * 200_000 + "}", {"doc_id": 1}])
    assert "line 1" in note_of(tmp_path)[0]


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_samples_are_read_from_regular_files_alone(tmp_path: Path, kind: str) -> None:
    items_of(tmp_path, [{"doc_id": 0, "acc": 1.0}])
    path = tmp_path / "samples_t.jsonl"
    path.rename(tmp_path / "elsewhere")
    os.mkfifo(path) if kind == "pipe" else path.symlink_to(tmp_path / "elsewhere")
    results = read_results(tmp_path)
    assert list(results.read_items("m", "t")) == []
    (note,) = results.notes
    assert note.startswith("samples_t.jsonl: ")
    assert ("regular" if kind == "pipe" else "links are not followed") in note


@pytest.mark.parametrize("name", ["samples_t_2026-01-01T00-00-00.0.jsonl", "pretrained__m_t.jsonl", "samples_t.jsonl"])
def test_names_of_several_versions_are_found(tmp_path: Path, name: str) -> None:
    items_of(tmp_path, [{"doc_id": 0, "doc_hash": "a", "acc": 1.0}])
    (tmp_path / "samples_t.jsonl").rename(tmp_path / name)
    assert len(list(read_results(tmp_path).read_items("m", "t"))) == 1


def test_samples_of_a_task_with_a_longer_name_are_not_taken(tmp_path: Path) -> None:
    items_of(tmp_path, [{"doc_id": 0, "doc_hash": "a", "acc": 1.0}])
    (tmp_path / "samples_t.jsonl").rename(tmp_path / "samples_t_hard_2026-01-01T00-00-00.0.jsonl")
    assert list(read_results(tmp_path).read_items("m", "t")) == []
