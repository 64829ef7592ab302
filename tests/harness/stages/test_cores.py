"""Work begun ahead gives what it would give alone."""

import threading
import time

import pytest

from harness.stages import cores
from harness.stages.cores import Cores


def test_little_work_is_done_when_it_is_asked_for_and_once() -> None:
    done: list[int] = []
    with Cores(10) as few:
        asked = few.begin(lambda: done.append(1), 10)
        assert done == []
        assert asked() is asked()
    assert done == [1]


def test_much_work_goes_on_beside_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    both = threading.Barrier(2, timeout=20)  # which one alone would not get past
    with Cores(500_000) as two:
        waiting = [two.begin(both.wait, 500_000) for _ in range(2)]
        assert sorted(wait() for wait in waiting) == [0, 1]


def test_what_work_raises_is_raised_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    for outputs in (10, 500_000):
        with Cores(outputs) as begun:
            asked = begun.begin(lambda: 1 // 0, outputs)
            with pytest.raises(ZeroDivisionError):
                asked()


@pytest.mark.parametrize("outputs", [1_000_000, 30_000_000])
def test_two_cells_of_very_many_outputs_are_not_held_together(monkeypatch: pytest.MonkeyPatch, outputs: int) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    held: list[int] = []

    def work() -> int:
        held.append(1)
        try:
            time.sleep(0.02)
            return len(held)
        finally:
            held.pop()

    with Cores(outputs) as many:
        waiting = [many.begin(work, outputs) for _ in range(4)]
        assert [wait() for wait in waiting] == [1, 1, 1, 1]


def test_what_waits_for_earlier_work_takes_no_room_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    with Cores(9_000_000) as two:
        first = two.begin(lambda: time.sleep(0.05), 9_000_000)
        assert two.begin(lambda: "then", 9_000_000, after=first)() == "then"
