"""The simulation of the statistics: its truths are true, its studies can be repeated and continued, what fails is said to."""

from dataclasses import replace

import numpy as np
import pytest
from benchmark_scripts import benchmark

from harness.meta.calibration import calibrate
from harness.meta.pairs import accuracy, human_signs, make_pairs, order_pairs

script = benchmark("validity")
import validity_page as pages  # noqa: E402  (the script makes its neighbours importable)
import validity_plans as planned  # noqa: E402
import validity_tally as tallies  # noqa: E402
import validity_truth as truths  # noqa: E402
import validity_worlds as worlds  # noqa: E402

World, Metric = worlds.World, worlds.Metric
SMALL = World(30, 5, 0.35)


@pytest.fixture(scope="module")
def plan():
    """The plan of a world, tuned on a small population."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truths, "POPULATION", {("item", 5): 4000})
        truths.population.cache_clear()
        yield planned.make_plan(SMALL)
        truths.population.cache_clear()


@pytest.mark.parametrize("grouping", ["item", "system", "none"])
@pytest.mark.parametrize("ties", [0.1, 0.35, 0.6])
def test_people_tie_the_share_of_pairs_that_was_asked_for(grouping, ties):
    world = World(400, 5, ties, grouping)
    ratings = worlds.draw(world, truths.step_for(world), (7,)).ratings.ravel()
    item, system = np.repeat(np.arange(400), 5), np.tile(np.arange(5), 400)
    pairs = make_pairs({"item": item, "system": system, "none": np.zeros_like(item)}[grouping], 10**9)
    assert np.mean(human_signs(pairs, ratings) == 0) == pytest.approx(ties, abs=0.03)


@pytest.mark.parametrize("scale", worlds.SCALES)
@pytest.mark.parametrize("ties", [0.1, 0.6])
def test_the_truth_is_what_calibration_finds_on_the_whole_population(scale, ties):
    world = World(1000, 5, ties)
    study = worlds.draw(world, truths.step_for(world), (8,))
    scores = worlds.values(study, Metric(0.9, scale))
    pairs = make_pairs(np.repeat(np.arange(1000), 5), 10**9)
    ordered = order_pairs(pairs, human_signs(pairs, study.ratings.ravel()), scores.ravel())
    found = truths.accuracy_of(study, world, scores)
    assert found.raw == pytest.approx(accuracy(pairs, ordered.right(0.0)), abs=1e-12)
    best = accuracy(pairs, ordered.right(calibrate(pairs, ordered)))
    assert best - 2e-3 < found.accuracy < best + 1e-9  # gaps lie in bins a thousandth wide, so the best epsilon may fall between


def test_pairs_of_a_whole_population_are_pairs_of_two_items_and_of_one_in_their_share():
    study = worlds.draw(World(600, 3, 0.3), 1.0, (9,))
    scores = worlds.values(study, Metric(0.9))
    world = World(600, 3, 0.3, "none")
    brute = make_pairs(np.zeros(1800, dtype=np.int64), 10**9)
    ordered = order_pairs(brute, human_signs(brute, study.ratings.ravel()), scores.ravel())
    assert truths.accuracy_of(study, world, scores).raw == pytest.approx(accuracy(brute, ordered.right(0.0)), abs=0.03)
    assert sum(weight for weight, _, _ in truths.sides(study, world)) == pytest.approx(1)


def test_metrics_of_a_null_are_equally_accurate_and_the_others_lose_what_they_should(plan):
    seen = {one.relation for one in plan.comparisons}
    assert seen == set(planned.RELATIONS)
    for one in plan.comparisons:
        first, second = (plan.truths[name][1] for name in (one.first, one.second))
        lost = planned.LOSSES.get(one.relation, 0.0) * (first - plan.floor)
        assert first - second == pytest.approx(lost, abs=2e-3), one.name
        assert one.difference == (0.0 if one.relation in planned.NULLS else pytest.approx(first - second))


def test_a_metric_times_a_hundred_is_as_accurate():
    world = World(1000, 5, 0.35)
    study = worlds.draw(world, 1.4, (3,))
    one, hundred = (truths.accuracy_of(study, world, worlds.values(study, Metric(0.8, scale))) for scale in ("×1", "×100"))
    assert hundred.accuracy == pytest.approx(one.accuracy, abs=2e-3)


def test_items_of_a_document_resemble_each_other_and_have_the_spread_of_all_others():
    quality = worlds.true_quality(World(20_000, 5, 0.3, document=5), np.random.default_rng(0))
    inside = quality[:, 0].reshape(-1, 5)
    assert np.corrcoef(inside[:, 0], inside[:, 1])[0, 1] == pytest.approx(worlds.SHARED, abs=0.03)
    assert quality[:, 0].var() == pytest.approx(1 + worlds.INTERACTION**2, rel=0.05)


def without_cost(tally):
    return {key: figure for key, figure in tally.figures.items() if key.measure != tallies.COST[1]}


@pytest.mark.parametrize("study", ["pairs", "swaps", "family", "human", "whole systems", "grid", "scope"])
def test_a_study_with_the_same_number_is_the_same_study(plan, study):
    job = script.Job(study, SMALL)
    once, again, other = (without_cost(script.block(job, plan, first, 1)) for first in (3, 3, 4))
    assert once == again
    assert once != other
    assert all(np.isfinite(figure.mean) for figure in once.values())


def test_a_simulation_that_was_stopped_goes_on_where_it_stopped(plan, tmp_path):
    jobs, known, forever = [script.Job("few items", SMALL)], {SMALL: plan}, float("inf")
    whole = tallies.Tally()
    script.simulate(jobs, known, whole, tmp_path / "whole.csv", 6, forever, 1)
    script.simulate(jobs, known, tallies.Tally(), tmp_path / "parts.csv", 2, forever, 1)
    continued = tallies.Tally.read(tmp_path / "parts.csv")
    assert continued.runs("few items", SMALL) == 2
    script.simulate(jobs, known, continued, tmp_path / "parts.csv", 6, forever, 1)
    read = tallies.Tally.read(tmp_path / "parts.csv")
    assert read.runs("few items", SMALL) == whole.runs("few items", SMALL) == 6
    for key, figure in without_cost(whole).items():
        assert read.figures[key].mean == pytest.approx(figure.mean, abs=1e-6), key
        assert read.figures[key].error == pytest.approx(figure.error, abs=1e-4), key


def test_a_test_that_always_rejects_is_reported_with_size_one_and_fails():
    tally = tallies.Tally()
    for _ in range(100):
        tally.add("pairs", replace(SMALL, items=200), {("exchangeable, ×1", "sign-flip reject"): 1.0})
        tally.add("pairs", replace(SMALL, items=200), {("clear, ×1", "sign-flip reject"): 1.0})
    text = pages.page(tally, {})
    line = next(line for line in text.splitlines() if line.startswith("| pairs | sign-flip"))
    assert line.split(" | ")[2:] == [
        "1",
        "1.000",
        "1.000(0)",
        "1.000(0)",
        "0",
        "1",
        "1",
        "1 |",
    ]  # the null alone: power has no bound
    assert (
        "- pairs, sign-flip (the default): share that rejects, 200 × 5, ties .35, exchangeable, ×1: **1.000(0)** (n 100)" in text
    )


def test_what_lies_within_chance_is_not_marked():
    key = tallies.Key("pairs", SMALL, "patchy, ×1: second", "accuracy covered")
    assert pages.verdict(key, tallies.Figure(1000, 0.95, 0.95)) == pages.Verdict(0, False)
    assert pages.verdict(key, tallies.Figure(1000, 0.925, 0.925)) == pages.Verdict(-1, False)  # P(X ≤ 925) = .0004
    assert pages.verdict(key, tallies.Figure(1000, 0.89, 0.89)) == pages.Verdict(-1, True)
    assert pages.verdict(replace(key, measure="accuracy bias"), tallies.Figure(1000, 0.01, 0.0002)) is None


def test_the_grid_is_the_one_that_was_asked_for():
    asked = {(n, s, t) for n in (50, 200, 1000) for s in (5, 15) for t in (0.1, 0.35, 0.6)}
    for study in ("pairs", "swaps", "family", "human"):
        assert {(j.world.items, j.world.systems, j.world.ties) for j in script.jobs() if j.study == study} == asked


def test_one_pair_a_cluster_is_covered_by_the_exact_interval_where_the_bootstrap_has_no_width():
    # five of five with probability .99^5 = .951: the exact interval [.478, 1] holds .99, the bootstrap's [1, 1] does not
    found = script.more.alike(5, 0.99)
    assert found["harness"] == pytest.approx(1, abs=1e-4)
    assert found["bootstrap alone"] == pytest.approx(0.049, abs=1e-3)


@pytest.mark.slow
def test_the_default_test_and_the_intervals_hold_where_they_should():
    world = World(200, 5, 0.35)
    job = script.Job("pairs", world)
    tally = script.block(job, planned.make_plan(world), 0, 120)
    for key, figure in tally.figures.items():
        one = pages.verdict(key, figure)
        if one is not None and key.measure in (
            "sign-flip reject",
            "difference covered",
            "accuracy covered",
            "accuracy_raw covered",
        ):
            assert not one.fails, (key, figure)


@pytest.mark.parametrize("losing", [0.0, 0.3, 0.9])
def test_score_swaps_that_stop_early_reject_where_all_draws_do(losing):
    pairs, swap = script.pairs, script.pairs.score_swap
    rejected = []
    for run in range(12):
        rng = np.random.default_rng([run, 5])
        ratings = rng.integers(0, 4, (12, 4)).astype(float)
        first = ratings + rng.normal(size=(12, 4))
        second = (1 - losing) * ratings + rng.normal(size=(12, 4))
        cell = pairs.cell_of(World(12, 4, 0.3), ratings, run)
        whole = swap(cell.pairs, cell.signs, first.ravel(), second.ravel(), pairs.SCORE_DRAWS, run)
        rejected.append(pairs.score_swap_rejects(cell, first.ravel(), second.ravel(), run))
        assert rejected[-1] == (whole <= pairs.ALPHA)
    assert any(rejected) or losing < 0.9
