"""The file of answers that judges are asked about, and the config that names judges."""

import json
from pathlib import Path

import pytest

from harness.config import shipped
from harness.errors import ConfigError, InputError
from harness.gate.answers import read_answers
from harness.gate.judges_config import Drift, load_judges

LINE = {
    "id": "q",
    "language": "sv",
    "messages": [["system", "Svara."], ["user", "Huvudstad?"]],
    "references": ["Oslo"],
    "answers": {"a": "Oslo", "b": None},
    "ratings": {"anna": {"a": 3, "b": None}},
    "preferences": [["a", "b", "bo", "a"]],
}


def written(folder: Path, *lines: dict) -> Path:
    path = folder / "answers.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_a_line_is_an_example_with_its_outputs_ratings_and_preferences(tmp_path: Path) -> None:
    data = read_answers(written(tmp_path, LINE))
    (example,) = data.examples
    assert (example.kind, example.instruction, example.references) == ("chat", "Huvudstad?", ("Oslo",))
    assert [(output.id, output.system, output.text) for output in data.outputs] == [("q-a", "a", "Oslo"), ("q-b", "b", None)]
    assert [(one.output_id, one.rater, one.value) for one in data.judgments] == [("q-a", "anna", 3.0), ("q-b", "anna", None)]
    assert [(one.output_a, one.output_b, one.winner) for one in data.preferences] == [("q-a", "q-b", "a")]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([LINE, LINE], "line 2: the id 'q' is there twice"),
        ([{**LINE, "id": " "}], "line 1: the id is empty"),
        ([{**LINE, "ratings": {"anna": {"c": 1}}}], "line 1: 'c' is rated and has no answer; there are a, b"),
        ([{**LINE, "ratings": {"anna": {"a": 4}}}], "line 1: a rating lies from 1 to 3"),
        ([{**LINE, "answer": "?"}], "line 1: .*unknown field `answer`"),
        ([], "holds no answers"),
    ],
)
def test_what_is_no_such_line_is_refused_with_its_number(tmp_path: Path, lines: list[dict], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_answers(written(tmp_path, *lines))


def test_the_shipped_answers_hold_what_judges_stumble_over() -> None:
    data = read_answers(shipped("configs") / "gate" / "judges" / "answers.jsonl")
    texts = [output.text for output in data.outputs]
    assert None in texts
    assert "" in texts
    assert any("VERDICT" in (text or "") for text in texts)
    assert {example.kind for example in data.examples} == {"instruction", "chat", "choice"}
    assert {example.language for example in data.examples} == {"sv", "sv-SE", "en", "da"}


def config(folder: Path, text: str) -> Path:
    path = folder / "judges.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_judges_are_called_as_they_are_written_or_by_a_short_name(tmp_path: Path) -> None:
    found = load_judges(
        config(
            tmp_path,
            """
answers: answers.jsonl
judges:
  - {metric: llm-judge:tiny, replies: a.jsonl}
  - {metric: {llm-judge: {model: tiny, samples: 2}}, name: twice, replies: b.jsonl, examples: [q], drift: {too_much: 0.5}}
  - {metric: {llm-judge: {model: tiny, samples: 3}}, replies: c.jsonl}
""",
        )
    )
    assert [judge.label for judge in found.judges] == ["llm-judge:tiny", "llm-judge (twice)", "llm-judge:model=tiny,samples=3"]
    assert found.judges[1].examples == {"q"}
    assert found.judges[1].drift == Drift(too_much=0.5)
    assert found.judges[0].replies == tmp_path / "a.jsonl"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("judges: [{metric: chrf, replies: a}]", "name what the judges were asked about"),
        ("{answers: a, judgments: b, judges: []}", "name what the judges were asked about"),
        ("{answers: a, judges: []}", "line 1, judges: expected a list of judges"),
        ("{answers: a, judges: [chrf]}", r"judges\[1\]: expected `{metric"),
        ("{answers: a, judges: [{metric: chrf}]}", "name the file of its recorded replies"),
        ("{answers: a, judges: [{metric: chrf, replies: r, model: x}]}", "unknown key 'model'"),
        ("{answers: a, judges: [{metric: chrf, replies: r}, {metric: chrf, replies: s}]}", "the judge 'chrf' is here twice"),
        ("{answers: a, judges: [{metric: chrf, replies: r}, {metric: bleu, replies: r}]}", "r holds another judge's replies"),
        (
            "{answers: a, judges: [{metric: chrf, replies: r, drift: {allowed: 0.3}}]}",
            r"allowed \(0.3\) must be less than too_much",
        ),
        ("{answers: a, judges: [{metric: chrf, replies: r, drift: {range: 0}}]}", "expected a number above 0, got 0"),
    ],
)
def test_what_a_config_cannot_mean_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_judges(config(tmp_path, text))
