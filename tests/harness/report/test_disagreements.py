"""The worst disagreements: pairs that people order clearly and a metric clearly the other way round."""

from judgment_sets import Sheet
from reports import figures, report_of


def entries(sheet, **options):
    (figure,) = figures(report_of(sheet, **options), "disagreements")
    return figure.entries


def test_the_worst_pair_is_the_one_on_which_both_sides_are_surest():
    sheet = Sheet()
    for item, (first, second), (low, high) in (
        ("clear", (5.0, 1.0), (0.1, 0.9)),  # people 4 apart, the metric .8 the other way
        ("faint", (5.0, 4.0), (0.1, 0.9)),  # people 1 apart only
        ("unsure", (5.0, 1.0), (0.5, 0.51)),  # the metric .01 only
        ("right", (5.0, 1.0), (0.9, 0.1)),
        ("tied", (3.0, 3.0), (0.1, 0.9)),
    ):
        sheet.item(item, references=("ett svar",))
        sheet.answer(item, "a", first, m=low)
        sheet.answer(item, "b", second, m=high)
    found = entries(sheet)
    assert [entry.item for entry in found] == ["clear", "faint", "unsure"]
    assert (found[0].a.system, found[0].a.people, found[0].a.score) == ("a", "5", 0.1)
    assert (found[0].b.system, found[0].b.people, found[0].b.score) == ("b", "1", 0.9)


def test_an_item_is_shown_once_a_metric_and_ten_items_at_most():
    sheet = Sheet()
    for item in range(30):
        for system, rating in zip("abc", (1.0, 2.0, 3.0), strict=True):
            sheet.answer(f"i{item:02d}", system, rating, m=-rating)
    found = entries(sheet)
    assert len(found) == 10
    assert len({entry.item for entry in found}) == 10
    assert {(entry.a.people, entry.b.people) for entry in found} == {("3", "1")}


def test_the_first_answer_is_the_one_that_people_prefer_with_its_votes():
    sheet = Sheet()
    a, b = sheet.answer("x", "a", m=1.0), sheet.answer("x", "b", m=0.0)
    for rater, winner in zip("xyz", ("b", "b", "a"), strict=True):
        sheet.prefer(a, b, winner, rater)
    sheet.judgments.clear()
    (entry,) = entries(sheet)
    assert (entry.a.system, entry.a.people) == ("b", "2 of 3 votes")
    assert (entry.b.system, entry.b.people) == ("a", "1 of 3 votes")


def test_scores_are_shown_as_the_metric_gives_them_where_lower_is_better():
    sheet = Sheet().metric("errors", higher_is_better=False)
    sheet.answer("x", "a", 5.0, errors=9.0)
    sheet.answer("x", "b", 1.0, errors=2.0)
    (entry,) = entries(sheet)
    assert (entry.a.score, entry.b.score) == (9.0, 2.0)


def test_words_of_a_reference_are_marked_and_long_texts_are_cut():
    sheet = Sheet().item("x", references=("en röd bil",), source="källa")
    sheet.answer("x", "a", 5.0, text="en blå bil", m=0.0)
    sheet.answer("x", "b", 1.0, text="o" * 100_000, m=1.0)
    (entry,) = entries(sheet)
    assert [(run.text, run.matched) for run in entry.a.text] == [("en", True), (" blå ", False), ("bil", True)]
    assert "".join(run.text for run in entry.b.text) == "o" * 1500 + " … (98,500 more characters)"
    assert (entry.source, entry.references) == ("källa", ("en röd bil",))


def test_a_metric_that_is_never_wrong_has_none_and_the_caption_counts():
    sheet = Sheet()
    for item in "xyz":
        sheet.answer(item, "a", 1.0, m=1.0, n=1.0)
        sheet.answer(item, "b", 2.0, m=2.0, n=0.0 if item == "x" else 2.0)
    (figure,) = figures(report_of(sheet), "disagreements")
    assert [entry.metric for entry in figure.entries] == ["n"]
    assert "m 0 of 3" in figure.caption
    assert "n 1 of 3" in figure.caption


def test_the_sentence_says_the_numbers_of_people_and_metric():
    sheet = Sheet()
    sheet.answer("x", "a", {"anna": 5.0}, m=8.0)
    sheet.answer("x", "b", {"anna": 3.0}, m=100.0)
    (entry,) = entries(sheet)
    assert entry.why == (
        "People put the first answer ahead: 5 against 3 (as far apart or less in 99.9 % of the pairs they order). "
        "m puts the second ahead: 8 against 100 (as far apart or less in 99.9 % of all pairs)."
    )
