"""Templates are drawn evenly, by content alone."""

from collections import Counter

from harness_plugins.datasets.template.draw import Draw
from hypothesis import given
from hypothesis import strategies as st

ROWS = st.lists(st.tuples(st.text(max_size=4), st.sampled_from(["ja", "nej", ""])), unique_by=lambda row: row[0], max_size=60)


def drawn(rows: list[tuple[str, str]], templates: int, per_item: int, seed: int = 0) -> dict[str, list[int]]:
    draw = Draw(templates, per_item, seed)
    for id, label in rows:
        draw.add(id, label, {"text": id, "label": label})
    same, other = draw.repeats()
    assert not same
    assert not other
    draw.rank(same)
    return {id: draw.templates(place) for place, (id, _) in enumerate(rows)}


@given(ROWS, st.integers(1, 7), st.integers(1, 9))
def test_counts_differ_by_at_most_one_over_all_and_within_a_label(rows: list[tuple[str, str]], templates: int, n: int) -> None:
    found = drawn(rows, templates, n)
    for label in ("ja", "nej", "", None):
        counts = Counter(t for id, of in rows if label in (of, None) for t in found[id])
        all_counts = [counts[template] for template in range(templates)]
        assert max(all_counts) - min(all_counts) <= 1


@given(ROWS, st.integers(1, 7), st.integers(1, 9), st.randoms())
def test_the_order_of_rows_changes_nothing(rows: list[tuple[str, str]], templates: int, n: int, random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert drawn(rows, templates, n) == drawn(shuffled, templates, n)


@given(ROWS, st.integers(1, 7), st.integers(1, 9))
def test_a_row_gets_that_many_different_templates(rows: list[tuple[str, str]], templates: int, n: int) -> None:
    for numbers in drawn(rows, templates, n).values():
        assert len(set(numbers)) == len(numbers) == min(n, templates)


def test_the_seed_changes_the_draw() -> None:
    rows = [(f"rad {n}", "") for n in range(200)]
    same = sum(drawn(rows, 5, 1)[id] == drawn(rows, 5, 1, seed=1)[id] for id, _ in rows)
    assert 15 <= same <= 70  # 40 are expected of 200 by chance


def test_rows_that_say_the_same_are_told_from_rows_that_differ_under_one_id() -> None:
    draw = Draw(3, 1, 0)
    for id, text in (("a", "x"), ("b", "y"), ("a", "x"), ("b", "z"), ("a", "x")):
        draw.add(id, "", text)
    assert draw.repeats() == ({2, 4}, [3])


def test_what_is_left_out_does_not_disturb_the_others() -> None:
    rows = [(f"rad {n}", "") for n in range(20)]
    draw = Draw(4, 1, 0)
    for id, label in (*rows, rows[3], rows[5]):
        draw.add(id, label, {"text": id, "label": label})
    draw.rank(draw.repeats()[0])
    assert {id: draw.templates(place) for place, (id, _) in enumerate(rows)} == drawn(rows, 4, 1)
