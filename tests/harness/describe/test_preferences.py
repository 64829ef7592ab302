"""Preferences: whether the place in which an output stands decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgment_sets import Sheet

from harness.describe import describe
from harness.describe.preferences import share_interval
from harness.records import Preference


def compared(winners: str, shown: str) -> Sheet:
    """One pair an item; `winners` and `shown` say a or b (or t, a tie) for each."""
    sheet = Sheet()
    for n, (winner, first) in enumerate(zip(winners, shown, strict=True)):
        a, b = (sheet.answer(f"d/{n}", system, text=f"{system} {n}") for system in "ab")
        sheet.preferences.append(
            Preference(
                output_a=a, output_b=b, rater="bo", criterion="overall", shown_first=first,  # type: ignore[arg-type]
                winner="tie" if winner == "t" else winner,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    sheet.judgments.clear()
    return sheet


def test_the_share_of_wins_of_the_place_shown_first_leaves_ties_out() -> None:
    shown = describe(compared("abat", "abba").data())["preferences"]["overall"]["bo"]["first_shown"]
    assert (shown["recorded"], shown["wins"], shown["pairs"]) == (True, 2, 3)
    assert shown["share"] == pytest.approx(2 / 3)


def test_a_rater_who_favours_a_place_and_a_system_that_always_has_it_are_named() -> None:
    found = {w["code"]: w for w in describe(compared("a" * 30, "a" * 30).data())["warnings"]}
    assert "the output shown first wins 100%" in found["first-shown"]["text"]
    assert found["order"]["level"] == 3
    balanced = describe(compared("ab" * 15, "aabb" * 7 + "ab").data())["warnings"]
    assert {"first-shown", "order"} & {warning["code"] for warning in balanced} == set()


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe (Statistics in Medicine 17, 1998), table I, method 3
    assert share_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert share_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert share_interval(0, 0) == (None, None)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_mirrors_with_it(counted: tuple[int, int]) -> None:
    wins, pairs = counted
    low, high = share_interval(wins, pairs)
    assert low is not None
    assert high is not None
    assert 0 <= low <= wins / pairs + 1e-12
    assert wins / pairs - 1e-12 <= high <= 1
    mirrored = share_interval(pairs - wins, pairs)
    assert mirrored == pytest.approx((1 - high, 1 - low))
