"""A run's metrics side by side: how often each orders two outputs as people do, the judges among them."""

from collections.abc import Iterable, Mapping, Sequence

from harness.judge_card.contents import Accuracy, Figure
from harness.meta.columns import MetricSummary
from harness.records import MetaRow

_NAMES = {"accuracy_raw": "raw", "accuracy": "calibrated", "accuracy_heldout": "held_out"}
# By grouping, what metrics are compared by; verdicts on pairs are never calibrated, so beside them nothing is.
_DECIDING = {"item": ("accuracy", "accuracy_raw"), "preference": ("accuracy_raw",)}


def accuracies(
    rows: Iterable[MetaRow], metrics: Sequence[MetricSummary], labels: Mapping[str, str], judges: frozenset[str]
) -> tuple[Accuracy, ...]:
    """One of each metric, component and human criterion on all items, best first: from MetaRows, so as every table has them.

    Of metrics that are no judges the main component alone. `judges`: signatures.
    """
    main = {one.signature: one.components[0] for one in metrics if one.components}
    found: dict[tuple[str, str, str, str, str | None], list[MetaRow]] = {}
    for row in rows:
        if row.metric is None or row.against is not None or row.slice != "all" or row.statistic not in _NAMES:
            continue
        if row.grouping not in _DECIDING or row.criterion is None or row.raters in (None, "leave-one-out"):
            continue
        if row.metric not in judges and row.component not in (None, main.get(row.metric, row.component)):
            continue
        found.setdefault((row.criterion, row.raters or "", row.grouping, row.metric, row.component), []).append(row)
    made = [_accuracy(own, labels, judges) for own in found.values()]
    return tuple(sorted((one for one in made if one is not None), key=_standing))


def _accuracy(rows: Sequence[MetaRow], labels: Mapping[str, str], judges: frozenset[str]) -> Accuracy | None:
    own = {row.statistic: row for row in rows if row.support in ("own", None)}
    wrong = {row.statistic: row for row in rows if row.support == "missing-wrong"}
    kept = [row for row in own.values() if row.value is not None]
    if not kept:
        return None
    first = own.get("accuracy") or own.get("accuracy_raw") or kept[0]
    bound = next((row for name in _DECIDING[first.grouping or ""] if (row := wrong.get(name)) is not None), None)
    figures = {name: _figure(own.get(statistic)) for statistic, name in _NAMES.items()}
    signature = first.metric or ""
    return Accuracy(
        metric=labels.get(signature, signature.partition("|")[0]),
        signature=signature,
        component=first.component,
        judge=signature in judges,
        sentinel=signature.split("|")[1:2] == ["sentinel"],
        criterion=first.criterion or "",
        raters=first.raters or "",
        grouping=first.grouping or "",
        missing_wrong=_figure(bound),
        coverage=first.coverage,
        n_items=first.n_items,
        n_pairs=first.n_pairs,
        n_all=first.n_pairs if bound is None else bound.n_pairs,
        **figures,
    )


def _figure(row: MetaRow | None) -> Figure | None:
    return None if row is None or row.value is None else Figure(value=row.value, low=row.low, high=row.high)


def deciding(one: Accuracy) -> Figure | None:
    """What metrics are compared by: missing scores wrong; by item at the calibrated tie threshold, on preferences raw."""
    return one.missing_wrong or (one.calibrated if one.grouping == "item" else None) or one.raw


def _standing(one: Accuracy) -> tuple[str, str, bool, float, str, str]:
    figure = deciding(one)
    value = figure.value if figure is not None and figure.value is not None else -1.0
    return one.criterion, one.raters, one.sentinel, -value, one.metric, one.component or ""
