"""Answers and references of a given length for benchmarks, made of Swedish sentences."""

import os
import random
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from harness import Example, Output, Unit

Pair = tuple[str, str]  # answer, reference


def swedish_words() -> list[str]:
    """The running words of NTREX's Swedish sentences where `HARNESS_DATA` has them, else those of the shipped contrast set."""
    path = Path(os.environ.get("HARNESS_DATA", "")) / "ntrex-nordic" / "NTREX-128" / "newstest2019-ref.swe.txt"
    if os.environ.get("HARNESS_DATA") and path.is_file():
        return path.read_text(encoding="utf-8").split()
    from harness.plugins import load_plugins
    from harness.stages.evaluate import KIND

    registry = load_plugins(strict=False)
    source = registry.build(KIND, registry.parse(KIND, "contrast-sv"))
    return [word for record in source.read() if isinstance(record, Output) for word in (record.text or "").split()]


def pairs(count: int, words: int, systems: int, seed: int = 1) -> list[Pair]:
    """Pairs around `words` words long; `systems` answers in a row share a reference.

    An answer is its reference with 15 % of the words left out and about as many from elsewhere put in.
    """
    rng = random.Random(seed)
    text = swedish_words()
    made: list[Pair] = []
    while len(made) < count:
        start = rng.randrange(len(text) - words)
        reference = text[start : start + words]
        for _ in range(min(systems, count - len(made))):
            answer = [word for word in reference if rng.random() > 0.15]
            for _ in range(max(1, words // 8)):
                answer.insert(rng.randrange(len(answer) + 1), rng.choice(text))
            made.append((" ".join(answer), " ".join(reference)))
    return made


def ascii_pairs(swedish: Sequence[Pair]) -> list[Pair]:
    """The pairs without what is not ASCII: å and ä are a, ö is o."""
    return [(_ascii(answer), _ascii(reference)) for answer, reference in swedish]


def units(made: Sequence[Pair]) -> list[Unit]:
    """The pairs as a metric gets them."""
    listed = []
    for number, (answer, reference) in enumerate(made):
        example = Example.from_instruction(f"b/{number}", "Skriv om.", [reference], language="sv")
        listed.append(Unit(example, (Output(id=f"b/{number}/a", example_id=example.id, system="a", text=answer),)))
    return listed


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
