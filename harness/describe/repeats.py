"""What stands there more than once: items, outputs, answers of different systems, answers that are the reference."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from harness.judgments import JudgmentSet
from harness.records import Output


def describe_repeats(data: JudgmentSet) -> dict[str, Any]:
    """Counts of repeats, each with what it is out of.

    `equal_to_reference`: system → outputs equal to a reference; `same_text`: two systems → items on which both say the same;
    `stock_answers`: system → its most frequent text over items; `rated_differently`: criterion → pairs of the same text, item
    and rater, and those of them with another rating.
    """
    said = Counter((output.example_id, output.text) for output in data.outputs if output.text is not None)
    by_system: dict[str, list[Output]] = {system: [] for system in data.systems}
    for output in data.outputs:
        if output.text is not None:
            by_system[output.system].append(output)
    return {
        "duplicate_items": _surplus(
            Counter(
                (example.instruction, example.source, example.language, example.references)
                for example in data.examples
                if example.instruction or example.source or example.references
            )
        ),
        "duplicate_outputs": _surplus(said),
        "without_reference": sum(not example.references for example in data.examples),
        "equal_to_reference": _equal_to_reference(data),
        "same_text": _same_text(data, by_system),
        "stock_answers": _stock_answers(by_system),
        "rated_differently": _rated_differently(data, said),
    }


def _surplus(counts: Counter[Any]) -> int:
    """How many values repeat an earlier one."""
    return counts.total() - len(counts)


def _equal_to_reference(data: JudgmentSet) -> dict[str, dict[str, int]]:
    """Out of all outputs on items with a reference, those without a text too."""
    references = {example.id: frozenset(example.references) for example in data.examples if example.references}
    equal: Counter[str] = Counter()
    n: Counter[str] = Counter()
    for output in data.outputs:
        wanted = references.get(output.example_id)
        if wanted is not None:
            n[output.system] += 1
            equal[output.system] += output.text in wanted
    return {system: {"equal": equal[system], "n": n[system]} for system in data.systems if n[system]}


def _same_text(data: JudgmentSet, by_system: Mapping[str, Sequence[Output]]) -> list[dict[str, Any]]:
    """Pairs of systems that say the same on an item both answered, most alike first."""
    items = {example.id: place for place, example in enumerate(data.examples)}
    known: dict[str | None, int] = {}
    arrays = {}
    for system, own in by_system.items():
        said = {items[output.example_id]: known.setdefault(output.text, len(known)) for output in own if output.sample == 0}
        if said:
            arrays[system] = np.array(list(said)), np.array(list(said.values()))
    found = []
    for (one, (left, words)), (other, (right, others)) in combinations(arrays.items(), 2):
        shared, here, there = np.intersect1d(left, right, assume_unique=True, return_indices=True)
        same = int((words[here] == others[there]).sum())
        if same:
            found.append({"systems": [one, other], "same": same, "n": len(shared)})
    return sorted(found, key=lambda pair: (-pair["same"] / pair["n"], pair["systems"]))


def _stock_answers(by_system: Mapping[str, Sequence[Output]]) -> dict[str, dict[str, Any]]:
    found = {}
    for system, own in by_system.items():
        texts = [output.text for output in own if output.text is not None and not (output.text.isspace() or output.text == "")]
        if texts:
            counts = Counter(texts)
            count = max(counts.values())
            if count > 1:
                text = max(said for said, often in counts.items() if often == count)
                found[system] = {"text": text, "count": count, "n": len(texts)}
    return found


def _rated_differently(data: JudgmentSet, texts: Counter[tuple[str, str]]) -> dict[str, dict[str, float]]:
    """Criterion → pairs of equal outputs of an item that one rater rated, in how many the ratings differ, and by how much.

    `apart`: the mean distance of the two ratings; labels that differ are 1 apart.
    """
    if texts.total() == len(texts):
        return {}
    often = {said for said, count in texts.items() if count > 1}
    repeated = {output.id: output for output in data.outputs if (output.example_id, output.text) in often}
    groups: dict[tuple[str, str, str, str], list[Any]] = {}
    for judgment in data.judgments:
        output = repeated.get(judgment.output_id)
        if output is not None and judgment.span is None and judgment.value is not None:
            key = (judgment.criterion, judgment.rater, output.example_id, output.text or "")
            groups.setdefault(key, []).append(judgment.value)
    distances: dict[str, list[float]] = {}
    for (criterion, *_), values in groups.items():
        distances.setdefault(criterion, []).extend(_distance(one, other) for one, other in combinations(values, 2))
    return {
        criterion: {"pairs": len(apart), "different": sum(map(bool, apart)), "apart": sum(apart) / len(apart)}
        for criterion, apart in sorted(distances.items())
        if apart
    }


def _distance(one: float | str, other: float | str) -> float:
    if isinstance(one, str) or isinstance(other, str):
        return float(one != other)
    return abs(one - other)
