"""Which analysis to trust, and what correlation, regression and matched words say together. Direction counts as p does."""

from typing import Literal

import msgspec

from harness_plugins.video.probe.figures import Figure
from harness_plugins.video.probe.matching import Matched
from harness_plugins.video.probe.regression import Regression

ALPHA = 0.05
Kind = Literal["undefined", "alone", "holds", "nothing left", "turned", "apart", "hidden", "none"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the analyses say together.

    `kind`: the correlation is "undefined"; it stands "alone", as no other analysis could be done; it "holds" where frequency and
    length are alike, by p and direction of all that could be done; "nothing left" of it is there; it is "turned" round there;
    analyses are "apart"; an effect is "hidden" behind a correlation that shows none; "none" shows one. `said`: which to trust, as
    a sentence or two for a report.
    """

    kind: Kind
    said: str


def verdict(correlation: Figure, regression: Regression, pairs: Matched, alpha: float = ALPHA) -> Verdict:
    """What to make of a correlation with imageability, by the regression and the matched words beside it."""
    rho, p = correlation.value, correlation.p
    if rho is None:
        return Verdict(kind="undefined", said=f"The correlation is not defined ({correlation.note}): nothing can be said.")
    term, difference = regression.term("imageability"), pairs.difference
    named = (("the regression", term.value, term.p), ("the matched words", difference.value, difference.p))
    held = [(name, value, own) for name, value, own in named if value is not None and own is not None]
    if not held:
        return Verdict(
            kind="alone",
            said="Neither the regression nor matching could be done, so that frequency, length and word class are not ruled "
            "out: the correlation alone says nothing about imageability.",
        )
    names = " and ".join(name for name, _, _ in held)
    every = ", ".join(f"{name}: p = {own:.3g}" for name, _, own in held)
    shown = [(name, value > 0) for name, value, own in held if own < alpha]
    ways = {up for _, up in shown}
    raw = p is not None and p < alpha
    ours = f"p = {_p(p)}"
    if len(ways) > 1:
        return Verdict(
            kind="apart",
            said=f"The regression and the matched words point in opposite directions ({every}; correlation {ours}): nothing "
            "can be said about imageability.",
        )
    if raw and not shown:
        return Verdict(
            kind="nothing left",
            said=f"Trust {names}, not the correlation: value and imageability go together ({ours}), but nothing is left of it "
            f"between words alike in frequency and length ({every}).",
        )
    if raw and ways != {rho > 0}:
        whose = " and ".join(name for name, _ in shown)
        return Verdict(
            kind="turned",
            said=f"Trust {whose}, not the correlation: the value {_way(rho > 0)} with imageability ({ours}), but among words "
            f"alike in frequency and length it {_way(rho <= 0)} ({every}).",
        )
    if raw and len(shown) == len(held):
        alike, verb = _alike(regression, pairs), "says" if [name for name, _ in shown] == ["the regression"] else "say"
        return Verdict(kind="holds", said=f"The correlation holds where {alike}: {names} {verb} so, too ({every}).")
    if raw:
        return Verdict(
            kind="apart", said=f"The analyses disagree ({every}; correlation {ours}): do not build on the correlation alone."
        )
    if shown:
        whose, trusted = " and ".join(name for name, _ in shown), "those" if len(shown) > 1 else "that with care"
        verb = "does" if [name for name, _ in shown] == ["the regression"] else "do"
        return Verdict(
            kind="hidden",
            said=f"The correlation alone shows nothing ({ours}), where {whose} {verb} ({every}): frequency or length may hide an "
            f"effect of imageability, with which the value {_way(True in ways)}. Trust {trusted}, and look at the balance.",
        )
    return Verdict(kind="none", said=f"No analysis shows an effect of imageability ({ours}; {every}).")


def _alike(regression: Regression, pairs: Matched) -> str:
    """What the analyses that could be done hold alike."""
    unknown = any(note.startswith("frequency was left out: it is known of no word") for note in regression.notes)
    if pairs.difference.p is None and unknown:
        return "length is held alike (how frequent the words are is not known)"
    return "frequency and length are held alike"


def _way(up: bool) -> str:
    return "grows" if up else "falls"


def _p(p: float | None) -> str:
    return "–" if p is None else f"{p:.3g}"
