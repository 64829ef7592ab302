"""One session of asking: requests go out as limits and budget allow, replies are written as they arrive, failures tried again."""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from harness.chat import budget as ledger
from harness.chat.client_calls import Call, Failure, Received
from harness.chat.client_journal import Journal
from harness.chat.client_wire import Answer
from harness.chat.keys import printable
from harness.chat.limits import PATIENCE, Crowd, Pace, wait_before
from harness.chat.messages import Reply, Request
from harness.chat.prices import PICO, Price, most_tokens
from harness.chat.store import ReplyStore, insert
from harness.chat.store_owners import is_asking
from harness.errors import ConnectionProblem

_LOG = logging.getLogger("harness.chat")
_TRIED = 3  # attempts after which a server that has never answered is given up
_UNUSABLE = 3  # replies that are no answer, after which a request is given up: each may be billed
_SLICE = 0.05  # seconds after which a wait for one's turn is thought over
_ELSEWHERE = 0.25  # seconds after which it is seen whether another process has the reply
_SLACK = 60.0  # seconds after its time-out when a call cannot be under way any more


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a session keeps to; `budget` in 1e-12 USD."""

    name: str
    concurrency: int
    timeout: float
    attempts: int
    backoff: float
    price: Price | None
    budget: int | None
    purpose: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What all sessions of a model share."""

    requests: Pace
    tokens: Pace
    crowd: Crowd


class _Job(msgspec.Struct, kw_only=True):
    key: str
    request: Request
    tokens_in: int
    tokens_out: int
    worst: int
    attempt: int = 0
    unusable: int = 0
    first: float = 0.0
    waited: float = 0.0
    receipts: tuple[list[float], list[float]] = ([], [])


class Session:
    """Asks requests by their keys, once; `replies` fills as replies are on disk, and keeps them whatever ends the session."""

    def __init__(self, terms: Terms, limits: Limits, store: ReplyStore, call: Call) -> None:
        self.replies: dict[str, Reply] = {}
        self._terms, self._limits, self._store, self._call = terms, limits, store, call
        self._ready: asyncio.PriorityQueue[tuple[int, int, _Job]]
        self._count = itertools.count()
        self._flying = self._landings = 0
        self._answered: float | None = None

    async def run(self, requests: Mapping[str, Request]) -> None:
        """Returns when each request has its reply. Raises ConnectionProblem or StoreProblem where asking on is pointless."""
        self._journal = Journal(self._store.database)
        self._owner = self._store.database.owner()
        self._ready, self._turn, self._landed = asyncio.PriorityQueue(), asyncio.Lock(), asyncio.Event()
        self._left, self._done = len(requests), asyncio.get_running_loop().create_future()
        for key, request in requests.items():
            self._put(self._job(key, request))
        background = [asyncio.create_task(self._journal.keep_synced())]
        background += [asyncio.create_task(self._work()) for _ in range(min(self._terms.concurrency, len(requests)))]
        try:
            await asyncio.wait([self._done, self._journal.problem, *background], return_when=asyncio.FIRST_COMPLETED)
            for ended in (self._journal.problem, *background):  # none of them ends but by an error
                if ended.done():
                    ended.result()
        finally:
            for task in background:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*background, return_exceptions=True)
            self._journal.flush()
            self._owner.close()
            if not self._journal.problem.done():
                self._store.database.sync()
        if self._journal.problem.done():
            self._journal.problem.result()

    def _job(self, key: str, request: Request) -> _Job:
        tokens_in, tokens_out = most_tokens(request)
        price = self._terms.price
        worst = price.picos(tokens_in, tokens_out or 0) if price is not None else 0
        return _Job(key=key, request=request, tokens_in=tokens_in, tokens_out=tokens_out or 0, worst=worst)

    def _put(self, job: _Job, delay: float = 0.0) -> None:
        """Into the queue, in which what was tried before comes first."""
        entry = (0 if job.attempt else 1, next(self._count), job)
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self._ready.put_nowait, entry)
        else:
            self._ready.put_nowait(entry)

    async def _work(self) -> None:
        while True:
            _, _, job = await self._ready.get()
            await self._ask(job)

    async def _ask(self, job: _Job) -> None:
        """One attempt at one request."""
        claim = await self._claim(job)
        if claim.outcome == "have":
            self._finish(job, claim.reply)
        elif claim.outcome == "taken":
            self._put(job, _ELSEWHERE)
        elif claim.outcome == "over":
            self._finish(job, Reply(key=job.key, status="over-budget", detail=self._over(job, claim.booked)))
        else:
            for why in claim.repeats if self._terms.price is None or not self._terms.price.is_free else ():
                _LOG.warning("possibly-billed-twice: %s %s (%s)", self._terms.name, job.key[:16], printable(why))
            await self._fly(job, claim.flight)

    async def _claim(self, job: _Job) -> ledger.Claim:
        """The claim of the job, when it is its turn; waits for what is in flight to land where the budget may then suffice."""
        terms = self._terms

        def ask(db: Any) -> ledger.Claim:
            args = (job.key, terms.purpose, job.worst, terms.budget, self._owner.token, terms.timeout + _SLACK, self._is_asking)
            return ledger.claim(db, *args)

        while True:
            await self._take_turn(job)
            landings = self._landings
            claim: ledger.Claim = await self._journal.result(ask, self._unwanted)
            if claim.outcome == "go":
                job.attempt += 1
                job.first = job.first or time.monotonic()
                self._flying += 1
                return claim
            for pace, receipt in zip((self._limits.requests, self._limits.tokens), job.receipts, strict=True):
                pace.correct(receipt, 0.0)
            if claim.outcome != "over":
                return claim
            if landings == self._landings:  # else there may be room by now
                if not self._flying:
                    return claim
                await self._landed.wait()

    async def _take_turn(self, job: _Job) -> None:
        limits, tokens = self._limits, job.tokens_in + job.tokens_out
        async with self._turn:
            while True:
                now = time.monotonic()
                wait = max(limits.crowd.until - now, limits.requests.delay(1, now), limits.tokens.delay(tokens, now))
                if wait <= 0:
                    job.receipts = (limits.requests.take(1, now), limits.tokens.take(tokens, now))
                    return
                await asyncio.sleep(min(wait, _SLICE))

    async def _fly(self, job: _Job, flight: int) -> None:
        try:
            outcome = await self._call(job.request)
        except ConnectionProblem:
            self._journal.add(lambda db: ledger.release(db, flight), _nothing)
            raise
        except BaseException:  # cancelled, mostly: the request is out, and its reply will not be seen
            self._journal.add(lambda db: ledger.lose(db, flight, "interrupted"), _nothing)
            raise
        if isinstance(outcome, Received):
            self._land(job, flight, outcome)
        else:
            self._fail(job, flight, outcome)

    def _land(self, job: _Job, flight: int, received: Received) -> None:
        """Keeps what came; the job has its reply when that is written."""
        terms, answer = self._terms, received.answer
        used = None if answer.tokens_in is None or answer.tokens_out is None else (answer.tokens_in, answer.tokens_out)
        cost = 0 if terms.price is None else None if used is None else terms.price.picos(*used)
        if used is not None:
            self._limits.tokens.correct(job.receipts[1], float(sum(used)))
        if cost is not None and cost > job.worst:
            said = "%s billed more tokens than it was asked for (%s): what it costs is counted, and may pass a budget"
            _LOG.warning(said, terms.name, used)
        self._answered = time.monotonic()
        self._limits.crowd.note(False)
        reply = _reply(job.key, answer, terms.price, received.seconds)

        def keep(db: Any) -> Reply:
            ledger.settle(db, flight, terms.purpose, cost, *(used or (0, 0)))
            return insert(db, job.key, terms.name, self._call.without_key(job.request), reply, received.raw)

        def kept(counts: Reply) -> None:
            self._land_one()
            self._finish(job, msgspec.structs.replace(counts, fresh=True))

        self._journal.add(keep, kept)

    def _fail(self, job: _Job, flight: int, failure: Failure) -> None:
        """Keeps the failure, and tries again where that may help. Raises ConnectionProblem where nobody is there."""
        terms = self._terms
        wait = wait_before(job.attempt, terms.backoff, failure.wait)
        crowded = self._limits.crowd.note(failure.turned_away, wait) if failure.reached else False
        if failure.reached:
            self._answered = time.monotonic()
        again = failure.again and (job.attempt < terms.attempts or (crowded and job.waited < PATIENCE))
        detail = failure.detail
        job.unusable += failure.unusable
        if failure.unusable and job.unusable >= max(_UNUSABLE, terms.attempts // 2):
            again, detail = False, f"{detail} ({job.unusable} such replies, each of which may be billed)"
        if again and wait > PATIENCE:
            again, detail = False, f"{detail} (the server asks to wait {wait:.0f} seconds)"
        reply = Reply(key=job.key, status="error", detail=detail, received=time.time())

        def keep(db: Any) -> None:
            if failure.billed:
                ledger.lose(db, flight, failure.detail)
            else:
                ledger.release(db, flight)
            insert(db, job.key, terms.name, self._call.without_key(job.request), reply, failure.raw)

        def kept(_: Any) -> None:
            self._land_one()
            if again:
                job.waited += wait
                self._put(job, wait)
            else:
                self._finish(job, reply)

        self._journal.add(keep, kept)
        if failure.unreachable and self._is_pointless(job):
            raise ConnectionProblem(
                f"{terms.name} cannot be reached: {detail}. Is the server running, and is base_url its address?"
            )

    def _is_pointless(self, job: _Job) -> bool:
        """Whether nobody has answered for so long that nobody will."""
        if self._answered is None:
            return job.attempt >= min(_TRIED, self._terms.attempts)
        return job.attempt >= self._terms.attempts and self._answered < job.first

    def _finish(self, job: _Job, reply: Reply | None) -> None:
        assert reply is not None
        self.replies[job.key] = reply
        self._left -= 1
        if not self._left and not self._done.done():
            self._done.set_result(None)

    def _land_one(self) -> None:
        self._flying -= 1
        self._landings += 1
        self._landed.set()
        self._landed.clear()  # those who waited are woken; the next wait is for the next landing

    def _unwanted(self, claim: ledger.Claim) -> None:
        if claim.outcome == "go":
            self._journal.add(lambda db: ledger.release(db, claim.flight), _nothing)

    def _is_asking(self, token: str) -> bool:
        return token == self._owner.token or is_asking(self._store.database.asking, token)

    def _over(self, job: _Job, booked: int) -> str:
        limit = (self._terms.budget or 0) / PICO
        gone = f"{booked / PICO:.6f} are spent, or reserved for calls that may have been billed"
        return f"the call may cost {job.worst / PICO:.6f} USD; of the budget of {limit:g} USD {gone}"


def _reply(key: str, answer: Answer, price: Price | None, seconds: float) -> Reply:
    known = price is not None and answer.tokens_in is not None and answer.tokens_out is not None
    return Reply(
        key=key,
        status=answer.status,
        text=answer.text,
        tokens=answer.tokens,
        finish=answer.finish,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        price=price.usd(answer.tokens_in, answer.tokens_out) if known else None,  # type: ignore[union-attr, arg-type]  # `known` says so
        seconds=round(seconds, 6),
        received=time.time(),
        detail=answer.detail,
    )


def _nothing(_: Any) -> None:
    """What is left to do once a claim was given back."""
