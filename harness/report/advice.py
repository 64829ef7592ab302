"""Advice as a table: use, weak or ask people, per metric, criterion and slice, each with its reason."""

from collections import Counter
from collections.abc import Collection, Sequence

from harness.meta.advice import Advice, advise
from harness.meta.copies import different_clusters
from harness.report.contents import DataTable, TableColumn
from harness.report.frame import Frame, amount, listed
from harness.report.views import is_sentinel

MOST_ROWS = 1_000
MANY_METRICS = 10  # from so many on, a word of caution about what looks good
NONE = "no advice"
VERDICTS = ("use", "weak", "ask people")  # best first
EXCEPTIONS = 3  # slices that the sentence names; of more it says how many
SAME = "the same "  # how the note of a slice begins that holds the outputs of another
Row = tuple[float | int | str | None, ...]


def advices(frame: Frame) -> list[Advice]:
    """What the rule says of every metric, in reading order; none for constructed sets."""
    if frame.constructed:
        return []
    options = frame.options
    different = different_clusters(frame.done.data, options.slices)
    found = advise(frame.done.rows, frame.done.labels, level=options.level, different=different)
    return [one for one in found if not is_sentinel(one.metric)]


def advice_in_words(frame: Frame, found: Sequence[Advice]) -> str:
    """One sentence on all items together: where a metric may be used, where one is weak, and where only people can tell."""
    whole = [one for one in found if one.slice == "all" and one.verdict != NONE]
    criteria = dict.fromkeys(one.criterion for one in whole)
    if found and not whole:
        return f"No advice can be given: {next(one.reason for one in found)}."
    said: dict[str, list[str]] = {name: [] for name in VERDICTS}
    for criterion in sorted(criteria, key=lambda name: _place(frame, name)):
        of = [one for one in whole if one.criterion == criterion]
        verdict = next((name for name in said if any(one.verdict == name for one in of)), "ask people")
        best = sorted((one for one in of if one.verdict == verdict), key=lambda one: -(one.value or 0.0))
        labels = listed(list(dict.fromkeys(one.label for one in best)))
        but = _exceptions([one for one in found if one.criterion == criterion], verdict, {one.metric for one in best})
        said[verdict].append(criterion if verdict == "ask people" else f"{labels} on {criterion}{but}")
    parts = []
    if said["use"]:
        parts.append(f"use {'; '.join(said['use'])} (held out, the whole interval lies above those of all sentinels)")
    if said["weak"]:
        most = max(Counter(one.criterion for one in whole).values())
        looks = "; of so many, some are there by chance" if most >= MANY_METRICS and len(said["weak"]) else ""
        parts.append(f"weak: {'; '.join(said['weak'])} (above every sentinel, but short of the rule for use{looks})")
    if said["ask people"]:
        parts.append(f"ask people on {listed(said['ask people'], 8)}, where no metric meets the rule")
    return f"Advice for new items like these: {'. '.join([*parts[:1], *map(_capital, parts[1:])])}." if parts else ""


def _exceptions(found: Sequence[Advice], verdict: str, metrics: Collection[str]) -> str:
    """`, but ask people on task=x`: the slices on which all of these metrics fall short of their verdict on all items."""
    best: dict[str, int] = {}
    for one in found:
        if one.slice != "all" and one.verdict != NONE and one.metric in metrics and not (one.note or "").startswith(SAME):
            best[one.slice] = min(best.get(one.slice, len(VERDICTS)), VERDICTS.index(one.verdict))
    parts = []
    for place, worse in enumerate(VERDICTS):
        there = [slice for slice, reached in best.items() if reached == place > VERDICTS.index(verdict)]
        if there:
            which = listed(there) if len(there) <= EXCEPTIONS else f"{len(there)} of {amount(len(best), 'slice')}"
            parts.append(f"{'only weak' if worse == 'weak' else worse} on {which}")
    return f", but {listed(parts)}" if parts else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _place(frame: Frame, criterion: str) -> int:
    order = frame.done.data.criteria
    return order.index(criterion) if criterion in order else len(order)


def advice_figures(frame: Frame, found: Sequence[Advice]) -> list[DataTable]:
    """Advice on all items, then by slice: slices with the outputs of another are left out, those without ratings are one row."""
    ordered = sorted(found, key=lambda one: _place(frame, one.criterion))
    whole = [one for one in ordered if one.slice == "all"]
    parts = [one for one in ordered if one.slice != "all" and not (one.note or "").startswith(SAME)]
    asked = [one for one in parts if one.verdict != NONE]
    tables = []
    if whole:
        tables.append(_table("table-advice", "Advice on all items", whole, [], ""))
    if asked:
        note = " Exploratory: not corrected for how many slices there are."
        tables.append(_table("table-advice-slices", "Advice by slice", asked, _without(parts), note))
    return tables


def _without(parts: Sequence[Advice]) -> list[Row]:
    """A row per criterion, slice and reason on which there is no advice for any metric."""
    kept = dict.fromkeys((one.criterion, one.slice, one.reason) for one in parts if one.verdict == NONE)
    return [(NONE, "every metric", *key, *(None,) * 5, 0, 0, None) for key in kept]


def _table(id: str, title: str, found: Sequence[Advice], without: Sequence[Row], note: str) -> DataTable:
    kept = found[:MOST_ROWS]
    verdicts = Counter(one.verdict for one in found)
    counts = listed([f"{verdict} {amount(count, 'time')}" for verdict, count in verdicts.most_common()])
    none = f"; no advice for any metric in {amount(len(without), 'more row')}" if without else ""
    cut = f" The first {len(kept):,} of {len(found):,}; harness advise RUN prints all." if len(kept) < len(found) else ""
    rows: list[Row] = [
        (
            one.verdict, one.label, one.criterion, one.slice, one.reason, one.value, one.low, one.high, one.sentinel,
            one.sentinel_value, one.n_items, one.n_pairs, one.needed_items,
        )
        for one in kept
    ]  # fmt: skip
    items = max((one.n_items for one in found), default=0)
    return DataTable(
        id=id,
        title=title,
        caption=f"What the rule says of each metric: {counts}{none}; n is in each row, {amount(items, 'item')} at most."
        f"{note}{cut}",
        columns=_columns(),
        rows=tuple(rows + list(without)),
    )


def _columns() -> tuple[TableColumn, ...]:
    return (
        TableColumn(name="verdict", help="use: clear of every sentinel, held out; weak: above them, but not clear"),
        TableColumn(name="metric"),
        TableColumn(name="criterion"),
        TableColumn(name="slice"),
        TableColumn(name="reason", sentence=True),
        TableColumn(name="held-out", numeric=True, help="threshold of other items; raw accuracy for direct verdicts"),
        TableColumn(name="low", numeric=True),
        TableColumn(name="high", numeric=True),
        TableColumn(name="best sentinel", help="the sentinel that decides"),
        TableColumn(name="its value", numeric=True),
        TableColumn(name="items", numeric=True),
        TableColumn(name="pairs", numeric=True),
        TableColumn(
            name="items needed",
            numeric=True,
            help="with which the verdict would be use if the metric were a little better than that sentinel",
        ),
    )
