"""The worst of what `harness data check` finds in a judgment set, without what its report says already."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.describe import describe
from harness.judgments import JudgmentSet

MOST = 6
WORST, BIASED = 3, 2  # levels of concerns: wrong reading, and bias or noise
# Kinds of which a report has a sentence of its own, with its own n.
_OWN = {"few-items", "one-rater", "little-overlap"}
# Words of the notes that say the same as a kind of concern, where the two do not begin alike.
_ALIKE = {
    "empty-outputs": "empty text",
    "one-system": "there is one system only",
    "constant-criterion": "people tie everything",
    "no-language": "items without a language",
}


def doubts(data: JudgmentSet, said: Sequence[str], *, ties: bool = False) -> tuple[list[str], list[str]]:
    """Those that make the numbers mean something else, then bias and noise: a sentence each, the worst first.

    Together at most MOST, and at the end how many more there are.

    `said`: sentences that stand there already; `ties`: whether one of them is about ties.
    """
    left = [found for found in describe(data, quick=True)["warnings"] if not _is_said(found, said, ties)]
    shown = [found for found in left if found["level"] >= BIASED][:MOST]
    grave = [_sentence(found["text"]) for found in shown if found["level"] >= WORST]
    others = [_sentence(found["text"]) for found in shown if found["level"] < WORST]
    more = len(left) - len(shown)
    if more:
        others.append(f"… and {more} {'more' if shown else 'of less weight'}: harness data check.")
    return grave, others


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _is_said(found: Mapping[str, Any], said: Iterable[str], ties: bool) -> bool:
    if found["code"] in _OWN or (ties and found["code"] == "ties"):
        return True
    first = _ALIKE.get(found["code"], found["text"].split(" (")[0]).lower()
    return any(first in sentence.lower() for sentence in said)
