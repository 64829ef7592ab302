"""Kills, interrupts and several processes: what was received stays, and only what was in flight is asked again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import asking
import pytest
from chat_server import Answer, ChatServer, Seen, chat_server, completion

from harness.chat.client import ChatModel
from harness.chat.store import ReplyStore


def slowly(seen: Seen) -> Answer:
    return Answer(completion(seen.text), late=0.05)


def start(server: ChatServer, folder: Path, last: int, *settings: str) -> "subprocess.Popen[str]":
    command = [sys.executable, asking.__file__, server.url, str(folder), "0", str(last), *settings]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


def until(reached: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def times_asked(server: ChatServer) -> Counter:
    return Counter(seen.text for seen in server.seen)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_after_a_kill_or_an_interrupt_only_what_was_in_flight_is_asked_again_and_each_is_logged(
    tmp_path: Path, how, caplog
) -> None:
    with chat_server(slowly) as server:
        process = start(server, tmp_path, 60)
        until(lambda: len(server.seen) >= 20)
        process.send_signal(how)
        stopped = time.monotonic()
        out, _ = process.communicate(timeout=20)
        took = time.monotonic() - stopped
        asked_before = len(server.seen)
        kept = len(list(ReplyStore(tmp_path).audit()))
        assert asked_before - 4 <= kept <= asked_before  # all but what was in flight
        judge = ChatModel("tiny", base_url=server.url, store=ReplyStore(tmp_path), backoff=0.01, concurrency=4)
        replies = judge.ask(asking.requests(0, 60))
    assert [reply.text for reply in replies] == [f"nummer {n}" for n in range(60)]
    twice = [text for text, times in times_asked(server).items() if times > 1]
    assert len(twice) <= 4
    assert max(times_asked(server).values()) <= 2
    logged = [record for record in caplog.records if "possibly-billed-twice" in record.getMessage()]
    assert len(logged) == len(judge.store.repeats()) <= 4  # one may have been claimed and not have reached the server
    keys = {judge.store.key_of(judge.name, request): request.messages[0][1] for request in asking.requests(0, 60)}
    assert set(twice) <= {keys[repeat.key] for repeat in judge.store.repeats()}
    if how == signal.SIGINT:
        assert (process.returncode, out) == (130, "ready\ninterrupted\n")
        assert took < 5


@pytest.mark.slow  # 5 s: two processes that import openai
def test_two_processes_that_share_a_store_ask_each_request_once(tmp_path: Path) -> None:
    with chat_server(slowly) as server:
        processes = [start(server, tmp_path, 40) for _ in range(2)]
        outs = [process.communicate(timeout=60) for process in processes]
    expected = [["ok", f"nummer {n}"] for n in range(40)]
    assert [json.loads(out.split("\n")[1]) for out, _ in outs] == [expected, expected]
    assert set(times_asked(server).values()) == {1}


@pytest.mark.slow  # 5 s: two processes that import openai
def test_two_processes_that_share_a_budget_never_pass_it_together(tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("- {model: tiny, in: 1000, out: 10000}\n", encoding="utf-8")  # a reply: 10 · .001 + 2 · .01 = .03 USD
    settings = ["budget=1.0", 'purpose="study"', f"prices={json.dumps(str(prices))}"]
    with chat_server(slowly) as server:
        processes = [start(server, tmp_path, 80, *settings) for _ in range(2)]
        outs = [process.communicate(timeout=60)[0] for process in processes]
    answered = len(server.seen)
    assert answered * 0.03 <= 1.0
    # the worst case of one call is (9 or 10 bytes + 80) · .001 + 10 · .01 = .19 USD: less than that is left
    assert answered * 0.03 > 1.0 - 0.19 - 1e-9
    for out in outs:
        statuses = {status for status, _ in json.loads(out.split("\n")[1])}
        assert statuses == {"ok", "over-budget"}
