"""The compiled loop behind resampled rank correlations."""

import numpy as np

from harness.meta.kernels import spearman_sums


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
