"""Limits a minute, what servers ask for, and waits between attempts."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chat.limits import LONGEST, Crowd, Pace, retry_after, wait_before

DATE = "Wed, 21 Oct 2015 07:28:10 GMT"
AT = 1445412490.0  # the same moment


def taken(limit: float, costs: list[float]) -> list[float]:
    """When each goes out if all are ready at once, waiting as long as is asked."""
    pace, now, times = Pace(limit), 100.0, []
    for cost in costs:
        while (wait := pace.delay(cost, now)) > 0:
            now += wait + 1e-9
        pace.take(cost, now)
        times.append(now)
    return times


def test_calls_are_spread_evenly_over_the_minute() -> None:
    gaps = [after - before for before, after in itertools.pairwise(taken(120, [1.0] * 10))]
    assert gaps[:1] == [pytest.approx(0.4)]  # the first may be made up for by a tenth of a second
    assert gaps[1:] == [pytest.approx(0.5)] * 8


@given(st.integers(1, 50), st.lists(st.integers(1, 60), min_size=1, max_size=80))
def test_no_60_seconds_hold_more_than_the_limit_unless_one_alone_does(limit: int, costs: list[int]) -> None:
    times = taken(limit, [float(cost) for cost in costs])
    for last, end in enumerate(times):
        inside = [cost for time, cost in zip(times[: last + 1], costs, strict=False) if time > end - 60]
        assert sum(inside) <= limit or len(inside) == 1


def test_what_is_given_back_can_be_taken_at_once() -> None:
    pace = Pace(60)
    now = time.monotonic()
    receipts = [pace.take(1, now) for _ in range(3)]
    assert pace.delay(1, now) == pytest.approx(2.9)
    for receipt in receipts:
        pace.correct(receipt, 0)
    assert pace.delay(1, now) == 0


def test_tokens_that_were_not_used_free_their_share() -> None:
    pace, now = Pace(6000), time.monotonic()
    receipt = pace.take(1000, now)
    assert pace.delay(1000, now) == pytest.approx(9.9)
    pace.correct(receipt, 100)
    assert pace.delay(1000, now) == pytest.approx(0.9)


def test_no_limit_never_waits() -> None:
    pace = Pace(None)
    assert {pace.delay(1e9, 0.0) for _ in range(3) if pace.take(1e9, 0.0)} == {0.0}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": DATE}, 10.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:00:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1.0),
        ({}, None),
    ],
)
def test_what_a_server_asks_to_wait_is_read_as_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=AT - 10) == seconds


@given(st.integers(1, 100), st.floats(0.001, 5))
def test_waits_double_with_jitter_up_to_half_a_minute(attempt: int, base: float) -> None:
    full = min(base * 2.0 ** (attempt - 1), LONGEST)
    assert full / 2 <= wait_before(attempt, base) <= full


@given(st.floats(0, 600), st.integers(1, 9))
def test_nobody_comes_back_before_the_server_asked(asked: float, attempt: int) -> None:
    assert asked <= wait_before(attempt, 0.5, asked) <= asked + 0.5


def test_a_few_refusals_among_many_answers_are_no_crowd_and_many_are() -> None:
    crowd = Crowd()
    assert [crowd.note(number % 4 == 0, 1.0) for number in range(40)] == [False] * 40
    assert crowd.until == 0
    assert [crowd.note(True, 1.0) for _ in range(8)].count(True) >= 1
    assert crowd.until > time.monotonic()
