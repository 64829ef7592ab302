"""Argilla's exports, new and old: submitted answers count, drafts, discarded answers and suggestions do not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from harness_plugins.judgments.argilla import Argilla

from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.records import Scale, Span

ANNA, BO = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
SETTINGS = {
    "guidelines": None,
    "questions": [
        {"name": "quality", "settings": {"type": "rating", "options": [{"value": n} for n in range(1, 6)]}, "type": "rating"},
        {"name": "tone", "settings": {"type": "label_selection", "options": [{"value": "ok", "text": "OK"}]}},
        {"name": "errs", "settings": {"type": "span", "field": "response", "options": [{"value": "fel", "text": "fel"}]}},
        {"name": "why", "settings": {"type": "text", "use_markdown": False}},
    ],
    "fields": [{"name": "instruction", "settings": {"type": "text"}}, {"name": "response", "settings": {"type": "text"}}],
}
Write = Callable[..., Path]


def flat(number: int, system: str, text: str, **questions: list[tuple[str, Any, str]]) -> dict[str, Any]:
    """A row as records.to_datasets() makes it."""
    row: dict[str, Any] = {"id": str(number), "status": "completed", "_server_id": f"s{number}", "instruction": "Vad?"}
    row |= {"response": text, "item": "q1", "system": system, "quality.suggestion": 5, "quality.suggestion.score": 0.9}
    for question, answers in questions.items():
        row[f"{question}.responses"] = [value for _, value, _ in answers]
        row[f"{question}.responses.users"] = [user for user, _, _ in answers]
        row[f"{question}.responses.status"] = [status for _, _, status in answers]
    return {**row, "quality.suggestion.agent": "gpt"}


ROWS = [
    flat(
        1, "stor", "Det är så.",
        quality=[(ANNA, 4, "submitted"), (BO, 1, "draft")], tone=[(ANNA, "ok", "submitted")],
        errs=[(ANNA, [{"label": "fel", "start": 0, "end": 3}], "submitted")], why=[(ANNA, "jo", "submitted")],
    ),
    flat(2, "liten", "Nej.", quality=[(ANNA, 2, "submitted"), (BO, 3, "discarded")]),
]  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(SETTINGS), encoding="utf-8")
    return path


def jsonl(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "records.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def said(data: JudgmentSet) -> list[tuple[str, str, str, Any]]:
    return [(j.output_id.partition("/")[2], j.rater, j.criterion, j.value) for j in data.judgments]


def test_submitted_answers_count_and_drafts_discarded_ones_and_suggestions_do_not(tmp_path: Path, settings: Path) -> None:
    data = read_judgments(Argilla(jsonl(tmp_path, ROWS), language="sv"))
    assert said(data) == [
        ("q1/stor", "aaaaaaaa", "quality", 4.0),
        ("q1/stor", "aaaaaaaa", "tone", "ok"),
        ("q1/stor", "aaaaaaaa", "errs", "fel"),
        ("q1/liten", "aaaaaaaa", "quality", 2.0),
    ]
    assert data.judgments[0].scale == Scale(low=1, high=5)
    assert data.judgments[0].note == "jo"
    assert data.judgments[2].span == Span(start=0, end=3)
    assert "left out: 2 answers that are drafts or discarded" in data.notes


@pytest.mark.parametrize(("end", "span"), [(3.0, Span(start=0, end=3)), (2.5, None), ("3", None), (1e999, None), (None, None)])
def test_a_span_without_whole_places_is_left_out(tmp_path: Path, settings: Path, end: Any, span: Span | None) -> None:
    errs = [(ANNA, [{"label": "fel", "start": 0, "end": end}], "submitted")]
    data = read_judgments(Argilla(jsonl(tmp_path, [flat(1, "stor", "Det.", quality=[(ANNA, 4, "submitted")], errs=errs)])))
    assert [j.span for j in data.judgments if j.criterion == "errs"] == ([span] if span else [])
    assert any("spans (errs)" in note for note in data.notes) == (span is None)
    assert span is None or type(data.judgments[1].span.end) is int  # type: ignore[union-attr]


def test_parquet_holds_the_same_as_json_lines(tmp_path: Path, settings: Path) -> None:
    rows = [{key: row.get(key) for key in dict.fromkeys(k for r in ROWS for k in r)} for row in ROWS]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "records.parquet")
    parquet = read_judgments(Argilla(tmp_path / "records.parquet"))
    lines = read_judgments(Argilla(jsonl(tmp_path, ROWS)))
    assert (parquet.outputs, parquet.judgments) == (lines.outputs, lines.judgments)


def test_a_dataset_on_disk_counts_what_it_holds_and_warns_that_it_tells_no_status(tmp_path: Path) -> None:
    """Dataset.to_disk of Argilla 2 writes value and user_id of a response, and no status."""
    record = {
        "id": "r1", "fields": {"instruction": "Vad?", "response": "Det."}, "metadata": {"system": "stor", "item": "q1"},
        "suggestions": {"quality": {"value": 5, "score": 0.9, "agent": "gpt"}},
        "responses": {"quality": [{"value": 4, "user_id": ANNA}, {"value": 2, "user_id": BO}]},
        "vectors": {}, "status": "pending", "_server_id": None,
    }  # fmt: skip
    (tmp_path / ".argilla").mkdir()
    (tmp_path / ".argilla" / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (tmp_path / "records.json").write_text(json.dumps([record]), encoding="utf-8")
    data = read_judgments(Argilla(tmp_path))
    assert said(data) == [("q1/stor", "aaaaaaaa", "quality", 4.0), ("q1/stor", "bbbbbbbb", "quality", 2.0)]
    assert data.judgments[0].scale == Scale(low=1, high=5)
    assert any(note.startswith("2 answers count although the export does not say") for note in data.notes)


@pytest.mark.parametrize("shape", ["records", "columns", "nested"])
def test_a_feedback_dataset_of_argilla_1_is_read_in_each_of_its_shapes(tmp_path: Path, shape: str) -> None:
    answers = [{"user_id": ANNA, "value": 3, "status": "submitted"}, {"user_id": BO, "value": 1, "status": "discarded"}]
    columns = {key: [answer[key] for answer in answers] for key in ("user_id", "value", "status")}
    row: dict[str, Any] = {"response": "Det.", "quality-suggestion": 2, "quality-suggestion-metadata": {"agent": "m"}}
    row |= {
        "external_id": "e1",
        "metadata": json.dumps({"system": "stor"}),
        "quality": answers if shape == "records" else columns,
    }
    if shape == "nested":
        users = [{"user_id": a["user_id"], "status": a["status"], "values": {"quality": {"value": a["value"]}}} for a in answers]
        row = {"fields": {"response": "Det."}, "metadata": {"system": "stor"}, "responses": users, "external_id": "e1"}
    yaml = "fields:\n- name: response\nquestions:\n- name: quality\n  settings:\n"
    tagged = "    type: !!python/object/apply:enums.QuestionTypes\n    - rating\n    options:\n    - value: 1\n    - value: 7\n"
    (tmp_path / "argilla.yaml").write_text(yaml + tagged, encoding="utf-8")
    data = read_judgments(Argilla(jsonl(tmp_path, [row])))
    assert said(data) == [("e1/stor", "aaaaaaaa", "quality", 3.0)]
    assert data.judgments[0].scale == Scale(low=1, high=7)
    assert data.outputs[0].text == "Det."


@pytest.mark.parametrize(
    "value", [["b", "a", "c"], [{"rank": 1, "value": "b"}, {"rank": 2, "value": "a"}, {"rank": 3, "value": "c"}]]
)
def test_a_ranking_is_a_preference_for_every_pair(tmp_path: Path, value: list[Any]) -> None:
    row = {"id": "1", "a": "Ett", "b": "Två", "c": "Tre", "rank.responses": [value], "rank.responses.users": [ANNA]}
    data = read_judgments(Argilla(jsonl(tmp_path, [{**row, "rank.responses.status": ["submitted"]}]), outputs=["a", "b", "c"]))
    found = [(p.output_a[-1], p.output_b[-1], p.winner) for p in data.preferences]
    assert found == [("a", "b", "b"), ("a", "c", "a"), ("b", "c", "a")]


def test_tied_ranks_are_ties(tmp_path: Path) -> None:
    value = [{"rank": 1, "value": "b"}, {"rank": 1, "value": "a"}]
    row = {"id": "1", "a": "Ett", "b": "Två", "rank": [{"user_id": ANNA, "value": value, "status": "submitted"}]}
    (preference,) = read_judgments(Argilla(jsonl(tmp_path, [row]), outputs=["a", "b"])).preferences
    assert preference.winner == "tie"


def test_a_rating_question_per_output_is_put_on_its_output_and_one_criterion(tmp_path: Path) -> None:
    """The shape that distilabel's PreferenceToArgilla writes."""
    row = {"id": "1", "generation-1": "Ett", "generation-2": "Två"} | {
        f"generation-{n}-rating": [{"user_id": ANNA, "value": n, "status": "submitted"}] for n in (1, 2)
    }
    data = read_judgments(Argilla(jsonl(tmp_path, [row]), outputs=["generation-1", "generation-2"], scale=[1, 5]))
    assert said(data) == [
        ("1/generation-1", "aaaaaaaa", "rating", 1.0),
        ("1/generation-2", "aaaaaaaa", "rating", 2.0),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("records.csv", "x", "an Argilla export is a folder"),
        ("records.json", "[]", "it holds no records"),
        ("records.jsonl", "{", "not JSON"),
        ("records.jsonl", '{"id": "1", "prompt": "x"}', "no field of the tasks holds the output"),
        ("records.jsonl", '{"id": "1", "response": "x"}', "no person's answer about an output was found"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_what_to_do(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        Argilla(tmp_path / name)


def test_settings_with_python_tags_build_nothing(tmp_path: Path) -> None:
    target = tmp_path / "made"
    evil = f"questions:\n- name: quality\n  settings: !!python/object/apply:os.mkdir ['{target}']\n"
    (tmp_path / "argilla.yaml").write_text(evil, encoding="utf-8")
    row = {"id": "1", "response": "x", "quality": [{"user_id": ANNA, "value": 1, "status": "submitted"}]}
    with pytest.raises(InputError, match="settings"):
        Argilla(jsonl(tmp_path, [row]))
    assert not target.exists()


@pytest.mark.parametrize(
    "responses", [{"quality": 3}, {"quality": ["x"]}, {"errs": [{"user_id": ANNA, "value": [{"label": "fel"}]}]}, 7]
)
def test_records_of_another_shape_are_refused_with_their_number(tmp_path: Path, settings: Path, responses: Any) -> None:
    record = {"id": "r1", "fields": {"response": "Det."}, "metadata": {}, "responses": responses}
    (tmp_path / "records.json").write_text(json.dumps([record]), encoding="utf-8")
    with pytest.raises(InputError, match=r"records.json, record 1: it does not have the shape of an export"):
        Argilla(tmp_path / "records.json")


def test_answers_without_a_user_are_raters_of_their_own_and_told(tmp_path: Path, settings: Path) -> None:
    rows = [
        flat(1, "stor", "Det är så.", quality=[(ANNA, 4, "submitted"), (None, 1, "submitted"), (None, 2, "submitted")],
             tone=[(None, "ok", "submitted")]),
        flat(2, "liten", "Nej.", quality=[(None, 2, "submitted"), (None, 5, "draft")]),
    ]  # fmt: skip
    data = read_judgments(Argilla(jsonl(tmp_path, rows), language="sv"))
    assert {(rater, criterion): value for _, rater, criterion, value in said(data)} == {
        ("aaaaaaaa", "quality"): 4.0,
        ("unknown-1", "quality"): 1.0,
        ("unknown-1.2", "quality"): 2.0,
        ("unknown-1", "tone"): "ok",
        ("unknown-2", "quality"): 2.0,
    }
    assert any(note.startswith("4 answers name no user") for note in data.notes)


def test_nested_answers_without_a_user_are_not_one_person(tmp_path: Path, settings: Path) -> None:
    fields = {"instruction": "Vad?", "response": "Det är så."}
    answer = [{"value": 3, "status": "submitted"}, {"user_id": None, "value": 4, "status": "submitted"}]
    rows = [{"id": str(n), "fields": fields, "metadata": {"item": f"q{n}"}, "responses": {"quality": answer}} for n in (1, 2)]
    data = read_judgments(Argilla(jsonl(tmp_path, rows), language="sv"))
    assert sorted({judgment.rater for judgment in data.judgments}) == ["unknown-1", "unknown-1.2", "unknown-2", "unknown-2.2"]


def test_a_label_that_nobody_said_is_told(tmp_path: Path, settings: Path) -> None:
    data = read_judgments(Argilla(jsonl(tmp_path, ROWS), language="sv", labels=["ok:1", "zzz:2"]))
    assert "labels=[…] names 'zzz', which no answer says" in data.notes
