"""The owner's numbers."""

from pathlib import Path

import msgspec
import pytest
from rated import rated
from rating_study import write_study

from harness.annotate.contents import Step
from harness.annotate.monitor import study_status
from harness.annotate.store import open_store
from harness.annotate.study_file import load_study

OUTPUTS = ["mini/0/alfa-7b", "mini/0/beta-2b", "mini/1/alfa-7b", "mini/1/beta-2b"]


def table(values: list[int]):
    """Says these values of the four outputs, and 2 of everything else."""
    return lambda step: dict(zip(OUTPUTS, values, strict=True)).get(step.outputs[0], 2) if step.outputs else 2


def test_agreement_is_the_value_computed_by_hand(tmp_path: Path) -> None:
    store = rated(tmp_path, {"anna": table([1, 1, 3, 3]), "bo": table([1, 3, 3, 3])}, items=2)
    [agreement, *_] = study_status(store)["agreement"]
    # 8 values, three 1 and five 3; of 4 pairs one differs: alpha = 1 - (2/8) / (2·3·5 / (8·7)) = 8/15
    assert agreement["alpha_ordinal"] == pytest.approx(8 / 15)
    # observed 3/4, expected (3/8)² + (5/8)² = 34/64: kappa = (48 - 34) / (64 - 34) = 7/15
    assert agreement["fleiss_kappa"] == pytest.approx(7 / 15)
    assert (agreement["n"], agreement["n_fleiss"], agreement["raters"]) == (4, 4, 2)
    [pair] = agreement["pairwise"]
    assert (pair["a"], pair["b"], pair["exact"], pair["n"]) == ("anna", "bo", 0.75, 4)
    assert pair["alpha"] == pytest.approx(8 / 15)


def test_three_raters_are_compared_pair_by_pair(tmp_path: Path) -> None:
    says = {"anna": table([1, 2, 3, 3]), "bo": table([1, 2, 3, 3]), "cia": table([3, 2, 1, 1])}
    store = rated(tmp_path, says, items=2)
    [agreement, *_] = study_status(store)["agreement"]
    assert [(p["a"], p["b"], p["exact"]) for p in agreement["pairwise"]] == [
        ("anna", "bo", 1.0),
        ("anna", "cia", 0.25),
        ("bo", "cia", 0.25),
    ]
    assert agreement["pairwise"][0]["alpha"] == 1.0


def test_preferences_agree_whichever_side_the_texts_stood_on(tmp_path: Path) -> None:
    winners = {"mini/0": "mini/0/alfa-7b", "mini/1": "tie", "mini/2": "mini/2/beta-2b", "mini/3": "mini/3/alfa-7b"}
    store = rated(
        tmp_path,
        dict.fromkeys(("anna", "bo"), lambda step: winners[step.outputs[0].rpartition("/")[0]]),
        criteria=[],
        compare={"criteria": ["overall"]},
        training=[],
    )
    sides = [[step.outputs for step in store.steps(rater)] for rater in store.raters()]
    assert set(sides[0]) != set(sides[1])  # the raters saw some pairs the other way round
    [agreement] = study_status(store)["agreement"]
    assert (agreement["alpha_nominal"], agreement["n"], agreement["pairwise"][0]["exact"]) == (1.0, 4, 1.0)


def test_drift_is_the_distance_from_the_others_early_and_late(tmp_path: Path) -> None:
    def late_generous(step: Step) -> int:
        return 3 if step.position > 1 + 20 else 2

    says = {"anna": lambda step: 2, "bo": lambda step: 2, "cia": late_generous}
    store = rated(tmp_path, says, items=20)
    found = {rater["pseudonym"]: rater for rater in study_status(store)["raters"]}
    drift = found["cia"]["drift"]["correctness"]
    assert (drift["difference"], drift["n"]) == (0.5, 40)
    assert (drift["early"], drift["n_early"], drift["late"], drift["n_late"]) == (0.0, 20, 1.0, 20)
    assert drift["se"] == pytest.approx(0.5 / 39**0.5)  # forty values, half 0 and half 1
    assert drift["se_change"] == 0.0
    assert found["cia"]["flags"] == ["drifts"]
    assert found["anna"]["drift"]["correctness"]["difference"] == -0.25  # the others' mean is 2 or 2.5


def test_who_stands_apart_clicks_through_or_fails_checks_is_flagged(tmp_path: Path) -> None:
    known = {"text": "x", "expected": {"correctness": 1}}
    honest = {"kind": lambda step: 1 if step.kind == "check" else 1 + hash_of(step) % 3}
    says = {"anna": honest["kind"], "bo": honest["kind"], "cia": lambda step: 3}
    store = rated(
        tmp_path,
        says,
        seconds=lambda step: 2.0 if step.rater_id == 3 else 9.0,
        items=12,
        checks={"items": [known, known, known]},
    )
    found = {rater["pseudonym"]: rater for rater in study_status(store)["raters"]}
    assert found["cia"]["flags"] == ["checks", "straight-lining", "apart", "fast"]
    assert (found["cia"]["checks_failed"], found["cia"]["checks_done"]) == (3, 3)
    assert found["cia"]["straight_lining"]["naturalness"] == {"share": 1.0, "value": 3, "n": 24}
    assert (found["cia"]["median_seconds"], found["cia"]["n_seconds"]) == (2.0, 24)
    assert found["anna"]["flags"] == found["bo"]["flags"] == []
    assert found["anna"]["checks_failed"] == 0


def hash_of(step: Step) -> int:
    """A number of the output, the same for all raters."""
    return sum(map(ord, step.outputs[0])) if step.outputs else 0


def test_training_and_checks_are_no_ratings(tmp_path: Path) -> None:
    known = {"text": "x", "expected": {"correctness": 1}}
    store = rated(tmp_path, {"anna": lambda step: 2, "bo": lambda step: 3}, items=2, checks={"items": [known]})
    status = study_status(store)
    assert status["answers"] == 2 * 4
    assert status["tasks_done"] == status["tasks_total"] == 2 * (1 + 4 + 1)
    assert {one["n"] for one in status["agreement"]} == {4}


def test_a_study_without_answers_has_no_numbers_and_no_flags(tmp_path: Path) -> None:
    store = open_store(load_study(write_study(tmp_path)), str(tmp_path / "new.sqlite"))
    status = study_status(store)
    assert (status["answers"], status["items"], status["outputs"]) == (0, 4, 8)
    for rater in status["raters"]:
        assert (rater["median_seconds"], rater["last_answer_at"], rater["flags"]) == (None, None, [])
        assert {key: value for key, value in rater["drift"]["correctness"].items() if not key.startswith("se")} == {
            "difference": None, "n": 0, "early": None, "n_early": 0, "late": None, "n_late": 0,
        }  # fmt: skip
    assert [one["alpha_ordinal"] for one in status["agreement"]] == [None, None, None]
    msgspec.json.encode(status)
