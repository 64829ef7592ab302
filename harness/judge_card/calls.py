"""What came back: how many verdicts could be read, what they cost, how long they took, and whether a second one is the same."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from harness.judge_card.contents import Finding, Unread
from harness.judge_card.estimates import finding, mean, unmeasurable
from harness.judge_card.ground import Ground, silence, spoken
from harness.meta.pairs import Floats, Ints
from harness.verdicts import Verdict

MOST_UNREAD = 5
_THOUSAND = 1000.0
_FAILED = {
    "unparsed": "replies in which no verdict could be read",
    "refused": "refused",
    "cut-off": "cut off at the limit of tokens",
    "error": "without a reply: the call failed",
}


def answers(verdicts: Sequence[Verdict], ground: Ground) -> Iterator[Finding]:
    """The share of verdicts that could be read, why others could not, and USD and seconds per 1,000."""
    cluster = _clusters(verdicts, ground)
    draws = ground.draws
    ok = [float(one.status == "ok") for one in verdicts]
    yield finding("verdicts", "parsed", "verdicts that could be read", mean(ok, cluster, draws), of="verdicts", empty="none")
    for status, says in _FAILED.items():
        share = [float(one.status == status) for one in verdicts]
        if any(share):
            yield finding("verdicts", status, says, mean(share, cluster, draws), of="verdicts", empty="none")
    unasked = _unasked(verdicts)
    dollars = [_THOUSAND * value for value in _each(verdicts, [one.price for one in verdicts])]
    cost = mean(dollars, cluster, draws, None)
    yield finding(
        "verdicts", "price", "USD per 1,000 verdicts", cost, of="verdicts", empty=unasked or "no price is known of any call"
    )
    seconds = [_THOUSAND * value for value in _each(verdicts, [one.seconds for one in verdicts])]
    took = mean(seconds, cluster, draws, None)
    note = None if took.value is None else "the waits for all replies added up; calls at the same time divide them"
    says = "seconds of waiting per 1,000 verdicts"
    yield finding("verdicts", "seconds", says, took, of="verdicts", empty=unasked or "no call was timed", note=note)


def repeats(verdicts: Sequence[Verdict], ground: Ground) -> Iterator[Finding]:
    """How often two samples of the same request agree: the same rating, winner or ranking; and how far ratings lie apart."""
    asked: dict[tuple[object, ...], list[Verdict]] = {}
    for one in spoken(verdicts):
        asked.setdefault((one.targets, one.prompt), []).append(one)
    several = [group for group in asked.values() if len({one.sample for one in group}) > 1]
    why = silence(verdicts) or "every verdict was asked for once"
    says = "two samples of the same request that say the same"
    if not several:
        yield unmeasurable("repeats", "self_agreement", says, why)
        return
    cluster = _clusters([group[0] for group in several], ground)
    same = [np.mean([_word(a) == _word(b) for a, b in combinations(group, 2)]) for group in several]
    alike = all(len({one.reply for one in group}) == 1 and group[0].reply is not None for group in several)
    note = "all replies to a request are the same text: repeats say nothing of how sure the judge is" if alike else None
    yield finding("repeats", "self_agreement", says, mean(same, cluster, ground.draws), of="requests", empty=why, note=note)
    if several[0][0].form == "direct":
        apart = [np.mean([abs((a.value or 0.0) - (b.value or 0.0)) for a, b in combinations(group, 2)]) for group in several]
        says = "points between two samples of the same request"
        yield finding("repeats", "self_distance", says, mean(apart, cluster, ground.draws, None), of="requests", empty=why)


def unread(verdicts: Sequence[Verdict]) -> tuple[Unread, ...]:
    """The first replies that are no verdict, for a look at why."""
    found = [one for one in verdicts if one.status != "ok"][:MOST_UNREAD]
    return tuple(Unread(targets=one.targets, status=one.status, reply=one.reply or one.detail) for one in found)


def _unasked(verdicts: Sequence[Verdict]) -> str | None:
    """Why nothing can have been paid or waited for; None where a reply came."""
    statuses = {one.status for one in verdicts}
    if statuses <= {"not-recorded"}:
        return "nobody was asked"
    return "no call was made, or none was answered" if statuses <= {"error", "not-recorded"} else None


def _clusters(verdicts: Sequence[Verdict], ground: Ground) -> Ints:
    return np.array([ground.cluster[ground.position[one.targets[0]]] for one in verdicts], dtype=np.int64)


def _each(verdicts: Sequence[Verdict], values: Sequence[float | None]) -> Floats:
    """Each verdict's part of what its reply took: verdicts read from one reply share it."""
    sharing = Counter(one.key for one in verdicts if one.key is not None)
    parts = [
        np.nan if value is None else value / (1 if one.key is None else sharing[one.key])
        for one, value in zip(verdicts, values, strict=True)
    ]
    return np.array(parts, dtype=np.float64)


def _word(verdict: Verdict) -> object:
    return verdict.value if verdict.ranks is None else verdict.ranks
