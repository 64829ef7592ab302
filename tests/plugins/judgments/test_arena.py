"""Votes of Chatbot Arena in the shapes of its exports, made by hand: conversations, languages, ties, and what is left out."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_plugins.judgments.arena import Arena
from harness_plugins.judgments.arena_languages import language_tag

from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments


def chat(*texts: str) -> list[dict[str, Any]]:
    return [{"role": "assistant" if place % 2 else "user", "content": text} for place, text in enumerate(texts)]


def parts(*texts: str) -> list[dict[str, Any]]:
    """A conversation as the export of 140 k votes has it."""
    return [
        {
            "role": "assistant" if place % 2 else "user",
            "content": [{"type": "text", "text": text, "image": None}],
            "num_tokens": 3,
        }
        for place, text in enumerate(texts)
    ]


def conversations(**fields: Any) -> dict[str, Any]:
    """A row as chatbot_arena_conversations has it."""
    return {
        "question_id": "q1", "model_a": "koala-13b", "model_b": "vicuna-13b", "winner": "model_b", "judge": "arena_user_1",
        "conversation_a": chat("Hej!", "Hello"), "conversation_b": chat("Hej!", "Hej själv"), "turn": 1, "anony": True,
        "language": "Swedish", "tstamp": 1.0, **fields,
    }  # fmt: skip


def newest(**fields: Any) -> dict[str, Any]:
    """A row as arena-human-preference-140k has it."""
    return {
        "id": "v1", "model_a": "m1", "model_b": "m2", "winner": "both_bad", "evaluation_session_id": "s1", "evaluation_order": 1,
        "conversation_a": parts("Q1", "A1", "Q2", "A2"), "conversation_b": parts("Q1", "B1", "Q2", "B2"), "language": "sv",
        **fields,
    }  # fmt: skip


def kaggle(**fields: Any) -> dict[str, Any]:
    """A row as arena-human-preference-55k has it."""
    return {
        "id": 30192, "model_a": "gpt-4", "model_b": "claude", "prompt": '["Is it right?","And now?"]',
        "response_a": '["Yes.","No."]', "response_b": '["Well.",null]', "winner_model_a": 1, "winner_model_b": 0, "winner_tie": 0,
        **fields,
    }  # fmt: skip


def write(folder: Path, *rows: dict[str, Any], suffix: str = "jsonl") -> Path:
    path = folder / f"votes.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif suffix == "json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def read(path: Path, **parameters: Any) -> JudgmentSet:
    return read_judgments(Arena(path, **parameters))


@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
def test_a_vote_is_an_item_with_two_answers(tmp_path: Path, suffix: str) -> None:
    data = read(write(tmp_path, conversations(), suffix=suffix))
    (example,), (vote,) = data.examples, data.preferences
    assert (example.id, example.kind, example.language, example.instruction) == ("arena/q1", "chat", "sv", "Hej!")
    assert [(o.id, o.system, o.text) for o in data.outputs] == [
        ("arena/q1/koala-13b", "koala-13b", "Hello"),
        ("arena/q1/vicuna-13b", "vicuna-13b", "Hej själv"),
    ]
    assert (vote.rater, vote.winner, vote.criterion) == ("arena_user_1", "b", "preference")


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_the_newest_export_has_parts_a_session_and_the_last_turn_is_the_output(tmp_path: Path, suffix: str) -> None:
    data = read(write(tmp_path, newest(), suffix=suffix))
    (example,) = data.examples
    assert [message.text for message in example.messages] == ["Q1", "Q2"]
    assert [(o.text, o.meta["earlier_answers"]) for o in data.outputs] == [("A2", ["A1"]), ("B2", ["B1"])]
    assert [(p.rater, p.winner) for p in data.preferences] == [("s1", "tie")]
    assert "1 of 1 votes say that both answers are bad; they count as ties" in data.notes


def test_the_export_with_prompts_and_responses_is_read_too(tmp_path: Path) -> None:
    data = read(write(tmp_path, kaggle(), kaggle(id=2, winner_model_a=0, winner_tie=1)))
    assert [message.text for message in data.examples[0].messages] == ["Is it right?", "And now?"]
    assert [o.text for o in data.outputs[:2]] == ["No.", ""]
    assert [(p.rater, p.winner) for p in data.preferences] == [("visitor", "a"), ("visitor", "tie")]
    assert data.examples[0].language == "und"
    assert any("2 votes are on an answer without text" in note for note in data.notes)


def test_conversations_may_be_written_as_json(tmp_path: Path) -> None:
    data = read(write(tmp_path, conversations(conversation_a=json.dumps(chat("Hej!", "Hello")))))
    assert data.outputs[0].text == "Hello"


@pytest.mark.parametrize(
    ("said", "tag"),
    [("Swedish", "sv"), ("english", "en"), ("sv", "sv"), ("pt-BR", "pt-BR"), ("unknown", "und"), ("und", "und"),
     ("Klingon", "und"), (None, "und"), ("Norwegian Bokmål", "nb"), ("zxx", "und")],
)  # fmt: skip
def test_a_language_is_a_tag_whether_it_is_named_or_tagged(said: Any, tag: str) -> None:
    assert language_tag(said) == tag


def test_one_language_and_short_conversations_can_be_kept(tmp_path: Path) -> None:
    path = write(tmp_path, conversations(), conversations(question_id="q2", language="English"), newest(winner="model_a"))
    assert [e.id for e in read(path, language="sv").examples] == ["arena/q1", "arena/v1"]
    assert [e.id for e in read(path, turns=1).examples] == ["arena/q1", "arena/q2"]
    with pytest.raises(InputError, match="no vote is left in the language 'fi'"):
        read(path, language="fi")
    with pytest.raises(ValueError, match="turns is the most turns"):
        read(path, turns=0)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    rows = [
        conversations(),
        conversations(question_id="q2", anony=False),
        conversations(question_id="q3", model_b="koala-13b", conversation_b=chat("Hej!", "Hello")),
        conversations(question_id="q4", language="Klingon"),
    ]
    data = read(write(tmp_path, *rows))
    assert [e.id for e in data.examples] == ["arena/q1", "arena/q4"]
    notes = " ".join(data.notes)
    assert "1 votes were given after the models' names were shown" in notes
    assert "1 votes compare an answer with itself" in notes
    assert 'marked "und": Klingon 1' in notes


def test_the_same_question_by_two_visitors_is_one_cluster(tmp_path: Path) -> None:
    data = read(write(tmp_path, conversations(), conversations(question_id="q2", judge="arena_user_2")))
    assert len({example.cluster for example in data.examples}) == 1
    assert len(data.examples) == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([conversations(winner="koala-13b")], r"votes.jsonl, line 1, column 'winner': expected model_a, model_b, tie"),
        ([conversations(), conversations()], "line 2: the vote 'q1' stands there twice"),
        ([conversations(model_a=None)], "column 'model_a': expected the model's name, got None"),
        ([conversations(conversation_b=None)], "column 'prompt': it is missing; an export has conversation_a"),
        ([kaggle(winner_model_b=1)], "one of winner_model_a, winner_model_b, winner_tie must be 1, got 2"),
        ([kaggle(response_a='["Yes."]')], "2 prompts and 1 responses of model a"),
        ([kaggle(prompt='["Is it')], "column 'prompt': expected a JSON list of texts"),
        (
            [conversations(conversation_a=[{"role": "user", "content": 7}])],
            r"column 'conversation_a'\[0\].content: expected a text",
        ),
    ],
)
def test_a_mistake_is_told_with_its_row_and_column(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path, *rows))
