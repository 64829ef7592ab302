"""The simulation of the probe's statistics knows its truths, and counts what holds and what rejects."""

import numpy as np
import pytest
from benchmark_scripts import benchmark

script = benchmark("probe_validity")


def test_a_world_is_drawn_by_its_seed_alone() -> None:
    world = script.worlds(40)[0]
    (one, gains, own), (two, again, _) = script.draw(world, 3), script.draw(world, 3)
    assert one.words == two.words
    assert gains.tolist() == again.tolist()
    assert not np.array_equal(gains, script.draw(world, 4)[1])
    sums = np.bincount(one.word, gains) / np.bincount(one.word)
    assert sums.mean() == pytest.approx(own, abs=0.5)


def test_truths_are_those_of_the_design() -> None:
    worlds = {world.name: world for world in script.worlds(30)}
    assert script.truth(worlds["null"]) == {"mean": script.MEAN, "spearman": 0.0, "regression": 0.0, "matched": 0.0}
    linear = script.truth(worlds["linear"])
    assert linear["spearman"] == pytest.approx(0.39, abs=0.05)
    assert linear["regression"] == 0.5
    assert "matched" not in linear
    assert script.truth(worlds["confound"])["spearman"] > 0.5


def test_a_few_studies_of_a_confound() -> None:
    rows = {row["figure"]: row for row in script.simulate(script.worlds(60)[2], 6, 1)}
    assert rows["spearman, by words"]["rejected"] == 1.0
    assert rows["regression"]["rejected"] <= 0.5
    assert (rows["mean, by words"]["studies"], rows["mean, by words"]["tests"]) == (6, 0)
    assert "tests that reject: spearman, by words 1.000" in script._value(list(rows.values()))
