"""A meta-evaluation on a terminal: boards, grids of slices, and what a reader must know to trust them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.meta.rater_names import split_names
from harness.records import MetaRow
from harness.report.layout import agreement_in_words, broken, interval, longest, number, plain_table, small
from harness.report.views import BOARD_STATISTICS, CONSTRUCTION, Board, Grid, GridRow, boards, grids, is_sentinel

MUTED = "dim"
GAP = 2  # columns between two columns of a table
LABEL = 10  # columns that a metric's label needs at least
LEAST_MISSED = (6, 4, 5, 2)  # columns of a board that a narrow terminal does without: cover, held-out, above floor, raw
SLICE = 24  # the longest name of a slice in one line
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
    alpha: float = 0.05,
    slices: bool = True,
) -> None:
    """Prints the rows. `labels`: signature → what the user wrote; `notes`: of the judgment set and the scores; `level`: that of
    the intervals; `alpha`: that of the tests."""
    if not rows:
        console.print("no rows: nothing was meta-evaluated")
        return
    constructed = any(row.raters == CONSTRUCTION for row in rows)
    parts = _constructed(rows, labels, console.width) if constructed else _rated(rows, labels, console.width, slices, alpha)
    printed = False
    for part in parts:
        printed = True
        console.print(part)
    if printed:
        console.print(Padding(_key(rows, level, alpha, constructed), (0, 0, 1, 0)))
    else:
        console.print(Text(f"nothing can be compared: {_why_nothing(rows)}\n"))
    for note in notes:
        console.print(Text(f"note: {note}"))


def _why_nothing(rows: Iterable[MetaRow]) -> str:
    reasons = dict.fromkeys(row.note.removeprefix("no data: ") for row in rows if row.metric is None and row.note)
    return "; ".join(reasons) or "no metric has a row"


def _rated(
    rows: Sequence[MetaRow], labels: Mapping[str, str], width: int, slices: bool, alpha: float
) -> Iterator[RenderableType]:
    by_criterion = {(grid.criterion, grid.raters, grid.grouping): grid for grid in grids(rows, labels)} if slices else {}
    without = sorted({row.slice for row in rows if row.slice.startswith(WITHOUT)})
    again = [board for label in without for board in boards(rows, labels, label, alpha)] if slices else []
    for board in boards(rows, labels, alpha=alpha):
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
    marked = any(line.beats for line in board.lines)

    def cell(row: MetaRow | None) -> str:
        return "–" if row is None else f"{number(row.value, digits)}{between}{interval(row, digits)}"

    def counts(row: MetaRow) -> list[str]:
        return [f"{row.n_items}\n{row.n_pairs}"] if narrow else [str(row.n_items), str(row.n_pairs)]

    figures = [NAMES[statistic].replace(" ", "\n") if narrow else NAMES[statistic] for statistic in BOARD_STATISTICS]
    heads = ["#" if narrow else "rank", "metric", *figures, "cover", *(("items\npairs",) if narrow else ("items", "pairs"))]
    body: list[list[str]] = []
    for line in board.lines:
        main = line.cells.get("accuracy") or next(iter(line.cells.values()))
        rank = f"{'' if line.rank is None else line.rank}{'*' if line.beats else ' ' if marked else ''}"
        cells = [cell(line.cells.get(statistic)) for statistic in BOARD_STATISTICS]
        body.append([rank, line.label, *cells, number(main.coverage, 2), *counts(main)])
    shown = sum(not line.sentinel for line in board.lines)
    if board.floor is not None:
        body.append(["", "floor", "", cell(board.floor), "", "", "", *counts(board.floor)])
    level = board.human_level
    if level is not None and level.value is not None:
        body.append(["", "human level", cell(level), "", "", "", "", *counts(level)])
    widths = [longest([head, *(row[place] for row in body)]) + GAP for place, head in enumerate(heads)]
    kept = list(range(len(heads)))
    for place in LEAST_MISSED:
        if sum(widths[other] for other in kept) - widths[1] + LABEL > width:
            kept.remove(place)
    room = max(LABEL, width - sum(widths[place] for place in kept) + widths[1])
    part = "" if board.slice == "all" else f" ({board.slice})"
    if board.others and board.slice == "all":
        yield Text(
            f"{board.criterion}: nothing can be compared within an item; groupings with rows: {', '.join(board.others)}. "
            f"This is the {board.grouping} grouping.",
        )
    yield Text(f"{board.criterion}{part} — {judgments}, {board.raters}, {board.grouping} grouping", style="bold")
    table = plain_table()
    for place in kept:
        table.add_column(heads[place], justify="left" if place == 1 else "right", no_wrap=True)
    for index, row in enumerate(body):
        cells = [broken(row[place], room) if place == 1 else row[place] for place in kept]
        table.add_row(*cells, style="" if index < shown else MUTED)
    yield table
    left_out = [head.replace("\n", " ") for place, head in enumerate(heads) if place not in kept]
    if left_out:
        yield _note(f"no room for: {', '.join(left_out)}")
    yield from (_note(f"{text}") for text in _board_notes(board))
    yield ""


def _note(text: str) -> Padding:
    return Padding(Text(text, style=MUTED), (0, 0, 0, 2), expand=False)


def _board_notes(board: Board) -> Iterator[str]:
    level = board.human_level
    if level is not None and level.value is None:
        yield f"human level {level.note or 'unknown'}"
    if board.agreement is not None:
        yield agreement_in_words(board.agreement)
    if board.kappas:
        kappas = [f"{' and '.join(split_names(row.raters or ''))} {number(row.value)} {interval(row)}" for row in board.kappas]
        yield f"Cohen's kappa: {', '.join(kappas)}"
    yield from board.notes
    for line in board.lines:
        bound, main = line.missing_wrong, line.cells.get("accuracy") or line.cells.get("accuracy_raw")
        if bound is not None and main is not None and main.value is not None:
            what = "outputs" if "accuracy" in line.cells else "pairs"
            yield (
                f"{line.label} scored {number(main.coverage, 3)} of the {what}; with what it left out counted as wrong it is at "
                f"{number(bound.value)} {interval(bound)} on {bound.n_pairs} pairs"
            )
        held_out = line.cells.get("accuracy_heldout")
        if main is not None and held_out is not None and held_out.n_pairs != main.n_pairs:
            yield f"{line.label}: held-out accuracy is over {held_out.n_pairs} pairs of {held_out.n_items} items"


def _grid(grid: Grid, title: str, width: int) -> Iterator[RenderableType]:
    """The grid in blocks of as many metrics as fit beside the slice, its n and its floor; the best sentinel last."""
    rows = [row for row in grid.rows if row.n_pairs]
    yield Text(title, style="bold")
    counted = ("pairs",) if all(row.n_items == row.n_pairs for row in rows) else ("items", "pairs")
    left = [[row.slice, *(str(getattr(row, f"n_{name}")) for name in counted)] for row in rows]
    heads = ["slice", *counted]
    if grid.statistic == "accuracy" and any(row.floor is not None for row in rows):
        heads.append("floor")
        left = [
            [*cells, number(None if row.floor is None else row.floor.value, 2)] for cells, row in zip(left, rows, strict=True)
        ]
    named = max((len(row.slice.partition("=")[2] or row.slice) for row in rows), default=0)
    slice_width = max(min(named, SLICE) + 1, *(len(row.slice.partition("=")[0]) + 1 for row in rows), 5) if rows else 5
    before = slice_width + sum(GAP + longest([head, *(row[place] for row in left)]) for place, head in enumerate(heads) if place)
    cell = max([13, *(len(small(one)) for row in rows for one in row.cells if one is not None)])
    sentinel = longest(["best sentinel", *map(_sentinel, rows)])
    blocks = _blocks(len(grid.metrics), before, cell + GAP, sentinel + GAP, width) if rows else []
    for block in blocks:
        last = block is blocks[-1]
        if block is not blocks[0]:
            yield ""
        table = plain_table()
        table.add_column(heads[0], no_wrap=True, min_width=slice_width)
        for name in heads[1:]:
            table.add_column(name, justify="right", no_wrap=True)
        for index in block:
            table.add_column(broken(grid.metrics[index], cell), justify="right", no_wrap=True, min_width=cell)
        if last:
            table.add_column("best sentinel", no_wrap=True, style=MUTED)
        dimension = ""
        for cells, row in zip(left, rows, strict=True):
            head, equals, value = row.slice.partition("=")
            if equals and head != dimension:
                table.add_row(f"{head}:", style=MUTED)
            dimension = head if equals else ""
            name = "\n".join(f" {line}" for line in broken(value, SLICE).split("\n")) if equals else head
            table.add_row(name, *cells[1:], *_grid_cells(row, block), _sentinel(row) if last else "")
        yield table
    empty = [_empty(row) for row in grid.rows if not row.n_pairs]
    if empty:
        yield _note(f"no data: {', '.join(empty)}")
    if grid.same:
        yield _note(f"the same outputs as another slice: {', '.join(grid.same)}")
    yield ""


def _blocks(metrics: int, left: int, cell: int, sentinel: int, width: int) -> list[range]:
    """Ranges of metrics that fit beside `left` columns; the last one leaves room for the best sentinel, or is empty for it."""
    fitting = max(1, (width - left) // cell)
    blocks, start = [], 0
    while start < metrics:
        rest = metrics - start
        size = min(rest, fitting)
        crowded = size == rest and left + size * cell + sentinel > width
        if crowded and size > 1:
            size -= 1
        blocks.append(range(start, start + size))
        start += size
        if crowded and start == metrics:
            blocks.append(range(metrics, metrics))
    return blocks or [range(0)]


def _grid_cells(row: GridRow, block: range) -> list[str]:
    cells = [row.cells[index] for index in block]
    return ["–" if cell is None else small(cell) for cell in cells]


def _empty(row: GridRow) -> str:
    reason = (row.note or "").removeprefix("no data").removeprefix(": ")
    return f"{row.slice} ({reason})" if reason else row.slice


def _sentinel(row: GridRow) -> str:
    best = row.best_sentinel
    return "" if best is None else f"{(best.metric or '').partition('|')[0]} {small(best)}"


def _key(rows: Sequence[MetaRow], level: float, alpha: float, constructed: bool) -> Text:
    """How to read the figures, and which metrics they are of."""
    said = [f"[ ] is the {level:.0%} interval, by bootstrap over items; on fewer than 100 items it is approximate."]
    if constructed:
        said += [
            "The better answers are better by construction: no person judged them, so this is not agreement with people.",
            "Guessing is right on half of the pairs, and a tie is not right. A phenomenon has few items: read the intervals.",
        ]
    else:
        names = dict.fromkeys(row.metric for row in rows if row.metric is not None and is_sentinel(row.metric))
        sentinels = sorted(name.partition("|")[0] for name in names)
        said += [
            "raw: share of pairs that a metric orders or ties as people do; calibrated: with the tie threshold that fits best;",
            "held-out: with that of other items;",
            "above floor: 0 is what tying or guessing alone reaches (from the calibrated column).",
            "Metrics of one rank cannot be told apart (p after Holm).",
            f"Sentinels ({', '.join(sentinels)}) know nothing of quality: a metric that does not beat them measures nothing.",
            f"* after a rank: its calibrated accuracy is above that of every sentinel (p after Holm < {alpha:g}).",
        ]
    signatures = dict.fromkeys(row.metric for row in rows if row.metric is not None and not is_sentinel(row.metric))
    return Text("\n".join([" ".join(said), *(f"  {signature}" for signature in signatures)]), style=MUTED)
