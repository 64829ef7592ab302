"""What stands there more than once: items, outputs, answers of different systems, answers that are the reference."""

from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np

from harness.judgments import JudgmentSet


def describe_repeats(data: JudgmentSet) -> dict[str, Any]:
    """Counts of repeats, each with what it is out of.

    `equal_to_reference`: system → outputs equal to a reference; `same_text`: two systems → items on which both say the same;
    `stock_answers`: system → its most frequent text over items; `rated_differently`: criterion → pairs of the same text, item
    and rater, and those of them with another rating.
    """
    return {
        "duplicate_items": _surplus(
            (example.instruction, example.source, example.language, example.references)
            for example in data.examples
            if example.instruction or example.source or example.references
        ),
        "duplicate_outputs": _surplus((output.example_id, output.text) for output in data.outputs if output.text is not None),
        "without_reference": sum(not example.references for example in data.examples),
        "equal_to_reference": _equal_to_reference(data),
        "same_text": _same_text(data),
        "stock_answers": _stock_answers(data),
        "rated_differently": _rated_differently(data),
    }


def _surplus(values: Iterable[Any]) -> int:
    """How many values repeat an earlier one."""
    return sum(count - 1 for count in Counter(values).values())


def _equal_to_reference(data: JudgmentSet) -> dict[str, dict[str, int]]:
    references = {example.id: set(example.references) for example in data.examples if example.references}
    found = {}
    for system in data.systems:
        texts = [(o.text, references[o.example_id]) for o in data.outputs if o.system == system and o.example_id in references]
        if texts:
            found[system] = {"equal": sum(text in wanted for text, wanted in texts), "n": len(texts)}
    return found


def _same_text(data: JudgmentSet) -> list[dict[str, Any]]:
    """Pairs of systems that say the same on an item both answered, most alike first."""
    items = {example.id: place for place, example in enumerate(data.examples)}
    known: dict[str, int] = {}
    said: dict[str, dict[int, int]] = {}  # system → item → which text
    for output in data.outputs:
        if output.text is not None and output.sample == 0:
            said.setdefault(output.system, {})[items[output.example_id]] = known.setdefault(output.text, len(known))
    arrays = {system: (np.array(list(own)), np.array(list(own.values()))) for system, own in sorted(said.items())}
    found = []
    for (one, (left, words)), (other, (right, others)) in combinations(arrays.items(), 2):
        shared, here, there = np.intersect1d(left, right, assume_unique=True, return_indices=True)
        same = int((words[here] == others[there]).sum())
        if same:
            found.append({"systems": [one, other], "same": same, "n": len(shared)})
    return sorted(found, key=lambda pair: (-pair["same"] / pair["n"], pair["systems"]))


def _stock_answers(data: JudgmentSet) -> dict[str, dict[str, Any]]:
    found = {}
    for system in data.systems:
        texts = [
            output.text for output in data.outputs if output.system == system and output.text is not None and output.text.strip()
        ]
        if texts:
            text, count = max(Counter(texts).items(), key=lambda said: (said[1], said[0]))
            if count > 1:
                found[system] = {"text": text, "count": count, "n": len(texts)}
    return found


def _rated_differently(data: JudgmentSet) -> dict[str, dict[str, float]]:
    """Criterion → pairs of equal outputs of an item that one rater rated, in how many the ratings differ, and by how much.

    `apart`: the mean distance of the two ratings; labels that differ are 1 apart.
    """
    texts: Counter[tuple[str, str | None]] = Counter(
        (output.example_id, output.text) for output in data.outputs if output.text is not None
    )
    repeated = {output.id: output for output in data.outputs if texts[output.example_id, output.text] > 1}
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
