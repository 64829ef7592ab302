"""Examples as tokens with labels: the loss is on the answer and its end token only, and nothing is cut off silently."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.records import Example
from harness_plugins.generators.styles import Style, prompt_of
from harness_plugins.judges.local_prompts import Prompts

IGNORED = -100  # the label of a token on which there is no loss (PyTorch's cross_entropy)


@dataclass(frozen=True)
class Row:
    """One example's tokens; those from `answer` on are learned. `id`: the example's."""

    id: str
    tokens: tuple[int, ...]
    answer: int

    @property
    def learned(self) -> int:
        """Tokens with a loss."""
        return len(self.tokens) - self.answer


@dataclass
class Tokenised:
    """Sequences to learn, and by id what could not be learned as it is.

    `cut`: answers that lost their end; `dropped`: examples of which nothing of the answer fits; `empty`: those without an answer.
    """

    sequences: list[Row] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def facts(self, most: int = 20) -> dict[str, Any]:
        """Counts, and the first ids of each kind, for the manifest."""
        kinds = {"answers_cut": self.cut, "answers_wholly_cut_off": self.dropped, "without_answer": self.empty}
        named = {f"{kind}_ids": ids[:most] for kind, ids in kinds.items() if ids}
        return {"sequences": len(self.sequences), **{kind: len(ids) for kind, ids in kinds.items()}, **named}


def tokenise(examples: Iterable[Example], prompts: Prompts, style: Style, longest: int) -> Tokenised:
    """Prompt, answer (the first reference) and the end token of each example, at most `longest` tokens.

    What is too long loses the end of its answer; the prompt is never cut, since an answer to half a prompt teaches to invent.
    """
    found = Tokenised()
    end = prompts.end
    for example in examples:
        answer = example.references[0] if example.references else ""
        if not answer.strip():
            found.empty.append(example.id)
            continue
        text = prompt_of(example, style, prompts)
        before = prompts.tokens(text)
        after = [*prompts.choice_tokens(text, (answer,))[0], *([] if end is None else [end])]
        if len(before) >= longest:
            found.dropped.append(example.id)
            continue
        if len(before) + len(after) > longest:
            found.cut.append(example.id)
        found.sequences.append(Row(example.id, tuple([*before, *after][:longest]), len(before)))
    return found


def padded(sequences: Sequence[Row]) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """(tokens, mask, labels), each (sequences, longest), padded on the right."""
    width = max(len(one.tokens) for one in sequences)
    tokens = [[*one.tokens, *[0] * (width - len(one.tokens))] for one in sequences]
    mask = [[1] * len(one.tokens) + [0] * (width - len(one.tokens)) for one in sequences]
    labels = [_labels(one) + [IGNORED] * (width - len(one.tokens)) for one in sequences]
    return tokens, mask, labels


def packed(sequences: Sequence[Row]) -> tuple[list[int], list[int], list[int], list[int]]:
    """(tokens, places, labels, lengths) of the sequences one after the other; places start anew with each."""
    tokens = [token for one in sequences for token in one.tokens]
    places = [place for one in sequences for place in range(len(one.tokens))]
    labels = [label for one in sequences for label in _labels(one)]
    return tokens, places, labels, [len(one.tokens) for one in sequences]


def bins(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Indices in bins of at most `size` tokens, best fit decreasing; a longer one stands alone."""
    import bisect

    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    rooms: list[tuple[int, int]] = []  # (room left, bin), sorted
    found: list[list[int]] = []
    for index in order:
        at = bisect.bisect_left(rooms, (lengths[index], -1))
        if at == len(rooms):
            found.append([index])
            room, number = max(0, size - lengths[index]), len(found) - 1
        else:
            room, number = rooms.pop(at)
            found[number].append(index)
            room -= lengths[index]
        bisect.insort(rooms, (room, number))
    return found


def micro_batches(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Indices in batches of like lengths, of at most `tokens` tokens with padding."""
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    found: list[list[int]] = []
    for index in order:
        if found and lengths[found[-1][0]] * (len(found[-1]) + 1) <= tokens:
            found[-1].append(index)
        else:
            found.append([index])
    return found


def _labels(one: Row) -> list[int]:
    return [IGNORED] * one.answer + list(one.tokens[one.answer :])
