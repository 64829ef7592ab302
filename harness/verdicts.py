"""Verdicts: what a judge said, call by call, with everything that an audit asks for; the scores are made of them."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from harness.chat.messages import CallPlan
from harness.protocols import Unit

VerdictStatus = Literal["ok", "unparsed", "refused", "cut-off", "error", "not-recorded"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One reading of one reply of one judge. `value` is None exactly when there is no verdict; `status` then says why.

    `targets`: the outputs that were judged, in the order in which they were shown. `form`: what was asked for. `value`: a rating
    ("direct"), or 1 where the first shown is better, -1 the second, 0 a tie ("pair"); `ranks`: place of each target, 1 the best,
    ties sharing one ("rank"; `value` is then None although all is well). `judge`: the model and where it ran. `prompt`: file and
    language. `expectation`: the mean of the verdict over the probabilities of its tokens, where they are known. `key`: what the
    reply is stored under. `price`: USD, `seconds`: from asking to the whole reply; both None where unknown, as in recorded
    verdicts. One reply that holds several criteria makes several verdicts with the same key.
    """

    metric: str
    targets: tuple[str, ...]
    form: Literal["direct", "pair", "rank"]
    judge: str
    criterion: str | None = None
    prompt: str | None = None
    language: str | None = None
    reference: bool = False
    sample: int = 0
    value: float | None = None
    ranks: tuple[float, ...] | None = None
    expectation: float | None = None
    status: VerdictStatus = "ok"
    key: str | None = None
    finish: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    price: float | None = None
    seconds: float | None = None
    reply: str | None = None
    detail: str | None = None


@runtime_checkable
class Audited(Protocol):
    """A metric whose scores are made of verdicts; the run keeps those in a table of their own."""

    def verdicts(self, units: Sequence[Unit]) -> Iterable[Verdict]:
        """The verdicts that the scores of these units are made of; nobody is asked. Equal ones are kept once."""
        ...


@runtime_checkable
class Planned(Protocol):
    """A metric that can say what scoring would take."""

    def plan(self, units: Sequence[Unit]) -> Sequence[CallPlan]:
        """The calls that scoring these units would make, a plan a judge; nobody is asked."""
        ...


@runtime_checkable
class PlannedBuild(Protocol):
    """A dataset builder that can say what building would take."""

    def plan(self) -> Sequence[CallPlan]:
        """The calls that building would make, a plan a model; nobody is asked."""
        ...


def in_verdict_order(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts sorted by `verdict_key`, equal ones once."""
    ordered = sorted(((verdict_key(verdict), verdict) for verdict in verdicts), key=itemgetter(0))
    done: list[Verdict] = []
    for _, group in groupby(ordered, key=itemgetter(0)):  # equal ones have one key, and are seldom more than one
        alike = [verdict for _, verdict in group]
        done += alike if len(alike) == 1 else dict.fromkeys(alike)
    return tuple(done)


def verdict_key(verdict: Verdict) -> tuple[Any, ...]:
    """What the table of verdicts is sorted by."""
    texts = (verdict.metric, verdict.judge, verdict.criterion or "", verdict.prompt or "")
    return (*texts, verdict.targets, verdict.sample, verdict.key or "")
