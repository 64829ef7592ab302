"""The owner's page in a real browser: it updates itself, gives links, deletes after a second question, and hands out the data."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra annotate is not installed")

from browser import chromium
from rating_study import Server, served, until, write_study

from harness.annotate.store import Store
from harness.annotate.views import Rater

pytestmark = pytest.mark.slow  # a minute of browser in all


@pytest.fixture
def study(tmp_path: Path) -> Iterator[tuple[Server, Store]]:
    with served(write_study(tmp_path, criteria=["correctness"], training=[])) as running:
        yield running


@pytest.fixture
def owner(study: tuple[Server, Store]) -> Iterator[Any]:
    """The owner's page, open, in English."""
    server, store = study
    with chromium() as browser:
        page = browser.new_context(locale="en-GB", accept_downloads=True).new_page()
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
        page.goto(f"{server.url}/owner/{store.new_owner_token()}")
        page.wait_for_selector("#raters table")
        yield page


def answer(store: Store, rater: Rater, *ratings: int) -> None:
    """Rates the rater's first tasks."""
    rater = store.record_consent(rater, "sv")
    for task, rating in zip(store.tasks_of(rater), ratings, strict=False):
        client = f"client-{rater.pseudonym}-{task.position}"
        store.save_answer(rater, task.id, {"correctness": rating}, client_id=client, seconds=2.0)


def row(page: Any, name: str) -> Any:
    return page.locator(f"#raters tbody tr:has(th:text-is('{name}'))")


def test_figures_change_while_raters_work_without_a_reload(owner: Any, study: tuple[Server, Store]) -> None:
    store = study[1]
    assert "not begun" in row(owner, "anna").inner_text()
    assert "0 of 24" in owner.inner_text("#total-text")
    assert owner.inner_text("#agreement") == "No task has been rated by two raters yet."
    assert not owner.locator("#export").is_visible()
    for name in ("anna", "bo"):
        answer(store, store.rater(name), *[1, 2, 3, 1, 2, 3, 1, 2])
    until(lambda: "8/8" in row(owner, "bo").inner_text())
    assert "2.0 s n = 8" in row(owner, "anna").inner_text()
    assert "done" in row(owner, "anna").inner_text()
    assert "16 of 24" in owner.inner_text("#total-text")
    assert "anna – bo: " in owner.inner_text("#agreement")
    assert owner.wrong == []


def test_a_rater_is_added_and_the_link_opens(owner: Any, study: tuple[Server, Store]) -> None:
    owner.get_by_label("Pseudonym (optional)").fill("dag-1")
    owner.get_by_role("button", name="Add a rater").click()
    link = owner.get_by_label("Link for dag-1").input_value()
    assert link.startswith(study[0].url + "/r/")
    until(lambda: row(owner, "dag-1").count() == 1)
    page = owner.context.new_page()
    page.goto(link)
    page.wait_for_selector("h1:has-text('Do you want to take part?')")
    assert "dag-1" in page.inner_text("main")


def test_a_name_that_is_taken_or_no_pseudonym_is_refused_in_words(owner: Any) -> None:
    for name, words in (("anna", "the pseudonym is taken"), ("Anna Ek <anna@example.org>", "cannot be used as a pseudonym")):
        owner.get_by_label("Pseudonym (optional)").fill(name)
        owner.get_by_role("button", name="Add a rater").click()
        until(lambda words=words: words in owner.inner_text("#notice"))
    assert owner.locator("#raters tbody tr").count() == 3


def test_a_raters_data_is_deleted_only_after_the_name_is_typed(owner: Any, study: tuple[Server, Store]) -> None:
    store = study[1]
    answer(store, store.rater("bo"), 1, 2)
    row(owner, "bo").get_by_role("button", name="Delete").click()
    yes = owner.locator("#confirm-yes")
    assert yes.is_disabled()
    owner.keyboard.press("Escape")
    row(owner, "bo").get_by_role("button", name="Delete").click()
    owner.locator("#confirm input").fill("anna")
    assert yes.is_disabled()
    owner.locator("#confirm input").fill("bo")
    yes.click()
    until(lambda: row(owner, "bo").count() == 0)
    assert [rater.pseudonym for rater in store.raters()] == ["anna", "cia"]
    assert store.last_answers() == []
    assert "deleted" in owner.inner_text("#link")


def test_the_data_is_downloaded_as_a_judgment_set(owner: Any, study: tuple[Server, Store]) -> None:
    store = study[1]
    answer(store, store.rater("anna"), 1, 2, 3)
    owner.wait_for_selector("#export", state="visible")
    with owner.expect_download() as waiting:
        owner.locator("#export").click()
    assert waiting.value.suggested_filename == "mini.zip"
    with zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes())) as archive:
        assert {"examples.jsonl", "outputs.jsonl", "judgments.jsonl", "ratings.csv"} <= set(archive.namelist())
        assert len(archive.read("judgments.jsonl").splitlines()) == 3


def test_a_server_that_is_gone_is_said_and_found_again(owner: Any, study: tuple[Server, Store]) -> None:
    study[0].kill()
    until(lambda: "No contact with the server" in owner.inner_text("#notice"))
    study[0].start()
    until(lambda: not owner.locator("#notice").is_visible())


def test_the_owners_page_speaks_swedish_too(owner: Any) -> None:
    owner.get_by_role("button", name="Svenska").click()
    assert owner.inner_text("h1") == "Studiens läge"
    assert "ej börjat" in row(owner, "anna").inner_text()
    assert owner.evaluate("document.documentElement.lang") == "sv"
