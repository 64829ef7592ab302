"""What differs between models in how a task was done: then their numbers are not of one kind."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

from harness.leaderboard.comparisons import Name
from harness.leaderboard.records import Results, TaskResult

ENOUGH = 0.9  # of the items of each of two models: less in common, and a rank would compare items, not models
_Read = Callable[[TaskResult], Any]
_SAID: tuple[tuple[str, _Read], ...] = (
    ("the number of examples in the prompt", lambda result: result.shots),
    ("its version", lambda result: result.settings.get("version")),
    ("its items (task hash)", lambda result: result.settings.get("hash")),
    ("the chat template", lambda result: "used" if result.settings.get("chat_template_sha") else "not used"),
)


def differing(results: Results) -> list[str]:
    """A warning for every task and way of doing it in which models differ."""
    found = []
    for task in results.tasks:
        rows = [result for result in results.results if result.task == task]
        for what, read in _SAID:
            values = _known(rows, read)
            if len(values) > 1:
                found.append(f"{task}: models differ in {what} ({', '.join(values)}): their numbers are not of one kind")
    return found


def differing_items(task: str, keys: Mapping[str, Sequence[str]]) -> list[str]:
    """A warning where models did other items of a task, by their documents; models without known items say nothing."""
    sets = {frozenset(own) for own in keys.values() if own}
    if len(sets) < 2:
        return []
    common, whole = len(frozenset.intersection(*sets)), len(frozenset.union(*sets))
    return [
        f"{task}: models did different items ({common} of {whole} were done by all of them): "
        f"no ranks between models that share less than {ENOUGH:.0%} of theirs"
    ]


def pairs_alike(keys: Mapping[Name, tuple[str, ...]]) -> list[tuple[Name, Name]]:
    """Every two models that did the same items, or nearly (`ENOUGH`). `keys`: of their documents, those that come again too."""
    groups: dict[frozenset[str], int] = {}
    by_keys: dict[tuple[str, ...], int] = {}
    group = {}
    for name, own in keys.items():
        if own not in by_keys:
            by_keys[own] = groups.setdefault(frozenset(own), len(groups))
        group[name] = by_keys[own]
    sets = list(groups)
    alike = {
        (first, second)
        for first, second in combinations(range(len(sets)), 2)
        if len(sets[first] & sets[second]) >= ENOUGH * max(len(sets[first]), len(sets[second]))
    }
    alike |= {(second, first) for first, second in alike} | {(place, place) for place in range(len(sets))}
    return [(first, second) for first, second in combinations(keys, 2) if (group[first], group[second]) in alike]


def _known(rows: Sequence[TaskResult], read: _Read) -> list[str]:
    return sorted({str(value)[:12] for row in rows if (value := read(row)) is not None})
