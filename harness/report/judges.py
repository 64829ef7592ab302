"""The run's judges in its report: a card each, their ratings beside people's, and the replies that are no verdict."""

from collections.abc import Iterable, Iterator, Sequence

from harness.judge_card.accuracy import deciding
from harness.judge_card.build import judge_cards
from harness.judge_card.contents import Accuracy, Card, Finding, JudgeCards, Matrix
from harness.judge_card.contents import Figure as Value
from harness.judge_card.estimates import FEW, LEAST
from harness.judge_card.words import AUDITS, at_ratings, kind, not_measurable, remark, title, with_ends
from harness.report.contents import DataTable, Figure, HeatMap, Mark, TableColumn, Words
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
MOST = 12  # judges whose whole cards a page holds
_GLANCE = {
    "parsed": "could be read",
    "self_agreement": "agrees with itself",
    "order_flip": "order flips",
    "first_chosen": "first chosen",
    "longer_chosen_at_tie": "longer chosen at human ties",
    "own_chosen_at_tie": "own chosen at human ties",
    "over_positivity": "above people",
    "beyond_second": "above a second rater",
    "rms_after": "root mean squared distance, calibrated",
    "accuracy_by_language": "accuracy by language",
    "same_verdict": "same under all prompts",
}
_ACCURACY = "by item at the tie threshold that fits best, on preferences without one; a missing score is wrong"
_SHORT = {"more": "more", "less": "less", "nothing": "no"}
Cell = float | int | str | None


def judge_figures(frame: Frame) -> Iterator[Figure]:
    """Accuracies and all judges at a glance; then each one's findings, ratings by people's, matrices, unread replies."""
    if not frame.done.verdicts:
        return
    cards = judge_cards(frame.done, frame.options)
    if cards.accuracies:
        yield _accuracies(cards)
    yield _glance(cards)
    for number, card in enumerate(cards.cards[:MOST], 1):
        yield _findings(card, number, cards)
        missing = not_measurable(card)
        if missing:
            words = tuple(f"{line}." for line in missing)
            yield Words(id=f"judge-{number}-not", title=f"Not measurable of {card.judge}", paragraphs=words, listed=True)
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
        _number("accuracy", _ACCURACY, digits=3),
        _number("low", digits=3),
        _number("high", digits=3),
        _number("raw", "of the pairs that it scored, without a tie threshold", digits=3),
        _number("raw low", digits=3),
        _number("raw high", digits=3),
        _number("items"),
        _number("pairs", "that it scored"),
    )
    return _table("judges-accuracy", "Judges beside every other metric", caption, columns, map(_accuracy, cards.accuracies))


def _accuracy(one: Accuracy) -> tuple[Cell, ...]:
    figures = [cell for figure in (deciding(one), one.raw) for cell in _ends(figure)]
    return (one.criterion, one.metric, one.component, kind(one), *figures, one.n_items, one.n_pairs)


def _glance(cards: JudgeCards) -> DataTable:
    """A row for each card, and findings that all should have, so that a judge with and without reference stand together."""
    rows = []
    for card in cards.cards:
        found: dict[str, list[Finding]] = {}
        for one in card.findings:
            if one.value is not None:
                found.setdefault(one.name, []).append(one)
        cells = ["; ".join(_worded(one, len(found.get(name, ())) > 1) for one in found.get(name, ())) or None for name in _GLANCE]
        rows.append((title(card), *cells))
    n = max(card.n_verdicts for card in cards.cards)
    cut = f" The first {MOST} have their cards below; harness judge-card RUN prints all." if len(cards.cards) > MOST else ""
    caption = f"Every judge, with {cards.level:.0%} intervals by bootstrap over clusters; n: {amount(n, 'verdict')} at most.{cut}"
    columns = (_text("judge"), *(_text(name) for name in _GLANCE.values()))
    return _table("judges-glance", "The judges at a glance", caption, columns, rows)


def _worded(one: Finding, several: bool) -> str:
    about = f"{one.criterion}: " if several and one.criterion else ""
    return f"{about}{with_ends(one)}"


def _findings(card: Card, number: int, cards: JudgeCards) -> DataTable:
    prompts = f" Prompts: {', '.join(card.prompts)}." if card.prompts else ""
    score = f" {card.score[:1].upper()}{card.score[1:]}." if card.score else ""
    columns = (
        _text("audit"),
        TableColumn(name="what", sentence=True),
        _text("criterion", "people's"),
        _number("value", digits=3),
        _number("low", "lower end of the interval", digits=3),
        _number("high", "upper end of the interval", digits=3),
        _number("without bias", "the value of a judge without this bias", digits=1),
        _text("bias", "more or less, where the whole interval lies above or below that value; no: none is shown"),
        _number("n"),
        _number("clusters", "drawn together: items, prompts, documents"),
    )
    shown = [one for one in card.findings if one.rating is None and one.value is not None]
    several = len({one.criterion for one in shown} - {None}) > 1
    caption = f"{amount(card.n_verdicts, 'verdict')} of {card.signature}; {_level(cards)}.{prompts}{score}"
    return _table(f"judge-{number}", title(card), caption, columns, (_finding(one, several) for one in shown))


def _finding(one: Finding, several: bool) -> tuple[Cell, ...]:
    note = f" ({remark(one)})" if remark(one) else ""
    shows = None if one.shows is None else _SHORT[one.shows]
    figures = tuple(_rounded(value) for value in (one.value, one.low, one.high))
    what = f"{one.says}{note}" if one.of == "verdicts" else f"{one.says}; n: {one.of}{note}"
    return (AUDITS[one.audit], what, one.criterion if several else None, *figures, one.unbiased, shows, one.n, one.n_clusters)


def _by_rating(card: Card, number: int, cards: JudgeCards) -> DataTable:
    """A row for each human rating."""
    own = at_ratings(card.findings)
    rows = []
    for criterion, rating in dict.fromkeys((one.criterion, one.rating) for one in own):
        here = {one.name: one for one in own if (one.criterion, one.rating) == (criterion, rating)}
        cells = [f"{with_ends(one)}, n {one.n:,}" if (one := here.get(name)) is not None else None for name in _AT]
        rows.append((criterion, rating, *cells))
    caption = (
        "The ends of a scale force part of it: whoever rates with noise is above the lowest ratings and below the highest. "
        f"Read the judge beside a second rater. In points, with {cards.level:.0%} intervals by bootstrap over clusters; n: "
        f"{amount(max(one.n for one in own), 'output')} at most."
    )
    columns = (_text("criterion"), _number("first rater's rating"), *(_text(name) for name in _AT.values()))
    return _table(f"judge-{number}-ratings", f"By people's rating: {title(card)}", caption, columns, rows)


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
            f"Of the outputs that {matrix.first} gave a rating (a row), the share that {matrix.by} gave each {matrix.of} "
            f"(a column); n: {amount(whole, 'output')}."
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


def _table(id: str, title: str, caption: str, columns: Sequence[TableColumn], rows: Iterable[Sequence[Cell]]) -> DataTable:
    """The table without columns that are empty."""
    held = [tuple(row) for row in rows]
    used = [place for place in range(len(columns)) if any(row[place] is not None for row in held)]
    return DataTable(
        id=id,
        title=title,
        caption=caption,
        columns=tuple(columns[place] for place in used),
        rows=tuple(tuple(row[place] for place in used) for row in held),
    )


def _ends(figure: Value | None) -> tuple[Cell, Cell, Cell]:
    if figure is None:
        return None, None, None
    return _rounded(figure.value), _rounded(figure.low), _rounded(figure.high)


def _level(cards: JudgeCards) -> str:
    few = f"approximate under {FEW}, under {LEAST} they show nothing"
    return f"low and high are {cards.level:.0%} intervals by bootstrap over clusters ({few})"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _number(name: str, help: str = "", digits: int | None = None) -> TableColumn:
    return TableColumn(name=name, numeric=True, help=help, digits=digits)


def _text(name: str, help: str = "") -> TableColumn:
    return TableColumn(name=name, help=help)
