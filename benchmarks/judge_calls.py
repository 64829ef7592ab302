"""Calls of a judge: beside alpaca_eval's loop, a bare AsyncOpenAI loop, and the time that the connections allow; and read again.

python benchmarks/judge_calls.py [--alpaca-eval PYTHON] [--rounds 5] [--only WORD …] [--cached 100000] [--write]

All ask one server on loopback, a process of its own, which answers after a set time. The judge compares pairs of answers by one
prompt, as alpaca_eval's does; ours is `ChatModel`, with everything that it keeps, into an empty store each time. alpaca_eval runs
in a process of its own (peer_alpaca_eval.py says how it is tuned). CPU is that of the client's process alone. The figures without
a peer: the share of the throughput that 64 connections allow at 1 s, CPU a call beside the bare loop, and the seconds that
100,000 stored verdicts take, read by the client and through `harness score` in an empty run folder, with no server there.
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))  # the server
sys.path.append(str(Path(__file__).resolve().parent))

import peer_alpaca_eval
import pyarrow.parquet as pq
import swedish_pairs
from fault_replies import Settings, digest_of, said
from fault_server import Server, fault_server
from side_by_side import Job, main, version

from harness.chat.client_wire import read_answer
from harness.chat.messages import Reply, Request

AGAIN = 5  # runs of the program over stored replies
# A small process of its own starts the program: a child counts as its most memory what its parent held when it began.
MEASURED = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
CONNECTIONS = 64
PARAMS = {"max_tokens": 16, "temperature": 0}
TEXT = "Better: {choice}"
KEY = "JUDGE_CALLS_KEY"
NOWHERE = "http://127.0.0.1:9/v1"


def pairs(number: int, salt: str = "") -> list[dict[str, str]]:
    """Instructions with two answers of 80 words each, nothing repeated."""
    made = swedish_pairs.pairs(number, 80, 1)
    return [
        {"instruction": f"{salt} fråga {place}", "output_1": answer, "output_2": reference}
        for place, (answer, reference) in enumerate(made)
    ]


def requests(made: Sequence[dict[str, str]]) -> list[Request]:
    """What alpaca_eval asks, word for word."""
    texts = [peer_alpaca_eval.USER.format(**pair).strip() for pair in made]
    return [Request(messages=(("system", peer_alpaca_eval.SYSTEM), ("user", text)), params=PARAMS) for text in texts]


def preferences(texts: Sequence[str | None]) -> list[int | None]:
    """1 or 2 as alpaca_eval has it, None where there is no verdict."""
    found = [re.findall(r"Better: ([AB])", text or "") for text in texts]
    return [{"A": 1, "B": 2}[verdicts[-1]] if verdicts else None for verdicts in found]


def ask(server: Server, asked: Sequence[Request], folder: str | None = None, connections: int = CONNECTIONS) -> list[Reply]:
    """The replies of a `ChatModel` with an empty store."""
    with tempfile.TemporaryDirectory() as temporary:
        return list(model(server.base_url, folder or temporary, connections).ask(asked))


def model(base_url: str, folder: str, connections: int = CONNECTIONS) -> Any:
    """The client, its store in a folder."""
    from harness.chat.client import ChatModel
    from harness.chat.store import ReplyStore

    return ChatModel("judge", base_url=base_url, key_env=KEY, concurrency=connections, store=ReplyStore(folder))


def bare(server: Server, asked: Sequence[Request], connections: int = CONNECTIONS) -> list[str | None]:
    """The texts of a bare loop: one AsyncOpenAI, as many workers as connections, nothing kept."""
    import openai

    texts: list[str | None] = [None] * len(asked)

    async def all_of_them() -> None:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
            waiting = iter(enumerate(asked))

            async def worker() -> None:
                for place, request in waiting:
                    messages: Any = [{"role": role, "content": text} for role, text in request.messages]
                    reply = await client.chat.completions.create(model="judge", messages=messages, **request.params)
                    texts[place] = reply.choices[0].message.content

            await asyncio.gather(*(worker() for _ in range(connections)))

    asyncio.run(all_of_them())
    return texts


def jobs(server: Server, peer: "peer_alpaca_eval.Peer | None", sizes: dict[float, int]) -> list[Job]:
    """Beside alpaca_eval: so many pairs at each latency."""
    return [_job(server, peer, latency, size) for latency, size in sizes.items()] if peer is not None else []


def _job(server: Server, peer: "peer_alpaca_eval.Peer", latency: float, size: int) -> Job:
    made = pairs(size)
    asked = requests(made)

    def ours() -> list[int | None]:
        server.set(latency=latency, text=TEXT)
        return preferences([reply.text for reply in ask(server, asked)])

    def theirs() -> list[int | None]:
        server.set(latency=latency, text=TEXT)
        return list(peer.judge(server.base_url, made, CONNECTIONS)["preferences"])

    def equal(mine: list[int | None], other: list[int | None]) -> str:
        assert None not in mine, "verdicts are missing"
        assert mine == other, "preferences differ"
        return f"all {len(mine):,} preferences equal"

    name = f"pairs judged at {latency:g} s latency, {CONNECTIONS} connections"
    note = f"{CONNECTIONS / latency:,.0f} pairs/s is what the connections allow"
    return Job(name, peer.version, ours, theirs, equal, size, "pairs", 1.0, note=note)


def throughput(server: Server, size: int = 20 * CONNECTIONS, latency: float = 1.0, rounds: int = 3) -> dict[str, Any]:
    """Share of what the connections allow: all requests at once, and in batches of 1,024 as a metric asks them."""
    server.set(latency=latency, text=TEXT)
    asked = requests(pairs(size, "ideal"))
    ask(server, asked[:CONNECTIONS])  # imports
    shares = []
    for _ in range(rounds):
        started = time.perf_counter()
        assert all(reply.status == "ok" for reply in ask(server, asked))
        shares.append(size * latency / CONNECTIONS / (time.perf_counter() - started))
    value = f"{statistics.median(shares):.1%} [{min(shares):.1%}–{max(shares):.1%} in {rounds} rounds]"
    wanted = "yes" if statistics.median(shares) >= 0.95 else "NO"
    return {
        "job": f"share of the ideal throughput, {size:,} calls at {latency:g} s latency and {CONNECTIONS} connections",
        "value": f"{value} (wanted ≥ 95 %: {wanted})",
    }


def cpu(
    server: Server, peer: "peer_alpaca_eval.Peer | None" = None, size: int = 1024, latency: float = 0.2, rounds: int = 5
) -> list[dict[str, Any]]:
    """CPU a call of the client's process: `ChatModel`, the bare loop and alpaca_eval's in turn."""
    server.set(latency=latency, text=TEXT)
    made = pairs(size, "cpu")
    asked = requests(made)

    def timed(work: Callable[[], Any]) -> Callable[[], float]:
        def seconds() -> float:
            started = time.process_time()
            work()
            return time.process_time() - started

        return seconds

    assert [reply.text for reply in ask(server, asked)] == bare(server, asked), "the texts differ"
    kinds = {
        "ours": timed(lambda: ask(server, asked)),
        f"a bare AsyncOpenAI loop ({version('openai')})": timed(lambda: bare(server, asked)),
    }
    if peer is not None:
        kinds[f"{peer.version}'s loop"] = lambda: float(peer.judge(server.base_url, made, CONNECTIONS)["cpu"])
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        for kind in sorted(kinds, reverse=bool(number % 2)):
            took[kind].append(1000 * kinds[kind]() / size)
    return [_against(took["ours"], took[kind], kind, size) for kind in kinds if kind != "ours"]


def _against(ours: list[float], other: list[float], kind: str, size: int) -> dict[str, Any]:
    ratios = [mine / theirs for mine, theirs in zip(ours, other, strict=True)]
    mine, theirs = statistics.median(ours), statistics.median(other)
    spread = f"[{min(ratios) - 1:+.0%} to {max(ratios) - 1:+.0%} in {len(ratios)} rounds]"
    wanted = f"(wanted ≤ +15 %: {'yes' if mine <= 1.15 * theirs else 'NO'})"
    return {
        "job": f"CPU a call beside {kind}, {size:,} calls, {CONNECTIONS} connections",
        "value": f"{mine:.2f} against {theirs:.2f} ms, {mine / theirs - 1:+.0%} {spread} {wanted}",
    }


def cached(number: int, folder: Path) -> dict[str, Any]:
    """Seconds for so many stored verdicts, asked for again in batches of 1,024; the server is gone."""
    asked = requests(pairs(number, "cached"))
    judge = model(NOWHERE, str(folder))
    keep(judge, asked)
    started, used = time.perf_counter(), time.process_time()
    again = model(NOWHERE, str(folder))
    replies = [reply for begin in range(0, number, 1024) for reply in again.ask(asked[begin : begin + 1024])]
    seconds, used = time.perf_counter() - started, time.process_time() - used
    assert [preference for preference in preferences([reply.text for reply in replies]) if preference is None] == []
    assert not any(reply.fresh for reply in replies)
    return {"job": f"{number:,} stored verdicts asked for again", "value": f"{seconds:.1f} s ({used:.1f} s of CPU)"}


def keep(judge: Any, asked: Sequence[Request]) -> None:
    """Puts a reply to each request into the judge's store, as if they had been asked; bytes as the server would send them."""
    settings, rows = Settings(text=TEXT), []
    for request in asked:
        body = {
            "model": "judge",
            "messages": [{"role": role, "content": text} for role, text in request.messages],
            **request.params,
        }
        raw = json.dumps(said(settings, body, digest_of(body["messages"]))).encode()
        answer = read_answer(raw)
        reply = Reply(
            key=judge.store.key_of(judge.name, request),
            status=answer.status,
            text=answer.text,
            tokens=answer.tokens,
            finish=answer.finish,
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            seconds=1.0,
            received=1.7e9,
        )
        rows.append((reply.key, request, reply, raw))
    for begin in range(0, len(rows), 10_000):
        judge.store.put_many(rows[begin : begin + 10_000], name=judge.name)


def scored_again(number: int, folder: Path) -> dict[str, Any]:
    """Seconds of `harness score` with llm-judge, its options as they are, where every verdict is stored and nothing else is.

    The first run, whose calls are answered here instead of by a server, fills the store; the second has an empty run folder.
    """
    from end_to_end import make_set

    source = make_set(folder / "set", -(-number // 10), "records")
    metric = f"llm-judge:judge,base_url={NOWHERE},key_env={KEY}"
    command = ["score", "--judgments", source, "--metric", metric, "--executor", "serial", "-q", "-o"]
    environment = {**os.environ, "HARNESS_CACHE": str(folder / "cache")}
    filling = [sys.executable, str(Path(__file__).resolve()), "--fill", *command, str(folder / "first")]
    subprocess.run(filling, env=environment, check=True, stdout=subprocess.DEVNULL)
    harness = str(Path(sys.executable).with_name("harness"))
    clock, processor, memory = [], [], []
    for run in map(str, range(AGAIN)):
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, harness, *command, str(folder / run)],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        for found, value in zip((clock, processor, memory), json.loads(done.stdout), strict=True):
            found.append(value)
        first, again = (pq.read_table(folder / part / "scores.parquet") for part in ("first", run))
        assert again.equals(first), "the scores differ"
        assert again.num_rows >= number
        assert again["value"].null_count == 0, "scores are missing"
    seconds = statistics.median(clock)
    told = f"{seconds:.1f} s [{min(clock):.1f}–{max(clock):.1f} in {AGAIN} runs], {statistics.median(processor):.1f} s of CPU"
    value = f"{told}, {max(memory):,.0f} MiB"
    wanted = f" (wanted < 10 s: {'yes' if seconds < 10 else 'NO'})" if number == 100_000 else ""
    return {"job": f"`harness score` with llm-judge again, {number:,} outputs, all replies stored", "value": value + wanted}


def fill(arguments: list[str]) -> None:
    """Runs the program with these arguments; what it would ask is answered here and stored."""
    from harness.chat.client import ChatModel
    from harness.cli.main import main as program

    def answered(self: Any, asked: Sequence[Request]) -> list[Reply]:
        there = self.stored(asked)
        keep(self, [request for request, reply in zip(asked, there, strict=True) if reply.status == "not-stored"])
        return list(self.stored(asked))

    ChatModel.ask = answered  # type: ignore[method-assign]  # this process asks nobody
    sys.argv = ["harness", *arguments]
    program()


def figures(server: Server, peer: "peer_alpaca_eval.Peer | None", number: int) -> dict[str, Callable[[], list[dict[str, Any]]]]:
    """What has no peer, by name."""

    def in_folder(measured: Callable[[int, Path], dict[str, Any]]) -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as folder:
            return [measured(number, Path(folder))]

    return {
        "share of the ideal throughput": lambda: [throughput(server)],
        "CPU a call": lambda: list(cpu(server, peer)),
        "stored verdicts asked for again": partial(in_folder, cached),
        "harness score again": partial(in_folder, scored_again),
    }


def _number(option: str, default: int) -> int:
    """Takes `--option N` off the command line."""
    if option not in sys.argv:
        return default
    place = sys.argv.index(option)
    _, number = sys.argv.pop(place), sys.argv.pop(place)
    return int(number)


if __name__ == "__main__":
    os.environ.setdefault(KEY, "none-needed-here")
    if sys.argv[1:2] == ["--fill"]:
        fill(sys.argv[2:])
        sys.exit()
    many = _number("--cached", 100_000)
    with fault_server() as running, peer_alpaca_eval.started() as alpaca:
        main(
            jobs(running, alpaca, {1.0: 10 * CONNECTIONS, 0.05: 1024}),
            __doc__ or "",
            "judge_calls",
            figures(running, alpaca, many),
        )
