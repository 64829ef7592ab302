"""Leaderboard configs: which models do which tasks, with how many items, and what tells how far the metrics can be trusted.

A config is a file of its own (`harness leaderboard run`), or the section `leaderboard` of an experiment's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.config import find_config
from harness.config_parts import TRAINED, check_keys, plugin_files
from harness.leaderboard.config_entries import (
    NAME,
    read_engine,
    read_flag,
    read_folders,
    read_metrics,
    read_models,
    read_tasks,
    read_text,
    read_whole,
)
from harness.leaderboard.config_records import SEED, BoardModel, BoardTask, LeaderboardConfig, Price
from harness.yaml_lines import Document, Keys, read_yaml

__all__ = ["BoardModel", "BoardTask", "LeaderboardConfig", "Price", "anchored", "leaderboard_of", "load_leaderboard", "resolved"]

_SECTION = (
    "models",
    "engine",
    "tasks",
    "task_folders",
    "lm_eval_tasks",
    "limit",
    "shots",
    "chat",
    "metrics",
    "metaevaluations",
    "trainings",
    "seed",
)


def load_leaderboard(path: str | Path) -> LeaderboardConfig:
    """The leaderboard in the file (the user's, or a shipped one by its name); ConfigError naming file, line and key."""
    file = find_config(path)
    document = read_yaml(file)
    check_keys(document, document.value, ("name", *_SECTION, "output", "plugins"))
    name = read_text(document, document.value, "name", ()) or file.stem
    if not NAME.match(name):
        raise document.error(f"{name!r} is to be a folder's name: use letters, digits, hyphens and dots", "name")
    output = read_text(document, document.value, "output", ()) or f"runs/{name}"
    return leaderboard_of(document, document.value, (), name=name, output=output, plugins=plugin_files(document))


def leaderboard_of(
    document: Document,
    section: Any,
    above: tuple[str, ...],
    *,
    name: str,
    output: str,
    plugins: tuple[str, ...] = (),
    trained: tuple[str, ...] | None = None,
) -> LeaderboardConfig:
    """The leaderboard of a section of a document that lies below the keys `above`; ConfigError for what does not fit.

    `trained`: the names of the trainings that there will be, so that `train:NAME` can be checked; None: not known here. Unknown
    keys are errors where `above` names a section.
    """
    if not isinstance(section, Mapping):
        raise document.error("expected keys and values: `models`, `tasks` …", *above)
    if above:
        check_keys(document, section, _SECTION, *above)
    engine = read_engine(document, section, above)
    config = LeaderboardConfig(
        name=name,
        models=read_models(document, section.get("models"), engine, (*above, "models")),
        tasks=read_tasks(document, section.get("tasks"), (*above, "tasks")),
        task_folders=read_folders(document, section, "task_folders", above),
        lm_eval_tasks=read_flag(document, section, "lm_eval_tasks", above),
        limit=read_whole(document, section, "limit", above, least=1),
        shots=read_whole(document, section, "shots", above, least=0),
        chat=read_flag(document, section, "chat", above),
        metrics=read_metrics(document, section.get("metrics"), (*above, "metrics")),
        metaevaluations=read_folders(document, section, "metaevaluations", above),
        trainings=read_text(document, section, "trainings", above),
        seed=read_whole(document, section, "seed", above, least=0) or SEED,
        output=output,
        plugins=plugins,
    )
    _check_trained(document, config, trained, above)
    return config


def resolved(config: LeaderboardConfig) -> dict[str, Any]:
    """The config as plain values; written as YAML it loads as the same config."""
    plain: dict[str, Any] = {"name": config.name, "models": [_told_model(one) for one in config.models]}
    plain["tasks"] = [_told_task(one) for one in config.tasks]
    for key in ("task_folders", "metaevaluations"):
        plain[key] = list(getattr(config, key))
    for key in ("lm_eval_tasks", "limit", "shots", "chat", "trainings", "seed", "output"):
        plain[key] = getattr(config, key)
    plain["metrics"] = [{ref.name: dict(ref.params)} if ref.params else ref.name for ref in config.metrics]
    plain["plugins"] = list(config.plugins)
    return {key: value for key, value in plain.items() if value is not None}


def anchored(config: LeaderboardConfig) -> LeaderboardConfig:
    """The config with the folders that it names from the root on: what a run writes down holds from any directory."""

    def full(folder: str) -> str:
        return str(Path(folder).expanduser().absolute())

    return msgspec.structs.replace(
        config,
        task_folders=tuple(map(full, config.task_folders)),
        metaevaluations=tuple(map(full, config.metaevaluations)),
        trainings=None if config.trainings is None else full(config.trainings),
    )


def _told_model(model: BoardModel) -> dict[str, Any]:
    told: dict[str, Any] = {"name": model.name, model.by: {model.plugin.name: dict(model.plugin.params)}}
    return told if model.price is None else {**told, "price": msgspec.to_builtins(model.price)}


def _told_task(task: BoardTask) -> Any:
    settings = {key: getattr(task, key) for key in ("limit", "shots") if getattr(task, key) is not None}
    return {task.name: settings} if settings else task.name


def _check_trained(document: Document, config: LeaderboardConfig, trained: tuple[str, ...] | None, above: Keys) -> None:
    for index, model in enumerate(config.models):
        for value in model.plugin.params.values():
            if not isinstance(value, str) or not value.startswith(TRAINED):
                continue
            keys = (*above, "models", index)
            if trained is None and config.trainings is None:
                raise document.error(f"{value!r}: name the run folder of the training: `trainings: runs/NAME`", *keys)
            if trained is not None and value.removeprefix(TRAINED) not in trained:
                message = f"{value!r}: no training has this name; there are {', '.join(trained) or 'none'}"
                raise document.error(message, *keys)
