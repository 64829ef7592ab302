"""Thousands of verdicts from a server that fails at every third request, by a client that is killed again and again.

python benchmarks/judge_faults.py [--verdicts 10000] [--share 0.3] [--kills 50] [--connections 64] [--seed 0] [--only PART …]
    [--json] [--write]

The client is a process of its own that asks a `ChatModel` for all verdicts in batches of 1,024. It is killed (SIGKILL) at random
points of the work, a tenth of the times while it begins, and then let complete. The server, on loopback, keeps the books: which
request got how many good replies, how many were under way at once, what it would have charged. Then the same with a limit of
requests a minute and with one of tokens, each for some minutes, and with a budget that does not suffice, kills in between. Ends
with 1 and says what was wrong.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))  # the server
sys.path.append(str(Path(__file__).resolve().parent))

import side_by_side
from fault_replies import digest_of, score_of
from fault_server import Server, fault_server

from harness.chat.messages import Request
from harness.chat.store import ReplyStore

ROOT = Path(__file__).resolve().parents[1]
BATCH = 1024
KEY = "sk-JudgeFaults0123456789abcdefSECRET"
PRICES = {"model": "judge", "in": 1.0, "out": 4.0}  # USD for a million tokens
MADE_TWICE = "possibly-billed-twice"
TIMEOUT = 3.0  # seconds; a slow answer takes a tenth of it
HELD_BACK = 0.5  # of a limit, which the fullest minute reaches: a call that failed keeps the most that it could have taken
LONG_ENOUGH = 2.0  # minutes
PARTS = ("without a kill", "killed", "requests a minute", "tokens a minute", "budget")


@dataclass
class Found:
    """What came of it. `wrong`: sentences, none if all is well."""

    verdicts: int = 0
    share: float = 0.0
    kills: int = 0
    sessions: int = 0
    asked: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    repeated_most: int = 0
    noted: dict[str, int] = field(default_factory=dict)
    most_under_way: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Judging:
    """A folder with a cache, and verdicts that a process asks the server for."""

    def __init__(self, folder: Path, server: Server, verdicts: int, **model: Any) -> None:
        self.folder, self.server, self.verdicts, self.model = folder, server, verdicts, model
        self.sessions = 0
        (folder / "cache").mkdir(parents=True, exist_ok=True)

    def start(self) -> subprocess.Popen[bytes]:
        """The client's process."""
        self.sessions += 1
        given = {"base_url": self.server.base_url, "verdicts": self.verdicts, "model": self.model, "result": str(self.result)}
        environment = {**os.environ, "HARNESS_CACHE": str(self.folder / "cache"), "JUDGE_KEY": KEY}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, str(Path(__file__).resolve()), "--client", json.dumps(given)]
        with self.said.open("ab") as said:
            return subprocess.Popen(command, env=environment, stdout=said, stderr=said, cwd=self.folder)

    def finish(self) -> dict[str, Any]:
        """What a run that nobody disturbs brings: `texts` and `statuses`, in the order of the verdicts."""
        process = self.start()
        if process.wait() != 0:
            raise SystemExit(f"the client ended with {process.returncode}: {self.said.read_text()[-2000:]}")
        return dict(json.loads(self.result.read_text()))

    @property
    def result(self) -> Path:
        return self.folder / f"result-{self.sessions}.json"

    @property
    def said(self) -> Path:
        """Where the client's words go, of all sessions."""
        return self.folder / "said.txt"


def requests(verdicts: int) -> list[Request]:
    """As many requests, all different, some with letters that are two bytes long."""
    system = "Du bedömer svar på skalan 1–3."
    return [
        Request(messages=(("system", system), ("user", f"Svar {number}: åäö {number * 7919 % 1009}")), params={"max_tokens": 16})
        for number in range(verdicts)
    ]


def right_text(request: Request) -> str:
    """What a server without faults answers."""
    return f"Score: {score_of(digest_of([{'role': role, 'content': text} for role, text in request.messages]))}"


def killed(judging: Judging, kills: int, seed: int, progress: Callable[[str], None] = lambda text: None) -> Found:
    """What came of so many kills, spread over the work, and of letting it complete then."""
    draw, found = random.Random(seed), Found(judging.verdicts, kills=kills)
    server, started = judging.server, time.monotonic()
    points = sorted(draw.uniform(0, judging.verdicts) for _ in range(kills))
    for number, point in enumerate(points):
        process = judging.start()
        if draw.random() < 0.1:
            time.sleep(draw.uniform(0.05, 1.0))  # while it begins
        else:
            _wait_until_good(process, server, point)
            time.sleep(draw.uniform(0, 0.05))
        process.kill()
        process.wait()
        if (number + 1) % 10 == 0:
            progress(f"{number + 1} kills, {server.counts()['bodies_good']} of {judging.verdicts} verdicts had")
    ended = judging.finish()
    found.seconds = time.monotonic() - started
    found.sessions = judging.sessions
    _compare(judging, ended, found)
    return found


def _wait_until_good(process: subprocess.Popen[bytes], server: Server, point: float) -> None:
    """Until the server has given so many good replies, or the client is done."""
    while process.poll() is None and server.good() < point:
        time.sleep(0.01)


def _compare(judging: Judging, ended: dict[str, Any], found: Found) -> None:
    """Each verdict there, right, once; limits kept; nothing of the key anywhere."""
    wanted = [right_text(request) for request in requests(judging.verdicts)]
    counts, bodies = judging.server.counts(), judging.server.bodies()
    statuses = Counter(ended["statuses"])
    found.asked, found.faults = counts["asked"], counts["kinds"]
    found.most_under_way = counts["most_under_way"]
    found.repeated = sum(max(0, body["good"] - 1) for body in bodies.values())
    found.repeated_most = max((body["good"] for body in bodies.values()), default=0)
    found.noted = dict(Counter(note.why for note in ReplyStore(judging.folder / "cache").repeats()))
    noted, said = sum(found.noted.values()), judging.said.read_text(errors="replace").count(MADE_TWICE)
    connections = judging.model["concurrency"]
    unlike = sum(mine != right for mine, right in zip(ended["texts"], wanted, strict=True))
    _expect(found, statuses == {"ok": judging.verdicts}, f"not all verdicts were had: {dict(statuses)}; {ended['details']}")
    _expect(found, unlike == 0, f"{unlike} verdicts are not those of a server without faults")
    _expect(found, ended["stored"] == judging.verdicts, f"{ended['stored']} of {judging.verdicts} replies are stored")
    _expect(found, ended["asked_again"] == 0, f"{ended['asked_again']} stored replies were asked for again")
    _expect(found, len(bodies) == judging.verdicts, f"{len(bodies)} different requests came for {judging.verdicts} verdicts")
    _expect(found, found.most_under_way <= connections, f"{found.most_under_way} requests at once, {connections} allowed")
    waited = sum(count for why, count in found.noted.items() if why.startswith("no reply within"))
    late = max(0, waited - sum(found.faults.get(kind, 0) for kind in ("hang", "trickle")))  # a busy machine answers late
    if late:
        found.notes.append(f"{late} replies came after the time-out of {judging.model['timeout']:g} s")
    most = found.kills * connections + late
    _expect(found, found.repeated <= most, f"{found.repeated} good replies were asked for again, at most {most} were under way")
    _expect(found, found.repeated <= noted, f"{found.repeated} good replies were asked for again, {noted} noted as {MADE_TWICE}")
    unsaid = f"{noted} requests are noted as {MADE_TWICE}, {said} logged"
    _expect(found, 0 <= noted - said <= most, unsaid)  # a kill may come between the note and the log
    early = counts["came_before_retry_after"]  # a process that was killed tells the next one nothing of what it was to wait for
    _expect(found, early <= most - late, f"{early} came before their Retry-After")
    leaks = leaking(judging.folder)
    _expect(found, not leaks, f"the key stands in {', '.join(leaks)}")


def leaking(folder: Path) -> list[str]:
    """Files that hold the key, and stored replies that do, whose bytes are packed."""
    files = [path.name for path in sorted(folder.rglob("*")) if path.is_file() and KEY.encode() in path.read_bytes()]
    stores = {path.parent for path in folder.rglob("replies.sqlite")}
    kept = [one for store in sorted(stores) for one in ReplyStore(store).audit()]
    return files + [f"the reply {one.key}" for one in kept if KEY in f"{one.raw!r} {one.reply} {one.request}"]


def limited(folder: Path, share: float, seed: int, verdicts: int, **limits: float) -> Found:
    """With a limit of requests or tokens a minute: what the server saw in its fullest seconds, for some minutes."""
    found = Found(verdicts, share)
    with fault_server(share=share, latency=0.005, seed=seed, slow=TIMEOUT / 10, retry_after=0) as server:
        judging = Judging(folder, server, verdicts, concurrency=32, timeout=TIMEOUT, attempts=12, backoff=0.1, **limits)
        ended = judging.finish()
        _compare(judging, ended, found)
        minutes = server.counts()["seconds"] / 60
        counts = {seconds: server.counts(seconds) for seconds in (5.0, 60.0)}
    for limit, most in limits.items():
        name = limit.partition("_")[0]
        for seconds, seen in counts.items():
            found.notes.append(f"at most {seen[f'most_{name}']:,} {name} in {seconds:g} s ({most * seconds / 60:,.0f} in pace)")
        fullest = counts[60.0][f"most_{name}"]
        _expect(found, fullest <= most, f"{fullest} {name} in a minute, {most:g} allowed")
        _expect(
            found, fullest >= HELD_BACK * most, f"{fullest} {name} in a minute, {most:g} allowed: the limit held nothing back"
        )
    _expect(found, minutes > LONG_ENOUGH, f"{minutes:.2f} minutes: no minute but the first and the last was looked at")
    found.notes.append(f"{minutes:.2f} minutes")
    return found


def budgeted(folder: Path, share: float, seed: int, kills: int, verdicts: int = 400, part: float = 0.5) -> Found:
    """With half the money that it takes, and kills in between: what the server would have charged."""
    found, draw = Found(verdicts, share, kills), random.Random(seed)
    prices = folder / "prices.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    prices.write_text(json.dumps([PRICES]), encoding="utf-8")
    costs = {"price_in": PRICES["in"] / 1e6, "price_out": PRICES["out"] / 1e6}
    with fault_server(share=share, latency=0.005, seed=seed, slow=TIMEOUT / 10, **costs) as server:
        one = 40 * costs["price_in"] + 3 * costs["price_out"]  # about
        budget = verdicts * one * part
        judging = Judging(
            folder,
            server,
            verdicts,
            concurrency=4,  # each kill leaves what was in flight reserved at its worst, some four times the price of a call
            timeout=TIMEOUT,
            attempts=12,
            backoff=0.1,
            budget=budget,
            prices=str(prices),
            purpose="f",
        )
        for point in sorted(draw.uniform(0, verdicts * part * 0.3) for _ in range(kills)):
            process = judging.start()
            _wait_until_good(process, server, point)
            process.kill()
            process.wait()
        ended = judging.finish()
        statuses, counts = Counter(ended["statuses"]), server.counts()
        found.noted = dict(Counter(note.why for note in ReplyStore(folder / "cache").repeats()))
        found.repeated = sum(max(0, body["good"] - 1) for body in server.bodies().values())
        found.asked, found.faults = counts["asked"], counts["kinds"]
        found.notes.append(f"charged {counts['bill']:.6f} of {budget:.6f} USD; {dict(statuses)}")
        _expect(found, counts["bill"] <= budget, f"the server charges {counts['bill']:.6f} USD, the budget is {budget:.6f}")
        _expect(found, statuses["over-budget"] > 0, f"nothing was refused for the budget: {dict(statuses)}")
        _expect(found, statuses["ok"] > 0, f"nothing was asked: {dict(statuses)}; {ended['details']}")
    return found


def client(given: dict[str, Any]) -> None:
    """The process that is killed: asks for all verdicts, in batches, as a metric does, and writes down what it got."""
    from harness.chat.client import ChatModel
    from harness.chat.policy import only_stored

    model = ChatModel("judge", base_url=given["base_url"], key_env="JUDGE_KEY", **given["model"])
    wanted = requests(given["verdicts"])
    replies = [reply for begin in range(0, len(wanted), BATCH) for reply in model.ask(wanted[begin : begin + BATCH])]
    stored = [reply.status == "ok" for reply in model.stored(wanted)]
    with only_stored():
        again = [reply.fresh for reply in model.ask(wanted)]
    ended = {
        "texts": [reply.text for reply in replies],
        "statuses": [reply.status for reply in replies],
        "details": sorted({reply.detail for reply in replies if reply.detail and reply.status != "over-budget"})[:5],
        "stored": sum(stored),
        "asked_again": sum(again),
    }
    Path(given["result"]).write_text(json.dumps(ended))


def _expect(found: Found, holds: bool, otherwise: str) -> None:
    if not holds:
        found.wrong.append(re.sub(r"\s+", " ", otherwise))


def main() -> None:
    """Asks, kills, compares, and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--verdicts", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.3, help="of requests that meet a fault (default: 0.3)")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], choices=PARTS, metavar="PART")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        client(json.loads(arguments.client))
        return
    say = (lambda text: None) if arguments.json else (lambda text: print(text, flush=True))
    founds: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name, part in parts(arguments, Path(temporary), say).items():
            if not arguments.only or name in arguments.only:
                founds[name] = part()
                say(f"{name}: {line(founds[name])}")
    if arguments.json:
        print(json.dumps({name: asdict(found) for name, found in founds.items()}, indent=1, ensure_ascii=False))
    if arguments.write:
        side_by_side.write("judge_faults", [], [{"job": name, "value": line(found)} for name, found in founds.items()])
    sys.exit(1 if any(found.wrong for found in founds.values()) else 0)


def parts(arguments: argparse.Namespace, folder: Path, say: Callable[[str], None]) -> dict[str, Callable[[], Found]]:
    """What the command does, by name."""
    share, seed = arguments.share, arguments.seed

    def asked(kills: int) -> Found:
        with fault_server(share=share, latency=0.02, seed=seed, slow=TIMEOUT / 10) as server:
            model = {"concurrency": arguments.connections, "timeout": TIMEOUT, "attempts": 12, "backoff": 0.1}
            found = killed(Judging(folder / f"kills-{kills}", server, arguments.verdicts, **model), kills, seed, say)
        found.share = share
        return found

    return {
        "without a kill": lambda: asked(0),
        "killed": lambda: asked(arguments.kills),
        "requests a minute": lambda: limited(folder / "requests", share, seed, 300, requests_per_minute=150),
        "tokens a minute": lambda: limited(folder / "tokens", share, seed, 250, tokens_per_minute=6_000),
        "budget": lambda: budgeted(folder / "budget", share, seed, kills=5),
    }


def line(found: Found) -> str:
    """What came of it in a few words."""
    faults = sum(count for kind, count in found.faults.items() if kind != "right")
    parts = [f"{found.verdicts:,} verdicts, {found.asked:,} requests of which {faults:,} met a fault"]
    if found.kills:
        ended = found.noted.get("the process ended", 0)
        parts.append(
            f"{found.kills} kills; {found.repeated} good replies asked for again; {ended} requests were in flight at a kill"
        )
    if found.noted:
        parts.append(f"{sum(found.noted.values())} noted as {MADE_TWICE}")
    if found.seconds:
        parts.append(f"{found.seconds:.0f} s")
    parts += found.notes
    return "; ".join([*parts, *(found.wrong or ["all as it should be"])])


if __name__ == "__main__":
    main()
