"""A board as CSV and as Markdown: every number with its interval, every column with how far it can be trusted."""

import csv
import io
import re
from typing import Any
from unicodedata import category

import msgspec

from harness.leaderboard.records import Board, Cell, Column, Trust
from harness.report.formulas import guarded

CSV_COLUMNS = (
    "model", "task", "metric", "main", "value", "low", "high", "confidence", "normalised", "items", "rank", "cluster", "status",
    "seen", "seconds", "tokens", "cost", "trust", "trust_value", "trust_low", "trust_high", "trust_floor", "trust_items",
    "trust_judgments", "language", "form", "licence", "version", "note",
)  # fmt: skip
MEAN = "(mean)"  # the task of the rows that hold a model's mean
_NOTHING = 1e-12  # what sums of floating-point numbers leave of a 0
_END = " resamples of the items."
_KEPT = "\u200c\u200d\ufe0f"  # joiners that ordinary words and emoji need
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")


def board_csv(board: Board) -> str:
    """A row for every cell, then one for every model's mean (task `(mean)`); texts that would be formulas have an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    columns = {column.key: column for column in board.columns}
    tasks = {task.name: task for task in board.tasks}
    for cell in board.cells:
        column = columns[cell.column]
        task, trust = tasks[column.task], column.trust or Trust(verdict="unknown")
        told = _told(trust) if column.trust else ()
        row = (
            cell.model, column.task, column.metric, _flag(column.main), cell.value, cell.low, cell.high, board.confidence,
            cell.normalised, cell.items or None, cell.rank, cell.cluster, cell.status, cell.seen, cell.seconds,
            cell.tokens, cell.cost, *(told or ("",) * 7), task.language, task.form, task.licence, task.version, cell.note,
        )  # fmt: skip
        writer.writerow(map(_in_csv, row))
    for one in board.standings:
        row = (
            one.model, MEAN, "normalised mean", "", one.mean, one.low, one.high, board.confidence, one.mean, one.columns,
            one.rank, one.cluster, "missing" if one.mean is None else "ok", "", one.seconds, "", one.cost, *("",) * 11, one.note,
        )  # fmt: skip
        writer.writerow(map(_in_csv, row))
    return file.getvalue()


def _in_csv(value: float | int | str | None) -> float | int | str:
    return guarded(visible(value) if isinstance(value, str) else value)


def _told(trust: Trust) -> tuple[Any, ...]:
    return trust.verdict, trust.value, trust.low, trust.high, trust.floor, trust.items or None, ", ".join(trust.judgments)


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def board_markdown(board: Board) -> str:
    """The board as tables: models, then every column with what is known of its metric, then warnings and notes."""
    percent = f"{100 * board.confidence:g} %"
    lines = [f"# {escaped(board.name)}", ""]
    lines += [f"- **{escaped(warning)}**" for warning in board.warnings] + ([""] if board.warnings else [])
    main = [column for column in board.columns if column.main]
    extra = [column for column in board.columns if not column.main]
    lines += ["## Models", ""]
    head = [
        "",
        "Model",
        "Mean",
        *(f"{_arrow(column)} {escaped(column.task)}" for column in main),
        "Tokens/s",
        "Seconds",
        "US dollars",
    ]
    lines += [_row(head), _row([" --- "] * len(head), plain=True)]
    cells = {(cell.model, cell.column): cell for cell in board.cells}
    for one in board.standings:
        spread = _spread(one.mean, one.low, one.high)
        row = [_place(one.rank, one.cluster), escaped(one.model), spread]
        row += [_shown(cells[one.model, column.key]) for column in main]
        lines.append(_row([*row, _number(one.tokens_per_second), _number(one.seconds), _number(one.cost)]))
    lines += [
        "",
        f"Values with their {percent} intervals, then rank/cluster: models of one cluster are not shown to differ. The mean ",
        "is over tasks whose metric has a baseline (0) and a ceiling (1).",
        "",
        "## How far each column can be trusted",
        "",
        _row(["Column", "Metric", "Trust", "Accuracy against people", "Floor", "Rated items", "Judgments", "Why", "Note"]),
        _row([" --- "] * 9, plain=True),
    ]
    for column in board.columns:
        trust = column.trust or Trust(verdict="unknown", why="not looked up")
        lines.append(
            _row(
                [
                    escaped(column.task), escaped(column.metric), trust.verdict, _spread(trust.value, trust.low, trust.high),
                    _number(trust.floor), str(trust.items or ""), escaped(", ".join(trust.judgments)), escaped(trust.why or ""),
                    escaped(column.note or ""),
                ]
            )
        )  # fmt: skip
    if extra:
        lines += ["", "## More metrics", ""]
        head = ["Model", *(f"{_arrow(column)} {escaped(column.key)}" for column in extra)]
        lines += [_row(head), _row([" --- "] * len(head), plain=True)]
        lines += [
            _row([escaped(one.model), *(_shown(cells[one.model, column.key]) for column in extra)]) for one in board.standings
        ]
    said = [f"{cell.model}, {cell.column}: {cell.note}" for cell in board.cells if cell.note]
    said += [f"{one.model}: {one.note}" for one in board.standings if one.note]
    notes = [*board.notes, *said]
    if notes:
        lines += ["", "## Notes", "", *(f"- {escaped(note)}" for note in notes)]
    made = f"Seed {board.seed}, {board.resamples:,}{_END}"
    return "\n".join([*lines, "", made, ""])


def escaped(text: str) -> str:
    """A text that Markdown shows as it is, on one line; nothing in it can steer a terminal or turn the line around."""
    text = visible(" ".join(text.split()))
    return _SPECIAL.sub(r"\\\1", text).replace("&", "&amp;").replace("\\&amp;", "&amp;").replace("\\<", "&lt;")


def visible(text: str) -> str:
    """The text with control, format and surrogate characters written as \\x1b, \\u202e and the like; spaces of all kinds stay."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable() or character in _KEPT or category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")


def _row(cells: list[str], plain: bool = False) -> str:
    return "|" + "|".join(cells) + "|" if plain else "| " + " | ".join(cells) + " |"


def _arrow(column: Column) -> str:
    return "↑" if column.higher_is_better else "↓"


def _place(rank: int | None, cluster: int | None) -> str:
    return "" if rank is None else f"{rank}/{cluster}"


def _shown(cell: Cell) -> str:
    if cell.value is None:
        return cell.status
    place = _place(cell.rank, cell.cluster)
    half = " (partial)" if cell.status == "partial" else ""
    seen = f" ⚠ {cell.seen} seen" if cell.seen else ""
    return _spread(cell.value, cell.low, cell.high) + (f" {place}" if place else "") + half + seen


def _spread(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    bounds = "\\[?\\]" if low is None or high is None else f"\\[{_number(low)}, {_number(high)}\\]"
    return f"{_number(value)} {bounds}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) < _NOTHING:
        value = 0.0
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.2e}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def is_export(data: bytes, kind: str) -> bool:
    """Whether a file's content is what an export as `kind` (html, csv, md, json) wrote, by its head, its end or its fields."""
    if kind == "json":
        try:
            msgspec.json.decode(data, type=Board)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return True
    if kind == "html":
        return b'<meta name="generator" content="metaeval-harness">' in data[:2000]
    if kind == "csv":
        return data.startswith(",".join(CSV_COLUMNS).encode() + b"\n")
    return data.startswith(b"# ") and data.endswith(_END.encode() + b"\n")
