"""Label Studio's exports: what people said counts, once and on the right output; predictions and skipped tasks never do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.judgments.label_studio import LabelStudio

from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.plugins import load_plugins
from harness.records import Scale

CONFIG = """
<View>
  <Text name="ask" value="$instruction"/>
  <Text name="reply" value="$output"/>
  <Rating name="correctness" toName="reply" maxRating="3"/>
  <Number name="naturalness" toName="reply" min="0" max="10"/>
  <Choices name="relatedness" toName="reply"><Choice value="inte alls" alias="1"/><Choice value="helt" alias="3"/></Choices>
  <Choices name="clear" toName="ask"><Choice value="ja"/><Choice value="nej"/></Choices>
  <Choices name="tone" toName="reply"><Choice value="bra"/><Choice value="dålig"/></Choices>
  <Labels name="errors" toName="reply"><Label value="fakta"/></Labels>
  <TextArea name="comment" toName="reply"/>
</View>
"""
Read = Callable[..., JudgmentSet]


def result(name: str, kind: str, value: dict[str, Any], to: str = "reply") -> dict[str, Any]:
    return {"id": f"r-{name}", "from_name": name, "to_name": to, "type": kind, "origin": "manual", "value": value}


def annotation(who: Any, *results: dict[str, Any], day: int = 1, **fields: Any) -> dict[str, Any]:
    when = f"2026-03-{day:02d}T10:00:00.000000Z"
    said = {"id": day, "completed_by": who, "result": list(results), "was_cancelled": False, "ground_truth": False}
    return {**said, "created_at": when, "updated_at": when, "lead_time": 9.5, "prediction": {}, **fields}


def task(number: int, data: dict[str, Any], *annotations: dict[str, Any], **fields: Any) -> dict[str, Any]:
    full = {"id": number, "data": data, "annotations": list(annotations), "predictions": [], "drafts": [], "project": 7}
    return {**full, "created_at": "2026-03-01T09:00:00.000000Z", "inner_id": number, "total_annotations": 1, **fields}


def stars(value: int) -> dict[str, Any]:
    return result("correctness", "rating", {"rating": value})


def shown(item: str, system: str, output: str) -> dict[str, str]:
    return {"item": item, "system": system, "instruction": f"Fråga {item}?", "output": output, "reference": "Stockholm."}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads tasks as a file, with or without the configuration."""

    def read(tasks: Any, config: str | None = None, **params: Any) -> JudgmentSet:
        (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
        if config is not None:
            (tmp_path / "labels.xml").write_text(config, encoding="utf-8")
            params["config"] = tmp_path / "labels.xml"
        return read_judgments(LabelStudio(tmp_path / "export.json", **params))

    return read


def said(data: JudgmentSet) -> list[tuple[str, str, str, Any]]:
    return [(j.output_id.partition("/")[2], j.rater, j.criterion, j.value) for j in data.judgments]


def test_ratings_numbers_and_choices_of_two_raters_are_judgments_on_their_scales(read: Read) -> None:
    number = result("naturalness", "number", {"number": 7})
    choice = result("relatedness", "choices", {"choices": ["3"]})
    label = result("tone", "choices", {"choices": ["bra"]})
    data = read(
        [
            task(1, shown("q1", "stor", "Stockholm."), annotation(3, stars(3), number, choice, label), annotation(5, stars(2))),
            task(2, shown("q1", "liten", "Göteborg."), annotation({"id": 3, "email": "a@example.org"}, stars(1))),
        ],
        CONFIG,
        language="sv",
    )
    assert said(data) == [
        ("q1/stor", "3", "correctness", 3.0),
        ("q1/stor", "3", "naturalness", 7.0),
        ("q1/stor", "3", "relatedness", 3.0),
        ("q1/stor", "3", "tone", "bra"),
        ("q1/stor", "5", "correctness", 2.0),
        ("q1/liten", "3", "correctness", 1.0),
    ]
    scales = {judgment.criterion: judgment.scale for judgment in data.judgments}
    assert scales == {
        "correctness": Scale(low=1, high=3), "naturalness": Scale(low=0, high=10),
        "relatedness": Scale(low=1, high=3), "tone": None,
    }  # fmt: skip
    (example,) = data.examples
    assert (example.instruction, example.references, example.language) == ("Fråga q1?", ("Stockholm.",), "sv")


def test_predictions_drafts_and_skipped_tasks_never_count(read: Read) -> None:
    model = {"id": 1, "model_version": "m", "score": 0.9, "result": [stars(1)]}
    data = read(
        [
            task(1, shown("q1", "a", "x"), annotation(3, stars(2)), predictions=[model], drafts=[annotation(4, stars(1))]),
            task(2, shown("q1", "b", "y"), annotation(3, stars(3), was_cancelled=True)),
        ],
        CONFIG,
    )
    assert said(data) == [("q1/a", "3", "correctness", 2.0)]
    assert "left out: 1 skipped tasks (cancelled annotations)" in data.notes


def test_the_last_of_two_annotations_by_one_rater_counts_and_is_noted(read: Read) -> None:
    data = read([task(1, shown("q1", "a", "x"), annotation(3, stars(3), day=2), annotation(3, stars(1)))], CONFIG)
    assert said(data) == [("q1/a", "3", "correctness", 3.0)]
    assert any("same rater gave again later" in note for note in data.notes)


def test_a_control_about_the_question_is_not_a_rating_of_the_answer(read: Read) -> None:
    clear = result("clear", "choices", {"choices": ["ja"]}, to="ask")
    tasks = [task(1, shown("q1", "a", "x"), annotation(3, stars(2), clear))]
    data = read(tasks, CONFIG)
    assert [judgment.criterion for judgment in data.judgments] == ["correctness"]
    assert any("'clear', which is about 'instruction' and no output" in note for note in data.notes)
    taken = read(tasks, CONFIG, targets=["clear:output"])
    assert [judgment.criterion for judgment in taken.judgments] == ["correctness", "clear"]


def test_spans_count_in_code_points_although_the_browser_counts_utf_16(read: Read) -> None:
    text = "Hej 🙂 Stockholm ligger"
    mark = result("errors", "labels", {"start": 7, "end": 16, "text": "Stockholm", "labels": ["fakta"]})
    wrong = result("errors", "labels", {"start": 0, "end": 3, "text": "Nej", "labels": ["fakta"]})
    data = read([task(1, shown("q1", "a", text), annotation(3, mark, wrong))], CONFIG)
    (judgment,) = data.judgments
    assert judgment.span is not None
    assert (text[judgment.span.start : judgment.span.end], judgment.value) == ("Stockholm", "fakta")
    assert "left out: 1 spans (errors) that do not fit the text they mark" in data.notes


def test_a_comment_becomes_the_note_of_the_ratings(read: Read) -> None:
    comment = result("comment", "textarea", {"text": ["fel ort"]})
    (judgment,) = read([task(1, shown("q1", "a", "x"), annotation(3, stars(1), comment))], CONFIG).judgments
    assert judgment.note == "fel ort"


def test_two_outputs_a_task_are_compared_and_rated_each_on_its_own(read: Read) -> None:
    data_fields = {"prompt": "Vad?", "a": "Ett", "b": "Två", "model_a": "stor", "model_b": "liten"}
    better = result("better", "pairwise", {"selected": "right"}, to="left-text,right-text")
    ratings = [result(f"fluency_{side}", "rating", {"rating": stars}, to="ask") for side, stars in (("a", 4), ("b", 5))]
    data = read(
        [task(1, data_fields, annotation(3, better, *ratings))], outputs=["a", "b"], systems=["model_a", "model_b"], scale=[1, 5]
    )
    assert said(data) == [("1/stor", "3", "fluency", 4.0), ("1/liten", "3", "fluency", 5.0)]
    (preference,) = data.preferences
    assert (preference.output_a, preference.output_b) == ("export/1/stor", "export/1/liten")
    assert (preference.winner, preference.shown_first, preference.criterion) == ("b", "a", "better")


def test_choices_stand_for_sides_where_labels_say_so(read: Read) -> None:
    tasks = [
        task(n, {"a": f"A{n}", "b": f"B{n}"}, annotation(3, result("pick", "choices", {"choices": [label]}, to="ask")))
        for n, label in enumerate(("A är bättre", "lika", "B är bättre"), 1)
    ]
    labels = ["A är bättre:left", "lika:tie", "B är bättre:right"]
    assert [p.winner for p in read(tasks, outputs=["a", "b"], labels=labels).preferences] == ["a", "tie", "b"]


def test_labels_become_numbers_and_an_unknown_one_is_refused(read: Read) -> None:
    tasks = [
        task(n, shown(f"q{n}", "a", "x"), annotation(3, result("tone", "choices", {"choices": [label]})))
        for n, label in enumerate(("bra", "dålig"))
    ]
    assert [judgment.value for judgment in read(tasks, labels=["bra:2", "dålig:1"]).judgments] == [2.0, 1.0]
    with pytest.raises(InputError, match=r"'3' said 'dålig' on 'tone', which labels=\[…\] does not name"):
        read(tasks, labels=["bra:2"])


def test_json_min_says_the_same_as_json(read: Read) -> None:
    """The row is what label_studio_sdk's converter writes for the task."""
    mark = {"start": 0, "end": 3, "text": "Hej", "labels": ["fakta"]}
    row = {
        **shown("q1", "stor", "Hej du"), "id": 1, "correctness": [{"rating": 3}], "naturalness": [{"number": 4}],
        "relatedness": "3", "clear": "ja", "comment": "bra svar", "errors": [mark], "annotator": 3, "annotation_id": 11,
        "created_at": "2026-03-01T10:00:00.000000Z", "updated_at": "2026-03-01T10:00:00.000000Z", "lead_time": 12.5,
    }  # fmt: skip
    full = [
        stars(3), result("naturalness", "number", {"number": 4}), result("relatedness", "choices", {"choices": ["3"]}),
        result("clear", "choices", {"choices": ["ja"]}, to="ask"), result("errors", "labels", mark),
        result("comment", "textarea", {"text": ["bra svar"]}),
    ]  # fmt: skip
    unanswered = {**shown("q2", "stor", "Nej"), "id": 2, "annotator": None, "annotation_id": None, "lead_time": None}
    short = read([row, unanswered], CONFIG)
    long = read([task(1, shown("q1", "stor", "Hej du"), annotation(3, *full)), task(2, shown("q2", "stor", "Nej"))], CONFIG)
    assert len(short.judgments) == 4
    assert (short.examples, short.outputs, short.judgments, short.notes) == (
        long.examples, long.outputs, long.judgments, long.notes
    )  # fmt: skip


def test_without_a_configuration_the_range_of_the_ratings_is_the_scale_and_said_to_be(read: Read) -> None:
    data = read([task(n, shown(f"q{n}", "a", "x"), annotation(3, stars(n))) for n in (1, 4)])
    assert data.judgments[0].scale == Scale(low=1, high=4)
    assert any("the scale of 'correctness' is not in the export" in note for note in data.notes)


def test_raters_can_be_renamed_and_addresses_are_warned_of(read: Read) -> None:
    tasks = [task(1, shown("q1", "a", "x"), annotation({"email": "anna@example.org"}, stars(2)))]
    assert any("e-mail address" in note for note in read(tasks, CONFIG).notes)
    renamed = read(tasks, CONFIG, raters=["anna@example.org:r1"])
    assert renamed.judgments[0].rater == "r1"
    assert not any("e-mail" in note for note in renamed.notes)


@pytest.mark.parametrize(
    ("tasks", "params", "message"),
    [
        (
            [{"id": 1, "data": {"svar2": "x"}, "annotations": []}],
            {},
            "no field of the tasks holds the output .* give output=FIELD",
        ),
        ([{"id": 1, "text": "x"}], {}, "task 1: neither Label Studio's JSON"),
        ([task(1, {"output": "x"})], {}, "no person's answer about an output was found"),
        ([task(1, {"output": "x"}, annotation(3, stars(1)))], {"targets": ["corectness:output"]}, "Did you mean 'correctness'"),
        ([task(1, {"output": "x"}, annotation(None, stars(1)))], {}, "task 1: an annotation without completed_by"),
        ([task(1, {"output": 3}, annotation(3, stars(1)))], {}, "task 1: the output 'output' is int, not a text"),
        (
            [task(n, {"item": "q", "output": text}, annotation(3, stars(1))) for n, text in enumerate("xy", 1)],
            {},
            "task 2: system 'output' has another output on item 'q' than in task 1",
        ),
    ],
)
def test_a_mistake_is_named_with_its_task_and_what_to_do(
    read: Read, tasks: list[Any], params: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(tasks, **params)


def test_a_configuration_with_entities_is_refused(read: Read) -> None:
    bomb = '<!DOCTYPE v [<!ENTITY a "x">]><View>&a;</View>'
    with pytest.raises(InputError, match="no <!DOCTYPE>"):
        read([task(1, shown("q1", "a", "x"), annotation(3, stars(1)))], bomb)


def test_it_is_a_plugin_with_its_path_as_the_bare_word(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task(1, shown("q1", "a", "x"), annotation(3, stars(1)))]), encoding="utf-8")
    plugins = load_plugins()
    source = plugins.build("judgment source", plugins.parse("judgment source", f"label-studio:{path},language=sv"))
    assert source.info.name == "label-studio:export"
    assert source.info.primary_rater == "3"


@pytest.mark.parametrize(
    "annotations",
    [
        [7],
        ["x"],
        [annotation(3, "x")],  # type: ignore[arg-type]
        [annotation(3, result("correctness", "rating", {"rating": [1]}))],
        [annotation(3, result("correctness", "rating", {"rating": True}))],
    ],
)
def test_an_export_of_another_shape_is_refused_with_its_task(read: Read, annotations: list[Any]) -> None:
    good = task(1, shown("q1", "a", "x"), annotation(3, stars(2)))
    with pytest.raises(InputError, match=r"export.json, task 2: it does not have the shape"):
        read([good, {**task(2, shown("q1", "b", "y")), "annotations": annotations}], CONFIG)


@pytest.mark.parametrize(("said", "counts"), [("false", True), ("False", True), (0, True), (None, True), ("true", False)])
def test_whether_a_task_was_skipped_may_be_a_word(read: Read, said: Any, counts: bool) -> None:
    tasks = [
        task(1, shown("q1", "stor", "x"), annotation(3, stars(3))),
        task(2, shown("q2", "stor", "y"), annotation(3, stars(1), was_cancelled=said)),
    ]
    assert len(read(tasks, CONFIG).judgments) == 1 + counts


def test_a_word_that_is_neither_true_nor_false_is_refused(read: Read) -> None:
    with pytest.raises(InputError, match=r"task 1: .*was_cancelled is 'perhaps', neither true nor false"):
        read([task(1, shown("q1", "stor", "x"), annotation(3, stars(3), was_cancelled="perhaps"))], CONFIG)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('maxRating="3"', 'maxRating="0"', "<Rating name='correctness'> has maxRating=0; stars are a whole number"),
        ('maxRating="3"', 'maxRating="abc"', "<Rating name='correctness'> has maxRating='abc', which is no number"),
        ('maxRating="3"', 'maxRating="nan"', "maxRating='nan', which is no number"),
        ('max="10"', 'max="ten"', "<Number name='naturalness'> has max='ten', which is no number"),
    ],
)
def test_a_scale_that_is_none_is_refused(read: Read, before: str, after: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read([task(1, shown("q1", "stor", "x"), annotation(3, stars(3)))], CONFIG.replace(before, after))


def test_labels_nobody_said_and_controls_of_another_configuration_are_told(read: Read) -> None:
    other = result("style", "rating", {"rating": 2})
    label = result("tone", "choices", {"choices": ["bra"]})
    tasks = [task(1, shown("q1", "stor", "x"), annotation(3, stars(3), other, label))]
    data = read(tasks, CONFIG, labels=["bra:1", "zzz:0"])
    assert "labels=[…] names 'zzz', which no answer says" in data.notes
    assert any("the configuration has no control 'style'" in note for note in data.notes)
    assert not any("no control" in note or "labels=" in note for note in read(tasks, labels=["bra:1"]).notes)
