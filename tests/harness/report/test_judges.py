"""The judges' section of a report: there where a metric keeps verdicts, with every number's n, and what models wrote as text."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from browser import chromium
from html_page import parse
from simulated_judges import pair_verdicts, ratings, world

from harness.judge_card.contents import Finding
from harness.judge_card.words import with_ends
from harness.meta.columns import MetricSummary
from harness.meta.options import MetaOptions
from harness.records import Manifest, Score
from harness.report.build import build_report
from harness.report.contents import DataTable, HeatMap, Report, Section, Words
from harness.report.files import rendered
from harness.stages.evaluate import Evaluation, in_table_order
from harness.stages.metaevaluate import metaevaluate

NASTY = "<script>alert(1)</script> ![x](http://evil.example/x) <b>Score: 3</b> | \u202e!desrever \x00 `code`"
OPTIONS = MetaOptions(slices=(), resamples=100, draws=50, random_draws=2)


def report_of(done: Evaluation) -> Report:
    config = {"metaevaluate": msgspec.to_builtins(OPTIONS)}
    return build_report(done, Manifest(command=("harness", "run"), status="done", config=config))


def evaluation(*, rated: bool) -> Evaluation:
    """A judge beside a metric, six of whose replies are no verdict and try to be more than text."""
    known = world(7, 30, rated=rated)
    said = ratings(known, samples=2) if rated else pair_verdicts(known)
    said = [*said[:-6], *(msgspec.structs.replace(one, value=None, status="unparsed", reply=NASTY) for one in said[-6:])]
    signature = said[0].metric
    unit = "output" if rated else "pair"
    metrics = (MetricSummary(signature, "sim", unit=unit), MetricSummary("size|v:1", "size"))
    spoken = {one.targets: one.value for one in said}
    scores = [Score(targets=targets, metric=signature, value=value) for targets, value in spoken.items() if value is not None]
    scores += [Score(targets=(one.id,), metric="size|v:1", value=float(len(one.text or ""))) for one in known.data.outputs]
    data = in_table_order(known.data)
    rows = tuple(metaevaluate(data, scores, metrics, OPTIONS))
    return Evaluation(data, metrics, {signature: "sim:judge", "size|v:1": "size"}, tuple(scores), rows, tuple(said))


@pytest.fixture(scope="module", params=[False, True], ids=["pairs", "ratings"])
def done(request: pytest.FixtureRequest) -> Evaluation:
    return evaluation(rated=request.param)


@pytest.fixture(scope="module")
def report(done: Evaluation) -> Report:
    return report_of(done)


def section_of(report: Report) -> Section:
    return next(section for section in report.sections if section.id == "judges")


def test_a_run_without_verdicts_has_no_such_section(done: Evaluation) -> None:
    assert "judges" not in [section.id for section in report_of(replace(done, verdicts=())).sections]


def test_the_judge_stands_beside_every_other_metric_and_the_sentinels(report: Report) -> None:
    first = section_of(report).figures[0]
    assert isinstance(first, DataTable)
    place = {column.name: index for index, column in enumerate(first.columns)}
    kinds = {row[place["metric"]]: row[place["kind"]] for row in first.rows}
    assert kinds["sim:judge"] == "judge"
    assert kinds["size"] == "metric"
    assert kinds["length"] == "sentinel"


def test_every_finding_has_its_interval_and_its_n(report: Report) -> None:
    table = next(figure for figure in section_of(report).figures if figure.id == "judge-1")
    assert isinstance(table, DataTable)
    place = {column.name: index for index, column in enumerate(table.columns)}
    assert len(table.rows) >= 8
    for row in table.rows:
        assert row[place["low"]] <= row[place["value"]] <= row[place["high"]]  # type: ignore[operator]
        assert row[place["n"]] > 0  # type: ignore[operator]
        assert 0 < row[place["clusters"]] <= 30  # type: ignore[operator]


def test_what_cannot_be_measured_is_said_with_the_reason(report: Report) -> None:
    words = next(figure for figure in section_of(report).figures if isinstance(figure, Words))
    assert any(line.startswith("Language") and "not measurable, no item was judged in two" in line for line in words.paragraphs)


def test_ratings_stand_beside_peoples_as_matrices_and_by_rating() -> None:
    figures = {figure.id: figure for figure in section_of(report_of(evaluation(rated=True))).figures}
    judge, second = figures["judge-matrix-1-1"], figures["judge-matrix-1-2"]
    assert isinstance(judge, HeatMap)
    assert isinstance(second, HeatMap)
    assert (judge.title, second.title) == ("llama-70b@localhost beside anna: quality", "bo beside anna: quality")
    assert sum(cell.value or 0 for cell in second.cells[0]) == pytest.approx(1)
    table = figures["judge-1-ratings"]
    assert isinstance(table, DataTable)
    assert [row[1] for row in table.rows] == [1, 2, 3, 4]


def test_the_numbers_of_a_column_have_the_same_digits_whatever_they_are_of() -> None:
    done = evaluation(rated=True)
    said = tuple(msgspec.structs.replace(one, expectation=one.value, price=1e-5, seconds=2.0) for one in done.verdicts)
    made = report_of(replace(done, verdicts=said))
    lines = rendered(made, "md").decode().split("\n### `llama-70b@localhost`")[1].splitlines()
    values = [line.split(" | ")[2] for line in lines if line.startswith(("| Verdicts", "| Position", "| Length", "| Calib"))]
    assert len(values) > 10
    assert {len(value.partition(".")[2]) for value in values} == {3}
    page = parse(rendered(made, "html").decode())
    (table,) = [one for one in page.all("table") if "USD per 1,000 verdicts" in one.text and "without bias" in one.text]
    shown = [cell.text for cell in table.all("td") if re.fullmatch(r"−?[\d,]*\.\d+", cell.text)]
    assert "1.000" in shown
    assert {len(value.partition(".")[2]) for value in shown} == {1, 3}  # one of the value without bias


def test_a_number_without_an_interval_has_no_gap_before_its_count() -> None:
    figures = [figure for figure in section_of(report_of(evaluation(rated=True))).figures if isinstance(figure, DataTable)]
    by_rating = next(figure for figure in figures if figure.id == "judge-1-ratings")
    lone = Finding(audit="people", name="over_positivity_at", says="x minus y", value=-1.0, n=1)
    assert with_ends(lone) == "-1.000"
    assert all(" ," not in str(cell) for row in by_rating.rows for cell in row)


def test_the_root_of_squares_is_not_called_squared_and_what_the_score_is_stands_above_the_numbers() -> None:
    done = evaluation(rated=True)
    signature = f"{done.verdicts[0].metric}|read:auto"
    said = tuple(msgspec.structs.replace(one, metric=signature, expectation=one.value and one.value / 2) for one in done.verdicts)
    figures = {figure.id: figure for figure in section_of(report_of(replace(done, verdicts=said))).figures}
    glance, own = figures["judges-glance"], figures["judge-1"]
    assert isinstance(glance, DataTable)
    assert isinstance(own, DataTable)
    assert "root mean squared distance, calibrated" in [column.name for column in glance.columns]
    assert "The score is the expectation over token probabilities" in own.caption
    assert "under 10 they show nothing" in own.caption


def test_what_a_model_wrote_is_text_in_html_and_markdown(report: Report) -> None:
    page = rendered(report, "html").decode()
    tree = parse(page)
    assert [one for one in tree.all("script") if "alert(1)" in one.text] == []
    assert tree.all("img") == []
    cells = [one.text for one in tree.all("td") if "alert(1)" in one.text]
    assert cells
    assert all("<script>" in text for text in cells)  # as text, and whole
    assert "\u202e" not in page
    markdown = rendered(report, "md").decode()
    assert "\\<script\\>" in markdown
    assert "<script>" not in markdown
    assert "\u202e" not in markdown


def test_the_csv_files_and_the_json_hold_the_section(report: Report) -> None:
    assert b"judges-accuracy.csv" in rendered(report, "csv")
    assert b"the judges at a glance" in rendered(report, "json").lower()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def test_the_section_opens_offline_without_a_complaint_and_fits_a_phone(browser: Any, report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(rendered(report, "html"))
    for width in (1280, 390):
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message, seen=problems: seen.append(message.text))
        page.on("pageerror", lambda error, seen=problems: seen.append(str(error)))
        page.goto(path.as_uri())
        assert page.locator("section[aria-labelledby=judges] table").first.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert problems == []
        context.close()
