"""Three raters rate sixty items at the same time in a real browser, while a server dies and a connection is lost."""

import csv
import hashlib
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra annotate is not installed")

from browser import chromium
from rating_study import Server, served, until, write_study

from harness.annotate.schema import answers_table
from harness.annotate.store import Store

RATERS = ("anna", "bo", "cia")
CRITERIA = ("naturalness", "correctness")
ITEMS = 60
PER_RATER = ITEMS * 2  # two systems


class RaterAtWork:
    """Somebody who rates by keyboard alone; the same text always gets the same answer from the same person."""

    def __init__(self, browser: Any, url: str, name: str, token: str) -> None:
        self.name = name
        self.link = f"{url}/r/{token}"
        self.context = browser.new_context(locale="sv-SE")
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.seen: list[str] = []

    def open(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(self.link)
        self.page.wait_for_selector("main h1")

    def begin(self) -> None:
        """Consent, guidelines and the training item."""
        self.open()
        self.page.get_by_role("button", name="Ja, jag samtycker och vill delta").click()
        self.page.wait_for_selector("text=Så här bedömer du")
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("h1:has-text('Övning 1 av 1')")
        for key in ("3", "1", "Enter"):
            self.page.keyboard.press(key)
        self.page.wait_for_selector(".feedback")
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("text=Övningen är klar")
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(f"h1:has-text('Uppgift 1 av {PER_RATER}')")

    @property
    def done(self) -> int:
        """The number of tasks behind this person, by the page's heading."""
        heading = self.page.inner_text("main h1")
        return PER_RATER if "Tack" in heading or heading == "Klar" else int(heading.split()[1]) - 1

    def rate(self, tasks: int = 1) -> None:
        for _ in range(tasks):
            before = self.done
            text = self.page.inner_text(".answer .text")
            self.seen.append(text)
            for criterion in CRITERIA:
                self.page.keyboard.press(str(opinion(self.name, text, criterion)))
            self.page.keyboard.press("Enter")
            self.page.wait_for_function(
                "before => !document.querySelector('main h1').textContent.includes(`Uppgift ${before} av`)", arg=before + 1
            )

    @property
    def unsaved(self) -> int:
        return int(self.page.get_attribute("#saved", "data-waiting"))


def opinion(rater: str, text: str, criterion: str) -> int:
    """1 to 3: what most would say of the text, and now and then something of one's own."""
    common = hashlib.sha256(f"{text} {criterion}".encode()).digest()[0]
    own = hashlib.sha256(f"{text} {criterion} {rater}".encode()).digest()[0]
    return 1 + (own if own % 4 == 0 else common) % 3


@pytest.mark.slow
def test_every_rating_of_three_raters_arrives_once_whatever_dies_in_between(tmp_path: Path) -> None:
    study = write_study(tmp_path, items=ITEMS, criteria=list(CRITERIA), training=[TRAINING])
    with served(study) as (server, store), chromium() as browser:
        people = [RaterAtWork(browser, server.url, name, store.new_token(name)) for name in RATERS]
        for person in people:
            person.begin()
        anna, bo, cia = people

        in_turn(people, 35)
        server_dies(server, people)
        in_turn(people, 20)
        connection_is_lost(bo, others=(anna, cia))
        browser_crashes_while_answers_are_unsent(cia)
        in_turn(people, PER_RATER)

        for person in people:
            person.page.wait_for_selector("text=Tack! Allt är klart.")
            assert person.unsaved == 0
            assert person.complaints == []
            assert len(set(person.seen)) == PER_RATER
        every_rating_is_there_exactly_once(store)
        said = scripted(store)
        the_owners_page_shows_the_agreement_computed_by_hand(browser, server, store)
    the_exported_set_is_meta_evaluated(study, tmp_path, said)


TRAINING = {
    "text": "Gott nytt år!",
    "language": "sv",
    "expected": {"naturalness": 3, "correctness": [1, 2]},
    "feedback": {"sv": "Inget svar.", "en": "No answer."},
}


def in_turn(people: list[RaterAtWork], tasks: int) -> None:
    """Everybody rates one task, then everybody the next: three windows work side by side."""
    for _ in range(tasks):
        for person in people:
            if person.done < PER_RATER:
                person.rate()


def server_dies(server: Server, people: list[RaterAtWork]) -> None:
    """Killed right after an answer was given, so that some are on their way; the raters go on, and nothing they did is lost."""
    for person in people:
        person.rate()
    server.kill()
    for person in people:
        person.rate(3)
        until(lambda person=person: "Ej sparat" in person.page.inner_text("#saved"))
        assert person.unsaved >= 3
    server.start()
    for person in people:
        until(lambda person=person: person.unsaved == 0, seconds=60)
        assert person.page.inner_text("#saved") == "Sparat"


def connection_is_lost(person: RaterAtWork, others: tuple[RaterAtWork, ...]) -> None:
    """One rater is cut off and works on with what is prefetched; the others notice nothing."""
    until(lambda: person.unsaved == 0, seconds=60)  # else an earlier answer is counted with those to come
    person.context.set_offline(True)
    person.rate(4)
    until(lambda: "Ej sparat: 4" in person.page.inner_text("#saved"))
    assert "Ingen kontakt med servern" in person.page.inner_text("#notice")
    for other in others:
        other.rate()
        until(lambda other=other: other.unsaved == 0)
    person.context.set_offline(False)
    until(lambda: person.unsaved == 0, seconds=60)


def browser_crashes_while_answers_are_unsent(person: RaterAtWork) -> None:
    """The tab dies with three answers that no server has seen; the next visit sends them and goes on after them."""
    person.context.set_offline(True)
    person.rate(3)
    until(lambda: person.unsaved == 3)
    done = person.done
    person.page.close(run_before_unload=False)
    person.context.set_offline(False)
    person.page = person.context.new_page()
    person.open()
    until(lambda: person.unsaved == 0)
    assert person.done == done


def scripted(store: Store) -> dict[tuple[str, str, str], int]:
    """(rater, output, criterion) → what each rater is scripted to say."""
    outputs = store.contents.outputs.values()
    return {
        (name, output.id, criterion): opinion(name, output.text or "", criterion)
        for name in RATERS
        for output in outputs
        for criterion in CRITERIA
    }


def every_rating_is_there_exactly_once(store: Store) -> None:
    names = {rater.id: rater.pseudonym for rater in store.raters()}
    given = [answer for answer in store.last_answers() if answer.known is None]
    found = [
        ((names[one.rater_id], one.outputs[0], criterion), value) for one in given for criterion, value in one.answers.items()
    ]
    assert len(found) == len(RATERS) * PER_RATER * len(CRITERIA)
    assert dict(found) == scripted(store)
    with store._database.reading() as connection:
        rows = connection.execute(answers_table.select()).all()
    assert len(rows) == len(RATERS) * (PER_RATER + 1)  # one submission a task, training included: nothing was stored twice


def the_owners_page_shows_the_agreement_computed_by_hand(browser: Any, server: Server, store: Store) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    said = scripted(store)
    outputs = sorted(store.contents.outputs)
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{server.url}/owner/{store.new_owner_token()}")
    page.wait_for_selector("#agreement table")
    rows = page.locator("#agreement tbody tr")
    assert rows.count() == len(CRITERIA)
    for number, criterion in enumerate(CRITERIA):
        text = rows.nth(number).inner_text()
        ratings = [[said[name, output, criterion] for output in outputs] for name in RATERS]
        alpha = krippendorff.alpha(ratings, level_of_measurement="ordinal")
        assert f"{criterion}\t{alpha:.2f} n = {PER_RATER}" in text
        assert f"{fleiss(ratings):.2f} n = {PER_RATER}" in text
        for one, other in itertools.combinations(range(3), 2):
            same = sum(map(int.__eq__, ratings[one], ratings[other])) / PER_RATER
            assert f"{RATERS[one]} – {RATERS[other]}: {int(100 * same + 0.5)} % n = {PER_RATER}" in text
    assert page.locator("#raters tbody tr").count() == 3
    assert f"{PER_RATER}/{PER_RATER}" in page.inner_text("#raters")


def fleiss(ratings: list[list[int]]) -> float:
    """Fleiss' kappa written out: (mean agreement of a unit − expected) / (1 − expected)."""
    units = list(zip(*ratings, strict=True))
    people = len(ratings)
    counts = [[unit.count(value) for value in (1, 2, 3)] for unit in units]
    observed = sum(sum(n * (n - 1) for n in row) / (people * (people - 1)) for row in counts) / len(units)
    shares = [sum(row[value] for row in counts) / (people * len(units)) for value in range(3)]
    expected = sum(share * share for share in shares)
    return (observed - expected) / (1 - expected)


def the_exported_set_is_meta_evaluated(study: Path, folder: Path, said: dict[tuple[str, str, str], int]) -> None:
    outputs = sorted({output for _, output, _ in said})
    records = folder / "records"
    database = ["--db", str(study.with_suffix(".sqlite"))]
    printed = harness("data", "annotate", "export", str(study), *database, "--out", str(records))
    assert f"{3 * PER_RATER * 2} ratings and 0 preferences of 3 raters on {PER_RATER} outputs of {ITEMS} items" in printed
    with (records / "ratings.csv").open(newline="", encoding="utf-8-sig") as file:
        assert sum(1 for _ in csv.DictReader(file)) == 3 * PER_RATER * 2
    run = ["metaeval", "--judgments", f"records:{records}", "--metric", "chrf", "--criterion", "correctness", "--json"]
    rows = json.loads(harness(*run, "--resamples", "20", "--raters", "mean", "--grouping", "item"))
    whole = [row for row in rows if row["slice"] == "all" and row["criterion"] == "correctness"]
    accuracy = [row for row in whole if row["statistic"] == "accuracy" and (row["metric"] or "").startswith("chrf|")]
    assert {(row["n_items"], row["n_pairs"]) for row in accuracy} == {(ITEMS, ITEMS)}
    kappa = [row["value"] for row in whole if row["statistic"] == "fleiss_kappa"]
    assert kappa == [pytest.approx(fleiss([[said[name, output, "correctness"] for output in outputs] for name in RATERS]))]


def harness(*words: str) -> str:
    """What the command prints; it must succeed."""
    done = subprocess.run([sys.executable, "-m", "harness", *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout
