"""Clusters that say the same under other ids: how many different ones people's word on a slice rests on.

A copy brings nothing new, yet is resampled and held out like any other cluster: intervals come out too short, and the tie
threshold of an item is chosen on its own copy.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from harness.judgments import JudgmentSet
from harness.meta.slices import slices
from harness.records import Example, Output, TextPart


def different_clusters(data: JudgmentSet, dimensions: Sequence[str]) -> dict[tuple[str, str], int]:
    """(criterion, slice) → clusters that differ in content, where some are copies of others; empty where all differ.

    An item's content is its messages, choices, source and references and the rated answers to it, whoever gave them; spacing
    does not count. Items of which only the answers are known count as different, since equal answers may be to other questions.
    A cluster's content is that of its items, each once. An output that is missing (neither a text nor log-likelihoods) is no
    answer, and equal to none: no metric scores it. A blank text is an answer, and equal to another blank one. Items with under
    two rated answers are left out: nothing rests on them.
    """
    examples = {example.id: example for example in data.examples}
    asked = {example.id: _asked(example) for example in data.examples}
    if len(set(asked.values())) == len(asked):  # nearly always, and then there is nothing to go through
        return {}
    rated = _rated(data)
    found = {}
    for part in slices(data, dimensions):
        inside = {output.id for output, chosen in zip(data.outputs, part.outputs, strict=True) if chosen}
        for criterion, outputs in rated.items():
            kept = [output for output in outputs if output.id in inside]
            contents = _contents(kept, examples, asked)
            different = len(set(contents.values()))
            if different < len(contents):
                found[criterion, part.label] = different
    return found


def has_copies(examples: Sequence[Example]) -> bool:
    """Whether any two of them ask the same, so that `different_clusters` has something to count."""
    return len({_asked(example) for example in examples}) < len(examples)


def _rated(data: JudgmentSet) -> dict[str, list[Output]]:
    """Criterion → the outputs that people rated, or chose between."""
    found: dict[str, set[str]] = {}
    for judgment in data.judgments:
        if judgment.value is not None:
            found.setdefault(judgment.criterion, set()).add(judgment.output_id)
    for preference in data.preferences:
        if preference.winner is not None:
            found.setdefault(preference.criterion, set()).update((preference.output_a, preference.output_b))
    return {criterion: [output for output in data.outputs if output.id in ids] for criterion, ids in found.items()}


def _contents(
    outputs: Sequence[Output], examples: Mapping[str, Example], asked: Mapping[str, Hashable]
) -> dict[str, frozenset[Hashable]]:
    """Cluster → its content, of the outputs given."""
    answers: dict[str, list[tuple[Any, ...]]] = {}
    for output in outputs:
        answer = _answer(output)
        if answer is not None:
            answers.setdefault(output.example_id, []).append(answer)
    clusters: dict[str, set[Hashable]] = {}
    for item, said in answers.items():
        if len(said) > 1:
            clusters.setdefault(examples[item].cluster, set()).add((asked[item], tuple(sorted(said))))
    return {cluster: frozenset(items) for cluster, items in clusters.items()}


def _answer(output: Output) -> tuple[Any, ...] | None:
    """What the output says, of a kind that can be sorted; None where it is missing."""
    if output.text is not None:
        return "text", _plain(output.text)
    if output.loglik is not None:
        return "loglik", tuple((choice.sum, choice.tokens, choice.characters) for choice in output.loglik)
    return None


def _asked(example: Example) -> Hashable:
    """What a system was asked, and the references; the example's own id where none of it is known."""
    messages = tuple(
        (message.role, tuple(_plain(part.text) if isinstance(part, TextPart) else part for part in message.parts))
        for message in example.messages
    )
    source = None if example.source is None else _plain(example.source)
    known = (messages, example.choices, source, tuple(map(_plain, example.references)))
    return known if any(known) else example.id


def _plain(text: str) -> str:
    return " ".join(text.split())
