"""The score of a pair of instruction and native text: a weighted sum of named parts, each in [0, 1] by a function of its own.

    total = (w_q · quality + w_r · relevance + w_n · naturalness + w_d · diversity) / (w_q + w_r + w_n + w_d)

The formula is ours: Indurthi et al. (Findings of EMNLP 2024, arXiv 2407.01853) score quality and diversity of such pairs, and do
not publish how. `quality` is a weighted mean of `length`, `repetition` and `rating`, `naturalness` of that of the instruction
and that of the response. What is missing (no rating was had, a text too short for its naturalness to be told) is None, and the
weights of what is there are made to sum to 1 again: no value stands in for it.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARTS = ("quality", "relevance", "naturalness", "diversity")
WITHIN: Mapping[str, tuple[str, ...]] = {
    "quality": ("length", "repetition", "rating"),
    "naturalness": ("naturalness_instruction", "naturalness_response"),
}
# Fitted by `benchmarks/natural_scores.py --calibrate`: see `relevance`.
MIDDLE, STEEPNESS = 0.837, 84.0
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class Window:
    """Numbers of words between which a text has the full value of `length`."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.high:
            raise ValueError(f"a window of words is [low, high] with 1 <= low <= high, got [{self.low}, {self.high}]")


@dataclass(frozen=True)
class Weights:
    """How much each part counts, and within two of them each of theirs; only ratios matter. 0 leaves a part out."""

    parts: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 1.0))
    within: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: {part: dict.fromkeys(names, 1.0) for part, names in WITHIN.items()}
    )


def length(instruction: str, response: str, instruction_window: Window, response_window: Window) -> float:
    """1 where both lie in their windows of words; below, the share of `low` that is there, above, `high` over what is there; the
    worse of the two."""
    return min(_in_window(instruction, instruction_window), _in_window(response, response_window))


def repetition(instruction: str, response: str) -> float:
    """1 less the share of words that repeat the word before them, or end a run of three that was there before; the worse of the
    two texts."""
    return min(_unrepeated(instruction), _unrepeated(response))


def rating(value: float | None) -> float | None:
    """A judge's rating from 1 to 5 as a number from 0 to 1; None where there is none."""
    return None if value is None else min(1.0, max(0.0, (value - 1) / 4))


def relevance(cosine: float) -> float:
    """How surely instruction and response belong together, by the cosine of their embeddings: a logistic curve.

    The encoder's cosines lie close together (multilingual-e5 was trained at a temperature of .01), so that the curve, not the
    cosine, is what can be added to other parts. It is fitted on questions of the Swedish `zaragoza-construction-faq` with their
    own answers against those with the answer of another question, equally many: at `MIDDLE` both are equally likely.
    """
    return 1 / (1 + math.exp(-STEEPNESS * (cosine - MIDDLE)))


def combined(values: Mapping[str, float | None], weights: Mapping[str, float]) -> float | None:
    """The weighted mean of the values that are there; None where none with a weight is."""
    there = [(weight, values.get(name)) for name, weight in weights.items() if weight > 0]
    known = [(weight, value) for weight, value in there if value is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * value for weight, value in known) / total if known else None


def with_parts(values: Mapping[str, float | None], weights: Weights) -> dict[str, float | None]:
    """The values with `quality` and `naturalness` made of theirs."""
    made = {part: combined(values, weights.within[part]) for part in WITHIN}
    return {**values, **made}


def before_diversity(values: Mapping[str, float | None], weights: Weights) -> float | None:
    """The weighted mean of all parts but diversity, which depends on what else is chosen; None where none is there."""
    return combined(values, {part: weight for part, weight in weights.parts.items() if part != "diversity"})


def total(before: float, diversity: float, weights: Weights) -> float:
    """The sum: what was there before diversity keeps the weight of all its parts, whichever of them were missing."""
    rest = sum(weight for part, weight in weights.parts.items() if part != "diversity")
    return (rest * before + weights.parts["diversity"] * diversity) / (rest + weights.parts["diversity"])


def read_weights(weights: Any = None, within: Any = None) -> Weights:
    """The weights that a config gives, the others as they are by default; ValueError for what cannot be meant."""
    parts = _checked("weights", dict.fromkeys(PARTS, 1.0), weights)
    if within is not None and not isinstance(within, Mapping):
        raise ValueError(f"within is weights by part ({', '.join(WITHIN)}), got {within!r:.80}")
    unknown = set(within or {}) - set(WITHIN)
    if unknown:
        raise ValueError(f"within has the parts {', '.join(WITHIN)}, got {', '.join(map(str, sorted(unknown, key=str)))}")
    inner = {
        part: _checked(f"within.{part}", dict.fromkeys(names, 1.0), (within or {}).get(part)) for part, names in WITHIN.items()
    }
    return Weights(parts, inner)


def _checked(where: str, default: dict[str, float], given: Any) -> dict[str, float]:
    if given is None:
        return default
    if not isinstance(given, Mapping):
        raise ValueError(f"{where} is numbers by name ({', '.join(default)}), got {given!r:.80}")
    for name, value in given.items():
        if name not in default:
            raise ValueError(f"{where} has the names {', '.join(default)}, got {name!r}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise ValueError(f"{where}: the weight of {name} is a number from 0, got {value!r:.80}")
    found = {**default, **{str(name): float(value) for name, value in given.items()}}
    if not any(found.values()):
        raise ValueError(f"{where}: one of the weights must be above 0")
    return found


def _in_window(text: str, window: Window) -> float:
    words = len(_WORDS.findall(text))
    if words < window.low:
        return words / window.low
    return window.high / words if words > window.high else 1.0


def _unrepeated(text: str) -> float:
    words = _WORDS.findall(text.casefold())
    if not words:
        return 0.0
    seen: set[tuple[str, ...]] = set()
    repeated = 0
    for place, word in enumerate(words):
        run = tuple(words[max(0, place - 2) : place + 1])
        if (place and word == words[place - 1]) or (len(run) == 3 and run in seen):
            repeated += 1
        seen.add(run)
    return 1 - repeated / len(words)
