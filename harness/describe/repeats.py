"""What stands there more than once: items, outputs, answers of different systems, answers that are the reference."""

from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import Any

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
    texts: dict[str, dict[str, str]] = {}
    for output in data.outputs:
        if output.text is not None and output.sample == 0:
            texts.setdefault(output.system, {})[output.example_id] = output.text
    found = []
    for one, other in combinations(sorted(texts), 2):
        both = texts[one].keys() & texts[other].keys()
        same = sum(texts[one][item] == texts[other][item] for item in both)
        if same:
            found.append({"systems": [one, other], "same": same, "n": len(both)})
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
    outputs = {output.id: output for output in data.outputs}
    groups: dict[tuple[str, str, str, str], list[Any]] = {}
    for judgment in data.judgments:
        output = outputs[judgment.output_id]
        if judgment.span is None and judgment.value is not None and output.text is not None:
            key = (judgment.criterion, judgment.rater, output.example_id, output.text)
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
