"""Judge cards on a terminal."""

from collections.abc import Iterator

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
    ends,
    kind,
    not_measurable,
    remark,
    spoken,
    title,
    with_ends,
    without_bias,
)
from harness.report.layout import plain_table
from harness.report.texts import shown

MUTED = "dim"
_REPLY = 120  # characters of a reply without a verdict


def print_cards(console: Console, cards: JudgeCards) -> None:
    """Prints the accuracies of all metrics, then every card."""
    for part in _parts(cards):
        console.print(part)


def _parts(cards: JudgeCards) -> Iterator[RenderableType]:
    for criterion in dict.fromkeys(one.criterion for one in cards.accuracies):
        yield from _accuracies(criterion, [one for one in cards.accuracies if one.criterion == criterion], cards)
    for card in cards.cards:
        yield from _card(card)
    yield Text(
        f"[ ] is the {cards.level:.0%} interval, by bootstrap over clusters ({cards.resamples:,} resamples, seed {cards.seed}); "
        f"under {FEW} clusters it is approximate, and under {LEAST} it shows nothing. "
        "docs/explanation/judges.md says what each number means, and what it does not.",
        style=MUTED,
    )


def _accuracies(criterion: str, own: list[Accuracy], cards: JudgeCards) -> Iterator[RenderableType]:
    who = own[0].raters
    said = "not people: better by construction" if cards.constructed else f"against people ({shown(who, 60)})"
    yield Text(f"Accuracy on {shown(criterion, 60)} — {cards.judgments}, {said}", style="bold")
    table = plain_table()
    for head in ("", "metric"):
        table.add_column(head, no_wrap=not head)
    columns = [name for name in ("missing wrong", "raw", "calibrated", "held-out") if any(_cells(one)[name] for one in own)]
    if not any(one.missing_wrong for one in own):
        columns.remove("missing wrong")
    for head in (*columns, "pairs"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in own:
        name = one.metric if one.component is None else f"{one.metric} ({one.component})"
        count = f"{one.n_pairs:,}" if one.n_pairs == one.n_all else f"{one.n_pairs:,} of {one.n_all:,}"
        cells = [_cells(one)[name] or "–" for name in columns]
        table.add_row(kind(one), shown(name, 60), *cells, count, style=MUTED if one.sentinel else None)
    yield Padding(table, (0, 0, 1, 2))


def _cells(one: Accuracy) -> dict[str, str]:
    found = {
        "missing wrong": deciding(one),
        "raw": one.raw,
        "calibrated": one.calibrated,
        "held-out": one.held_out,
    }
    return {name: "" if figure is None else spoken(figure) for name, figure in found.items()}


def _card(card: Card) -> Iterator[RenderableType]:
    yield Text(shown(title(card), 200), style="bold")
    prompts = f"; {', '.join(card.prompts)}" if card.prompts else ""
    yield Padding(Text(shown(f"{card.n_verdicts:,} verdicts{prompts}; {card.signature}", 400), style=MUTED), (0, 0, 0, 2))
    if card.score is not None:
        yield Padding(Text(card.score, style=MUTED), (0, 0, 0, 2))
    every = apart_from_ratings(card.findings)
    measured = [one for one in every if one.value is not None]
    yield Padding(_findings(measured, several=len({one.criterion for one in measured if one.criterion}) > 1), (0, 0, 0, 2))
    for criterion in dict.fromkeys(one.criterion for one in at_ratings(card.findings)):
        own = [one for one in at_ratings(card.findings) if one.criterion == criterion]
        yield Padding(_by_rating(own, criterion or ""), (1, 0, 0, 2))
    for matrix in card.matrices:
        yield Padding(_matrix(matrix), (1, 0, 0, 2))
    for line in not_measurable(card):
        yield Padding(Text(shown(line, 300)), (0, 0, 0, 2))
    for one in card.unread:
        reply = shown(" ".join((one.reply or "no reply").split()), _REPLY)
        yield Padding(Text(f"{one.status}, {shown(' and '.join(one.targets), 120)}: {reply}", style=MUTED), (0, 0, 0, 2))
    yield Text("")


def _findings(findings: list[Finding], *, several: bool) -> Table:
    table = plain_table()
    table.add_column("", no_wrap=True)
    table.add_column("", ratio=1)
    for head in ("", "interval", "without bias", "n", "clusters"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("shows", no_wrap=True)
    before = ""
    for one in findings:
        audit = AUDITS[one.audit]
        says = f"{one.says} ({shown(one.criterion, 40)})" if several and one.criterion else one.says
        note = remark(one)
        said = f"{says}\n  {shown(note, 300)}" if note else says
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
    table.add_column(f"{shown(criterion, 40)}: first rater", justify="right")
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


def _matrix(matrix: Matrix) -> Table:
    table = plain_table()
    table.add_column(f"{shown(matrix.first, 40)} ↓ {shown(matrix.by, 60)} ({matrix.of}s) →", justify="right")
    for column in matrix.columns:
        table.add_column(f"{column:g}", justify="right")
    for row, counts in zip(matrix.rows, matrix.counts, strict=True):
        table.add_row(f"{row:g}", *(f"{count:,}" for count in counts))
    return table
