"""The board as a table: a row a model, a column a task by one metric, each column with its own axis and its own verdict."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from harness.leaderboard.html import words
from harness.leaderboard.records import Board, Cell, Column, Standing, TaskInfo
from harness.report.contents import Mark, TableColumn
from harness.report.html import dots
from harness.report.html.scales import Scale, around
from harness.report.html.tables import Table, Value, table
from harness.report.html.text import bounds, figure, finite


@dataclass(frozen=True)
class Head:
    """What stands above a column: `language`, `form`, `metric` and `trust` also choose columns by what they hold."""

    place: int
    task: str
    metric: str
    language: str
    form: str
    n: int
    lower: bool
    main: bool
    trust: words.Verdict
    note: str


@dataclass(frozen=True)
class CellView:
    """A cell: drawing, texts and the full value; `empty` says why there is no value."""

    drawing: Markup
    text: str
    interval: str
    group: int | None
    value: str
    flags: tuple[str, ...]
    empty: str


@dataclass(frozen=True)
class Line:
    """A model's row. `place`: of the model on the page, also in its identifiers; `mean`: its standing."""

    place: int
    model: str
    mean: CellView
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class Grid:
    """What the template draws, with the values that each filter offers and the numbers as a table."""

    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    choices: tuple[tuple[str, str, tuple[str, ...]], ...]
    numbers: Table


def models_in_order(board: Board) -> tuple[str, ...]:
    """Names of the models as they stand, those without a standing last."""
    return tuple(dict.fromkeys([*(one.model for one in board.standings), *(one.name for one in board.models)]))


def cells_of(board: Board) -> Mapping[tuple[str, str], Cell]:
    """Cells by model and column."""
    return {(cell.model, cell.column): cell for cell in board.cells}


def grid(board: Board) -> Grid:
    """The view of the board."""
    cells, names = cells_of(board), models_in_order(board)
    tasks = {task.name: task for task in board.tasks}
    standings = {one.model: one for one in board.standings}
    heads = tuple(_head(place, column, tasks.get(column.task), board) for place, column in enumerate(board.columns))
    total = around([end for one in board.standings for end in (one.mean, one.low, one.high)], 0.06)
    axes = [_axis(column, board) for column in board.columns]
    lines = tuple(
        Line(
            place,
            words.named(name),
            _mean(standings.get(name), total),
            tuple(_cell(cells.get((name, c.key)), axis) for c, axis in zip(board.columns, axes, strict=True)),
        )
        for place, name in enumerate(names)
    )
    return Grid(heads, lines, _choices(heads), _numbers(board, names, cells))


def _head(place: int, column: Column, task: TaskInfo | None, board: Board) -> Head:
    return Head(
        place=place,
        task=words.named(column.task),
        metric=words.named(column.metric),
        language=words.named((task and task.language) or ""),
        form=(task and task.form) or "",
        n=max((cell.items for cell in board.cells if cell.column == column.key), default=0),
        lower=not column.higher_is_better,
        main=column.main,
        trust=words.verdict(column.trust),
        note=words.shown(column.note or ""),
    )


def _axis(column: Column, board: Board) -> Scale:
    return around([end for cell in board.cells if cell.column == column.key for end in (cell.value, cell.low, cell.high)], 0.06)


def _cell(cell: Cell | None, axis: Scale) -> CellView:
    if cell is None or finite(cell.value) is None:
        return _empty(words.missing(cell) if cell else "no value")
    return _view(words.mark(cell), axis, cell.cluster, words.flags(cell))


def _mean(one: Standing | None, axis: Scale) -> CellView:
    if one is None or finite(one.mean) is None:
        return _empty(words.shown(one.note) if one and one.note else "no place")
    return _view(Mark(value=one.mean, low=one.low, high=one.high), axis, one.cluster, ())


def _view(mark: Mark, axis: Scale, group: int | None, flags: tuple[str, ...]) -> CellView:
    return CellView(dots.single(mark, axis), figure(mark.value), bounds(mark), group, f"{mark.value:.7g}", flags, "")


def _empty(why: str) -> CellView:
    return CellView(Markup(""), "", "", None, "", (), why)


def _choices(heads: tuple[Head, ...]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """(attribute, label, values) of each filter of columns that has something to choose."""
    offered = (
        ("language", "Language", sorted({head.language for head in heads})),
        ("form", "Form", sorted({head.form for head in heads})),
        ("metric", "Metric", sorted({head.metric for head in heads})),
        (
            "trust",
            "Metric and people",
            [said for said in (*words.VERDICTS.values(), "not looked up") if said in {h.trust.words for h in heads}],
        ),
    )
    return tuple((name, label, tuple(values)) for name, label, values in offered if len(values) > 1)


def _numbers(board: Board, names: tuple[str, ...], cells: Mapping[tuple[str, str], Cell]) -> Table:
    columns = [
        TableColumn(name="model"),
        TableColumn(name="task"),
        TableColumn(name="metric"),
        TableColumn(name="value", numeric=True),
        TableColumn(name="low", numeric=True, help="lower end of the interval"),
        TableColumn(name="high", numeric=True, help="upper end of the interval"),
        TableColumn(name="normalised", numeric=True, help="0: what guessing gives, 1: the best there can be"),
        TableColumn(name="cluster", numeric=True, help="models of one cluster are not told apart on this column"),
        TableColumn(name="items", numeric=True),
        TableColumn(
            name="seen", numeric=True, help="items that overlap with what the model was trained on here; a dash: not known"
        ),
        TableColumn(name="seconds", numeric=True),
        TableColumn(name="tokens", numeric=True),
        TableColumn(name="cost", numeric=True, help="US dollars"),
        TableColumn(name="status"),
        TableColumn(name="note"),
    ]
    rows: list[list[Value]] = []
    for name in names:
        for column in board.columns:
            cell = cells.get((name, column.key))
            if cell is not None:
                rows.append([words.named(name), words.named(column.task), words.named(column.metric), *_of_cell(cell)])
    return table("board-numbers", "The numbers of the board", columns, rows)


def _of_cell(cell: Cell) -> list[Value]:
    numbers: list[Value] = [cell.value, cell.low, cell.high, cell.normalised, cell.cluster, cell.items, cell.seen]
    note = cell.note and words.shown(cell.note, 300)
    return [*numbers, cell.seconds, cell.tokens, cell.cost, cell.status, note]
