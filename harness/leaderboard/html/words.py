"""What a board's records say, in words and short numbers, for its page."""

from dataclasses import dataclass

from harness.leaderboard.records import Board, Cell, Column, Trust
from harness.report.contents import Mark
from harness.report.html.text import amount, bounds, figure
from harness.report.texts import LABEL, shown

VERDICTS = {
    "agrees": "agrees with people",
    "doubtful": "doubtful",
    "unknown": "nobody has rated",
    "by-key": "compared with a key",
}


@dataclass(frozen=True)
class Verdict:
    """How far a column's metric can be trusted. `key` chooses its look; `number`: accuracy with interval and floor;
    `extent`: on what."""

    key: str
    words: str
    number: str
    extent: str
    why: str


def named(text: str) -> str:
    """A name of a model, task or metric, no longer than a page can bear."""
    return shown(text, LABEL)


def verdict(trust: Trust | None) -> Verdict:
    """The verdict in words and number; a column without one has not been looked up."""
    if trust is None:
        return Verdict("unknown", "not looked up", "", "", "")
    number = ""
    if trust.value is not None:
        number = " ".join(filter(None, (figure(trust.value), bounds(Mark(value=trust.value, low=trust.low, high=trust.high)))))
        number += "" if trust.floor is None else f", floor {figure(trust.floor)}"
    sizes = [amount(n, noun) for n, noun in ((trust.items, "item"), (trust.pairs, "pair")) if n]
    sets = ", ".join(named(one) for one in trust.judgments)
    extent = " · ".join(sizes) + (f" of {sets}" if sets else "")
    return Verdict(trust.verdict, VERDICTS[trust.verdict], number, extent, shown(trust.why or ""))


def mark(cell: Cell) -> Mark:
    """The cell's value with its interval."""
    return Mark(value=cell.value, low=cell.low, high=cell.high, n_items=cell.items)


def missing(cell: Cell) -> str:
    """Why a cell has no value."""
    words = {"error": "failed", "missing": "not run"}.get(cell.status, "no value")
    return f"{words}: {shown(cell.note, 300)}" if cell.note else words


def flags(cell: Cell) -> tuple[str, ...]:
    """What a reader has to know beside the value: items seen in training, a part of the task."""
    found = []
    if cell.seen:
        found.append(f"{cell.seen:,} of {cell.items:,} seen in training")
    if cell.status == "partial":
        found.append(f"only {amount(cell.items, 'item')}")
    if cell.status == "error" and cell.value is not None:
        found.append("with errors")
    return tuple(found)


def seen(cell: Cell) -> str:
    """Overlap with the training data of a model trained here: `3 of 30`, `none of 30`, or that it is not known."""
    if cell.seen is None:
        return "not known"
    return f"{cell.seen:,} of {cell.items:,}" if cell.seen else f"none of {cell.items:,}"


def seconds(value: float | None) -> str:
    """`9.5 s`, `12 min`, `3.2 h`; a dash where it is not known."""
    if value is None:
        return "–"
    return f"{value:.3g} s" if value < 120 else f"{value / 60:.3g} min" if value < 7200 else f"{value / 3600:.3g} h"


def answer(board: Board) -> tuple[str, ...]:
    """What the board says, in sentences: who leads, and how far its metrics can be trusted."""
    return tuple(filter(None, (_leaders(board), _trusted(board.columns), _size(board))))


def _leaders(board: Board) -> str:
    ranked = [one for one in board.standings if one.mean is not None]
    if not ranked:
        return "No model has a place: there is no task that all of them have done and whose values can be put on one scale."
    counted = max(one.columns for one in ranked)
    scale = f"by the mean over {amount(counted, 'task')}, where 0 is guessing and 1 the best there can be"
    first = [one for one in ranked if one.cluster == 1]
    said = [f"{named(one.model)} {_value(Mark(value=one.mean, low=one.low, high=one.high))}" for one in first[:3]]
    if not first:
        return f"{amount(len(ranked), 'model')} {scale}: not compared with one another."
    if len(first) == 1:
        return f"{said[0]} stands first, alone in its cluster, {scale}."
    more = f" and {len(first) - 3} more" if len(first) > 3 else ""
    return f"{len(first)} of {len(ranked)} models share the first cluster, not told apart {scale}: {'; '.join(said)}{more}."


def _value(mark: Mark) -> str:
    """Value and interval that stay on one line."""
    return f"{figure(mark.value)} {bounds(mark)}".strip().replace(" ", "\u00a0")


def _trusted(columns: tuple[Column, ...]) -> str:
    if not columns:
        return ""
    if all(one.trust is None for one in columns):
        return "How well the columns' metrics agree with people was not looked up."
    parts = (
        ("agrees", "by a metric that agrees with people on that language and form"),
        ("by-key", "by comparison with a key"),
        ("doubtful", "by a metric that is not shown to agree with people"),
        ("unknown", "by a metric that nobody has held against people there"),
    )
    counts = {key: sum(1 for one in columns if verdict(one.trust).key == key) for key, _ in parts}
    said = [f"{counts[key]} {words}" for key, words in parts if counts[key]]
    return f"Of {amount(len(columns), 'column')}, {'; '.join(said)}."


def _size(board: Board) -> str:
    intervals = f" Intervals: {board.confidence:.0%}, {board.resamples:,} resamples of items." if board.resamples else ""
    return f"{amount(len(board.models), 'model')}, {amount(len(board.tasks), 'task')}.{intervals}"
