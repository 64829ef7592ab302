"""A meta-evaluation on a terminal: boards, grids of slices, and what a reader must know to trust them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.records import MetaRow
from harness.report.views import BOARD_STATISTICS, CONSTRUCTION, Board, Grid, GridRow, boards, grids, is_sentinel

MUTED = "dim"
CELL = 15  # width of a value with its interval, in a grid
SENTINEL = 33  # width of a sentinel with its value
ONE_LINE = 124  # columns from which a value and its interval stand side by side
TWO_LINES = 100  # columns from which figures have three decimals and every count its own column
WITHOUT = "systems=without:"  # the slice without the systems that are nearly the reference: a second board
NAMES = {"accuracy_raw": "raw", "accuracy": "calibrated", "accuracy_heldout": "held-out", "above_floor": "above floor"}


def print_meta(
    console: Console,
    rows: Sequence[MetaRow],
    *,
    labels: Mapping[str, str],
    notes: Iterable[str] = (),
    level: float = 0.95,
    slices: bool = True,
) -> None:
    """Prints the rows. `labels`: signature → what the user wrote; `notes`: the judgment set's; `level`: that of the intervals."""
    if not rows:
        console.print("no rows: nothing was meta-evaluated")
        return
    constructed = any(row.raters == CONSTRUCTION for row in rows)
    for part in _constructed(rows, labels, console.width) if constructed else _rated(rows, labels, console.width, slices):
        console.print(part)
    console.print(Padding(_key(rows, level, constructed), (0, 0, 1, 0)))
    for note in notes:
        console.print(Text(f"note: {note}"))


def number(value: float | None, digits: int = 3) -> str:
    """`.605`, `-.012`, `1.000`; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        return text.lstrip("-").removeprefix("0")
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text


def interval(row: MetaRow, digits: int = 3) -> str:
    """`[.571 .640]`; a dash where there is none."""
    return "[–]" if row.low is None or row.high is None else f"[{number(row.low, digits)} {number(row.high, digits)}]"


def _rated(rows: Sequence[MetaRow], labels: Mapping[str, str], width: int, slices: bool) -> Iterator[RenderableType]:
    by_criterion = {(grid.criterion, grid.raters, grid.grouping): grid for grid in grids(rows, labels)} if slices else {}
    without = sorted({row.slice for row in rows if row.slice.startswith(WITHOUT)})
    again = [board for label in without for board in boards(rows, labels, label)] if slices else []
    for board in boards(rows, labels):
        for one in (board, *(other for other in again if (other.criterion, other.raters) == (board.criterion, board.raters))):
            yield from _board(one, rows[0].judgments, width)
        grid = by_criterion.get((board.criterion, board.raters, board.grouping))
        if grid is not None:
            title = f"{board.criterion} by slice, {NAMES[grid.statistic]} accuracy (exploratory)"
            yield from _grid(grid, title, width)


def _constructed(rows: Sequence[MetaRow], labels: Mapping[str, str], width: int) -> Iterator[RenderableType]:
    kept = [row for row in rows if row.slice == "all" or row.slice.startswith(("form=", "task="))]
    for grid in grids(kept, labels, whole=True):
        title = f"{rows[0].judgments}: accuracy per metric and phenomenon — by construction, not human judgment"
        yield from _grid(grid, title, width)


def _board(board: Board, judgments: str, width: int) -> Iterator[RenderableType]:
    narrow, between = width < TWO_LINES, " " if width >= ONE_LINE else "\n"
    digits = 2 if narrow else 3
    part = "" if board.slice == "all" else f" ({board.slice})"
    table = _table(f"{board.criterion}{part} — {judgments}, {board.raters}, {board.grouping} grouping")
    table.add_column("#" if narrow else "rank", justify="right", no_wrap=True)
    table.add_column("metric", overflow="fold", min_width=10)
    for statistic in BOARD_STATISTICS:
        table.add_column(_narrow(NAMES[statistic], narrow), justify="right", no_wrap=True)
    table.add_column("cover", justify="right", no_wrap=True)
    for heading in ("items\npairs",) if narrow else ("items", "pairs"):
        table.add_column(heading, justify="right", no_wrap=True)

    def counts(row: MetaRow) -> list[str]:
        return [f"{row.n_items}\n{row.n_pairs}"] if narrow else [str(row.n_items), str(row.n_pairs)]

    def cell(row: MetaRow | None) -> str:
        return "–" if row is None else f"{number(row.value, digits)}{between}{interval(row, digits)}"

    for line in board.lines:
        main = line.cells.get("accuracy") or next(iter(line.cells.values()))
        cells = [cell(line.cells.get(statistic)) for statistic in BOARD_STATISTICS]
        rank = "" if line.rank is None else str(line.rank)
        style = MUTED if line.sentinel else ""
        table.add_row(rank, _broken(line.label), *cells, number(main.coverage, 2), *counts(main), style=style)
    if board.floor is not None:
        table.add_row("", "floor", "", cell(board.floor), "", "", "", *counts(board.floor), style=MUTED)
    level = board.human_level
    if level is not None and level.value is not None:
        table.add_row("", "human level", cell(level), "", "", "", "", *counts(level), style=MUTED)
    yield table
    yield from (Text(f"  {text}", style=MUTED) for text in _board_notes(board))
    yield ""


def _board_notes(board: Board) -> Iterator[str]:
    level = board.human_level
    if level is not None and level.value is None:
        yield f"human level {level.note or 'unknown'}"
    yield from board.notes
    for line in board.lines:
        bound, main = line.missing_wrong, line.cells.get("accuracy")
        if bound is not None and main is not None:
            yield (
                f"{line.label} scored {number(main.coverage, 3)} of the outputs; with what it left out counted as wrong it is at "
                f"{number(bound.value)} {interval(bound)} on {bound.n_pairs} pairs"
            )
        held_out = line.cells.get("accuracy_heldout")
        if main is not None and held_out is not None and held_out.n_pairs != main.n_pairs:
            yield f"{line.label}: held-out accuracy is over {held_out.n_pairs} pairs of {held_out.n_items} items"


def _grid(grid: Grid, title: str, width: int) -> Iterator[RenderableType]:
    """The grid in blocks of as many metrics as fit beside the slice and its n, the best sentinel last."""
    counted = ("pairs",) if all(row.n_items == row.n_pairs for row in grid.rows) else ("items", "pairs")
    named = max(len(row.slice.partition("=")[2]) for row in grid.rows)
    left = min(named, 24) + 7 * len(counted)
    blocks = _blocks(len(grid.metrics), left, width)
    for block in blocks:
        last = block is blocks[-1]
        if block is not blocks[0]:
            yield ""
        table = _table(title if block is blocks[0] else None)
        table.add_column("slice", overflow="fold", max_width=24)
        for name in counted:
            table.add_column(name, justify="right", no_wrap=True)
        for index in block:
            table.add_column(_broken(grid.metrics[index]), justify="right", overflow="fold", min_width=13)
        if last:
            table.add_column("best sentinel", no_wrap=True, style=MUTED)
        dimension = ""
        for row in grid.rows:
            head, equals, value = row.slice.partition("=")
            if equals and head != dimension:
                table.add_row(f"{head}:", style=MUTED)
            dimension = head if equals else ""
            counts = [str(getattr(row, f"n_{name}")) for name in counted]
            table.add_row(f" {value}" if equals else head, *counts, *_grid_cells(row, block), _sentinel(row) if last else "")
        yield table
    for row in grid.rows:
        if not row.n_pairs and row.note is not None and row.note.startswith("no data: "):
            yield Text(f"  {row.slice}: {row.note}", style=MUTED)
    if grid.same:
        yield Text(f"  the same outputs as another slice: {', '.join(grid.same)}", style=MUTED)
    yield ""


def _blocks(metrics: int, left: int, width: int) -> list[range]:
    """Ranges of metrics that fit beside `left` columns; the last one leaves room for the best sentinel."""
    fitting = max(1, (width - left) // CELL)
    blocks, start = [], 0
    while start < metrics:
        rest = metrics - start
        size = min(rest, fitting)
        if size == rest and size > 1 and left + size * CELL + SENTINEL > width:
            size -= 1
        blocks.append(range(start, start + size))
        start += size
    return blocks or [range(0)]


def _grid_cells(row: GridRow, block: range) -> list[str]:
    if not row.n_pairs:
        return ["no data" for _ in block]
    cells = [row.cells[index] for index in block]
    return ["–" if cell is None else _small(cell) for cell in cells]


def _sentinel(row: GridRow) -> str:
    best = row.best_sentinel
    return "" if best is None else f"{(best.metric or '').partition('|')[0]} {_small(best)}"


def _broken(label: str) -> str:
    """A metric's label on several lines: its name, then its parameters."""
    return label.replace(":", ":\n", 1).replace(",", ",\n")


def _small(row: MetaRow) -> str:
    """Value and interval in two decimals: a slice has few items, and more digits would be noise."""
    return f"{number(row.value, 2)} {interval(row, 2)}".replace("1.00", "1.0")


def _table(title: str | None) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold")


def _narrow(name: str, narrow: bool) -> str:
    return name.replace(" ", "\n") if narrow else name


def _key(rows: Sequence[MetaRow], level: float, constructed: bool) -> Text:
    """How to read the figures, and which metrics they are of."""
    said = [f"[ ] is the {level:.0%} interval, by bootstrap over items; on fewer than 100 items it is approximate."]
    if constructed:
        said += [
            "The better answers are better by construction: no person judged them, so this is not agreement with people.",
            "Guessing is right on half of the pairs, and a tie is not right. A phenomenon has few items: read the intervals.",
        ]
    else:
        said += [
            "raw: share of pairs that a metric orders or ties as people do; calibrated: with the tie threshold that fits best;",
            "held-out: with that of other items; above floor: 0 is what ties alone reach.",
            "Metrics of one rank cannot be told apart (p after Holm).",
            "Lines without a rank know nothing of quality: a metric that does not beat them measures nothing.",
        ]
    signatures = dict.fromkeys(row.metric for row in rows if row.metric is not None and not is_sentinel(row.metric))
    return Text("\n".join([" ".join(said), *(f"  {signature}" for signature in signatures)]), style=MUTED)
