"""Portraits of invented people: facts drawn by a seed, and texts that say them, the same way or in other words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness_plugins.datasets.planted import words
from harness_plugins.datasets.planted.words import RELATIONS


@dataclass(frozen=True)
class Portrait:
    """A person and what is said of them: `facts` (relation's place in RELATIONS, value), in the order in which they are told;
    `ways`: which of the relation's sentences says each."""

    who: str
    facts: tuple[tuple[int, str], ...]
    ways: tuple[int, ...]

    @property
    def text(self) -> str:
        """The portrait, a sentence a fact."""
        said = zip(self.facts, self.ways, strict=True)
        return " ".join(_capital(RELATIONS[at].ways[way].format(who=self.who, value=value)) for (at, value), way in said)

    def questions(self) -> list[tuple[str, str]]:
        """A question and its short answer for each fact."""
        return [(RELATIONS[at].question.format(who=self.who), value) for at, value in self.facts]


def drawn(generator: np.random.Generator, facts: int) -> Portrait:
    """A portrait of so many facts, all of different relations, in a random order."""
    order = generator.permutation(len(RELATIONS))[:facts].tolist()
    who = _person(generator)
    return Portrait(who, tuple((at, _value(at, generator)) for at in order), _ways(generator, order))


def near_duplicate(portrait: Portrait, generator: np.random.Generator, changed: float) -> Portrait:
    """The same sentences in the same order, a share of the facts with other values (at least one where the share is not 0)."""
    count = round(changed * len(portrait.facts))
    count = max(count, 1) if changed > 0 else 0
    places = set(generator.permutation(len(portrait.facts))[:count].tolist())
    facts = tuple(
        (at, _other(at, value, generator)) if place in places else (at, value) for place, (at, value) in enumerate(portrait.facts)
    )
    return Portrait(portrait.who, facts, portrait.ways)


def paraphrase(portrait: Portrait, generator: np.random.Generator, *, shuffled: bool = False) -> Portrait:
    """The same facts, every one said in another way; `shuffled`: in another order as well."""
    ways = tuple(
        (way + int(generator.integers(1, len(RELATIONS[at].ways)))) % len(RELATIONS[at].ways)
        for (at, _), way in zip(portrait.facts, portrait.ways, strict=True)
    )
    order = generator.permutation(len(ways)).tolist() if shuffled else list(range(len(ways)))
    return Portrait(portrait.who, tuple(portrait.facts[place] for place in order), tuple(ways[place] for place in order))


def questions_text(asked: Sequence[tuple[str, str]]) -> str:
    """Questions with their answers as a document; each pair is `question_text` and the answer."""
    return " ".join(f"{question_text(question)} {answer}." for question, answer in asked)


def question_text(question: str) -> str:
    """What stands before an answer."""
    return f"Fråga: {question} Svar:"


def word_overlap(text: str, other: str) -> float:
    """The share of the text's words, one by one, that occur in the other."""
    known = set(other.split())
    found = text.split()
    return sum(word in known for word in found) / len(found) if found else 0.0


def _ways(generator: np.random.Generator, order: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(generator.integers(len(RELATIONS[at].ways))) for at in order)


def _value(at: int, generator: np.random.Generator) -> str:
    relation = RELATIONS[at]
    if relation.values is not None:
        return relation.values[int(generator.integers(len(relation.values)))]
    if relation.name == "year":
        return str(int(generator.integers(1900, 2030)))
    return _person(generator) if relation.name == "friend" else _drawn(generator, words.TOWN_STARTS, words.TOWN_ENDS)


def _other(at: int, value: str, generator: np.random.Generator) -> str:
    while (found := _value(at, generator)) == value:
        pass
    return found


def _person(generator: np.random.Generator) -> str:
    first = words.FIRST_NAMES[int(generator.integers(len(words.FIRST_NAMES)))]
    return f"{first} {_drawn(generator, words.SURNAME_STARTS, words.SURNAME_ENDS)}"


def _drawn(generator: np.random.Generator, starts: Sequence[str], ends: Sequence[str]) -> str:
    return starts[int(generator.integers(len(starts)))] + ends[int(generator.integers(len(ends)))]


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
