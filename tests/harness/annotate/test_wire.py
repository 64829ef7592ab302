"""What a rater's page is told: keys for every scale, texts in every language, and no system."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("fastapi", reason="the extra annotate is not installed")

from rating_study import write_study

from harness.annotate.store import open_store
from harness.annotate.study_file import load_study
from harness.annotate.wire import rater_state, task_window


def state(folder: Path, **changes: Any) -> dict[str, Any]:
    """What the page of rater anna is told first."""
    study = write_study(folder, items=1, training=[], **changes)
    store = open_store(load_study(study), str(folder / "study.sqlite"))
    told = rater_state(store, store.rater("anna"))
    store.close()
    return told


def choices(told: dict[str, Any], form: str, name: str) -> list[tuple[Any, str]]:
    return [(choice["value"], choice["key"]) for choice in told["study"]["criteria"][form][name]["choices"]]


@pytest.mark.parametrize(
    ("low", "high", "keys"),
    [
        (1, 3, "1 2 3 x"),
        (1, 5, "1 2 3 4 5 x"),
        (0, 4, "0 1 2 3 4 x"),
        (0, 10, "0 1 2 3 4 5 6 7 8 9 10 x"),
        (-2, 2, "1 2 3 4 5 x"),
        (-5, 5, "1 2 3 4 5 6 7 8 9 10 11 x"),
    ],
)
def test_every_rating_has_a_key_of_its_own_and_so_has_cannot_be_judged(tmp_path: Path, low: int, high: int, keys: str) -> None:
    label = {"sv": "Grad", "en": "Degree"}
    told = state(tmp_path, criteria=[{"name": "degree", "label": label, "low": low, "high": high}], cannot_judge=True)
    assert choices(told, "rate", "degree") == list(zip([*range(low, high + 1), None], keys.split(), strict=True))


@pytest.mark.parametrize(("ties", "expected"), [(True, ["first", "tie", "second"]), (False, ["first", "second"])])
def test_sides_stand_left_to_right_with_the_tie_between(tmp_path: Path, ties: bool, expected: list[str]) -> None:
    told = state(tmp_path, compare={"criteria": ["overall"], "ties": ties})
    assert choices(told, "compare", "overall") == list(zip(expected, "123", strict=False))
    assert told["study"]["keys"] == {
        "zero": False,
        "two_digits": False,
        "cannot": False,
        "letters": True,
        "ties": ties,
    }


def test_texts_come_in_every_language_of_the_study_and_only_in_those(tmp_path: Path) -> None:
    told = state(tmp_path)
    assert told["study"]["title"] == {"sv": "Hur bra är svaren?", "en": "How good are the answers?"}
    assert set(told["texts"]) == {"sv", "en"}
    correctness = told["study"]["criteria"]["rate"]["correctness"]
    assert correctness["question"] == {
        "sv": "Är det som svaret säger rätt? Om uppgiften inte har något givet rätt svar: är det som svaret påstår sant?",
        "en": "Is what the answer says right? If the task has no single right answer: is what the answer claims true?",
    }
    assert correctness["choices"][0]["label"]["en"] == "Wrong: what matters most is not right, or nothing is said"


def test_a_window_of_tasks_is_cut_at_the_end_and_names_no_system(tmp_path: Path) -> None:
    study = write_study(tmp_path, items=2, training=[])
    store = open_store(load_study(study), str(tmp_path / "study.sqlite"))
    rater = store.record_consent(store.rater("anna"), "sv")
    assert [task["position"] for task in task_window(store, rater, 3, 10)] == [3, 4]
    assert task_window(store, rater, 5, 10) == []
    everything = msgspec.json.encode(task_window(store, rater, 1, 10))
    assert b"alfa-7b" not in everything
    assert b"mini/" not in everything
    store.close()
