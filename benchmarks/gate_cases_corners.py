"""A frozen case of corners that mutants of the statistics hid in: round numbers, the order of metrics, absent parts."""

import random

from gate_cases_drawing import FEW, Item, noisy, rating, text


def corners(chance: random.Random) -> list[Item]:
    """Exactly 30 items that two raters rated, three outputs each; a metric of pairs that stands before those of outputs.

    Two metrics are right alike, one with few scores scored one cluster, and some items have no references.
    """
    head = {
        "about": "Exactly 30 items rated by two raters, three outputs each; a metric of pairs before the metrics of outputs, "
        "two metrics that order alike, one with two scores in one cluster only; every third item has no reference, and lengths "
        "differ.",
        "scales": {"grade": [1, 5, "up"]},
        "metrics": [
            {"name": "versus", "unit": "pair"},
            {"name": "near"},
            {"name": "twin"},
            {"name": "few", "needs": ["reference"]},
        ],
        "options": {**FEW, "slices": []},
        "runs": {
            "defaults": {"also": ["plans", "advice"]},
            "across": {"options": {"groupings": ["none", "system"]}},
            "lengths": {"options": {"groupings": ["item"], "slices": ["length", "form"]}},
        },
    }
    items: list[Item] = []
    for number in range(30):
        words = (3, 9, 30)[number % 3 if number < 20 else (number * 7) % 3]
        outputs = []
        for place, system in enumerate(("p", "q", "r")):
            quality = min(1.0, max(0.0, 0.2 + 0.3 * place + chance.gauss(0, 0.2)))
            near = noisy(quality, chance, 0.3)
            scores: dict[str, float] = {"near": near, "twin": 2 * near + 1}
            if number < 3:
                scores["few"] = float(near > 0.5)
            ratings = {"grade": {"r1": rating(quality, chance), "r2": rating(quality, chance, noise=0.3)}}
            outputs.append({"system": system, "text": text(chance, words), "ratings": ratings, "scores": scores})
        item: Item = {
            "item": f"c{number:02}",
            "cluster": f"c-{number // 3:02}",
            "form": "short" if words < 9 else "long",
            "outputs": outputs,
            "pairs": {"versus": [["p", "q", chance.choice([-1.0, 0.0, 1.0])], ["q", "r", chance.choice([-1.0, 0.5, 1.0])]]},
        }
        if number % 3:
            item["references"] = [text(chance, words)]
        items.append(item)
    return [head, *items]
