"""The page of a report in a real browser, opened from a file: sort, filter, open, theme, keyboard, no network."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium
from sample_report import METRICS, empty_report, sample_report

from harness.report.html import render


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(sample_report(entries=24)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: Any, file: str) -> Iterator[Any]:
    """The page in a window without network; it fails the test that used it if anything was fetched or complained."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light", offline=True)
    opened = context.new_page()
    requests: list[str] = []
    problems: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(file)
    yield opened
    assert [url for url in requests if url.partition("#")[0] != file] == []
    assert problems == []
    context.close()


def column(page: Any, index: int, table: str = "#numbers-table") -> list[str]:
    """The texts of a column, top to bottom, of the rows that are shown."""
    shown = "[...document.querySelector(table).tBodies[0].rows].filter((row) => !row.hidden)"
    texts: list[str] = page.evaluate(f"([table, i]) => {shown}.map((row) => row.cells[i].textContent)", [table, index])
    return texts


def test_a_column_of_numbers_sorts_by_value_both_ways_with_missing_last(page: Any) -> None:
    head = page.locator("#numbers-table thead th").nth(2)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, 2) == ["60,000", "50", "40", "30", "20", "10", "9", "9", "0", "–"]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, 2) == ["0", "9", "9", "10", "20", "30", "40", "50", "60,000", "–"]


def test_negative_numbers_sort_below_positive_ones(page: Any) -> None:
    page.locator("#numbers-table thead th").nth(1).locator("button").click()
    values = [float(text.replace("−", "-")) for text in column(page, 1)[:-1]]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0


def test_a_column_of_texts_sorts_by_text_and_only_one_column_is_sorted(page: Any) -> None:
    page.locator("#numbers-table thead th").nth(1).locator("button").click()
    page.locator("#numbers-table thead th").nth(0).locator("button").click()
    assert column(page, 0) == sorted([*METRICS, "missing", "large", "tiny", "same"])
    assert page.locator("#numbers-table th[aria-sort]").count() == 1


def test_the_heat_map_sorts_by_the_full_value_of_a_cell(page: Any) -> None:
    table = page.locator("figure.heat-map table.heat")
    table.locator("thead th").nth(1).locator("button").click()
    values = [float(cell.get_attribute("data-v")) for cell in table.locator("tbody td:nth-child(2)").all()]
    assert len(values) == 3
    assert values == sorted(values, reverse=True)


def test_the_filter_keeps_rows_with_all_the_words_and_counts_them(page: Any) -> None:
    part = page.locator("div.table", has=page.locator("#numbers-table"))
    part.locator("input").fill("rouge score")
    assert column(page, 0) == ["rouge-l:tokenizer=rouge-score"]
    assert part.locator("output").text_content() == "1 of 10 rows"
    part.locator("input").fill("")
    assert part.locator("output").text_content() == "10 rows"


def test_a_table_is_copied_as_csv_with_plain_numbers_and_without_the_filtered_rows(page: Any) -> None:
    page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    part = page.locator("div.table", has=page.locator("#numbers-table"))
    part.locator("input").fill("i")
    part.get_by_role("button", name="Copy as CSV").click()
    page.wait_for_function("window.copied !== undefined")
    assert page.evaluate("window.copied").splitlines()[-2:] == ["missing,,", "tiny,-0.25,9"]
    assert page.evaluate("window.copied").splitlines()[0] == "metric,value,items"
    assert page.get_by_role("status").last.text_content() == "Copied as CSV."


def test_ten_disagreements_are_shown_and_more_on_demand(page: Any) -> None:
    shown = page.locator("#cards ~ .cards .card:visible")
    assert shown.count() == 10
    page.get_by_role("button", name="Show 10 more").click()
    assert shown.count() == 20
    page.get_by_role("button", name="Show 4 more").click()
    assert shown.count() == 24
    assert page.locator(".more").is_hidden()


def test_disagreements_are_filtered_by_metric_and_criterion(page: Any) -> None:
    page.get_by_label("Metric").select_option(label="chrf")
    page.get_by_label("Criterion").select_option(label="grammaticality")
    heads = page.locator(".card:visible .card-head").all_text_contents()
    assert [head.split()[:2] for head in heads] == [["chrf", "grammaticality"]] * 4
    assert page.locator(".cards output").text_content() == "4 of 4 disagreements shown, 24 in all"
    page.get_by_label("Criterion").select_option(label="fluency")
    assert page.locator(".card:visible").count() == 0


def test_an_opened_disagreement_shows_both_answers_side_by_side_and_its_matched_words(page: Any) -> None:
    card = page.locator("#cards-2")
    assert card.locator(".sides").is_hidden()
    card.locator("summary").click()
    people, metric = card.locator(".side").all()
    assert people.bounding_box()["y"] == metric.bounding_box()["y"]
    assert "People prefer mw" in people.inner_text()
    assert "The metric prefers granska" in metric.inner_text()
    assert people.locator("mark").text_content() == "Flickan som bor här "
    assert page.evaluate("getComputedStyle(document.querySelector('.card mark')).textDecorationLine") == "underline"


def test_a_link_to_a_disagreement_beyond_the_first_ten_opens_it(browser: Any, file: str) -> None:
    page = browser.new_page()
    page.goto(f"{file}#cards-17")
    assert page.locator("#cards-17 .sides").is_visible()
    assert page.evaluate("Math.round(document.getElementById('cards-17').getBoundingClientRect().top) < innerHeight")


def test_the_theme_follows_the_system_until_the_reader_chooses(browser: Any, file: str) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(file)
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Light").click()
    light = page.evaluate(paper)
    assert dark == "rgb(23, 23, 21)"
    assert light == "rgb(253, 252, 250)"
    page.wait_for_timeout(500)  # the browser stores the choice in another process
    page.reload()
    assert page.evaluate(paper) == light
    assert page.get_by_role("button", name="Light").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Auto").click()
    assert page.evaluate(paper) == dark


def test_a_statistic_can_be_hidden_from_the_dot_plot(page: Any) -> None:
    raw = page.locator("figure.dot-plot .dots use.k3").first
    assert raw.is_visible()
    button = page.locator("figure.dot-plot .legend").get_by_role("button", name="raw")
    button.click()
    assert raw.is_hidden()
    assert button.get_attribute("aria-pressed") == "false"


def test_everything_can_be_done_with_the_keyboard_alone(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached = reach(page, "document.activeElement.closest('#cards-2 > summary')")
    page.keyboard.press("Enter")
    assert page.locator("#cards-2 .sides").is_visible()
    assert reached > 5
    reach(page, "document.activeElement.closest('#numbers-table th:nth-child(3)')")
    page.keyboard.press("Enter")
    assert column(page, 2)[0] == "60,000"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def reach(page: Any, target: str, most: int = 120) -> int:
    """Tab until the focus is on the target; how many times."""
    for times in range(1, most):
        page.keyboard.press("Tab")
        if page.evaluate(f"Boolean({target})"):
            return times
    raise AssertionError(f"the keyboard never reaches {target}")


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_but_tables_scrolls_sideways(browser: Any, tmp_path: Path, width: int) -> None:
    label = "a-very-long-metric-name-that-does-not-end:tokenizer=rouge-score,stemmer=swedish,model=KBLab/bert-base-"
    long = sample_report(
        metrics=[f"{label}{i}" for i in range(3)], systems=["x" * 100, "y" * 100], slices=["all", "task=" + "z" * 100]
    )
    arabic = sample_report(metrics=["مقياس", "chrf"], answer="الفتاة التي تعيش هنا اسمها آسا \u202eabc ." * 3)
    context = browser.new_context(viewport={"width": width, "height": 800})
    for name, report in {"usual": sample_report(), "long": long, "arabic": arabic, "empty": empty_report()}.items():
        file = tmp_path / f"{name}.html"
        file.write_text(render(report), encoding="utf-8")
        page = context.new_page()
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()


def test_the_page_reads_without_its_script(browser: Any, file: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file)
    assert page.locator(".card").count() == 24
    assert page.locator(".card").last.is_visible()
    assert page.get_by_role("button", name="Copy as CSV").count() == 0
    assert page.locator(".theme").is_hidden()
    context.close()


def test_on_paper_the_page_is_light_and_without_controls(browser: Any, file: str) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(file)
    page.get_by_role("button", name="Dark").click()
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".tools:visible, .contents:visible, .theme:visible").count() == 0
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(browser: Any, file: str, scheme: str) -> None:
    source = os.environ.get("HARNESS_AXE")
    if not source:
        pytest.skip("name axe.min.js (npm package axe-core) in HARNESS_AXE to run this")
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(file)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.evaluate(Path(source).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(violation["id"], violation["nodes"][0]["html"]) for violation in found] == []
    context.close()
