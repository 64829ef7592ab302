"""How the benchmark of `natural`'s score counts, on values that can be counted by hand."""

from pathlib import Path

import pytest
from benchmark_scripts import benchmark


def made(script, kinds: list[str]) -> list:
    return [script.Pair(str(number), f"f{number // 3}", kind, "fråga", "svar") for number, kind in enumerate(kinds)]


def test_auc_is_the_share_of_pairs_in_which_the_good_one_is_higher() -> None:
    script = benchmark("natural_scores")
    found = made(script, ["good", "vague", "echo", "good", "vague", "echo"])
    told = script.auc(found, [0.9, 0.5, 0.5, 0.5, 0.1, None])
    assert told.value == pytest.approx((3 + 0.5 + 0.5 + 1) / 6)  # .5 ties with two
    assert told.low <= told.value <= told.high
    assert script.auc(found, [0.9, 0.5, 0.5, 0.5, 0.1, None], "vague".__eq__).value == pytest.approx(3.5 / 4)


def test_bad_pairs_among_the_rejected_are_counted_against_their_share() -> None:
    script = benchmark("natural_scores")
    found = made(script, ["good", "vague", "echo"])
    assert script.enriched(found, [True, False, False]) == "2 of 2 rejected are bad (100%; of all 67%), p = 0.44"  # (2/3)²


def test_a_bad_pair_is_held_against_the_good_one_of_its_own_fragment() -> None:
    script = benchmark("natural_scores")
    found = made(script, ["good", "vague", "echo", "good", "vague", "echo"])
    told = script.own_above(found, [0.5, 0.4, 0.5, 0.1, 0.9, None])
    assert (told.value, told.n) == (1.5 / 3, 3)


def test_spoiling_lowers_by_the_mean_over_fragments() -> None:
    script = benchmark("natural_scores")
    found = made(script, ["vague", "echo", "vague", "vague"])
    told = script.lowered(found, [1.0, 1.0, 1.0, 1.0], [0.8, 0.7, None, 0.5])
    assert (told.value, told.n) == (pytest.approx((0.25 + 0.5) / 2), 2)


def test_the_frozen_set_is_found_in_the_data_home(shared_data: Path) -> None:
    found = benchmark("natural_scores").pairs("sv", shared_data)
    assert (len(found), sum(pair.kind == "good" for pair in found), len({pair.response for pair in found})) == (180, 60, 60)


def test_a_spoilt_pair_differs_from_the_good_one_in_one_text(shared_data: Path) -> None:
    script = benchmark("natural_scores")
    good = [pair for pair in script.pairs("sv", shared_data) if pair.kind == "good"]
    for name, spoil in script.spoilers().items():
        spoilt = [spoil(pair, good) for pair in good]
        changed = [
            (pair.instruction != other.instruction, pair.response != other.response)
            for pair, other in zip(good, spoilt, strict=True)
        ]
        assert set(changed) == {(not name.startswith("response"), name.startswith("response"))}
