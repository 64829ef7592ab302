"""What a config is refused for before anything is loaded: names and parameters; a package that is absent is no such thing."""

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from toy_lm_eval import NAME, Calls, register_toy

from harness.errors import MissingExtra
from harness.leaderboard import check
from harness.leaderboard.check import check_leaderboard
from harness.leaderboard.config import BoardModel, BoardTask, LeaderboardConfig
from harness.plugins import load_plugins
from harness.protocols import MetricSpec
from harness.registry import Entry, PluginRef, Registry


def config(*metrics: PluginRef) -> LeaderboardConfig:
    model = BoardModel(name="m", by="lm_eval", plugin=PluginRef(NAME))
    return LeaderboardConfig(name="b", models=(model,), tasks=(BoardTask(name="t"),), metrics=metrics, output="unused")


def test_a_bare_word_of_a_metric_is_the_parameter_that_it_takes() -> None:
    register_toy(Calls())
    registry = Registry()
    spec = MetricSpec("near", build=lambda model: None, argument="model")
    registry.entries["metric"]["near"] = Entry(spec, "test", "test")
    assert check_leaderboard(config(PluginRef("near", {"": "m"})), registry).metrics == (PluginRef("near", {"model": "m"}),)


def test_a_package_that_is_absent_stops_only_its_own_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise MissingExtra("install it")

    monkeypatch.setattr(check, "lm_eval_class", absent)
    assert check_leaderboard(config(), load_plugins()) == config()
