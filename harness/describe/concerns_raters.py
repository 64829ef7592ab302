"""Concerns about ratings and preferences: raters who do not discriminate, do not agree, left cells empty, or favour a place."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from harness.describe.concern import Concern, Concerns

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_NEAR = 0.95  # of the ratings on one value: near-constant
_FEW = 5
_SHARED = 30  # items that two judged, to say something about agreement


def rater_concerns(found: Mapping[str, Any]) -> Concerns:
    """What a set's ratings make one doubt."""
    for criterion, by_rater in found["criteria"].items():
        yield from _spread(criterion, by_rater)
        yield from _coverage(criterion, by_rater)
        agreement = found["agreement"].get(criterion)
        if agreement is not None:
            yield from _agreement(criterion, agreement)
        elif len(by_rater) == 1 and not found["constructed"]:
            yield Concern(2, 0.5, "one-rater", "one rater only, so that it is not known how far people agree: \0", criterion)


def preference_concerns(found: Mapping[str, Any]) -> Concerns:
    """What a set's preferences make one doubt."""
    for criterion, by_rater in found["preferences"].items():
        yield from _first_shown(criterion, by_rater, found["pooled_preferences"][criterion])
        for rater, said in by_rater.items():
            if said["pairs"] >= _FEW and said["ties"] == said["pairs"]:
                yield Concern(3, 1.0, "constant-rater", f"{criterion!r}, {rater}: all {said['pairs']} pairs are ties")
            if said["missing"]:
                share = said["missing"] / said["pairs"]
                yield Concern(
                    (2 if share > 0.05 else 1),
                    share,
                    "missing-preferences",
                    f"{criterion!r}, {rater}: {said['missing']} of {said['pairs']} pairs have no answer ({share:.0%})",
                )
        agreement = found["preference_agreement"].get(criterion)
        if agreement is not None:
            yield from _agreement(criterion, agreement)
        elif len(by_rater) == 1 and not found["constructed"]:
            yield Concern(2, 0.5, "one-rater", "one rater only, so that it is not known how far people agree: \0", criterion)
    for system, place in found["places"].items():
        if place["pairs"] >= _FEW and not place["low"] <= 0.5 <= place["high"] and not found["constructed"]:
            always = place["share"] in (0.0, 1.0)
            yield Concern(
                (3 if always else 2),
                abs(place["share"] - 0.5) * 2,
                "order",
                f"system {system!r} was shown first in {place['first']} of {place['pairs']} pairs ({place['share']:.0%}): "
                "its wins cannot be told from those of its place",
            )


def _first_shown(criterion: str, by_rater: Mapping[str, Any], pooled: Mapping[str, Any]) -> Concerns:
    """Whether the place shown first decides: for all raters together, or else for one of them."""
    everybody = _favoured(pooled["first_shown"])
    for who, said in [("all raters", pooled)] if everybody else by_rater.items():
        shown = said["first_shown"]
        if _favoured(shown):
            yield Concern(
                2,
                abs(shown["share"] - 0.5) * 2,
                "first-shown",
                f"{criterion!r}, {who}: the output shown first wins {shown['share']:.0%} "
                f"[{shown['low']:.0%} {shown['high']:.0%}] of {shown['pairs']} decided pairs, not half",
            )


def _favoured(shown: Mapping[str, Any]) -> bool:
    return shown["recorded"] and shown["low"] is not None and not shown["low"] <= 0.5 <= shown["high"]


def _spread(criterion: str, by_rater: Mapping[str, Any]) -> Concerns:
    pooled: Counter[Any] = Counter()
    for rater, said in by_rater.items():
        counts = _values(said)
        pooled.update(counts)
        numeric = sum(count for label, count in said["labels"].items() if _NUMBER.fullmatch(label.strip()))
        if numeric:
            yield Concern(
                3,
                numeric / sum(counts.values()),
                "numbers-as-text",
                f"{criterion!r}, {rater}: {numeric} ratings are numbers written as text, which count as labels: no metric is "
                "held against them until they are numbers",
            )
        total = sum(counts.values())
        if total >= _FEW and len(counts) == 1 and len(by_rater) > 1:
            yield Concern(
                2, 1 / len(by_rater), "constant-rater", f"{criterion!r}, {rater}: all {total} ratings are {next(iter(counts))}"
            )
    total = sum(pooled.values())
    if not total:
        yield Concern(3, 1.0, "no-ratings", f"every rating on {criterion!r} is missing")
        return
    value, most = pooled.most_common(1)[0]
    if total > 1 and len(pooled) == 1:
        yield Concern(
            3,
            1.0,
            "constant-criterion",
            f"all {total} ratings on {criterion!r} are {value}: people tie everything, so no metric can be told from another",
        )
    elif total >= _FEW and most / total >= _NEAR:
        yield Concern(
            3,
            most / total,
            "near-constant",
            f"{most} of {total} ratings on {criterion!r} ({most / total:.0%}) are {value}: hardly any pair of outputs differs",
        )
    rater, said = max(by_rater.items(), key=lambda one: one[1]["tie_rate_items"])
    if said["tie_rate"] is not None and said["tie_rate"] >= 0.7 and len(pooled) > 1:
        yield Concern(
            2,
            said["tie_rate"],
            "ties",
            f"on {criterion!r} {rater} ties {said['tie_rate']:.0%} of the pairs within an item (n={said['tie_rate_items']}): "
            "a metric that always ties scores as much",
        )


def _values(said: Mapping[str, Any]) -> Counter[str]:
    """Ratings by value; a bin of a fine-grained scale counts as its own value."""
    counts: Counter[str] = Counter()
    for bar in said["histogram"]:
        if bar["count"]:
            label = f"{bar['low']:g}" if bar["low"] == bar["high"] else f"{bar['low']:g} to {bar['high']:g}"
            counts[label] += bar["count"]
    if said["distinct"] == 1 and len(counts) == 1 and said["mean"]:
        mean = next(iter(said["mean"].values()))["mean"]
        counts = Counter({f"{mean:g}": sum(counts.values())})
    counts.update(said["labels"])
    return counts


def _coverage(criterion: str, by_rater: Mapping[str, Any]) -> Concerns:
    """Empty cells: answers that are missing, and raters who saw some systems more often than others."""
    for rater, said in by_rater.items():
        asked = said["ratings"] + said["missing"]
        if said["missing"]:
            share = said["missing"] / asked
            yield Concern(
                (2 if share > 0.05 else 1),
                share,
                "missing-ratings",
                f"{criterion!r}, {rater}: {said['missing']} of {asked} ratings are missing ({share:.0%})",
            )
        shares = {system: cell["rated"] / cell["outputs"] for system, cell in said["cells"].items()}
        if not shares:
            continue
        most, least = max(shares, key=lambda s: shares[s]), min(shares, key=lambda s: shares[s])
        gap = shares[most] - shares[least]
        if gap > 0.1:
            yield Concern(
                (3 if gap > 0.5 else 2),
                gap,
                "unbalanced",
                f"{criterion!r}, {rater} rated {shares[most]:.0%} of {most!r} but {shares[least]:.0%} of {least!r}: "
                "means of systems are not over the same items",
            )


def _agreement(criterion: str, agreement: Mapping[str, Any]) -> Concerns:
    alpha = agreement[f"krippendorff_alpha_{agreement['level']}"]
    units = agreement.get("outputs", agreement.get("pairs_of_outputs"))
    if not units:
        text = f"{agreement['raters']} raters, and nothing that two of them judged: \0"
        yield Concern(2, 0.6, "no-overlap", text, criterion)
        return
    if agreement["items"] < _SHARED:
        counted = f"items that two raters judged: {agreement['items']}"
        text = f"{counted}, and {_SHARED} are needed to say how far people agree: \0"
        yield Concern(2, 0.4, "little-overlap", text, criterion)
    if alpha is not None and alpha < 0.4:
        yield Concern(
            (3 if alpha < 0.1 else 2),
            1 - max(alpha, 0.0),
            "low-agreement",
            f"raters hardly agree on {criterion!r}: alpha ({agreement['level']}) {alpha:.2f}{_interval(agreement)} over "
            f"{units} units",
        )
    yield from _outsiders(criterion, agreement["pairs"])


def _outsiders(criterion: str, pairs: list[dict[str, Any]]) -> Concerns:
    """A rater who agrees with nobody while the others agree."""
    raters = {rater for pair in pairs for rater in pair["raters"]}
    known = [pair for pair in pairs if pair["alpha"] is not None and pair["n"] >= _SHARED]
    for rater in sorted(raters):
        own = [pair["alpha"] for pair in known if rater in pair["raters"]]
        others = [pair["alpha"] for pair in known if rater not in pair["raters"]]
        if own and others and max(own) < min(others) and sum(others) / len(others) - sum(own) / len(own) > 0.2:
            yield Concern(
                2,
                0.5,
                "outsider",
                f"{criterion!r}: {rater} agrees with the others less (alpha {min(own):.2f} to {max(own):.2f}) than they do "
                f"among themselves ({min(others):.2f} to {max(others):.2f})",
            )


def _interval(agreement: Mapping[str, Any]) -> str:
    return "" if agreement["low"] is None else f" [{agreement['low']:.2f} {agreement['high']:.2f}]"
