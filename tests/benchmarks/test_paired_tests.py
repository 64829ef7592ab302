"""What `benchmarks/tie_calibration.py` and `paired_tests.py` hold beside the peer is what the slow definitions give."""

import numpy as np
import pytest
import slow_reference as slow
from benchmark_scripts import benchmark

calibration, tests, peer = benchmark("tie_calibration"), benchmark("paired_tests"), benchmark("peer_mtme")


def by_definition(human, metric):
    groups = np.repeat(np.arange(len(human)), human.shape[1]).tolist()
    best, epsilon = slow.calibrated(slow.pairs_within(groups), human.ravel().tolist(), metric.ravel().tolist())
    return float(best), epsilon


def test_our_side_is_calibration_by_definition():
    human, metric = peer.made_up(items=6, systems=4, seed=3)
    found = calibration.ours(human, metric)
    assert found == (pytest.approx(by_definition(human, metric)[0], abs=1e-12), by_definition(human, metric)[1])
    assert calibration.equal(found, by_definition(human, metric)).endswith("same epsilon")
    with pytest.raises(AssertionError):
        calibration.equal(found, (found[0] + 1e-6, found[1]))


def test_our_draws_are_those_of_two_calibrations_of_swapped_scores():
    study = tests.Study(items=5, systems=3)
    assert tests.equal(study, study.ours(6), study.peer(by_definition, 6)).startswith("6 draws differ by")


def test_a_peer_that_nobody_gave_is_asked_for(monkeypatch):
    monkeypatch.delenv("MT_METRICS_EVAL", raising=False)
    monkeypatch.setattr("sys.argv", ["tie_calibration.py"])
    with pytest.raises(SystemExit, match="--mt-metrics-eval PATH"):
        peer.checkout()
