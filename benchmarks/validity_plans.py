"""Which metrics meet in a world, tuned so that the truth about each pair of them is known.

Relations of a pair: `exchangeable` (the same metric twice, each with its own noise), `other shape` (equal true accuracy, one
continuous, one not), `patchy` (equal true accuracy, one sees nothing on half of the items), `small` (the second has lost a
fifth of what the first has above the floor), `clear` (three fifths). The first three are nulls. The scale is the second
metric's; the first is on ×1, but where both are exchangeable.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

from validity_truth import step_for, true_floor, truth, tuned
from validity_worlds import SCALES, Metric, World

NULLS = ("exchangeable", "other shape", "patchy")
LOSSES = {"small": 0.2, "clear": 0.6}
RELATIONS = (*NULLS, *LOSSES)
STRENGTH = {"×1": 0.9, "×100": 0.9, "log-normal": 0.9, "3 levels": 0.95}
PATCHY = 0.97
NULL_WITHIN = 1e-3  # true accuracies that are this close are equal; what cannot be tuned to it is no cell
KNOWS_NOTHING = 0.3  # the strength of a metric that has to be worth the floor, where that is what it gets


@dataclass(frozen=True)
class Comparison:
    """Two metrics of a plan and what is true of them: the difference of their calibrated accuracies (0 in a null)."""

    relation: str
    scale: str
    first: str
    second: str
    difference: float

    @property
    def name(self) -> str:
        """What identifies the comparison in its world."""
        return f"{self.relation}, {self.scale}"


@dataclass(frozen=True)
class Plan:
    """The metrics of a world with their true raw and calibrated accuracy, the comparisons, and the world's own truths."""

    step: float
    floor: float
    metrics: Mapping[str, Metric]
    truths: Mapping[str, tuple[float, float]]
    comparisons: tuple[Comparison, ...]


def make_plan(world: World) -> Plan:
    """The plan of a world: every relation on every scale that can be."""
    step, ground = step_for(world), true_floor(world)
    metrics: dict[str, Metric] = {}
    comparisons: list[Comparison] = []

    def add(relation: str, scale: str, first: Metric, second: Metric) -> None:
        names = []
        for metric in (first, second):
            same = [name for name, known in metrics.items() if known == metric]
            names.append(same[0] if same else f"{relation}, {scale}: {'first' if not names else 'second'}")
            metrics[names[-1]] = metric
        comparisons.append(Comparison(relation, scale, *names, 0.0))

    for scale in SCALES:
        second = Metric(STRENGTH[scale], scale, "B")
        add("exchangeable", scale, replace(second, noise="A", scale="×1" if scale == "×100" else scale), second)
        partner = _partner(world, second)
        if scale in ("log-normal", "3 levels"):
            add("other shape", scale, partner, second)
        patchy = Metric(PATCHY, scale, "C", patchy=True)
        add("patchy", scale, _partner(world, patchy, "3 levels" if scale == "3 levels" else "×1"), patchy)
        level = truth(world, partner).accuracy
        for relation, loss in LOSSES.items():
            weaker = tuned(world, Metric(0.5, "×1" if scale == "×100" else scale, relation), level - loss * (level - ground))
            if weaker is not None:
                add(relation, scale, partner, replace(weaker, scale=scale))
    truths = _truths(world, metrics)
    known = [replace(one, difference=truths[one.first][1] - truths[one.second][1]) for one in comparisons]
    kept = [one for one in known if one.relation not in NULLS or abs(one.difference) < NULL_WITHIN]
    return Plan(step, ground, metrics, truths, tuple(replace(o, difference=0.0) if o.relation in NULLS else o for o in kept))


def _truths(world: World, metrics: Mapping[str, Metric]) -> dict[str, tuple[float, float]]:
    """True raw and calibrated accuracy; metrics that differ by their noise or by a factor have one truth, the mean of theirs."""
    found = {name: truth(world, metric) for name, metric in metrics.items()}
    kinds = {name: replace(one, noise="", scale="×1" if one.scale == "×100" else one.scale) for name, one in metrics.items()}
    alike = {kind: [found[name] for name in metrics if kinds[name] == kind] for kind in set(kinds.values())}
    return {
        name: (fmean(one.raw for one in alike[kind]), fmean(one.accuracy for one in alike[kind])) for name, kind in kinds.items()
    }


def _partner(world: World, metric: Metric, scale: str = "×1") -> Metric:
    """The metric on `scale` that sees as much on every item and is as accurate as `metric`."""
    if metric.scale in ("×1", "×100") and not metric.patchy:
        return Metric(metric.strength, "×1", "A")
    found = tuned(world, Metric(0.5, scale, "A"), truth(world, metric).accuracy)
    return found or Metric(KNOWS_NOTHING, scale, "A")


def plans(worlds: Sequence[World], path: Path) -> dict[World, Plan]:
    """The plans of the worlds: read from the file where they are known, else made and kept there."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    found: dict[World, Plan] = {}
    for world in worlds:
        key = plan_key(world)
        if key not in kept:
            kept[key] = _as_json(make_plan(world))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
            step_for.cache_clear()
        found[world] = _from_json(kept[key])
    return found


def plan_key(world: World) -> str:
    """Worlds that share their truths share this: only in grouping `none` does the number of items matter."""
    items = str(world.items) if world.grouping == "none" else "any"
    return f"{items}x{world.systems}/{world.ties:g}/{world.grouping}"


def _as_json(plan: Plan) -> dict:
    return asdict(plan)


def _from_json(raw: dict) -> Plan:
    return Plan(
        raw["step"],
        raw["floor"],
        {name: Metric(**one) for name, one in raw["metrics"].items()},
        {name: (one[0], one[1]) for name, one in raw["truths"].items()},
        tuple(Comparison(**one) for one in raw["comparisons"]),
    )
