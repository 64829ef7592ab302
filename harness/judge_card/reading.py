"""What a judge's score is made of: the verdicts as they were said, or their expectations over token probabilities."""

from collections.abc import Sequence
from typing import Literal

from harness.verdicts import Verdict

Read = Literal["verdict", "expectation", "auto"]


def read_of(signature: str) -> Read:
    """What a judge's scores are made of, as its signature tells (`read:auto`); the verdict where it tells nothing."""
    parts = signature.split("|")
    return "auto" if "read:auto" in parts else "expectation" if "read:expectation" in parts else "verdict"


def number(verdict: Verdict, read: Read) -> float | None:
    """The verdict as the number that the score is made of; "auto": the expectation of a rating, where it has one."""
    if read == "expectation" or (_auto(verdict, read) and verdict.expectation is not None):
        return verdict.expectation
    return verdict.value


def expected(verdicts: Sequence[Verdict], read: Read) -> bool:
    """Whether an expectation is in any score made of these verdicts."""
    return any(one.expectation is not None and (read == "expectation" or _auto(one, read)) for one in verdicts)


def score_of(verdicts: Sequence[Verdict], read: Read) -> str | None:
    """A sentence on what the score is, and which audits are of it; None where it is the verdict itself.

    `verdicts`: those that say something.
    """
    if not expected(verdicts, read):
        return None
    count = sum(one.expectation is not None for one in verdicts)
    others = "the verdict itself of the others" if read == "auto" else "missing of the others"
    part = f" of {count:,} of {len(verdicts):,} verdicts and {others}" if count < len(verdicts) else ""
    of = "Accuracy and Calibration are of it" if verdicts[0].form == "direct" else "Accuracy is of it"
    return f"the score is the expectation over token probabilities{part}; {of}, all else of the verdicts as they were said"


def _auto(verdict: Verdict, read: Read) -> bool:
    return read == "auto" and verdict.form == "direct"
