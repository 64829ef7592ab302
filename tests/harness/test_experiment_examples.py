"""No training learns from what is asked: not the items, not their documents, not their sentences, not their tasks."""

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.experiment_examples import answered, learned, read_examples
from harness.experiment_records import HoldOut
from harness.records import Example, to_json

PASSAGE = "Portugisiska kronan glatt över sin första viktiga upptäckt inledde ett program för kolonisering"


def example(name: str, split: str | None, task: str = "seen", text: str = "", **more: object) -> Example:
    said = text or f"Fråga {name}?"
    return Example.from_instruction(f"d/{name}", said, ["svar"], language="sv", split=split, task=task, **more)  # type: ignore[arg-type]


def ids(examples: list[Example]) -> list[str]:
    return [one.id.removeprefix("d/") for one in examples]


def test_held_out_tasks_are_the_split_unseen_whatever_they_were() -> None:
    rows = [example("a", "train"), example("b", "test"), example("c", "train", "quoref_x"), example("d", "test", "quoref_y")]
    hold_out = HoldOut(tasks=("quoref_*",))
    found = answered(rows, hold_out, ("test", "unseen"), None)
    assert [(one.id, one.split) for one in found] == [("d/b", "test"), ("d/c", "unseen"), ("d/d", "unseen")]
    assert ids(answered(rows, hold_out, ("unseen",), None, only_test=True)) == ["d"]


def test_a_limit_holds_for_each_split_and_does_not_depend_on_the_order() -> None:
    rows = [example(f"{split}{number}", split) for number in range(9) for split in ("test", "train")]
    found = answered(rows, HoldOut(), ("test", "train"), 4)
    assert [one.split for one in found].count("test") == [one.split for one in found].count("train") == 4
    again = answered(rows[::-1], HoldOut(), ("test", "train"), 4)
    assert set(ids(again)) == set(ids(found))


def test_a_split_that_no_example_has_is_named_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="no example has the split 'dev'; there are test, train"):
        answered([example("a", "train"), example("b", "test")], HoldOut(), ("dev",), None)


def test_training_gets_neither_other_splits_nor_held_out_tasks_nor_documents_that_are_asked_about() -> None:
    rows = [
        example("a", "train"),
        example("b", "test", cluster_id="d/text"),
        example("c", "train", cluster_id="d/text"),
        example("e", "train", "quoref_x"),
        example("f", "validation"),
        example("g", None),
    ]
    hold_out = HoldOut(tasks=("quoref_*",))
    asked = answered(rows, hold_out, ("test",), None)
    chosen = learned(rows, hold_out, asked)
    assert ids(chosen.examples) == ["a", "f", "g"]
    assert chosen.left_out == {"from a document that is asked about": 1, "of a held-out task": 1}


def test_a_control_learns_from_the_held_out_task_but_not_from_what_is_asked() -> None:
    rows = [example("a", "train"), example("c", "train", "quoref_x"), example("d", "test", "quoref_x")]
    hold_out = HoldOut(tasks=("quoref_*",))
    asked = answered(rows, hold_out, ("unseen",), None, only_test=True)
    assert ids(learned(rows, hold_out, asked, of_held_out=True).examples) == ["a", "c"]


def test_a_passage_in_another_task_is_recognised_by_its_words() -> None:
    asked = [example("b", "test", text=f"Mening: {PASSAGE}.\nFråga: hur länge?")]
    rows = [example("a", "train"), example("c", "train", "other", text=f"Ställ en fråga.\nening: {PASSAGE.casefold()}!")]
    chosen = learned([*rows, *asked], HoldOut(words=8), asked)
    assert ids(chosen.examples) == ["a"]
    assert chosen.left_out == {"shares 8 words with what is asked": 1}
    assert ids(learned([*rows, *asked], HoldOut(words=0), asked).examples) == ["a", "c"]


def test_what_a_task_says_in_every_row_is_no_passage() -> None:
    wording = "Svara på den givna frågan och tänk på att svaret ska vara kort"
    rows = [example(f"a{n}", "train", text=f"{wording}.\nFråga {n}?") for n in range(20)]
    asked = [example("b", "test", text=f"{wording}.\nFråga om annat?")]
    assert len(learned([*rows, *asked], HoldOut(words=8), asked).examples) == 20


def test_a_short_line_counts_where_it_is_the_whole_line() -> None:
    asked = [example("b", "test", text="Rätta felet.\nHon ställde barnen i bilen")]
    rows = [
        example("a", "train", text="Rätta felet.\nHon ställde barnen i bilen."),
        example("c", "train", text="Rätta felet.\nHan ställde barnen i bilen."),
    ]
    assert ids(learned([*rows, *asked], HoldOut(words=8), asked).examples) == ["c"]


def test_a_file_that_holds_no_examples_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(to_json(example("a", None)) + b"\n\n{}\n")
    with pytest.raises(InputError, match=r"rows\.jsonl, line 3: not an example"):
        read_examples(path)


def test_a_file_that_a_build_writes_for_other_programs_says_which_folder_to_give(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "examples.parquet").write_bytes(b"")
    path = tmp_path / "data" / "test.jsonl"
    path.write_text('{"text": "hej"}\n', encoding="utf-8")
    with pytest.raises(
        InputError, match=rf"line 1: not an example .*; this file is for other programs: give the folder {tmp_path}"
    ):
        read_examples(path)
