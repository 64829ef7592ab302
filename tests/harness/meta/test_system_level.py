"""Do metric means order whole systems as human means do?"""

import numpy as np
import pytest
from judgment_sets import Sheet, find, grid, only

from harness.meta import sentinels, system_level
from harness.meta.correlation import soft_pairwise_accuracy
from harness.meta.resampling import Resampler
from harness.meta.system_level import BLOCKS, in_blocks, soft_pairwise_normal

HUMAN = [[3, 3, 2, 3], [2, 2, 3, 1], [1, 2, 1, 2]]  # means 2.75, 2, 1.5


def test_system_pairwise_accuracy_by_hand() -> None:
    """Metric means .5, .9, .1: the first two systems are the wrong way round, the other two pairs right."""
    rows = grid(HUMAN, m=[[0.5] * 4, [0.9] * 4, [0.1] * 4]).rows(resamples=200)
    row = only(rows, metric="m", statistic="system_pairwise_accuracy")
    assert row.value == pytest.approx(2 / 3)
    assert (row.n_pairs, row.n_items, row.n_clusters) == (3, 4, 4)
    assert row.low <= row.value <= row.high
    assert "approximate" in row.note
    soft = only(rows, metric="m", statistic="soft_pairwise_accuracy")
    assert (soft.n_pairs, soft.n_items, soft.low, soft.high) == (3, 4, None, None)
    assert 0 <= soft.value <= 1


def test_people_who_tie_all_systems_leave_nothing_to_order() -> None:
    rows = grid([[1, 2], [2, 1]], m=[[1, 1], [2, 2]]).rows()
    row = only(rows, metric="m", statistic="system_pairwise_accuracy")
    assert (row.value, row.note) == (None, "no data: people's means tie every pair of systems")


def test_a_metric_that_ties_systems_is_wrong_about_those_that_people_order() -> None:
    assert only(grid(HUMAN).rows(), metric="constant|sentinel|v:1", statistic="system_pairwise_accuracy").value == 0.0


def test_means_are_over_outputs_with_a_rating_and_a_score() -> None:
    """The second system's best answer has no score, its second best no rating: its mean falls to that of the rest."""
    human = [[2, 2, 2, 2], [1, 1, None, 4]]
    metric = [[5, 5, 5, 5], [1, 1, 99, None]]
    row = only(grid(human, m=metric).rows(), metric="m", statistic="system_pairwise_accuracy")
    assert (row.value, row.n_items) == (1.0, 4)


def test_samples_of_a_system_count_alike() -> None:
    sheet = Sheet()
    for item in range(3):
        for sample, (rating, m) in enumerate(((3.0, 0.9), (1.0, 0.1))):
            sheet.answer(f"i{item}", "varied", rating, sample=sample, m=m)
        sheet.answer(f"i{item}", "plain", 1.5, m=0.4)
    rows = sheet.rows()
    assert only(rows, metric="m", statistic="system_pairwise_accuracy").value == 1.0  # 2 against 1.5, .5 against .4
    assert only(rows, metric="m", statistic="soft_pairwise_accuracy").value == 1.0


def test_one_system_has_nothing_to_be_compared_with() -> None:
    row = only(grid([[1, 2, 3]], m=[[1, 2, 3]]).rows(), metric="m", statistic="system_pairwise_accuracy")
    assert (row.value, row.n_pairs, row.note) == (None, 0, "no data: there is no pair of systems")


def test_the_interval_is_that_of_resampled_clusters() -> None:
    """Two systems on two items: with both items people prefer the first system, with item 1 twice the second."""
    rows = grid([[5, 1], [1, 2]], m=[[1, 1], [0, 0]]).rows(resamples=400)
    row = only(rows, metric="m", statistic="system_pairwise_accuracy")
    assert (row.value, row.low, row.high) == (1.0, 0.0, 1.0)


def test_the_random_sentinel_orders_systems_like_a_coin() -> None:
    rng = np.random.default_rng(0)
    human = (rng.integers(1, 4, (5, 20)) + np.arange(5)[:, None]).tolist()
    row = only(
        find(grid(human).rows(random_draws=200), statistic="system_pairwise_accuracy"), metric="random|sentinel|draws:200|v:1"
    )
    assert row.value == pytest.approx(0.5, abs=0.1)


def test_soft_accuracy_by_the_normal_limit_is_near_that_by_flipped_signs() -> None:
    rng = np.random.default_rng(0)
    human = rng.normal(size=(4, 400)) + np.arange(4)[:, None] / 20
    metric = human + rng.normal(size=(4, 400))
    metric[1, 7] = human[2, 9] = np.nan
    flipped = soft_pairwise_accuracy(human, metric, 20_000, 0)
    assert soft_pairwise_normal(human, metric) == pytest.approx(flipped, abs=0.005)
    assert soft_pairwise_normal(human, human) == 1.0
    assert soft_pairwise_normal(np.ones((2, 3)), np.ones((2, 3))) == 1.0  # both p are a half
    assert soft_pairwise_normal(np.full((2, 3), np.nan), np.ones((2, 3))) is None


def test_blocks_of_clusters_let_means_vary_as_clusters_do() -> None:
    rng = np.random.default_rng(1)
    cluster = rng.permutation(np.arange(30_000))
    values = rng.normal(size=30_000)
    blocks = in_blocks(Resampler(cluster, 30_000, 1000, 0.95, 0))
    assert blocks.n_clusters == BLOCKS
    sizes = np.bincount(blocks.cluster)
    assert (sizes.min(), sizes.max()) == (6, 6)
    means = blocks.mean(values, blocks.cluster)
    assert means.std() == pytest.approx(values.std() / np.sqrt(30_000), rel=0.08)
    few = Resampler(np.arange(10), 10, 100, 0.95, 0)
    assert in_blocks(few) is few


def test_of_many_outputs_fewer_random_orders_are_drawn_and_rows_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentinels, "_DRAWN", 0)
    monkeypatch.setattr(sentinels, "_FEWEST", 3)
    monkeypatch.setattr(system_level, "_FLIPPED", 0)
    rows = grid([[1, 2, 3], [2, 3, 1], [3, 1, 1]], m=[[1, 2, 3], [2, 3, 1], [3, 1, 1]]).rows(random_draws=5)
    random = [row for row in rows if row.grouping is None and (row.metric or "").startswith("random")]
    assert len(random) == 2
    random += [row for row in find(rows, statistic="accuracy", grouping="item") if (row.metric or "").startswith("random")]
    assert len(random) == 3
    for row in random:
        assert "mean of 3 draws, as there are many outputs" in (row.note or "")
    assert "normal limit" in (only(rows, metric="m", statistic="soft_pairwise_accuracy").note or "")
    assert only(rows, metric="m", statistic="soft_pairwise_accuracy").value == 1.0
