"""Experiment configs: what is built, trained, answered, scored and ranked, from one file.

`harness run` goes through all of it; `harness train` and `harness generate` do their part of the same file.
"""

from pathlib import Path
from typing import Any

import msgspec

from harness.build.config import BuildConfig
from harness.build.config import resolved as resolved_build
from harness.config import find_config
from harness.config_parts import check_keys, executor_of, plugin_files, text_of
from harness.executors.choice import ExecutorChoice
from harness.experiment_examples import read_examples
from harness.experiment_parts import (
    BUILD,
    NAME,
    TRAINED,
    builds_of,
    hold_out_of,
    leaderboard_part,
    limit_of,
    metrics_of,
    params_of,
    sources_of,
    splits_of,
    systems_of,
    trainings_of,
)
from harness.experiment_records import CompareOptions, HoldOut, Named, System, Training
from harness.leaderboard.config import LeaderboardConfig
from harness.meta.options import MetaOptions
from harness.registry import PluginRef
from harness.yaml_lines import Document, read_yaml

__all__ = ["BUILD", "TRAINED", "ExperimentConfig", "Named", "is_experiment", "load_experiment", "read_examples", "resolved"]

_KEYS = (
    "name",
    "examples",
    "build",
    "hold_out",
    "train",
    "generate",
    "score",
    "compare",
    "metaevaluate",
    "leaderboard",
    "output",
    "plugins",
    "executor",
)
_OWN = ("build", "examples", "train", "generate")  # keys that no config of `harness run` on judgments has
_RUN = ("judgments", "metrics")  # … and that every one of those has


class ExperimentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an experiment is made of. `examples`: a build folder, a file of examples as JSON Lines, or `build:NAME`.

    `trainings`, `answering`: as written; `train` and `systems` have one for each seed. `splits` and `limit`: which examples are
    answered, and at most how many of each split. In a system's parameters `train:NAME` is the checkpoint of that name.
    `judgments`: sets on which the same metrics are held against people; `leaderboard`: the config's section. `executor`: where
    answers are generated and scored.
    """

    name: str
    examples: str
    builds: tuple[BuildConfig, ...] = ()
    hold_out: HoldOut = HoldOut()
    trainings: tuple[Training, ...] = ()
    answering: tuple[Named, ...] = ()
    splits: tuple[str, ...] = ()
    limit: int | None = None
    metrics: tuple[PluginRef, ...] = ()
    compare: CompareOptions = CompareOptions()
    judgments: tuple[PluginRef, ...] = ()
    metaevaluate: MetaOptions = MetaOptions()
    leaderboard: LeaderboardConfig | None = None
    output: str
    plugins: tuple[str, ...] = ()
    executor: ExecutorChoice = ExecutorChoice()

    @property
    def train(self) -> tuple[Named, ...]:
        """Every training, one for each of its seeds."""
        return tuple(run for one in self.trainings for run in one.runs())

    @property
    def systems(self) -> tuple[System, ...]:
        """Every system, one for each seed of the training that it uses."""
        return systems_of(self.answering, self.trainings)


def is_experiment(path: str | Path) -> bool:
    """Whether the config is of an experiment, and not of a run on judgments; ConfigError for a file that cannot be read."""
    value = read_yaml(find_config(path)).value
    return any(key in value for key in _OWN) and not all(key in value for key in _RUN)


def load_experiment(path: str | Path) -> ExperimentConfig:
    """The experiment in the file (the user's, or a shipped one by its name); raises ConfigError naming file, line and key."""
    file = find_config(path)
    document = read_yaml(file)
    check_keys(document, document.value, _KEYS)
    name = text_of(document, "name") or file.stem
    if not NAME.match(name):
        raise document.error(f"{name!r} is to be a folder's name: use letters, digits, hyphens and dots", "name")
    output, plugins = text_of(document, "output") or f"runs/{name}", plugin_files(document)
    builds = builds_of(document, plugins)
    trainings = trainings_of(document, builds)
    answered = _section(document, "generate", ("systems", "split", "limit"))
    answering = params_of(document, answered.get("systems"), "generator", ("generate", "systems"))
    meta = _section(document, "metaevaluate", ("judgments", *MetaOptions.__struct_fields__))
    config = ExperimentConfig(
        name=name,
        examples=_examples(document, builds),
        builds=builds,
        hold_out=hold_out_of(document),
        trainings=trainings,
        answering=answering,
        splits=splits_of(document, answered),
        limit=limit_of(document, answered),
        metrics=metrics_of(document, _section(document, "score", ("metrics",))),
        compare=_options(document, "compare", CompareOptions, ()),
        judgments=sources_of(document, meta),
        metaevaluate=_options(document, "metaevaluate", MetaOptions, ("judgments",)),
        output=output,
        plugins=plugins,
        executor=executor_of(document),
    )
    _check(document, config)
    return msgspec.structs.replace(config, leaderboard=leaderboard_part(document, name, trainings, config.systems, plugins))


def resolved(config: ExperimentConfig) -> dict[str, Any]:
    """The config as plain values; written as YAML it loads as the same config, but for `executor`, which makes no other run."""
    from harness.leaderboard.config import resolved as resolved_board

    def ref(one: PluginRef) -> Any:
        return {one.name: dict(one.params)} if one.params else one.name

    generate: dict[str, Any] = {
        "systems": [{"name": one.name, "generator": {one.plugin.name: dict(one.plugin.params)}} for one in config.answering],
        "split": list(config.splits),
        "limit": config.limit,
    }
    builds = [{k: v for k, v in resolved_build(one).items() if k not in ("output", "plugins")} for one in config.builds]
    board = None if config.leaderboard is None else resolved_board(config.leaderboard)
    meta = {} if not config.judgments else {"judgments": [ref(one) for one in config.judgments]}
    if meta or config.metaevaluate != MetaOptions():
        meta |= msgspec.to_builtins(config.metaevaluate)
    told = {
        "build": builds,
        "examples": config.examples,
        "hold_out": msgspec.to_builtins(config.hold_out) if config.hold_out != HoldOut() else None,
        "train": [one.told() for one in config.trainings],
        "generate": {key: value for key, value in generate.items() if value},
        "score": {"metrics": [ref(one) for one in config.metrics]} if config.metrics else None,
        "compare": msgspec.to_builtins(config.compare) if config.compare != CompareOptions() else None,
        "metaevaluate": meta,
        "leaderboard": {k: v for k, v in (board or {}).items() if k not in ("name", "output", "plugins", "trainings")},
    }
    kept = {key: value for key, value in told.items() if value}
    return {"name": config.name, **kept, "output": config.output, "plugins": list(config.plugins)}


def _section(document: Document, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    value = document.value.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise document.error(f"expected keys and values: {', '.join(f'`{key}`' for key in keys[:3])} …", name)
    check_keys(document, value, keys, name)
    return value


def _options(document: Document, name: str, kind: type[Any], others: tuple[str, ...]) -> Any:
    """The section as a record whose fields all have defaults; `others` are keys of the section that are read elsewhere."""
    from harness.config_parts import section_of

    value = document.value.get(name)
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key not in others}
        document = Document(document.path, {**document.value, name: kept}, document.root)
    return section_of(document, name, kind)


def _examples(document: Document, builds: tuple[BuildConfig, ...]) -> str:
    """Where the examples are: as the config says, else the one build."""
    said = text_of(document, "examples")
    names = [one.name for one in builds]
    if said is None and len(names) == 1:
        return f"{BUILD}{names[0]}"
    if said is None:
        what = (
            f"write `examples: {BUILD}{names[0]}`, or another build"
            if names
            else "write `examples: FOLDER` (of `harness build`) "
        )
        raise document.error(f"which examples? {what if names else what + 'or a JSON Lines file, or `build:`'}", "examples")
    if said.startswith(BUILD) and said.removeprefix(BUILD) not in names:
        raise document.error(f"{said!r}: no build has this name; there are {', '.join(names) or 'none'}", "examples")
    return said


def _check(document: Document, config: ExperimentConfig) -> None:
    known = {*(one.name for one in config.train), *(one.name for one in config.trainings)}
    for index, system in enumerate(config.answering):
        for value in system.plugin.params.values():
            if isinstance(value, str) and value.startswith(TRAINED) and value.removeprefix(TRAINED) not in known:
                message = f"{value!r}: no training has this name; there are {', '.join(sorted(known)) or 'none'}"
                raise document.error(message, "generate", "systems", index)
    names = [one.name for one in config.systems]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise document.error(f"two systems are called {twice!r}, one of them for its seed; rename one", "generate", "systems")
    groups = [one.name for one in config.answering]
    if config.compare.baseline is not None and config.compare.baseline not in groups:
        message = f"{config.compare.baseline!r} is no system; there are {', '.join(groups) or 'none'}"
        raise document.error(message, "compare", "baseline")
    if config.metrics and not config.answering:
        raise document.error("there are metrics and no systems whose answers they could score: write `generate:`", "score")
