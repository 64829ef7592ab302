"""What the gate found: one finding a metric and check, and what they come to."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Level = Literal["pass", "inconclusive", "warning", "fail", "error"]
Outcome = Literal["pass", "inconclusive", "fail", "error"]
_WORST: tuple[Level, ...] = ("error", "fail", "inconclusive")


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A pair whose score moved: what the baseline holds and what the metric says now; None is no score."""

    pair: str
    before: float | None
    now: float | None
    hypothesis: str = ""
    reference: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one metric. `message` says what happened, where, and what to do; `moved`: the worst pairs, most moved first.

    `set`: the pairs or answers that it is about, if it is of one set. `looked`: False where nobody looked, since something that
    may be absent is. `error` is a metric that could not be asked, which is neither a pass nor a regression.
    """

    metric: str
    check: str
    level: Level
    message: str
    moved: tuple[Moved, ...] = ()
    seconds: float = 0.0
    set: str = ""
    looked: bool = True


def outcome(findings: Sequence[Finding]) -> Outcome:
    """The worst of all findings; a warning alone passes."""
    levels = {finding.level for finding in findings}
    for level in _WORST:
        if level in levels:
            return level  # type: ignore[return-value]  # of _WORST, all are outcomes
    return "pass"


def counted(findings: Sequence[Finding]) -> str:
    """How many checks of how many metrics came out how, as a sentence's first part."""
    by_level = {
        level: sum(finding.level == level for finding in findings)
        for level in ("pass", "warning", "inconclusive", "fail", "error")
    }
    metrics = len({finding.metric for finding in findings if finding.looked})
    words = {
        "pass": "passed",
        "warning": "with a warning",
        "inconclusive": "inconclusive",
        "fail": "failed",
        "error": "could not be asked",
    }
    told = ", ".join(f"{count} {words[level]}" for level, count in by_level.items() if count)
    return f"{len(findings)} checks of {metrics} metrics: {told or 'none'}"
