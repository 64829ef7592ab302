"""Frozen cases of choices between two answers, and of the verdicts of judges."""

import random
from typing import Any

from gate_cases_drawing import ACCURACIES, FEW, Item, noisy, rating, text


def preferences(chance: random.Random) -> list[Item]:
    """Choices between two answers, with verdicts on pairs in both orders."""
    head = {
        "about": "Preferences of one to three raters with ties and pairs without a majority; a judge of pairs whose "
        "orders disagree, that was asked in one order only or has no verdict; metrics of single outputs with "
        "missing scores; also as if constructed.",
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


def judges(chance: random.Random) -> list[Item]:
    """Verdicts of judges, call by call."""
    head = {
        "about": "Verdicts of a judge that rates single answers (several samples and prompts, expectations, unparsed, "
        "refused and cut-off replies, prices) and of one that compares two in both orders, beside two raters "
        "and preferences: the numbers of judge cards.",
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
                    one = {
                        **{"metric": direct, "targets": [name], "form": "direct", "judge": "judge", "criterion": "quality"},
                        **{"prompt": prompt, "language": language, "reference": True, "sample": sample},
                        **{"value": value if status == "ok" else None, "status": status},
                        **{"key": f"{number}-{name}-{sample}-{prompt}", "tokens_in": 100 + place, "tokens_out": 5},
                        **{"price": 0.001 * (1 + place), "seconds": 0.2 + 0.1 * sample},
                    }
                    if status == "ok" and number % 2:
                        one["expectation"] = round(min(3.0, max(1.0, value + chance.gauss(0, 0.3))), 3)
                    verdicts.append(one)
                    given.append(one.get("expectation", one["value"]))
            known = [value for value in given if value is not None]
            written = text(chance, 4 + 3 * place + number % 4, language)
            given_ratings = {"anna": rating(quality[name], chance)}
            if number % 3:
                given_ratings["bo"] = rating(quality[name], chance)
            score = sum(known) / len(known) if known else "unparsed"
            outputs.append({"system": name, "text": written, "ratings": {"quality": given_ratings}, "scores": {"direct": score}})
        said, pairs = [], []
        for first, second in (("a", "b"), ("a", "judge-7b"), ("b", "judge-7b")):
            gap = quality[first] - quality[second] + chance.gauss(0, 0.15)
            said.append([first, second, "anna", "quality", "tie" if abs(gap) < 0.1 else "a" if gap > 0 else "b"])
            for one, other in ((first, second), (second, first))[: 1 if number % 9 == 4 else 2]:
                gap = quality[one] - quality[other] + chance.gauss(0.1, 0.2)
                value = None if chance.random() < 0.06 else 0.0 if abs(gap) < 0.05 else 1.0 if gap > 0 else -1.0
                status = "ok" if value is not None else "unparsed"
                about_pair = {"metric": versus, "targets": [one, other], "form": "pair", "judge": "judge"}
                verdicts.append({**about_pair, "criterion": "quality", "language": language, "value": value, "status": status})
                pairs.append([one, other, "unparsed" if value is None else value])
        for prompt, noise in (("plain", 0.3), ("sharp", 0.15)):
            for name in quality:
                said_value = float(rating(quality[name], chance, noise=noise))
                asked = {"metric": f"asked|prompt:{prompt}|scale:1-5|v:1", "targets": [name], "form": "direct", "judge": "other"}
                more = {"criterion": "quality", "prompt": prompt, "language": language, "value": said_value}
                verdicts.append({**asked, **more})
                next(one for one in outputs if one["system"] == name)["scores"]["asked"] = said_value
        item = {"item": f"j{number:02}", "language": language, "parallel": f"p{number // 3}"}
        item |= {"references": [text(chance, 5, language)], "outputs": outputs, "preferences": said if number % 2 else []}
        items.append({**item, "pairs": {"versus": pairs} if number % 2 else {}, "verdicts": verdicts})
    return [head, *items]


def rankings(chance: random.Random) -> list[Item]:
    """Verdicts of judges that order all answers, that rate on a scale nobody knows, and that saw pairs in one order only."""
    head = {
        "about": "A judge that orders all answers to an item, one whose scale is not known, one that was shown each pair in "
        "one order; one rater, two criteria that no judge names; the judge's own family among the systems.",
        "scales": {"quality": [1, 4, "up"], "brevity": [0, 2, "down"]},
        "metrics": [{"name": "ranker"}, {"name": "unknown-scale"}, {"name": "once", "unit": "pair"}],
        "options": {**FEW, "groupings": ["item"], "slices": [], "criteria": ["quality"]},
        "runs": {"defaults": {"statistics": ["accuracy", "accuracy_heldout"], "also": ["cards"]}},
    }
    items = []
    for number in range(16):
        quality = {name: chance.random() for name in ("rater-large", "c", "d")}
        order = sorted(quality, key=lambda name: -noisy(quality[name], chance, 0.3))
        ranks = [float(1 + order.index(name)) for name in quality]
        if number % 5 == 1:
            ranks = [min(rank, 2.0) for rank in ranks]
        ranked = {"metric": "ranker|v:1", "targets": list(quality), "form": "rank", "judge": "rater-small", "ranks": ranks}
        verdicts: list[Item] = [ranked if number % 7 else {**ranked, "ranks": None, "status": "unparsed"}]
        pairs, outputs = [], []
        for place, name in enumerate(quality):
            value = float(rating(quality[name], chance, 1, 4, 0.3))
            verdicts.append(
                {"metric": "unknown-scale|v:1", "targets": [name], "form": "direct", "judge": "rater-small", "value": value}
            )
            ratings = {
                "quality": {"p": rating(quality[name], chance, 1, 4)},
                "brevity": {"p": rating(1 - quality[name], chance, 0, 2)},
            }
            scores = {"ranker": -ranks[place] if number % 7 else "unparsed", "unknown-scale": value}
            outputs.append({"system": name, "text": text(chance, 2 + 3 * place), "ratings": ratings, "scores": scores})
        said = []
        for first, second in (("rater-large", "c"), ("d", "c")):
            gap = noisy(quality[first] - quality[second], chance, 0.3)
            said.append([first, second, "p", "better", "a" if gap > 0 else "b"])
            value = 1.0 if noisy(gap, chance, 0.3) > 0 else -1.0
            verdicts.append(
                {"metric": "once|v:1", "targets": [first, second], "form": "pair", "judge": "rater-small", "value": value}
            )
            pairs.append([first, second, value])
        item = {"item": f"k{number:02}", "outputs": outputs, "preferences": said, "pairs": {"once": pairs}}
        items.append({**item, "verdicts": verdicts})
    return [head, *items]
