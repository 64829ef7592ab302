"""docs/reference/gate-clean-runs.md, made of what gate_clean_runs.py keeps."""

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import comb
from pathlib import Path
from typing import Any

from gate_designs import covered

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "gate-clean-runs.md"
_MEANS = {
    "batch": "units that a metric is given at a time; `own`: as its author says",
    "threads": "of numba, OpenMP and linear algebra",
    "order": "of the metrics in the config, so that each runs after others",
    "hash seed": "`PYTHONHASHSEED`",
    "locale": "`LC_ALL`; `C` is plain ASCII (not made UTF-8 by Python)",
    "cache": "`fresh` is the gate's own; `nothing compiled`: numba's loops too; `kept`: `--cache keep`, shared by runs",
    "executor": "where metrics are asked",
    "dependencies": "`tested` is constraints.txt; the others are what pip makes of pyproject.toml",
    "gec-sv": "the judged set that may be absent",
    "beside": "what else ran meanwhile, besides another run of the gate",
}
_SHORT = {
    "fresh, nothing compiled": "uncompiled",
    "a busy process": "busy",
    "this process": "one",
    "two processes": "two",
}


def at_most(alarms: int, runs: int, level: float = 0.95) -> float:
    """The exact (Clopper–Pearson) one-sided upper bound of a share: where so few alarms have probability 1 − level."""
    low, high = alarms / runs, 1.0
    for _ in range(60):
        share = (low + high) / 2
        so_few = sum(comb(runs, count) * share**count * (1 - share) ** (runs - count) for count in range(alarms + 1))
        low, high = (share, high) if so_few > 1 - level else (low, share)
    return high


def write_page(runs: Sequence[Mapping[str, Any]], factors: Mapping[str, Sequence[str]], path: Path = PAGE) -> None:
    """Writes the page."""
    path.write_text("\n".join(page(runs, factors)) + "\n", encoding="utf-8")


def page(runs: Sequence[Mapping[str, Any]], factors: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The page's lines."""
    alarms = [one for one in runs if one["code_of_exit"]]
    pairs, every = covered(factors, [one["levels"] for one in runs], 2)
    triples, of = covered(factors, [one["levels"] for one in runs], 3)
    walls, cpus = [one["wall"] for one in runs], [one["cpu"] for one in runs]
    yield "<!-- Made by `python benchmarks/gate_clean_runs.py`; change the script, or run it again. -->"
    yield ""
    yield "# Clean runs of the gate"
    yield ""
    yield (
        "Nothing was changed, and `harness gate` ran against the shipped baseline, each time under other circumstances and in a "
        "process of its own, from a wheel. How often does it raise a false alarm?"
    )
    yield ""
    yield (
        f"**{len(alarms)} of {len(runs)} runs were no pass.** If runs like these were drawn at random, that bounds the share of "
        f"false alarms: at most {100 * at_most(len(alarms), len(runs)):.1f} % (exact, Clopper–Pearson, one-sided 95 %). They "
        f"were not drawn at random but chosen to differ: of the {every} pairs of settings, {pairs} occur together in some run "
        f"({triples} of {of} triples). So the number says something about these circumstances, and nothing about a processor, an "
        "operating system or a version that was not among them."
    )
    yield ""
    yield (
        f"A run took {statistics.median(walls):.0f} s ({min(walls):.0f}–{max(walls):.0f}) beside another one, and "
        f"{statistics.median(cpus):.0f} s of CPU ({min(cpus):.0f}–{max(cpus):.0f})."
    )
    yield ""
    yield "## What was varied"
    yield ""
    yield "| setting | levels (runs) | |"
    yield "| --- | --- | --- |"
    for name, levels in factors.items():
        counted = Counter(one["levels"][name] for one in runs)
        yield f"| {name} | {', '.join(f'{level} ({counted[level]})' for level in levels)} | {_MEANS.get(name, '')} |"
    yield ""
    yield from _versions(runs)
    yield ""
    yield from _costs(runs)
    yield "## Runs"
    yield ""
    yield f"| | {' | '.join(factors)} | checks that passed, warned | came to | CPU |"
    yield f"| --- | {'--- | ' * len(factors)}--- | --- | --- |"
    for number, one in enumerate(runs, 1):
        cells = " | ".join(_SHORT.get(one["levels"][name], one["levels"][name]) for name in factors)
        counts = one["levels_found"]
        passed = f"{counts.get('pass', 0)}, {counts.get('warning', 0)}"
        yield f"| {number} | {cells} | {passed} | {_bold(one)} | {one['cpu']:.0f} s |"
    yield ""
    yield from _said(runs)


def _bold(one: Mapping[str, Any]) -> str:
    return f"**{one['outcome']}**" if one["code_of_exit"] else str(one["outcome"])


def _versions(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A column for each set of dependencies."""
    known = {one["levels"]["dependencies"]: one["versions"] for one in runs}
    names = sorted({name for held in known.values() for name in held})
    yield f"| version | {' | '.join(known)} |"
    yield f"| --- | {' | '.join('---' for _ in known)} |"
    for name in names:
        yield f"| {name} | {' | '.join(held.get(name, '') for held in known.values())} |"


def _costs(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How much the measured cost of unchanged metrics varied."""
    figures: dict[str, list[list[float]]] = {}
    for one in runs:
        for metric, cost in one["costs"].items():
            figures.setdefault(metric, []).append(cost)
    if not figures:
        return
    yield "## How much a cost varies"
    yield ""
    yield (
        "Times the baseline's CPU time, as `--check cost` measured it in these runs; the baseline is from another session. Three "
        "times is what the default lets pass (`slower: 3`), and what looks like more is measured again up to two times."
    )
    yield ""
    yield "| metric | runs | lowest | median | highest | MiB: lowest, highest |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for metric, costs in figures.items():
        times, sizes = [time for time, _ in costs], [size for _, size in costs]
        yield (
            f"| `{metric}` | {len(costs)} | {min(times):.2f} | {statistics.median(times):.2f} | {max(times):.2f} | "
            f"{min(sizes):.1f}, {max(sizes):.1f} |"
        )
    yield ""


def _said(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What was not a pass, each sentence once with the runs that said it."""
    said: dict[str, list[int]] = {}
    for number, one in enumerate(runs, 1):
        for sentence in one["told"]:
            said.setdefault(" ".join(sentence.split()), []).append(number)
    if not said:
        return
    yield "## What they said besides"
    yield ""
    for sentence, numbers in said.items():
        yield f"- {', '.join(map(str, numbers))}: {sentence.replace('|', '·')}"
    yield ""
