"""Which rows a person is shown, and beside what."""

from small_builds import config, row

from harness.build.review import Review, beside, in_turn
from harness.build.review_contents import Entry, Passage
from harness.build.rows import SetAside


def page(review: Review) -> dict[str, list[str]]:
    """Ids by group, in the page's order."""
    found: dict[str, list[str]] = {}
    for entry in review.contents("t", config(), ()).entries:
        found.setdefault(entry.group, []).append(entry.id)
    return found


def marked(passage: Passage) -> list[str]:
    """The marked stretches."""
    return [run.text for run in passage.runs if run.matched]


def test_best_and_worst_go_by_the_sum_of_the_score() -> None:
    review = Review(2, 0)
    for n in range(9):
        review.add(row(str(n), meta={"scores": {"quality": 1 - n / 10, "sum": n / 10}}))
    found = page(review)
    assert found["worst"] == ["set/0", "set/1"]
    assert found["best"] == ["set/8", "set/7"]
    assert len(found["random"]) == 2
    assert "shortest" not in found


def test_a_builder_without_scores_shows_its_shortest_and_longest_responses() -> None:
    review = Review(1, 0)
    for n in range(1, 5):
        review.add(row(str(n), response="x" * n))
    found = page(review)
    assert (found["shortest"], found["longest"]) == (["set/1"], ["set/4"])


def test_builders_take_turns_and_removed_rows_come_last_with_their_reason() -> None:
    review = Review(2, 0)
    for builder in ("natural", "template"):
        for n in range(3):
            review.add(row(f"{builder}{n}", builder=builder))
    review.add_removed(SetAside(id="set/r", stage="filter", reason="too-short", detail="2 characters", source="Ja"))
    entries = review.contents("t", config(), ()).entries
    assert [entry.builder for entry in entries[:4]] == ["natural", "template", "natural", "template"]
    last = entries[-1]
    assert (last.group, last.reason, last.detail, last.builder) == ("removed", "filter: too-short", "2 characters", "filter")
    assert last.source[0].runs[0].text == "Ja"


def test_words_on_both_sides_are_marked() -> None:
    made, given, kind = beside({"response": "Anna bor i Umeå"}, {"source": "Anna lives in Umeå"}, "sv")
    assert kind == "both"
    assert marked(made[0]) == ["Anna", "Umeå"]
    assert marked(given[0]) == ["Anna", "Umeå"]


def test_where_most_words_are_on_both_sides_the_others_are_marked() -> None:
    made, given, kind = beside({"response": "Jag har en ny bil i dag."}, {"source": "Jag har en nya bil i dag."}, "sv")
    assert kind == "one"
    assert marked(made[0]) == ["ny"]
    assert marked(given[0]) == ["nya"]


def test_a_source_that_is_the_response_is_said_to_be_and_not_repeated() -> None:
    made, given, kind = beside({"instruction": "Skriv.", "response": "Texten."}, {"source": "Texten."}, "sv")
    assert [(passage.note, passage.runs) for passage in given] == [("is the response, letter by letter", ())]
    assert (kind, [marked(passage) for passage in made]) == ("", [[], []])


def test_what_cannot_be_seen_is_written_out() -> None:
    review = Review(1, 0)
    review.add(row("a", instruction="av\u202eigt", meta={"note": "\u202e"}))
    [entry, *_] = review.contents("t", config(), ()).entries
    assert isinstance(entry, Entry)
    assert "".join(run.text for run in entry.texts[0].runs) == "av\\u{202e}igt"
    assert "\u202e" not in entry.meta


def test_lists_are_read_in_turn() -> None:
    assert in_turn([[1, 4], [2], [3, 5, 6]]) == [1, 2, 3, 4, 5, 6]


def test_a_row_that_stands_in_several_groups_is_counted_once() -> None:
    review = Review(4, 0)
    for n in range(3):
        review.add(row(str(n), response="x" * (n + 1)))
    for n in range(6):
        review.add_removed(SetAside(id=f"set/r{n}", stage="filter", reason="too-short"))
    page = review.contents("t", config(), ())
    assert len(page.entries) == 3 * 3 + 4  # drawn by chance, shortest, longest; four of the reason
    assert page.subtitle == "3 of 3 examples and 4 of 6 removed rows, language sv"
