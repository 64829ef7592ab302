"""What is wrong with a leaderboard's config, before anything is loaded or asked: unknown names, folders that are not there."""

from pathlib import Path
from typing import Literal

import msgspec

from harness.config import bind
from harness.errors import ConfigError, MissingExtra
from harness.leaderboard.config import LeaderboardConfig
from harness.leaderboard.models import lm_eval_class
from harness.registry import PluginRef, Registry, check_parameters


def check_leaderboard(config: LeaderboardConfig, registry: Registry) -> LeaderboardConfig:
    """The config, bare words of its metrics (`NAME:WORD`) under the names of their parameters.

    HarnessError for a metric, a generator or a kind of lm-eval's models that nobody knows, and for parameters that a plugin does
    not take. A package that is not installed is no error here: that model alone fails.
    """
    for model in config.models:
        if model.by == "generator":
            _checked(model.plugin, "generator", registry)
            continue
        try:
            lm_eval_class(model.plugin.name)
        except ConfigError as error:
            raise ConfigError(f"model {model.name!r}: {error}") from error
        except MissingExtra:
            continue
    return msgspec.structs.replace(config, metrics=tuple(_checked(ref, "metric", registry) for ref in config.metrics))


def check_folders(config: LeaderboardConfig) -> None:
    """ConfigError for a meta-evaluation or trainings that the config names and that are not there."""
    for name in config.metaevaluations:
        if not Path(name).expanduser().exists():
            raise ConfigError(f"metaevaluations: there is no {name}; run that meta-evaluation first, or leave it out")
    if config.trainings is not None and not Path(config.trainings).expanduser().is_dir():
        raise ConfigError(f"trainings: there is no folder {config.trainings}; name the run folder of `harness train`")


def _checked(ref: PluginRef, kind: Literal["generator", "metric"], registry: Registry) -> PluginRef:
    bound = bind(ref, registry, kind)
    check_parameters(kind, registry.find(kind, bound.name).spec, bound.params)
    return bound
