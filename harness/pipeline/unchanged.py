"""Whether an experiment rests on exactly what it rested on when it finished; then it is taken over, and nothing is loaded.

What is not known to be the same (a model on a hub without a commit, a plugin that does not say what it reads) counts as changed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.config import shipped
from harness.config_parts import TRAINED
from harness.data import data_home
from harness.errors import HarnessError
from harness.experiment import ExperimentConfig
from harness.file_states import TooManyError, states
from harness.leaderboard.config import LeaderboardConfig
from harness.leaderboard.evidence import SHIPPED
from harness.pipeline.board import LEADERBOARD
from harness.pipeline.training import BUILDS, CHECKPOINTS, LEARNED
from harness.pipeline.trust import METAEVALUATE
from harness.protocols import BuilderSpec
from harness.registry import PluginRef, Registry, required
from harness.unchanged import Rests, look, remember

_DATA = "data:"  # before the name of a data set, among what builds are held against
_LM_EVAL_FILES = ("pretrained", "peft", "tokenizer", "gguf_file")  # parameters of lm-eval's models that name files


def look_at(config: ExperimentConfig, registry: Registry) -> Rests | None:
    """What the experiment is about to read; None where that is not known. To be asked before it reads."""
    try:
        rests = look(registry, [*_plugins(config), *_sources_against(config, registry)])
        if rests is None:
            return None
        files = states([*_files(config), *_files_against(config, registry)])
    except (_UnknownError, TooManyError, OSError, HarnessError):
        return None
    return rests._replace(inputs=_joined(rests.inputs, files))


def remember_experiment(folder: Path, rests: Rests | None, *, asked: Mapping[str, Any], pages: list[Path]) -> None:
    """Keeps what the finished experiment rests on and what it made, if that is known."""
    if rests is None:
        return
    try:
        made = states(_products(folder))
    except (TooManyError, OSError):
        return
    whole = rests._replace(inputs=_joined(rests.inputs, made))
    remember(folder, whole, asked=asked, said={}, pages=pages)


class _UnknownError(Exception):
    """Something that may change unseen."""


def _plugins(config: ExperimentConfig) -> Iterator[tuple[str, PluginRef]]:
    yield from (("dataset builder", ref) for build in config.builds for ref in build.builders)
    yield from (("trainer", _without_trained(one.plugin)) for one in config.train)
    yield from (("generator", _without_trained(one.plugin)) for one in config.systems)
    yield from (("metric", ref) for ref in config.metrics)
    yield from (("judgment source", _without_systems(ref)) for ref in config.judgments)
    if config.leaderboard is not None:
        yield from (("metric", ref) for ref in config.leaderboard.metrics)
        yield from (("generator", _without_trained(one.plugin)) for one in config.leaderboard.models if one.by == "generator")


def _files(config: ExperimentConfig) -> Iterator[Path]:
    for where in (config.examples, *(one.examples for one in config.trainings)):
        if where is not None and not where.startswith("build:"):
            yield Path(where).expanduser()
    yield Path(SHIPPED)
    board = config.leaderboard
    if board is not None:
        yield from map(Path, board.metaevaluations)
        yield from _models(board)
        yield from _task_files(board)


def _models(board: LeaderboardConfig) -> Iterator[Path]:
    """Files of the models that lm-eval opens by itself."""
    for model in board.models:
        if model.by != "lm_eval":
            continue
        for key in _LM_EVAL_FILES:
            value = model.plugin.params.get(key)
            if value is None or (isinstance(value, str) and value.startswith(TRAINED)):
                continue
            path = Path(str(value)).expanduser()
            if not path.exists():
                raise _UnknownError(value)  # a name on a hub
            yield path


def _task_files(board: LeaderboardConfig) -> Iterator[Path]:
    """The folders of tasks, and the files of the data home that the shipped form of a task names."""
    import yaml

    if board.lm_eval_tasks:
        raise _UnknownError("lm-eval's own tasks")
    for folder in (shipped("tasks"), *map(Path, board.task_folders)):
        yield folder
        for file in sorted(folder.rglob("*.yaml")):
            for line in file.read_text(encoding="utf-8").splitlines():
                key, _, value = line.strip().partition(": ")
                if key in ("file", "other"):
                    named = yaml.safe_load(value)
                    if isinstance(named, str):
                        yield data_home() / named


def _sources_against(config: ExperimentConfig, registry: Registry) -> Iterator[tuple[str, PluginRef]]:
    """Judgment sources whose texts no row of a build may share."""
    known = registry.entries["judgment source"]
    for build in config.builds:
        named = build.contamination.against
        if not build.contamination.use:
            continue
        if named is None:
            named = tuple(
                name
                for name, entry in sorted(known.items())
                if not required(entry.spec) and getattr(entry.spec, "rows_argument", None) is None
            )
        yield from (("judgment source", PluginRef(name)) for name in named if name in known)


def _files_against(config: ExperimentConfig, registry: Registry) -> Iterator[Path]:
    """Data sets, files and folders whose texts no row of a build may share."""
    data = {
        name: found
        for entry in registry.entries["dataset builder"].values()
        if isinstance(entry.spec, BuilderSpec)
        for name, found in entry.spec.data.items()
    }
    for build in config.builds:
        for name in (build.contamination.against or ()) if build.contamination.use else ():
            if name.startswith(_DATA):
                found = data.get(name.removeprefix(_DATA))
                if found is None:
                    raise _UnknownError(name)
                yield from (data_home() / found.folder / file for file in found.files)
            elif name not in registry.entries["judgment source"]:
                yield Path(name).expanduser()


def _products(folder: Path) -> Iterator[Path]:
    """What lies below the folder and is no table of its own."""
    for name in (CHECKPOINTS, LEARNED):
        if (folder / name).is_dir():
            yield folder / name
    for home in (folder / BUILDS, folder / METAEVALUATE, folder / LEADERBOARD):
        if home.is_dir():
            yield from sorted(path for path in home.rglob("*") if path.is_file() and path.name != ".lock")


def _joined(first: Any, second: Any) -> Any:
    return msgspec.structs.replace(first, files={**first.files, **second.files}, folders={**first.folders, **second.folders})


def _without_trained(ref: PluginRef) -> PluginRef:
    """The reference without the checkpoints that the experiment makes itself."""
    kept = {key: value for key, value in ref.params.items() if not (isinstance(value, str) and value.startswith(TRAINED))}
    return PluginRef(ref.name, kept)


def _without_systems(ref: PluginRef) -> PluginRef:
    return PluginRef(ref.name, {key: value for key, value in ref.params.items() if key != "systems"})
