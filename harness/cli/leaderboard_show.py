"""Prints a board: values with intervals, ranks with clusters, how far to trust each column."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, notice, plugin_option, print_json, print_table, quiet_option, registry
from harness.cli.leaderboard_options import board_options

if TYPE_CHECKING:
    from harness.leaderboard.records import Board, Cell, Trust

NOTHING = 1e-12  # what sums of floating-point numbers leave of a 0


@click.command(
    name="show",
    help=f"""{__doc__}

FOLDER is what `harness leaderboard run` left, or any folder with results that lm-eval wrote. Behind a value stand its interval
and its rank/cluster: models of one cluster are not shown to differ.

\b
harness leaderboard show runs/board
harness leaderboard show lm-eval-output --metric bleu --json
""",
)
@click.argument("folder", type=click.Path(exists=True), metavar="FOLDER")
@board_options
@plugin_option
@json_option
@quiet_option
def command(folder: str, as_json: bool, **said: Any) -> None:
    from harness.leaderboard.opened import open_board

    board = open_board(Path(folder), registry=registry, **said).board
    if as_json:
        print_json(board)
        return
    _print(board)


def _print(board: "Board") -> None:
    from harness.cli.plain import plain

    percent = f"{100 * board.confidence:g} %"
    click.echo(
        f"{plain(board.name)}: {counted(len(board.models), 'model')}, {counted(len(board.tasks), 'task')}, {percent} intervals"
    )
    click.echo()
    most = max((one.columns for one in board.standings), default=0)
    rows = [
        (
            place(one.rank, one.cluster), plain(one.model), spread(one.mean, one.low, one.high), number(one.seconds),
            number(one.tokens_per_second), number(one.cost),
        )
        for one in board.standings
    ]  # fmt: skip
    if rows:
        print_table(("rank/cluster", "model", f"mean of {counted(most, 'task')}", "seconds", "tokens/s", "US dollars"), rows)
        click.echo()
    cells = {(cell.model, cell.column): cell for cell in board.cells}
    names = [one.model for one in board.standings]
    if board.columns:
        print_table(
            ("column", *map(plain, names), "trust"),
            [
                (
                    f"{'↑' if column.higher_is_better else '↓'} {plain(column.key)}",
                    *(_shown(cells[name, column.key]) for name in names),
                    _trust(column.trust),
                )
                for column in board.columns
            ],
        )
    for warning in board.warnings:
        notice(f"warning: {plain(warning)}")
    for note in [*board.notes, *_notes(board)]:
        notice(f"note: {plain(note)}")


def _notes(board: "Board") -> list[str]:
    found = [f"{column.key}: {column.note}" for column in board.columns if column.note]
    found += [f"{cell.model}, {cell.column}: {cell.note}" for cell in board.cells if cell.note and cell.status != "error"]
    return found + [f"{one.model}: {one.note}" for one in board.standings if one.note]


def _shown(cell: "Cell") -> str:
    if cell.value is None:
        return cell.status
    marks = [spread(cell.value, cell.low, cell.high), place(cell.rank, cell.cluster)]
    marks += ["partial"] if cell.status == "partial" else []
    marks += [f"{cell.seen} seen"] if cell.seen else []
    return " ".join(mark for mark in marks if mark)


def _trust(trust: "Trust | None") -> str:
    if trust is None:
        return "not looked up"
    floor = "" if trust.value is None or trust.floor is None else f", floor {number(trust.floor)}"
    return f"{trust.verdict} {spread(trust.value, trust.low, trust.high)}{floor}".strip()


def counted(number: int, what: str) -> str:
    """`1 task`, `3 tasks`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def place(rank: int | None, cluster: int | None) -> str:
    """Rank and cluster, never one without the other."""
    return "" if rank is None or cluster is None else f"{rank}/{cluster}"


def spread(value: float | None, low: float | None, high: float | None) -> str:
    """A value with its interval, `[?]` where there is none."""
    if value is None:
        return ""
    return f"{number(value)} [?]" if low is None or high is None else f"{number(value)} [{number(low)}, {number(high)}]"


def number(value: float | None) -> str:
    """A number with as many digits as it is worth."""
    if value is None:
        return ""
    if abs(value) < NOTHING:
        value = 0.0
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.2e}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
