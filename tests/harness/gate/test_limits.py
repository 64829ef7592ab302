"""Limits that a gate's config sets, beside those that were approved."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.gate.baseline import Baseline, DriftLimits, Limits, read_baseline, write_baseline
from harness.gate.config import AgreementOptions, GateConfig
from harness.gate.history import changes
from harness.gate.limits import limits_of, loosened

OLDER = {"margin": 0.02, "level": 0.95, "inconclusive": "lenient", "slower": 3.0, "larger": 2.0}


@pytest.fixture
def config(tmp_path):
    return drifting(GateConfig(file=tmp_path / "gate.yaml", baseline=tmp_path / "baseline.json", metrics=()), "")


def drifting(config: GateConfig, drift: str) -> GateConfig:
    """The config with a judge whose `drift` the file says."""
    path = Path(config.file).with_name("judges.yaml")
    path.write_text(f"{{answers: a, judges: [{{metric: chrf, replies: r{drift}}}, {{metric: bleu, replies: s}}]}}\n")
    return replace(config, judges=path)


def told(config, limits):
    return [one.message for one in loosened(config, Baseline(limits=limits))]


def test_limits_of_a_config(config):
    limits = limits_of(drifting(config, ", drift: {allowed: 0.1, range: 4}"))
    assert (limits.resamples, limits.seed) == (2000, 0)
    assert limits.drift == {
        "chrf": DriftLimits(allowed=0.1, too_much=0.2, range=4.0),
        "bleu": DriftLimits(allowed=0.05, too_much=0.2),
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resamples": 1000}, "agreement: resamples was 2000 and is 1000, which makes its bounds rougher"),
        ({"seed": 1}, "agreement: seed was 0 and is 1, whose draws may decide otherwise"),
        ({"resamples": 4000}, None),
    ],
)
def test_fewer_resamples_and_another_seed_are_loosened(config, options, words):
    found = told(replace(config, agreement=AgreementOptions(**options)), limits_of(config))
    assert [words in one for one in found] == ([True] if words else [])


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ("", "allowed: 0.06", "allowed of drift was 0.05 and is 0.06, which lets a judge drift further"),
        ("", "too_much: 0.3", "too_much of drift was 0.2 and is 0.3"),
        ("range: 2", "range: 2.5", "range of drift was 2 and is 2.5"),
        ("range: 2", "", "range of drift was 2 and is the recorded scores' own"),
        ("", "range: 2", "range of drift was the recorded scores' own and is 2"),
        ("range: 2", "range: 1.5", None),
        ("", "allowed: 0.04, too_much: 0.1", None),
        ("allowed: 0.1", "allowed: 0.1", None),
    ],
)
def test_a_judge_that_may_drift_further_is_told(config, before, now, words):
    was = limits_of(drifting(config, f", drift: {{{before}}}"))
    found = told(drifting(config, f", drift: {{{now}}}"), was)
    assert [one.startswith(f"the gate's judges: chrf: {words}") for one in found] == ([True] if words else [])


def test_a_baseline_older_than_these_limits_and_a_judge_that_is_new_or_gone_are_not_loosened(config):
    assert told(replace(config, agreement=AgreementOptions(resamples=100, seed=3)), Limits(**OLDER)) == []
    assert told(replace(config, judges=None), limits_of(config)) == []
    assert told(config, replace(limits_of(config), drift={})) == []


def test_what_an_update_says_of_limits(config, tmp_path):
    was = Baseline(limits=limits_of(config))
    wider = replace(drifting(config, ", drift: {allowed: 0.1}"), agreement=AgreementOptions(seed=7))
    now = Baseline(limits=limits_of(wider))
    assert changes(was, now) == ["the gate's limits: seed 0 → 7, drift of chrf"]
    assert changes(was, Baseline(limits=replace(was.limits, drift={}))) == [
        "the gate's limits: drift of chrf: gone, drift of bleu: gone"
    ]
    write_baseline(tmp_path / "baseline.json", now)
    assert read_baseline(tmp_path / "baseline.json") == now
