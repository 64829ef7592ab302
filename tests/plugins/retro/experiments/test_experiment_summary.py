"""What runs say together: means over seeds, steps to a target, and what is not known."""

import math

import msgspec
import pytest
import scipy.stats
from harness_plugins.retro.experiments.config import Experiment, Measures
from harness_plugins.retro.experiments.material import Facts
from harness_plugins.retro.experiments.page import page
from harness_plugins.retro.experiments.summary import mean_of, steps_to, summaries, target_of
from harness_plugins.retro.experiments.training import Look, RunResult, Spread
from harness_plugins.retro.experiments.work import Done

from harness.report.markdown import markdown

FACTS = Facts(train_documents=9, train_tokens=90, held_documents=2, held_tokens=20, vocabulary=300)


def _run(arm, seed, losses, own=None):
    looks = tuple(
        Look(step=10 * place, natural=loss, own=loss if own is None else own[place], off=5.0) for place, loss in enumerate(losses)
    )
    spread = Spread(mean=0.5, deviation=0.1)
    return RunResult(
        arm=arm,
        seed=seed,
        steps=20,
        looks=looks,
        train_losses=(),
        overlap_trained=spread,
        overlap_held=spread,
        parameters=1,
        learned_tokens=1,
        seconds=1.0,
    )


def _experiment(**fields):
    return Experiment(**{"name": "e", "kind": "paraphrase", "seeds": (1, 2, 3), **fields})


def test_an_interval_over_seeds_is_students():
    found = mean_of([1.0, 2.0, 4.0], 0.95)
    low, high = scipy.stats.t.interval(0.95, 2, loc=7 / 3, scale=scipy.stats.sem([1, 2, 4]))
    assert (found.value, found.n) == (pytest.approx(7 / 3), 3)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert mean_of([None, 2.0], 0.95).n == 1
    assert mean_of([None, 2.0], 0.95).low is None
    assert mean_of([None, math.nan], 0.95).value is None


def test_the_step_of_a_target_is_linear_between_looks_and_none_where_it_is_never_reached():
    looks = _run("a", 1, [6.0, 4.0, 3.0]).looks
    assert steps_to(looks, 5.0, lambda look: look.natural) == 5.0
    assert steps_to(looks, 6.0, lambda look: look.natural) == 0.0
    assert steps_to(looks, 2.9, lambda look: look.natural) is None


def test_steps_are_saved_seed_by_seed_and_only_where_all_reached_the_target():
    results = [_run("natural", seed, [6.0, 5.0, 4.0]) for seed in (1, 2, 3)]
    results += [_run("paraphrased", seed, [6.0, 4.0, 3.5]) for seed in (1, 2, 3)]
    assert target_of(_experiment(), results) == 4.0
    first, second = summaries(_experiment(), results)
    assert (first.steps_natural.value, second.steps_natural.value) == (20.0, 10.0)
    assert second.saved.value == 0.5
    assert first.saved.value is None
    results[-1] = _run("paraphrased", 3, [6.0, 5.5, 5.0])
    found = summaries(_experiment(), results)[1]
    assert (found.reached_natural, found.saved.value) == (2, None)


def test_the_default_target_is_one_that_every_seed_of_the_first_arm_reaches():
    ends = {1: [6.0, 5.0, 4.0], 2: [6.0, 4.2, 4.4], 3: [6.0, 4.6, 4.3]}  # unequal seeds, one of which was better before its end
    results = [_run("natural", seed, losses) for seed, losses in ends.items()]
    results += [_run("paraphrased", seed, [6.0, 4.3, 3.5]) for seed in ends]
    assert target_of(_experiment(), results) == 4.3
    first, second = summaries(_experiment(), results)
    assert (first.reached_natural, second.reached_natural) == (3, 3)
    assert second.saved.n == 3
    assert second.saved.value == pytest.approx((1 - 10 / 17 + 1 - 10 / (10 * 1.7 / 1.8) + 1 - 10 / 20) / 3)
    assert target_of(_experiment(measure=Measures(target_loss=5.0)), results) == 5.0
    assert target_of(_experiment(), results[3:]) is None
    text = markdown(page(_experiment(), FACTS, Done(results, {}, 0)))
    assert "The target is a held-out loss of 4.300 nats, the lowest that every seed of natural reached." in text
    assert "paraphrased: share of steps saved to the loss 4.300" in text


def test_columns_that_say_nothing_new_are_left_out():
    def columns(**fields):
        experiment = _experiment(**fields)
        text = markdown(page(experiment, FACTS, Done([_run(arm, 1, [6.0, 5.0]) for arm in experiment.arms], {}, 0)))
        return next(line for line in text.splitlines() if line.startswith("| arm"))

    assert "own kind" not in columns()
    assert "gain, natural neighbours" in columns()
    assert "steps saved" in columns()
    assert "steps saved" not in columns(kind="retrievers")
    assert columns(kind="overlap", levels=(0.0, 0.5)).count("own kind") == 3
    assert "questions" not in columns()
    assert "questions answered exactly" in columns(measure=Measures(questions=5))


def test_the_page_says_what_failed_what_was_never_reached_and_what_was_missed():
    experiment = _experiment(kind="overlap", levels=(0.0, 0.8), measure=Measures(target_loss=1.0))
    results = [_run("overlap-0", seed, [6.0, 5.0, 4.0]) for seed in (1, 2)]
    text = markdown(page(experiment, FACTS, Done(results, {"overlap-0, seed 3": "InputError: no"}, 3)))
    assert "the run overlap-0, seed 3 failed: InputError: no" in text
    assert "3 runs are not done" in text
    assert "not reached in 300 steps" in text
    assert "the overlap attained on held-out text is 0.500" in text
    assert "n = 2" in text
    assert "leakage by construction" in text
    assert msgspec.json.decode(text.partition("```json\n")[2].partition("```")[0])["kind"] == "overlap"
