"""Metric by slice as a heat map: by phenomenon for constructed sets, by every slice for others."""

from collections.abc import Sequence

from harness.records import MetaRow
from harness.report.contents import HeatMap, Mark
from harness.report.frame import SHOWN, Frame, amount, mark
from harness.report.views import Board, Grid, GridRow

ROWS = 60
HALF = 0.5


def heat_maps(frame: Frame) -> list[HeatMap]:
    """A map per board that has more than one slice with data."""
    return [figure for board in frame.boards if (figure := _map(frame, board)) is not None]


def _map(frame: Frame, board: Board) -> HeatMap | None:
    grid = frame.grids.get((board.criterion, board.raters, board.grouping))
    kept = [] if grid is None else [row for row in grid.rows if row.n_pairs and not row.slice.endswith(" (difference)")]
    if frame.constructed and any(row.slice.startswith("task=") for row in kept):
        kept = [row for row in kept if row.slice == "all" or row.slice.startswith(("task=", "form="))]
    if grid is None or len(kept) < 2:
        return None
    most = sorted(kept, key=lambda row: -row.n_pairs)[:ROWS]
    rows = [row for row in kept if row in most]
    columns = (*grid.metrics, "best sentinel", *(() if frame.constructed else ("floor",)))
    cells = [_cells(frame, row) for row in rows]
    values = [end for line in cells for one in line if (end := one.value) is not None]
    if not values:
        return None
    return HeatMap(
        id=f"map-{frame.key(board)}",
        title=f"{'Phenomena' if frame.constructed else 'Slices'} of {frame.title(board)}",
        caption=_caption(frame, grid, rows, len(kept)),
        rows=tuple(row.slice for row in rows),
        columns=columns,
        cells=tuple(tuple(line) for line in cells),
        low=min(values),
        high=max(values),
        neutral=HALF if frame.constructed else None,
    )


def _cells(frame: Frame, row: GridRow) -> list[Mark]:
    found = [mark(cell) for cell in row.cells]
    found.append(_sentinel(row.best_sentinel))
    return found if frame.constructed else [*found, mark(row.floor)]


def _sentinel(row: MetaRow | None) -> Mark:
    if row is None:
        return mark(None)
    name = (row.metric or "").partition("|")[0]
    return Mark(value=row.value, low=row.low, high=row.high, n_items=row.n_items, n_pairs=row.n_pairs, note=name)


def _caption(frame: Frame, grid: Grid, rows: Sequence[GridRow], kept: int) -> str:
    counts = [row.n_pairs for row in rows]
    fewest, largest = min(counts), max(counts)
    cut = f" The {len(rows)} largest of {kept} slices." if len(rows) < kept else ""
    same = f" Left out, for they hold the same outputs as another: {', '.join(grid.same[:6])}." if grid.same else ""
    n = f"from {fewest:,} to {amount(largest, 'pair')} a row"
    if frame.constructed:
        return f"Share of pairs in which a metric prefers the answer better by construction, {n}; half is guessing.{cut}{same}"
    return f"{SHOWN[grid.statistic].capitalize()} accuracy by slice, {n}; no test is corrected over the rows.{cut}{same}"
