"""A budget holds for the worst case of what is in flight, over all sessions of a purpose."""

from pathlib import Path
from typing import Any

import pytest
from chat_server import Answer, Seen, chat_server, completion, echo
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.chat import budget as ledger
from harness.chat.budget import Spending, spending
from harness.chat.client import ChatModel
from harness.chat.messages import Reply, Request
from harness.chat.prices import PICO
from harness.chat.store import ReplyStore, insert
from harness.errors import ConfigError

WORST = (1 + 80) * 0.001 + 5 * 0.01  # USD: one byte and what a template may add, and five tokens of reply
COST = 10 * 0.001 + 2 * 0.01


def said(text: str, **params: Any) -> Request:
    return Request(messages=(("user", text),), params={"max_tokens": 5, **params})


def model(url: str, folder: Path, **chosen: Any) -> ChatModel:
    folder.mkdir(exist_ok=True)
    prices = folder / "prices.yaml"
    prices.write_text("- {model: tiny, in: 1000, out: 10000}\n", encoding="utf-8")
    terms = {"backoff": 0.01, "timeout": 5.0, "attempts": 2, "prices": prices, "purpose": "study", **chosen}
    return ChatModel("tiny", base_url=url, store=ReplyStore(folder), **terms)


def test_what_does_not_fit_is_not_asked_and_what_fits_once_others_cost_less_is(tmp_path: Path) -> None:
    """.131 USD at worst and .03 in fact: .28 has room for 2 at once, and for 5 one after another (after 5: .13 left)."""
    with chat_server(lambda seen: Answer(echo(seen).body, late=0.1)) as server:
        judge = model(server.url, tmp_path, budget=0.28)
        replies = judge.ask([said(str(number)) for number in range(9)])
        assert (COST, round(WORST, 9), server.open_calls_at_most) == (0.03, 0.131, 2)
        assert sorted(reply.status for reply in replies) == ["ok"] * 5 + ["over-budget"] * 4
        assert spending(judge.store, "study") == Spending(
            spent=0.15, unsure=0.0, reserved=0.0, calls=5, tokens_in=50, tokens_out=10
        )
        assert [reply.price for reply in replies if reply.status == "ok"] == [COST] * 5
        # another session of the purpose has nothing left, one of another purpose has
        assert model(server.url, tmp_path, budget=0.28).ask([said("x")])[0].status == "over-budget"
        assert model(server.url, tmp_path, budget=0.28, purpose="other").ask([said("x")])[0].status == "ok"
    assert len(server.seen) == 6


def test_a_lost_reply_stays_reserved_and_a_declined_request_does_not(tmp_path: Path) -> None:
    with chat_server(lambda _: Answer(completion(), cut=30)) as server:
        judge = model(server.url, tmp_path)
        judge.ask([said("a")])
        assert spending(judge.store, "study").unsure == pytest.approx(2 * WORST)  # both attempts may be billed
    with chat_server(lambda _: Answer({"error": {"message": "no"}}, 500)) as server:
        judge = model(server.url, tmp_path / "other")
        judge.ask([said("a")])
        assert spending(judge.store, "study").unsure == 0


def test_a_reply_without_usage_counts_at_its_worst(tmp_path: Path) -> None:
    with chat_server(lambda _: Answer(completion(usage=None))) as server:
        judge = model(server.url, tmp_path, budget=0.2)
        replies = judge.ask([said("a"), said("b")])
    assert sorted(reply.status for reply in replies) == ["ok", "over-budget"]
    assert {reply.price for reply in replies} == {None}
    assert spending(judge.store, "study").unsure == pytest.approx(WORST)


def test_a_budget_that_nothing_fits_asks_nothing(tmp_path: Path) -> None:
    with chat_server() as server:
        (reply,) = model(server.url, tmp_path, budget=0.13).ask([said("a")])
    assert (reply.status, reply.text, len(server.seen)) == ("over-budget", None, 0)
    assert reply.detail is not None
    assert reply.detail.startswith("the call may cost 0.131000 USD; of the budget of 0.13 USD 0.000000 are spent, or reserved")


def test_a_budget_without_a_price_or_a_limit_of_tokens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a budget of 1 USD cannot be kept, since no price is known for huge on localhost:9"):
        ChatModel("huge", base_url="http://localhost:9/v1", budget=1.0, store=ReplyStore(tmp_path))
    with pytest.raises(ConfigError, match="needs max_tokens among the parameters"):
        model("http://localhost:9/v1", tmp_path, budget=1.0).ask([Request(messages=(("user", "x"),))])


def test_a_plan_says_the_worst_case(tmp_path: Path) -> None:
    judge = model("http://localhost:9/v1", tmp_path)
    assert judge.plan([said("a"), said("b")]).price == pytest.approx(2 * WORST)
    assert judge.plan([Request(messages=(("user", "x"),))]).price is None


def test_a_server_that_bills_more_than_it_was_asked_for_is_counted_in_full(tmp_path: Path, caplog) -> None:
    with chat_server(lambda _: Answer(completion(usage=(1000, 500)))) as server:
        judge = model(server.url, tmp_path)
        judge.ask([said("a")])
    assert spending(judge.store, "study").spent == 6.0
    assert "billed more tokens than it was asked for" in caplog.text


def test_a_large_request_waits_for_small_ones_rather_than_be_refused(tmp_path: Path) -> None:
    def reply(seen: Seen) -> Answer:
        return Answer(echo(seen).body, late=0.1 if len(seen.text) == 1 else 0.0)

    with chat_server(reply) as server:
        replies = model(server.url, tmp_path, budget=0.3).ask([said("a"), said("b" * 120)])  # .131 and .25
    assert [reply.status for reply in replies] == ["ok", "ok"]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 50), st.sampled_from(["settle", "unknown", "release", "lose", "fly"]), st.integers(0, 50))),
    st.integers(0, 200),
)
def test_whatever_becomes_of_requests_what_is_spent_and_reserved_never_passes_the_budget(tmp_path_factory, steps, limit) -> None:
    store = ReplyStore(tmp_path_factory.mktemp("store"))
    for number, (worst, fate, cost) in enumerate(steps):
        key = store.key_of("m", said(str(number % 7)))

        def step(db: Any, key: str = key, worst: int = worst, fate: str = fate, cost: int = cost) -> None:
            claim = ledger.claim(db, key, "p", worst, limit, "me", 60.0, lambda _: False)
            if claim.outcome != "go":
                return
            if fate in ("settle", "unknown"):
                ledger.settle(db, claim.flight, "p", min(cost, worst) if fate == "settle" else None, 1, 1)
                insert(db, key, "m", said("x"), Reply(key=key, status="ok", text="x"), b"x")
            elif fate == "release":
                ledger.release(db, claim.flight)
            elif fate == "lose":
                ledger.lose(db, claim.flight, "why")

        store.database.write(step)
        used = spending(store, "p")
        assert round((used.spent + used.unsure + used.reserved) * PICO) <= limit
