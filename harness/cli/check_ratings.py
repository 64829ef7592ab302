"""The part of `harness data check` about people: histograms, empty cells, agreement, preferences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.cli.plain import columns, plain

_RATERS = 12  # that are printed; --json has all
_SIDE_BY_SIDE = 4  # raters whose bars stand beside each other
_BAR = 16
_BLOCKS = " ▁▂▃▄▅▆▇█"
_RIGHT = frozenset(range(1, 60))


def rating_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Each criterion: how its raters rated, the mean of each system, the cells without a rating, and agreement."""
    for criterion, by_rater in summary["criteria"].items():
        yield ""
        if len(by_rater) > _SIDE_BY_SIDE:
            yield from _together(criterion, by_rater, summary["pooled"][criterion])
        else:
            yield from (plain(f"{criterion}, {rater} {_counts(said)}") for rater, said in by_rater.items())
            yield from _histograms(by_rater)
            yield from _means(by_rater)
            yield plain(_empty_cells(by_rater))
        if criterion in summary["agreement"]:
            yield from _agreement(criterion, summary["agreement"][criterion], "outputs with at least two ratings")


def _together(criterion: str, by_rater: Mapping[str, Any], all_raters: Mapping[str, Any]) -> Iterator[str]:
    """Many raters: their ratings pooled, a small histogram for some of them, and who is lowest and highest."""
    scale = "no scale" if all_raters["scale"] is None else "{:g} to {:g}, {}".format(*all_raters["scale"])
    yield plain(
        f"{criterion}, {len(by_rater)} raters ({scale}): {all_raters['ratings']} ratings, {all_raters['missing']} missing; "
        f"{_spread(all_raters['a_rater'])} a rater, {_spread(all_raters['an_output'])} an output (min, median, max)"
    )
    pooled = {"all raters": {**all_raters, "labels": {}}}
    yield from _histograms(pooled)
    yield from columns(
        [(f"  {plain(name)}", f"{said['mean']:.2f}", f"n={said['n']}") for name, said in all_raters["mean"].items()]
    )
    if all_raters["lowest"] is not None:
        low, high = all_raters["lowest"], all_raters["highest"]
        yield plain(f"  mean of a rater: lowest {low['mean']:.2f} ({low['rater']}), highest {high['mean']:.2f} ({high['rater']})")
    yield from _histograms(by_rater)
    if len(by_rater) <= _RATERS and any(
        cell["rated"] < cell["outputs"] for said in by_rater.values() for cell in said["cells"].values()
    ):
        systems = sorted({system for said in by_rater.values() for system in said["cells"]})
        cells = [[said["cells"].get(system, {"rated": 0, "outputs": 0}) for said in by_rater.values()] for system in systems]
        rows = [("  rated / outputs", *map(plain, by_rater))]
        rows += [
            (f"  {plain(system)}", *(f"{cell['rated']}/{cell['outputs']}" for cell in row))
            for system, row in zip(systems, cells, strict=True)
        ]
        yield from columns(rows, _RIGHT)


def _spread(counts: Mapping[str, float] | None) -> str:
    return "no ratings" if counts is None else f"{counts['min']:g}, {counts['median']:g}, {counts['max']:g}"


def preference_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Each criterion's comparisons: ties, wins, the place shown first, and agreement."""
    for criterion, by_rater in summary["preferences"].items():
        yield ""
        if len(by_rater) > _SIDE_BY_SIDE:
            yield from _compared(f"{criterion}, {len(by_rater)} raters", summary["pooled_preferences"][criterion])
        else:
            for rater, said in by_rater.items():
                yield from _compared(f"{criterion}, {rater}", said)
        agreement = summary["preference_agreement"].get(criterion)
        if agreement is not None:
            yield from _agreement(criterion, agreement, "pairs that at least two judged")
    if summary["places"]:
        yield ""
        yield "shown first (share of a system's pairs)"
        rows = [
            (f"  {plain(system)}", f"{place['share']:.0%}", f"[{place['low']:.0%} {place['high']:.0%}]", f"n={place['pairs']}")
            for system, place in list(summary["places"].items())[: 3 * _RATERS]
        ]
        yield from columns(rows, _RIGHT)


def _compared(name: str, said: Mapping[str, Any]) -> Iterator[str]:
    yield plain(f"{name}: {said['pairs']} pairs, {said['ties']} ties, {said['missing']} missing")
    wins = sorted(said["wins"].items(), key=lambda win: (-win[1], win[0]))
    more = f", and {len(wins) - _RATERS} more systems" if len(wins) > _RATERS else ""
    yield plain(f"  wins: {', '.join(f'{system} {count}' for system, count in wins[:_RATERS]) or 'none'}{more}")
    yield f"  {_first(said['first_shown'])}"


def _counts(said: Mapping[str, Any]) -> str:
    scale = "no scale" if said["scale"] is None else "{:g} to {:g}, {}".format(*said["scale"])
    ties = "no pairs" if said["tie_rate"] is None else f"tie rate {said['tie_rate']:.3f} over {said['tie_rate_items']} items"
    return f"({scale}): {said['ratings']} ratings, {said['missing']} missing, {said['unrated']} outputs not rated; {ties}"


def _histograms(by_rater: Mapping[str, Any]) -> Iterator[str]:
    """Bars of all raters beside each other, or one small histogram a line where there are many raters."""
    raters = [rater for rater, said in by_rater.items() if said["histogram"]]
    for rater, said in list(by_rater.items())[:_RATERS]:
        if said["labels"]:
            labels = ", ".join(f"{label} {count}" for label, count in said["labels"].items())
            yield plain(f"  labels by {rater}: {labels}")
    if not raters:
        return
    if len(raters) > _SIDE_BY_SIDE:
        lines = [
            (f"  {plain(rater)}", _spark(by_rater[rater]["histogram"]), _range(by_rater[rater])) for rater in raters[:_RATERS]
        ]
        yield from columns(lines)
        if len(raters) > _RATERS:
            yield f"  … and {len(raters) - _RATERS} more raters (--json has all)"
        return
    ends = sorted({(bar["low"], bar["high"]) for rater in raters for bar in by_rater[rater]["histogram"]})
    heads = ("  rating", *(plain(rater) for rater in raters))
    counts = {rater: {(bar["low"], bar["high"]): bar["count"] for bar in by_rater[rater]["histogram"]} for rater in raters}
    rows = [
        (f"  {_label(low, high)}", *(_bar(counts[rater].get((low, high), 0), counts[rater].values()) for rater in raters))
        for low, high in ends
    ]
    yield from columns([heads, *rows])


def _label(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"


def _bar(count: int, counts: Any) -> str:
    """`████████████     120  62%`; the longest bar is the rater's most frequent rating."""
    most, total = max(counts), sum(counts)
    filled = "█" * round(_BAR * count / most) if most else ""
    filled = filled or ("▏" if count else "")
    return f"{filled.ljust(_BAR)} {count:5d} {count / total if total else 0:4.0%}"


def _spark(bars: Sequence[Mapping[str, Any]]) -> str:
    most = max(bar["count"] for bar in bars)
    return "".join(_BLOCKS[0 if not bar["count"] else max(1, round(8 * bar["count"] / most))] for bar in bars)


def _range(said: Mapping[str, Any]) -> str:
    bars = said["histogram"]
    return f"{bars[0]['low']:g} to {bars[-1]['high']:g}, n={said['ratings']}"


def _means(by_rater: Mapping[str, Any]) -> Iterator[str]:
    """The mean rating of each system and how many of its outputs were rated, a column a rater."""
    systems = sorted({system for said in by_rater.values() for system in said["cells"]})
    rows = [("  mean, n / outputs", *map(plain, by_rater))]
    rows += [(f"  {plain(system)}", *(_cell(said, system) for said in by_rater.values())) for system in systems]
    yield from columns(rows, _RIGHT)


def _cell(said: Mapping[str, Any], system: str) -> str:
    cell, mean = said["cells"].get(system), said["mean"].get(system)
    counted = "–" if cell is None else f"{cell['rated']}/{cell['outputs']}"
    return counted if mean is None else f"{mean['mean']:.2f} n={counted}"


def _empty_cells(by_rater: Mapping[str, Any]) -> str:
    """`empty cells: Anna 3 of 40, Bo 20 of 40`: outputs that a rater has not rated, of all."""
    empty = []
    for rater, said in by_rater.items():
        outputs = sum(cell["outputs"] for cell in said["cells"].values())
        rated = sum(cell["rated"] for cell in said["cells"].values())
        if rated < outputs:
            empty.append(f"{rater} {outputs - rated} of {outputs}")
    return f"  empty cells: {', '.join(empty) or 'none'}"


def _agreement(criterion: str, found: Mapping[str, Any], over: str) -> Iterator[str]:
    alpha = found[f"krippendorff_alpha_{found['level']}"]
    units = found.get("outputs", found.get("pairs_of_outputs"))
    value = "undefined" if alpha is None else f"{alpha:.3f}"
    if alpha is None and found["distinct_ratings"] > 1000:
        value = f"not computed ({found['distinct_ratings']} different ratings)"
    interval = "" if found["low"] is None else f" [{found['low']:.3f} {found['high']:.3f}]"
    yield ""
    yield plain(
        f"{criterion}, agreement of {found['raters']} raters: Krippendorff's alpha ({found['level']}) {value}{interval} "
        f"over {units} {over}"
    )
    if found["equal"] is not None:
        fleiss = (
            ""
            if found["fleiss_kappa"] is None
            else f"; Fleiss' kappa {found['fleiss_kappa']:.3f} over {found['complete']} that all judged"
        )
        yield f"  two of them say the same on {found['equal']:.0%}{fleiss}"
    if len(found["pairs"]) > 1:
        rows = [("  ", "same", "alpha", "kappa", "n")]
        for pair in found["pairs"]:
            one, other = (plain(rater) for rater in pair["raters"])
            rows.append(
                (
                    f"  {one}, {other}",
                    f"{pair['equal']:.0%}",
                    _figure(pair["alpha"]),
                    _figure(pair["cohen_kappa"]),
                    str(pair["n"]),
                )
            )
        yield from columns(rows, _RIGHT)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _first(shown: Mapping[str, Any]) -> str:
    what = "the output shown first" if shown["recorded"] else "the first of the pair (what was shown first is not recorded)"
    if shown["share"] is None:
        return f"{what}: nothing was decided"
    return (
        f"{what} wins {shown['wins']} of {shown['pairs']} decided, {shown['share']:.0%} [{shown['low']:.0%} {shown['high']:.0%}]"
    )
