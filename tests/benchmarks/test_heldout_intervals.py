"""The simulation of held-out intervals: both kinds stand beside one another on the same studies."""

import numpy as np
import pytest
from benchmark_scripts import benchmark

script = benchmark("heldout_intervals")
World = script.World


@pytest.fixture(autouse=True)
def small_population(monkeypatch):
    monkeypatch.setattr(script, "POPULATION", 4000)
    script.population_curve.cache_clear()
    yield
    script.population_curve.cache_clear()


def test_what_the_folds_epsilons_are_worth_is_at_most_the_best():
    world = World(40, 5, 0.6)
    drawn = script.draw(world, script.step(5, 0.6), (1,))
    cell = script.cell_of(world, drawn.ratings, 1)
    judged = script.judge_column(cell, script.Column("m", None, script.scores(drawn, 3).ravel(), True), script.MetaOptions())
    best, own = script.truths(world, 3, cell, judged)
    assert own <= best + 1e-12
    assert best == pytest.approx(0.61, abs=0.02)  # a little above tying everything, which is worth .6


def test_intervals_that_know_of_other_epsilons_hold_the_truth_more_often():
    found = script.cell(World(50, 5, 0.6), 3, 30)
    assert found["width anew"] > 1.1 * found["width"]
    assert found["best anew"] >= found["best"]
    assert 0.2 < found["differ"] < 0.9


def test_a_metric_has_as_many_levels_as_were_asked_for():
    drawn = script.draw(World(300, 5, 0.35), 1.0, (1,))
    assert [len(np.unique(script.scores(drawn, levels))) for levels in (3, 11)] == [3, 11]
