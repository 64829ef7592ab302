"""Means of systems by people and by each metric, with intervals: do the metrics rank systems as people do?"""

import numpy as np

from harness.meta.pairs import Floats, Ints, sums_by
from harness.meta.resampling import Resampler, in_chunks, product
from harness.report.contents import Mark, SystemMeans, SystemRow
from harness.report.frame import MANY, Frame, amount
from harness.report.ground import Ground
from harness.report.standing import metrics_of
from harness.report.views import PREFERENCE, Board

SYSTEMS = 40
_MOST_WEIGHTS = 100_000_000  # resamples × clusters beyond which means have no interval


def system_means(frame: Frame, ground: Ground) -> list[SystemMeans]:
    """A figure per board; none for constructed sets, whose systems are only `better` and `worse`."""
    if frame.constructed:
        return []
    return [figure for board in frame.boards if (figure := _figure(frame, ground, board)) is not None]


def _figure(frame: Frame, ground: Ground, board: Board) -> SystemMeans | None:
    people = _people(ground, board)
    if people is None or not len(people[0]):
        return None
    outputs, values = people
    scale = _down(frame, board)
    if scale is not None:
        values = scale[0] + scale[1] - values
    labels = [line.label for line in metrics_of(board) if line.label in ground.columns][:MANY]
    systems = frame.done.data.systems
    resampler = _resampler(frame, ground, outputs)
    columns = [_means(ground, outputs, values, len(systems), resampler)]
    for label in labels:
        scores = ground.columns[label].values
        given = np.full(len(outputs), np.nan) if scores is None else scores[outputs] * ground.sign(label)
        columns.append(_means(ground, outputs, given, len(systems), resampler))
    signs = [1.0 if scale is None else -1.0, *(ground.sign(label) for label in labels)]
    ranks = [_places(column, sign) for column, sign in zip(columns, signs, strict=True)]
    rated = [place for place in range(len(systems)) if columns[0][place].value is not None]
    order = sorted(rated, key=lambda place: (-signs[0] * (columns[0][place].value or 0.0), systems[place]))
    rows = [
        SystemRow(
            system=systems[place],
            marks=tuple(column[place] for column in columns),
            ranks=tuple(own[place] for own in ranks),
        )
        for place in order[:SYSTEMS]
    ]
    if not rows:
        return None
    return SystemMeans(
        id=f"systems-{frame.key(board)}",
        title=f"Systems on {frame.title(board)}",
        caption=_caption(frame, board, len(labels), len(order), max(row.marks[0].n_items for row in rows), scale),
        columns=("people", *labels),
        rows=tuple(rows),
    )


def _caption(frame: Frame, board: Board, metrics: int, systems: int, n_items: int, down: tuple[float, float] | None) -> str:
    what = "share of judged pairs won, a tie counting half" if board.grouping == PREFERENCE else f"mean rating ({board.raters})"
    what += "" if down is None else f", on a scale from {down[0]:g} (best) to {down[1]:g} (worst)"
    total = len([line for line in metrics_of(board)])
    cut = f" The first {metrics} of {total} metrics." if metrics < total else ""
    cut += f" The {SYSTEMS} best of {systems} systems." if systems > SYSTEMS else ""
    return (
        f"By people: {what}; by each metric: its mean over the same answers ({amount(n_items, 'item')} at most, "
        f"{amount(systems, 'system')}). {frame.options.level:.0%} intervals by bootstrap over items; places are of the means "
        f"alone.{cut}"
    )


def _people(ground: Ground, board: Board) -> tuple[Ints, Floats] | None:
    """(outputs, what people said of each): ratings, or for preferences 1, 0 or ½ for every pair that an output was judged in."""
    human = ground.human(board)
    if human is not None:
        rated = np.flatnonzero(np.isfinite(human) & ~ground.unknown)
        return rated, human[rated]
    found = ground.pairs(board)
    if found is None:
        return None
    won = (found.signs.astype(np.float64) + 1) / 2
    return np.concatenate([found.pairs.left, found.pairs.right]), np.concatenate([won, 1 - won])


def _down(frame: Frame, board: Board) -> tuple[float, float] | None:
    """The ends of the board's scale where its low end is the good one, so that means are told as people gave them.

    None for other scales, and where scales differ between ratings: those stay turned, higher being better.
    """
    scales = {
        judgment.scale
        for judgment in frame.done.data.judgments
        if judgment.criterion == board.criterion and judgment.scale is not None and judgment.span is None
    }
    if len(scales) != 1:
        return None
    scale = scales.pop()
    return (scale.low, scale.high) if scale.direction == "down" else None


def _resampler(frame: Frame, ground: Ground, outputs: Ints) -> tuple[Resampler, Ints] | None:
    """A resampler of the clusters that the outputs reach, and the code of each output's cluster."""
    codes, cluster = np.unique(ground.cluster[outputs], return_inverse=True)
    o = frame.options
    if len(codes) * o.resamples > _MOST_WEIGHTS:
        return None
    return Resampler(cluster, len(codes), o.resamples, o.level, o.seed), cluster


def _means(
    ground: Ground, outputs: Ints, values: Floats, n_systems: int, resampling: tuple[Resampler, Ints] | None
) -> list[Mark]:
    """The mean of each system over the outputs that have a value, with its interval."""
    defined = np.isfinite(values)
    system, item = ground.system[outputs][defined], ground.item[outputs][defined]
    counts = np.bincount(system, minlength=n_systems)
    totals = sums_by(system, values[defined], n_systems)
    ends: list[tuple[float | None, float | None]] = [(None, None)] * n_systems
    if resampling is not None:
        resampler, cluster = resampling
        cell, size = cluster[defined] * n_systems + system, resampler.n_clusters * n_systems
        below = _weighed(resampler, sums_by(cell, np.ones(len(cell)), size).reshape(-1, n_systems))
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = _weighed(resampler, sums_by(cell, values[defined], size).reshape(-1, n_systems)) / below
        ends = [resampler.interval(resampled[:, place]) for place in range(n_systems)]
    items = [len(np.unique(item[system == place])) for place in range(n_systems)]
    return [
        Mark(value=float(totals[place] / counts[place]), low=ends[place][0], high=ends[place][1], n_items=items[place])
        if counts[place]
        else Mark(value=None, note="no data")
        for place in range(n_systems)
    ]


def _weighed(resampler: Resampler, sums: Floats) -> Floats:
    """Resampled totals of one sum per cluster and system, shape (resamples, systems)."""
    return in_chunks(lambda rows: product(resampler.some_weights(rows), sums), resampler.resamples, resampler.n_clusters)


def _places(column: list[Mark], sign: float) -> list[int | None]:
    """The place of each system, 1 the best; equal means share one."""
    values = [None if one.value is None else sign * one.value for one in column]
    known = [value for value in values if value is not None]
    return [None if value is None else 1 + sum(other > value for other in known) for value in values]
