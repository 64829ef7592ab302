"""How often a judge is swayed: each attacked answer judged with the attack and without it, the difference by kind of attack.

    python benchmarks/judge_attacks.py smollm2 --backend server
    python benchmarks/judge_attacks.py gpt-4o-mini --kind in-reference --kind unicode
    python benchmarks/judge_attacks.py MODEL --base-url http://localhost:8000/v1 --per-kind 5

The attacks are those of tests/judge_attacks (frozen; see its README). Of a rating, the shift is the score with the attack minus
the score without, turned so that up is what the attacker wants; of a pair and a ranking, the attacked answer's value likewise.
`swayed` is the share of items whose score moved that way, `unread` the share that had a verdict without the attack and none with
it. Intervals are 95 % bootstrap intervals over items (2,000 draws, seed 0); under 10 items there is none.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness import Unit
from harness.plugins import load_plugins
from harness.records import Example, Output
from harness.registry import PluginRef, Registry

ATTACKS = Path(__file__).resolve().parent.parent / "tests" / "judge_attacks" / "attacks.jsonl"
DRAWS, FEWEST = 2000, 10
_METRICS = {"direct": "llm-judge-ref", "pair": "llm-judge-pair-ref", "rank": "llm-judge-rank-ref"}


class Item(NamedTuple):
    """An attack and what a metric is asked about it, with the attack and without; `sign` turns a value into what is wanted."""

    id: str
    kind: str
    task: str
    scale: str | None
    attacked: Unit
    clean: Unit
    sign: float


class Shift(NamedTuple):
    """The values of one item, None where there is no verdict."""

    item: Item
    attacked: float | None
    clean: float | None

    @property
    def value(self) -> float | None:
        """Towards what the attacker wants, in units of the score."""
        if self.attacked is None or self.clean is None:
            return None
        return (self.attacked - self.clean) * self.item.sign


def items(path: Path = ATTACKS) -> Iterator[Item]:
    """Every attack that wants a verdict to move; those on no particular answer of a ranking are left out."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        row = json.loads(line) if line else None
        if row is None or row["kind"] == "innocent":
            continue
        task = "pair" if row["scale"] == "pair" else "rank" if isinstance(row["scale"], dict) else "direct"
        if task == "rank" and row.get("position") is None:
            continue
        place = row.get("position") or 0
        scale = f"{row['scale'][0]}-{row['scale'][1]}" if task == "direct" else None
        texts = row.get("outputs") or [row["output"]]
        bare = list(texts)
        if row["field"] in ("output", "output_b"):
            bare[place] = row["clean"]
        about = {"instruction": row["instruction"], "reference": row["reference"]}
        without = {**about, row["field"]: row["clean"]} if row["field"] in about else about
        units = [_unit(row["id"], row["language"], said, shown, place, task) for said, shown in ((about, texts), (without, bare))]
        yield Item(row["id"], row["kind"], task, scale, units[0], units[1], _sign(row, task))


def judged(found: Registry, chosen: Sequence[Item], params: dict[str, Any]) -> list[Shift]:
    """Each item's values, asked of the judge that the parameters name."""
    shifts: dict[str, Shift] = {}
    for task, scale in dict.fromkeys((item.task, item.scale) for item in chosen):
        some = [item for item in chosen if (item.task, item.scale) == (task, scale)]
        own = params | ({"scale": scale} if scale else {})
        values: list[list[float | None]] = []
        for units in ([item.attacked for item in some], [item.clean for item in some]):
            metric = found.build("metric", PluginRef(_METRICS[task], own))  # a new one: the outputs have the same names
            print(f"{len(some)} items: {metric.signature}", file=sys.stderr)
            values.append([result.value for result in metric.score(units)])
        shifts.update({item.id: Shift(item, *both) for item, *both in zip(some, *values, strict=True)})
    return [shifts[item.id] for item in chosen]


def summary(kind: str, shifts: Sequence[Shift]) -> dict[str, Any]:
    """What the attacks of one kind did: n, mean shift, share swayed and share unread, each with its interval or None."""
    values = np.array([shift.value for shift in shifts if shift.value is not None], dtype=np.float64)
    had = [shift for shift in shifts if shift.clean is not None]
    lost = np.array([shift.attacked is None for shift in had], dtype=np.float64)
    return {
        "kind": kind,
        "items": len(shifts),
        "both": len(values),
        "shift": _mean(values),
        "swayed": _mean((values > 0).astype(np.float64)),
        "unread": _mean(lost),
    }


def _unit(name: str, language: str, about: dict[str, str], texts: Sequence[str], place: int, task: str) -> Unit:
    example = Example.from_instruction(name, about["instruction"], [about["reference"]], language=language)
    outputs = [Output(id=f"{name}/{n}", example_id=name, system=f"s{n}", text=text) for n, text in enumerate(texts)]
    if task == "pair":
        return Unit(example, tuple(outputs))
    return Unit(example, (outputs[place],), tuple(output for output in outputs if output is not outputs[place]))


def _sign(row: dict[str, Any], task: str) -> float:
    """1 where a higher value is what the attacker wants, else -1; an attack against any verdict is counted upwards."""
    wants = row["wants"]
    if task == "pair":
        return -1.0 if wants == "second" else 1.0
    if task == "direct":
        return -1.0 if wants == row["scale"][0] else 1.0
    letter = "ABCDEFGH"[row["position"]]
    return -1.0 if isinstance(wants, list) and wants[-1] == letter else 1.0


def _mean(values: "np.ndarray") -> tuple[float, float, float] | None:
    """The mean with its interval (nan where there are too few values); None without any."""
    if not len(values):
        return None
    if len(values) < FEWEST:
        return float(values.mean()), np.nan, np.nan
    draws = np.random.default_rng(0).integers(len(values), size=(DRAWS, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def _written(number: tuple[float, float, float] | None) -> str:
    if number is None:
        return "–"
    mean, low, high = number
    return f"{mean:+.2f}" if np.isnan(low) else f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument(
        "--backend", default="openai", help="openai (any compatible server), server (a GGUF file) or transformers"
    )
    parser.add_argument("--base-url", help="of an OpenAI-compatible server; OpenAI by default")
    parser.add_argument("--criterion", default="correctness", help="of ratings (comparisons are asked about overall)")
    parser.add_argument("--prompt", help="of ratings: direct, direct-2 …")
    parser.add_argument("--kind", action="append", help="only this kind of attack; repeatable")
    parser.add_argument("--per-kind", type=int, help="the first so many items of each kind")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    wanted = [item for item in items() if not given.kind or item.kind in given.kind]
    kinds = list(dict.fromkeys(item.kind for item in wanted))
    chosen = [item for kind in kinds for item in [each for each in wanted if each.kind == kind][: given.per_kind]]
    params = {"model": given.model, "backend": given.backend, "base_url": given.base_url}
    found, shifts = load_plugins(), []
    ratings = [item for item in chosen if item.task == "direct"]
    shifts += judged(found, ratings, params | {"criterion": given.criterion, "prompt": given.prompt})
    shifts += judged(found, [item for item in chosen if item.task != "direct"], params)
    rows = [summary(kind, [shift for shift in shifts if shift.item.kind == kind]) for kind in kinds]
    rows.append(summary("all ratings", [shift for shift in shifts if shift.item.task == "direct"]))
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'kind':24}{'items':>6}{'both':>6}  {'shift':24}{'swayed':24}unread")
    for row in rows:
        numbers = "".join(f"{_written(row[name]):24}" for name in ("shift", "swayed", "unread"))
        print(f"{row['kind']:24}{row['items']:6}{row['both']:6}  {numbers}".rstrip())


if __name__ == "__main__":
    main()
