"""The simulation of the live check: what it counts, at a small size."""

from benchmark_scripts import benchmark

simulated = benchmark("gate_sequential")
BY_NAME = {kind.name: kind for kind in simulated.KINDS}


def test_a_judge_that_is_the_same_is_known_after_18_answers_and_one_that_is_another_after_a_few() -> None:
    same = simulated.outcome(BY_NAME["all or nothing"], 0.0, 50, 40)
    assert (same.drifted, same.same, same.answers) == (0, 50, 18.0)
    other = simulated.outcome(BY_NAME["the same on each"], 0.6, 50, 40)
    assert (other.drifted, other.same, other.answers) == (50, 0, 3.0)


def test_every_kind_of_difference_has_the_mean_that_it_is_asked_for() -> None:
    rng = simulated.np.random.default_rng(3)
    for kind in simulated.KINDS:
        for mean in (0.0, 0.05, 0.2, 0.6):
            drawn = simulated.np.concatenate([kind.draw(rng, mean, 200) for _ in range(100)])
            assert abs(drawn.mean() - mean) < 0.012, (kind.name, mean)
            assert 0 <= drawn.min() <= drawn.max() <= 1


def test_the_interval_leaves_the_mean_out_no_oftener_than_it_may() -> None:
    assert simulated.uncovered(BY_NAME["halves"], 0.2, 200, 40) <= 10
