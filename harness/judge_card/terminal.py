"""Judge cards on a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.judge_card.accuracy import deciding
from harness.judge_card.contents import Accuracy, Card, Finding, JudgeCards, Matrix
from harness.judge_card.estimates import FEW, LEAST
from harness.judge_card.words import (
    AUDITS,
    amount,
    apart_from_ratings,
    at_ratings,
    counted,
    ends,
    kind,
    not_measurable,
    remark,
    spoken,
    title,
    with_ends,
    without_bias,
)
from harness.report.layout import broken, longest, plain_table
from harness.report.texts import shown

MUTED = "dim"
_REPLY = 120  # characters of a reply without a verdict
_INDENT, _GAP, _NARROW = 2, 2, 16  # characters: before a table, between its columns, and what a name has at least


def print_cards(console: Console, cards: JudgeCards) -> None:
    """Prints the accuracies of all metrics, then every card.

    Nothing is cut: a name that is too long for its place is broken, and a table that is too wide goes on beside the terminal's
    edge, where the terminal breaks its lines.
    """
    width = console.width
    for part in _parts(cards, width):
        least = _least(part.renderable) if isinstance(part, Padding) and isinstance(part.renderable, Table) else 0
        console.width = max(width, least)  # rich prints nothing wider
        try:
            console.print(part)
        finally:
            console.width = width


def _parts(cards: JudgeCards, width: int) -> Iterator[RenderableType]:
    for criterion in dict.fromkeys(one.criterion for one in cards.accuracies):
        yield from _accuracies(criterion, [one for one in cards.accuracies if one.criterion == criterion], cards, width)
    for card in cards.cards:
        yield from _card(card, width)
    yield Text(
        f"[ ] is the {cards.level:.0%} interval, by bootstrap over clusters ({cards.resamples:,} resamples, seed {cards.seed}); "
        f"under {FEW} clusters it is approximate, and under {LEAST} it shows nothing. "
        "docs/explanation/judges.md says what each number means, and what it does not.",
        style=MUTED,
    )


def _least(table: Table) -> int:
    """The width in which nothing of the table is cut: columns that may be wrapped are as wide as their longest word."""
    columns = [(column.no_wrap, [str(column.header), *map(str, column.cells)]) for column in table.columns]
    widths = [longest(cells) if whole else max(_NARROW, longest(" ".join(cells).split())) for whole, cells in columns]
    return _INDENT + sum(width + _GAP for width in widths)


def _accuracies(criterion: str, own: list[Accuracy], cards: JudgeCards, width: int) -> Iterator[RenderableType]:
    said = "not people: better by construction" if cards.constructed else f"against people ({shown(own[0].raters)})"
    yield Text(f"Accuracy on {shown(criterion)} — {cards.judgments}, {said}", style="bold")
    columns = [name for name in ("missing wrong", "raw", "calibrated", "held-out") if any(_cells(one)[name] for one in own)]
    if not any(one.missing_wrong for one in own):
        columns.remove("missing wrong")
    rows = []
    for one in own:
        count = f"{one.n_pairs:,}" if one.n_pairs == one.n_all else f"{one.n_pairs:,} of {one.n_all:,}"
        rows.append([kind(one), *(_cells(one)[column] or "–" for column in columns), count])
    heads = ["", *columns, "pairs"]
    room = _room(width, [heads, *rows])
    table = plain_table()
    table.add_column(heads[0], no_wrap=True)
    table.add_column("metric", overflow="fold")
    for head in heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for one, cells in zip(own, rows, strict=True):
        name = one.metric if one.component is None else f"{one.metric} ({one.component})"
        table.add_row(cells[0], broken(shown(name), room), *cells[1:], style=MUTED if one.sentinel else None)
    yield Padding(table, (0, 0, 1, 2))


def _room(width: int, rows: Sequence[Sequence[str]]) -> int:
    """Characters that a table of these columns leaves for one more."""
    return max(_NARROW, width - _INDENT - sum(longest(list(column)) + _GAP for column in zip(*rows, strict=True)))


def _cells(one: Accuracy) -> dict[str, str]:
    found = {
        "missing wrong": deciding(one),
        "raw": one.raw,
        "calibrated": one.calibrated,
        "held-out": one.held_out,
    }
    return {name: "" if figure is None else spoken(figure) for name, figure in found.items()}


def _card(card: Card, width: int) -> Iterator[RenderableType]:
    yield Text(shown(title(card)), style="bold")
    prompts = f"; {', '.join(card.prompts)}" if card.prompts else ""
    yield Padding(Text(shown(f"{counted(card)}{prompts}; {card.signature}"), style=MUTED), (0, 0, 0, 2))
    if card.score is not None:
        yield Padding(Text(card.score, style=MUTED), (0, 0, 0, 2))
    every = apart_from_ratings(card.findings)
    measured = [one for one in every if one.value is not None]
    yield Padding(_findings(measured, several=len({one.criterion for one in measured if one.criterion}) > 1), (0, 0, 0, 2))
    for criterion in dict.fromkeys(one.criterion for one in at_ratings(card.findings)):
        own = [one for one in at_ratings(card.findings) if one.criterion == criterion]
        yield Padding(_by_rating(own, criterion or ""), (1, 0, 0, 2))
    for matrix in card.matrices:
        yield Padding(_matrix(matrix, width), (1, 0, 0, 2))
    for line in not_measurable(card):
        yield Padding(Text(shown(line)), (0, 0, 0, 2))
    for one in card.unread:
        reply = shown(" ".join((one.reply or "no reply").split()), _REPLY)
        yield Padding(Text(f"{one.status}, {shown(' and '.join(one.targets))}: {reply}", style=MUTED), (0, 0, 0, 2))
    yield Text("")


def _findings(findings: list[Finding], *, several: bool) -> Table:
    table = plain_table()
    table.add_column("", no_wrap=True)
    table.add_column("", ratio=1, overflow="fold")
    for head in ("", "interval", "without bias", "n", "clusters"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("shows", no_wrap=True)
    before = ""
    for one in findings:
        audit = AUDITS[one.audit]
        says = f"{one.says} ({shown(one.criterion)})" if several and one.criterion else one.says
        note = remark(one)
        said = f"{says}\n  {shown(note)}" if note else says
        shows = "" if one.shows is None else {"more": "more", "less": "less", "nothing": "–"}[one.shows]
        table.add_row(
            audit if audit != before else "",
            said,
            amount(one),
            ends(one),
            without_bias(one),
            f"{one.n:,}",
            f"{one.n_clusters:,}",
            shows,
        )
        before = audit
    return table


def _by_rating(findings: list[Finding], criterion: str) -> Table:
    """A row for each human rating: the judge above it, a second rater above it, and the judge above that one."""
    table = plain_table()
    table.add_column(f"{shown(criterion)}: first rater", justify="right", overflow="fold")
    names = list(dict.fromkeys(one.name for one in findings))
    heads = {
        "over_positivity_at": "judge minus it",
        "second_rater_at": "second rater minus it",
        "beyond_second_at": "judge minus second",
    }
    for name in names:
        table.add_column(heads[name], justify="right", no_wrap=True)
    for rating in sorted({one.rating for one in findings if one.rating is not None}):
        own = {one.name: one for one in findings if one.rating == rating}
        cells = [f"{with_ends(one)} n {one.n:,}" if (one := own.get(name)) is not None else "–" for name in names]
        table.add_row(f"{rating:g}", *cells)
    return table


def _matrix(matrix: Matrix, width: int) -> Table:
    heads = [f"{column:g}" for column in matrix.columns]
    rows = [[f"{count:,}" for count in counts] for counts in matrix.counts]
    name = f"{shown(matrix.first)} ↓ {shown(matrix.by)} ({matrix.of}s) →"
    table = plain_table()
    table.add_column(broken(name, _room(width, [heads, *rows])), justify="right", overflow="fold")
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row, cells in zip(matrix.rows, rows, strict=True):
        table.add_row(f"{row:g}", *cells)
    return table
