"""Rows chosen from a stream: the same ones in any order."""

from hypothesis import given
from hypothesis import strategies as st

from harness.build.picks import Drawn, Largest


@given(st.lists(st.tuples(st.text(max_size=5), st.integers(0, 9)), unique_by=lambda pair: pair[0], max_size=40), st.randoms())
def test_what_is_chosen_does_not_depend_on_the_order(rows: list[tuple[str, int]], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    chosen = []
    for order in (rows, shuffled):
        largest: Largest[str] = Largest(5)
        drawn: Drawn[str] = Drawn(5)
        for name, key in order:
            largest.offer(key % 2, name, key, name)
            drawn.offer(key % 2, name, name)
        chosen.append([largest.of(0), largest.of(1), drawn.of(0), drawn.of(1)])
    assert chosen[0] == chosen[1]


def test_the_largest_come_largest_first() -> None:
    largest: Largest[str] = Largest(2)
    for name, key in (("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", -1.0)):
        largest.offer("all", name, key, name)
    assert largest.of("all") == ["b", "c"]


def test_a_draw_is_even_and_follows_the_seed() -> None:
    counts = [0] * 10
    for seed in range(400):
        drawn: Drawn[int] = Drawn(3, seed)
        for number in range(10):
            drawn.offer("all", f"row/{number}", number)
        for number in drawn.of("all"):
            counts[number] += 1
    assert sum(counts) == 1200
    assert all(80 <= n <= 160 for n in counts), counts  # 120 expected, 9.2 standard deviation


def test_none_are_kept_where_none_are_asked_for() -> None:
    drawn: Drawn[int] = Drawn(0)
    drawn.offer("all", "a", 1)
    assert drawn.of("all") == []
