"""Whatever workers do, answers come in the batches' order, once each, and only a few batches are held at a time."""

import pickle
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_jobs import Doubler, DoublerRecipe, batches, doubled, until_it_raises

from harness.errors import ExecutorError
from harness.executors.bench import Bench
from harness.executors.crew import WINDOW, Answered, Event, Lost, Opened, in_order
from harness.executors.protocols import Job

AT_HAND = 2
JOB: Job[Sequence[int], list[int]] = Job("double", Doubler, DoublerRecipe(), lambda batch: f"number {batch[0]}")


class Chance:
    """A crew in this process in which chance says who answers next, and which worker is lost with its batches."""

    deaths = 2

    def __init__(self, size: int, seed: int, losses: int) -> None:
        self.size, self.losses = size, losses
        self.random = random.Random(seed)
        self.benches = [Bench() for _ in range(size)]
        self.opened = [False] * size
        self.at_hand: list[list[tuple[int, bytes]]] = [[] for _ in range(size)]
        self.blamed: set[int] = set()
        self.done: list[int] = []
        self.abandoned = False

    def begin(self, job: Job[Any, Any]) -> int:
        self.recipe = pickle.dumps(job.recipe)
        return self.size

    def has_room(self) -> bool:
        return any(opened and len(hand) < AT_HAND for opened, hand in zip(self.opened, self.at_hand, strict=True))

    def send(self, index: int, batch: bytes) -> None:
        room = [place for place in range(self.size) if self.opened[place] and len(self.at_hand[place]) < AT_HAND]
        self.at_hand[self.random.choice(room)].append((index, batch))

    def wait(self) -> Sequence[Event]:
        busy = [place for place in range(self.size) if self.at_hand[place] or not self.opened[place]]
        place = self.random.choice(busy)
        hand = self.at_hand[place]
        if self.losses and self.random.random() < 0.3 and not (hand and hand[0][0] in self.blamed):
            self.losses -= 1
            self.opened[place], self.at_hand[place] = False, []
            self.blamed.update(index for index, _ in hand[:1])
            return [Lost("chance", tuple(index for index, _ in hand))]
        if not self.opened[place]:
            self.opened[place] = True
            return [Opened(self.benches[place].open(self.recipe))]
        index, batch = hand.pop(0)
        self.done.append(index)
        return [Answered(index, self.benches[place].work(batch))]

    def abandon(self) -> None:
        self.abandoned = True


@given(st.integers(0, 40), st.integers(1, 5), st.integers(0, 2**32), st.integers(0, 6))
def test_answers_come_once_each_and_in_order_whoever_answers_first_and_whoever_is_lost(
    number: int, size: int, seed: int, losses: int
) -> None:
    some = batches(number, 2)
    crew = Chance(size, seed, min(losses, size))
    assert list(in_order(crew, JOB, some)) == doubled(some)
    assert not crew.abandoned


@given(st.integers(1, 4), st.integers(0, 2**32))
def test_no_more_batches_are_read_than_the_window_holds(size: int, seed: int) -> None:
    read = 0

    def counted() -> Iterator[list[int]]:
        nonlocal read
        for batch in batches(90, 1):
            read += 1
            yield batch

    for taken, _ in enumerate(in_order(Chance(size, seed, 0), JOB, counted()), 1):
        assert read - taken <= WINDOW * size


def test_an_empty_stream_asks_nobody() -> None:
    crew = Chance(1, 0, 0)
    assert list(in_order(crew, JOB, [])) == []
    assert not hasattr(crew, "recipe")


def test_who_stops_taking_answers_leaves_no_worker_with_work() -> None:
    crew = Chance(2, 0, 0)
    answers = in_order(crew, JOB, batches(60))
    next(answers)
    answers.close()  # type: ignore[attr-defined]  # a generator
    assert crew.abandoned


def test_the_batch_that_twice_takes_its_worker_along_is_named_after_all_answers_before_it() -> None:
    class Cursed(Chance):
        def wait(self) -> Sequence[Event]:
            for place, hand in enumerate(self.at_hand):
                if hand and hand[0][0] == 4:
                    self.opened[place], self.at_hand[place] = False, []
                    return [Lost("killed by signal 9", tuple(index for index, _ in hand))]
            return super().wait()

    taken, error = until_it_raises(in_order(Cursed(3, 1, 0), JOB, batches(30)))
    assert taken == doubled(batches(12))
    assert isinstance(error, ExecutorError)
    assert str(error).startswith(
        "double: 2 workers died on the batch that begins with number 12 (killed by signal 9). What was finished before is kept: "
        "the same command goes on from there."
    )


def test_workers_that_never_begin_are_an_error_and_not_a_loop() -> None:
    class Stillborn(Chance):
        def wait(self) -> Sequence[Event]:
            return [Lost("killed by signal 11", ())]

    with pytest.raises(ExecutorError, match=r"double: workers die before they can begin \(killed by signal 11\); try --"):
        list(in_order(Stillborn(2, 0, 0), JOB, batches(6)))
