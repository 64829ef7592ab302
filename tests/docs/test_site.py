"""The site is built without a warning, fetches nothing, fits a phone, and finds what one looks for, also from the file system."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium
from documents import DOCS

pytest.importorskip("sphinx", reason="the extra docs is not installed")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The site, and what its build complained about."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-E",
        "-c",
        str(DOCS / "_tools"),
        "-b",
        "html",
        "-d",
        str(folder / "doctrees"),
    ]
    run = subprocess.run([*command, str(DOCS), str(folder / "html")], capture_output=True, text=True, check=True)
    return folder / "html", run.stderr


@pytest.fixture(scope="module")
def site(built: tuple[Path, str]) -> Path:
    return built[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def test_it_is_built_without_a_warning(built: tuple[Path, str]) -> None:
    assert built[1] == ""


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loads = re.compile(
        r'(?:<(?:script|img|iframe|source)[^>]*\ssrc|<link(?![^>]*rel="(?:canonical|next|prev)")[^>]*\shref)="([^"]+)"'
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    assert [found for page in pages for found in loads.findall(page.read_text(encoding="utf-8")) if "//" in found] == []
    styles = [style.read_text(encoding="utf-8") for style in site.rglob("*.css")]
    assert [found for style in styles for found in re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)'\"]+", style)] == []


def test_the_search_works_from_the_file_system_and_asks_no_server(site: Path, browser: Any) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.joinpath("index.html").as_uri())
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.fill("input[name=q]", "entities")
    page.press("input[name=q]", "Enter")
    page.wait_for_selector("ul.search li a")
    page.click("text=Check your data before you trust a number")
    assert "check-your-data.html" in page.url
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_the_window_in_light_and_dark(site: Path, browser: Any, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for name in ("index", "reference/hooks", "reference/records", "how-to/check-your-data"):
        page.goto(site.joinpath(f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = sum(map(int, re.findall(r"\d+", background)[:3])) < 3 * 128
    assert dark == (scheme == "dark")
    context.close()
