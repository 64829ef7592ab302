"""Advice as a table: use, weak or ask people, per metric, criterion and slice, each with its reason."""

from collections import Counter
from collections.abc import Sequence

from harness.meta.advice import Advice, advise
from harness.report.contents import DataTable, TableColumn
from harness.report.frame import Frame, amount, listed
from harness.report.views import is_sentinel

MOST_ROWS = 1_000


def advices(frame: Frame) -> list[Advice]:
    """What the rule says of every metric, in reading order; none for constructed sets."""
    if frame.constructed:
        return []
    options = frame.options
    found = advise(frame.done.rows, frame.done.labels, alpha=options.alpha, level=options.level)
    return [one for one in found if not is_sentinel(one.metric)]


def advice_in_words(frame: Frame, found: Sequence[Advice]) -> str:
    """One sentence on all items together: where a metric may be used, where one is weak, and where only people can tell."""
    whole = [one for one in found if one.slice == "all" and one.verdict != "no advice"]
    criteria = dict.fromkeys(one.criterion for one in whole)
    if found and not whole:
        return f"No advice can be given: {next(one.reason for one in found)}."
    said: dict[str, list[str]] = {"use": [], "weak": [], "ask people": []}
    for criterion in sorted(criteria, key=lambda name: _place(frame, name)):
        of = [one for one in whole if one.criterion == criterion]
        verdict = next((name for name in said if any(one.verdict == name for one in of)), "ask people")
        labels = listed(list(dict.fromkeys(one.label for one in of if one.verdict == verdict)))
        said[verdict].append(criterion if verdict == "ask people" else f"{labels} on {criterion}")
    parts = []
    if said["use"]:
        parts.append(f"use {'; '.join(said['use'])} (held out, the whole interval lies above those of all sentinels)")
    if said["weak"]:
        parts.append(f"weak: {'; '.join(said['weak'])} (held out above every sentinel, but not clear of their intervals)")
    if said["ask people"]:
        parts.append(f"ask people on {listed(said['ask people'], 8)}, where no metric meets the rule")
    return f"Advice for new items like these: {'. '.join([*parts[:1], *map(_capital, parts[1:])])}." if parts else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _place(frame: Frame, criterion: str) -> int:
    order = frame.done.data.criteria
    return order.index(criterion) if criterion in order else len(order)


def advice_figures(found: Sequence[Advice]) -> list[DataTable]:
    """One table with every piece of advice, or nothing where there is none."""
    if not found:
        return []
    kept = found[:MOST_ROWS]
    verdicts = Counter(one.verdict for one in found)
    counts = listed([f"{amount(count, 'time')} {verdict}" for verdict, count in verdicts.most_common()])
    cut = f" The first {len(kept):,} of {len(found):,}; `harness advise RUN` prints all." if len(kept) < len(found) else ""
    columns = (
        TableColumn(name="verdict", help="use: better than every sentinel on other items too; weak: only its point estimate is"),
        TableColumn(name="metric"),
        TableColumn(name="criterion"),
        TableColumn(name="slice"),
        TableColumn(name="reason"),
        TableColumn(
            name="held-out", numeric=True, help="accuracy with the tie threshold of other items; raw for direct verdicts"
        ),
        TableColumn(name="low", numeric=True),
        TableColumn(name="high", numeric=True),
        TableColumn(name="best sentinel", help="the sentinel that decides"),
        TableColumn(name="its value", numeric=True),
        TableColumn(name="items", numeric=True),
        TableColumn(name="pairs", numeric=True),
        TableColumn(name="items needed", numeric=True, help="that would tell a small advantage over that sentinel"),
    )
    rows = tuple(
        (
            one.verdict, one.label, one.criterion, one.slice, one.reason, one.value, one.low, one.high, one.sentinel,
            one.sentinel_value, one.n_items, one.n_pairs, one.needed_items,
        )
        for one in kept
    )  # fmt: skip
    return [
        DataTable(
            id="table-advice",
            title="Advice",
            caption=f"The rule's word on each metric, criterion and slice ({counts}; n: the items of each row). Advice on a "
            f"slice is not corrected for how many slices there are.{cut}",
            columns=columns,
            rows=rows,
        )
    ]
