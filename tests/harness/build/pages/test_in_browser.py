"""Both pages in a real browser, opened from a file: no network, no width too much, filters, keys, marks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium
from small_builds import finish, row

from harness.build.rows import SetAside


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of two builders, one with scores, and of removed rows."""
    path = tmp_path_factory.mktemp("build") / "x"
    word = "Donaudampfschifffahrtsgesellschaftskapitän" * 4
    rows = [row(f"t{n}", split=("train", "test")[n % 2], source=f"{word} {n}", meta={"template": "a"}) for n in range(9)]
    rows += [row(f"n{n}", builder="natural", meta={"scores": {"quality": 0.5, "sum": n / 40}}) for n in range(40)]
    removed = [SetAside(id=f"set/r{n}", stage="filter", reason="too-short", detail=word, example=row(f"r{n}")) for n in range(9)]
    finish(path, rows, removed)
    return path


def opened(browser: Any, folder: Path, name: str, width: int) -> tuple[Any, list[str]]:
    """The page in a window of that width without network, and what went wrong in it."""
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
    page = context.new_page()
    file, problems = (folder / name).as_uri(), []
    page.on("request", lambda request: request.url.partition("#")[0] == file or problems.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(file)
    return page, problems


@pytest.mark.parametrize("name", ["card.html", "review.html"])
@pytest.mark.parametrize("width", [360, 1366])
def test_a_page_fits_its_window_and_asks_for_nothing(browser: Any, folder: Path, name: str, width: int) -> None:
    page, problems = opened(browser, folder, name, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("h1").inner_text().endswith("small")
    assert problems == []
    page.context.close()


def test_rows_drawn_by_chance_come_first_and_filters_choose_others(browser: Any, folder: Path) -> None:
    page, problems = opened(browser, folder, "review.html", 1366)
    shown = page.locator(".entry:visible")
    assert {entry.get_attribute("data-group") for entry in shown.all()} == {"random"}
    assert page.locator(".count").inner_text() == "8 of 8 rows"
    page.locator("select[data-by=group]").select_option("removed")
    assert page.locator(".count").inner_text() == "4 of 4 rows"
    page.locator("select[data-by=group]").select_option("")
    page.locator("select[data-by=builder]").select_option(label="natural")
    assert shown.count() == 12  # four by chance, four worst, four best
    page.locator(".bar input").fill("set/n39")
    assert {entry.get_attribute("data-name") for entry in shown.all()} == {"set/n39"}
    page.locator(".bar input").fill("inget sådant")
    assert page.locator(".none-fit").is_visible()
    assert problems == []
    page.context.close()


def test_keys_move_mark_and_tell_the_share_of_bad_rows(browser: Any, folder: Path) -> None:
    page, problems = opened(browser, folder, "review.html", 1366)
    assert page.locator(".marks").inner_text() == "Nothing marked yet."
    for key in ("j", "1", "j", "2", "j", "1", "j", "1"):
        page.keyboard.press(key)
    # Wilson's interval for 1 of 4: .046 to .699.
    expected = "Of 4 rows drawn by chance that you marked, 1 are bad: 25 % [5, 70]"
    assert page.locator(".marks").inner_text() == expected
    assert page.locator(".entry.bad:visible").count() == 1
    assert page.locator(".entry.here").get_attribute("data-name") == page.locator(".entry").nth(3).get_attribute("data-name")
    page.keyboard.press("k")
    page.keyboard.press("0")
    assert page.locator(".marks").inner_text().startswith("Of 3 rows")
    page.reload()
    assert page.locator(".marks").inner_text().startswith("Of 3 rows")
    assert problems == []
    page.context.close()


def test_every_row_reads_without_the_script(browser: Any, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((folder / "review.html").as_uri())
    assert page.locator(".entry:visible").count() == page.locator(".entry").count() == 28  # 8 + 4 + 4 + 4 + 4 + 4
    assert not page.locator(".bar").is_visible()
    context.close()


def test_a_table_that_is_too_wide_has_a_shadow_where_it_goes_on(browser: Any, folder: Path) -> None:
    page, _ = opened(browser, folder, "card.html", 390)
    box = page.locator(".scroll").nth(
        page.locator(".scroll").evaluate_all("found => found.findIndex(one => one.scrollWidth > one.clientWidth + 60)")
    )
    box.scroll_into_view_if_needed()
    hidden, shown = edge(box, 0), edge(box, 10_000)
    assert hidden != shown  # at its end the cover lies over the shadow
    assert edge(box, 0) == hidden
    page.context.close()


def edge(box: Any, left: int) -> bytes:
    """The last pixels of the box on the right, between the lines of its text, when it is scrolled so far."""
    box.evaluate(
        "(one, left) => { one.scrollLeft = left;"
        " for (const cell of one.querySelectorAll('*')) cell.style.color = 'transparent'; }",
        left,
    )
    place = box.bounding_box()
    area = {"x": place["x"] + place["width"] - 6, "y": place["y"] + place["height"] - 14, "width": 4, "height": 8}
    return bytes(box.page.screenshot(clip=area))
