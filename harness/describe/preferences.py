"""Preferences by criterion and rater: ties, wins, and whether the place in which an output stands decides."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.records import Output, Preference

_Z = 1.959964  # 95 %


def preferred(preferences: Sequence[Preference], outputs: Sequence[Output]) -> dict[str, Any]:
    """One rater's preferences on one criterion."""
    system = {output.id: output.system for output in outputs}
    winners = [p.output_a if p.winner == "a" else p.output_b for p in preferences if p.winner in ("a", "b")]
    return {
        "pairs": len(preferences),
        "ties": sum(p.winner == "tie" for p in preferences),
        "missing": sum(p.winner is None for p in preferences),
        "wins": dict(sorted(Counter(system[winner] for winner in winners).items())),
        "first_wins": sum(p.winner == "a" for p in preferences),
        "first_shown": first_shown(preferences),
    }


def first_shown(preferences: Sequence[Preference]) -> dict[str, Any]:
    """How often the output that was shown first wins, of the pairs that someone decided, with its 95 % interval (Wilson).

    `recorded` False: no preference says what was shown first, and the output that stands first counts.
    """
    recorded = any(preference.shown_first is not None for preference in preferences)
    decided = [p for p in preferences if p.winner in ("a", "b") and (p.shown_first is not None or not recorded)]
    wins = sum(p.winner == (p.shown_first if recorded else "a") for p in decided)
    low, high = share_interval(wins, len(decided))
    share = wins / len(decided) if decided else None
    return {"recorded": recorded, "pairs": len(decided), "wins": wins, "share": share, "low": low, "high": high}


def places(preferences: Sequence[Preference], outputs: Sequence[Output]) -> dict[str, Any]:
    """System → how often it was shown first, of the pairs that it was in; empty where that is not recorded.

    One rater's pairs are counted once each, whatever the criterion.
    """
    system = {output.id: output.system for output in outputs}
    seen: dict[tuple[str, frozenset[str]], Preference] = {}
    for preference in preferences:
        if preference.shown_first is not None:
            seen.setdefault((preference.rater, frozenset((preference.output_a, preference.output_b))), preference)
    first: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for preference in seen.values():
        a, b = system[preference.output_a], system[preference.output_b]
        first[a if preference.shown_first == "a" else b] += 1
        total.update((a, b))
    return {name: _place(first[name], count) for name, count in sorted(total.items())}


def _place(first: int, count: int) -> Mapping[str, Any]:
    low, high = share_interval(first, count)
    return {"first": first, "pairs": count, "share": first / count, "low": low, "high": high}


def share_interval(successes: int, trials: int) -> tuple[float | None, float | None]:
    """Wilson's 95 % interval of a share (JASA 22, 1927); (None, None) without trials."""
    if trials == 0:
        return None, None
    share = successes / trials
    centre = share + _Z**2 / (2 * trials)
    spread = _Z * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    bottom = 1 + _Z**2 / trials
    return max(0.0, (centre - spread) / bottom), min(1.0, (centre + spread) / bottom)
