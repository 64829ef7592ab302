"""Small versions of the judge's calls: what is compared in the full ones is compared here."""

import pytest
from benchmark_scripts import benchmark
from fault_replies import choice_of, digest_of
from fault_server import fault_server

script = benchmark("judge_calls")
PAIRS = script.pairs(30)


@pytest.fixture(scope="module")
def server():
    with fault_server(text=script.TEXT) as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv(script.KEY, "none-needed-here")


def right(asked):
    """The server's verdicts, worked out here."""
    digests = [digest_of([{"role": role, "content": text} for role, text in request.messages]) for request in asked]
    return [{"A": 1, "B": 2}[choice_of(digest)] for digest in digests]


class Peer:
    """Stands where alpaca_eval's process does."""

    version = "peer 1"

    def __init__(self, wrong=()):
        self.wrong = wrong

    def judge(self, base_url, pairs, threads):
        verdicts = right(script.requests(pairs))
        return {
            "preferences": [3 - verdict if place in self.wrong else verdict for place, verdict in enumerate(verdicts)],
            "cpu": 0.1,
        }


def test_the_client_and_the_bare_loop_get_the_servers_verdicts(server):
    asked = script.requests(PAIRS)
    ours = [reply.text for reply in script.ask(server, asked, connections=8)]
    assert ours == script.bare(server, asked, connections=8)
    assert script.preferences(ours) == right(asked)
    assert script.preferences(["Better: A, no: Better: B", None, "?"]) == [2, None, None]


def test_preferences_equal_to_the_peers_are_said_and_others_stop_the_benchmark(server):
    (job,) = script.jobs(server, Peer(), {0.01: 20})
    assert job.equal(job.ours(), job.peer()) == "all 20 preferences equal"
    (job,) = script.jobs(server, Peer(wrong=[7]), {0.01: 20})
    with pytest.raises(AssertionError, match="differ"):
        job.equal(job.ours(), job.peer())
    assert script.jobs(server, None, {0.01: 20}) == []


def test_the_figures_without_a_peer_are_shares_times_and_verdicts_that_nobody_is_asked_for(server, tmp_path):
    assert "% [" in script.throughput(server, size=24, latency=0.02, rounds=1)["value"]
    assert [" ms, " in found["value"] for found in script.cpu(server, Peer(), size=24, latency=0.0, rounds=1)] == [True, True]
    server.forget()
    assert script.cached(300, tmp_path)["value"].endswith("s of CPU)")
    assert server.counts()["asked"] == 0
