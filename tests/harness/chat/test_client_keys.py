"""Keys come from the environment, and nothing that is kept, raised, logged or shown holds them."""

import logging
from pathlib import Path
from typing import Any

import pytest
from chat_server import Answer, Seen, chat_server, completion

from harness.chat.client import ChatModel
from harness.chat.keys import mask, redactor
from harness.chat.messages import Request
from harness.chat.store import ReplyStore
from harness.errors import ConnectionProblem

KEY = "sk-proj/Zq9+secret-key=="


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def said(text: str) -> Request:
    return Request(messages=(("user", text),), params={"max_tokens": 5})


def model(url: str, folder: Path, **settings: Any) -> ChatModel:
    return ChatModel("tiny", base_url=url, key_env="TEST_KEY", store=ReplyStore(folder), backoff=0.01, attempts=2, **settings)


def telltale(status: int, *, cut: int | None = None) -> Any:
    """A server that says everything that it was told, key included, in headers and body."""

    def reply(seen: Seen) -> Answer:
        told = seen.headers["authorization"]
        body: Any = completion(f"you sent {told}") if status == 200 else {"error": {"message": f"bad {told} ({KEY[:12]}***)"}}
        return Answer(body, status, {"x-echo": told}, cut=cut)

    return reply


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500])
def test_a_server_that_repeats_the_key_does_not_get_it_into_anything(tmp_path: Path, caplog, capfd, status: int) -> None:
    caplog.set_level(logging.DEBUG)
    with chat_server(telltale(status)) as server:
        judge = model(server.url, tmp_path)
        try:
            shown = str(judge.ask([said(f"my key is {KEY}")]))
        except ConnectionProblem as problem:
            shown = f"{problem} {problem!r} {problem.__cause__} {problem.__context__!r}"
        shown += repr(judge) + repr(judge.store) + "".join(map(repr, judge.store.audit()))
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"
    judge.store.database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    said_out = "".join(capfd.readouterr())
    for secret in (KEY, KEY[8:20], KEY.replace("/", "\\/")):
        assert secret not in shown
        assert secret.encode() not in kept
        assert secret not in caplog.text
        assert secret not in said_out
    assert status == 200 or "Zq9" not in shown  # not even the part that the server quotes


def test_the_bytes_that_are_kept_hold_no_key_however_they_are_packed(tmp_path: Path) -> None:
    with chat_server(telltale(200)) as server:
        judge = model(server.url, tmp_path)
        (reply,) = judge.ask([said(f"my key is {KEY}")])
        (kept,) = judge.store.audit()
    assert reply.text == "you sent Bearer [key]"
    assert b"you sent Bearer [key]" in (judge.store.raw(reply.key) or b"")
    assert kept.request == said("my key is [key]")


def test_without_a_key_a_server_elsewhere_is_not_asked_and_one_here_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KEY")
    with pytest.raises(
        ConnectionProblem, match=r"example\.org is asked with a key, and the environment variable TEST_KEY is not set"
    ):
        model("https://example.org/v1", tmp_path).ask([said("hej")])
    with chat_server() as server:
        assert model(server.url, tmp_path).ask([said("hej")])[0].text == "hej"
    assert KEY not in str(server.seen[0].headers)


def test_a_variable_that_holds_no_key_is_named_without_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "nyckel-på-svenska")
    with pytest.raises(ConnectionProblem, match="TEST_KEY holds no key") as caught:
        model("http://localhost:9/v1", tmp_path).ask([said("hej")])
    assert "svenska" not in str(caught.value)


def test_keys_are_not_sent_on_to_where_a_server_points(tmp_path: Path) -> None:
    def send_on(_: Seen) -> Answer:
        return Answer(b"", 307, {"location": other.url + "/chat/completions"})

    with chat_server() as other, chat_server(send_on) as server, pytest.raises(ConnectionProblem, match="HTTP 307"):
        model(server.url, tmp_path).ask([said("hej")])
    assert (len(server.seen), len(other.seen)) == (1, 0)


def test_a_word_that_is_no_secret_stays_in_texts() -> None:
    assert redactor("EMPTY")(b"EMPTY is EMPTY") == b"EMPTY is EMPTY"
    assert redactor("long-enough")(b"a long-enough b") == b"a [key] b"


def test_parts_of_keys_in_errors_are_masked_and_other_words_are_not() -> None:
    assert mask("Incorrect key: sk-abcd1234***wxyz. See the risk-averse page") == "Incorrect key: [key] See the risk-averse page"
