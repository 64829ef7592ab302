"""Accuracy with intervals per slice, and the rank clusters: the figures that answer which metric agrees with people."""

from collections.abc import Sequence

from harness.report.construction import PHENOMENON
from harness.report.contents import DotPanel, DotPlot, DotRow, RankCluster, Ranks
from harness.report.frame import MANY, SHOWN, Frame, amount, mark
from harness.report.views import PREFERENCE, Board, Line

PANELS = 24  # slices that one plot shows; the table of slices holds them all
_BETTER = "better by construction"  # a note on every row of a constructed set, which the caption says already


def dot_plots(frame: Frame) -> list[DotPlot]:
    """One plot a board: a panel for all items, then one a slice."""
    return [plot for board in frame.boards if (plot := _dot_plot(frame, board)) is not None]


def rank_figures(frame: Frame) -> list[Ranks]:
    """The rank clusters of each board that has any."""
    return [figure for board in frame.boards if (figure := _ranks(frame, board)) is not None]


def statistics_of(frame: Frame, lines: Sequence[Line]) -> list[str]:
    """The accuracies that the lines have; of constructed pairs the raw one alone, for nobody ties them."""
    found = [name for name in SHOWN if any((row := line.cells.get(name)) and row.value is not None for line in lines)]
    return found[:1] if frame.constructed else found


def dot_row(line: Line, statistics: Sequence[str]) -> DotRow:
    """A line of a board as a row of a figure."""
    marks = {SHOWN[name]: mark(line.cells[name]) for name in statistics if name in line.cells}
    return DotRow(label=line.label, sentinel=line.sentinel, rank=line.rank, beats_sentinels=line.beats, marks=marks)


def _dot_plot(frame: Frame, board: Board) -> DotPlot | None:
    statistics = statistics_of(frame, board.lines)
    if not statistics:
        return None
    slices = [label for label in _slices(frame, board) if label != "all"]
    kept = sorted(range(len(slices)), key=lambda place: -_pairs(frame, board, slices[place]))[: PANELS - 1]
    shown = [slices[place] for place in sorted(kept)]
    whole = _panel(frame, board, statistics, len(board.lines))
    panels = [whole]
    for label in shown:
        part = frame.slice_board(board, label)
        if part is not None:
            panels.append(_panel(frame, part, statistics, MANY))
    ends = [end for panel in panels for end in _ends(panel)]
    low, high = max(0.0, min(ends) - 0.02), min(1.0, max(ends) + 0.02)
    return DotPlot(
        id=f"accuracy-{frame.key(board)}",
        title=f"Accuracy on {frame.title(board)}",
        caption=_caption(frame, board, whole, len(slices) - len(shown)),
        statistics=tuple(SHOWN[name] for name in statistics),
        panels=tuple(panels),
        low=round(low, 3),
        high=round(high, 3),
    )


def _slices(frame: Frame, board: Board) -> list[str]:
    """Slices with data; the phenomena of a constructed set have a map of their own."""
    grid = frame.grids.get((board.criterion, board.raters, board.grouping))
    rows = [] if grid is None else [row for row in grid.rows if row.n_pairs and not row.slice.endswith(" (difference)")]
    return [row.slice for row in rows if not (frame.constructed and row.slice.startswith(PHENOMENON))]


def _pairs(frame: Frame, board: Board, label: str) -> int:
    rows = frame.grids[board.criterion, board.raters, board.grouping].rows
    return next(row.n_pairs for row in rows if row.slice == label)


def _panel(frame: Frame, board: Board, statistics: Sequence[str], most: int) -> DotPanel:
    metrics = [line for line in board.lines if not line.sentinel][:most]
    lines = [*metrics, *(line for line in board.lines if line.sentinel)]
    rows = tuple(dot_row(line, statistics) for line in lines)
    counted = [one for row in rows for one in row.marks.values()]
    left_out = len(board.lines) - len(lines)
    said = [part for note in board.notes[:2] for part in note.split("; ") if not part.startswith(_BETTER)]
    notes = [*said, f"the first {most} metrics of {most + left_out}" if left_out else ""]
    return DotPanel(
        slice=board.slice,
        n_items=max((one.n_items for one in counted), default=0),
        n_pairs=max((one.n_pairs for one in counted), default=0),
        rows=rows,
        floor=None if board.floor is None or frame.constructed else mark(board.floor),
        human_level=None if board.human_level is None else mark(board.human_level),
        note="; ".join(dict.fromkeys(note for note in notes if note)) or None,
    )


def _ends(panel: DotPanel) -> list[float]:
    marks = [one for row in panel.rows for one in row.marks.values()]
    marks += [one for one in (panel.floor, panel.human_level) if one is not None]
    return [end for one in marks for end in (one.value, one.low, one.high) if end is not None]


def _caption(frame: Frame, board: Board, whole: DotPanel, left_out: int) -> str:
    n = f"{amount(whole.n_items, 'item')}, {amount(whole.n_pairs, 'pair')} of answers"
    more = f" {amount(left_out, 'slice')} with fewer pairs stand in the table of slices only." if left_out else ""
    rest = f"Bars are {frame.options.level:.0%} intervals by bootstrap over items; slices are exploratory.{more}"
    if frame.constructed:
        return (
            f"Share of pairs in which each metric prefers the answer better by construction, a tie being wrong ({n}). {rest} "
            "Phenomena stand in a map of their own."
        )
    how = "of judged pairs, pooled" if board.grouping == PREFERENCE else f"of pairs within {_within(board)}, averaged over them"
    return f"Share {how}, that each metric orders or ties as people do (raters: {board.raters}; {n}). {rest}"


def _within(board: Board) -> str:
    return {"item": "an item", "system": "a system", "none": "the whole set"}.get(board.grouping, board.grouping)


def _ranks(frame: Frame, board: Board) -> Ranks | None:
    ranked = [line for line in board.lines if line.rank is not None and not line.sentinel]
    if len(ranked) < 2:
        return None
    statistics = statistics_of(frame, board.lines)
    numbers = sorted({line.rank for line in ranked if line.rank is not None})
    clusters = [
        RankCluster(rank=rank, members=tuple(dot_row(line, statistics) for line in ranked if line.rank == rank))
        for rank in numbers
    ]
    counted = [line.cells["accuracy"] for line in ranked if "accuracy" in line.cells]
    n_items, n_pairs = max((row.n_items for row in counted), default=0), max((row.n_pairs for row in counted), default=0)
    together = (
        "All share one rank: no test tells any two neighbours apart. That is not proof that they are equally good."
        if len(clusters) == 1
        else "A new rank begins where some metric of the rank above is tested to be better. One rank does not mean equally good."
    )
    n = f"{amount(n_items, 'item')}, {amount(n_pairs, 'pair')}"
    return Ranks(
        id=f"ranks-{frame.key(board)}",
        title=f"Ranks on {frame.title(board)}",
        caption=f"{amount(len(ranked), 'metric')} by {'accuracy' if frame.constructed else 'calibrated accuracy'} on {n}; "
        f"differences tested, Holm's correction over all pairs of metrics, adjusted p < {frame.options.alpha:g}. "
        f"{together}",
        clusters=tuple(clusters),
    )
