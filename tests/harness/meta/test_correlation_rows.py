"""Rows of tau-b, rho and r: averaged over groups, undefined groups counted, intervals by resampled clusters."""

import numpy as np
import pytest
from judgment_sets import Sheet, grid, only
from scipy import stats

HUMAN = [[1, 2, 3, 2], [2, 2, 1, 3], [3, 2, 2, 1]]  # systems by items; people tie the second item
METRIC = [[0.1, 0.5, 0.9, 0.2], [0.4, 0.1, 0.2, 0.8], [0.3, 0.9, 0.3, 0.1]]
ORACLES = {"kendall_b": stats.kendalltau, "spearman": stats.spearmanr, "pearson": stats.pearsonr}


@pytest.mark.parametrize("statistic", ORACLES)
def test_a_groups_average_leaves_undefined_groups_out_and_counts_them(statistic: str) -> None:
    row = only(grid(HUMAN, m=METRIC).rows(resamples=200), metric="m", grouping="item", statistic=statistic)
    human, metric = np.array(HUMAN).T, np.array(METRIC).T
    expected = [ORACLES[statistic](human[i], metric[i]).statistic for i in (0, 2, 3)]
    assert row.value == pytest.approx(np.mean(expected))
    assert "undefined in 1 groups where one side is constant" in row.note
    assert row.low <= row.value <= row.high
    assert (row.n_items, row.n_clusters, row.n_pairs) == (4, 4, 12)


@pytest.mark.parametrize("statistic", ORACLES)
@pytest.mark.parametrize("grouping", ["system", "none"])
def test_across_clusters_value_and_interval_are_those_of_outputs_written_out(statistic: str, grouping: str) -> None:
    """The interval against a bootstrap that copies whole items, made here with scipy."""
    rng = np.random.default_rng(0)
    human = rng.integers(1, 5, (3, 25)).astype(float)
    metric = human + rng.normal(0, 1.5, human.shape)
    row = only(grid(human.tolist(), m=metric.tolist()).rows(resamples=1000), metric="m", grouping=grouping, statistic=statistic)

    def value(items: np.ndarray) -> float:
        sides = (
            [(human[:, items], metric[:, items])]
            if grouping == "none"
            else [(human[s, items], metric[s, items]) for s in range(3)]
        )
        return float(np.mean([ORACLES[statistic](h.ravel(), m.ravel()).statistic for h, m in sides]))

    assert row.value == pytest.approx(value(np.arange(25)))
    low, high = np.quantile([value(rng.integers(0, 25, 25)) for _ in range(400)], [0.025, 0.975])
    # tau leaves pairs of an output with its own copy out, the copies written out here tie them: nearly the same
    assert (row.low, row.high) == (pytest.approx(low, abs=0.06), pytest.approx(high, abs=0.06))


def test_a_constant_metric_has_no_correlation_and_says_where() -> None:
    rows = grid(HUMAN, m=[[1.0] * 4] * 3).rows()
    for statistic in ORACLES:
        row = only(rows, metric="m", grouping="none", statistic=statistic)
        assert (row.value, row.low, row.high) == (None, None, None)
        assert "undefined in 1 groups" in row.note


def test_groups_of_one_output_have_no_correlation_and_are_not_counted_as_undefined() -> None:
    sheet = Sheet()
    for system, rating, m in (("a", 1.0, 1.0), ("b", 2.0, 2.0)):
        sheet.answer("pair", system, rating, m=m)
    sheet.answer("alone", "a", 3.0, m=3.0)
    row = only(sheet.rows(), metric="m", grouping="item", statistic="pearson")
    assert row.value == pytest.approx(1.0)
    assert "undefined" not in row.note


def test_outputs_without_a_score_do_not_count() -> None:
    metric = [[0.1, 0.5, None, 0.2], [0.4, 0.1, 0.2, 0.8], [0.3, 0.9, 0.3, 0.1]]
    row = only(grid(HUMAN, m=metric).rows(), metric="m", grouping="none", statistic="spearman")
    pairs = [(h, m) for hs, ms in zip(HUMAN, metric, strict=True) for h, m in zip(hs, ms, strict=True) if m is not None]
    assert row.value == pytest.approx(stats.spearmanr(*zip(*pairs, strict=True)).statistic)
    assert row.coverage == pytest.approx(11 / 12)


def test_too_many_outputs_for_an_interval_leave_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.meta.correlation_rows.MAX_WEIGHTED", 10)
    row = only(grid(HUMAN, m=METRIC).rows(), metric="m", grouping="none", statistic="pearson")
    assert row.value is not None
    assert row.low is None
