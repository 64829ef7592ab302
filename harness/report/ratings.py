"""What raters said and what metrics make of it: counts of ratings, raters against each other, and score against rating."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from harness.meta.pairs import Floats
from harness.records import MetaRow
from harness.report.contents import DataTable, RatingLevel, RatingPanel, RatingPlot, TableColumn
from harness.report.frame import MANY, Frame, amount, mark
from harness.report.ground import Ground
from harness.report.standing import metrics_of
from harness.report.views import Board

LEVELS = 12  # ratings that are told apart; more are put into ten ranges of equal width
RANGES = 10
POINTS = 400  # outputs that are drawn, of all metrics of a plot together
RATERS = 8  # whose columns a table of counts has
MOST = 60  # different ratings that a table of counts has
CONFUSIONS = 3  # pairs of raters per criterion that are set against each other


def rating_plots(frame: Frame, ground: Ground) -> list[RatingPlot]:
    """Score against rating, a plot a board of ratings."""
    return [plot for board in frame.boards if (plot := _plot(frame, ground, board)) is not None]


def rating_tables(frame: Frame, ground: Ground) -> list[DataTable]:
    """Per criterion how often each rating was given, by rater, and pairs of raters against each other."""
    return [table for number, one in enumerate(frame.done.data.criteria, 1) for table in _tables(frame, ground, one, str(number))]


def _plot(frame: Frame, ground: Ground, board: Board) -> RatingPlot | None:
    human = ground.human(board)
    if human is None or not np.isfinite(human).any():
        return None
    lines = [line.label for line in metrics_of(board) if line.label in ground.columns]
    most = POINTS if len(lines) <= 4 else POINTS // 2
    panels = [_panel(frame, ground, board, human, label, most) for label in lines[:MANY]]
    kept = tuple(panel for panel in panels if panel.levels)
    if not kept:
        return None
    n = max(sum(level.n for level in panel.levels) for panel in kept)
    cut = f" The first {len(kept)} of {len(lines)} metrics." if len(kept) < len(lines) else ""
    tau = "Kendall's tau-b is over all answers at once, items mixed."
    if all(panel.correlation is None for panel in kept):
        tau = "Kendall's tau-b over all answers was not computed (it needs the grouping none)."
    return RatingPlot(
        id=f"ratings-{frame.key(board)}",
        title=f"Score against rating on {frame.title(board)}",
        caption=f"Scores of the answers that people rated alike (raters: {board.raters}; {amount(n, 'answer')}); points are a "
        f"sample of at most {most}. {tau}{_turned(frame, board.criterion)}{cut}",
        panels=kept,
    )


def _turned(frame: Frame, criterion: str) -> str:
    down = any(
        judgment.scale is not None and judgment.scale.direction == "down"
        for judgment in frame.done.data.judgments
        if judgment.criterion == criterion
    )
    return " Ratings of a scale whose low end is the good one are turned, so that higher is better." if down else ""


def _panel(frame: Frame, ground: Ground, board: Board, human: Floats, label: str, most: int) -> RatingPanel:
    column = ground.columns[label]
    scores = np.full(len(human), np.nan) if column.values is None else column.values * ground.sign(label)
    both = np.flatnonzero(np.isfinite(human) & np.isfinite(scores))
    ratings, values = human[both], scores[both]
    chosen = np.sort(np.random.default_rng(0).choice(len(both), most, replace=False)) if len(both) > most else slice(None)
    points = tuple(zip(ratings[chosen].tolist(), (float(f"{v:.5g}") for v in values[chosen].tolist()), strict=True))
    row = _tau(frame, board, column.signature, column.component)
    levels = tuple(_level(name, values[inside]) for name, inside in _groups(ratings) if inside.any())
    return RatingPanel(label=label, levels=levels, correlation=None if row is None else mark(row), points=points)


def _tau(frame: Frame, board: Board, signature: str, component: str | None) -> MetaRow | None:
    """The row of tau-b over all outputs; None where that grouping was not computed."""
    wanted = ("kendall_b", "none", signature, component, board.criterion, board.raters)
    for row in frame.by_slice.get("all", ()):
        if (row.statistic, row.grouping, row.metric, row.component, row.criterion, row.raters) == wanted:
            return row
    return None


def _groups(ratings: Floats) -> Iterator[tuple[str, np.ndarray]]:
    """(name, which ratings) from low to high: each value, or ranges where there are many."""
    values = np.unique(ratings)
    if len(values) <= LEVELS:
        yield from ((f"{value:.4g}", ratings == value) for value in values.tolist())
        return
    edges = np.linspace(values[0], values[-1], RANGES + 1)
    place = np.clip(np.searchsorted(edges, ratings, side="right") - 1, 0, RANGES - 1)
    for index in range(RANGES):
        yield f"{edges[index]:.4g} to {edges[index + 1]:.4g}", place == index


def _level(name: str, values: Floats) -> RatingLevel:
    low, first, median, third, high = (float(f"{q:.6g}") for q in np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]))
    return RatingLevel(rating=name, n=len(values), low=low, first_quartile=first, median=median, third_quartile=third, high=high)


def _tables(frame: Frame, ground: Ground, criterion: str, key: str) -> Iterator[DataTable]:
    given: dict[str, Counter[float | str]] = {}
    for judgment in frame.done.data.judgments:
        if judgment.criterion == criterion and judgment.value is not None and judgment.span is None:
            given.setdefault(judgment.rater, Counter())[judgment.value] += 1
    preferred: dict[str, Counter[float | str]] = {}
    for preference in frame.done.data.preferences if not frame.constructed else ():
        if preference.criterion == criterion and preference.winner is not None:
            said = {"a": "first of the pair", "b": "second of the pair", "tie": "tie"}[preference.winner]
            preferred.setdefault(preference.rater, Counter())[said] += 1
    if given:
        yield _counts(f"counts-{key}", _given("Ratings", criterion), "rating", given)
        yield from _confusions(ground, criterion, key)
    if preferred:
        yield _counts(f"choices-{key}", _given("Preferences", criterion), "winner", preferred)


def _given(what: str, criterion: str) -> str:
    """`Ratings given on fluency`; a criterion that is itself called rating is not said twice."""
    return f"{what} given" if criterion.lower() == what.lower().removesuffix("s") else f"{what} given on {criterion}"


def _counts(id: str, title: str, head: str, given: dict[str, Counter[float | str]]) -> DataTable:
    raters = sorted(given, key=lambda rater: (-given[rater].total(), rater))[:RATERS]
    total: Counter[float | str] = Counter()
    for counter in given.values():
        total.update(counter)
    values = sorted(total, key=lambda value: (isinstance(value, str), value))
    commonest = {value for value, _ in total.most_common(MOST)}
    rows: list[tuple[float | int | str | None, ...]] = [
        (f"{value:g}" if isinstance(value, float) else value, total[value], *(given[rater][value] for rater in raters))
        for value in values
        if value in commonest
    ]
    more = f" The {len(raters)} busiest raters have a column of their own." if len(raters) < len(given) else ""
    cut = f" The {MOST} commonest of {len(values)} values." if len(values) > MOST else ""
    return DataTable(
        id=id,
        title=title,
        caption=f"How often each {head} was given: {total.total():,} in all, by {amount(len(given), 'rater')}.{more}{cut}",
        columns=(
            TableColumn(name=head),
            TableColumn(name="all", numeric=True),
            *(TableColumn(name=rater, numeric=True) for rater in raters),
        ),
        rows=tuple(rows),
    )


def _confusions(ground: Ground, criterion: str, key: str) -> Iterator[DataTable]:
    """Rows: what the first rater said; columns: what the second said of the same answers. The pairs that share most."""
    ratings = ground.ratings(criterion)
    if len(ratings.raters) > 60:
        return  # too many pairs to look through, and each shares little
    finite = np.isfinite(ratings.values)
    shared = {(a, b): int((finite[a] & finite[b]).sum()) for a, b in combinations(range(len(ratings.raters)), 2)}
    pairs = sorted((pair for pair in shared if shared[pair]), key=lambda pair: (-shared[pair], pair))
    for number, (a, b) in enumerate(pairs[:CONFUSIONS], 1):
        both = finite[a] & finite[b]
        rows, columns = ratings.values[a, both], ratings.values[b, both]
        levels = np.unique(np.concatenate([rows, columns]))
        if len(levels) > LEVELS:
            return
        cells: list[tuple[float | int | str | None, ...]] = [
            (f"{row:g}", *(int(((rows == row) & (columns == column)).sum()) for column in levels)) for row in levels
        ]
        first, second = ratings.raters[a], ratings.raters[b]
        equal = int((rows == columns).sum())
        yield DataTable(
            id=f"confusion-{key}-{number}",
            title=f"{first} against {second} on {criterion}",
            caption=f"What {second} (columns) said of the answers that {first} (rows) rated so: the same of {equal} of "
            f"{amount(len(rows), 'answer')} that both rated. Scales are turned so that higher is better.",
            columns=(TableColumn(name=first), *(TableColumn(name=f"{level:g}", numeric=True) for level in levels)),
            rows=tuple(cells),
        )
