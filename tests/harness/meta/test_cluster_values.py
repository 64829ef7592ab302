"""One value per cluster: what its mean is, how clusters of several items weigh, and that the harness's test sees the same."""

import numpy as np
import pytest
from judgment_sets import Sheet

from harness.meta.cluster_values import cluster_sums, cluster_values
from harness.meta.judging import estimate, judge_column
from harness.meta.options import MetaOptions
from harness.meta.table import Table
from harness.meta.targets import ratings_on, targets


def sheet_of_clusters() -> Sheet:
    """Items a1, a2 in one cluster, b alone; `m` orders a1 right, a2 wrong and b right, `n` is wrong everywhere."""
    sheet = Sheet()
    for name, cluster, right in (("a1", "a", 1), ("a2", "a", -1), ("b", "b", 1)):
        sheet.item(name, cluster_id=cluster)
        for system, rating in (("s", 1.0), ("t", 2.0)):
            sheet.answer(name, system, rating, m=rating * right, n=-rating)
    return sheet


def prepared(sheet: Sheet):  # type: ignore[no-untyped-def]  # several arrays of the table
    data = sheet.data()
    options = MetaOptions(slices=(), random_draws=2, resamples=4000)
    table = Table.of(data, sheet.scores, list(sheet.metrics.values()), options)
    target = targets(ratings_on(data.judgments, "quality", table.position), "primary", None)[0]
    cell = table.cell(np.ones(len(table.item), dtype=bool), table.item, target.values)
    columns = {column.signature: column for column in table.columns}
    return cell, columns, {column.key: judge_column(cell, column, options) for column in table.columns}


def test_the_mean_of_the_values_is_the_accuracy_and_clusters_weigh_by_their_items() -> None:
    cell, columns, judged = prepared(sheet_of_clusters())
    sums, sizes = cluster_sums(cell, judged, (columns["m"], None), "accuracy_raw")
    assert (sums.tolist(), sizes.tolist()) == ([1.0, 1.0], [2.0, 1.0])  # of cluster a one of two, of b one of one
    values = cluster_values(cell, judged, (columns["m"], None), "accuracy_raw")
    assert values.mean() == pytest.approx(2 / 3)
    # linearised: 2/3 + (1 - 2·2/3) / 1.5 and 2/3 + (1 - 2/3) / 1.5
    assert values.tolist() == pytest.approx([2 / 3 - 2 / 9, 2 / 3 + 2 / 9])


def test_a_difference_is_the_first_minus_the_second() -> None:
    cell, columns, judged = prepared(sheet_of_clusters())
    values = cluster_values(cell, judged, (columns["m"], columns["n"]), "accuracy_raw")
    assert values.mean() == pytest.approx(2 / 3)


def test_pairs_that_one_of_both_did_not_score_are_left_out() -> None:
    sheet = sheet_of_clusters()
    sheet.scores = [score for score in sheet.scores if not (score.metric == "n" and score.targets[0].startswith("b/"))]
    cell, columns, judged = prepared(sheet)
    assert cluster_sums(cell, judged, (columns["m"], columns["n"]), "accuracy_raw")[1].tolist() == [2.0, 0.0]
    assert len(cluster_values(cell, judged, (columns["m"], columns["n"]), "accuracy_raw")) == 1


def test_the_spread_of_the_values_is_the_bootstraps_standard_error_times_the_root_of_n() -> None:
    rng = np.random.default_rng(0)
    sheet = Sheet()
    for number in range(80):
        sheet.item(f"i{number:02d}", cluster_id=f"c{number // (1 + number % 2):02d}")
        for system in range(3):
            rating = float(rng.integers(1, 4))
            sheet.answer(f"i{number:02d}", f"s{system}", rating, m=rating + rng.normal())
    cell, columns, judged = prepared(sheet)
    values = cluster_values(cell, judged, (columns["m"], None), "accuracy")
    found = estimate(cell, judged["m", ""].right["accuracy"], judged["m", ""].valid)
    assert values.mean() == pytest.approx(found.value)
    assert values.std() / len(values) ** 0.5 == pytest.approx(float(np.std(found.resampled)), rel=0.05)


def test_the_random_sentinel_is_an_average_over_its_draws() -> None:
    cell, columns, judged = prepared(sheet_of_clusters())
    random = next(column for name, column in columns.items() if name.startswith("random|"))
    result = judged[random.key]
    values = cluster_values(cell, judged, (random, None), "accuracy_raw")
    assert values.mean() == pytest.approx(result.right["accuracy_raw"].sum() / 2 / 3)  # two draws, three pairs
