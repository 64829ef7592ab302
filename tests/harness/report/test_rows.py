"""Rows on a terminal: numbers have three decimals and are never cut, and what does not fit is named."""

import io

import pytest
from rich.console import Console

from harness.report.rows import rounded, rows_table

CHRF, SWEDISH = "chrf|v:1", "rouge-l|stemmer:swedish|v:1"
LABELS = {SWEDISH: "rouge-l:stemmer=swedish"}
STATISTICS = ("accuracy_difference", "krippendorff_alpha_ordinal", "floor")


def meta(**fields):
    base = {"judgments": "gec-sv@5fe51f6ec0d8", "metric": SWEDISH, "against": CHRF, "criterion": "grammaticality", "slice": "all"}
    counts = {"grouping": "item", "n_items": 191, "n_pairs": 1910, "p_adjusted": 1.0, "epsilon_scope": "slice", "seed": 0}
    numbers = {"statistic": STATISTICS[0], "value": 0.49999999999999994, "low": -0.25, "high": 1.0}
    return {**base, **counts, **numbers, "component": None, "raters": "primary:r", "support": "own", "note": None, **fields}


def printed(name, rows, width):
    file, shown = io.StringIO(), rows_table(name, rows, LABELS, width)
    Console(file=file, width=width).print(shown.table)
    return [line.rstrip() for line in file.getvalue().splitlines()], shown.left_out


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_a_row_of_meta_is_one_line_with_its_numbers_whole(width):
    rows = [meta(statistic=name) for name in STATISTICS]
    lines, _ = printed("meta", rows, width)
    assert len(lines) == 4
    assert max(map(len, lines)) <= width
    for line, name in zip(lines[1:], STATISTICS, strict=True):
        assert line.startswith("rouge-l:stemmer=swedish  ")
        assert name in line
        assert " 0.500" in line


def test_every_column_that_says_something_is_shown_or_named():
    (head, _), left_out = printed("meta", [meta()], 80)
    everything = {column for column, value in meta().items() if value is not None}
    assert set(head.split()) | set(left_out) == everything
    assert not set(head.split()) & set(left_out)
    assert {"metric", "statistic", "value"} <= set(head.split())


def test_on_a_narrow_terminal_what_is_the_same_in_every_row_goes_first():
    rows = [meta(slice="all"), meta(slice="length=21-80")]
    head = printed("meta", rows, 80)[0][0].split()
    assert "slice" in head
    assert "criterion" not in head


def test_a_long_text_is_wrapped_between_words_and_an_id_is_not():
    text = "Jag kände att jag tyckte om henne , men det dröjde flera år ."
    lines, left_out = printed("outputs", [{"id": "gec-sv/a-001/mm", "sample": 0, "text": text}], 50)
    assert lines[1].startswith("gec-sv/a-001/mm       0  Jag")
    assert " ".join(" ".join(lines[1:]).replace("gec-sv/a-001/mm       0", "").split()) == text
    assert left_out == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.49999999999999994, "0.500"), (-0.0123, "-0.012"), (0.000012, "1.2e-05"), (0.0, "0.000"), (1.0, "1.000")],
)
def test_numbers_have_three_decimals_and_what_is_small_is_not_called_nothing(value, text):
    assert rounded(value) == text


def test_ratings_that_are_whole_have_no_decimals_and_lists_are_rounded_too():
    lines, _ = printed("judgments", [{"value": 2.0, "scale": {"low": 0.1 + 0.2}}], 80)
    assert lines[1].split() == ["2", '{"low":', "0.3}"]


def test_a_verdict_comes_first_and_what_a_model_said_moves_no_cursor():
    row = {"metric": "m|v:1", "targets": ["a"], "form": "direct", "value": 2.0, "status": "ok", "key": "f" * 64}
    row["reply"] = "\x1b]0;pwn\x07ja\x00"
    (head, line), left_out = printed("verdicts", [row], 200)
    assert head.split() == ["value", "status", "targets", "reply", "metric"]
    assert "\\u{1b}]0;pwn\\u{7}ja\\u{0}" in line
    assert line.isprintable()
    assert set(left_out) == {"form", "key"}
