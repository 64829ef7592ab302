"""The simulation of a board's intervals and tests: its worlds have the truth that it says, and its counts are of that."""

import numpy as np
import pytest
from benchmark_scripts import benchmark

script = benchmark("board_coverage")


@pytest.fixture(autouse=True)
def small_population(monkeypatch):
    monkeypatch.setattr(script, "POPULATION", 300)
    populations = (script.right_or_wrong, script.in_passages, script.skewed, script.translations, script.perplexities)
    for population in populations:
        population.cache_clear()
    yield
    for population in populations:
        population.cache_clear()


@pytest.mark.parametrize("world", script.WORLDS, ids=lambda world: world.name)
def test_a_study_draws_whole_clusters_from_the_population(world):
    whole = world.population()
    drawn = script.sample(world, whole, 50, np.random.default_rng(0))
    assert len(drawn.keys) == 50
    assert len(set(drawn.clusters)) == 50 // world.in_cluster
    assert np.isfinite(whole.total)


def test_the_boards_interval_is_wider_than_the_percentile_one_at_few_items():
    found = script.coverage(script.WORLDS[3], 15, 40, 200)
    assert found["wider"] > 1.05
    assert found["board"] >= found["percentile"]


def test_models_alike_are_rejected_rarely_and_equal_models_are_seldom_split():
    assert script.rejections(script.WORLDS[0], 15, 40, 200) <= 7
    column, mean = script.splits(20, 6, 200)
    assert column <= 2
    assert mean <= 2
