"""What the frozen cases of the statistics are drawn with: texts that mean nothing, ratings and scores of a quality."""

import random
from typing import Any

WORDS = [
    "en",
    "röd",
    "häst",
    "går",
    "över",
    "ängen",
    "medan",
    "solen",
    "sjunker",
    "bakom",
    "skogen",
    "och",
    "barnen",
    "ropar",
    "på",
    "varandra",
    "i",
    "den",
    "långa",
    "skymningen",
]
ENGLISH = [
    "a",
    "red",
    "horse",
    "walks",
    "across",
    "the",
    "meadow",
    "while",
    "the",
    "sun",
    "sinks",
    "behind",
    "the",
    "woods",
    "and",
    "children",
    "call",
    "each",
    "other",
    "at",
    "dusk",
]
FEW = {"resamples": 100, "draws": 50, "random_draws": 3}
ACCURACIES = ["accuracy", "accuracy_heldout", "above_floor", "accuracy_difference"]
KEPT = [*ACCURACIES, "floor", "kendall_b", "pearson", "system_pairwise_accuracy", "soft_pairwise_accuracy"]
CORRELATIONS = ["kendall_b", "spearman", "pearson", "accuracy"]
TIED = ["accuracy", "tie_floor"]
Item = dict[str, Any]


def text(chance: random.Random, words: int, language: str = "sv") -> str:
    """So many words."""
    return " ".join(chance.choice(WORDS if language == "sv" else ENGLISH) for _ in range(words))


def rating(quality: float, chance: random.Random, low: int = 1, high: int = 5, noise: float = 0.18) -> int:
    """A rating of a quality between 0 and 1, with a rater's noise."""
    return min(high, max(low, round(low + (high - low) * (quality + chance.gauss(0, noise)))))


def noisy(quality: float, chance: random.Random, noise: float, digits: int = 4) -> float:
    """A score of a quality."""
    return round(quality + chance.gauss(0, noise), digits)
