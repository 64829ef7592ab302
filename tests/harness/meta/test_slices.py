"""Slices: who belongs where, what is fixed, and what says that there is no data."""

from typing import Any

import pytest
from judgment_sets import Sheet, find, only

from harness.errors import HarnessError
from harness.meta.slices import is_crossed, length_bucket, near_references, slices
from harness.records import Example, Output


def words(count: int) -> str:
    return " ".join(["ord"] * count)


def item(references: list[int], outputs: list[int]) -> str | None:
    example = Example(id="x", kind="instruction", language="sv", references=tuple(map(words, references)))
    return length_bucket(example, [Output(id=str(n), example_id="x", system=str(n), text=words(n)) for n in outputs])


@pytest.mark.parametrize(
    ("count", "bucket"),
    [(1, "1-5"), (5, "1-5"), (6, "6-20"), (20, "6-20"), (21, "21-80"), (80, "21-80"), (81, "81+"), (5000, "81+"), (0, None)],
)
def test_an_items_bucket_is_the_words_of_its_reference(count: int, bucket: str | None) -> None:
    assert item([count], [300]) == bucket


def test_of_several_references_the_median_counts_and_without_one_the_median_output() -> None:
    assert item([2, 3, 100], []) == "1-5"
    assert item([], [4, 30, 30]) == "21-80"
    assert item([], []) is None


def labels(sheet: Sheet, *dimensions: str) -> dict[str, list[str]]:
    data = sheet.data()
    ids = [output.id.removesuffix("/0") for output in data.outputs]
    return {part.label: [i for i, has in zip(ids, part.outputs, strict=True) if has] for part in slices(data, dimensions)}


def mixed() -> Sheet:
    sheet = Sheet(system_sets={"machine": ("a", "b"), "human": ("c",), "none-of-these": ("x",)})
    sheet.item("i1", form="short", task="qa", references=(words(3),), meta={"level": "A"})
    sheet.item("i2", task="qa", language="en", references=(words(30),), meta={"level": 2})
    for name in ("i1", "i2"):
        for system, rating in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
            sheet.answer(name, system, rating, m=rating)
    return sheet


def test_every_dimension_has_its_values_and_forms_and_lengths_their_fixed_ones() -> None:
    found = labels(mixed(), "form", "task", "language", "length", "systems", "meta:level")
    first, second = ["i1/a", "i1/b", "i1/c"], ["i2/a", "i2/b", "i2/c"]
    assert found == {
        "all": first + second,
        "form=short": first,
        "form=long": [],
        "task=qa": first + second,
        "language=en": second,
        "language=sv": first,
        "length=1-5": first,
        "length=6-20": [],
        "length=21-80": second,
        "length=81+": [],
        "systems=machine": ["i1/a", "i1/b", "i2/a", "i2/b"],
        "systems=human": ["i1/c", "i2/c"],
        "systems=none-of-these": [],
        "meta:level=2": second,
        "meta:level=A": first,
        "language=en&length=21-80": second,
        "language=sv&length=1-5": first,
    }


def test_form_language_and_length_are_crossed_where_they_take_several_values_and_only_in_cells_that_exist() -> None:
    sheet = Sheet()
    for name, form, language, count in (("a", "short", "sv", 3), ("b", "long", "sv", 30), ("c", "long", "en", 30)):
        sheet.item(name, form=form, language=language, references=(words(count),))
        sheet.answer(name, "s", 1.0)
    sheet.item("d", language="en", references=(words(3),))  # nobody says which form: in no crossed cell
    sheet.answer("d", "s", 1.0)
    crossed = {label: ids for label, ids in labels(sheet, "form", "task", "language", "length").items() if is_crossed(label)}
    assert crossed == {
        "form=long&language=en&length=21-80": ["c/s"],
        "form=long&language=sv&length=21-80": ["b/s"],
        "form=short&language=sv&length=1-5": ["a/s"],
    }
    assert [label for label in labels(sheet, "form", "length") if is_crossed(label)] == [
        "form=long&length=21-80",
        "form=short&length=1-5",
    ]
    assert not any(is_crossed(label) for label in labels(sheet, "language"))


def test_nothing_is_crossed_where_one_dimension_alone_varies() -> None:
    sheet = Sheet()
    for name, count in (("a", 3), ("b", 30)):
        sheet.item(name, form="short", references=(words(count),)).answer(name, "s", 1.0)
    assert not any(is_crossed(label) for label in labels(sheet, "form", "language", "length"))


def test_a_task_with_an_ampersand_is_no_crossed_label() -> None:
    assert not is_crossed("task=R&D")
    assert not is_crossed("task=a&language=sv")
    assert is_crossed("form=short&length=6-20")


def test_crossed_cells_have_rows_and_are_exploratory() -> None:
    rows = mixed().rows(slices=("language", "length"), groupings=("item",))
    part = only(rows, slice="language=en&length=21-80", metric="m", statistic="accuracy")
    assert (part.value, part.n_items, part.n_pairs) == (1.0, 1, 3)
    assert "exploratory" in part.note


def test_an_unknown_dimension_is_refused_with_a_suggestion() -> None:
    with pytest.raises(HarnessError, match=r"no slice dimension 'lenght'.*Did you mean 'length'"):
        list(slices(mixed().data(), ["lenght"]))


def test_a_slice_without_data_says_so_and_one_without_pairs_says_that() -> None:
    rows = mixed().rows(slices=("form", "systems"), groupings=("item",))
    assert [(r.value, r.note) for r in find(rows, slice="form=long")] == [(None, "no data")]
    assert [(r.value, r.note) for r in find(rows, slice="systems=none-of-these", statistic="accuracy")] == [(None, "no data")]
    human = find(rows, slice="systems=human", statistic="accuracy")
    assert [(r.value, r.note) for r in human] == [(None, "no data: no two rated outputs can be compared")]


def test_numbers_of_a_slice_are_those_of_a_set_with_nothing_else_and_are_exploratory() -> None:
    rows = mixed().rows(slices=("language",), groupings=("item",))
    part = only(rows, slice="language=en", metric="m", statistic="accuracy")
    assert (part.value, part.n_items, part.n_pairs) == (1.0, 1, 3)
    assert part.note.startswith("exploratory")
    assert "exploratory" not in (only(rows, metric="m", statistic="accuracy").note or "")


def test_a_slice_that_holds_the_same_outputs_as_another_says_so_and_stays_exploratory() -> None:
    rows = mixed().rows(slices=("task",), groupings=("item",))
    part, whole = (only(rows, slice=name, metric="m", statistic="accuracy") for name in ("task=qa", "all"))
    assert (part.value, part.low, part.high, part.epsilon) == (whole.value, whole.low, whole.high, whole.epsilon)
    assert part.note.startswith("the same outputs as another slice")
    assert "exploratory" in part.note
    assert "approximate" in part.note


def test_slices_are_in_the_first_grouping_and_the_whole_set_in_all() -> None:
    rows = mixed().rows(slices=("language",), groupings=("none", "item"))
    assert {row.grouping for row in rows if row.slice == "language=sv" and row.grouping} == {"none"}
    assert {row.grouping for row in rows if row.slice == "all" and row.grouping and row.metric == "m"} == {"none", "item"}


def near(equal: int, of: int, **info: Any) -> Sheet:
    """System `copy` gives the reference on `equal` of the items."""
    sheet = Sheet(**info)
    for number in range(of):
        sheet.item(f"i{number}", references=("facit",))
        sheet.answer(f"i{number}", "copy", 3.0, text="facit" if number < equal else "annat", m=1.0)
        sheet.answer(f"i{number}", "own", 1.0 + number % 2, text="eget", m=0.0)
        sheet.answer(f"i{number}", "other", 2.0, text="mer", m=0.5)
    return sheet


def test_a_system_equal_to_the_reference_on_over_half_of_the_items_has_a_second_table_without_it() -> None:
    sheet = near(3, 5)
    assert near_references(sheet.data()) == ("copy",)
    rows = sheet.rows(slices=("systems",), groupings=("item",))
    without = only(rows, slice="systems=without:copy", metric="m", statistic="accuracy_raw")
    assert (without.n_pairs, without.n_items) == (5, 5)
    assert only(rows, metric="m", statistic="accuracy_raw").n_pairs == 15  # it stays in the first one
    assert any("equals a reference on 3 of 5 items" in note for note in sheet.data().notes)
    system_rows = find(rows, slice="systems=without:copy", metric="m", statistic="system_pairwise_accuracy")
    assert [row.n_pairs for row in system_rows] == [1]


def test_exactly_half_is_not_over_half() -> None:
    assert near_references(near(2, 4).data()) == ()


def test_without_any_system_left_there_is_no_second_table() -> None:
    sheet = Sheet()
    sheet.item("i", references=("facit",))
    sheet.answer("i", "copy", 1.0, text="facit")
    sheet.answer("i", "copy2", 2.0, text="facit")
    assert [part.label for part in slices(sheet.data(), ["systems"])] == ["all"]
