"""What an experiment's report shows of its leaderboard: the standings, and every column with how far it can be trusted."""

from collections.abc import Iterator

from harness.leaderboard.records import Board, Cell, Standing
from harness.pipeline.board import read_board
from harness.pipeline.finished import Finished
from harness.pipeline.trust_told import told
from harness.report.contents import DataTable, Figure, TableColumn, Words

_WARNINGS = 12  # of the board, in an experiment's report; the board's own page has them all


def board_figures(done: Finished) -> Iterator[Figure]:
    """Standings, columns and warnings of the board; nothing where there is none."""
    board = read_board(done.folder) if done.about.get("board") is not None else None
    if board is None:
        return
    yield _standings(board)
    yield _columns(board)
    said = [*board.warnings[:_WARNINGS], *board.notes[:_WARNINGS]]
    left = len(board.warnings) + len(board.notes) - len(said)
    more = [f"{left} more stand on the board's own page."] if left > 0 else []
    yield Words(
        id="board-warnings",
        title="Before you read the board",
        paragraphs=(*said, *more, "The board's own page is leaderboard/leaderboard.html in the run folder."),
        listed=True,
    )


def _standings(board: Board) -> DataTable:
    return DataTable(
        id="standings",
        title="Standings",
        caption="Mean over the tasks that count, 0 being what guessing gives and 1 the best there can be, with "
        f"{board.confidence:.0%} intervals. Models of one cluster are not told apart.",
        columns=(
            TableColumn(name="model"),
            *(TableColumn(name=name, numeric=True, digits=3) for name in ("mean", "low", "high")),
            TableColumn(name="cluster", numeric=True),
            TableColumn(name="tasks that count", numeric=True),
            TableColumn(name="seconds", numeric=True, digits=0),
            TableColumn(name="note"),
        ),
        rows=tuple(_standing(one) for one in board.standings),
    )


def _standing(one: Standing) -> tuple[float | int | str | None, ...]:
    return (one.model, one.mean, one.low, one.high, one.cluster, one.columns, one.seconds, one.note)


def _columns(board: Board) -> DataTable:
    cells = {(cell.model, cell.column): cell for cell in board.cells}
    rows = []
    for column in board.columns:
        for model in board.models:
            cell = cells.get((model.name, column.key), Cell(model=model.name, column=column.key, value=None, status="missing"))
            rows.append(
                (
                    column.task,
                    column.metric,
                    model.name,
                    cell.value,
                    cell.low,
                    cell.high,
                    cell.cluster,
                    cell.items,
                    cell.seen,
                    told(column.trust) if column.trust is not None else "unknown",
                    cell.note if cell.status == "ok" else f"{cell.status}{f': {cell.note}' if cell.note else ''}",
                )
            )
    return DataTable(
        id="board-columns",
        title="Models by task",
        caption="Each task's metrics with intervals over its items. Seen: items that overlap with what the model was trained on.",
        columns=(
            *(TableColumn(name=name) for name in ("task", "metric", "model")),
            *(TableColumn(name=name, numeric=True, digits=3) for name in ("value", "low", "high")),
            *(TableColumn(name=name, numeric=True) for name in ("cluster", "n items", "seen")),
            TableColumn(name="trust"),
            TableColumn(name="note"),
        ),
        rows=tuple(rows),
    )
