"""What the statistics make of a frozen case, as rows of numbers under names that a person can read."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.gate.case_large import large_rows
from harness.gate.cases import Also, Case, CaseRun
from harness.meta.advice import advise
from harness.meta.copies import different_clusters
from harness.meta.options import MetaOptions
from harness.meta.planner_rows import plan_study
from harness.meta.study import Question
from harness.records import MetaRow
from harness.score_table import ScoreTable
from harness.stages.evaluate import Evaluation
from harness.stages.metaevaluate import metaevaluate

Value = float | str | None
Line = tuple[Sequence[str | None], Sequence[Any]]  # the parts of a row's name, and its values
DIGITS = 10  # significant ones that a row keeps: finer than TOLERANCE of harness.gate.statistics, and shorter to read
ROW = ("value", "low", "high", "p", "p_adjusted", "n_items", "n_clusters", "n_pairs", "epsilon", "coverage", "rank_cluster")
_ADVICE = (
    "verdict", "statistic", "value", "low", "high", "sentinel", "sentinel_value", "sentinel_low", "sentinel_high",
    "n_items", "n_clusters", "n_different", "n_pairs", "coverage", "needed_items",
)  # fmt: skip
_PLAN = (
    "alpha", "family", "spread", "spread_low", "spread_high", "items", "clusters", "systems", "needed_clusters", "needed_low",
    "needed_high", "needed_items", "more_items", "simulated", "rater_share",
)  # fmt: skip
_QUESTIONS = {
    "difference": (Question(delta=0.1), ()),
    "small difference": (Question(delta=0.02, power=0.9, statistic="held-out", family=10), ()),
    "width": (Question(width=0.1), ()),
    "against random": (Question(delta=0.2, statistic="raw"), ("random",)),
}


class Table(dict[str, list[Value]]):
    """Rows by their names; `columns` are the names of what each holds."""

    def __init__(self, columns: Iterable[str], lines: Iterable[Line] = ()) -> None:
        super().__init__()
        self.columns = tuple(columns)
        for parts, values in lines:
            self.add(parts, values)

    def add(self, parts: Iterable[str | None], values: Iterable[Any]) -> None:
        """Adds a row; one of the same name gets a number behind it."""
        name = base = " · ".join(part for part in parts if part)
        number = 1
        while name in self:
            number += 1
            name = f"{base} #{number}"
        kept = [_kept(value) for value in values]
        while kept and kept[-1] is None:
            kept.pop()
        self[name] = kept


def rows_of(case: Case, run: CaseRun) -> dict[str, Table]:
    """Everything that a run of the case gives: the rows of its meta-evaluation under "", how often each of their notes
    stands, and what else it asks for by name."""
    data, scores, options = case.judgments(run), ScoreTable.of(case.scores()), case.options(run)
    make = large_rows if run.large else metaevaluate
    rows = make(data, scores, case.metrics, options)
    found: dict[str, Table] = {}
    if run.rows:
        kept = [row for row in rows if not run.statistics or row.statistic in run.statistics]
        found[""] = Table(ROW, ((name_of(row), _values(row, run.without)) for row in kept))
        found["notes"] = Table(("rows",), (((note,), (rows,)) for note, rows in sorted(Counter(_notes(kept)).items())))
    done = Evaluation(data, case.metrics, {one.signature: one.name for one in case.metrics}, scores, tuple(rows), case.verdicts())
    for name in run.also:
        found[name] = _MORE[name](done, options)
    return found


def name_of(row: MetaRow) -> tuple[str | None, ...]:
    """The parts of a MetaRow's name, statistic first."""
    metric = _short(row.metric)
    who = f"{metric}.{row.component}" if metric and row.component else metric
    against = f"against {_short(row.against)}" if row.against else None
    support = None if row.support == "own" else row.support
    return (
        row.statistic,
        who,
        against,
        row.criterion,
        row.grouping,
        None if row.slice == "all" else row.slice,
        row.raters,
        support,
    )


def _notes(rows: Iterable[MetaRow]) -> Iterator[str]:
    """What stands in the notes of rows, each behind its statistic: how many rows say so is held, not which."""
    return (f"{row.statistic} · {row.note}" for row in rows if row.note is not None)


def _values(row: MetaRow, without: Sequence[str]) -> list[Any]:
    return [None if name in without else getattr(row, name) for name in ROW]


def _short(signature: str | None) -> str | None:
    """The metric's name: what stands behind it may tell a package's version."""
    return None if signature is None else signature.partition("|")[0]


def _kept(value: Any) -> Value:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, str)) or value is None:
        return value
    number = float(value)
    return float(f"{number:.{DIGITS}g}") if number - number == 0 else str(number)


def _advice(done: Evaluation, options: MetaOptions) -> Table:
    different = different_clusters(done.data, options.slices)
    given = advise(done.rows, done.labels, delta=0.1, level=options.level, different=different)
    lines = (((one.metric.partition("|")[0], one.criterion, one.slice, one.raters), _fields(one, _ADVICE)) for one in given)
    return Table(_ADVICE, lines)


def _plans(done: Evaluation, options: MetaOptions) -> Table:
    table = Table((*_PLAN, "with_1_rater", "with_2_raters", "with_3_raters", "with_5_raters"))
    for asked, (question, against) in _QUESTIONS.items():
        for plan in plan_study(done.data, done.scores, done.metrics, options, question, against=against):
            more = [one.needed_clusters for one in plan.with_raters]
            name = (asked, _short(plan.first), _short(plan.second), plan.criterion, plan.raters)
            table.add(name, [*_fields(plan, _PLAN), *more])
    return table


def _cards(done: Evaluation, options: MetaOptions) -> Table:
    from harness.judge_card.build import judge_cards

    table = Table(("value", "low", "high", "unbiased", "shows", "n", "n_clusters"))
    found = judge_cards(done, options)
    for card in found.cards:
        for one in card.findings:
            rating = None if one.rating is None else f"{one.rating:g}"
            table.add((one.audit, one.name, card.metric, one.criterion, rating), _fields(one, table.columns))
        for matrix in card.matrices:
            for level, counts in zip(matrix.rows, matrix.counts, strict=True):
                table.add(("matrix", card.metric, matrix.by, matrix.criterion, f"{level:g}"), counts)
    for own in found.accuracies:
        for name in ("raw", "calibrated", "held_out", "missing_wrong"):
            figure = getattr(own, name)
            if figure is not None:
                values = [figure.value, figure.low, figure.high, own.coverage, None, own.n_pairs, own.n_items]
                table.add(("accuracy", name, own.metric, own.component, own.criterion, own.grouping), values)
    return table


def _report(done: Evaluation, options: MetaOptions) -> Table:
    """The means of systems by people and by each metric, as a report shows them."""
    from harness.report.frame import Frame
    from harness.report.ground import Ground
    from harness.report.systems import system_means

    table = Table(("mean", "low", "high", "n_items", "place"))
    frame = Frame(done, options)
    for figure in system_means(frame, Ground(frame)):
        for row in figure.rows:
            for who, mark, rank in zip(figure.columns, row.marks, row.ranks, strict=True):
                table.add((figure.id, row.system, who), [mark.value, mark.low, mark.high, mark.n_items, rank])
    return table


def _board(done: Evaluation, options: MetaOptions) -> Table:
    """A leaderboard of the systems, a task a metric, with the scores as values of its items."""
    from harness.gate.case_board import board_lines

    columns = ("value", "low", "high", "normalised", "items", "rank", "cluster")
    return Table(columns, board_lines(done, options))


def _scoring(done: Evaluation, options: MetaOptions) -> Table:
    """What the stage makes of metrics that say little or fail, in batches of several sizes."""
    from harness.gate.case_scoring import scoring_lines

    return Table(("value", "status"), scoring_lines(done.data))


def _fields(record: Any, names: Iterable[str]) -> list[Any]:
    return [getattr(record, name) for name in names]


_MORE: Mapping[Also, Callable[[Evaluation, MetaOptions], Table]] = {
    "advice": _advice,
    "plans": _plans,
    "cards": _cards,
    "report": _report,
    "board": _board,
    "scoring": _scoring,
}
