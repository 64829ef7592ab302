"""The rater's page in a real browser: keyboard, changes, languages, small and dark screens, and texts that try to be code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra annotate is not installed")

from browser import chromium
from rating_study import Server, served, until, write_study

from harness.annotate.store import Store

CODE = "<img src=x onerror=hacked()><script>hacked()</script>\"'><b onmouseover=hacked()>{{7*7}}</b></textarea></template>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Store]]:
    comparisons = {"criteria": ["overall"], "per_item": 1}
    path = write_study(tmp_path_factory.mktemp("study"), compare=comparisons, comments=True, cannot_judge=True)
    with served(path) as running:
        yield running


@pytest.fixture
def someone(browser: Any, study: tuple[Server, Store]) -> Iterator[Any]:
    """A page of a new rater, before consent."""
    context = browser.new_context(locale="sv-SE", viewport={"width": 1280, "height": 800})
    yield visit(context, study)
    context.close()


def visit(context: Any, study: tuple[Server, Store]) -> Any:
    server, store = study
    page = context.new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
    page.pseudonym = f"someone-{len(store.raters())}"
    page.goto(f"{server.url}/r/{store.add_rater(page.pseudonym)}")
    page.wait_for_selector("main h1")
    return page


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def heading(page: Any, text: str) -> None:
    page.wait_for_selector(f"main h1:has-text('{text}')")


def to_first_task(page: Any) -> None:
    page.locator(".choice-button").first.click()
    page.wait_for_selector(".prose")
    heading(page, "Så här")
    press(page, "Enter")
    heading(page, "Övning 1")
    press(page, "3", "3", "1", "Enter")
    page.wait_for_selector(".feedback")
    press(page, "Enter")
    heading(page, "Övningen är klar")
    press(page, "Enter")
    heading(page, "Uppgift 1 av 12")


def answers(study: tuple[Server, Store], page: Any) -> dict[int, dict[str, Any]]:
    """Position (from 1, training left out) → what is stored."""
    store = study[1]
    tasks = store.tasks_of(store.rater(page.pseudonym))
    return {task.position - 1: task.answers for task in tasks if task.phase == "main" and task.answers is not None}


def saved(page: Any) -> None:
    until(lambda: page.get_attribute("#saved", "data-waiting") == "0")


def test_consent_is_a_choice_and_a_no_stores_nothing(someone: Any, study: tuple[Server, Store]) -> None:
    assert someone.locator(".choice-button").all_inner_texts() == ["Ja, jag samtycker och vill delta", "Nej tack"]
    someone.get_by_role("button", name="Nej tack").click()
    heading(someone, "Tack för att du läste")
    someone.reload()
    heading(someone, "Tack för att du läste")
    assert study[1].rater(someone.pseudonym).consented_at is None
    someone.get_by_role("button", name="Läs om studien igen").click()
    heading(someone, "Vill du delta?")
    assert someone.wrong == []


def test_a_whole_session_by_keyboard_alone(someone: Any, study: tuple[Server, Store]) -> None:
    tab_to(someone, "Ja, jag samtycker och vill delta")
    press(someone, "Enter")
    heading(someone, "Så här")
    press(someone, "Enter")
    heading(someone, "Övning 1 av 1")
    press(someone, "3", "2", "1", "Enter")
    someone.wait_for_selector(".feedback")
    assert someone.locator(".feedback li").all_inner_texts() == [
        "Naturlighet: du svarade som vi\n"
        "Ditt svar: 3 – Naturlig: som skriven av någon som behärskar språket; även formell eller torr stil",
        "Anknytning\nDitt svar: 2 – Delvis: berör uppgiften, men följer den inte helt\n"
        "Vårt svar: 3 – Hör till uppgiften: gör det som efterfrågas och inget annat",
        "Riktighet: du svarade som vi\nDitt svar: 1 – Fel: det viktigaste stämmer inte, eller inget sägs",
    ]
    assert "huvudstaden är Stockholm" in someone.inner_text(".feedback")
    press(someone, "Enter", "Enter")
    expected = {}
    for number in range(1, 13):
        heading(someone, f"Uppgift {number} av 12")
        if someone.locator("fieldset").count() == 1:
            press(someone, "abl"[number % 3], "Enter")
            expected[number] = {"overall": ("first", "second", "tie")[number % 3]}
        else:
            press(someone, str(1 + number % 3), "x", "2", "Enter")
            expected[number] = {"naturalness": 1 + number % 3, "relatedness": None, "correctness": 2}
    heading(someone, "Tack! Allt är klart.")
    saved(someone)
    assert answers(study, someone) == expected
    assert someone.wrong == []


def tab_to(page: Any, name: str) -> None:
    for _ in range(20):
        press(page, "Tab")
        if page.evaluate("document.activeElement.textContent") == name:
            return
    raise AssertionError(f"{name!r} cannot be reached by Tab")


def test_arrows_and_tab_choose_as_in_any_group_of_radio_buttons(someone: Any, study: tuple[Server, Store]) -> None:
    to_first_task(someone)
    someone.locator("fieldset").first.locator("input").first.focus()
    press(someone, "ArrowDown", "Tab", "Space", "Tab", "ArrowUp", "Enter")
    heading(someone, "Uppgift 2")
    saved(someone)
    assert answers(study, someone) == {1: {"naturalness": 2, "relatedness": 1, "correctness": None}}


def test_an_incomplete_answer_is_not_sent_and_says_what_is_missing(someone: Any, study: tuple[Server, Store]) -> None:
    to_first_task(someone)
    press(someone, "2", "Enter")
    assert someone.inner_text("#missing") == "Välj ett svar för: Anknytning, Riktighet"
    assert someone.evaluate("document.activeElement.name") == "criterion-1"
    heading(someone, "Uppgift 1")
    assert answers(study, someone) == {}


def test_back_change_and_forth_again(someone: Any, study: tuple[Server, Store]) -> None:
    to_first_task(someone)
    press(someone, "1", "1", "1", "Enter")
    heading(someone, "Uppgift 2")
    press(someone, "2", "2", "2", "Enter")
    heading(someone, "Uppgift 3")
    press(someone, "Backspace")
    heading(someone, "Uppgift 2")
    press(someone, "Backspace")
    heading(someone, "Uppgift 1")
    assert someone.locator("main input:checked").count() == 3
    press(someone, "1", "3", "2", "Backspace")  # leaving backwards keeps the change too
    heading(someone, "Övning 1")
    press(someone, "End")
    heading(someone, "Uppgift 3")
    saved(someone)
    first = {"naturalness": 1, "relatedness": 3, "correctness": 2}
    assert answers(study, someone) == {1: first, 2: {"naturalness": 2, "relatedness": 2, "correctness": 2}}


def test_a_reload_in_the_middle_of_a_task_keeps_what_was_chosen_and_written(someone: Any, study: tuple[Server, Store]) -> None:
    to_first_task(someone)
    press(someone, "2", "3")
    someone.locator("summary").click()
    someone.locator("textarea").fill("Svårt, p g a <b>stilen</b>.")
    someone.reload()
    heading(someone, "Uppgift 1 av 12")
    assert someone.locator("main input:checked").count() == 2
    assert someone.locator("textarea").input_value() == "Svårt, p g a <b>stilen</b>."
    press(someone, "1", "Enter")
    heading(someone, "Uppgift 2")
    saved(someone)
    store = study[1]
    task = store.tasks_of(store.rater(someone.pseudonym))[1]
    assert (task.answers, task.note) == (
        {"naturalness": 2, "relatedness": 3, "correctness": 1},
        "Svårt, p g a <b>stilen</b>.",
    )


def test_pause_hides_the_task_and_resumes_where_it_was(someone: Any) -> None:
    to_first_task(someone)
    press(someone, "3", "p")
    heading(someone, "Paus")
    press(someone, "1", "2")  # nothing is rated behind the curtain
    press(someone, "Enter")
    heading(someone, "Uppgift 1")
    assert someone.locator("main input:checked").count() == 1


def test_guidelines_and_help_are_a_key_away_and_do_not_disturb(someone: Any) -> None:
    to_first_task(someone)
    press(someone, "g")
    assert "Läs hela svaret." in someone.inner_text("dialog#guidelines")
    press(someone, "1")
    press(someone, "Escape")
    press(someone, "?")
    assert "nästa uppgift" in someone.inner_text("dialog#help")
    press(someone, "Escape")
    assert someone.locator("main input:checked").count() == 0
    assert someone.locator("dialog[open]").count() == 0


def test_keys_that_choose_can_be_switched_off(someone: Any) -> None:
    to_first_task(someone)
    press(someone, "?")
    someone.locator("#keys-on").uncheck()
    press(someone, "Escape", "3", "g")
    assert someone.locator("main input:checked").count() == 0
    assert someone.locator("dialog[open]").count() == 0


def test_ten_is_typed_as_one_and_nought_and_cannot_be_judged_is_only_x(browser: Any, tmp_path: Path) -> None:
    names = ("short", "kind", "clear")
    criteria = [{"name": name, "label": {"sv": name, "en": name}, "low": 0, "high": 10} for name in names]
    with served(write_study(tmp_path, criteria=criteria, training=[], cannot_judge=True)) as running:
        page = visit(browser.new_context(locale="sv-SE"), running)
        page.locator(".choice-button").first.click()
        heading(page, "Så här")
        press(page, "Enter")
        heading(page, "Uppgift 1")
        press(
            page, "1", "0", "1", "5", "1", "0", "Enter"
        )  # ten; one, as fifteen is no rating; five becomes ten on the last question
        heading(page, "Uppgift 2")
        press(page, "0", "x", "1")
        page.wait_for_timeout(900)
        press(page, "Enter")
        heading(page, "Uppgift 3")
        press(page, "1")
        page.wait_for_timeout(900)  # too late for ten: the mark has moved on
        press(page, "0", "7", "Enter")
        heading(page, "Uppgift 4")
        saved(page)
        given = [tuple(one[name] for name in names) for one in answers_from_first(running, page).values()]
        assert given == [(10, 1, 10), (0, None, 1), (1, 0, 7)]
        press(page, "?")
        told = page.locator("dialog#help .keys").inner_text()
        assert "kan inte bedömas" in told
        assert "tio" in told
        assert page.wrong == []


def answers_from_first(study: tuple[Server, Store], page: Any) -> dict[int, dict[str, Any]]:
    store = study[1]
    return {task.position: task.answers for task in store.tasks_of(store.rater(page.pseudonym)) if task.answers is not None}


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1280, 720), (390, 844)])
@pytest.mark.parametrize("keys", ["335", "123", "55"])
def test_the_marked_choice_is_never_under_the_bar_of_buttons(
    browser: Any, tmp_path: Path, width: int, height: int, keys: str
) -> None:
    words = {"sv": [f"Ett ankare på svenska som är ganska långt, nummer {n}" for n in range(5)]}
    words["en"] = words["sv"]
    criteria = [
        {"name": name, "label": {"sv": name, "en": name}, "low": 1, "high": 5, "anchors": words}
        for name in ("one", "two", "three")
    ]
    with served(write_study(tmp_path, criteria=criteria, training=[], cannot_judge=True)) as running:
        page = visit(browser.new_context(locale="sv-SE", viewport={"width": width, "height": height}), running)
        page.locator(".choice-button").first.click()
        heading(page, "Så här")
        press(page, "Enter")
        heading(page, "Uppgift 1")
        for key in keys:
            press(page, key)
            page.wait_for_timeout(100)
            assert page.evaluate(HIT), page.evaluate("document.activeElement.closest('.choice').textContent")


HIT = """() => {
  const row = document.activeElement.closest('.choice'), box = row.getBoundingClientRect();
  return [box.top + 2, box.bottom - 2].every((y) => row.contains(document.elementFromPoint(box.left + box.width / 2, y)));
}"""


def test_a_scale_with_words_at_its_ends_is_one_row_of_equal_cells(browser: Any, tmp_path: Path) -> None:
    ends = ["Uselt", *[""] * 9, "Utmärkt"]
    criterion = {"name": "c", "label": {"sv": "C", "en": "C"}, "low": 0, "high": 10, "anchors": {"sv": ends, "en": ends}}
    with served(write_study(tmp_path, criteria=[criterion], training=[], cannot_judge=True)) as running:
        for width in (1280, 390, 320):
            page = visit(browser.new_context(locale="sv-SE", viewport={"width": width, "height": 800}), running)
            page.locator(".choice-button").first.click()
            heading(page, "Så här")
            press(page, "Enter")
            heading(page, "Uppgift 1")
            boxes = [box.bounding_box() for box in page.locator(".scale .choice").all()]
            assert len(boxes) == 11
            assert len({box["y"] for box in boxes}) == 1
            assert max(box["width"] for box in boxes) - min(box["width"] for box in boxes) < 1
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.get_by_role("radio", name="10 Utmärkt").count() == 1


def test_a_touch_screen_shows_no_keys(browser: Any, study: tuple[Server, Store]) -> None:
    context = browser.new_context(locale="sv-SE", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = visit(context, study)
    to_first_task(page)
    shown = [key.inner_text() for key in page.locator("fieldset >> nth=0").locator("kbd:visible").all()]
    assert shown == ["1", "2", "3"]  # the ratings themselves; no x for cannot be judged
    assert not page.locator(".keys-hint").is_visible()
    context.close()


def test_the_language_is_switched_without_losing_anything_and_remembered(someone: Any) -> None:
    to_first_task(someone)
    press(someone, "2")
    someone.get_by_role("button", name="English").click()
    heading(someone, "Task 1 of 12")
    assert someone.evaluate("document.documentElement.lang") == "en"
    assert someone.title() == "Task 1 of 12 – How good are the answers?"
    assert "Is the text natural" in someone.inner_text("fieldset >> nth=0")
    assert someone.locator("main input:checked").count() == 1
    assert someone.get_attribute(".answer .text", "lang") == "sv"
    someone.reload()
    heading(someone, "Task 1 of 12")
    assert someone.wrong == []


@pytest.mark.parametrize("width", [320, 375, 640])
def test_a_narrow_screen_needs_no_sideways_scrolling(browser: Any, study: tuple[Server, Store], width: int) -> None:
    context = browser.new_context(locale="sv-SE", viewport={"width": width, "height": 700})
    page = visit(context, study)
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    to_first_task(page)
    assert page.evaluate(fits)
    boxes = [box.bounding_box() for box in page.locator(".choice").all()]
    assert min(box["height"] for box in boxes) >= 44  # a thumb
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(browser: Any, study: tuple[Server, Store], scheme: str) -> None:
    context = browser.new_context(locale="sv-SE", color_scheme=scheme)
    page = visit(context, study)
    to_first_task(page)
    press(page, "1")
    dark = scheme == "dark"
    for selector in (".answer .text", ".card h2", "legend", ".choice span", "#count", "button.primary", ".choice:has(:checked)"):
        ink, ground = page.eval_on_selector(selector, COLOURS)
        ratio = contrast(ink, ground)
        assert ratio >= 4.5, (selector, ink, ground, ratio)
        if selector == ".answer .text":
            assert (luminance(ground) < 0.2) is dark
    context.close()


COLOURS = """element => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  let at = element, ground = [0, 0, 0, 0];
  for (; at && ground[3] === 0; at = at.parentElement) ground = numbers(getComputedStyle(at).backgroundColor);
  return [numbers(getComputedStyle(element).color), ground];
}"""


def luminance(colour: list[float]) -> float:
    """Relative luminance, WCAG 2.2."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_two_windows_of_one_rater_do_no_harm(someone: Any, study: tuple[Server, Store]) -> None:
    to_first_task(someone)
    other = someone.context.new_page()
    other.goto(someone.url)
    heading(other, "Uppgift 1")
    press(other, "1", "1", "1", "Enter")
    heading(other, "Uppgift 2")
    until(lambda: someone.locator("main input:checked").count() == 3)
    assert "nyss i ett annat fönster" in someone.inner_text("#live")
    assert "nyss i ett annat fönster" in someone.inner_text(".news")
    press(someone, "3", "Enter")
    heading(someone, "Uppgift 2")
    saved(someone)
    saved(other)
    assert answers(study, someone)[1] == {"naturalness": 3, "relatedness": 1, "correctness": 1}


def test_work_goes_on_without_contact_until_the_prefetched_tasks_are_used_up(browser: Any, tmp_path: Path) -> None:
    with served(write_study(tmp_path, items=20, criteria=["correctness"], training=[])) as running:
        page = visit(browser.new_context(locale="sv-SE"), running)
        page.locator(".choice-button").first.click()
        heading(page, "Så här")
        press(page, "Enter")
        heading(page, "Uppgift 1 av 40")
        page.context.set_offline(True)
        for number in range(1, 13):
            heading(page, f"Uppgift {number} av 40")
            press(page, "2", "Enter")
        page.wait_for_selector("#waiting:visible")
        press(page, "3", "Enter")  # nothing to choose and nowhere to go: the old task is not answered again
        assert page.inner_text("#saved") == "Ej sparat: 12"
        page.context.set_offline(False)
        heading(page, "Uppgift 13 av 40")
        saved(page)
        assert list(answers(running, page).values()) == [{"correctness": 2}] * 12
        assert "Kontakten är tillbaka" in page.inner_text("#live")


def test_a_browser_that_may_store_nothing_still_sends_and_warns(browser: Any, study: tuple[Server, Store]) -> None:
    context = browser.new_context(locale="sv-SE")
    for storage in ("indexedDB", "localStorage"):
        context.add_init_script(f"Object.defineProperty(window, '{storage}', {{get() {{ throw new Error('switched off'); }}}})")
    page = visit(context, study)
    to_first_task(page)
    context.set_offline(True)
    press(page, "1", "2", "3", "Enter")
    heading(page, "Uppgift 2")
    until(lambda: "Webbläsaren kan inte lagra svar" in page.inner_text("#notice"))
    context.set_offline(False)
    saved(page)
    assert answers(study, page) == {1: {"naturalness": 1, "relatedness": 2, "correctness": 3}}
    context.close()


def test_a_screen_reader_finds_names_groups_and_states(someone: Any) -> None:
    to_first_task(someone)
    assert someone.evaluate("document.activeElement.tagName") == "H1"
    group = someone.get_by_role("group", name="Är texten naturlig och språkligt riktig, oavsett vad den säger?")
    radio = group.get_by_role("radio", name="3 Naturlig: som skriven av någon som behärskar språket")
    assert radio.count() == 1
    assert someone.get_by_role("progressbar", name="0 av 12 besvarade").count() == 1
    assert someone.get_by_role("main").count() == 1
    assert someone.locator("[aria-live=polite]").count() == 1
    press(someone, "?")
    assert someone.get_by_role("dialog", name="Tangenter").count() == 1


def test_a_link_that_stops_working_is_said_and_the_new_one_sends_what_was_left(someone: Any, study: tuple[Server, Store]) -> None:
    to_first_task(someone)
    token = study[1].new_token(someone.pseudonym)
    press(someone, "1", "1", "1", "Enter")
    until(lambda: "Servern tar inte emot svaren" in someone.inner_text("#notice"))
    assert someone.get_attribute("#saved", "data-waiting") == "1"
    renewed = someone.context.new_page()
    renewed.goto(f"{study[0].url}/r/{token}")
    heading(renewed, "Uppgift 2")
    saved(renewed)
    assert answers(study, someone) == {1: {"naturalness": 1, "relatedness": 1, "correctness": 1}}


def test_markup_in_any_text_is_shown_and_never_run(browser: Any, tmp_path: Path) -> None:
    texts = {"sv": CODE, "en": CODE}
    known = {"text": CODE, "instruction": CODE, "source": CODE, "reference": CODE, "language": "sv", "feedback": texts}
    criterion = {"name": "c", "label": texts, "question": texts, "anchors": {"sv": [CODE] * 3, "en": [CODE] * 3}}
    pairs = {"name": "p", "label": texts, "question": texts}
    path = write_study(
        tmp_path,
        items=1,
        title=texts,
        consent=texts,
        guidelines=texts,
        criteria=[criterion],
        compare={"criteria": [pairs]},
        show=["instruction", "source", "reference"],
        training=[{**known, "expected": {"c": 3}}],
        comments=True,
    )
    lines = (tmp_path / "items.jsonl").read_text()
    for plain in ("Besvara fråga nummer 0.", "Ett facit.", "Källtext nummer 0.", "Svaret på fråga 0, variant"):
        assert plain in lines
        lines = lines.replace(plain, CODE.replace('"', '\\"'))
    (tmp_path / "items.jsonl").write_text(lines)
    with served(path) as running:
        page = visit(browser.new_context(locale="sv-SE"), running)
        page.locator(".choice-button").first.click()
        heading(page, "Så här")
        press(page, "Enter")
        heading(page, "Övning")
        assert page.locator(".card .text").all_inner_texts() == [CODE] * 4
        press(page, "1", "Enter")
        page.wait_for_selector(".feedback")
        assert CODE in page.inner_text(".feedback")
        press(page, "Enter", "Enter")
        for number in (1, 2):
            heading(page, f"Uppgift {number}")
            assert CODE in page.inner_text(".texts")
            page.locator("summary").click()
            page.locator("textarea").fill(CODE)
            page.locator("h1").click()
            press(page, "1", "Enter")
        heading(page, "Uppgift 3")
        press(page, "3", "Enter")
        heading(page, "Tack")
        saved(page)
        server, store = running
        owner = page.context.new_page()
        owner.goto(f"{server.url}/owner/{store.new_owner_token()}")
        owner.wait_for_selector("#raters table")
        for shown in (page, owner):
            assert shown.locator("main img, main script, main b, header img").count() == 0
            assert shown.evaluate("document.querySelectorAll('[onerror], [onmouseover]').length") == 0
        assert page.wrong == []  # neither an error nor a breach of the content security policy
