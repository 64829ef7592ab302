"""Metrics as columns: signs, components, missing scores, and systems that are the reference."""

import numpy as np
import pytest
from judgment_sets import Sheet, find, only

from harness.meta.columns import MetricSummary, metric_columns
from harness.records import Score


def two_systems() -> Sheet:
    sheet = Sheet()
    sheet.answer("item", "a", 1.0)
    sheet.answer("item", "b", 2.0)
    return sheet


def columns(metric: MetricSummary, *scores: Score, sheet: Sheet | None = None):
    data = (sheet or two_systems()).data()
    position = {output.id: index for index, output in enumerate(data.outputs)}
    return list(metric_columns(data, scores, [metric], position))


def score(output: str, value: float | None, **fields: str) -> Score:
    return Score(**{"targets": (output,), "metric": "m", "value": value, **fields})


def test_a_metric_of_which_less_is_better_is_turned() -> None:
    [column] = columns(MetricSummary("m", "m", higher_is_better=False), score("item/a/0", 3.0), score("item/b/0", 1.0))
    assert column.values.tolist() == [-3.0, -1.0]


def test_a_score_without_a_value_or_not_given_at_all_is_missing() -> None:
    [column] = columns(MetricSummary("m", "m"), score("item/a/0", None, status="error"))
    assert np.isnan(column.values).all()
    [column] = columns(MetricSummary("m", "m"))
    assert np.isnan(column.values).all()


def test_every_component_is_a_column_and_the_first_is_the_main_one() -> None:
    metric = MetricSummary("m", "m", components=("f1", "precision"))
    found = columns(metric, score("item/a/0", 0.5, component="f1"), score("item/a/0", 0.75, component="precision"))
    assert [(c.component, c.ranked, float(c.values[0])) for c in found] == [("f1", True, 0.5), ("precision", False, 0.75)]


def test_scores_of_pairs_and_of_unknown_outputs_are_no_column() -> None:
    pair = Score(targets=("item/a/0", "item/b/0"), metric="m", value=1.0)
    [column] = columns(MetricSummary("m", "m"), pair, score("elsewhere", 1.0))
    assert np.isnan(column.values).all()
    assert columns(MetricSummary("m", "m", unit="pair"), pair) == []


def with_reference_system(*, alone: bool = False) -> Sheet:
    """System `gold` is the reference: people rate it highest, and a metric that uses the reference adores it."""
    sheet = Sheet(reference_systems=("gold",))
    if not alone:
        sheet.metric("uses", needs=("reference",))
    sheet.metric("free")
    for number in range(4):
        for system, rating in (("a", 1.0), ("b", 2.0), ("gold", 3.0)):
            scores = {"free": rating} if alone else {"free": rating, "uses": 1.0 if system == "gold" else -rating}
            sheet.answer(f"item{number}", system, rating, **scores)
    return sheet


@pytest.mark.parametrize("grouping", ["item", "none"])
def test_a_system_that_is_the_reference_is_dropped_whole_as_soon_as_one_metric_uses_it(grouping: str) -> None:
    rows = find(with_reference_system().rows(), grouping=grouping, statistic="accuracy_raw")
    uses, free = only(rows, metric="uses"), only(rows, metric="free")
    assert uses.n_pairs == free.n_pairs == {"item": 4 * 1, "none": 8 * 7 // 2}[grouping]
    assert uses.coverage == free.coverage == 1.0  # it is not missing: the metric is not asked
    assert free.value == 1.0
    if grouping == "item":
        assert uses.value == 0.0  # b over a is all that is left, and the metric has it the wrong way round


def test_sentinels_and_floor_are_of_the_pairs_that_the_metrics_are_judged_on() -> None:
    rows = find(with_reference_system().rows(), grouping="none", slice="all")
    assert {row.n_pairs for row in rows if row.statistic in ("accuracy_raw", "accuracy", "floor", "tie_floor")} == {28}


@pytest.mark.parametrize("grouping", ["item", "none"])
def test_a_system_that_is_the_reference_stays_where_no_metric_uses_it(grouping: str) -> None:
    rows = find(with_reference_system(alone=True).rows(), grouping=grouping, statistic="accuracy_raw")
    assert only(rows, metric="free").n_pairs == {"item": 4 * 3, "none": 12 * 11 // 2}[grouping]


def test_a_dropped_system_is_not_counted_as_missing() -> None:
    rows = with_reference_system().rows()
    assert not [row for row in rows if row.support == "missing-wrong"]
    difference = only(rows, metric="uses", against="free", statistic="accuracy_difference", grouping="item")
    assert difference.n_pairs == 4


def test_a_dropped_system_enters_no_correlation_and_no_system_mean() -> None:
    rows = with_reference_system().rows()
    for grouping in ("item", "none"):
        assert only(rows, metric="uses", grouping=grouping, statistic="kendall_b").value == pytest.approx(-1.0)
        assert only(rows, metric="uses", grouping=grouping, statistic="pearson").value == pytest.approx(-1.0)
    assert only(rows, metric="uses", statistic="system_pairwise_accuracy").n_pairs == 1
    rows = with_reference_system(alone=True).rows()
    assert only(rows, metric="free", statistic="system_pairwise_accuracy").n_pairs == 3
