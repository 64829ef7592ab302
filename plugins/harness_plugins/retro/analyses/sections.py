"""Analyses as sections of a run's report: what a command shows as text, as tables and plots with intervals and n."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.report.analysis_contents import Bin as BinMark
from harness.report.analysis_contents import Point, Scatter, ScatterPanel
from harness.report.contents import DataTable, Figure, LinePlot, Section, Series, TableColumn
from harness_plugins.retro.analyses.copying import Part
from harness_plugins.retro.analyses.depth import AtDepth
from harness_plugins.retro.analyses.gain import Bin, Explained
from harness_plugins.retro.analyses.intervals import Figure as Number
from harness_plugins.retro.analyses.perplexity import SCOPES, Scope
from harness_plugins.retro.analyses.shown import digits_of, disk_size, figure, percent
from harness_plugins.retro.analyses.swap import Swapped

_GAIN = "Gain: perplexity OFF / perplexity ON over the same tokens; 1 is none. ON and OFF are one checkpoint."
_POINTS = 1_000  # chunks that a plot shows
_MEASURES = ("perplexity OFF", "perplexity ON", "gain", "bits/byte OFF", "bits/byte ON")


def perplexity_section(scopes: Sequence[Scope], level: float) -> Section:
    """Perplexities, gain and bits per byte of each scope."""
    values = [(one.off, one.on, one.gain, one.bits_off, one.bits_on) for one in scopes]
    rows = [
        (scope.name, name, _told(number), scope.tokens, scope.documents)
        for scope, numbers in zip(scopes, values, strict=True)
        for name, number in zip(_MEASURES, numbers, strict=True)
    ]
    said = "; ".join(f"{one.name}: {SCOPES[one.name]}" for one in scopes)
    table = _table("perplexity", "Perplexity and bits per byte", f"{said}. {_by(level)}", ("tokens", "measure", "value"), rows)
    return Section(id="retro-perplexity", title="Perplexity with retrieval and without", figures=(table,), lead=_GAIN)


def overlap_section(
    shares: NDArray[np.float64],
    gains: NDArray[np.float64],
    whole: Number,
    mean: Number,
    why: Explained,
    bins: Sequence[Bin],
    *,
    level: float,
    seed: int,
) -> Section:
    """Overlap against the log gain of chunks (both (chunks,), nan where there is none), correlations, and gain by overlap."""
    lead = f"{_GAIN} It is {figure(whole, 4)} here, and the mean overlap {figure(mean)}."
    figures = (_cloud(shares, gains, why, bins, seed), _correlations(why, level), _bins(bins, level))
    return Section(id="retro-overlap", title="What explains the gain of retrieval", figures=figures, lead=lead)


def copy_section(parts: Sequence[Part], level: float) -> Section:
    """Gain on the tokens that were in what was read, and on the others."""
    names = ("tokens", "gain", "loss OFF", "loss ON", "share of the tokens", "share of the log gain")
    rows = [
        (
            one.name,
            _told(one.gain),
            _told(one.loss_off),
            _told(one.loss_on),
            _share(one.share),
            _share(one.share_of_gain),
            one.gain.tokens,
            one.gain.documents,
        )
        for one in parts
    ]
    caption = f"A token is copied where its id occurs in the neighbours that were read when it was predicted. {_by(level)}"
    table = _table("copy", "Copied tokens and others", caption, names, rows)
    return Section(id="retro-copy", title="Where the gain of retrieval is", figures=(table,), lead=_GAIN)


def swap_section(rows: Sequence[Swapped], level: float) -> Section:
    """One checkpoint with each retriever: what it gives, and what it costs."""
    done = [row for row in rows if row.scopes]
    lead = f"{_GAIN} One checkpoint reads with each retriever; the first is the one that it was trained with."
    figures = (*_swapped(done, level), *((_costs(done),) if done else ()))
    return Section(id="retro-swap", title="Retrievers swapped at inference", figures=figures, lead=lead)


def depth_section(found: Sequence[AtDepth], level: float) -> Section:
    """Gain and time of hybrid retrieval by depth."""
    names = ("depth", "gain", "mean overlap", "seconds per 1,000 queries", "queries", "threads")
    rows = [
        (
            one.depth,
            _told(one.gain),
            _told(one.overlap),
            f"{1000 * one.seconds / one.queries:.3f}",
            one.queries,
            one.threads,
            one.gain.tokens,
            one.gain.documents,
        )
        for one in found
    ]
    caption = f"So many dense candidates are re-ranked by BM25. Times are of the machine that ran it. {_by(level)}"
    figures: list[Figure] = [_table("depth", "Depth", caption, names, rows)]
    known = [(float(one.depth), one.gain.value) for one in found if one.gain.value is not None]
    if len(known) > 1:
        x, y = zip(*known, strict=True)
        figures.append(
            LinePlot(
                id="retro-depth-plot",
                title="Gain by depth",
                caption=f"n = {found[0].gain.tokens or 0:,} tokens at each depth; intervals stand in the table.",
                x_label="depth",
                y_label="gain",
                series=(Series(label="hybrid", x=x, y=y),),
            )
        )
    return Section(id="retro-depth", title="Depth of hybrid retrieval", figures=tuple(figures), lead=_GAIN)


def _cloud(shares: NDArray[np.float64], gains: NDArray[np.float64], why: Explained, bins: Sequence[Bin], seed: int) -> Scatter:
    known = np.flatnonzero(np.isfinite(shares) & np.isfinite(gains))
    drawn = np.sort(np.random.default_rng(seed).permutation(known)[:_POINTS])
    spearman = next((row.spearman for row in why.correlations if row.measure == "overlap"), None)
    some = "" if len(drawn) == len(known) else f" {len(drawn):,} of them, drawn by chance, are shown."
    return Scatter(
        id="retro-overlap-plot",
        title="Gain of chunks by overlap",
        caption=f"Each of {len(known):,} chunks: its overlap with what it read, and its mean gain a token.{some} "
        "Means of bins have intervals by document.",
        x_label="overlap",
        y_label="log gain (nats)",
        panels=(
            ScatterPanel(
                label="chunks",
                points=tuple(Point(x=float(shares[one]), y=float(gains[one]), label=f"chunk {one}") for one in drawn),
                bins=tuple(map(_mark, bins)),
                summary="" if spearman is None else f"Spearman {figure(spearman)}",
                note=None if spearman is None else spearman.note,
            ),
        ),
        neutral=0.0,
    )


def _mark(one: Bin) -> BinMark:
    value, low, high = (_log(number) for number in (one.gain.value, one.gain.low, one.gain.high))
    return BinMark(x=(one.low + one.high) / 2, value=value, low=low, high=high, n=one.gain.chunks or 0)


def _log(number: float | None) -> float | None:
    return None if number is None or number <= 0 else math.log(number)


def _correlations(why: Explained, level: float) -> DataTable:
    rows: list[Any] = [(row.measure, row.spearman, row.pearson) for row in why.correlations]
    rows += [(f"overlap minus {row.minus}", row.spearman, row.pearson) for row in why.differences]
    return _table(
        "correlations",
        "What goes with the log gain of chunks",
        f"Over {why.chunks:,} chunks; {why.without:,} more read nothing and are left out. {_by(level)}",
        ("measure", "Spearman", "Pearson"),
        [(name, _told(one), _told(other), one.chunks, one.documents) for name, one, other in rows],
        counted="chunks",
    )


def _bins(bins: Sequence[Bin], level: float) -> DataTable:
    rows = [
        (
            f"{one.low:.1f} to {one.high:.1f}",
            _told(one.gain),
            _told(one.copied),
            _told(one.others),
            one.gain.chunks,
            one.gain.documents,
        )
        for one in bins
        if one.gain.chunks
    ]
    names = ("overlap", "gain", "on copied tokens", "on the others")
    caption = f"Bins without a chunk are left out. {_by(level)}"
    return _table("bins", "Gain by overlap", caption, names, rows, counted="chunks")


def _swapped(done: Sequence[Swapped], level: float) -> Iterator[DataTable]:
    names = ("retriever", "perplexity", "gain over OFF", "perplexity against the first")
    for place, scope in enumerate(done[0].scopes if done else ()):
        rows: list[Any] = [("(OFF)", _told(scope.off), "", "", scope.tokens, scope.documents)]
        for row in done:
            mine = row.scopes[place]
            against = row.against.get(scope.name)
            apart = "" if against is None else percent(against)
            rows.append((row.retriever, _told(mine.on), _told(mine.gain), apart, mine.tokens, mine.documents))
        said = f"{SCOPES[scope.name].capitalize()}. {_by(level)}"
        yield _table(f"swap-{scope.name}", f"Tokens: {scope.name}", said, names, rows)


def _costs(done: Sequence[Swapped]) -> DataTable:
    names = (
        "retriever",
        "overlap",
        "search, ms a query",
        "opening, s",
        "index",
        "queries",
        "cores",
        "chunks without a neighbour",
    )
    rows = []
    for row in done:
        cost, overlap = row.cost, row.overlap
        if cost is None or overlap is None:
            continue
        size = "not said" if cost.index_bytes is None else disk_size(cost.index_bytes)
        times = (f"{cost.search_ms:.3f}", f"{cost.open_seconds:.2f}", size, cost.queries, cost.cores, row.without)
        rows.append((row.retriever, _told(overlap), *times, overlap.tokens, overlap.documents))
    caption = "Times are of the machine that ran it, of a search afresh; opening builds an index that was not there."
    return _table("swap-costs", "What explains it, and what it costs", caption, names, rows)


def _table(
    id: str, title: str, caption: str, names: Sequence[str], rows: Sequence[Sequence[Any]], counted: str = "tokens"
) -> DataTable:
    """A table of texts and counts; its last two columns are what was `counted`, and documents."""
    head = (*names, f"n {counted}", "n documents")
    numeric = [all(isinstance(row[place], int) for row in rows) for place in range(len(head))]
    columns = tuple(TableColumn(name=name, numeric=number) for name, number in zip(head, numeric, strict=True))
    return DataTable(id=f"retro-{id}", title=title, caption=caption, columns=columns, rows=tuple(map(tuple, rows)))


def _told(one: Number) -> str:
    return figure(one, digits_of(one))


def _share(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"


def _by(level: float) -> str:
    return f"Intervals of {100 * level:g} % by document."
