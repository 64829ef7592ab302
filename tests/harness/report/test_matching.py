"""Words that also stand in a reference are marked, as Unicode words; the runs joined are the text."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.report.contents import Run
from harness.report.matching import runs, words_of


def marked(text, *references):
    return [run.text for run in runs(text, words_of(references)) if run.matched]


@given(st.text(), st.text())
def test_runs_joined_are_the_text(text, reference):
    found = runs(text, words_of([reference]))
    assert "".join(run.text for run in found) == text
    assert all(first.matched != second.matched for first, second in pairwise(found))


def test_swedish_letters_make_words_of_their_own():
    assert marked("får går", "för går") == ["går"]
    assert marked("ö", "ö") == ["ö"]


def test_case_and_the_composition_of_letters_do_not_matter():
    assert marked("FA\u030aR", "får") == ["FA\u030aR"]


def test_matched_words_with_blanks_between_are_one_run_and_punctuation_ends_it():
    assert runs("en röd bil, nu", words_of(["en röd bil nu"])) == (
        Run(text="en röd bil", matched=True),
        Run(text=", "),
        Run(text="nu", matched=True),
    )


def test_a_word_is_never_marked_in_part():
    assert marked("bilar bil", "bil") == ["bil"]


def test_words_of_any_reference_count():
    assert marked("ja nej", "ja", "nej") == ["ja nej"]
