"""What the pairs that moved have in common."""

import pytest

from harness.gate.traits import TRAITS, Texts, shared


def texts(answer, *references, **more):
    return Texts((answer,), references, **more)


PLAIN = {f"p{number}": texts(f"plain words number {number} of many", "some other plain words") for number in range(6)}


@pytest.mark.parametrize(
    ("name", "has", "has_not"),
    [
        ("an empty answer", texts("", "a"), texts(" ", "a")),
        ("a blank answer", texts(" \n", "a"), texts("x", "a")),
        ("no words in the answer", texts("… !", "a"), texts("a", "a")),
        ("no words in a reference", texts("a", "b", "?"), texts("?", "b")),
        ("several references", texts("a", "b", "c"), texts("a", "b")),
        ("several references, the best of them not the first", texts("a b", "c", "a b"), texts("a b", "a b", "c")),
        ("several references, the best of them not the last", texts("a b", "a b", "c"), texts("a b", "c", "a b")),
        ("decomposed letters (NFD)", texts("a\u030a", "b"), texts("å", "b")),
        ("compatibility characters (ligatures, other widths)", texts("ﬁn", "b"), texts("fin", "b")),
        ("emoji", texts("👍", "b"), texts(":)", "b")),
        ("right-to-left writing", texts("שלום", "b"), texts("hej", "b")),
        ("writing without blanks between words", texts("我喜欢", "b"), texts("мне", "b")),
        ("marks on letters", texts("हिन्दी", "b"), texts("hindi", "b")),
        ("control or invisible characters", texts("Stock\u200bholm", "b"), texts("a\nb", "b")),
        ("letters beyond ASCII", texts("b", "å"), texts("b…", "c")),
        ("words in another case than the reference's", texts("Ett två", "ett två"), texts("ett", "ett två")),
        (
            "other endings of the reference's words (inflection, stemming)",
            texts("flickan", "flickorna"),
            texts("pojkar", "flickor"),
        ),
        ("the reference's words in another order", texts("b a", "A b"), texts("a b", "A b")),
        ("words that occur more than once", texts("a", "b b"), texts("a", "b c")),
        ("numbers with separators", texts("1 000", "b"), texts("1000", "b")),
        ("several lines", texts("a\nb", "c"), texts("a\n", "c")),
        ("several sentences", texts("A b. C d.", "c"), texts("A b.", "c")),
        ("more than 20 words", texts("a", "b " * 21), texts("a", "b " * 20)),
        ("an answer of one word", texts("hej!", "b"), texts("hej du", "b")),
        ("an answer equal to a reference", texts("b", "a", "b"), texts("B", "b")),
        ("an answer that shares no word with the references", texts("a b", "c", "d"), texts("a b", "c", "B")),
        ("an answer longer than each reference", texts("a b", "a", "b"), texts("a b", "a", "b c")),
        ("a source", texts("a", "b", source="c"), texts("a", "b")),
        ("an answer in English", texts("a", "b", language="en-GB"), texts("a", "b", language="sv")),
    ],
)
def test_a_trait_is_seen_where_it_is(name, has, has_not):
    assert TRAITS[name](has)
    assert not TRAITS[name](has_not)


def test_what_all_moved_pairs_have_and_no_other_has_is_told_first():
    own = {"n1": texts("a\u030ar lite", "år lite"), "n2": texts("fo\u0308r mycket", "för mycket")}
    told = shared({**PLAIN, **own}, {"n1", "n2"})
    assert told[0] == "all 2 that moved have decomposed letters (NFD), none of the other 6"
    assert len(told) <= 3


def test_one_that_does_not_fit_among_many_is_counted():
    own = {f"e{number}": texts(f"👍 {number} words of these", "some other plain words") for number in range(19)}
    moved = {*own, "p0"}
    assert any(line.startswith("19 of 20 that moved have emoji, none of the other 5") for line in shared({**PLAIN, **own}, moved))


def test_nothing_is_told_where_everything_moved_or_nothing_tells_them_apart():
    assert shared(PLAIN, set(PLAIN)) == []
    assert shared(PLAIN, {"p1", "p2"}) == []
    assert shared({}, set()) == []
