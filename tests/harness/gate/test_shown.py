"""Moved pairs as a person reads them."""

import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gate.explain import Explained, MovedPair
from harness.gate.shown import LONGEST, markdown, terminal, visible


def pair(reference="Det är får", answer="Det var far", **others):
    given = {
        "set": "pairs",
        "pair": "01",
        "instruction": "Svara.",
        "references": (reference,),
        "hypotheses": (answer,),
        "components": (None,),
        "before": (0.5,),
        "now": (0.25,),
        "size": 0.25,
    }
    return MovedPair(**given | others)


def shown(*pairs, **others):
    given = {"metric": "chrf", "signature_before": "s", "signature": "s", "of": 9, "moved": len(pairs), "pairs": pairs}
    return Explained(**given | others)


def lines(*pairs, **others):
    return [click.unstyle(line) for line in terminal([shown(*pairs, **others)], {})]


def test_answer_stands_below_the_reference_with_what_differs_marked():
    said = lines(pair())
    assert said[0] == "chrf: scores moved on 1 of 9 pairs"
    assert "     scores:    score 0.5 → 0.25 (-0.25)" in said
    assert "     reference: Det [-är-] [-får-]" in said
    assert "     answer:    Det {+var+} {+far+}" in said


def test_differences_have_colours():
    said = "\n".join(terminal([shown(pair())], {}))
    assert "\x1b[31m[-är-]\x1b[0m" in said
    assert "\x1b[32m{+var+}\x1b[0m" in said


def test_markdown_has_bold_and_struck_out_words_and_nothing_of_a_text_is_read_as_markup():
    said = list(markdown([shown(pair("ett <b>får</b>", "ett *får* | två"))], {}))
    assert said[0] == "## chrf"
    (answer,) = [line for line in said if line.startswith("- answer: ")]
    assert "**" in answer
    assert "\\*" in answer
    assert "\\|" in answer
    assert "<" not in "".join(said)


def test_what_looks_the_same_is_told_apart():
    said = lines(pair("a\u030angra", "ångra"))
    assert "     reference: [-a⟨U+030A⟩ngra-]" in said
    assert visible("a\u200db\u00a0c\u202ed\x1b[2J\n") == "a⟨U+200D⟩b⟨U+00A0⟩c⟨U+202E⟩d⟨U+001B⟩[2J⏎"


def test_of_several_references_the_nearest_is_shown():
    said = lines(pair(references=("Solen går ner", "Det var får", "Nej"), answer="Det var far"))
    assert "     reference: Det var [-får-] (nearest of 3)" in said


def test_of_long_texts_the_place_where_they_differ_is_shown():
    one, other = "ord " * 20_000 + "slut", "ord " * 20_000 + "start"
    (reference,) = [line for line in lines(pair(one, other)) if line.startswith("     reference: ")]
    assert reference.endswith("[-slut-]")
    assert len(reference) < 2 * LONGEST


def test_blank_texts_and_missing_references_are_named():
    said = lines(pair("ja", ""))
    assert "     answer:    (blank)" in said
    assert "     reference: (none)" in lines(pair(references=()))


def test_components_are_named_and_a_missing_score_says_why():
    said = lines(pair(components=("f1", "recall", "p"), before=(0.5, "empty", 1.0), now=("error", 0.0, 1.0)))
    assert "     scores:    f1 0.5 → no score (error); recall no score (empty) → 0; p 1 as before" in said


def test_a_metric_that_compares_two_outputs_shows_both():
    said = lines(pair(hypotheses=("hund", "katt"), references=("djur",)))
    assert "     reference: [-katt-]" in said
    assert "     answer:    {+hund+}" in said


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"signature": "t"}, "signature was s"),
        ({"signature": None}, "could not be asked"),
        ({"moved": 7}, "the 1 that moved most (--pairs 7 shows all):"),
        ({"causes": ("all have emoji",)}, "all have emoji"),
    ],
)
def test_what_else_is_known_is_said_first(others, words):
    assert any(words in line for line in lines(pair(), **others))


def test_other_versions_than_the_baselines_lead_to_the_bisection():
    said = list(terminal([shown(pair())], {"sacrebleu": ("2.4.3", "2.6.0")}))
    assert said[-2:] == [
        "Other versions than when the baseline was approved: sacrebleu 2.4.3 → 2.6.0.",
        "`harness gate explain METRIC --bisect sacrebleu` looks for the version that moved a metric.",
    ]
    assert list(terminal([shown()], {"numpy": ("1", None)}))[-1].endswith("numpy 1 → not installed.")


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_the_texts_both_are_whole_in_one_line_each_and_steer_nothing(reference, answer):
    found = shown(pair(reference, answer))
    for said in (list(terminal([found], {})), list(markdown([found], {}))):
        assert not any(char in line for line in said for char in "\n\r\x0b\x0c\x1c\x85\u2028\u202e")
    (told,) = [line for line in lines(pair(reference, answer)) if line.startswith("     answer:    ")]
    if answer and not re.search(r"[-+{}\[\]]", answer):
        assert re.sub(r"\{\+|\+\}", "", told).removeprefix("     answer:    ") == visible(answer)


def test_no_line_holds_a_command_of_a_runner_though_its_characters_come_apart():
    said = lines(pair("##[error]", "##[error]"), unknown=("a\n::error::b",), metric="a\n::c")
    assert not [line for line in said if "##[" in line or line.strip().startswith("::")]
