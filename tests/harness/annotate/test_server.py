"""The server of the annotation pages, asked over a real connection."""

import json
import re
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("fastapi", reason="the extra annotate is not installed")

from postgres import postgres
from rating_study import Server, served, write_study

from harness.annotate.server import serve
from harness.annotate.store import Store
from harness.errors import HarnessError

RIGHT = {"naturalness": 3, "relatedness": 3, "correctness": 1}


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Study(NamedTuple):
    server: Server
    store: Store

    def ask(self, path: str, value: Any = None, *, method: str | None = None, raw: bytes | None = None, **headers: str) -> Answer:
        """GET, or POST of JSON where there is a value; other headers as keywords (`_` for `-`)."""
        body = raw if raw is not None else None if value is None else json.dumps(value).encode()
        sent = {"Content-Type": "application/json"} if body is not None or method else {}
        sent |= {name.replace("_", "-"): content for name, content in headers.items()}
        request = urllib.request.Request(self.server.url + path, data=body, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return Answer(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def rater(self, consent: bool = True) -> str:
        """The path of a new rater's page."""
        path = f"/r/{self.store.add_rater(f'someone-{len(self.store.raters())}')}"
        if consent:
            assert self.ask(f"{path}/consent", {"language": "sv"}).status == 200
        return path

    def owner(self) -> str:
        """The path of the owner's page."""
        return f"/owner/{self.store.new_owner_token()}"

    def answer(self, path: str, client: str, **changes: Any) -> Answer:
        """Answers the first task (the training item) of the rater."""
        task = self.ask(f"{path}/tasks?first=1&count=1").json["tasks"][0]
        return self.ask(f"{path}/answers", {"client_id": client, "task": task["id"], "answers": RIGHT, **changes})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with served(write_study(tmp_path_factory.mktemp("study"), checks={"items": [CHECK]})) as (server, store):
        yield Study(server, store)


CHECK = {
    "text": "Välj tre överallt.",
    "language": "sv",
    "expected": {"naturalness": 3, "relatedness": 3, "correctness": 3},
}


def test_no_task_is_shown_and_nothing_is_stored_before_consent(study: Study) -> None:
    path = study.rater(consent=False)
    assert study.ask(f"{path}/state").json["progress"]["consented"] is False
    refused = study.ask(f"{path}/tasks?first=1&count=5")
    assert (refused.status, refused.json) == (403, {"error": "consent-needed"})
    assert study.ask(f"{path}/answers", {"client_id": "c" * 32, "task": "0" * 16, "answers": RIGHT}).status == 403
    assert study.ask(f"{path}/consent", {"language": "sv"}).json["progress"]["consented"] is True
    assert len(study.ask(f"{path}/tasks?first=1&count=5").json["tasks"]) == 5


def test_nothing_that_a_rater_gets_names_a_system_an_output_or_a_check(study: Study) -> None:
    path = study.rater()
    everything = study.ask(path).body + study.ask(f"{path}/state").body + study.ask(f"{path}/tasks?first=1&count=20").body
    assert b"variant" in everything
    for secret in (b"alfa-7b", b"beta-2b", b"mini/0"):
        assert secret not in everything, secret
    tasks = study.ask(f"{path}/tasks?first=2&count=20").json["tasks"]
    assert len(tasks) == 9
    assert sum(task["texts"] == ["Välj tre överallt."] for task in tasks) == 1
    assert {tuple(sorted(task)) for task in tasks} == {tuple(sorted(tasks[0]))}
    assert {task["phase"] for task in tasks} == {"main"}


@pytest.mark.parametrize(
    "path", ["RATER", "RATER/state", "OWNER", "OWNER/status", "/static/rater.js", "/r/wrong", "/", "/nowhere"]
)
def test_every_answer_forbids_foreign_scripts_frames_and_referrers(study: Study, path: str) -> None:
    at = path.replace("RATER", study.rater()).replace("OWNER", study.owner())
    headers = study.ask(at).headers
    policy = headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == ("no-cache" if path.startswith("/static") else "no-store")
    assert headers["Server"] is None


def test_pages_hold_no_script_or_style_of_their_own_and_load_only_from_here(study: Study) -> None:
    for path in (study.rater(), study.owner()):
        page = study.ask(path).body.decode()
        assert re.findall(r"<script[^>]*>", page) == re.findall(r'<script type="module" src="\.\./static/[^"]+">', page)
        assert "<style" not in page
        assert not re.search(r'\son\w+="|style="|https?://', page)


def test_a_wrong_link_gets_a_friendly_page_that_tells_nothing(study: Study) -> None:
    wrong = study.ask("/r/wrong", Accept="text/html", Accept_Language="sv")
    assert wrong.status == 404
    assert "Länken fungerar inte" in wrong.body.decode()
    assert "The link does not work" in wrong.body.decode()
    assert study.ask("/owner/wrong", Accept="text/html", Accept_Language="sv").body == wrong.body
    assert "Hur bra" not in wrong.body.decode()
    for path in ("/r/wrong/state", "/r/wrong/tasks?first=1&count=1", "/owner/wrong/status", "/owner/wrong/export"):
        assert (study.ask(path).status, study.ask(path).json) == (404, {"error": "unknown-link"})
    assert study.ask("/r/wrong/answers", {}).status == 404


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/static/", "/static/../server.py", "/r/", "/owner"])
def test_nothing_else_is_served(study: Study, path: str) -> None:
    assert study.ask(path).status == 404


def test_the_page_speaks_the_browsers_language_if_the_study_has_it(study: Study) -> None:
    path = study.rater()
    assert '<html lang="en">' in study.ask(path, Accept_Language="fi, en;q=0.8").body.decode()
    assert '<html lang="sv">' in study.ask(path, Accept_Language="fi").body.decode()


def test_an_answer_sent_twice_is_stored_once_and_says_so(study: Study) -> None:
    path = study.rater()
    first, again = study.answer(path, "one-and-the-same"), study.answer(path, "one-and-the-same")
    assert (first.json["duplicate"], again.json["duplicate"]) == (False, True)
    assert first.json["feedback"] == again.json["feedback"]
    assert first.json["feedback"]["right"] is True
    assert study.ask(f"{path}/state").json["progress"]["training_done"] == 1


def test_an_acknowledged_answer_outlives_the_server(study: Study) -> None:
    path = study.rater()
    assert study.answer(path, "before-the-end").status == 200
    study.server.kill()
    study.server.start()
    assert study.ask(f"{path}/tasks?first=1&count=1").json["tasks"][0]["answers"] == RIGHT


def test_the_pages_stand_on_postgresql_too(tmp_path: Path) -> None:
    with postgres() as url, served(write_study(tmp_path), url) as (server, store):
        study = Study(server, store)
        path = study.rater()
        assert study.answer(path, "before-the-end").json["duplicate"] is False
        server.kill()
        server.start()
        assert study.answer(path, "before-the-end").json["duplicate"] is True
        assert study.ask(f"{study.owner()}/status").json["raters"][-1]["training_done"] == 1


def test_a_database_that_is_gone_asks_the_page_to_try_again(tmp_path: Path) -> None:
    with served(write_study(tmp_path)) as (server, store):
        study = Study(server, store)
        path = study.rater()
        task = study.ask(f"{path}/tasks?first=1&count=1").json["tasks"][0]
        value = {"client_id": "at-the-wrong-time", "task": task["id"], "answers": RIGHT}
        with sqlite3.connect(server.database, isolation_level=None) as other:
            other.execute("DROP TABLE answers")
        refused = study.ask(f"{path}/answers", value)
        assert (refused.status, refused.json) == (503, {"error": "try-again"})


def test_a_rater_can_answer_only_their_own_tasks(study: Study) -> None:
    anna, bo = study.rater(), study.rater()
    others = study.ask(f"{bo}/tasks?first=1&count=1").json["tasks"][0]["id"]
    refused = study.ask(f"{anna}/answers", {"client_id": "client-1", "task": others, "answers": RIGHT})
    assert (refused.status, refused.json) == (404, {"error": "unknown-task"})


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"answers": {**RIGHT, "naturalness": 4}}, 422, "invalid-answers"),
        ({"answers": {**RIGHT, "naturalness": "3"}}, 422, "invalid-answers"),
        ({"answers": {"naturalness": 3}}, 422, "invalid-answers"),
        ({"answers": {**RIGHT, "beauty": 3}}, 422, "invalid-answers"),
        ({"answers": {**RIGHT, "naturalness": True}}, 400, "not-understood"),
        ({"answers": {**RIGHT, "naturalness": 2.5}}, 400, "not-understood"),
        ({"answers": [3]}, 400, "not-understood"),
        ({"rater": "bo"}, 400, "not-understood"),
        ({"seconds": -1}, 400, "not-understood"),
        ({"client_id": "short"}, 400, "not-understood"),
        ({"note": "x" * 2001}, 400, "not-understood"),
        ({"note": "a\x00b"}, 400, "not-understood"),
        ({"note": "x" * 70_000}, 413, "too-large"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(study: Study, changes: dict[str, Any], status: int, error: str) -> None:
    path = study.rater()
    refused = study.answer(path, "some-client-id", **changes)
    assert (refused.status, refused.json["error"]) == (status, error)
    assert study.ask(f"{path}/state").json["progress"]["training_done"] == 0


def test_a_request_of_another_site_or_of_a_plain_form_is_refused(study: Study) -> None:
    path = f"{study.rater()}/consent"
    value = {"language": "sv"}
    assert study.ask(path, value, Origin="https://elsewhere.example").json == {"error": "another-site"}
    assert study.ask(path, value, Sec_Fetch_Site="cross-site").status == 403
    assert study.ask(path, value, Origin=study.server.url, Sec_Fetch_Site="same-origin").status == 200
    assert study.ask(path, value, Content_Type="application/x-www-form-urlencoded").json == {"error": "not-json"}
    assert study.ask(path, raw=b"not json").json == {"error": "not-understood"}
    assert study.ask(path, raw=b'{"language": "\xff"}').json == {"error": "not-understood"}
    assert study.ask(path, {"language": "fi"}).json == {"error": "unknown-language"}


@pytest.mark.parametrize("window", ["first=0&count=1", "first=1&count=0", "first=1&count=1000", "first=x&count=1", "first=1"])
def test_only_a_few_tasks_are_given_at_a_time(study: Study, window: str) -> None:
    refused = study.ask(f"{study.rater()}/tasks?{window}")
    assert refused.status in (400, 422)
    assert b"tasks" not in refused.body


def test_the_owner_adds_raters_gives_new_links_and_deletes(study: Study) -> None:
    owner = study.owner()
    added = study.ask(f"{owner}/raters", {"pseudonym": None}).json
    assert added["pseudonym"] == "rater-1"
    assert study.ask(f"{owner}/raters", {"pseudonym": "dag"}).json["pseudonym"] == "dag"
    assert study.ask(f"{owner}/raters", {"pseudonym": "dag"}).json == {"error": "pseudonym-taken"}
    assert study.ask(f"{owner}/raters", {"pseudonym": "Anna <b>Ek</b>"}).status == 400
    assert study.ask(f"/r/{added['token']}").status == 200
    renewed = study.ask(f"{owner}/raters/rater-1/link", {}).json["token"]
    assert (study.ask(f"/r/{added['token']}").status, study.ask(f"/r/{renewed}").status) == (404, 200)
    study.ask(f"/r/{renewed}/consent", {"language": "en"})
    study.answer(f"/r/{renewed}", "to-be-deleted")
    assert study.ask(f"{owner}/raters/rater-1", method="DELETE").json == {"pseudonym": "rater-1", "answers": 1}
    assert study.ask(f"/r/{renewed}").status == 404
    assert study.ask(f"{owner}/raters/rater-1", method="DELETE").json == {"error": "unknown-rater"}
    assert study.ask(f"{owner}/raters/dag", method="DELETE", Sec_Fetch_Site="cross-site").status == 403
    names = {rater["pseudonym"] for rater in study.ask(f"{owner}/status").json["raters"]}
    assert names >= {"anna", "bo", "cia", "dag"}
    assert "rater-1" not in names


def test_links_on_the_owners_page_begin_with_the_base_url(tmp_path: Path) -> None:
    with served(write_study(tmp_path), options=["--base-url", "https://ratings.example.org/"]) as (server, store):
        study = Study(server, store)
        assert b'data-base="https://ratings.example.org"' in study.ask(study.owner()).body


def test_a_raters_link_does_not_open_the_owners_page_nor_the_other_way_round(study: Study) -> None:
    rater, owner = study.rater(), study.owner()
    assert study.ask(rater.replace("/r/", "/owner/")).status == 404
    assert study.ask(owner.replace("/owner/", "/r/")).status == 404


def test_a_port_that_is_taken_is_said_in_one_sentence(study: Study) -> None:
    with pytest.raises(HarnessError, match=rf"port {study.server.port}: Address already in use; choose another with --port"):
        serve(study.store, port=study.server.port)
