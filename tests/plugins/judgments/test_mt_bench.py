"""MT-Bench's human judgments in the shape of their release, made by hand: turns, models, judges, and recorded verdicts."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_plugins.judgments.mt_bench import MTBench

from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.plugins import load_plugins
from harness.stages.score import build_metrics, score


def conversation(*texts: str) -> list[dict[str, str]]:
    return [{"content": text, "role": "assistant" if place % 2 else "user"} for place, text in enumerate(texts)]


def row(
    winner: str = "model_a", judge: Any = "expert_1", turn: Any = 1, a: str = "gpt-4", b: str = "llama-13b", **fields: Any
) -> dict[str, Any]:
    both = {
        f"conversation_{side}": conversation("Q1", f"{model} one", "Q2", f"{model} two") for side, model in (("a", a), ("b", b))
    }
    return {"question_id": 81, "model_a": a, "model_b": b, "winner": winner, "judge": judge, **both, "turn": turn, **fields}


def write(folder: Path, *rows: dict[str, Any], name: str = "human.jsonl") -> Path:
    path = folder / name
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    else:
        path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def read(path: Path, **parameters: Any) -> JudgmentSet:
    return read_judgments(MTBench(path, **parameters))


@pytest.mark.parametrize("name", ["human.jsonl", "human.parquet"])
def test_an_item_is_a_turn_of_a_question_and_its_output_is_that_turns_answer(tmp_path: Path, name: str) -> None:
    data = read(write(tmp_path, row(), row("model_b", turn=2), row("tie", judge="author_0"), name=name))
    assert [(e.id, e.task, e.cluster) for e in data.examples] == [
        ("mt-bench/81-turn-1", "turn-1", "mt-bench/81"),
        ("mt-bench/81-turn-2", "turn-2", "mt-bench/81"),
    ]
    assert [[m.text for m in e.messages] for e in data.examples] == [["Q1"], ["Q1", "Q2"]]
    assert [(o.id, o.text, o.meta.get("earlier_answers")) for o in data.outputs] == [
        ("mt-bench/81-turn-1/gpt-4", "gpt-4 one", None),
        ("mt-bench/81-turn-1/llama-13b", "llama-13b one", None),
        ("mt-bench/81-turn-2/gpt-4", "gpt-4 two", ["gpt-4 one"]),
        ("mt-bench/81-turn-2/llama-13b", "llama-13b two", ["llama-13b one"]),
    ]
    assert [(p.rater, p.winner) for p in data.preferences] == [("expert_1", "a"), ("author_0", "tie"), ("expert_1", "b")]


def test_the_same_answers_in_the_other_order_are_the_same_outputs(tmp_path: Path) -> None:
    data = read(write(tmp_path, row(), row("model_a", judge="expert_2", a="llama-13b", b="gpt-4")))
    assert len(data.outputs) == 2
    assert [(p.output_a, p.winner) for p in data.preferences] == [
        ("mt-bench/81-turn-1/gpt-4", "a"),
        ("mt-bench/81-turn-1/llama-13b", "a"),
    ]


def test_a_judges_second_word_on_the_same_answers_is_kept_apart(tmp_path: Path) -> None:
    data = read(write(tmp_path, row(), row("tie")))
    assert [(p.rater, p.winner) for p in data.preferences] == [("expert_1", "a"), ("expert_1#2", "tie")]
    assert any("1 votes are a judge's second word" in note for note in data.notes)


def test_one_turn_can_be_read_alone(tmp_path: Path) -> None:
    path = write(tmp_path, row(), row(turn=2))
    assert [e.task for e in read(path, turn=2).examples] == ["turn-2"]
    with pytest.raises(ValueError, match="turn is 1 or 2"):
        MTBench(path, turn=3)
    with pytest.raises(InputError, match="no row is about turn 2"):
        MTBench(write(tmp_path, row()), turn=2)


def test_recorded_verdicts_of_a_model_are_served_beside_the_people(tmp_path: Path) -> None:
    human = write(tmp_path, row(), row("model_b", turn=2))
    judge = write(
        tmp_path,
        row("model_b", judge=["gpt-4", "pair-v2"]),
        row("tie (inconsistent)", judge=["gpt-4", "pair-v2"], turn=2),
        row("model_a", judge=["gpt-4", "pair-v2"], b="claude-v1"),
        name="gpt4_pair.jsonl",
    )
    data = read(human, recorded=judge)
    assert any("1 recorded verdicts are on pairs that no person judged" in note for note in data.notes)
    registry = load_plugins()
    metrics = build_metrics(registry, [registry.parse("metric", 'recorded-verdict:name="gpt-4, pair-v2"')])
    found = {s.targets: (s.value, s.detail) for s in score(data, metrics)}
    first, second = ("mt-bench/81-turn-1/gpt-4", "mt-bench/81-turn-1/llama-13b")
    assert found[first, second] == (-1.0, "model_b")
    assert found["mt-bench/81-turn-2/gpt-4", "mt-bench/81-turn-2/llama-13b"] == (0.0, "tie (inconsistent)")


def test_a_models_verdicts_are_refused_as_a_persons(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'gpt-4, pair-v2' is no person; .* recorded=FILE"):
        MTBench(write(tmp_path, row(judge=["gpt-4", "pair-v2"])))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"winner": "model_c"}, r"human.jsonl, line 2, column 'winner': expected model_a, model_b or tie, got 'model_c'"),
        ({"turn": 3}, r"line 2, column 'turn': expected 1 or 2, got 3"),
        ({"conversation_b": conversation("Q1", "one"), "turn": 2}, "'conversation_b': the conversation has 1 turns, and turn 2"),
        ({"conversation_a": "Q1"}, "column 'conversation_a': expected a list of messages, or its JSON"),
        ({"conversation_a": 7}, "column 'conversation_a': expected a list of messages, got int"),
        ({"conversation_a": [{"text": "Q1"}]}, r"column 'conversation_a'\[0\]: a message is an object with role and content"),
        ({"conversation_a": conversation("Q1", "A")[1:]}, "the role 'assistant' is unexpected here"),
        ({"conversation_a": []}, "the conversation holds no user message"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_row_and_column(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        MTBench(write(tmp_path, row(), {**row(), **change}))


def test_a_file_of_another_kind_is_answered_with_the_column_that_lacks(tmp_path: Path) -> None:
    other = {key: value for key, value in row().items() if key != "winner"}
    with pytest.raises(InputError, match="there is no column 'winner', which MT-Bench's judgments have"):
        MTBench(write(tmp_path, other))
