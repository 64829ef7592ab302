"""Tables that a reader sorts and filters: accuracies, slices, tests, correlations and agreement, each with its n."""

from collections.abc import Iterable, Sequence

from harness.records import MetaRow
from harness.report.contents import DataTable, TableColumn
from harness.report.frame import SHOWN, Frame, amount
from harness.report.standing import accuracy_of
from harness.report.views import AGREEMENT, BOARD_STATISTICS, CONTRAST, Line, is_sentinel

MOST_ROWS = 1_500
MOST_TESTS = 500  # unless those on all items are more
CORRELATIONS = ("kendall_b", "spearman", "pearson", "system_pairwise_accuracy", "soft_pairwise_accuracy")
_SAME = "the same "  # how the note of a slice begins that holds the outputs of another
_RATERS = (*AGREEMENT, "human_level", "unresolved")
Cell = float | int | str | None


def tables(frame: Frame) -> list[DataTable]:
    """Every table that has a row; a long one is cut, and its caption says so."""
    found = [_accuracies(frame), _slices(frame), _tests(frame), _correlations(frame)]
    return [table for table in found if table.rows]


def agreement_table(frame: Frame) -> DataTable:
    """How far raters agree: every coefficient of every criterion and slice, and the human level."""
    rows = [row for row in frame.done.rows if row.statistic in _RATERS and row.metric is None]
    columns = (
        _text("criterion"),
        _text("slice"),
        _text("statistic", "alpha is corrected for chance and takes missing ratings; human level is pairwise accuracy"),
        *_FIGURES,
        _number("items"),
        _number("pairs"),
        _text("raters"),
        _text("note"),
    )
    cells = [
        (row.criterion, row.slice, _spoken(row.statistic), *_ends(row), row.n_items, row.n_pairs or None, row.raters, row.note)
        for row in rows
    ]
    items = max((row.n_items for row in rows), default=0)
    caption = f"Agreement of raters with each other, on at most {amount(items, 'item')} with two raters or more."
    return _table("agreement", "Agreement of raters", caption, columns, cells)


def _accuracies(frame: Frame) -> DataTable:
    cells = [
        (frame.title(board), line.label, _kind(line), line.rank, _yes(line), *_figures(line), *_counts(line))
        for board in frame.every_board
        for line in board.lines
    ]
    columns = (
        _text("criterion"),
        _text("metric"),
        _text("kind", "a sentinel knows nothing of quality"),
        _number("rank", "metrics of one rank cannot be told apart"),
        _text("beats sentinels", "tested to be above every sentinel"),
        *_ACCURACIES,
        _number("coverage", "share of outputs with a score"),
        _number("items"),
        _number("pairs"),
    )
    return _table("accuracies", "Accuracies", f"All items; {_level(frame)}, {_items(frame)}.", columns, cells)


def _slices(frame: Frame) -> DataTable:
    found: list[Sequence[Cell]] = []
    for board in frame.boards:
        grid = frame.grids.get((board.criterion, board.raters, board.grouping))
        for row in grid.rows if grid is not None else ():
            part = frame.slice_board(board, row.slice)
            if part is None or not row.n_pairs:
                found.append((frame.title(board), row.slice, None, None, None, *(None,) * len(_ACCURACIES), None, 0, 0, row.note))
                continue
            floor = None if part.floor is None else part.floor.value
            for line in part.lines:
                note = accuracy_of(line)
                cells = (frame.title(board), row.slice, line.label, _kind(line), floor)
                found.append((*cells, *_figures(line), *_counts(line), None if note is None else note.note))
    columns = (
        _text("criterion"),
        _text("slice"),
        _text("metric"),
        _text("kind"),
        _number("floor", "what tying or guessing alone reaches on this slice"),
        *_ACCURACIES,
        _number("coverage"),
        _number("items"),
        _number("pairs"),
        _text("note"),
    )
    caption = f"Every slice with every metric; exploratory, no test is corrected over slices; {_level(frame)}, {_items(frame)}."
    return _table("slices", "Slices", caption, columns, found)


def _tests(frame: Frame) -> DataTable:
    tested = [row for row in frame.done.rows if row.statistic == CONTRAST and row.against is not None]
    rows = [row for row in tested if not (row.note or "").startswith(_SAME)]
    rows.sort(key=lambda row: (row.slice != "all", row.criterion or ""))
    cells = [
        (
            row.criterion, row.slice, row.grouping, frame.name(row.metric or ""), frame.name(row.against or ""),
            row.value, row.p_adjusted, row.p, row.low, row.high, _family(row), row.support,
            row.n_items, row.n_pairs, row.note,
        )
        for row in rows
    ]  # fmt: skip
    columns = (
        _text("criterion"),
        _text("slice"),
        _text("grouping", "which answers are compared: item, system, none (all), preference"),
        _text("metric"),
        _text("against"),
        _number("difference", "calibrated accuracy of the metric minus that of the other"),
        _number("p adjusted", "by Holm, within the family: the one to read"),
        _number("p", "of this test alone"),
        *_FIGURES[1:],
        _text("family", "p is adjusted within metric–metric and within metric–sentinel pairs of a slice"),
        _text("support", "common: both scored; missing-wrong: a missing score counts as wrong"),
        _number("items"),
        _number("pairs"),
        _text("note"),
    )
    whole = sum(row.slice == "all" for row in rows)
    caption = (
        f"Differences in calibrated accuracy with {frame.options.test} tests.{_families(rows)} On slices exploratory; "
        f"{_level(frame)}, n: {_extent(rows)}."
    )
    return _table("tests", "Tests", caption, columns, cells, min(MOST_ROWS, max(whole, MOST_TESTS)))


def _family(row: MetaRow) -> str:
    return "sentinel" if is_sentinel(row.against or "") else "metric"


def _families(rows: Sequence[MetaRow]) -> str:
    """How many tests on all items are corrected together: of metrics with each other, and with sentinels."""
    pairs: dict[str, dict[tuple[str | None, ...], set[tuple[str | None, ...]]]] = {}
    for row in rows:
        if row.slice == "all" and row.p_adjusted is not None:
            cells = pairs.setdefault(_family(row), {})
            cells.setdefault((row.criterion, row.raters, row.grouping), set()).add((row.metric, row.component, row.against))
    sizes = {name: [len(found) for found in cells.values()] for name, cells in pairs.items()}
    said = [
        f"{' or '.join(f'{size:,}' for size in sorted(set(sizes[name])))} of metrics against {other}"
        for name, other in (("metric", "each other"), ("sentinel", "sentinels"))
        if name in sizes
    ]
    several = "each criterion and grouping" if any(len(found) > 1 for found in sizes.values()) else "all items"
    return f" p is adjusted by Holm in families of tests, on {several} {' and '.join(said)}." if said else ""


def _extent(rows: Sequence[MetaRow]) -> str:
    items, pairs = (max((getattr(row, name) for row in rows), default=0) for name in ("n_items", "n_pairs"))
    return f"{amount(items, 'item')} and {amount(pairs, 'pair')} at most"


def _correlations(frame: Frame) -> DataTable:
    rows = [row for row in frame.done.rows if row.statistic in CORRELATIONS and row.metric is not None and row.slice == "all"]
    cells = [
        (
            row.criterion, row.grouping or "systems", _spoken(row.statistic), frame.name(row.metric or ""), row.component,
            *_ends(row), row.n_items, row.n_pairs, row.note,
        )
        for row in rows
    ]  # fmt: skip
    columns = (
        _text("criterion"),
        _text("grouping", "correlations are averaged over its groups; systems: over means of systems"),
        _text("statistic"),
        _text("metric"),
        _text("component"),
        *_FIGURES,
        _number("items"),
        _number("pairs"),
        _text("note"),
    )
    caption = f"Correlations and system-level accuracies on all items; {_level(frame)}, {_items(frame)}."
    return _table("correlations", "Correlations", caption, columns, cells)


def _number(name: str, help: str = "") -> TableColumn:
    return TableColumn(name=name, numeric=True, help=help)


def _text(name: str, help: str = "") -> TableColumn:
    return TableColumn(name=name, help=help)


_FIGURES = (_number("value"), _number("low", "lower end of the interval"), _number("high", "upper end of the interval"))
_HELP = {
    "raw": "ties only where scores are equal",
    "calibrated": "the tie threshold that fits best; optimistic",
    "held-out": "the threshold of other items",
    "above floor": "of the calibrated accuracy: 0 is what tying or guessing reaches, 1 is perfect",
}
_ACCURACIES = tuple(
    column for name, help in _HELP.items() for column in (_number(name, help), _number(f"{name} low"), _number(f"{name} high"))
)


def _figures(line: Line) -> list[Cell]:
    """The cells of _ACCURACIES."""
    assert len(BOARD_STATISTICS) == len(_HELP)
    return [cell for name in BOARD_STATISTICS for cell in _ends(line.cells.get(name))]


def _ends(row: MetaRow | None) -> tuple[Cell, Cell, Cell]:
    return (None, None, None) if row is None else (row.value, row.low, row.high)


def _counts(line: Line) -> tuple[Cell, Cell, Cell]:
    row = accuracy_of(line) or next(iter(line.cells.values()), None)
    return (None, 0, 0) if row is None else (row.coverage, row.n_items, row.n_pairs)


def _kind(line: Line) -> str:
    return "sentinel" if line.sentinel else "metric"


def _yes(line: Line) -> str | None:
    return None if line.sentinel else "yes" if line.beats else "no"


def _spoken(statistic: str) -> str:
    return {**SHOWN, "kendall_b": "Kendall's tau-b", "fleiss_kappa": "Fleiss' kappa"}.get(statistic, statistic.replace("_", " "))


def _level(frame: Frame) -> str:
    return f"low and high are {frame.options.level:.0%} intervals by bootstrap over items"


def _items(frame: Frame) -> str:
    n = max((row.n_items for row in frame.done.rows), default=0)
    return f"n: {amount(n, 'item')} at most"


def _rounded(cell: Cell) -> Cell:
    """Six digits: more would be noise, and a long table holds many numbers."""
    return float(f"{cell:.6g}") if isinstance(cell, float) else cell


def _table(
    id: str, title: str, caption: str, columns: Sequence[TableColumn], rows: Iterable[Sequence[Cell]], most: int = MOST_ROWS
) -> DataTable:
    every = [tuple(row) for row in rows]
    kept = tuple(tuple(_rounded(cell) for cell in row) for row in every[:most])
    cut = f" The first {len(kept):,} of {len(every):,} rows; harness export RUN meta --format csv writes all."
    used = [place for place in range(len(columns)) if any(row[place] is not None for row in kept)]
    return DataTable(
        id=f"table-{id}",
        title=title,
        caption=caption + (cut if len(kept) < len(every) else ""),
        columns=tuple(columns[place] for place in used),
        rows=tuple(tuple(row[place] for place in used) for row in kept),
    )
