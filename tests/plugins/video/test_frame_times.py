"""Each time of the grid shows the last frame that appeared by then, whatever the rates."""

from itertools import pairwise

import pytest
from harness_plugins.video.frame_times import ROUNDING, first_at, grid_time, shown
from hypothesis import given, settings
from hypothesis import strategies as st

STEPS = st.lists(st.integers(1, 900), max_size=30)  # thousandths of a second from one frame to the next


def frames_of(steps, begins, last):
    times = [begins]
    for step in steps:
        times.append(times[-1] + step / 1000)
    stays = [after - before for before, after in pairwise(times)]
    return [(time, stay, f"f{at}") for at, (time, stay) in enumerate(zip(times, [*stays, last], strict=True))]


@settings(max_examples=150)
@given(
    STEPS,
    st.sampled_from([0.0, 0.25, 2.023]),
    st.one_of(st.none(), st.floats(0.01, 2)),
    st.floats(0.3, 60),
    st.floats(0, 5),
    st.one_of(st.none(), st.floats(0.01, 9)),
)
def test_every_time_of_the_grid_has_the_last_frame_that_appeared_by_then(steps, begins, last, rate, start, length):
    frames = frames_of(steps, begins, last)
    end = None if length is None else start + length
    found = list(shown(iter(frames), rate, start, end))
    stays = last if last is not None else (frames[-1][0] - frames[-2][0] if len(frames) > 1 else 2 * ROUNDING)
    stop = frames[-1][0] + max(stays - ROUNDING, 2 * ROUNDING)
    close = min(stop, end if end is not None else stop)
    grid = [grid_time(number, rate, start) for number in range(int((close - start) * rate) + 3)]
    wanted = [time for time in grid if frames[0][0] <= time + ROUNDING and time < close - 1e-9]
    times = [time for time, *_ in found]
    assert times[: len(wanted)] == wanted
    assert all(time < close + 2 * ROUNDING for time in times[len(wanted) :])  # what the last instant may hold
    for time, frame, since, repeated in found:
        assert frame == max((one for one in frames if one[0] <= time + ROUNDING), key=lambda one: one[0])[2]
        assert since == next(one[0] for one in frames if one[2] == frame)
        before = [other for when, other, *_ in found if when < time]
        assert repeated == (bool(before) and before[-1] == frame)


@given(st.floats(0, 100), st.floats(0.1, 100), st.floats(0, 50))
def test_the_first_time_of_the_grid_at_which_a_frame_is_shown(time, rate, start):
    number = first_at(time, rate, start)
    assert grid_time(number, rate, start) + ROUNDING >= time
    assert not number or grid_time(number - 1, rate, start) + ROUNDING < time


def test_by_hand():
    frames = [(0.0, 0.5, "a"), (0.5, 0.1, "b"), (0.6, 0.4, "c")]
    assert list(shown(frames, 4)) == [
        (0.0, "a", 0.0, False),
        (0.25, "a", 0.0, True),
        (0.5, "b", 0.5, False),
        (0.75, "c", 0.6, False),
    ]
    assert [frame for _, frame, _, _ in shown(frames, 2, 0.3)] == ["a", "c"]
    assert [frame for _, frame, _, _ in shown(frames, 10, 0.55, 0.7)] == ["b", "c"]
    assert list(shown(frames, 4, 1.0)) == []
    assert list(shown([], 4)) == []


@pytest.mark.parametrize("duration", [None, 0.0])
def test_one_frame_is_shown_once_at_least(duration):
    assert list(shown([(0.0, duration, "a")], 5)) == [(0.0, "a", 0.0, False)]
    assert len(list(shown([(0.0, 1.0, "a")], 5))) == 5


def test_a_frame_that_comes_late_is_left_out_and_one_of_the_same_time_takes_the_place_of_the_one_before():
    frames = [(0.0, 0.1, "a"), (0.2, 0.1, "b"), (0.1, 0.1, "late"), (0.2, 0.1, "again"), (0.3, 0.1, "c")]
    assert [frame for _, frame, _, _ in shown(frames, 10)] == ["a", "a", "again", "c"]


def test_times_rounded_to_milliseconds_still_give_each_frame_once():
    for rate in (24000 / 1001, 25, 30000 / 1001, 60):
        frames = [(round(number / rate, 3), 1 / rate, number) for number in range(500)]
        assert [frame for _, frame, _, _ in shown(frames, rate)] == list(range(500))


def test_a_grid_without_an_end_over_frames_without_an_end_is_a_stream():
    def endless():
        number = 0
        while True:
            yield number / 25, 1 / 25, number
            number += 1

    found = shown(endless(), 5)
    assert [next(found)[1] for _ in range(4)] == [0, 5, 10, 15]
    assert [frame for _, frame, _, _ in shown(endless(), 5, 1.0, 1.5)] == [25, 30, 35]
