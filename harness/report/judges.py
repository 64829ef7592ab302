"""The run's judges in its report: a card each, their ratings beside people's, and the replies that are no verdict."""

from collections.abc import Iterator

from harness.judge_card.accuracy import deciding
from harness.judge_card.build import judge_cards
from harness.judge_card.contents import Accuracy, Card, Finding, JudgeCards, Matrix
from harness.judge_card.contents import Figure as Value
from harness.judge_card.words import AUDITS, SHOWN, at_ratings, kind, title
from harness.report.contents import DataTable, Figure, HeatMap, Mark, TableColumn
from harness.report.frame import Frame, amount

LEAD = (
    "How far a judge agrees with people, and how far its verdicts depend on what they should not: the place of an answer, its "
    "length, who wrote it, the language, the words of the prompt. A bias is shown where the whole interval leaves out the value "
    "of a judge without it; what cannot be measured says why."
)
_AT = {
    "over_positivity_at": "the judge minus the first rater",
    "second_rater_at": "the second rater minus the first",
    "beyond_second_at": "the judge minus the second rater",
}
Cell = float | int | str | None


def judge_figures(frame: Frame) -> Iterator[Figure]:
    """A table of accuracies; then for each judge its findings, its ratings by people's, matrices, replies without a verdict."""
    if not frame.done.verdicts:
        return
    cards = judge_cards(frame.done, frame.options)
    if cards.accuracies:
        yield _accuracies(cards)
    for number, card in enumerate(cards.cards, 1):
        yield _findings(card, number, cards)
        if at_ratings(card.findings):
            yield _by_rating(card, number, cards)
        yield from (_matrix(matrix, f"{number}-{place}") for place, matrix in enumerate(card.matrices, 1))
        if card.unread:
            yield _unread(card, number)


def _accuracies(cards: JudgeCards) -> DataTable:
    whose = "answers better by construction; no person judged them" if cards.constructed else "people"
    pairs = max(one.n_all for one in cards.accuracies)
    caption = (
        f"How often judges and every other metric order two answers as {whose}, on all items: {_level(cards)}, n: "
        f"{amount(pairs, 'pair')} at most."
    )
    columns = (
        _text("criterion"),
        _text("metric"),
        _text("component"),
        _text("kind", "a sentinel knows nothing of quality"),
        _number("missing is wrong", "over all pairs, a missing score being wrong"),
        _number("low"),
        _number("high"),
        _number("raw", "of the pairs that it scored"),
        _number("raw low"),
        _number("raw high"),
        _number("calibrated", "with the tie threshold that fits best; optimistic"),
        _number("calibrated low"),
        _number("calibrated high"),
        _number("coverage", "share of pairs, or of outputs, with a score"),
        _number("items"),
        _number("pairs", "that it scored"),
    )
    rows = [_accuracy(one) for one in cards.accuracies]
    used = [place for place in range(len(columns)) if any(row[place] is not None for row in rows)]
    return DataTable(
        id="judges-accuracy",
        title="Judges beside every other metric",
        caption=caption,
        columns=tuple(columns[place] for place in used),
        rows=tuple(tuple(row[place] for place in used) for row in rows),
    )


def _accuracy(one: Accuracy) -> tuple[Cell, ...]:
    figures = [cell for figure in (deciding(one), one.raw, one.calibrated) for cell in _ends(figure)]
    return (one.criterion, one.metric, one.component, kind(one), *figures, one.coverage, one.n_items, one.n_pairs)


def _findings(card: Card, number: int, cards: JudgeCards) -> DataTable:
    prompts = f" Prompts: {', '.join(card.prompts)}." if card.prompts else ""
    columns = (
        _text("audit"),
        TableColumn(name="what", sentence=True),
        _text("criterion", "people's"),
        _number("value"),
        _number("low", "lower end of the interval"),
        _number("high", "upper end of the interval"),
        _number("without bias", "the value of a judge without this bias"),
        _text("shows"),
        _number("n"),
        _text("of"),
        _number("clusters", "drawn together: items, prompts, documents"),
        TableColumn(name="note", sentence=True),
    )
    rows = [_finding(one) for one in card.findings if one.rating is None]
    return DataTable(
        id=f"judge-{number}",
        title=title(card),
        caption=f"{amount(card.n_verdicts, 'verdict')} of {card.signature}; {_level(cards)}.{prompts}",
        columns=columns,
        rows=tuple(rows),
    )


def _finding(one: Finding) -> tuple[Cell, ...]:
    shows = None if one.shows is None else SHOWN[one.shows]
    measured = one.value is not None
    note = one.note if measured else f"not measurable: {one.note}"
    counts: tuple[Cell, ...] = (one.n, one.of, one.n_clusters) if measured else (None, None, None)
    figures = tuple(_rounded(value) for value in (one.value, one.low, one.high))
    return (AUDITS[one.audit], one.says, one.criterion, *figures, one.unbiased, shows, *counts, note)


def _by_rating(card: Card, number: int, cards: JudgeCards) -> DataTable:
    """A row for each human rating and difference."""
    columns = (
        _text("criterion"),
        _number("first rater's rating"),
        TableColumn(name="difference"),
        _number("value", "in points of people's scale"),
        _number("low", "lower end of the interval"),
        _number("high", "upper end of the interval"),
        _text("shows", "of the judge beside the second rater: any rater is above the lowest and below the highest rating"),
        _number("n", "outputs"),
        _number("clusters"),
    )
    own = at_ratings(card.findings)
    rows = [
        (
            one.criterion, one.rating, _AT[one.name], *(_rounded(value) for value in (one.value, one.low, one.high)),
            None if one.shows is None else SHOWN[one.shows], one.n, one.n_clusters,
        )
        for one in own
    ]  # fmt: skip
    caption = (
        "The ends of a scale force part of it: whoever rates with noise is above the lowest ratings and below the highest. "
        f"Read the judge beside a second rater. {_level(cards)}; n: {amount(max(one.n for one in own), 'output')} at most a row."
    )
    return DataTable(
        id=f"judge-{number}-ratings",
        title=f"By people's rating: {title(card)}",
        caption=caption,
        columns=columns,
        rows=tuple(rows),
    )


def _matrix(matrix: Matrix, name: str) -> HeatMap:
    rows = []
    for counts in matrix.counts:
        total = sum(counts)
        rows.append(
            tuple(Mark(value=count / total if total else None, n_items=count, note=f"{count} of {total}") for count in counts)
        )
    whole = sum(map(sum, matrix.counts))
    return HeatMap(
        id=f"judge-matrix-{name}",
        title=f"{matrix.by} beside {matrix.first}: {matrix.criterion}",
        caption=(
            f"Of the outputs that {matrix.first} gave a rating (a row), the share that {matrix.by} gave each rating (a column); "
            f"n: {amount(whole, 'output')}."
        ),
        rows=tuple(
            f"{matrix.first}: {rating:g} ({sum(counts):,})" for rating, counts in zip(matrix.rows, matrix.counts, strict=True)
        ),
        columns=tuple(f"{rating:g}" for rating in matrix.columns),
        cells=tuple(rows),
        low=0.0,
        high=1.0,
    )


def _unread(card: Card, number: int) -> DataTable:
    columns = (_text("answers"), _text("what became of it"), TableColumn(name="reply", sentence=True))
    rows = tuple((", ".join(one.targets), one.status, one.reply) for one in card.unread)
    missing = round((1 - next(one.value or 0.0 for one in card.findings if one.name == "parsed")) * card.n_verdicts)
    return DataTable(
        id=f"judge-{number}-unread",
        title=f"Replies without a verdict: {title(card)}",
        caption=f"The first {len(rows)} of {amount(missing, 'reply', 'replies')} that are no verdict, as they came.",
        columns=columns,
        rows=rows,
    )


def _ends(figure: Value | None) -> tuple[Cell, Cell, Cell]:
    if figure is None:
        return None, None, None
    return _rounded(figure.value), _rounded(figure.low), _rounded(figure.high)


def _level(cards: JudgeCards) -> str:
    return f"low and high are {cards.level:.0%} intervals by bootstrap over clusters"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _number(name: str, help: str = "") -> TableColumn:
    return TableColumn(name=name, numeric=True, help=help)


def _text(name: str, help: str = "") -> TableColumn:
    return TableColumn(name=name, help=help)
