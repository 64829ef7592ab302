"""The benchmark of large groups calibrates what it says it calibrates."""

import sys
from typing import Any

import numpy as np
import pytest
from benchmark_scripts import FOLDER, benchmark

from harness.meta.calibration import calibrate
from harness.meta.pairs import accuracy, human_signs, make_pairs, order_pairs


@pytest.fixture(scope="module")
def ungrouped() -> Any:
    sys.path.insert(0, str(FOLDER))  # the scripts import their frame as a neighbour
    try:
        yield benchmark("ungrouped")
    finally:
        sys.path.remove(str(FOLDER))


@pytest.mark.parametrize("levels", [3, 5, 0])
def test_calibration_is_that_of_all_pairs_and_the_bound_holds(ungrouped: Any, levels: int) -> None:
    human, metric = ungrouped.outputs(300, levels)
    assert len(np.unique(human)) == (levels or 300)
    pairs = make_pairs(np.zeros(300, dtype=np.int64), max_pairs=100_000)
    ordered = order_pairs(pairs, human_signs(pairs, human), metric)
    epsilon = calibrate(pairs, ordered)
    found, near = ungrouped.calibrated(human, metric), ungrouped.calibrated(human, metric, 1e-3)
    assert (found.epsilon, found.accuracy) == (epsilon, pytest.approx(accuracy(pairs, ordered.right(epsilon))))
    assert near.accuracy <= found.accuracy <= near.accuracy + near.bound


def test_figures_are_measured_on_the_size_asked(ungrouped: Any) -> None:
    found = ungrouped.measured(400, 3)
    assert found["found"][2] == 0
    assert found["shares"][1] == pytest.approx(found["found"][1])


def test_a_checkout_is_given_by_path_or_by_the_environment(ungrouped: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MT_METRICS_EVAL", "there")
    arguments = ["script", "--mt-metrics-eval", "here", "--write"]
    assert ungrouped.checkout(arguments) == "here"
    assert arguments == ["script", "--write"]
    assert ungrouped.checkout(arguments) == "there"
