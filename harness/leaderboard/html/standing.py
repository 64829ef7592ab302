"""Tables beside the board: where the models stand, what the columns measure and how far to trust them, a model's own page."""

import json
from dataclasses import dataclass, replace

from harness.leaderboard.html import words
from harness.leaderboard.html.grid import cells_of, models_in_order
from harness.leaderboard.records import Board, Column, ModelInfo, Standing
from harness.report.contents import DotRow, Mark, RankCluster, Ranks, TableColumn
from harness.report.html.dotplot import Panel, ranks
from harness.report.html.tables import Table, Value, table
from harness.report.html.text import count

_MEAN = "mean"


@dataclass(frozen=True)
class ModelPage:
    """A model's page: its standing in a line, facts, its cells; `place` is that of its row on the board."""

    place: int
    name: str
    line: str
    facts: tuple[tuple[str, str], ...]
    cells: Table


def standings_plot(board: Board) -> Panel | None:
    """Means with intervals, models of one group together; None where nobody has a place."""
    groups: dict[int, list[DotRow]] = {}
    for one in board.standings:
        if one.mean is not None and one.cluster is not None:
            marks = {_MEAN: Mark(value=one.mean, low=one.low, high=one.high)}
            groups.setdefault(one.cluster, []).append(DotRow(label=words.named(one.model), sentinel=False, marks=marks))
    clusters = tuple(RankCluster(rank=rank, members=tuple(rows)) for rank, rows in sorted(groups.items()))
    panel = ranks(Ranks(id="standings", title="", caption="", clusters=clusters), "standings").main
    return None if panel is None else replace(panel, extent="")


def standings_table(board: Board) -> Table:
    """Group, mean, speed and cost of every model."""
    columns = [
        TableColumn(name="cluster", numeric=True, help="models of one cluster are not told apart"),
        TableColumn(name="model"),
        TableColumn(name="mean", numeric=True, help="of the normalised values: 0 is guessing, 1 the best there can be"),
        TableColumn(name="low", numeric=True, help="lower end of the interval of the mean"),
        TableColumn(name="high", numeric=True, help="upper end of the interval of the mean"),
        TableColumn(name="tasks", numeric=True, help="columns that count in the mean"),
        TableColumn(name="seconds", numeric=True, help="of all tasks together"),
        TableColumn(name="tokens/s", numeric=True, digits=1),
        TableColumn(name="cost", numeric=True, help="US dollars"),
        TableColumn(name="parameters", numeric=True),
        TableColumn(name="note", sentence=True),
    ]
    known = {info.name: info for info in board.models}
    rows: list[list[Value]] = []
    for one in board.standings:
        parameters = known[one.model].parameters if one.model in known else None
        place: list[Value] = [one.cluster, words.named(one.model), one.mean, one.low, one.high, one.columns]
        note = one.note and words.shown(one.note, 600)
        rows.append([*place, one.seconds, one.tokens_per_second, one.cost, parameters, note])
    return table("standings-table", "Standing, speed and cost", columns, rows)


def columns_table(board: Board) -> Table:
    """What each column measures, and how well its metric agrees with people on that language and form."""
    columns = [
        TableColumn(name="task"),
        TableColumn(name="metric"),
        TableColumn(name="metric and people"),
        TableColumn(name="accuracy", numeric=True, help="pairs of answers that metric and people put in the same order"),
        TableColumn(name="low", numeric=True, help="lower end of the interval of the accuracy"),
        TableColumn(name="high", numeric=True, help="upper end of the interval of the accuracy"),
        TableColumn(name="floor", numeric=True, help="what a metric that says the same of every answer gets on the same pairs"),
        TableColumn(name="rated items", numeric=True),
        TableColumn(name="pairs", numeric=True),
        TableColumn(name="ratings"),
        TableColumn(name="language"),
        TableColumn(name="form"),
        TableColumn(name="items", numeric=True, help="items of the task here"),
        TableColumn(name="better"),
        TableColumn(name="guessing", numeric=True, help="what guessing gives"),
        TableColumn(name="in the mean"),
        TableColumn(name="version"),
        TableColumn(name="licence"),
        TableColumn(name="about", sentence=True),
    ]
    return table("columns-table", "What the columns measure", columns, [_column(one, board) for one in board.columns])


def model_pages(board: Board) -> tuple[ModelPage, ...]:
    """A page for every model, in the order of the board."""
    infos = {info.name: info for info in board.models}
    standings = {one.model: one for one in board.standings}
    return tuple(
        ModelPage(
            place,
            words.named(name),
            _line(standings.get(name)),
            _facts(infos.get(name), standings.get(name)),
            _cells(board, name, place),
        )
        for place, name in enumerate(models_in_order(board))
    )


def _column(column: Column, board: Board) -> list[Value]:
    task = next((one for one in board.tasks if one.name == column.task), None)
    trust = column.trust
    verdict = words.verdict(trust)
    about = [verdict.why, column.note, task and task.description]
    return [
        words.named(column.task),
        words.named(column.metric),
        verdict.words,
        *([trust.value, trust.low, trust.high, trust.floor, trust.items or None, trust.pairs or None] if trust else [None] * 6),
        ", ".join(words.named(one) for one in trust.judgments) if trust and trust.judgments else None,
        task and task.language and words.named(task.language),
        task and task.form,
        max((cell.items for cell in board.cells if cell.column == column.key), default=None),
        "higher" if column.higher_is_better else "lower",
        task.baseline if task and column.main else None,
        any(cell.normalised is not None for cell in board.cells if cell.column == column.key),
        task and task.version and words.named(task.version),
        task and task.licence and words.named(task.licence),
        "; ".join(words.shown(one, 600) for one in about if one) or None,
    ]


def _line(one: Standing | None) -> str:
    if one is None or one.mean is None:
        return words.shown(one.note, 300) if one and one.note else "no place in the standings"
    cell = Mark(value=one.mean, low=one.low, high=one.high)
    group = "" if one.cluster is None else f", cluster {one.cluster}"
    return f"mean {words.figure(cell.value)} {words.bounds(cell)}{group}"


def _facts(info: ModelInfo | None, one: Standing | None) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    if info is not None:
        found += [(words.named(str(key)), _plain(value)) for key, value in info.arguments.items()]
        found += [("parameters", count(info.parameters))] if info.parameters is not None else []
        found += [("digest", info.digest[:12])] if info.digest else []
        found += [("trained here by", words.named(info.training))] if info.training else []
        found += [(words.named(str(key)), _plain(value)) for key, value in info.meta.items()]
    if one is not None:
        found += [("time", words.seconds(one.seconds))] if one.seconds is not None else []
        found += [("tokens per second", words.figure(one.tokens_per_second, 1))] if one.tokens_per_second is not None else []
        found += [("cost", f"${one.cost:,.2f}")] if one.cost is not None else []
    return tuple(found)


def _plain(value: object) -> str:
    return words.shown(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), 600)


def _cells(board: Board, name: str, place: int) -> Table:
    columns = [
        TableColumn(name="task"),
        TableColumn(name="metric"),
        TableColumn(name="metric and people"),
        TableColumn(name="value", numeric=True),
        TableColumn(name="low", numeric=True, help="lower end of the interval"),
        TableColumn(name="high", numeric=True, help="upper end of the interval"),
        TableColumn(name="normalised", numeric=True, help="0: what guessing gives, 1: the best there can be"),
        TableColumn(name="cluster", numeric=True, help="models of one cluster are not told apart on this column"),
        TableColumn(name="items", numeric=True),
        TableColumn(name="seen in training"),
        TableColumn(name="seconds", numeric=True),
        TableColumn(name="cost", numeric=True, help="US dollars"),
        TableColumn(name="note", sentence=True),
    ]
    cells = cells_of(board)
    rows: list[list[Value]] = []
    for column in board.columns:
        cell = cells.get((name, column.key))
        if cell is None:
            continue
        part = "a part of the task" if cell.status == "partial" else None
        note = words.missing(cell) if cell.value is None else "; ".join(filter(None, (part, cell.note)))
        head: list[Value] = [words.named(column.task), words.named(column.metric), words.verdict(column.trust).words]
        numbers: list[Value] = [cell.value, cell.low, cell.high, cell.normalised, cell.cluster, cell.items]
        rows.append([*head, *numbers, words.seen(cell), cell.seconds, cell.cost, words.shown(note, 600) or None])
    return table(f"model-{place}-cells", f"{words.named(name)} on every task", columns, rows)
