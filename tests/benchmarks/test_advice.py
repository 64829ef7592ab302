""" "use" is said of a metric that is no better than the best sentinel in at most 5 % of studies."""

import numpy as np
import pytest
from benchmark_scripts import benchmark

script = benchmark("advice")


def in_vain(found):
    """Studies that said "use", of each metric that is worth what the best sentinel is worth, by kind and size."""
    counts = {}
    for (kind, advantage, size), advice in found.items():
        assert advantage == 0
        counts[kind, size] = sum(one.verdict == "use" for one in advice)
    return counts


@pytest.fixture
def home(shared_data, monkeypatch):
    """gec-sv as the shell finds it."""
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))


def test_use_is_hardly_ever_said_in_vain_of_metrics_on_synthetic_ratings():
    found = script.said(script.synthetic_world(items=4000), [50, 200], studies=40, resamples=200, seed=0, tuned_on=4000)
    assert set(in_vain(found)) == {(kind, size) for kind in script.KINDS for size in (50, 200)}
    assert max(in_vain(found).values()) <= 2  # of 40


def test_use_is_hardly_ever_said_in_vain_of_metrics_on_real_ratings(home):
    found = script.said(script.gec_world(), [50, 200], studies=40, resamples=200, seed=0, tuned_on=4000)
    assert max(in_vain(found).values()) <= 2  # of 40


def test_the_metrics_are_worth_what_the_best_sentinel_is_worth():
    world = script.synthetic_world(items=4000)
    assert world.best == "length"
    large = world.draw(20_000, np.random.default_rng(11))
    best = script.true_accuracy(large, large.sentinels["length"])
    for kind, make in script.KINDS.items():
        worth = script.true_accuracy(large, make(large, script.tune(world, make, 0.0, 0), np.random.default_rng(12)))
        assert worth == pytest.approx(best, abs=0.01), kind


def test_a_metric_that_is_far_better_is_used():
    world = script.synthetic_world(items=4000)
    found = script.said(world, [300], studies=10, resamples=200, seed=0, tuned_on=4000, advantages=[0.15])
    assert [one.verdict for one in found["noisy", 0.15, 300]] == ["use"] * 10


def test_a_share_has_the_exact_binomial_interval():
    assert script.share(0, 100) == "0.0% [0.0% 3.6%]"  # 1 - .025^(1/100)
    assert script.share(5, 100) == "5.0% [1.6% 11.3%]"  # R: binom.test(5, 100)
    assert script.share(100, 100) == "100.0% [96.4% 100.0%]"


@pytest.mark.slow
@pytest.mark.parametrize("world", ["gec-sv", "gec-sv-meaning", "synthetic"])
def test_use_is_said_in_vain_in_at_most_five_per_cent_at_50_200_and_1000_items(home, world):
    drawn = (
        script.synthetic_world() if world == "synthetic" else script.gec_world(world.partition("gec-sv-")[2] or "grammaticality")
    )
    found = script.said(drawn, [50, 200, 1000], studies=100, resamples=200, seed=3)
    assert max(in_vain(found).values()) <= 5  # of 100
