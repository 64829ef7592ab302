"""Items that a model has seen: counted against what it learned from, by the comparison of `harness build`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.build.contamination import SET_ITEMS
from harness.leaderboard.contamination import find_learned, seen_items
from harness.leaderboard.records import Item, ModelInfo, Results, TaskInfo, TaskResult
from harness.records import Example, digest, to_json
from harness.stages.train import Material, Trained

ASK = "Läs texten noga och svara sedan kort på frågan som står efter den. Text: "  # fourteen words that all prompts share
PASSAGES = [" ".join(f"{word}{(7 * n + place) % 97}" for place, word in enumerate(["ord"] * 14)) for n in range(10)]


def results(items: dict[str, list[Item]], training: str | None = "t") -> Results:
    """One model that was tuned and one that was not, on tasks with these items."""

    def read_items(model: str, task: str) -> Iterator[Item]:
        return iter(items[task])

    return Results(
        models={"tuned": ModelInfo(name="tuned", training=training), "other": ModelInfo(name="other")},
        tasks={task: TaskInfo(name=task) for task in items},
        results=tuple(
            TaskResult(model=model, task=task, values={}, items=len(held))
            for model in ("tuned", "other")
            for task, held in items.items()
        ),
        read_items=read_items,
    )


def item(number: int, passage: str, **fields: Any) -> Item:
    return Item(key=f"{number}", prompt=f"{ASK}{passage}\nSvar:", **fields)


def learned(*texts: str, answer: str = "ja") -> list[Example]:
    return [Example.from_instruction(f"e/{n}", text, [answer], language="sv") for n, text in enumerate(texts)]


def test_items_whose_text_the_model_learned_from_are_counted_and_the_wording_of_the_prompt_is_not() -> None:
    items = {"read": [item(n, passage) for n, passage in enumerate(PASSAGES)]}
    seen, _ = seen_items(
        results(items), {"tuned": learned(ASK + PASSAGES[3], f"Sammanfatta: {PASSAGES[5]}", ASK + "något annat")}
    )
    assert seen == {("tuned", "read"): 2}


def test_of_many_items_the_shared_wording_does_not_count_either() -> None:
    items = {"read": [item(n, f"{PASSAGES[n % 10]} {n} och sedan hände det inget mer {n}") for n in range(3 * SET_ITEMS)]}
    assert seen_items(results(items), {"tuned": learned(ASK + "något helt annat än det")})[0] == {("tuned", "read"): 0}


def test_an_answer_that_was_learned_counts_and_a_short_choice_does_not() -> None:
    told = "det blev en lång och kall vinter i hela landet det året"
    items = {
        "answers": [
            Item(key="1", prompt="Hur blev vintern?", target=told),
            Item(key="2", prompt="Och hur blev våren då?", target="mild"),
        ],
        "choices": [Item(key="1", prompt="Vilken av de två var den?", choices=("mild", "kall"))],
    }
    assert seen_items(results(items), {"tuned": learned("Berätta om mild", answer=told)})[0] == {
        ("tuned", "answers"): 1,
        ("tuned", "choices"): 0,
    }


def test_of_a_prompt_with_examples_only_the_items_own_text_counts() -> None:
    shots = f"{PASSAGES[8]} {PASSAGES[9]} "
    items = {"shots": [item(n, shots + PASSAGES[n], meta={"texts": [PASSAGES[n]]}) for n in range(3)]}
    assert seen_items(results(items), {"tuned": learned(PASSAGES[8], PASSAGES[1])})[0] == {("tuned", "shots"): 1}


@pytest.mark.parametrize("written", ["{}", "  {}!!\n"])
def test_a_prompt_that_was_learned_as_a_whole_counts_however_much_of_it_all_prompts_share(written: str) -> None:
    asked = [f"vad heter djuret nummer {n} i listan av djur som bor i skogen norr om staden" for n in range(12)]
    items = {"few": [Item(key=f"{n}", prompt=text, target="djur") for n, text in enumerate(asked)]}
    given = [written.format(text.upper()) for text in asked[:5]]
    seen, notes = seen_items(results(items), {"tuned": learned(*given)})
    assert seen == {("tuned", "few"): 5}
    assert "tuned on few: whether it was trained on 7 of 12 items is not known" in notes[0]


def test_where_too_few_words_are_an_items_own_nobody_knows_whether_it_was_learned() -> None:
    items = {
        "few": [Item(key=f"{n}", prompt=f"Säg namnet på djur nummer {n} i listan", target="djur") for n in range(12)],
        "short": [Item(key=f"{n}", prompt=f"Djur {n}?", target="djur") for n in range(2 * SET_ITEMS)],
    }
    seen, notes = seen_items(results(items), {"tuned": learned("Vad heter djur nummer 3?")})
    assert seen == {}
    assert [note.partition(":")[0] for note in notes] == ["tuned on few", "tuned on short"]
    assert "12 of 12 items is not known" in notes[0]


def test_one_prompt_for_all_items_tells_none_of_them() -> None:
    items = {
        "alike": [Item(key=f"{n}", prompt="Vilken mening är rätt?", choices=(text, "nej")) for n, text in enumerate(PASSAGES)]
    }
    assert seen_items(results(items), {"tuned": learned("Vilken mening är rätt?")})[0] == {("tuned", "alike"): 0}


def test_models_that_learned_the_same_have_seen_the_same() -> None:
    held = results({"read": [item(n, passage) for n, passage in enumerate(PASSAGES)]})
    given = {"tuned": learned(PASSAGES[3]), "other": learned(PASSAGES[3])}
    assert seen_items(held, given)[0] == {("tuned", "read"): 1, ("other", "read"): 1}
    assert seen_items(held, {**given, "other": learned("annat")})[0] == {("tuned", "read"): 1, ("other", "read"): 0}


def test_what_nobody_knows_is_left_out() -> None:
    held = {"read": [item(0, PASSAGES[0])], "none": []}
    assert set(seen_items(results(held), {"tuned": learned(PASSAGES[0])})[0]) == {("tuned", "read")}
    assert seen_items(results(held), {}) == ({}, [])


def test_the_examples_are_found_by_the_training_that_the_results_name(tmp_path: Path) -> None:
    rows = [*learned(PASSAGES[0]), msgspec.structs.replace(learned(PASSAGES[1])[0], id="e/9", split="test")]
    write_training(tmp_path, "t", rows, splits=(None, "train"))
    found, notes = find_learned(results({}), tmp_path)
    assert (found, notes) == ({"tuned": rows[:1]}, [])  # the other split was not learned from, and `other` is not ours


def test_a_model_tuned_from_another_one_has_learned_from_both(tmp_path: Path) -> None:
    first, second = learned(PASSAGES[0]), learned(PASSAGES[1])
    write_training(tmp_path, "base", first)
    write_training(tmp_path, "t", second, base=str(tmp_path / "checkpoints" / "base" / "model"))
    found, _ = find_learned(results({}), tmp_path)
    assert found == {"tuned": [*second, *first]}


def test_what_is_no_longer_there_is_unknown_and_said(tmp_path: Path) -> None:
    rows = learned(PASSAGES[0])
    file = write_training(tmp_path, "t", rows)
    file.write_bytes(to_json(msgspec.structs.replace(rows[0], language="en")))
    found, [note] = find_learned(results({}), tmp_path)
    assert found == {}
    assert "tuned: which items it was trained on is not known" in note
    assert "no longer holds the examples that 't' was trained on" in note


@pytest.mark.parametrize("name", ["../../etc/passwd", "absent", ""])
def test_a_name_that_is_none_opens_no_file(tmp_path: Path, name: str) -> None:
    found, [note] = find_learned(results({}, training=name), tmp_path)
    assert found == {}
    assert "is no name of a training" in note or "holds no training called 'absent'" in note


def write_training(run: Path, name: str, rows: list[Example], *, splits: Any = None, **params: Any) -> Path:
    """The record of a training in a run folder, and its examples beside it; returns their file."""
    (run / "checkpoints").mkdir(exist_ok=True)
    file = run / f"{name}.jsonl"
    file.write_bytes(b"".join(to_json(row) + b"\n" for row in rows))
    material = Material(path=f"../{name}.jsonl", digest=digest(rows), n=len(rows), splits=splits)
    record = Trained(
        name=name, trainer="toy", params=params, stage="0", checkpoint=f"{name}/model", files={}, examples={}, material=material
    )
    (run / "checkpoints" / f"{name}.json").write_bytes(msgspec.json.encode(record))
    return file
