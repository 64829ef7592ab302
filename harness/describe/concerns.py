"""What in a described judgment set could hurt the numbers, worst first."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from harness.describe.concern import Concern, Concerns
from harness.describe.concerns_raters import preference_concerns, rater_concerns
from harness.describe.concerns_texts import language_concerns, text_concerns

_FEW_ITEMS = 30
_MANY = 0.5  # of a system's outputs equal to references: the level at which the harness prints a second table


def find_concerns(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Concerns as `level`, `code` and `text`, those that would hurt most first."""
    sources: tuple[Callable[[Mapping[str, Any]], Concerns], ...] = (
        _set_concerns,
        _system_concerns,
        rater_concerns,
        preference_concerns,
        text_concerns,
        language_concerns,
    )
    concerns = sorted(
        _merged(chain.from_iterable(source(found) for source in sources)),
        key=lambda concern: (-concern.level, -concern.share, concern.code, concern.text),
    )
    return [{"level": concern.level, "code": concern.code, "text": concern.text} for concern in concerns]


def _merged(concerns: Iterable[Concern]) -> list[Concern]:
    """The concerns, those that differ in their criterion alone put together."""
    together: dict[Concern, list[str]] = {}
    for concern in concerns:
        together.setdefault(concern._replace(about=None), []).extend([] if concern.about is None else [concern.about])
    return [one._replace(text=one.text.replace("\0", ", ".join(map(repr, about)))) for one, about in together.items()]


def _set_concerns(found: Mapping[str, Any]) -> Concerns:
    items = found["items"]
    if len(found["systems"]) == 1 and not found["preferences"]:
        yield Concern(2, 1.0, "one-system", "there is one system only: nothing can be compared within an item")
    if found["ratings"] == 0 and not found["preferences"] and not found["spans"]:
        yield Concern(3, 1.0, "no-judgments", "nobody's judgments are in it")
    if found["without_reference"] == items and items:
        yield Concern(2, 1.0, "no-reference", "no item has a reference: metrics that need one give no score")
    elif found["without_reference"]:
        share = found["without_reference"] / items
        yield Concern(
            2,
            share,
            "no-reference",
            f"{found['without_reference']} of {items} items have no reference ({share:.0%}): metrics that need one "
            "leave them out",
        )
    if found["clusters"] < _FEW_ITEMS:
        yield Concern(
            2,
            1 - found["clusters"] / _FEW_ITEMS,
            "few-items",
            f"few independent items ({found['clusters']}): intervals will be wide and only approximate",
        )
    if found["duplicate_items"]:
        share = found["duplicate_items"] / items
        yield Concern(
            (2 if share > 0.02 else 1),
            share,
            "duplicate-items",
            f"{found['duplicate_items']} of {items} items repeat an earlier one (same instruction, source and references): "
            "give repeated ones one cluster, or intervals are too narrow",
        )


def _system_concerns(found: Mapping[str, Any]) -> Concerns:
    repeats, items = found["repeats"], found["items"]
    for system, counted in repeats["equal_to_reference"].items():
        share = counted["equal"] / counted["n"]
        same = f"system {system!r} equals a reference on {counted['equal']} of {counted['n']} items ({share:.0%})"
        if share > _MANY:
            yield Concern(3, share, "equals-reference", f"{same}: metrics that use the reference are flattered")
        elif share >= 0.2 and counted["equal"] >= 5:
            yield Concern(
                1,
                share,
                "equals-reference",
                f"{same}: fine for short or corrected texts, else ask where the references come from",
            )
    for pair in repeats["same_text"]:
        share = pair["same"] / pair["n"]
        if share >= 0.2 and pair["same"] >= 5:
            yield Concern(
                (3 if share > 0.95 else 2),
                share,
                "same-text",
                f"systems {pair['systems'][0]!r} and {pair['systems'][1]!r} say the same on {pair['same']} of {pair['n']} items "
                f"({share:.0%}): every metric must tie those pairs",
            )
    for system, said in repeats["stock_answers"].items():
        share = said["count"] / said["n"]
        if share >= 0.05 and said["count"] >= 5:
            yield Concern(
                2,
                share,
                "stock-answer",
                f"system {system!r} gives one and the same text on {said['count']} of {said['n']} items ({share:.0%}): "
                f"{_short(said['text'])!r}",
            )
    for system, count in found["answered"].items():
        share = 1 - count / items
        if count < items and not found["preferences"]:
            yield Concern(
                (2 if share > 0.05 else 1),
                share,
                "missing-outputs",
                f"system {system!r} has no output on {items - count} of {items} items ({share:.0%})",
            )
    for criterion, counted in repeats["rated_differently"].items():
        if counted["different"] and counted["pairs"] >= 5:
            share = min(1.0, counted["apart"] / _range(found["criteria"][criterion]))
            yield Concern(
                (2 if share >= 0.05 else 1),
                share,
                "same-text-other-rating",
                f"{criterion!r}: of {counted['pairs']} pairs of equal outputs that one rater rated, {counted['different']} "
                f"got different ratings, {counted['apart']:.2g} apart on average over all pairs; no metric can do better",
            )


def _range(by_rater: Mapping[str, Any]) -> float:
    """The width of a criterion's scale, or of its ratings; 1 for labels."""
    ends = [end for said in by_rater.values() for end in (said["scale"] or ())[:2]]
    ends = ends or [end for said in by_rater.values() for bar in said["histogram"] for end in (bar["low"], bar["high"])]
    return (max(ends) - min(ends) or 1.0) if ends else 1.0


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
