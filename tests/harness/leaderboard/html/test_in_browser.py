"""The page of a leaderboard in a real browser, opened from a file: sort, choose columns and models, side by side, keyboard."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from boards import hand_made_board, hand_made_results, results_folder
from browser import chromium

from harness.leaderboard.board import make_board
from harness.leaderboard.html import page as board_page
from harness.leaderboard.results import read_results


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A board of three models (`tuned` before `org/other-7b` before `untuned`) on four tasks with their answers."""
    folder = tmp_path_factory.mktemp("board")
    results = read_results(results_folder(folder))
    path = folder / "leaderboard.html"
    path.write_text(board_page(make_board(results, metrics=["bleu"], resamples=200), results), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def window(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme="light", offline=True)
    yield context
    context.close()


@pytest.fixture
def page(window: Any, file: str) -> Iterator[Any]:
    """The page in a window without network; it fails the test that used it if anything was fetched or complained."""
    opened = window.new_page()
    requests: list[str] = []
    problems: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(file)
    yield opened
    assert [url for url in requests if url.partition("#")[0] != file] == []
    assert problems == []
    opened.close()


def models(page: Any) -> list[str]:
    """Names of the models on the board, top to bottom, of the rows that are shown."""
    rows = "[...document.querySelector('#board-table').tBodies[0].rows].filter((row) => !row.hidden)"
    names: list[str] = page.evaluate(f"{rows}.map((row) => row.cells[0].textContent)")
    return names


def test_a_column_sorts_best_first_also_where_lower_is_better_with_missing_last(page: Any) -> None:
    heads = page.locator("#board-table thead th")
    prose = heads.filter(has_text="sv_prose")
    prose.get_by_role("button").click()
    assert prose.get_attribute("aria-sort") == "ascending"
    assert models(page)[-1] == "untuned"
    cloze = heads.filter(has_text="sv_cloze")
    cloze.get_by_role("button").click()
    assert cloze.get_attribute("aria-sort") == "descending"
    assert models(page) == ["tuned", "untuned", "org/other-7b"]  # which has not done it
    assert page.locator("#board-table th[aria-sort]").count() == 1


def test_columns_are_chosen_by_form_and_by_being_a_tasks_own_and_counted(page: Any) -> None:
    tools = page.locator("div.board > .tools")
    assert tools.locator("output").text_content() == "3 models, 5 columns"
    tools.get_by_label("Form").select_option("long")
    assert tools.locator("output").text_content() == "3 models, 3 of 5 columns"
    tools.get_by_label("Only each task's own metric").check()
    shown = page.locator("#board-table thead th:visible .sorts").all_text_contents()
    assert [text.strip() for text in shown] == ["model", "mean", "sv_prose", "sv_translate"]
    assert page.locator("#board-table tbody tr").first.locator("td:visible").count() == 3


def test_two_models_stand_side_by_side_with_their_test_and_only_their_answers(page: Any) -> None:
    part = page.locator(".sides-part")
    part.locator("select.first").select_option("untuned")
    part.locator("select.second").select_option("org/other-7b")
    assert part.locator(".pair:visible > summary").all_text_contents() == ["untuned and org/other-7b"]
    page.locator(".answers").get_by_label("Task").select_option("sv_translate")
    card = page.locator(".answers .card:visible").first
    card.locator("summary").click()
    sides = card.locator(".side:visible")
    assert sorted(sides.locator(".side-title").all_text_contents()) == ["org/other-7b", "untuned"]
    assert len({side.bounding_box()["y"] for side in sides.all()}) == 1
    assert "chrf" in card.inner_text()


def test_items_are_shown_where_the_second_model_is_better_by_the_metrics_own_sign(page: Any) -> None:
    page.get_by_label("Show").select_option("second is better")
    page.locator(".answers").get_by_label("Task").select_option("sv_prose")
    for card in page.locator(".answers .card:visible").all():
        first, second = (float(card.locator(f'.by[data-model="{place}"]').get_attribute("data-v")) for place in (0, 1))
        assert second < first  # of perplexity the lower one is better
    assert page.locator(".answers > .tools output").text_content().endswith("102 in all")


def test_a_models_page_opens_from_the_board_and_leads_to_its_answers_alone(page: Any) -> None:
    page.locator("#board-table").get_by_role("link", name="untuned", exact=True).click()
    opened = page.locator("details.model[open]")
    assert opened.count() == 1
    assert opened.locator("h3").text_content() == "untuned"
    opened.get_by_role("link", name="Read its answers").click()
    page.locator(".answers .card:visible summary").first.click()
    assert page.locator(".answers .card[open] .side:visible .side-title").all_text_contents() == ["untuned"]
    assert page.locator(".pair:visible").count() == 0


def test_the_keyboard_alone_sorts_opens_a_model_and_reaches_the_choice_of_two(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the leaderboard"
    page.keyboard.press("Enter")
    reach(page, "document.activeElement.closest('#board-table th:nth-child(3)')")
    page.keyboard.press("Enter")
    assert page.locator("#board-table th[aria-sort]").count() == 1
    page.locator("#model-0 > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#model-0").get_attribute("open") is not None
    page.locator("#model-2 > summary").focus()
    reach(page, "document.activeElement.closest('select.first')")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def reach(page: Any, target: str, most: int = 30) -> None:
    """Tab until the focus is on the target."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"Boolean({target})"):
            return
    raise AssertionError(f"the keyboard never reaches {target}")


@pytest.mark.slow
def test_nothing_but_tables_scrolls_sideways(browser: Any, tmp_path: Path, file: str) -> None:
    board = hand_made_board()
    long = msgspec.structs.replace(
        board, name="x" * 300, warnings=("y" * 500,), models=(msgspec.structs.replace(board.models[0], name="z" * 5000),)
    )
    path = tmp_path / "long.html"
    path.write_text(board_page(long, hand_made_results()), encoding="utf-8")
    context = browser.new_context()
    for address in (file, path.as_uri()):
        opened = context.new_page()
        opened.goto(address)
        opened.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for width in (390, 1366):
            opened.set_viewport_size({"width": width, "height": 800})
            assert opened.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.slow
def test_without_its_script_the_page_shows_every_model_pair_and_item(browser: Any, file: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(file)
    assert opened.locator(".pair:visible").count() == 3
    assert opened.locator(".answers .card:visible").count() == 102
    assert opened.locator("select:visible").count() == 0
    context.close()


def test_on_paper_the_page_is_light_and_without_controls(page: Any) -> None:
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(23, 23, 21)"
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".tools:visible, .contents:visible, .theme:visible").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(browser: Any, file: str, scheme: str) -> None:
    source = os.environ.get("HARNESS_AXE")
    if not source:
        pytest.skip("name axe.min.js (npm package axe-core) in HARNESS_AXE to run this")
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    opened = context.new_page()
    opened.goto(file)
    opened.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    opened.evaluate(Path(source).read_text(encoding="utf-8"))
    found = opened.evaluate("axe.run(document)")["violations"]
    assert [(violation["id"], violation["nodes"][0]["html"]) for violation in found] == []
    context.close()
