"""The compiled loops: the epsilon of a permutation test's draw, and the sums behind resampled rank correlations."""

import numpy as np
import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta.kernels import calibrated_mean, spearman_sums
from harness.meta.pairs import human_signs, make_pairs

rows = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([1.0, 2.0, 3.0]), st.integers(0, 6)), min_size=2, max_size=9)


@settings(max_examples=100)
@given(rows)
def test_the_mean_of_a_draw_is_the_best_accuracy_over_all_epsilons(shape: list[tuple[int, float, int]]) -> None:
    groups, human, metric = (list(column) for column in zip(*shape, strict=True))
    pairs = make_pairs(np.array(groups), 1000)
    if not len(pairs):
        return
    scores = np.array(metric, dtype=float)
    weight = 1 / pairs.sizes / pairs.n_groups
    buffers = np.empty(len(pairs), dtype=np.int64), np.empty(len(pairs))
    signs = human_signs(pairs, np.array(human))
    found = calibrated_mean(scores[pairs.left], scores[pairs.right], pairs.group, signs, weight, 0.0, *buffers)
    expected, _ = slow.calibrated(slow.pairs_within(groups), human, metric)
    assert found == pytest.approx(float(expected), abs=1e-12)


def test_sums_of_midranks_by_hand() -> None:
    """Human 1, 2, 2 and metric 5, 4, 9 with one, two and no copies: ranks 1, 2.5, 2.5 and 3, 1.5, 1.5 among three copies."""
    weights = np.array([[1.0, 2.0, 0.0]])
    order = np.array([1, 0, 2])  # ascending metric
    sums = np.empty((1, 4))
    spearman_sums(weights, np.array([0, 1, 2])[order], np.array([0, 1, 1])[order], 2, np.array([0, 1, 2]), sums)
    copies, human, metric, both = sums[0]
    assert copies == 3
    assert human == 1**2 + 2 * 2.5**2
    assert metric == 3**2 + 2 * 1.5**2
    assert both == 1 * 3 + 2 * 2.5 * 1.5
