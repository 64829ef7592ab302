"""Advice: may a metric stand in for people on a kind of task? *use*, *weak* or *ask people*, each with its reason in a sentence.

A pure function of MetaRows, so that a finished run can be advised on without its texts. The rule [ours]: *use* if the lower bound
of held-out accuracy exceeds the highest upper bound of any sentinel in the same cell, at least 98 % of the outputs have a score
and at least 30 different clusters were rated, with few copies among them; *weak* if only its point estimate exceeds every
sentinel's; else *ask people*, with the planner's N. A missing score counts as wrong. How often *use* is said in vain:
benchmarks/advice.py.
"""

from collections.abc import Mapping, Sequence
from math import ceil, isclose, sqrt
from typing import Literal

import msgspec

from harness.meta.planner import clusters_for_clear_intervals, normal_quantile
from harness.meta.slices import slice_key
from harness.records import MetaRow

Verdict = Literal["use", "weak", "ask people", "no advice"]
COVERAGE = 0.98
MIN_CLUSTERS = 30  # under this many, percentile intervals are too short for a promise
DIFFERENT = 0.9  # of the clusters; with a tenth of copies an interval is about 5 % too short
GROUPINGS = ("item", "preference")  # advice is about telling answers to one question apart
DIFFERENCE = "accuracy_difference"
HELD_OUT, RAW, CONSTRUCTION, LEAVE_ONE_OUT = "accuracy_heldout", "accuracy_raw", "construction", "leave-one-out"


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with one metric on one slice of one criterion.

    `metric` is a signature, `label` what the user wrote for it. `value`, `low`, `high` are of `statistic`: held-out accuracy, or
    raw accuracy for direct verdicts on pairs, which are never calibrated. `sentinel` (a name) is the one that decides.
    `needed_items`: items in all with which "use" would be said of an advantage of `delta` over that sentinel; None where not
    asked for or unknown. `n_different`: clusters that differ in content, where some are copies of others; else None.
    `note` is that of the row (exploratory; approximate; the same outputs as another slice).
    """

    metric: str
    label: str
    criterion: str
    slice: str
    raters: str | None
    verdict: Verdict
    reason: str
    statistic: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    sentinel: str | None = None
    sentinel_value: float | None = None
    sentinel_low: float | None = None
    sentinel_high: float | None = None
    n_items: int = 0
    n_clusters: int = 0
    n_different: int | None = None
    n_pairs: int = 0
    coverage: float | None = None
    delta: float | None = None
    needed_items: int | None = None
    note: str | None = None


class _Terms(msgspec.Struct, frozen=True):
    delta: float
    power: float
    level: float


def advise(
    rows: Sequence[MetaRow],
    labels: Mapping[str, str],
    *,
    delta: float = 0.02,
    power: float = 0.8,
    level: float = 0.95,
    different: Mapping[tuple[str, str], int] | None = None,
) -> list[Advice]:
    """One Advice per metric × criterion × human target × slice: criteria in the rows' order, slices and metrics in reading order.

    :param rows: of one meta-evaluation.
    :param labels: signature → what the user wrote; its order is the metrics' order, others follow.
    :param delta: the advantage over a sentinel that *ask people* counts items for; a choice, never the observed difference.
    :param level: that of the intervals in `rows`.
    :param different: (criterion, slice) → clusters that differ in content, where some are copies (`copies.different_clusters`).
    """
    terms = _Terms(delta, power, level)
    main = main_components(rows)
    signatures = [*(signature for signature in labels if signature in main), *(one for one in main if one not in labels)]
    cells: dict[tuple[str, str], dict[str, list[MetaRow]]] = {}
    for row in rows:
        contrast = row.against is None and row.statistic.startswith(DIFFERENCE)  # of two languages: no kind of task
        if row.criterion and row.raters != LEAVE_ONE_OUT and row.grouping in GROUPINGS and not contrast:
            by_slice = cells.setdefault((row.criterion, row.raters or ""), {})
            by_slice.setdefault(row.slice, []).append(row)
    unable = {(row.metric, row.criterion): row.note for row in rows if row.metric and row.grouping is None and row.note}
    found: list[Advice] = []
    for (criterion, raters), by_slice in cells.items():
        for label in sorted(by_slice, key=slice_key):
            for signature in signatures:
                name = labels.get(signature, signature.partition("|")[0])
                empty = Advice(
                    metric=signature, label=name, criterion=criterion, slice=label, raters=raters, verdict="no advice", reason=""
                )
                of = msgspec.structs.replace(empty, n_different=(different or {}).get((criterion, label)))
                found.append(_one(of, by_slice[label], main[signature], unable.get((signature, criterion)), terms))
    return found


def main_components(rows: Sequence[MetaRow]) -> dict[str, str | None]:
    """The main component of each metric that is no sentinel: the ranked one, else the first."""
    first: dict[str, str | None] = {}
    ranked: dict[str, str | None] = {}
    for row in rows:
        if row.metric is None or _is_sentinel(row.metric):
            continue
        first.setdefault(row.metric, row.component)
        if row.rank_cluster is not None:
            ranked[row.metric] = row.component
    return {**first, **ranked}


def _one(empty: Advice, rows: Sequence[MetaRow], component: str | None, unable: str | None, terms: _Terms) -> Advice:
    """The advice on one metric from the rows of one cell."""
    if any((row.raters or "").partition(":")[0] == CONSTRUCTION for row in rows):
        return _nothing(
            empty, "the better answers are better by construction: nobody was asked, so nothing here says what people think"
        )
    own = [row for row in rows if (row.metric, row.component, row.against) == (empty.metric, component, None)]
    row = _deciding(own, HELD_OUT) or _deciding(own, RAW)
    if row is None or not row.coverage:
        return _nothing(empty, _why_nothing(rows, row, unable))
    if row.value is None:
        return _nothing(empty, _why_none_held_out(_deciding(own, RAW) or row))
    advice = msgspec.structs.replace(
        empty,
        statistic=row.statistic,
        value=row.value,
        low=row.low,
        high=row.high,
        n_items=row.n_items,
        n_clusters=row.n_clusters,
        n_different=None if empty.n_different is None else min(empty.n_different, row.n_clusters),
        n_pairs=row.n_pairs,
        coverage=row.coverage,
        note=row.note,
    )
    sentinels = _sentinels(rows, row.statistic)
    if not sentinels:
        return _nothing(empty, "no sentinel was computed, so there is nothing that the metric must beat")
    return _judged(advice, row, sentinels, rows, terms)


def _nothing(empty: Advice, reason: str) -> Advice:
    return msgspec.structs.replace(empty, verdict="no advice", reason=reason)


def _why_nothing(rows: Sequence[MetaRow], row: MetaRow | None, unable: str | None) -> str:
    if row is not None:
        return "the metric scored no output here"
    said = [one.note for one in rows if one.metric is None and one.note and one.note.startswith("no data")]
    reason = (said[0] if said else unable or "").removeprefix("no data").removeprefix(": ")
    return reason or ("nobody rated answers of this kind" if said else "the metric has no number here")


def _why_none_held_out(raw: MetaRow) -> str:
    """Why no item has a threshold from others, from the row of raw accuracy, which needs none."""
    if raw.n_clusters == 1 < raw.n_items:
        return f"all {raw.n_items:,} rated items are of one cluster (one document, say), so none can be held out"
    among = f" ({raw.n_items:,} in {raw.n_clusters:,} clusters)" if 1 < raw.n_clusters < raw.n_items else ""
    return f"people rated too few items to hold any out{among}"


def _judged(advice: Advice, row: MetaRow, sentinels: Sequence[MetaRow], rows: Sequence[MetaRow], terms: _Terms) -> Advice:
    """The verdict on a metric that has a value, against sentinels that have one."""
    value = row.value or 0.0
    best = max(sentinels, key=lambda one: one.value or 0.0)
    widest = max(sentinels, key=lambda one: float("inf") if one.high is None else one.high)
    above = value > (best.value or 0.0)
    clear = above and row.low is not None and widest.high is not None and row.low > widest.high
    rival = widest if above else best
    short = _short_of_use(row, advice.n_different)
    verdict: Verdict = "use" if clear and not short else "weak" if above else "ask people"
    needed = None if clear else _needed(row, rival, rows, terms)
    rival_name = (rival.metric or "").partition("|")[0]
    own = f"{'raw' if row.statistic == RAW else 'held-out'} accuracy {_figures(row)}"
    other, items = f"{rival_name} {_figures(rival)}", _items(row, advice.n_different)
    if clear:
        reason = ", but ".join([f"{own} is clear of every sentinel (the nearest: {other}) on {items}", *short])
    elif above:
        reason = f"{own} is above every sentinel, but its interval is not clear of {other} on {items}; "
    else:
        reason = f"{own} does not beat {other} on {items}; "
    return msgspec.structs.replace(
        advice,
        verdict=verdict,
        reason=reason if clear else reason + _wanted(needed, row, rival_name, terms),
        sentinel=rival_name,
        sentinel_value=rival.value,
        sentinel_low=rival.low,
        sentinel_high=rival.high,
        delta=None if clear else terms.delta,
        needed_items=None if needed is None else needed.items,
    )


def _short_of_use(row: MetaRow, different: int | None) -> list[str]:
    """What keeps an interval that is clear from counting."""
    found = []
    if (row.coverage or 0.0) < COVERAGE:
        found.append(f"only {row.coverage:.1%} of the outputs have a score and {COVERAGE:.0%} are needed")
    if row.n_clusters < MIN_CLUSTERS:
        found.append(f"{row.n_clusters} are too few to rely on the interval: {MIN_CLUSTERS} are needed")
    elif different is not None and different < max(MIN_CLUSTERS, DIFFERENT * row.n_clusters):
        wanted = f"at least {MIN_CLUSTERS} and {DIFFERENT:.0%} of them have to differ"
        found.append(f"the interval counts {row.n_clusters - different:,} copies as new: {wanted}")
    return found


def _sentinels(rows: Sequence[MetaRow], statistic: str) -> list[MetaRow]:
    """Each sentinel's row of the statistic; beside raw accuracy (a verdict's) also held out, which a sentinel may choose."""
    allowed = (HELD_OUT,) if statistic == HELD_OUT else (RAW, HELD_OUT)
    names = dict.fromkeys(row.metric for row in rows if row.metric is not None and _is_sentinel(row.metric))
    found = []
    for name in names:
        own = [row for row in rows if row.metric == name and row.against is None]
        found += [row for row in (_deciding(own, one) for one in allowed) if row is not None and row.value is not None]
    return found


def _deciding(rows: Sequence[MetaRow], statistic: str) -> MetaRow | None:
    """The row of a statistic that counts missing scores as wrong, where there is one, else the metric's own."""
    own = [row for row in rows if row.statistic == statistic]
    return next((row for row in own if row.support == "missing-wrong"), own[0] if own else None)


class _Needed(msgspec.Struct, frozen=True):
    items: int
    at_most: bool


def _needed(row: MetaRow, rival: MetaRow, rows: Sequence[MetaRow], terms: _Terms) -> _Needed | None:
    """Items with which both intervals would be clear of each other were the metric better by delta; None where unknown.

    Not those with which the test finds the advantage: it rests on calibrated accuracy at an alpha that Holm's correction divides
    by all comparisons, so that it may need more or fewer. Spreads per cluster are read off the intervals. A verdict has no paired
    difference: its spread is at most the sum of both.
    """
    both = (row.metric, row.component, rival.metric)
    paired = _deciding([one for one in rows if (one.metric, one.component, one.against) == both], DIFFERENCE)
    own, other = _spread(row, terms), _spread(rival, terms)
    if own is None or other is None:
        return None
    if (difference := own + other if paired is None else _spread(paired, terms)) is None:
        return None
    clusters = clusters_for_clear_intervals((own, other), difference, terms.delta, terms.level, terms.power)
    return _Needed(ceil(max(clusters, MIN_CLUSTERS) * row.n_items / row.n_clusters), paired is None)


def _spread(row: MetaRow, terms: _Terms) -> float | None:
    """The standard deviation per cluster that the row's interval implies; None without one, or where all clusters are alike."""
    if row.value is None or row.low is None or row.high is None or row.high <= row.low or not row.n_clusters:
        return None
    unseen = 1 - ((1 - terms.level) / 2) ** (1 / row.n_clusters)
    if isclose(row.high - row.low, unseen) and isclose(row.low, row.value * (1 - unseen), abs_tol=1e-9):
        return None  # the interval of Support.estimate for what did not vary: it says nothing of how much it would
    return (row.high - row.low) / (2 * normal_quantile((1 + terms.level) / 2)) * sqrt(row.n_clusters)


def _wanted(needed: _Needed | None, row: MetaRow, rival: str, terms: _Terms) -> str:
    """What it takes to say "use" of an advantage of delta."""
    digits = next((digits for digits in (2, 3) if round(terms.delta, digits) == terms.delta), 4)
    better = f"better than {rival} by {_number(terms.delta, digits)}"
    if needed is None:
        return f"how many items it takes to call it use if it is {better} is unknown"
    there = "are enough to call it use if it is" if needed.items <= row.n_items else "would be needed to call it use if it were"
    return f"{'at most ' if needed.at_most else ''}about {needed.items:,} items {there} {better} ({terms.power:.0%} power)"


def _items(row: MetaRow, different: int | None) -> str:
    items = f"{row.n_items:,} item{'' if row.n_items == 1 else 's'}"
    if different is not None and different < row.n_clusters:
        items += f"{f' in {row.n_clusters:,} clusters' if row.n_clusters != row.n_items else ''}, {different:,} different"
    return f"{items} ({row.n_pairs:,} pairs)"


def _figures(row: MetaRow) -> str:
    interval = "[no interval]" if row.low is None or row.high is None else f"[{_number(row.low)} {_number(row.high)}]"
    return f"{_number(row.value)} {interval}"


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.{digits}f}"


def _is_sentinel(signature: str) -> bool:
    return signature.split("|")[1:2] == ["sentinel"]
