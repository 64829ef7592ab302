"""Work begun ahead gives what it would give alone."""

import threading

import pytest

from harness.stages import cores
from harness.stages.cores import Cores


def test_little_work_is_done_when_it_is_asked_for_and_once() -> None:
    done: list[int] = []
    with Cores(10) as few:
        asked = few.begin(lambda: done.append(1))
        assert done == []
        assert asked() is asked()
    assert done == [1]


def test_much_work_goes_on_beside_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    both = threading.Barrier(2, timeout=20)  # which one alone would not get past
    with Cores(500_000) as two:
        waiting = [two.begin(both.wait) for _ in range(2)]
        assert sorted(wait() for wait in waiting) == [0, 1]


def test_what_work_raises_is_raised_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    for outputs in (10, 500_000):
        with Cores(outputs) as begun:
            asked = begun.begin(lambda: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                asked()


def test_two_cells_of_very_many_outputs_are_not_held_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    with Cores(3_000_000) as one:
        assert one._pool is None
