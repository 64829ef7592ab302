"""The tasks of a board: found in folders of lm-eval's YAML, told apart by their files, loaded when they are done."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.cache import Cache, cache_key
from harness.config import shipped
from harness.errors import ConfigError, InputError, MissingExtra, did_you_mean
from harness.leaderboard.config import LeaderboardConfig
from harness.leaderboard.task_data import data_digest

_FUNCTION = re.compile(r"!function\s+([\w.]+)\.\w+")
_INCLUDE = re.compile(r"^include:\s*['\"]?([^'\"#\n]+?)['\"]?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class ChosenTask:
    """One task that is to be done. `limit`: its first items only; `shots`: None is as the task says; `digest`: of its files
    and of its data that lie in files here; `group`: the group that it was named by, and is loaded with."""

    name: str
    limit: int | None
    shots: int | None
    digest: str
    group: str | None = None
    items: int | None = None
    metric: str | None = None


@dataclass
class Tasks:
    """The tasks that a config chooses; each is read from its data once, and an error of reading is raised again."""

    chosen: tuple[ChosenTask, ...]
    manager: Any
    _loaded: dict[str, Any] = field(default_factory=dict)

    def load(self, task: ChosenTask, seed: int) -> Any:
        """lm-eval's task with its data, as though it were loaded anew; raises whatever reading its data raises."""
        if task.name not in self._loaded:
            try:
                self._loaded |= self.manager.load([task.group or task.name])["tasks"]
            except Exception as error:  # a stranger's task may raise anything; whoever asks for it again is told the same
                self._loaded[task.name] = error
        found = self._loaded[task.name]
        if isinstance(found, Exception):
            raise found
        if task.shots is not None:
            found.set_config(key="num_fewshot", value=task.shots)
        elif found.get_config("num_fewshot") is None:
            found.set_config(key="num_fewshot", value=0)
        found.set_fewshot_seed(seed=seed)
        return found


def find_tasks(config: LeaderboardConfig, cache: Cache | None = None) -> Tasks:
    """The tasks that the config names, tags and groups taken apart; no data is loaded. ConfigError for a name that is none.

    `cache`: remembers the digests of large files of data.
    """
    manager = _manager(config)
    chosen: dict[str, ChosenTask] = {}
    for wanted in config.tasks:
        limit = config.limit if wanted.limit is None else wanted.limit
        shots = config.shots if wanted.shots is None else wanted.shots
        for name, group in _leaves(manager, wanted.name, config):
            if name in chosen:
                raise ConfigError(f"the task {name!r} is named twice, by {wanted.name!r} too; keep one")
            content = manager.task_index[name].cfg or {}
            told = content.get("metadata")
            metadata = told if isinstance(told, dict) else {}
            digest = _digest([name, *([group] if group else [])], manager, cache)
            items, metric = metadata.get("items"), metadata.get("metric")
            chosen[name] = ChosenTask(name, limit, shots, digest, group, items, metric)
    return Tasks(tuple(chosen.values()), manager)


def task_folders(config: LeaderboardConfig) -> list[Path]:
    """Where tasks are looked for: the shipped folder, then the config's, whose tasks win; ConfigError for one that is absent."""
    folders = [shipped("tasks")]
    for name in config.task_folders:
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise ConfigError(f"task_folders: there is no folder {folder}")
        folders.append(folder)
    return folders


def _manager(config: LeaderboardConfig) -> Any:
    try:
        from lm_eval.tasks import TaskManager
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"leaderboards need the package {error.name!r}; install it with: pip install 'metaeval-harness[leaderboard]'"
        ) from error
    return TaskManager(include_path=[str(folder) for folder in task_folders(config)], include_defaults=config.lm_eval_tasks)


def _leaves(manager: Any, name: str, config: LeaderboardConfig) -> list[tuple[str, str | None]]:
    """(task, its group or None) of a task, a tag or a group."""
    entry = manager.task_index.get(name)
    if entry is None:
        raise _unknown(manager, name, config)
    kind = entry.kind.name
    if kind == "TAG":
        return [(leaf, None) for leaf in sorted(entry.tags)]
    if kind != "GROUP":
        return [(name, None)]
    try:
        leaves = list(manager.load([name])["tasks"])
    except Exception as error:  # which tasks a group has is known when it is loaded, and a stranger's may raise anything
        raise InputError(f"the group {name!r} cannot be loaded ({type(error).__name__}: {error}); name its tasks") from error
    return [(leaf, name) for leaf in leaves]


def _unknown(manager: Any, name: str, config: LeaderboardConfig) -> ConfigError:
    for folder in task_folders(config):
        for path in folder.rglob(f"{name}.yaml"):
            try:
                manager.load([str(path)])
            except Exception as error:  # lm-eval passes over a file that it cannot read; the user wants to know why
                return ConfigError(f"{path}: lm-eval cannot read this task ({type(error).__name__}: {error})")
    hint = "" if config.lm_eval_tasks else " Tasks that come with lm-eval need `lm_eval_tasks: true` (half a minute more)."
    return ConfigError(f"there is no task {name!r}.{did_you_mean(name, manager.all_tasks)}{hint}")


def _digest(names: Iterable[str], manager: Any, cache: Cache | None) -> str:
    """sha256 over the files that the tasks are written in, and over those of their data that are here and not pinned."""
    sha = hashlib.sha256()
    data: list[str] = []
    for name in names:
        entry = manager.task_index.get(name)
        path = Path(entry.yaml_path) if entry is not None and entry.yaml_path else None
        for file in _files(path) if path is not None else ():
            sha.update(file.read_bytes())
        sha.update(name.encode())
        found = data_digest(entry.cfg or {}, path.parent, cache) if path is not None else None
        data += [] if found is None else [found]
    return cache_key(task=sha.hexdigest(), data=data) if data else sha.hexdigest()


def _files(path: Path) -> list[Path]:
    """The task's file, those that it includes, and the modules that their functions are in."""
    found: list[Path] = []
    waiting = [path.resolve()]
    while waiting:
        one = waiting.pop()
        if one in found or not one.is_file():
            continue
        found.append(one)
        if one.suffix == ".py":
            continue
        text = one.read_text(encoding="utf-8")
        waiting += [(one.parent / name.strip()).resolve() for name in _INCLUDE.findall(text)]
        waiting += [(one.parent / f"{module.replace('.', '/')}.py").resolve() for module in _FUNCTION.findall(text)]
    return sorted(found)
