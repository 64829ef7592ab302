"""Accuracy against the tie threshold: how much of a metric's accuracy is tying, and how sharp the best threshold is."""

import numpy as np

from harness.meta.calibration import integer_weights
from harness.meta.pairs import Floats, Ints, Ordered, Pairs, group_means
from harness.report.contents import LinePlot, Series
from harness.report.frame import MANY, Frame, amount, mark
from harness.report.ground import BoardPairs, Ground
from harness.report.layout import number
from harness.report.standing import accuracy_of, metrics_of
from harness.report.views import Board

POINTS = 200  # a line has at most so many


def curves(frame: Frame, ground: Ground) -> list[LinePlot]:
    """A plot per board with human ties; none for constructed pairs, where no threshold can help."""
    if frame.constructed:
        return []
    return [plot for board in frame.boards if (plot := _curve(frame, ground, board)) is not None]


def thresholds(pairs: Pairs, ordered: Ordered) -> tuple[Floats, Floats, Floats]:
    """(epsilon, share of pairs that the metric then ties, accuracy) for 0 and every gap, ascending."""
    order, last, gaps = ordered.by_gap
    sizes = pairs.sizes
    whole = integer_weights(sizes)
    weights = np.divide(1.0, sizes, out=np.zeros(len(sizes)), where=sizes > 0) if whole is None else whole.astype(np.float64)
    scale = float((weights * sizes).max()) * np.count_nonzero(sizes)
    gained = np.cumsum((ordered.gain * weights[pairs.group])[order])[last]
    untied = float((ordered.concordant * weights[pairs.group]).sum())
    epsilons, tied, right = gaps, (last + 1) / len(pairs), (untied + gained) / scale
    if gaps[0] > 0:
        start = float(group_means(pairs, ordered.right(0.0)).mean())
        epsilons, tied, right = np.append(0.0, epsilons), np.append(0.0, tied), np.append(start, right)
    return epsilons, tied, right


def _curve(frame: Frame, ground: Ground, board: Board) -> LinePlot | None:
    found = ground.pairs(board)
    if found is None or not (found.signs == 0).any():
        return None
    lines = [line for line in metrics_of(board) if line.label in ground.columns]
    series = [_series(ground, found, line.label, _chosen(board, line.label)) for line in lines[:MANY]]
    kept = tuple(one for one in series if one is not None)
    if not kept:
        return None
    n_items = max((row.n_items for line in lines if (row := accuracy_of(line)) is not None), default=0)
    cut = f" The first {len(kept)} of {len(lines)} metrics." if len(kept) < len(lines) else ""
    return LinePlot(
        id=f"curve-{frame.key(board)}",
        title=f"Accuracy on {frame.title(board)} by tie threshold",
        caption=f"Accuracy of each metric by the share of pairs that it ties; the point is the epsilon that calibration chose "
        f"({amount(n_items, 'item')}, {amount(len(found.pairs), 'pair')}; without intervals).{cut}",
        x_label="share of pairs that the metric ties",
        y_label="accuracy",
        series=kept,
        floor=None if board.floor is None else mark(board.floor),
    )


def _chosen(board: Board, label: str) -> float | None:
    row = next(line.cells.get("accuracy") for line in board.lines if line.label == label)
    return None if row is None else row.epsilon


def _series(ground: Ground, found: BoardPairs, label: str, epsilon: float | None) -> Series | None:
    scored = ground.ordered(found, label)
    if scored is None:
        return None
    epsilons, tied, right = thresholds(*scored)
    best = None if epsilon is None else int(np.searchsorted(epsilons, epsilon))
    if best is not None and best == len(epsilons):
        best = None
    kept = _spread(tied, best)
    note = None
    if best is not None:
        note = f"epsilon {epsilons[best]:.4g} ties {tied[best]:.0%} of the pairs: accuracy {number(float(right[best]))}"
    return Series(
        label=label,
        x=tuple(round(float(value), 5) for value in tied[kept]),
        y=tuple(round(float(value), 5) for value in right[kept]),
        chosen=None if best is None else int(np.searchsorted(kept, best)),
        note=note,
    )


def _spread(tied: Floats, best: int | None) -> Ints:
    """Indices of at most POINTS points, evenly along the axis; the ends and the chosen one are among them."""
    if len(tied) <= POINTS:
        return np.arange(len(tied))
    evenly = np.searchsorted(tied, np.linspace(tied[0], tied[-1], POINTS - 2)).clip(0, len(tied) - 1)
    must = [0, len(tied) - 1] if best is None else [0, len(tied) - 1, best]
    return np.unique(np.append(evenly, must))[: POINTS + 1]
