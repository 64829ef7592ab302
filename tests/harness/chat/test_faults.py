"""A client, a server that fails in every way known, and kills: no verdict is lost, none asked for twice, no limit passed.

The server was frozen before the client was read. `JUDGE_FAULTS=10` makes the slow tests ten times as large; the full size is
`python benchmarks/judge_faults.py`.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from benchmark_scripts import benchmark
from fault_replies import FAULTS
from fault_server import Server, fault_server

from harness.chat.client import ChatModel
from harness.chat.messages import Request
from harness.chat.store import ReplyStore

judge_faults = benchmark("judge_faults")
SIZE = float(os.environ.get("JUDGE_FAULTS", "1"))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", judge_faults.KEY)


def judge(server: Server, folder: Path, **settings: object) -> ChatModel:
    chosen = {"concurrency": 16, "timeout": 1.0, "attempts": 12, "backoff": 0.05, "store": ReplyStore(folder), **settings}
    return ChatModel("judge", base_url=server.base_url, key_env="JUDGE_KEY", **chosen)


def texts(requests: list[Request]) -> list[str]:
    """What a server without faults says."""
    return [judge_faults.right_text(request) for request in requests]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_second_request_fails_in_one_way_and_all_verdicts_are_had(fault, tmp_path):
    asked = judge_faults.requests(12)
    with fault_server(share=0.5, faults=[fault], slow=0.1, seed=3) as server:
        # what hangs is waited for; no other answer may be late only because the machine is busy
        replies = judge(server, tmp_path, timeout=2.0 if fault in ("hang", "trickle") else 30.0).ask(asked)
        counts = server.counts()
    assert [reply.text for reply in replies] == texts(asked)
    assert {reply.status for reply in replies} == {"ok"}
    assert counts["kinds"][fault] > 0
    assert counts["good"] == len(asked)  # once each
    assert counts["came_before_retry_after"] == 0


def test_a_store_filled_through_faults_holds_what_one_filled_without_does(tmp_path):
    asked = judge_faults.requests(80)
    with fault_server(share=0.3, slow=0.1) as server:
        judge(server, tmp_path / "faults").ask(asked)
        server.set(share=0.0)
        judge(server, tmp_path / "none").ask(asked)
        read = [judge(server, tmp_path / name).stored(asked) for name in ("faults", "none")]
    assert [(reply.status, reply.text, reply.tokens_in) for reply in read[0]] == [
        (reply.status, reply.text, reply.tokens_in) for reply in read[1]
    ]
    assert [reply.text for reply in read[0]] == texts(asked)


def test_a_server_that_never_answers_well_ends_in_errors_that_are_no_verdicts_and_are_asked_for_again(tmp_path):
    asked = judge_faults.requests(3)
    with fault_server(share=1.0, faults=["500", "half-json", "wrong-schema", "empty-choices"]) as server:
        failed = judge(server, tmp_path, attempts=2).ask(asked)
        assert server.counts()["asked"] == 2 * len(asked)
        assert [(reply.status, reply.text) for reply in failed] == [("error", None)] * 3
        assert all(reply.detail for reply in failed)
        assert [(reply.status, reply.text) for reply in judge(server, tmp_path).stored(asked)] == [("error", None)] * 3
        server.set(share=0.0)
        assert [reply.text for reply in judge(server, tmp_path).ask(asked)] == texts(asked)
        assert judge_faults.leaking(tmp_path) == []


def test_requests_and_tokens_a_minute_are_spread_evenly(tmp_path):
    asked = judge_faults.requests(30)
    for limits, counted, per_second in (
        ({"requests_per_minute": 900}, "most_requests", 15),
        ({"tokens_per_minute": 60_000}, "most_tokens", 1000),
    ):
        with fault_server(share=0.3, faults=["500", "half-json"], latency=0.01) as server:
            started = time.monotonic()
            replies = judge(server, tmp_path / counted, **limits).ask(asked)
            seconds = time.monotonic() - started
            assert {reply.status for reply in replies} == {"ok"}
            # What leaves evenly may arrive in heaps on a busy machine; that it takes as long as it must holds on any.
            assert seconds >= 0.9 * server.counts(3600.0)[counted] / per_second - 1


def test_a_client_that_was_killed_goes_on_and_ends_with_the_same(tmp_path):
    with fault_server(share=0.3, faults=["429", "500", "half-json", "slow", "reset"], slow=0.3, latency=0.03) as server:
        judging = judge_faults.Judging(tmp_path, server, 90, concurrency=8, timeout=5.0, attempts=12, backoff=0.05)
        found = judge_faults.killed(judging, 1, seed=2)
    assert found.wrong == []
    assert found.sessions == 2
    assert found.repeated <= 8


def test_what_would_be_wrong_is_noticed(tmp_path):
    """The comparison sees lost, wrong, doubled and leaked replies: else the tests above would show nothing."""
    with fault_server() as server:
        judging = judge_faults.Judging(tmp_path, server, 4, concurrency=1)
        judging.said.write_text(f"Authorization: Bearer {judge_faults.KEY}")
        asked = judge_faults.requests(4)
        for folder in ("one", "two"):
            judge(server, tmp_path / folder, concurrency=2).ask(asked)
        found = judge_faults.Found(4)
        right = texts(asked)
        ended = {"texts": [right[0], None, "Score: 9", right[3]], "statuses": ["ok", "error", "ok", "ok"], "details": []}
        judge_faults._compare(judging, {**ended, "stored": 3, "asked_again": 1}, found)
    said = "\n".join(found.wrong)
    for what in (
        "not all verdicts",
        "2 verdicts are not",
        "3 of 4 replies are stored",
        "1 stored replies were",
        "4 good replies",
    ):
        assert what in said
    assert "the key stands in said.txt" in said


@pytest.mark.slow
def test_many_verdicts_at_thirty_percent_faults_and_many_kills(tmp_path):
    verdicts, kills = int(700 * SIZE), int(6 * SIZE)
    with fault_server(share=0.3, latency=0.02, slow=judge_faults.TIMEOUT / 10, seed=1) as server:
        model = {"concurrency": 64, "timeout": judge_faults.TIMEOUT, "attempts": 12, "backoff": 0.1}
        found = judge_faults.killed(judge_faults.Judging(tmp_path, server, verdicts, **model), kills, seed=1)
    assert found.wrong == []
    assert found.kills == kills


@pytest.mark.slow
def test_scores_of_the_command_killed_among_faults_are_those_of_a_run_without(tmp_path):
    source = benchmark("end_to_end").make_set(tmp_path / "set", 15, "records")

    def score(server: Server, name: str, kill_at: float = float("inf")) -> str:
        """What the command says; it is killed when the server has given so many good replies."""
        metric = f"llm-judge:judge,base_url={server.base_url},key_env=JUDGE_KEY,timeout=3,concurrency=16"
        command = [
            sys.executable,
            "-m",
            "harness",
            "score",
            "--judgments",
            source,
            "-m",
            metric,
            "-o",
            str(tmp_path / name),
            "-q",
        ]
        environment = {**os.environ, "HARNESS_CACHE": str(tmp_path / f"{name}-cache")}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and server.good() < kill_at:
            time.sleep(0.02)
        if process.poll() is None:
            process.kill()
        return process.communicate()[1]

    with fault_server(share=0.3, slow=0.3, latency=0.03) as server:
        killed = score(server, "faults", kill_at=60)
        ended = score(server, "faults")
        for _ in range(3):  # three replies that are no answers end a request; the same command asks for it again
            if "could not be scored" in ended:
                ended = score(server, "faults")
        faults = server.counts()
        server.set(share=0.0)
        assert score(server, "none") == ""
        server.forget()
        assert score(server, "faults") == ""
        assert server.asked() == 0
    scores = [pq.read_table(tmp_path / name / "scores.parquet").to_pylist() for name in ("faults", "none")]
    assert scores[0] == scores[1]
    assert {row["status"] for row in scores[0]} == {"ok"}
    assert faults["bodies_good"] == faults["bodies"] <= len(scores[0]) == 150
    assert faults["good"] - faults["bodies"] <= 16
    assert faults["most_under_way"] <= 16
    assert "Traceback" not in killed + ended
    assert judge_faults.leaking(tmp_path) == []


@pytest.mark.slow
def test_a_budget_is_never_passed_whatever_the_faults_and_the_kills(tmp_path):
    found = judge_faults.budgeted(tmp_path, 0.3, seed=4, kills=int(2 * SIZE), verdicts=int(150 * SIZE))
    assert found.wrong == []


def test_a_limit_of_a_minute_is_kept_in_any_five_seconds_among_faults(tmp_path):
    """The benchmark goes on for more than a minute."""
    asked = judge_faults.requests(30)
    with fault_server(share=0.3, slow=0.1, seed=5, retry_after=0) as server:
        replies = judge(server, tmp_path, concurrency=32, requests_per_minute=300).ask(asked)
        fullest, asked_in_all = server.counts(5.0)["most_requests"], server.asked()
    assert [reply.text for reply in replies] == texts(asked)
    assert asked_in_all > 35  # faults count, too
    assert 15 < fullest <= 27  # 25 in pace, and what left evenly arrives unevenly


def test_many_callers_at_once_share_the_limit_of_connections(tmp_path):
    asked = judge_faults.requests(40)
    with fault_server(latency=0.05) as server:
        model = judge(server, tmp_path, concurrency=4)
        callers = [threading.Thread(target=model.ask, args=(asked[place::2],)) for place in range(2)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert [reply.text for reply in model.stored(asked)] == texts(asked)
        counts = server.counts()
    assert counts["good"] == 40
    assert counts["most_under_way"] <= 4
