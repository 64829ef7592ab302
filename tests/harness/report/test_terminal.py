"""On a terminal every number stands with its interval and its n, at 80 columns and at 200."""

import io
import re

import pytest
from rich.console import Console

from harness.records import MetaRow
from harness.report.layout import broken, interval, number
from harness.report.terminal import print_meta

METRICS = {f"metric-{letter}|option:{letter}|v:1": f"metric-{letter}:option={letter}" for letter in "abcdefg"}
LENGTH, RANDOM = "length|sentinel|unit:code-points|v:1", "random|sentinel|draws:200|v:1"


def row(metric, value, statistic="accuracy", **fields):
    own = {"judgments": "set@0123456789ab", "criterion": "meaning", "raters": "primary:r", "grouping": "item", "support": "own"}
    counts = {"n_items": 191, "n_clusters": 191, "n_pairs": 1870, "low": 0.571, "high": 0.64, "coverage": 1.0}
    return MetaRow(metric=metric, value=value, statistic=statistic, **{**own, **counts, **fields})


def rated():
    statistics = ("accuracy_raw", "accuracy", "accuracy_heldout", "above_floor")
    rows = [
        row(None, 0.589, "floor"),
        row(None, None, "human_level", raters="leave-one-out", note="unknown: 11 items with two raters"),
    ]
    for place, metric in enumerate((*METRICS, LENGTH, RANDOM)):
        rank = None if metric in (LENGTH, RANDOM) else 1 + place // 4
        rows += [row(metric, 0.7 + place / 100, s, rank_cluster=rank if s == "accuracy" else None) for s in statistics]
        rows += [
            row(metric, 0.5, slice=label, n_pairs=100, n_items=10, note="exploratory")
            for label in ("length=1-5", "systems=machine")
        ]
    return [*rows, row(None, None, slice="form=short", note="no data", n_items=0, n_pairs=0)]


def constructed():
    rows = []
    for label in ("all", "form=short", "task=unsupported-additions", "task=negation", "length=1-5"):
        for metric in (*METRICS, LENGTH):
            fields = {"slice": label, "raters": "construction", "grouping": "preference", "n_items": 14, "n_pairs": 14}
            rows += [row(metric, value, s, **fields) for s, value in (("accuracy_raw", 0.5), ("accuracy", 0.55))]
    return rows


def printed(rows, width, **options):
    file = io.StringIO()
    print_meta(Console(file=file, width=width, highlight=False), rows, labels=METRICS, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.6051, 3, ".605"), (-0.012, 3, "-.012"), (1.0, 3, "1.000"), (0.0, 3, ".000"), (-0.0001, 3, ".000"), (None, 3, "–"),
     (0.999, 2, "1.00"), (0.5, 2, ".50"), (-1.5, 2, "-1.50"), (10.25, 2, "10.25"), (-0.995, 1, "-1.0")],
)  # fmt: skip
def test_a_number_is_written_without_its_leading_zero(value, digits, text):
    assert number(value, digits) == text


def test_an_interval_that_is_not_there_is_a_dash():
    assert interval(row("m", 0.6)) == "[.571 .640]"
    assert interval(row("m", 0.6, low=None)) == "[–]"


@pytest.mark.parametrize("width", [60, 70, 80, 100, 123, 124, 200])
@pytest.mark.parametrize("rows", [rated(), constructed()], ids=["rated", "constructed"])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(rows, width):
    text = printed(rows, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


@pytest.mark.parametrize("width", [80, 100, 200])
def test_every_metric_stands_with_four_figures_their_intervals_and_its_n(width):
    text = printed(rated(), width, slices=False)
    digits = 2 if width < 100 else 3
    lines = text.splitlines()
    for place in range(len(METRICS)):
        value = number(0.7 + place / 100, digits)
        (line,) = [line for line in lines if line.count(f" {value}") >= 4]
        after = lines[lines.index(line) : lines.index(line) + 2]
        assert sum(part.count("[") for part in after) >= 4
        assert any("191" in part for part in after)
        assert any("1870" in part for part in after)


def test_a_narrow_terminal_has_fewer_columns_and_says_which():
    text = printed(rated(), 60, slices=False)
    assert "  no room for: held-out, cover\n" in text
    assert [
        text.count(f" {number(0.7 + place / 100, 2)}\n") + text.count(f" {number(0.7 + place / 100, 2)} ") for place in (0, 6)
    ] == [3, 3]


def test_a_wide_terminal_holds_a_metric_in_one_line_beside_its_intervals():
    (line,) = [line for line in printed(rated(), 200, slices=False).splitlines() if " .750 " in line]
    assert line.count(".750 [.571 .640]") == 4
    assert line.split()[-3:] == ["1.00", "191", "1870"]


def test_sentinels_the_floor_and_what_is_unknown_are_there():
    text = printed(rated(), 100)
    for word in ("length", "random", "floor", "human level unknown: 11 items with two raters"):
        assert word in text


def test_a_slice_without_data_says_so_and_slices_are_called_exploratory():
    text = printed(rated(), 200)
    assert "meaning by slice, calibrated accuracy (exploratory)" in text
    empty = [row("metric-a|option:a|v:1", None, slice="length=81+", n_pairs=0, n_items=0, note="no data: too few")]
    assert "  no data: form=short, length=81+ (too few)\n" in printed([*rated(), *empty], 200)


def test_a_metric_that_beats_every_sentinel_is_marked_and_one_that_beats_all_but_one_is_not():
    def against(metric, sentinel, p):
        return row(metric, 0.1, "accuracy_difference", against=sentinel, p_adjusted=p, support="common")

    first, second = list(METRICS)[:2]
    tests = [
        against(first, LENGTH, 0.01),
        against(first, RANDOM, 0.04),
        against(second, LENGTH, 0.01),
        against(second, RANDOM, 0.06),
    ]
    lines = printed([*rated(), *tests], 200, slices=False).splitlines()
    ranks = {line.split()[1]: line.split()[0] for line in lines if " metric-" in line and "[" in line}
    assert (ranks["metric-a:option=a"], ranks["metric-b:option=b"]) == ("1*", "1")
    assert "* after a rank: its calibrated accuracy is above that of every sentinel (p after Holm < 0.05)" in " ".join(lines)


def test_the_agreement_of_the_raters_stands_under_the_board():
    alpha = {"raters": "k+r", "grouping": None, "support": None, "n_items": 11, "low": 0.715, "high": 0.984}
    rows = [row(None, 0.8, "fleiss_kappa", **alpha), row(None, 0.865, "krippendorff_alpha_ordinal", **alpha)]
    assert "  raters agree: alpha (ordinal) .865 [.715 .984] on 11 items (2 raters)\n" in printed([*rated(), *rows], 100)
    unknown = {"raters": "k+r", "grouping": None, "note": "no data: no output has two raters"}
    text = printed([*rated(), row(None, None, "krippendorff_alpha_ordinal", **unknown)], 100)
    assert "  raters agree: unknown, no output has two raters (2 raters)\n" in text
    alone = row(None, None, "krippendorff_alpha_ordinal", raters="k", grouping=None)
    assert "  raters agree: unknown, one rater only\n" in printed([*rated(), alone], 100)


def test_a_slice_stands_beside_its_own_floor():
    text = printed([*rated(), row(None, 0.456, "floor", slice="length=1-5")], 200)
    (head,) = [line for line in text.splitlines() if line.startswith("slice") and "metric-a" not in line][-1:]
    (line,) = [line for line in text.splitlines() if line.startswith(" 1-5")]
    assert head.split()[:4] == ["slice", "items", "pairs", "floor"]
    assert line.split()[:4] == ["1-5", "10", "100", ".46"]


def test_a_metric_without_any_score_has_no_rank():
    rows = [row("chrf|v:1", None, rank_cluster=1, coverage=0.0, n_items=0, n_pairs=0, low=None, high=None), row(LENGTH, 0.6)]
    (line,) = [line for line in printed(rows, 200).splitlines() if line.split()[:1] == ["chrf"]]
    assert line.split() == ["chrf", "–", "–", "[–]", "–", "–", ".00", "0", "0"]


def test_where_items_have_no_pairs_it_is_said_and_the_next_grouping_is_shown():
    nothing = row(None, None, n_items=0, n_pairs=0, note="no data: no two rated outputs can be compared")
    text = " ".join(printed([nothing, *(row("chrf|v:1", 0.5, grouping=g) for g in ("none", "system"))], 100).split())
    assert (
        "meaning: nothing can be compared within an item; groupings with rows: system, none. This is the system grouping." in text
    )
    assert "meaning — set@0123456789ab, primary:r, system grouping" in text


def test_where_no_grouping_has_pairs_there_is_a_reason_and_no_legend():
    nothing = row(None, None, n_items=0, n_pairs=0, note="no data: no two rated outputs can be compared")
    assert printed([nothing], 100) == "nothing can be compared: no two rated outputs can be compared\n\n"


@pytest.mark.parametrize(
    ("label", "width", "lines"),
    [
        ("rouge-l:tokenizer=rouge-score", 13, ["rouge-l:", "tokenizer=", "rouge-score"]),
        ("chrf:beta=3,word_order=2", 13, ["chrf:beta=3,", "word_order=2"]),
        ("unsupported-additions", 16, ["unsupported-", "additions"]),
        ("rouge-l:tokenizer=rouge-score", 18, ["rouge-l:tokenizer=", "rouge-score"]),
        ("bleu", 13, ["bleu"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
    ],
)
def test_a_long_label_is_broken_between_its_parts(label, width, lines):
    assert broken(label, width).split("\n") == lines


def test_where_a_system_is_nearly_the_reference_there_is_a_second_board_without_it():
    text = printed([*rated(), row("metric-a|option:a|v:1", 0.5, slice="systems=without:mm", n_pairs=1146)], 200)
    (line,) = [line for line in text.splitlines() if line.startswith("meaning (systems=without:mm) — set@")]
    assert "1146" in text.partition(line)[2].partition("by slice")[0]


def test_a_metric_that_left_something_out_is_told_with_the_bound():
    rows = [
        row("metric-a|option:a|v:1", 0.9, coverage=0.5),
        row("metric-a|option:a|v:1", 0.4, support="missing-wrong", n_pairs=1900),
    ]
    flat = " ".join(printed(rows, 100).split())
    assert (
        "metric-a:option=a scored .500 of the outputs; with what it left out counted as wrong it is at .400 [.571 .640]" in flat
    )
    assert "on 1900 pairs" in flat


def test_a_judge_of_pairs_is_told_with_its_bound_and_raters_with_the_kappa_of_every_two():
    fields = {"grouping": "preference", "raters": "majority"}
    rows = [
        row("metric-a|option:a|v:1", 0.716, "accuracy_raw", coverage=0.975, n_pairs=974, **fields),
        row("metric-a|option:a|v:1", 0.698, "accuracy_raw", support="missing-wrong", n_pairs=999, coverage=0.975, **fields),
        row(None, 0.85, "cohen_kappa", grouping=None, raters="ann+bo"),
    ]
    flat = " ".join(printed(rows, 100).split())
    assert "scored .975 of the pairs; with what it left out counted as wrong it is at .698 [.571 .640] on 999 pairs" in flat
    assert "Cohen's kappa: ann and bo .850 [.571 .640]" in flat
    named = row(None, 0.85, "cohen_kappa", grouping=None, raters=r"ann\+x+bo")
    assert "Cohen's kappa: ann+x and bo .850" in " ".join(printed([*rows[:1], named], 100).split())


def test_constructed_sets_are_shown_by_phenomenon_only_and_named_as_constructed():
    text = printed(constructed(), 120, notes=["not checked by a native reader"])
    flat = " ".join(text.split())
    assert "accuracy per metric and phenomenon — by construction, not human judgment" in flat
    assert "note: not checked by a native reader" in flat
    assert " unsupported-additions" in text
    assert "length:" not in text
    assert len(re.findall(r"\.50 \[\.57 \.64\]", text)) == 4 * (len(METRICS) + 1)


def test_no_rows_are_said_to_be_none():
    assert printed([], 80) == "no rows: nothing was meta-evaluated\n"
