"""Frozen cases of ratings: unequal items, many raters, references among the systems, slices."""

import random
from typing import Any

from gate_cases_drawing import ACCURACIES, CORRELATIONS, FEW, KEPT, TIED, Item, noisy, rating, text


def mixed(chance: random.Random) -> list[Item]:
    """Two languages, clusters of several items, one to six outputs an item, three raters, missing scores and ratings."""
    head = {
        "about": "Unequal numbers of outputs, clusters of several items, three raters with gaps, a downward scale, "
        "missing scores, few and many different scores, a metric where less is better, components, two "
        "languages that say the same.",
        "info": {"primary_rater": "anna", "criteria": ["quality", "errors"], "system_sets": {"small": ["a", "b", "c"]}},
        "scales": {"quality": [1, 5, "up"], "errors": [0, 4, "down"]},
        "metrics": [
            {"name": "sharp", "components": ["f1", "precision", "recall"], "needs": ["reference"]},
            {"name": "coarse"},
            {"name": "shy"},
            {"name": "distance", "higher_is_better": False},
        ],
        "options": {**FEW, "criteria": ["quality"], "slices": []},
        "runs": {
            "defaults": {"also": ["advice", "board"]},
            "downward": {"options": {"criteria": ["errors"], "groupings": ["item"]}},
            "snapped-gaps": {"options": {"groupings": ["item", "none"], "gap_tolerance": 0.05}, "statistics": ACCURACIES},
            "mean-of-raters": {"options": {"groupings": ["item"], "raters": "mean"}, "statistics": CORRELATIONS},
            "median-of-raters": {"options": {"groupings": ["item"], "raters": "median"}, "statistics": TIED},
            "majority-of-raters": {"options": {"groupings": ["none"], "raters": "majority"}, "statistics": TIED},
            "each-rater": {"options": {"groupings": ["system"], "raters": "each"}, "statistics": TIED},
            "pair-swap": {"options": {"groupings": ["item"], "test": "pair-swap"}, "statistics": ["accuracy_difference"]},
            "bootstrap-test": {"options": {"groupings": ["item"], "test": "bootstrap"}, "statistics": ["accuracy_difference"]},
            "percentile": {"options": {"groupings": ["item"], "system_interval": "percentile", "heldout_interval": "fixed",
                                       "level": 0.8, "alpha": 0.2},
                           "statistics": ["accuracy", "accuracy_heldout", "above_floor", "system_pairwise_accuracy"]},
            "three-folds": {"options": {"groupings": ["item", "system"], "folds": 3, "seed": 7}, "statistics": ACCURACIES},
            "large-exact": {"large": True, "options": {"groupings": ["item", "system", "none"]}},
        },
    }  # fmt: skip
    systems, items = "abcdef", []
    ability = dict(zip(systems, (0.75, 0.6, 0.6, 0.45, 0.35, 0.55), strict=True))
    for number in range(26):
        parallel, language = number // 2, ("sv", "en")[number % 2]
        length = (3, 12, 40, 90)[parallel % 4]
        easy = chance.gauss(0, 0.15)
        chosen = list(systems)[: 1 + (number * 5) % 6] if number % 7 else list(systems)
        outputs = []
        for place, system in enumerate(chosen):
            quality = min(1.0, max(0.0, ability[system] + easy + chance.gauss(0, 0.15)))
            ratings: dict[str, dict[str, Any]] = {
                "quality": {
                    rater: rating(quality, chance, noise=0.22 if rater == "bo" else 0.1) for rater in ("anna", "bo", "cia")
                }
            }
            if (number + place) % 9 == 4:
                ratings["quality"]["anna"] = None
            if (number + place) % 4 == 1:
                del ratings["quality"]["cia"]
            if number < 12:
                ratings["errors"] = {"anna": rating(1 - quality, chance, 0, 4), "bo": rating(1 - quality, chance, 0, 4, 0.3)}
            f1, precision, recall = (noisy(quality, chance, 0.12) for _ in range(3))
            scores: dict[str, Any] = {
                "sharp": [f1, precision, recall],
                "coarse": float(rating(quality, chance, 1, 4, 0.2)),
                "shy": "unparsed" if quality < 0.4 and (number + place) % 3 else round(noisy(quality, chance, 0.2), 1),
                "distance": round(10 * (1 - noisy(quality, chance, 0.3)), 1),
            }
            if (number + place) % 13 == 5:
                scores["sharp"] = [f1, None, recall]
            outputs.append(
                {
                    "system": system,
                    "text": text(chance, max(1, length + chance.randint(-2, 2)), language),
                    "ratings": ratings,
                    "scores": scores,
                }
            )
        items.append(
            {
                "item": f"m{number:02}",
                "language": language,
                "form": "short" if length < 20 else "long",
                "task": ("qa", "summary")[parallel % 3 == 0],
                "cluster": f"c{parallel // 2}" if number < 16 else None,
                "parallel": f"p{parallel}" if parallel % 5 else None,
                "references": [text(chance, length, language) for _ in range(1 + number % 2)],
                "outputs": outputs,
            }
        )
    return [head, *items]


def raters(chance: random.Random) -> list[Item]:
    """Enough items with several raters that the human level and the raters' share are known."""
    head = {
        "about": "Four raters (an even number) on 34 items, so that the human level, the plans' share of raters and "
        "every coefficient of agreement are known; two samples a system; a rating of a span and a label, "
        "which are no ratings of an output.",
        "scales": {"grade": [1, 3, "up"]},
        "metrics": [{"name": "near"}, {"name": "far"}],
        "options": {**FEW, "groupings": ["item"], "slices": []},
        "runs": {
            "defaults": {"also": ["plans", "report", "board"]},
            "majority": {"options": {"raters": "majority", "groupings": ["item", "system"]}, "also": ["plans"]},
            "global-median": {"options": {"raters": "median", "epsilon_scope": "global"}},
            "seed": {"options": {"seed": 11}},
            "score-swap": {"options": {"test": "score-swap", "alpha": 0.4, "draws": 150}, "statistics": ["accuracy_difference"]},
        },
    }
    items = []
    for number in range(34):
        outputs = []
        for system, ability in (("x", 0.7), ("y", 0.5), ("z", 0.35)):
            for sample in range(2 if number % 8 == 0 else 1):
                quality = min(1.0, max(0.0, ability + chance.gauss(0, 0.3)))
                said: dict[str, Any] = {name: rating(quality, chance, 1, 3, 0.25) for name in ("r1", "r2", "r3", "r4")}
                if number % 12 == 5:
                    said["r4"] = None
                output: Item = {
                    "system": system,
                    "sample": sample,
                    "text": text(chance, 4 + number % 5),
                    "ratings": {"grade": said},
                    "scores": {"near": noisy(quality, chance, 0.15), "far": noisy(quality, chance, 0.6)},
                }
                if number == 3:
                    output["spans"] = [["r1", "grade", 1, 0, 2]]
                if number == 4:
                    output["ratings"]["tone"] = {"r1": "formal"}
                outputs.append(output)
        items.append(
            {"item": f"r{number:02}", "form": "short", "task": "qa", "references": [text(chance, 5)], "outputs": outputs}
        )
    return [head, *items]


def references(chance: random.Random) -> list[Item]:
    """A system that is the reference, one that nobody knows, one that mostly equals the reference."""
    head = {
        "about": "A system that is the reference, outputs of unknown systems, a system that equals the reference on "
        "most items, a named set of systems; one rater; tied ratings.",
        "info": {
            "reference_systems": ["gold"],
            "unknown_systems": ["somebody"],
            "system_sets": {"machines": ["m1", "m2", "copy"]},
        },
        "scales": {"fit": [0, 2, "up"]},
        "metrics": [{"name": "with-reference", "needs": ["reference"]}, {"name": "without"}],
        "options": {**FEW, "slices": ["systems"]},
        "runs": {
            "defaults": {"also": ["report", "scoring"], "statistics": [*KEPT, "accuracy_raw"]},
            "all-known": {
                "info": {"reference_systems": [], "unknown_systems": []},
                "options": {"slices": []},
                "statistics": [*ACCURACIES, "system_pairwise_accuracy"],
            },
        },
    }
    items = []
    for number in range(20):
        reference = text(chance, 5)
        outputs = []
        for system, ability in (("gold", 0.95), ("m1", 0.7), ("m2", 0.5), ("copy", 0.9), ("somebody", 0.6)):
            quality = min(1.0, max(0.0, ability + chance.gauss(0, 0.2)))
            if system == "somebody" and number % 3:
                continue
            said = reference if system == "gold" or (system == "copy" and number % 8) else text(chance, 5)
            if system == "m2" and number % 10 == 3:
                said = ("?", "", "!")[number // 10]
            scores: dict[str, Any] = {"without": noisy(quality, chance, 0.3, 2)}
            scores["with-reference"] = "reference-is-system" if system == "gold" else noisy(quality, chance, 0.15, 2)
            outputs.append(
                {
                    "system": system,
                    "text": None if system == "m1" and number == 7 else said,
                    "ratings": {"fit": {"ann": rating(quality, chance, 0, 2, 0.1)}},
                    "scores": scores,
                }
            )
        items.append(
            {
                "item": f"f{number:02}",
                "references": [reference] if number != 11 else [],
                "source": text(chance, 4),
                "outputs": outputs,
            }
        )
    return [head, *items]


def slices(chance: random.Random) -> list[Item]:
    """Forms, tasks, languages and lengths that cross, on items that say the same in two languages."""
    head = {
        "about": "Slices by form, task, language, length and a set of systems, crossed; items that say the same in two "
        "languages; one epsilon for each slice or for all.",
        "info": {"system_sets": {"pair": ["g", "h"]}},
        "scales": {"quality": [1, 4, "up"]},
        "metrics": [{"name": "even"}, {"name": "long-only"}],
        "options": {**FEW, "groupings": ["item"]},
        "runs": {
            "by-slice": {"also": ["advice"], "statistics": [*ACCURACIES, "floor", "system_pairwise_accuracy"]},
            "global-epsilon": {
                "options": {"epsilon_scope": "global", "slices": ["form", "language"]},
                "statistics": ["accuracy", "accuracy_heldout", "accuracy_difference_heldout"],
            },
            "many-draws": {
                "options": {"groupings": [], "slices": ["systems"], "draws": 1_000_000},
                "statistics": ["soft_pairwise_accuracy"],
            },
            "large-global": {
                "large": True,
                "options": {
                    "epsilon_scope": "global",
                    "slices": ["form"],
                    "groupings": ["none"],
                    "gap_tolerance": 0.05,
                    "seed": 3,
                },
                "statistics": ["accuracy", "accuracy_heldout", "accuracy_difference"],
            },
        },
    }
    items = []
    for number in range(24):
        parallel, language = number // 2, ("sv", "en")[number % 2]
        length = (3, 12, 40)[parallel % 3]
        outputs = []
        for system, ability in (("g", 0.7), ("h", 0.5), ("i", 0.35), ("j", 0.55))[: 3 + parallel % 2]:
            quality = min(1.0, max(0.0, ability + chance.gauss(0, 0.2)))
            good = length == 40 and language == "en"
            outputs.append(
                {
                    "system": system,
                    "text": text(chance, length + chance.randint(-1, 1), language),
                    "ratings": {"quality": {"anna": rating(quality, chance, 1, 4, 0.1)}},
                    "scores": {
                        "even": noisy(quality, chance, 0.2, 1),
                        "long-only": round(noisy(quality, chance, 0.05 if good else 0.5) * (30 if good else 1), 2),
                    },
                }
            )
        items.append(
            {
                "item": f"s{number:02}",
                "language": language,
                "form": "short" if length < 20 else "long",
                "task": ("qa", "summary", "title")[parallel % 3],
                "parallel": f"p{parallel}" if parallel != 5 else None,
                "references": [text(chance, length, language) for _ in range(1 + number % 2)],
                "outputs": outputs,
            }
        )
    return [head, *items]
