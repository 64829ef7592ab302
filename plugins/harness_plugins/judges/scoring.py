"""From verdicts to a score: samples and judges put together, orders against each other, and why a score is missing."""

import statistics
from collections import Counter
from collections.abc import Sequence
from math import fsum
from typing import cast

from harness.chat.messages import Reply
from harness.protocols import Result
from harness.records import Status
from harness.verdicts import Verdict
from harness_plugins.judges.settings import Panel, Read

Votes = Sequence[Sequence[float]]  # of each judge, its verdicts

_NO_ROOM = "exceeds the available context size"  # llama.cpp's words
# Which of equally frequent kinds of lacking verdicts is told: what a setting mends (max_tokens), what only another judge or text
# mends, and last what may have any cause. Errors and replies that are not stored come before all of them, however few.
_TOLD_FIRST = ("cut-off", "refused", "unparsed")


def result(votes: Votes, panel: Panel, verdicts: Sequence[Verdict], asked: int) -> Result:
    """The score that these votes make. `verdicts`: all that were to make them; `asked`: how many votes there would be in all.

    A unit whose asking failed has status "error", so that it is asked again; what was answered and holds no verdict is left out,
    and where nothing is left the score is missing, with the status that most of its replies have: cut-off, refused or unparsed,
    of equally many the first of these in this order, however the samples are ordered.
    """
    lacking = [verdict for verdict in verdicts if verdict.status != "ok"]
    for status in ("error", "not-recorded") if lacking else ():
        failed = [verdict for verdict in lacking if verdict.status == status]
        if failed:
            why = failed[0].detail or ("no reply is stored" if status == "not-recorded" else "no reply")
            return Result(None, status, detail=f"{_count(failed, verdicts)}{why}")  # type: ignore[arg-type]
    there = sum(map(len, votes))
    if not there:
        return Result(None, _most(lacking), detail=_why(lacking, verdicts))
    value = combined(votes, panel)
    if value is None:
        return Result(None, "inconsistent", detail=f"no majority among {there} verdicts of {len(votes)} judges")
    missing = f"{there} of {asked} verdicts; {_why(lacking, verdicts)}" if there < asked else None
    return Result(value, detail=missing)


def combined(votes: Votes, panel: Panel) -> float | None:
    """The panel's word; judges without a verdict are left out. A majority is over half, each judge counting once, or None."""
    heard = [said for said in votes if said]
    if len(heard) == 1 and len(heard[0]) == 1:
        return heard[0][0]
    if panel == "majority":
        shares: dict[float, float] = {}
        for said in heard:
            for vote in said:
                shares[vote] = shares.get(vote, 0.0) + 1 / len(said)
        most = max(shares, key=lambda vote: (shares[vote], vote))
        return most if shares[most] > len(heard) / 2 + 1e-9 else None
    means = [fsum(said) / len(said) for said in heard]
    return statistics.median(means) if panel == "median" else fsum(means) / len(means)


def number(verdict: Verdict, read: Read) -> float | None:
    """The verdict as a number: its expectation where that is wanted, which must then be there; under "auto", if it is."""
    if read == "expectation" or (read == "auto" and verdict.form == "direct" and verdict.expectation is not None):
        return verdict.expectation
    return verdict.value


def outcome(here: float | None, there: float | None) -> float | None:
    """Of a pair shown in both orders, as the first one's share of the win: `here` when it was shown first, `there` second.

    Both are positive where the answer shown first won. Orders that disagree are a tie; without one of them there is no outcome.
    """
    if here is None or there is None:
        return None
    sign = (here > 0) - (here < 0)
    return (1 + sign) / 2 if sign == (there < 0) - (there > 0) else 0.5


def standing(place: float, n: int) -> float:
    """A place among n answers, 1 the best, as the share of the others that stand behind: 1 for the first, 0 for the last."""
    return (n - place) / (n - 1)


def explained(reply: Reply) -> str | None:
    """The reply's detail, and what helps where asking again does not: a larger budget, or more room for the prompt."""
    detail = reply.detail
    if reply.status == "over-budget":
        return f"over budget, and not asked: {detail or 'too little is left'}; a larger budget goes on from here"
    if detail is not None and reply.status == "error" and _NO_ROOM in detail:
        return f"{detail}: give it more with context=TOKENS (backend=server; a server of your own is started with more)"
    return detail


def _most(lacking: Sequence[Verdict]) -> Status:
    """What most of these are, of equally many kinds the first of cut-off, refused, unparsed; it rests on no order of samples.

    Without any the replies told no token probabilities, and there was nothing to read.
    """
    kinds = _kinds(lacking)
    return cast(Status, kinds[0][0] if kinds else "unparsed")


def _kinds(lacking: Sequence[Verdict]) -> list[tuple[str, int]]:
    """Each status that these have, and how many have it: the most frequent first, of equally many the one told first."""
    counts = Counter(verdict.status for verdict in lacking)
    return sorted(counts.items(), key=lambda kind: (-kind[1], _TOLD_FIRST.index(kind[0])))


def _count(some: Sequence[Verdict], verdicts: Sequence[Verdict]) -> str:
    return "" if len(verdicts) == 1 else f"{len(some)} of {len(verdicts)}: "


def _why(lacking: Sequence[Verdict], verdicts: Sequence[Verdict]) -> str:
    """How many came to what, and what kept the first of the kind that is told from being a verdict: its reply, or why none."""
    if not lacking:
        return "the replies have no token probabilities"
    kinds = _kinds(lacking)
    first = next(verdict for verdict in lacking if verdict.status == kinds[0][0])
    said = first.reply if first.reply is not None else "no text"
    status = "" if first.status == "unparsed" else f"{first.status}: "
    several = ", ".join(f"{count} {kind}" for kind, count in kinds)
    counted = f"{several} of {len(verdicts)}: " if len(kinds) > 1 else _count(lacking, verdicts)
    return f"{counted}{status}{said if first.status == 'unparsed' else first.detail or said}"
