"""Frozen cases of odd shapes: nothing to tell apart, one cluster, too many pairs, weights without a common multiple."""

import random
from typing import Any

from gate_cases_drawing import ACCURACIES, FEW, KEPT, Item, noisy, rating, text


def degenerate(chance: random.Random) -> list[Item]:
    """Where a denominator is 0: people tie everything, a metric says one thing, a group has one output, there is one cluster."""
    head = {
        "about": "Criteria on which everybody ties everything, a constant metric, a perfect and a reversed one, groups "
        "in which one side is constant, a metric that scored two outputs, items with one output; also all in "
        "one cluster.",
        "scales": {"tied": [1, 3, "up"], "order": [1, 3, "up"]},
        "metrics": [{"name": "flat"}, {"name": "perfect"}, {"name": "reversed"}, {"name": "rare"}],
        "options": {**FEW, "slices": []},
        "runs": {
            "defaults": {"also": ["advice"]},
            "system-percentile": {
                "options": {"criteria": ["order"], "groupings": ["system"], "system_interval": "percentile", "test": "score-swap"}
            },
            "large": {"large": True, "options": {"criteria": ["order"], "groupings": ["none", "item"], "gap_tolerance": 0.1}},
            "empty-slices": {
                "options": {"criteria": ["order"], "groupings": ["item"], "slices": ["form", "language", "meta:none"]},
                "statistics": ["accuracy", "accuracy_difference"],
            },
        },
    }
    items = []
    for number in range(12):
        systems = ("k", "l", "m")[: 1 if number == 5 else 3]
        outputs = []
        for place, system in enumerate(systems):
            order = 2 if number in (2, 9) else 1 + (place + number) % 3
            scores: dict[str, Any] = {"flat": 0.5, "perfect": float(order), "reversed": -order + 0.25 * (number % 2)}
            if number == 4 and place < 2:
                scores["rare"] = float(place)
            outputs.append(
                {
                    "system": system,
                    "text": text(chance, 3),
                    "ratings": {"tied": {"e": 2}, "order": {"e": order, "g": order if number % 4 else 4 - order}},
                    "scores": scores,
                }
            )
        items.append({"item": f"d{number:02}", "cluster": f"d-{number % 4}", "references": [text(chance, 3)], "outputs": outputs})
    return [head, *items]


def one_cluster(chance: random.Random) -> list[Item]:
    """Everything in one cluster: nothing can be held out or resampled."""
    head = {
        "about": "One document: all items in one cluster, so that nothing can be held out, and no resample differs.",
        "scales": {"fit": [1, 4, "up"]},
        "metrics": [{"name": "one"}, {"name": "two"}],
        "options": {**FEW, "slices": []},
        "runs": {"defaults": {"also": ["advice", "plans"]}},
    }
    items = []
    for number in range(5):
        outputs = [
            {
                "system": system,
                "text": text(chance, 4),
                "ratings": {"fit": {"h": chance.randint(1, 4), "i": chance.randint(1, 4)}},
                "scores": {"one": round(chance.random(), 3), "two": round(chance.random(), 1)},
            }
            for system in ("s", "t", "u", "v")
        ]
        items.append({"item": f"o{number}", "cluster": "the document", "references": [text(chance, 4)], "outputs": outputs})
    return [head, *items]


def large(chance: random.Random) -> list[Item]:
    """What is too large for its pairs to be made, in small: few levels of ratings, scores on a grid."""
    head = {
        "about": "More pairs than max_pairs, so that epsilons are found by bounds and the random sentinel is worked "
        "out, not drawn; two human levels, two folds, scores on a grid of eighths, missing scores.",
        "scales": {"good": [0, 1, "up"]},
        "metrics": [{"name": "grid"}, {"name": "gaps"}],
        "options": {**FEW, "slices": [], "folds": 2, "max_pairs": 100},
        "runs": {
            "approximate": {"options": {"groupings": ["none"]}, "without": ["epsilon"]},
            "approximate-systems": {"options": {"groupings": ["system"]}, "without": ["epsilon"], "statistics": ACCURACIES},
            "exact": {"large": True, "options": {"groupings": ["none"], "max_pairs": 100000, "folds": 5}},
        },
    }
    items = []
    for number in range(24):
        outputs = []
        for system, ability in (("x", 0.8), ("y", 0.3)):
            quality = min(1.0, max(0.0, ability + chance.gauss(0, 0.3)))
            outputs.append(
                {
                    "system": system,
                    "text": text(chance, 3 + number % 4),
                    "ratings": {"good": {"k": int(quality > 0.5)}},
                    "scores": {
                        "grid": round(8 * noisy(quality, chance, 0.3)) / 8,
                        "gaps": "empty" if number % 7 == 2 else round(8 * noisy(quality, chance, 0.6)) / 8,
                    },
                }
            )
        items.append({"item": f"l{number:02}", "cluster": f"l-{number // 2}" if number < 8 else None, "outputs": outputs})
    return [head, *items]


def unequal(chance: random.Random) -> list[Item]:
    """Items with so unlike numbers of outputs that the weights of their pairs have no small common multiple."""
    head = {
        "about": "Items of 11 to 41 outputs, so that the weights of their pairs fit no whole number, and fractions "
        "decide on epsilon.",
        "scales": {"fit": [1, 3, "up"]},
        "metrics": [{"name": "fine"}, {"name": "grid"}],
        "options": {**FEW, "groupings": ["item"], "slices": [], "folds": 3},
        "runs": {
            "defaults": {"statistics": ["accuracy", "accuracy_heldout", "accuracy_difference", "kendall_b"]},
            "pair-swap": {
                "options": {"test": "pair-swap", "gap_tolerance": 0.03},
                "statistics": ["accuracy", "accuracy_difference"],
            },
        },
    }
    items = []
    for number, size in enumerate((11, 13, 17, 19, 23, 29, 31, 37, 41)):
        outputs = []
        for place in range(size):
            quality = chance.random()
            scores = {"fine": noisy(quality, chance, 0.2, 3), "grid": round(noisy(quality, chance, 0.4), 1)}
            ratings = {"fit": {"o": rating(quality, chance, 1, 3, 0.1)}}
            outputs.append({"system": f"v{place:02}", "text": text(chance, 1), "ratings": ratings, "scores": scores})
        items.append({"item": f"u{number}", "outputs": outputs})
    return [head, *items]


def uneven_systems(chance: random.Random) -> list[Item]:
    """Systems with so unlike numbers of outputs that the weights of their pairs have no small common multiple."""
    head = {
        "about": "Systems of 11 to 41 outputs, so that the pairs of a system weigh fractions that fit no whole number.",
        "scales": {"fit": [1, 3, "up"]},
        "metrics": [{"name": "fine"}, {"name": "grid"}],
        "options": {**FEW, "groupings": ["system"], "slices": [], "folds": 3},
        "runs": {"defaults": {"statistics": ["accuracy", "accuracy_heldout", "accuracy_difference", "above_floor"]}},
    }
    items = []
    for number in range(41):
        outputs = []
        for place, size in enumerate((11, 13, 17, 19, 23, 29, 31, 37, 41)):
            if number < size:
                quality = chance.random()
                scores = {"fine": noisy(quality, chance, 0.2, 3), "grid": round(noisy(quality, chance, 0.4), 1)}
                ratings = {"fit": {"o": rating(quality, chance, 1, 3, 0.1)}}
                outputs.append({"system": f"v{place}", "text": text(chance, 1), "ratings": ratings, "scores": scores})
        items.append({"item": f"u{number:02}", "outputs": outputs})
    return [head, *items]


def many(chance: random.Random) -> list[Item]:
    """Over two thousand outputs out of a few, so that what is done in bins, blocks and searches is done."""
    head = {
        "about": "Twelve items, each there 60 times with scores that are moved a little: over 2,000 outputs, so that "
        "gaps fall into bins, epsilons are searched for without making pairs, and copies are counted.",
        "repeat": 60,
        "scales": {"fit": [1, 3, "up"]},
        "metrics": [{"name": "fine"}, {"name": "holes"}],
        "options": {**FEW, "resamples": 40, "random_draws": 2, "slices": []},
        "runs": {
            "items": {"options": {"groupings": ["item"]}, "statistics": KEPT, "also": ["advice"]},
            "large-exact": {"large": True, "options": {"groupings": ["none"]}, "statistics": KEPT},
        },
    }
    items = []
    for number in range(12):
        outputs = []
        for system, ability in (("x", 0.7), ("y", 0.5), ("z", 0.3)):
            quality = min(1.0, max(0.0, ability + chance.gauss(0, 0.25)))
            scores = {
                "fine": noisy(quality, chance, 0.2, 3),
                "holes": "error" if number % 5 == 2 else noisy(quality, chance, 0.5, 3),
            }
            ratings = {"fit": {"n": rating(quality, chance, 1, 3, 0.1)}}
            outputs.append({"system": system, "text": text(chance, 2), "ratings": ratings, "scores": scores})
        items.append({"item": f"n{number:02}", "references": [text(chance, 3)], "outputs": outputs})
    return [head, *items]
