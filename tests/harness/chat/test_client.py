"""Asking a server: one reply a request, kept as it arrives, and read as what it is."""

import asyncio
import itertools
import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat_server import Answer, Seen, chat_server, completion, echo

from harness.chat.client import ChatModel
from harness.chat.messages import Reply, Request, TokenProbability
from harness.chat.policy import only_stored
from harness.chat.prices import Price
from harness.chat.store import ReplyStore
from harness.errors import ConfigError, ConnectionProblem, StoreProblem


def said(text: str, **more: Any) -> Request:
    return Request(messages=(("user", text),), params={"max_tokens": 5, "temperature": 0}, **more)


def model(url: str, folder: Path, **settings: Any) -> ChatModel:
    return ChatModel(
        "tiny", base_url=url, store=ReplyStore(folder), **{"backoff": 0.01, "timeout": 5.0, "attempts": 3, **settings}
    )


def one(answer: Answer, folder: Path, **settings: Any) -> Reply:
    """The reply to one request of a server that always answers so."""
    with chat_server(lambda _: answer) as server:
        return model(server.url, folder, **settings).ask([said("hej")])[0]


def test_replies_come_in_the_order_of_the_requests_and_equal_requests_are_asked_once(tmp_path: Path) -> None:
    with chat_server() as server:
        asked = [said(text) for text in ("ett", "två", "ett", "tre")]
        replies = model(server.url, tmp_path).ask([*asked, said("ett", sample=1)])
    assert [reply.text for reply in replies] == ["ett", "två", "ett", "tre", "ett"]
    assert [reply.fresh for reply in replies] == [True, True, False, True, True]
    assert sorted(seen.text for seen in server.seen) == ["ett", "ett", "tre", "två"]  # the second sample is another request
    assert server.seen[0].path == "/v1/chat/completions"
    assert {name: server.seen[0].body[name] for name in ("model", "max_tokens", "temperature")} == {
        "model": "tiny",
        "max_tokens": 5,
        "temperature": 0,
    }


def test_what_was_received_is_never_asked_again_and_needs_no_server(tmp_path: Path) -> None:
    with chat_server() as server:
        (fresh,) = model(server.url, tmp_path).ask([said("hej")])
        url = server.url
    (kept,) = model(url, tmp_path).ask([said("hej")])
    assert (kept.text, kept.fresh, kept.tokens_in, kept.received) == ("hej", False, 10, fresh.received)
    assert len(server.seen) == 1


def test_another_model_host_parameter_or_choice_is_another_request(tmp_path: Path) -> None:
    with chat_server() as server, chat_server() as other:
        store = ReplyStore(tmp_path)
        for url, name in ((server.url, "a"), (server.url, "b"), (other.url, "a")):
            ChatModel(name, base_url=url, store=store).ask([said("hej")])
        ChatModel("a", base_url=server.url, store=store).ask(
            [said("hej", choices=("1",)), Request(messages=(("user", "hej"),), params={"max_tokens": 6, "temperature": 0})]
        )
    assert (len(server.seen), len(other.seen)) == (4, 1)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (completion("för lå", finish="length"), "cut-off", "för lå"),
        (completion(None, finish="length"), "cut-off", None),
        (completion("", finish="content_filter"), "refused", ""),
        (completion(None, message={"role": "assistant", "content": None, "refusal": "nej"}), "refused", "nej"),
        (completion(""), "ok", ""),
        (completion("ja", finish=None), "ok", "ja"),
    ],
    ids=["cut-off", "cut-off-while-thinking", "filtered", "refused", "empty", "no-finish"],
)
def test_refusals_and_cut_off_replies_come_back_as_such_and_are_not_asked_again(tmp_path: Path, body, status, text) -> None:
    with chat_server(lambda _: Answer(body)) as server:
        judge = model(server.url, tmp_path)
        for fresh in (True, False):
            (reply,) = judge.ask([said("hej")])
            assert (reply.status, reply.text, reply.fresh, reply.price) == (status, text, fresh, None)
    assert len(server.seen) == 1


def test_a_filter_before_the_model_is_a_refusal_although_it_is_an_http_400(tmp_path: Path) -> None:
    answer = Answer({"error": {"code": "content_filter", "message": "filtered"}}, 400)
    reply = one(answer, tmp_path)
    assert (reply.status, reply.finish, reply.detail) == ("refused", "content_filter", "HTTP 400: filtered")


@pytest.mark.parametrize(
    "bad",
    [
        Answer({"error": {"message": "oj"}}, 500),
        Answer({"error": {"message": "oj"}}, 429),
        Answer(completion(), cut=40),
        Answer(b'{"choices": [{"mess'),
        Answer({"object": "list", "data": []}),
        Answer({"choices": []}),
        Answer(completion(None)),
        Answer({"choices": [{"message": {"content": 3}, "finish_reason": "stop"}]}),
        Answer(b""),
        Answer(b"\xff\xfe"),
        Answer(completion(), late=0.6),
    ],
    ids=["500", "429", "cut", "half-json", "other-schema", "no-choices", "no-text", "number", "nothing", "bytes", "late"],
)
def test_a_failure_is_tried_again_and_kept_and_ends_in_an_error_that_is_asked_for_again_later(
    tmp_path: Path, bad: Answer
) -> None:
    answers = itertools.chain([bad] * 3, itertools.repeat(Answer(completion("ja"))))
    with chat_server(lambda _: next(answers)) as server:
        judge = model(server.url, tmp_path, timeout=0.3, attempts=2)
        (failed,) = judge.ask([said("hej")])
        assert (failed.status, failed.text, len(server.seen)) == ("error", None, 2)
        assert judge.stored([said("hej")])[0] == failed
        (reply,) = judge.ask([said("hej")])
        assert (reply.status, reply.text, reply.fresh, len(server.seen)) == ("ok", "ja", True, 4)
    kept = list(judge.store.audit())
    assert [one.reply.status for one in kept] == ["error", "error", "error", "ok"]
    assert judge.stored([said("hej")])[0].status == "ok"


@pytest.mark.parametrize(("attempts", "calls"), [(6, 3), (1, 1), (12, 6)])
@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (completion(None), "holds no text"),
        ({"choices": []}, "holds no choices"),
        ({"error": {"message": "upstream"}}, "no chat completion .*: upstream"),
        (b'{"choices": "\xff"}', "no chat completion"),
    ],
    ids=["no-text", "no-choices", "error", "bytes"],
)
def test_a_reply_that_is_no_answer_may_be_billed_and_is_asked_for_three_times_at_most(
    tmp_path: Path, bad: Any, why: str, attempts: int, calls: int
) -> None:
    with chat_server(lambda _: Answer(bad)) as server:
        (reply,) = model(server.url, tmp_path, attempts=attempts).ask([said("hej")])
    assert (reply.status, len(server.seen)) == ("error", calls)
    assert re.search(why, reply.detail or "")


def test_replies_that_are_no_answers_are_counted_apart_from_failures_that_nobody_bills(tmp_path: Path) -> None:
    empty, down = Answer({"choices": []}), Answer({}, 500)
    answers = iter([empty, down, down, empty, down, Answer(completion("ja"))])
    with chat_server(lambda _: next(answers)) as server:
        (reply,) = model(server.url, tmp_path, attempts=6).ask([said("hej")])
    assert (reply.text, len(server.seen)) == ("ja", 6)


@pytest.mark.parametrize(
    "bad",
    [
        Answer({"error": {"message": "å\x1b[31m\u202e"}}, 400),
        Answer(b"\x1b[31m\x00\x07" * 900, 500),
        Answer(b"\x1b[31m\x00 \xc3\xa5"),
    ],
    ids=["message", "body", "no-answer"],
)
def test_what_a_server_says_cannot_steer_a_terminal(tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: Answer) -> None:
    reply = one(bad, tmp_path, attempts=2)
    assert reply.detail is not None
    assert reply.detail.isprintable()
    assert len(reply.detail) <= 600
    assert r"\x1b[31m" in reply.detail
    assert all(record.getMessage().isprintable() for record in caplog.records)


@pytest.mark.parametrize(("price", "lines"), [(None, 1), (1.0, 1), (0.0, 0)])
def test_a_call_that_costs_nothing_is_not_said_to_be_billed_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, price: float | None, lines: int
) -> None:
    known = None if price is None else Price(model="tiny", tokens_in=price, tokens_out=price)
    one(Answer({"choices": []}), tmp_path, attempts=2, price=known)
    assert caplog.text.count("possibly-billed-twice") == lines
    assert len(ReplyStore(tmp_path).repeats()) == 1


def test_a_redirect_is_not_followed_and_its_target_named_without_what_may_be_secret(tmp_path: Path) -> None:
    elsewhere = Answer(b"", 308, {"location": "https://user:secret@EXAMPLE.org:8443/v2/x?token=secret#secret"})
    with pytest.raises(ConnectionProblem, match=r"redirects to https://example\.org:8443/v2/x \(HTTP 308\)") as caught:
        one(elsewhere, tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("below", ["", "below"])
def test_a_folder_that_cannot_be_made_ends_the_session_at_once_and_says_what_to_do(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with chat_server() as server, pytest.raises(StoreProblem, match=r"cannot be made .*: let HARNESS_CACHE name a folder"):
        model(server.url, tmp_path / "file" / below).ask([said("hej")])
    assert server.seen == []


def test_two_paths_behind_one_gateway_are_two_models(tmp_path: Path) -> None:
    with chat_server(lambda seen: Answer(completion(seen.path))) as server:
        gateway = server.url.removesuffix("/v1")
        judges = [model(f"{gateway}/{team}/v1", tmp_path) for team in ("teamA", "teamB")]
        texts = [judge.ask([said("hej")])[0].text for judge in judges]
    assert texts == ["/teamA/v1/chat/completions", "/teamB/v1/chat/completions"]
    assert [judge.name.rpartition("/")[2] for judge in judges] == ["teamA", "teamB"]


def test_another_round_asks_anew_and_keeps_what_was_said_before(tmp_path: Path) -> None:
    texts = iter(["före", "efter"])
    with chat_server(lambda _: Answer(completion(next(texts)))) as server:
        before, after = model(server.url, tmp_path), model(server.url, tmp_path, round=2)
        assert [judge.ask([said("hej")])[0].text for judge in (before, after, before, after)] == ["före", "efter"] * 2
        assert after.name == f"{before.name}#2"


def test_an_http_400_is_an_error_at_once_with_what_the_server_said(tmp_path: Path) -> None:
    with chat_server(lambda _: Answer({"error": {"message": "too\n long"}}, 400)) as server:
        (reply,) = model(server.url, tmp_path).ask([said("hej")])
    assert (reply.status, reply.detail, len(server.seen)) == ("error", "HTTP 400: too long", 1)


def test_probabilities_of_tokens_are_read_and_kept(tmp_path: Path) -> None:
    alternatives = [{"token": "3", "logprob": -0.1, "bytes": [51]}, {"token": "2", "logprob": -2.5, "bytes": [50]}]
    content = [{"token": "3", "logprob": -0.1, "bytes": [51], "top_logprobs": alternatives}]
    expected = (TokenProbability(token="3", logprob=-0.1, top=(("3", -0.1), ("2", -2.5))),)
    with chat_server(lambda _: Answer(completion("3", logprobs={"content": content, "refusal": None}))) as server:
        judge = model(server.url, tmp_path)
        assert judge.ask([said("hej")])[0].tokens == expected
        assert judge.stored([said("hej")])[0].tokens == expected


def test_a_reply_without_usage_or_with_odd_extras_is_a_reply_all_the_same(tmp_path: Path) -> None:
    body = {**completion("ja", usage=None, logprobs={"content": 5}), "usage": {"prompt_tokens": "many"}}
    reply = one(Answer(body), tmp_path)
    assert (reply.status, reply.text, reply.tokens, reply.tokens_in, reply.tokens_out) == ("ok", "ja", (), None, None)


def test_every_raw_reply_can_be_read_as_it_arrived(tmp_path: Path) -> None:
    raw = b'{"choices": [{"message": {"content": "j\\u00e5"}, "finish_reason": "stop"}],   "extra": 1}'
    with chat_server(lambda _: Answer(raw)) as server:
        judge = model(server.url, tmp_path)
        (reply,) = judge.ask([said("hej")])
        (kept,) = judge.store.audit()
    assert (reply.text, judge.store.raw(reply.key), kept.raw) == ("jå", raw, raw)
    assert (kept.model, kept.request) == (judge.name, said("hej"))


def test_no_more_calls_are_open_than_may_be_and_as_many_as_may(tmp_path: Path) -> None:
    with chat_server(lambda seen: Answer(completion(seen.text), late=0.05)) as server:
        model(server.url, tmp_path, concurrency=4).ask([said(str(number)) for number in range(40)])
    assert server.open_calls_at_most == 4


def test_while_only_stored_replies_may_be_read_nobody_is_asked(tmp_path: Path) -> None:
    with chat_server() as server:
        judge = model(server.url, tmp_path)
        judge.ask([said("hej")])
        with only_stored():
            replies = judge.ask([said("hej"), said("hopp")])
    assert [(reply.status, reply.text) for reply in replies] == [("ok", "hej"), ("not-stored", None)]
    assert len(server.seen) == 1


def test_a_plan_counts_calls_replies_at_hand_and_tokens_without_asking(tmp_path: Path) -> None:
    with chat_server() as server:
        judge = model(server.url, tmp_path)
        judge.ask([said("hej")])
        plan = judge.plan([said("hej"), said("å"), said("å"), said("ab")])
    # 2 bytes each (å has two), 64 + 16 tokens that a template may add
    assert (plan.calls, plan.cached, plan.tokens_in, plan.tokens_out, plan.price) == (2, 1, 2 * (2 + 80), 10, None)
    assert len(server.seen) == 1


def test_a_plan_makes_no_store(tmp_path: Path) -> None:
    assert model("http://localhost:9/v1", tmp_path / "no").plan([said("hej")]).calls == 1
    assert not (tmp_path / "no").exists()


def test_asking_works_where_a_loop_runs_already(tmp_path: Path) -> None:
    async def inside() -> list[Reply]:
        return model(server.url, tmp_path).ask([said("hej")])

    with chat_server() as server:
        assert asyncio.run(inside())[0].text == "hej"


def test_half_a_character_is_sent_as_a_replacement_and_kept_apart(tmp_path: Path) -> None:
    with chat_server() as server:
        judge = model(server.url, tmp_path)
        replies = judge.ask([said("a\ud800"), said("a\ufffd")])
    assert [reply.text for reply in replies] == ["a\ufffd", "a\ufffd"]
    assert replies[0].key != replies[1].key


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "wants a key"),
        (403, "wants a key"),
        (404, r"has no model 'tiny', or no chat completions at this address \(HTTP 404: no\)"),
        (301, "redirects to an address that it does not tell .HTTP 301., and redirects are not followed"),
    ],
)
def test_what_no_further_request_would_fare_better_with_ends_the_session_and_what_came_is_kept(
    tmp_path: Path, status: int, message: str
) -> None:
    def reply(seen: Seen) -> Answer:
        return echo(seen) if seen.text == "hej" else Answer({"error": {"message": "no"}}, status)

    with chat_server(reply) as server:
        judge = model(server.url, tmp_path, concurrency=1)
        with pytest.raises(ConnectionProblem, match=message):
            judge.ask([said("hej"), *(said(str(number)) for number in range(100))])
    assert len(server.seen) == 2
    assert judge.stored([said("hej"), said("0")])[0].text == "hej"


def test_an_account_without_credit_ends_the_session(tmp_path: Path) -> None:
    with pytest.raises(ConnectionProblem, match="no credit left"):
        one(Answer({"error": {"code": "insufficient_quota", "message": "quota"}}, 429), tmp_path)


def test_a_server_that_is_not_there_is_said_so_at_once(tmp_path: Path) -> None:
    with chat_server() as server:
        url = server.url
    began = time.monotonic()
    with pytest.raises(ConnectionProblem, match=r"cannot be reached: no connection to http://127\.0\.0\.1:\d+/v1"):
        model(url, tmp_path).ask([said(str(number)) for number in range(1000)])
    assert time.monotonic() - began < 10


def test_most_callers_turned_away_wait_together_until_the_server_has_room(tmp_path: Path) -> None:
    """A server that takes one call each 100 ms: without a common wait, requests would run out of attempts."""
    free = [0.0]

    def reply(seen: Seen) -> Answer:
        if time.monotonic() < free[0]:
            return Answer({"error": {"message": "slow down"}}, 429, {"retry-after": "0.1"})
        free[0] = time.monotonic() + 0.1
        return echo(seen)

    with chat_server(reply) as server:
        replies = model(server.url, tmp_path, concurrency=8, attempts=2).ask([said(str(number)) for number in range(12)])
    assert [reply.status for reply in replies] == ["ok"] * 12


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "https://user:secret@host/v1"}, "may hold no user, password or query"),
        ({"base_url": "https://host/v1?key=secret"}, "may hold no user, password or query"),
        ({"base_url": "ftp://host"}, "base_url is an address such as"),
        ({"api": "anthropic"}, "api is 'openai' or 'azure'"),
        ({"api": "azure", "base_url": "https://x.openai.azure.com"}, "Azure wants an api_version"),
        ({"concurrency": 0}, "concurrency is a whole number above 0"),
        ({"requests_per_minute": -1}, "requests_per_minute is a number above 0"),
        ({"budget": -1}, "budget is an amount in USD"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, monkeypatch, settings: dict, message: str) -> None:
    monkeypatch.delenv("OPENAI_API_VERSION", raising=False)
    with pytest.raises(ConfigError, match=message) as caught:
        ChatModel("tiny", store=ReplyStore(tmp_path), **settings)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["model", "stream", "api_key", "extra_headers"])
def test_parameters_that_are_not_a_requests_own_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"the parameter '{name}'"):
        model("http://localhost:9/v1", tmp_path).ask([Request(messages=(("user", "x"),), params={name: "x"})])


def test_azure_is_asked_at_its_deployment_with_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key-123456")
    with chat_server() as server:
        url = server.url.removesuffix("/v1")
        judge = ChatModel("gpt", base_url=url, api="azure", api_version="2024-10-21", store=ReplyStore(tmp_path))
        assert judge.ask([said("hej")])[0].text == "hej"
    (seen,) = server.seen
    assert seen.path == "/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
    assert seen.headers["api-key"] == "azure-key-123456"


def test_the_name_is_model_host_and_a_path_that_is_not_plain() -> None:
    names: list[tuple[Callable[[], ChatModel], str]] = [
        (lambda: ChatModel("gpt-4o-mini"), "gpt-4o-mini@api.openai.com"),
        (lambda: ChatModel("m", base_url="http://LOCALHOST:8000/v1/"), "m@localhost:8000"),
        (lambda: ChatModel("m", base_url="http://[::1]:80/v1"), "m@[::1]:80"),
        (lambda: ChatModel("m", base_url="http://localhost:80"), "m@localhost:80"),
        (lambda: ChatModel("m", base_url="https://x.se/teamA/v1/"), "m@x.se/teamA"),
        (lambda: ChatModel("m", base_url="https://x.se/v2"), "m@x.se/v2"),
        (lambda: ChatModel("m", base_url="https://x.se/å|\u202e/v1"), "m@x.se/å%7C%E2%80%AE"),
        (lambda: ChatModel("m", base_url="https://x.se/openai/v1"), "m@x.se"),
        (lambda: ChatModel("m", base_url="https://x.se/a", api="azure", api_version="2024-10-21"), "m@x.se"),
        (lambda: ChatModel("m", base_url="https://x.se/a/v1", round=3), "m@x.se/a#3"),
    ]
    assert [make().name for make, _ in names] == [name for _, name in names]


def test_a_store_that_cannot_be_written_any_more_ends_the_session_and_keeps_what_came_before(tmp_path: Path) -> None:
    blocker = sqlite3.connect(tmp_path / "replies.sqlite", isolation_level=None, check_same_thread=False)

    def reply(seen: Seen) -> Answer:
        if seen.text == "1":
            blocker.execute("BEGIN IMMEDIATE")
        return echo(seen)

    with chat_server(reply) as server:
        judge = ChatModel("tiny", base_url=server.url, store=ReplyStore(tmp_path, timeout=0.2), concurrency=1)
        with pytest.raises(StoreProblem, match="another process has been writing"):
            judge.ask([said(str(number)) for number in range(50)])
    blocker.close()
    assert [reply.status for reply in judge.stored([said("0"), said("1")])] == ["ok", "not-stored"]
    assert len(server.seen) == 2
