"""How texts and figures are written on the page of a report."""

import math

import pytest

from harness.report.html.text import (
    anchor,
    breakable,
    count,
    extent,
    figure,
    interval,
    label,
    language_tag,
    share,
    slice_name,
    visible,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6049, ".605"),
        (-0.012, "−.012"),
        (1.0, "1.000"),
        (4.25, "4.25"),
        (41.26, "41.3"),
        (1910.0, "1910"),
        (0.0, ".000"),
        (0.00002, "2.0e−05"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_a_number_has_about_three_figures(value: float | None, text: str) -> None:
    assert figure(value) == text


def test_a_number_without_decimals_that_is_nearly_nothing_is_still_told() -> None:
    assert [figure(0.0, 0), figure(0.3, 0), figure(-0.3, 0), figure(0.7, 0)] == ["0", "0", "0", "1"]


def test_a_share_has_no_leading_zero_and_a_real_minus() -> None:
    assert [share(0.5, 2), share(-0.5, 2), share(None)] == [".50", "−.50", "–"]


def test_an_interval_is_written_in_brackets_and_an_unknown_one_not_at_all() -> None:
    assert interval(0.571, 0.6401) == "[.571, .640]"
    assert interval(None, 0.6) == ""


def test_counts_say_what_they_count() -> None:
    assert extent(191, 1910) == "191 items · 1,910 pairs"
    assert extent(1, 0) == "1 item"
    assert extent(0, 0) == "no data"
    assert count(60000) == "60,000"


def test_invisible_characters_are_written_out_and_others_left_alone() -> None:
    assert visible("a\u202eb\x07\tc\nå") == "a⟨U+202E⟩b⟨U+0007⟩\tc\nå"


def test_a_label_is_its_name_and_its_parameters_and_breaks_after_punctuation() -> None:
    assert label("rouge-l:stemmer=sv") == '<b>rouge-l</b><wbr><span class="parameters">:<wbr>stemmer=<wbr>sv</span>'
    assert label("<chrf>") == "<b>&lt;chrf&gt;</b>"
    assert breakable("a&b,c") == "a&amp;b,<wbr>c"


def test_a_slice_is_named_in_words() -> None:
    assert [slice_name("all"), slice_name("form=short")] == ["all items", "form: short"]


def test_identifiers_and_language_tags_hold_only_safe_letters() -> None:
    assert anchor('acc" onclick="x') == "acc-onclick-x"
    assert anchor("åäö") == "part"
    assert [language_tag("sv"), language_tag("pt-BR"), language_tag('sv" x="')] == ["sv", "pt-BR", None]
