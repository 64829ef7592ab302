"""Copies of clusters under other ids: what makes two items the same, and what does not."""

from typing import Any

from judgment_sets import Sheet

from harness.meta.copies import different_clusters
from harness.records import ChoiceLoglik, MediaPart, Message, Output, TextPart


def questions(sheet: Sheet, *numbers: int, copies: int = 1, **fields: Any) -> Sheet:
    """Items `copy-number` with two rated answers each; those of one number say the same."""
    for number in numbers:
        for copy in range(copies):
            name = f"c{copy}-{number}"
            sheet.item(name, **{"source": f"fråga {number}", "references": ("svar",), **fields})
            for system in "st":
                sheet.answer(name, system, float(number % 2), text=f"svar {number}{system}")
    return sheet


def test_where_every_item_is_different_there_is_nothing_to_say() -> None:
    assert different_clusters(questions(Sheet(), *range(5)).data(), ("form",)) == {}


def test_six_items_under_ten_ids_each_are_six_different_ones() -> None:
    assert different_clusters(questions(Sheet(), *range(6), copies=10).data(), ()) == {("quality", "all"): 6}


def test_each_slice_is_counted_on_its_own() -> None:
    sheet = questions(Sheet(), *range(4), copies=3, form="short")
    questions(sheet, *range(4, 9), form="long")
    assert different_clusters(sheet.data(), ("form",)) == {("quality", "all"): 9, ("quality", "form=short"): 4}


def test_the_same_question_with_other_answers_is_another_item() -> None:
    sheet = questions(Sheet(), 1)
    sheet.item("again", source="fråga 1", references=("svar",))
    for system in "st":
        sheet.answer("again", system, 1.0, text=f"ett annat svar {system}")
    assert different_clusters(sheet.data(), ()) == {}


def test_the_same_answers_to_another_question_or_with_another_reference_are_another_item() -> None:
    sheet = Sheet()
    for name, source, reference in (("a", "x", "y"), ("b", "z", "y"), ("c", "x", "z"), ("d", " x\n", "y")):
        sheet.item(name, source=source, references=(reference,))
        for system in "st":
            sheet.answer(name, system, 1.0)
    assert different_clusters(sheet.data(), ()) == {("quality", "all"): 3}  # d is a: spacing does not count


def test_equal_answers_of_systems_that_swap_names_are_a_copy_and_unrated_answers_do_not_count() -> None:
    sheet = Sheet()
    for name, systems in (("a", "st"), ("b", "ts")):
        sheet.item(name, source="x")
        for system, text in zip(systems, ("ett", "två"), strict=True):
            sheet.answer(name, system, 1.0, text=text)
        sheet.answer(name, "u", None, text=name)
    assert different_clusters(sheet.data(), ()) == {("quality", "all"): 1}


def test_items_of_which_only_the_answers_are_known_count_as_different() -> None:
    sheet = Sheet()
    for name in "ab":
        for system in "st":
            sheet.answer(name, system, 1.0, text="ja")
    assert different_clusters(sheet.data(), ()) == {}


def test_two_pictures_under_one_question_are_two_items() -> None:
    sheet = Sheet()
    for name, picture in (("a", "1.png"), ("b", "2.png"), ("c", "2.png")):
        parts = (TextPart(text="vad är det?"), MediaPart(media="image", uri=picture))
        sheet.item(name, messages=(Message(role="user", parts=parts),))
        for system in "st":
            sheet.answer(name, system, 1.0)
    assert different_clusters(sheet.data(), ()) == {("quality", "all"): 2}


def test_copies_that_share_a_cluster_are_no_surplus() -> None:
    sheet = Sheet()
    for number in range(5):
        questions(sheet, number, copies=4, cluster_id=f"cluster {number}")
    assert different_clusters(sheet.data(), ()) == {}


def test_preferences_count_the_answers_that_people_chose_between() -> None:
    sheet = Sheet()
    for name in ("a", "b", "c"):
        sheet.item(name, source="x" if name != "c" else "y")
        sheet.prefer(*(sheet.answer(name, system, {}, text=system) for system in "st"), winner="a")
    assert different_clusters(sheet.data(), ()) == {("quality", "all"): 2}


def answered(sheet: Sheet, name: str, *texts: str | None) -> Sheet:
    """An item that asks what all such items ask, with one rated output for each text."""
    sheet.item(name, source="fråga", references=("svar",))
    for number, text in enumerate(texts):
        sheet.answer(name, f"s{number}", 1.0, text=text)
    return sheet


def test_items_that_no_system_answered_are_no_copies_of_each_other_nor_of_blank_answers() -> None:
    sheet = answered(Sheet(), "a", None, None)
    answered(sheet, "b", None, None)
    answered(sheet, "c", "", "")
    assert different_clusters(sheet.data(), ()) == {}


def test_a_missing_output_is_no_blank_answer_and_brings_nothing_new() -> None:
    sheet = answered(Sheet(), "a", "ett", "två", None)
    answered(sheet, "b", "ett", "två", "")
    assert different_clusters(sheet.data(), ()) == {}
    answered(sheet, "c", "ett", "två")
    assert different_clusters(sheet.data(), ()) == {("quality", "all"): 2}  # c is a


def test_blank_answers_are_equal_to_each_other() -> None:
    sheet = answered(Sheet(), "a", "", " ")
    answered(sheet, "b", "", "")
    assert different_clusters(sheet.data(), ()) == {("quality", "all"): 1}


def test_no_source_is_not_an_empty_source() -> None:
    sheet = Sheet()
    for name, source in (("a", None), ("b", "")):
        sheet.item(name, source=source, references=("svar",))
        for system in "st":
            sheet.answer(name, system, 1.0)
    assert different_clusters(sheet.data(), ()) == {}


def test_answers_of_other_log_likelihoods_are_others() -> None:
    sheet = Sheet()
    for name, last in (("a", -2.0), ("b", -2.0), ("c", -3.0)):
        sheet.item(name, source="fråga", choices=("ja", "nej"))
        for system in "st":
            sheet.answer(name, system, 1.0, text=None)
            before = sheet.outputs.pop()
            choices = tuple(ChoiceLoglik(sum=value, tokens=1, characters=3) for value in (-1.0, last))
            sheet.outputs.append(Output(id=before.id, example_id=name, system=system, loglik=choices))
    assert different_clusters(sheet.data(), ()) == {("quality", "all"): 2}
