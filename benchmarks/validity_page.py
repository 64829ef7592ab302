"""The page of the documentation that shows every cell of the simulation, and first what lies outside its bounds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from validity_more import alike
from validity_plans import NULLS, Plan
from validity_tally import COST, Figure, Key, Tally
from validity_text import MEASURES, STUDIES
from validity_worlds import SCALES, World

HEAD = Path(__file__).parent / "validity_head.md"
SURE = 0.001  # two-sided level of the binomial test that marks a cell
SIZE_FAILS, COVERAGE_FAILS, FROM_ITEMS = 0.075, 0.92, 200


@dataclass(frozen=True)
class Verdict:
    """`side`: -1 below, 1 above its nominal value beyond chance, else 0; `fails`: clearly beyond the limit."""

    side: int
    fails: bool


def page(tally: Tally, known: Mapping[World, Plan]) -> str:
    """The whole page as Markdown."""
    parts = [
        HEAD.read_text(encoding="utf-8").rstrip(),
        *_summary(tally),
        *_failures(tally),
        *_costs(tally),
        "",
        "## All cells",
        "",
        MARKS,
        "",
    ]
    for study, text in STUDIES.items():
        if any(key.study == study for key in tally.figures):
            parts += ["", f"### {study.capitalize()}", "", text, "", *_study(tally, study)]
    parts += ["", "### One pair a cluster", "", *_alike(), "", "### True values", "", *_truths(known)]
    return "\n".join(parts).rstrip() + "\n"


MARKS = (
    "In brackets stands the Monte-Carlo standard error in units of the last digit: .052(5) is .052 ± .005. **Bold**: outside the "
    "binomial bounds around the nominal value (two-sided .001: by chance alone one cell in a thousand is bold). `n`: simulated "
    "studies of the row, the smallest where they differ. Widths of intervals are in `benchmarks/results/validity.csv`."
)


def verdict(key: Key, figure: Figure) -> Verdict | None:
    """Where a share with a nominal value lies; None for figures without one (power, bias, widths)."""
    nominal = nominal_of(key)
    return None if nominal is None else _judged(round(figure.mean * figure.runs), figure.runs, nominal)


@lru_cache(100_000)
def _judged(hits: int, runs: int, nominal: float) -> Verdict:
    from scipy.stats import beta, binomtest

    sure = binomtest(hits, runs, nominal).pvalue < SURE
    side = 0 if not sure else (1 if hits / runs > nominal else -1)
    if nominal > 0.5:
        fails = hits < runs and beta.ppf(0.995, hits + 1, runs - hits) < COVERAGE_FAILS  # Clopper and Pearson's ends
    else:
        fails = hits > 0 and beta.ppf(0.005, hits, runs - hits + 1) > SIZE_FAILS
    return Verdict(side, bool(fails))


def nominal_of(key: Key) -> float | None:
    """.95 for coverage, .05 for rejections under a null and for families, None for what has no nominal value."""
    if key.measure.endswith("covered"):
        return 0.95
    if key.measure.endswith("reject"):
        return 0.05 if key.cell.split(",")[0] in NULLS else None
    return 0.05 if key.measure == "family error" else None


def _summary(tally: Tally) -> Iterator[str]:
    yield from ["", "## What lies outside its bounds", ""]
    yield "| study | figure | cells | mean | smallest | largest | too low | too high | fails | fails at ≥ 200 items |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for study in STUDIES:
        for measure in _measures(tally, study):
            judged = [(key, figure, verdict(key, figure)) for key, figure in _figures(tally, study, measure)]
            rows = [(key, figure, found) for key, figure, found in judged if found is not None]
            if not rows:
                continue
            ends = [some((figure for _, figure, _ in rows), key=lambda one: one.mean) for some in (min, max)]
            low, high = (sum(found.side == side for _, _, found in rows) for side in (-1, 1))
            fails = [key for key, _, found in rows if found.fails]
            large = sum(key.world.items >= FROM_ITEMS for key in fails)
            mean = sum(figure.mean for _, figure, _ in rows) / len(rows)
            yield (
                f"| {study} | {_named(measure)} | {len(rows)} | {_share(mean)} | {_with_error(ends[0], 3)} | "
                f"{_with_error(ends[1], 3)} | {low} | {high} | {len(fails)} | {large} |"
            )
    yield ""
    yield (
        "*Too low, too high*: outside the binomial bounds (.001). *Fails*: the 99 % interval of a test's size lies above "
        f"{SIZE_FAILS}, or that of a coverage below {COVERAGE_FAILS}. Cells of one row share studies, so they err together."
    )


def _failures(tally: Tally) -> Iterator[str]:
    yield from ["", "## Cells that fail", ""]
    found = [
        f"- {study}, {_named(measure)}, {_where(key.world)}, {key.cell}: {_entry(key, figure)} (n {figure.runs})"
        for study in STUDIES
        for measure in _measures(tally, study)
        for key, figure in _figures(tally, study, measure)
        if (one := verdict(key, figure)) is not None and one.fails
    ]
    if not found:
        yield "None."
        return
    yield from ["<details><summary>All " + str(len(found)) + "</summary>", "", *found, "", "</details>"]


def _costs(tally: Tally) -> Iterator[str]:
    yield from ["", "## What was run, and what `--full` takes", ""]
    yield "| study | worlds | studies of a world | seconds a study | core-hours for 2,000 of each |"
    yield "|---|---|---|---|---|"
    total = 0.0
    for study in STUDIES:
        rows = [figure for key, figure in tally.figures.items() if key.study == study and (key.cell, key.measure) == COST]
        if not rows:
            continue
        runs, costs = [figure.runs for figure in rows], [figure.mean for figure in rows]
        hours = 2000 * sum(costs) / 3600
        total += hours
        yield f"| {study} | {len(rows)} | {min(runs):,}–{max(runs):,} | {min(costs):.2g}–{max(costs):.2g} | {hours:.2g} |"
    yield f"| all | | | | {total:.2g} |"


def _study(tally: Tally, study: str) -> Iterator[str]:
    for measure in _measures(tally, study):
        if measure.endswith("width"):
            continue
        yield from [f"<details><summary>{_named(measure)}</summary>", ""]
        figures = dict(_figures(tally, study, measure))
        names = sorted({key.cell for key in figures})
        for scale in (*SCALES, ""):
            some = [name for name in names if (_scale(name) or "") == scale]
            if some:
                yield from [*_matrix(figures, some, scale), ""]
        yield from ["</details>", ""]


def _matrix(figures: Mapping[Key, Figure], names: Sequence[str], scale: str) -> Iterator[str]:
    heads = [name.replace(f", {scale}", "") if scale else name for name in names]
    yield "| " + " | ".join([scale or "items × systems", "n", *heads]) + " |"
    yield "|" + "---|" * (len(names) + 2)
    at = {(key.world, key.cell): (key, figure) for key, figure in figures.items()}
    for world in sorted({key.world for key in figures}, key=lambda w: (w.grouping, w.document, w.items, w.systems, w.ties)):
        here = [at.get((world, name)) for name in names]
        runs = [one[1].runs for one in here if one is not None]
        if runs:
            entries = ["–" if one is None else _entry(*one) for one in here]
            yield "| " + " | ".join([_where(world), str(min(runs)), *entries]) + " |"


def _entry(key: Key, figure: Figure) -> str:
    found = verdict(key, figure)
    if key.measure.endswith(("bias", "exact")):
        return _with_error(figure, 4, "+")
    text = _with_error(figure, 3)
    return f"**{text}**" if found is not None and found.side else text


def _with_error(figure: Figure, digits: int, sign: str = "") -> str:
    value = f"{figure.mean:{sign}.{digits}f}"
    return f"{value.replace('0.', '.', 1) if abs(figure.mean) < 1 else value}({math.ceil(figure.error * 10**digits - 1e-9)})"


def _alike() -> Iterator[str]:
    rights = (0.5, 0.8, 0.9, 0.95, 0.99)
    yield "Coverage where each cluster is one pair that is right with the probability above: sums over all outcomes, nothing is"
    yield "simulated but the resamples. *Bootstrap alone*: without the rule for clusters that are all alike (decision 4)."
    yield ""
    yield "| clusters | interval | " + " | ".join(f"{right:g}" for right in rights) + " |"
    yield "|---|---|" + "---|" * len(rights)
    for clusters in (5, 14, 30, 50, 100, 200):
        found = [alike(clusters, right) for right in rights]
        for name in found[0]:
            yield f"| {clusters} | {name} | " + " | ".join(_share(one[name]) for one in found) + " |"


def _truths(known: Mapping[World, Plan]) -> Iterator[str]:
    yield from ["<details><summary>True calibrated accuracy of both metrics of each comparison</summary>", ""]
    names = list(dict.fromkeys(one.name for plan in known.values() for one in plan.comparisons))
    yield "| comparison | " + " | ".join(_where(world) for world in known if _shown(world)) + " |"
    yield "|---|" + "---|" * sum(_shown(world) for world in known)
    for name in names:
        entries = []
        for plan in (plan for world, plan in known.items() if _shown(world)):
            some = [one for one in plan.comparisons if one.name == name]
            pair = [_share(plan.truths[metric][1]) for metric in (some[0].first, some[0].second)] if some else []
            entries.append(" / ".join(pair) or "–")
        yield f"| {name} | " + " | ".join(entries) + " |"
    yield from ["", "</details>"]


def _shown(world: World) -> bool:
    """Worlds of 200 items: in item grouping the number of items changes no truth."""
    return world.items == 200 and world.grouping == "item" and world.document == 1


def _figures(tally: Tally, study: str, measure: str) -> list[tuple[Key, Figure]]:
    return [(key, figure) for key, figure in tally.figures.items() if key.study == study and key.measure == measure]


def _measures(tally: Tally, study: str) -> list[str]:
    there = {key.measure for key in tally.figures if key.study == study} - {COST[1]}
    return [one for one in MEASURES if one in there] + sorted(there - set(MEASURES))


def _named(measure: str) -> str:
    return MEASURES.get(measure, measure)


def _scale(name: str) -> str | None:
    rest = name.partition(", ")[2].partition(":")[0]
    return rest if rest in SCALES else None


def _where(world: World) -> str:
    more = "" if world.grouping == "item" else f", {world.grouping}"
    return f"{world.items:,} × {world.systems}, ties {_share(world.ties, 2)}{more}"


def _share(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.{digits}f}"
