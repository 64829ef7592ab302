"""A report holds every part in its order, and no text of a model or rater can do anything but be read."""

import unicodedata

import msgspec
import pytest
from judgment_sets import Sheet
from markdown_it import MarkdownIt
from reports import figures, report_of

from harness.records import Judgment
from harness.report.contents import Report
from harness.report.files import rendered
from harness.report.texts import shown

MARKUP = '<img src=x onerror="alert(1)"></script><script>alert(2)</script>|`[x](javascript:alert(3))'
UNSEEN = "\x00\x07\x1b[31m\x7f\x9b\u202eabc\u2066\u200b\u2028\ud800\ufeff"
LONG = "å" * 100_000
NASTY = MARKUP + UNSEEN


def nasty():
    """Every text field holds markup, characters that cannot be seen, or 100,000 characters."""
    sheet = Sheet(f"criterion {MARKUP}", name=f"set {MARKUP}", notes=(f"note {NASTY}", LONG))
    words = {"a": NASTY.replace("\ud800", ""), "b": LONG, "c": "https://evil.se @name #1"}
    for item in range(12):
        name = f"i{item} {MARKUP}"
        sheet.item(
            name, task=f"task {MARKUP} {item % 2}", language="sv", source=f"source {MARKUP}", references=(f"ref {MARKUP}", LONG),
            meta={"level": f"{MARKUP}{item % 2}"},
        )  # fmt: skip
        for place, (system, text) in enumerate(words.items()):
            raters = {f"rater {MARKUP}": float(1 + (place + item) % 3 // 2), "bo": float(1 + place // 2)}
            sheet.answer(name, f"system {system} {MARKUP}", raters, text=text, m=float(-place), n=float(place * item % 5))
    sheet.metrics["m"] = type(sheet.metrics["m"])(signature="m", name=f"metric {MARKUP}")
    return sheet


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from strings(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from strings(one)


@pytest.fixture(scope="module")
def report():
    return report_of(nasty(), slices=("task", "meta:level"))


def test_no_text_holds_a_character_that_cannot_be_seen_or_reorders(report):
    unseen = {
        c for text in strings(msgspec.to_builtins(report)) for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn")
    }
    assert unseen <= {"\n", "\t", "\u200c", "\u200d", "\u00ad"}


def test_long_texts_are_cut_and_say_so(report):
    longest = max(strings(msgspec.to_builtins(report)), key=len)
    assert len(longest) <= max(5_000, len(report.manifest))
    assert any(text.endswith("more characters)") for text in strings(msgspec.to_builtins(report)))


@pytest.mark.parametrize("kind", ["html", "md", "csv", "json"])
def test_every_format_is_made_and_of_sensible_size(report, kind):
    assert 1_000 < len(rendered(report, kind)) < 3_000_000


def test_markup_is_text_in_html_and_in_markdown(report):
    html = rendered(report, "html").decode()
    assert "<img src=x" not in html
    assert "<script>alert(2)" not in html
    tokens = MarkdownIt("commonmark").enable("table").parse(rendered(report, "md").decode())
    kinds = {one.type for token in tokens for one in (token, *(token.children or ()))}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "strong_open"}


def test_json_reads_back_as_the_same_report(report):
    assert msgspec.json.decode(rendered(report, "json"), type=Report) == report


def test_the_sections_stand_in_their_order(report):
    assert [section.id for section in report.sections] == [
        "accuracy", "ranks", "advice", "curves", "raters", "scores", "slices", "disagreements", "systems", "tables"
    ]  # fmt: skip
    every = [figure.id for section in report.sections for figure in section.figures]
    assert len(every) == len(set(every))
    assert report.made == "1970-01-01T00:01:00+00:00"


def test_every_figure_says_its_n(report):
    for section in report.sections:
        for figure in section.figures:
            assert any(character.isdigit() for character in figure.caption), figure.id


def test_what_can_be_seen_stays_and_the_rest_is_written_out():
    assert shown("får 🦌\n\tnästa") == "får 🦌\n\tnästa"
    assert shown("a\u202eb\x00") == "a\\u{202e}b\\u{0}"
    assert shown("abc", 2) == "ab … (1 more characters)"


def test_one_system_one_rater_gives_a_report_without_figures_that_need_more():
    sheet = Sheet()
    for item in range(30):
        sheet.answer(f"i{item}", "only", float(item % 3), m=float(item % 5))
    report = report_of(sheet)
    assert figures(report, "disagreements") == ()
    assert figures(report, "ranks") == ()
    assert len(figures(report, "systems")[0].rows) == 1
    assert any(
        "nothing can be compared within an item, so answers of one system are compared" in text for text in report.warnings
    )


def test_a_criterion_without_data_is_named_and_the_others_stand():
    sheet = Sheet()
    for item in range(30):
        for system in "ab":
            output = sheet.answer(f"i{item}", system, float(system == "a"), m=float(system == "a"))
            sheet.judgments.append(Judgment(output_id=output, rater="anna", criterion="style", value=None))
    report = report_of(sheet)
    assert "On style, nobody knows: no pair of answers has both a judgment and a score." in report.answer
    assert any(
        line.startswith("On quality, m, the only metric that is ranked, has calibrated accuracy 1.000") for line in report.answer
    )


def test_many_metrics_make_figures_of_twelve_and_tables_of_all():
    sheet = Sheet()
    for item in range(40):
        for system in "abc":
            scores = {f"m{number:02d}": float((item * 7 + number * ord(system)) % 11) for number in range(30)}
            sheet.answer(f"i{item}", system, float((item + ord(system)) % 3 // 2), **scores)
    report = report_of(sheet)
    (plot,) = figures(report, "curves")
    assert len(plot.series) == 12
    assert "The first 12 of 30 metrics" in plot.caption
    accuracies = next(figure for figure in figures(report, "tables") if figure.id == "table-accuracies")
    assert sum(row[2] == "metric" for row in accuracies.rows) == 30
    assert len(rendered(report, "html")) < 3_000_000


def test_a_target_a_rater_makes_twelve_of_each_figure_and_a_table_of_all():
    sheet = Sheet()
    for item in range(12):
        for place, system in enumerate("ab"):
            sheet.answer(f"i{item}", system, {f"rater{n:02d}": float((item + n * place) % 3) for n in range(15)}, m=float(place))
    report = report_of(sheet, raters="each")
    assert len(figures(report, "accuracy")) == 12
    assert any("about the first 12 of 15 criteria and raters" in text for text in report.warnings)
    accuracies = next(figure for figure in figures(report, "tables") if figure.id == "table-accuracies")
    assert sum(row[2] == "metric" for row in accuracies.rows) == 15


def test_no_text_of_the_report_itself_is_markup(report):
    clean = Sheet()
    for item in range(6):
        for place, system in enumerate("ab"):
            clean.answer(f"i{item}", system, float(place), m=float(place))
    words = [text for text in strings(msgspec.to_builtins(msgspec.structs.replace(report_of(clean), manifest="")))]
    assert [text for text in words if "`" in text or "<" in text] == []


def test_ratings_that_were_asked_for_and_not_given_are_not_counted_as_given():
    sheet = Sheet()
    for item in range(40):
        sheet.answer(f"i{item}", "a", None if item < 5 else 1.0, m=1.0)
        sheet.answer(f"i{item}", "b", 2.0, m=2.0)
    assert " · 75 ratings (5 missing) · 1 rater" in report_of(sheet).subtitle


def test_the_adjusted_p_comes_first_and_the_caption_says_the_sizes_of_the_families():
    sheet = Sheet()
    for item in range(40):
        for place, system in enumerate("ab"):
            sheet.answer(f"i{item}", system, float(place), text="ord " * (1 + item % 3), m=float(place), n=float(item % 2), o=1.0)
    tests = next(table for table in figures(report_of(sheet, groupings=("item",)), "tables") if table.id == "table-tests")
    names = [column.name for column in tests.columns]
    assert names.index("p adjusted") + 1 == names.index("p")
    whole = [row for row in tests.rows if row[names.index("slice")] == "all"]
    family = [row[names.index("family")] for row in whole]
    assert family.count("metric") == 3  # of three metrics every two
    assert f"on all items 3 of metrics against each other and {family.count('sentinel')} of metrics against" in tests.caption
    assert "n: 40 items and 40 pairs at most" in tests.caption
