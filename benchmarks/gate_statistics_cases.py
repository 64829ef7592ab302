"""Writes the frozen cases of the statistics (configs/gate/statistics): judged sets on which every way of counting takes another turn.

They were drawn once with fixed seeds and then frozen: run this only to make cases under new names, or to see how they came about.
`python benchmarks/gate_statistics_cases.py FOLDER [CASE ...]`
"""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
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
Item = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Writes the cases that are named, or all."""
    folder, names = Path(arguments[0]), arguments[1:] or list(CASES)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        lines = CASES[name](random.Random(name))
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        print(f"{path}: {len(lines) - 1} items, {path.stat().st_size:,} bytes")


def text(chance: random.Random, words: int, language: str = "sv") -> str:
    """So many words."""
    return " ".join(chance.choice(WORDS if language == "sv" else ENGLISH) for _ in range(words))


def rating(quality: float, chance: random.Random, low: int = 1, high: int = 5, noise: float = 0.18) -> int:
    """A rating of a quality between 0 and 1, with a rater's noise."""
    return min(high, max(low, round(low + (high - low) * (quality + chance.gauss(0, noise)))))


def noisy(quality: float, chance: random.Random, noise: float, digits: int = 4) -> float:
    """A score of a quality."""
    return round(quality + chance.gauss(0, noise), digits)


def mixed(chance: random.Random) -> list[Item]:
    """Two languages, clusters of several items, one to six outputs an item, three raters, missing scores and ratings."""
    head = {
        "about": "Unequal numbers of outputs, clusters of several items, three raters with gaps, a downward scale, missing scores, "
        "few and many different scores, a metric where less is better, components, two languages that say the same.",
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
            "median-of-raters": {"options": {"groupings": ["item"], "raters": "median"}, "statistics": ["accuracy", "tie_floor"]},
            "majority-of-raters": {"options": {"groupings": ["none"], "raters": "majority"}, "statistics": ["accuracy", "tie_floor"]},
            "each-rater": {"options": {"groupings": ["system"], "raters": "each"}, "statistics": ["accuracy", "tie_floor"]},
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
        "about": "Four raters (an even number) on 34 items, so that the human level, the plans' share of raters and every coefficient "
        "of agreement are known; two samples a system; a rating of a span and a label, which are no ratings of an output.",
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


def preferences(chance: random.Random) -> list[Item]:
    """Choices between two answers, with verdicts on pairs in both orders."""
    head = {
        "about": "Preferences of one to three raters with ties and pairs without a majority; a judge of pairs whose orders disagree, "
        "that was asked in one order only or has no verdict; metrics of single outputs with missing scores; also as if constructed.",
        "metrics": [{"name": "single"}, {"name": "holes"}, {"name": "pairwise", "unit": "pair"}],
        "options": {**FEW, "slices": ["form"]},
        "runs": {
            "defaults": {"also": ["advice", "plans", "report", "scoring"]},
            "lengths": {
                "options": {"slices": ["length", "task"]},
                "statistics": ["accuracy", "accuracy_heldout", "accuracy_raw"],
            },
            "constructed": {"info": {"constructed": True}, "options": {"slices": [], "criteria": ["better"]}, "also": ["advice"]},
            "global-epsilon": {
                "options": {"epsilon_scope": "global", "gap_tolerance": 0.2, "seed": 5, "criteria": ["better"]},
                "statistics": ACCURACIES,
            },
            "two-folds": {
                "options": {"slices": [], "heldout_interval": "fixed", "folds": 2, "criteria": ["better"]},
                "statistics": ["accuracy", "accuracy_heldout"],
            },
        },
    }
    items = []
    for number in range(30):
        names = ["p", "q"] if number % 3 else ["p", "q", "s"]
        quality = {name: chance.random() for name in names}
        said: list[list[Any]] = []
        verdicts: list[list[Any]] = []
        for first, second in [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]:
            for rater in ("u", "v", "w")[: 1 + number % 3]:
                gap = quality[first] - quality[second] + chance.gauss(0, 0.25)
                winner = None if chance.random() < 0.05 else "tie" if abs(gap) < 0.15 else "a" if gap > 0 else "b"
                turned = {"a": "b", "b": "a"}.get(winner or "", winner)
                if number < 6:
                    said.append([first, second, rater, "shorter", ("a", "b", "tie", None)[(number + len(said)) % 4]])
                said.append(
                    [second, first, rater, "better", turned]
                    if (number + len(said)) % 2
                    else [first, second, rater, "better", winner]
                )
            for one, other in ((first, second), (second, first)):
                if chance.random() < 0.12 or (number % 10 == 6 and {one, other} == {"p", "q"}):
                    continue
                gap = quality[one] - quality[other] + chance.gauss(0.08, 0.3)
                verdicts.append(
                    [one, other, "unparsed" if chance.random() < 0.08 else 0.0 if abs(gap) < 0.1 else 1.0 if gap > 0 else -1.0]
                )
        outputs = [
            {
                "system": name,
                "text": text(chance, 3 + number % 9),
                "scores": {
                    "single": round(noisy(quality[name], chance, 0.25), 1),
                    "holes": "empty" if chance.random() < 0.15 else noisy(quality[name], chance, 0.15),
                },
            }
            for name in names
        ]  # fmt: skip
        items.append(
            {
                "item": f"w{number:02}",
                "form": ("short", "long")[number % 2],
                "cluster": f"w-{number // 2}" if number < 8 else None,
                "references": [text(chance, 6)],
                "outputs": outputs,
                "preferences": said,
                "pairs": {"pairwise": verdicts},
            }
        )  # fmt: skip
    return [head, *items]


def references(chance: random.Random) -> list[Item]:
    """A system that is the reference, one that nobody knows, one that mostly equals the reference."""
    head = {
        "about": "A system that is the reference, outputs of unknown systems, a system that equals the reference on most items, "
        "a named set of systems; one rater; tied ratings.",
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


def degenerate(chance: random.Random) -> list[Item]:
    """Where a denominator is 0: people tie everything, a metric says one thing, a group has one output, there is one cluster."""
    head = {
        "about": "Criteria on which everybody ties everything, a constant metric, a perfect and a reversed one, groups in which one side is "
        "constant, a metric that scored two outputs, items with one output; also all in one cluster.",
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


def judges(chance: random.Random) -> list[Item]:
    """Verdicts of judges, call by call."""
    head = {
        "about": "Verdicts of a judge that rates single answers (several samples and prompts, expectations, unparsed, refused and cut-off "
        "replies, prices) and of one that compares two in both orders, beside two raters and preferences: the numbers of judge cards.",
        "info": {"primary_rater": "anna"},
        "scales": {"quality": [1, 5, "up"]},
        "metrics": [
            {"name": "direct", "extra": ["read:auto", "scale:1-3"]},
            {"name": "asked", "extra": ["prompt:plain", "scale:1-5"]},
            {"name": "asked", "extra": ["prompt:sharp", "scale:1-5"]},
            {"name": "versus", "unit": "pair"},
        ],
        "options": {**FEW, "groupings": ["item"], "slices": []},
        "runs": {"defaults": {"also": ["cards"]}},
    }  # fmt: skip
    direct, versus = "direct|read:auto|scale:1-3|v:1", "versus|v:1"
    items = []
    for number in range(24):
        language = ("sv", "en")[number % 3 == 2]
        quality = {
            name: min(1.0, max(0.0, ability + chance.gauss(0, 0.25)))
            for name, ability in (("a", 0.65), ("b", 0.5), ("judge-7b", 0.4))
        }
        verdicts: list[Item] = []
        outputs = []
        for place, name in enumerate(quality):
            given = []
            for sample in range(2 if number % 4 == 0 else 1):
                for prompt in ("strict", "kind")[: 1 + (number % 5 == 0)]:
                    value = float(rating(quality[name] + (0.15 if name == "judge-7b" else 0.05), chance, 1, 3))
                    turn = (number * 3 + place * 2 + sample) % 11
                    status = ("unparsed", "refused", "cut-off")[turn] if turn < 3 else "ok"
                    one = {"metric": direct, "targets": [name], "form": "direct", "judge": "judge", "criterion": "quality", "prompt": prompt,
                           "language": language, "reference": True, "sample": sample, "value": value if status == "ok" else None, "status": status,
                           "key": f"{number}-{name}-{sample}-{prompt}", "tokens_in": 100 + place, "tokens_out": 5, "price": 0.001 * (1 + place),
                           "seconds": 0.2 + 0.1 * sample}  # fmt: skip
                    if status == "ok" and number % 2:
                        one["expectation"] = round(min(3.0, max(1.0, value + chance.gauss(0, 0.3))), 3)
                    verdicts.append(one)
                    given.append(one.get("expectation", one["value"]))
            known = [value for value in given if value is not None]
            outputs.append({
                "system": name, "text": text(chance, 4 + 3 * place + number % 4, language),
                "ratings": {"quality": {"anna": rating(quality[name], chance), **({"bo": rating(quality[name], chance)} if number % 3 else {})}},
                "scores": {"direct": sum(known) / len(known) if known else "unparsed"},
            })  # fmt: skip
        said, pairs = [], []
        for first, second in (("a", "b"), ("a", "judge-7b"), ("b", "judge-7b")):
            gap = quality[first] - quality[second] + chance.gauss(0, 0.15)
            said.append([first, second, "anna", "quality", "tie" if abs(gap) < 0.1 else "a" if gap > 0 else "b"])
            for one, other in ((first, second), (second, first))[: 1 if number % 9 == 4 else 2]:
                gap = quality[one] - quality[other] + chance.gauss(0.1, 0.2)
                value = None if chance.random() < 0.06 else 0.0 if abs(gap) < 0.05 else 1.0 if gap > 0 else -1.0
                verdicts.append({"metric": versus, "targets": [one, other], "form": "pair", "judge": "judge", "criterion": "quality",
                                 "language": language, "value": value, "status": "ok" if value is not None else "unparsed"})  # fmt: skip
                pairs.append([one, other, "unparsed" if value is None else value])
        for prompt, noise in (("plain", 0.3), ("sharp", 0.15)):
            for name in quality:
                said_value = float(rating(quality[name], chance, noise=noise))
                verdicts.append({"metric": f"asked|prompt:{prompt}|scale:1-5|v:1", "targets": [name], "form": "direct", "judge": "other",
                                 "criterion": "quality", "prompt": prompt, "language": language, "value": said_value})  # fmt: skip
                next(one for one in outputs if one["system"] == name)["scores"]["asked"] = said_value
        items.append({"item": f"j{number:02}", "language": language, "parallel": f"p{number // 3}", "references": [text(chance, 5, language)], "outputs": outputs,
                      "preferences": said if number % 2 else [], "pairs": {"versus": pairs} if number % 2 else {}, "verdicts": verdicts})  # fmt: skip
    return [head, *items]


def slices(chance: random.Random) -> list[Item]:
    """Forms, tasks, languages and lengths that cross, on items that say the same in two languages."""
    head = {
        "about": "Slices by form, task, language, length and a set of systems, crossed; items that say the same in two languages; one epsilon "
        "for each slice or for all.",
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


def large(chance: random.Random) -> list[Item]:
    """What is too large for its pairs to be made, in small: few levels of ratings, scores on a grid."""
    head = {
        "about": "More pairs than max_pairs, so that epsilons are found by bounds and the random sentinel is worked out, not drawn; two "
        "human levels, two folds, scores on a grid of eighths, missing scores.",
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
        "about": "Items of 11 to 41 outputs, so that the weights of their pairs fit no whole number, and fractions decide on epsilon.",
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


def many(chance: random.Random) -> list[Item]:
    """Over two thousand outputs out of a few, so that what is done in bins, blocks and searches is done."""
    head = {
        "about": "Twelve items, each there 60 times with scores that are moved a little: over 2,000 outputs, so that gaps fall into bins, "
        "epsilons are searched for without making pairs, and copies are counted.",
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


CASES: dict[str, Callable[[random.Random], list[Item]]] = {
    "mixed": mixed,
    "raters": raters,
    "preferences": preferences,
    "references": references,
    "degenerate": degenerate,
    "one-cluster": one_cluster,
    "judges": judges,
    "slices": slices,
    "large": large,
    "unequal": unequal,
    "many": many,
}

if __name__ == "__main__":
    main(sys.argv[1:])
