"""The simulation of the gate's check of agreement: its populations have fallen as far as they say, and its counts are of that."""

import numpy as np
import pytest
from benchmark_scripts import benchmark

script = benchmark("gate_agreement")


@pytest.fixture
def small_population(monkeypatch):
    monkeypatch.setattr(script, "POPULATION", 400)
    script.population.cache_clear()
    yield
    script.population.cache_clear()


@pytest.mark.usefixtures("small_population")
@pytest.mark.parametrize("kind", script.KINDS, ids=lambda kind: kind.name)
def test_a_population_has_fallen_by_just_the_margin(kind):
    whole = script.population(kind, 1.0)
    assert 0.7 * script.MARGIN < whole.fall <= script.MARGIN
    people = script.asked(whole.ratings, script.resampler(kind.systems, len(whole.ratings), 100))
    before, now = (people.right_by(side.ravel()).astype(np.int8) for side in (whole.before, whole.now))
    assert script.difference(people, now - before).value == pytest.approx(-whole.fall, abs=1e-12)


@pytest.mark.usefixtures("small_population")
def test_a_fall_by_the_margin_seldom_fails_and_a_large_one_does():
    kind = script.KINDS[0]
    assert script.outcomes(script.population(kind, 1.0), 50, 100, 200)["fail"] <= 8  # 2.5 expected; more has a chance of .001
    assert script.outcomes(script.population(kind, 5.0), 200, 40, 200)["fail"] >= 36
    corrected, alone = script.false_family(kind, 4, 50, 40, 200)
    assert corrected <= min(alone, 6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [script.KINDS[1], script.KINDS[5]], ids=lambda kind: kind.name)
def test_neither_a_fail_nor_a_pass_is_false_too_often_at_the_margin(kind):
    for items in (20, 200):
        found = script.outcomes(script.population(kind, 1.0), items, 600, 1000)
        assert max(found["fail"], found["pass"]) <= 28  # 15 expected at most; more has a chance of .001


@pytest.mark.parametrize("shares", list(script.SKEWED.values())[:4], ids=list(script.SKEWED)[:4])
def test_rises_that_nobody_saw_make_no_false_fail(shares):
    assert sum(value * often for value, often in shares.items()) == pytest.approx(-script.MARGIN)
    for items in (5, 10, 20, 50):
        assert script.skewed(shares, items, 100, 400)["fail"] <= 8  # 2.5 expected at most; more has a chance of .001


def test_the_page_holds_its_tables():
    page = script.page(["| a |"], ["| b |"], ["| c |"], 2000, 1000)
    for row in ("| a |\n", "| b |\n", "| c |\n"):
        assert row in page
    assert "2,000 simulated judged sets a line, 1,000 resamples, margin 0.02, level 0.95: a false\nfail" in page
    assert script.share(3, 200) == "1.5 [0.5, 4.3]"
    assert np.isclose(script.ALPHA, 0.025)
