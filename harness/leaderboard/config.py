"""Leaderboard configs: which models do which tasks, with how many items, and what tells how far the metrics can be trusted.

A config is a file of its own (`harness leaderboard run`), or the section `leaderboard` of an experiment's.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.config import find_config
from harness.config_parts import BARE, TRAINED, check_keys, plugin_files, plugin_ref
from harness.errors import did_you_mean
from harness.registry import PluginRef
from harness.yaml_lines import Document, Keys, read_yaml

SEED = 1234  # lm-eval's own, of the examples in prompts
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*\Z")
_PLAIN_MODEL = PluginRef("hf", {})  # lm-eval's own; it opens folders and names on the hub
_LM_EVAL = "pretrained"  # the parameter of lm-eval's models that a plain model's name is
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


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """US dollars: for a million tokens read (`input`) and written (`output`), and for an hour of the machine (`hour`)."""

    input: float = 0.0
    output: float = 0.0
    hour: float = 0.0


class BoardModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model under the name that it has on the board, opened as one of lm-eval's models or by a generator plugin.

    A parameter `train:NAME` is the checkpoint of that training (`LeaderboardConfig.trainings`).
    """

    name: str
    by: Literal["lm_eval", "generator"]
    plugin: PluginRef
    price: Price | None = None


class BoardTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task, a tag or a group of lm-eval's; what is None is as the config (`limit`, `shots`) or the task says."""

    name: str
    limit: int | None = None
    shots: int | None = None


class LeaderboardConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `harness leaderboard run` does.

    `task_folders`: searched before the shipped tasks; `lm_eval_tasks`: lm-eval's own too (indexing them takes half a minute).
    `limit`: the first items of each task; `shots`: examples in the prompt; `chat`: prompts in the model's chat template.
    `metrics`: plugins that also score the kept answers of tasks that generate. `metaevaluations`: run folders that tell how far
    metrics agree with people. `trainings`: a run folder of `harness train`, for `train:NAME` and for contamination flags.
    `seed`: of the examples in prompts, and of resampling.
    """

    name: str
    models: tuple[BoardModel, ...]
    tasks: tuple[BoardTask, ...]
    task_folders: tuple[str, ...] = ()
    lm_eval_tasks: bool = False
    limit: int | None = None
    shots: int | None = None
    chat: bool = False
    metrics: tuple[PluginRef, ...] = ()
    metaevaluations: tuple[str, ...] = ()
    trainings: str | None = None
    seed: int = SEED
    output: str
    plugins: tuple[str, ...] = ()


def load_leaderboard(path: str | Path) -> LeaderboardConfig:
    """The leaderboard in the file (the user's, or a shipped one by its name); ConfigError naming file, line and key."""
    file = find_config(path)
    document = read_yaml(file)
    check_keys(document, document.value, ("name", *_SECTION, "output", "plugins"))
    name = _text(document, document.value, "name", ()) or file.stem
    if not _NAME.match(name):
        raise document.error(f"{name!r} is to be a folder's name: use letters, digits, hyphens and dots", "name")
    output = _text(document, document.value, "output", ()) or f"runs/{name}"
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
    engine = _engine(document, section, above)
    config = LeaderboardConfig(
        name=name,
        models=_models(document, section.get("models"), engine, (*above, "models")),
        tasks=_tasks(document, section.get("tasks"), (*above, "tasks")),
        task_folders=_folders(document, section, "task_folders", above),
        lm_eval_tasks=_flag(document, section, "lm_eval_tasks", above),
        limit=_whole(document, section, "limit", above, least=1),
        shots=_whole(document, section, "shots", above, least=0),
        chat=_flag(document, section, "chat", above),
        metrics=_metrics(document, section.get("metrics"), (*above, "metrics")),
        metaevaluations=_folders(document, section, "metaevaluations", above),
        trainings=_text(document, section, "trainings", above),
        seed=_whole(document, section, "seed", above, least=0) or SEED,
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


def _told_model(model: BoardModel) -> dict[str, Any]:
    told: dict[str, Any] = {"name": model.name, model.by: {model.plugin.name: dict(model.plugin.params)}}
    return told if model.price is None else {**told, "price": msgspec.to_builtins(model.price)}


def _told_task(task: BoardTask) -> Any:
    settings = {key: getattr(task, key) for key in ("limit", "shots") if getattr(task, key) is not None}
    return {task.name: settings} if settings else task.name


def _engine(document: Document, section: Mapping[str, Any], above: tuple[str, ...]) -> tuple[Any, PluginRef]:
    """How models are opened that are named and nothing else: `lm_eval` or `generator`, and which one with what parameters."""
    value = section.get("engine")
    if value is None:
        return "lm_eval", _PLAIN_MODEL
    return _opened(document, value, (*above, "engine"))


def _opened(document: Document, value: Any, keys: tuple[Any, ...]) -> tuple[Any, PluginRef]:
    if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in ("lm_eval", "generator"):
        raise document.error("expected `lm_eval: {hf: {…}}` or `generator: {PLUGIN: {…}}`", *keys)
    [(by, what)] = value.items()
    return by, _plugin(document, what, (*keys, by))


def _plugin(document: Document, item: Any, keys: tuple[Any, ...]) -> PluginRef:
    name, params = item, None
    if isinstance(item, Mapping):
        if len(item) != 1:
            raise document.error("expected one name with its parameters", *keys)
        [(name, params)] = item.items()
        if params is not None and not isinstance(params, Mapping):
            raise document.error(f"expected parameters below {name!r}, got {params!r:.80}", *keys, name)
    if keys[-1] == "lm_eval":  # no plugin of ours: its name and parameters are as lm-eval has them
        if not isinstance(name, str) or not name.strip():
            raise document.error(f"expected a name of one of lm-eval's models, got {name!r:.80}", *keys)
        return PluginRef(name, dict(params or {}))
    return plugin_ref(document, name, params or {}, keys)


def _models(document: Document, value: Any, engine: tuple[Any, PluginRef], keys: tuple[Any, ...]) -> tuple[BoardModel, ...]:
    if not isinstance(value, list) or not value:
        raise document.error("which models? Write a list: `- train:NAME`, or `- name: NAME` with `lm_eval` or `generator`", *keys)
    found: list[BoardModel] = []
    for index, item in enumerate(value):
        where = (*keys, index)
        model = _plain(document, item, engine, where) if isinstance(item, str) else _named(document, item, where)
        if model.name in [other.name for other in found]:
            raise document.error(f"{model.name!r} is here twice; names tell models apart", *where)
        found.append(model)
    return tuple(found)


def _plain(document: Document, item: str, engine: tuple[Any, PluginRef], keys: tuple[Any, ...]) -> BoardModel:
    """A model that is only named: a folder, a name on the hub, or `train:NAME`."""
    by, ref = engine
    name = item.removeprefix(TRAINED).rstrip("/").rpartition("/")[2]
    if not _NAME.match(name):
        raise document.error(f"{item!r} makes no name for a board; write `- name: NAME` with `lm_eval` or `generator`", *keys)
    parameter = _LM_EVAL if by == "lm_eval" else BARE
    return BoardModel(name=name, by=by, plugin=PluginRef(ref.name, {**ref.params, parameter: item}))


def _named(document: Document, item: Any, keys: tuple[Any, ...]) -> BoardModel:
    if not isinstance(item, Mapping):
        raise document.error(f"expected a model's name or keys and values, got {item!r:.80}", *keys)
    for key in item:
        if key not in ("name", "lm_eval", "generator", "price"):
            known = ("name", "lm_eval", "generator", "price")
            raise document.error(f"unknown key {key!r}.{did_you_mean(key, known)}", *keys, key)
    name = item.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise document.error(f"{name!r} is no name: use letters, digits, hyphens and dots", *keys, "name")
    ways = [key for key in ("lm_eval", "generator") if key in item]
    if len(ways) != 1:
        raise document.error("expected one of `lm_eval: {hf: {…}}` and `generator: {PLUGIN: {…}}`", *keys)
    by, ref = _opened(document, {ways[0]: item[ways[0]]}, keys)
    return BoardModel(name=name, by=by, plugin=ref, price=_price(document, item.get("price"), (*keys, "price")))


def _price(document: Document, value: Any, keys: tuple[Any, ...]) -> Price | None:
    if value is None:
        return None
    try:
        price = msgspec.convert(value, Price)
    except msgspec.ValidationError as error:
        raise document.error(f"expected `input`, `output` (dollars a million tokens), `hour`: {error}", *keys) from error
    if min(price.input, price.output, price.hour) < 0:
        raise document.error("a price is at least 0", *keys)
    return price


def _tasks(document: Document, value: Any, keys: tuple[Any, ...]) -> tuple[BoardTask, ...]:
    if not isinstance(value, list) or not value:
        raise document.error("which tasks? Write a list: `[sv_swenli, sv_swefaq]`", *keys)
    found: list[BoardTask] = []
    for index, item in enumerate(value):
        task = _task(document, item, (*keys, index))
        if task.name in [other.name for other in found]:
            raise document.error(f"the task {task.name!r} is here twice; keep one", *keys, index)
        found.append(task)
    return tuple(found)


def _task(document: Document, item: Any, keys: tuple[Any, ...]) -> BoardTask:
    if isinstance(item, str) and item.strip():
        return BoardTask(name=item)
    if not isinstance(item, Mapping) or len(item) != 1:
        raise document.error(f"expected a task's name, or `NAME: {{limit: 20, shots: 0}}`, got {item!r:.80}", *keys)
    [(name, settings)] = item.items()
    if not isinstance(settings, Mapping):
        raise document.error(f"expected `limit` or `shots` below {name!r}, got {settings!r:.80}", *keys, name)
    for key in settings:
        if key not in ("limit", "shots"):
            raise document.error(f"unknown key {key!r}.{did_you_mean(key, ('limit', 'shots'))}", *keys, name, key)
    where = (*keys, name)
    limit, shots = _whole(document, settings, "limit", where, least=1), _whole(document, settings, "shots", where, least=0)
    return BoardTask(name=name, limit=limit, shots=shots)


def _metrics(document: Document, value: Any, keys: tuple[Any, ...]) -> tuple[PluginRef, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise document.error("expected a list of metrics: `[rouge-l, chrf]`", *keys)
    return tuple(_plugin(document, item, (*keys, index)) for index, item in enumerate(value))


def _folders(document: Document, section: Mapping[str, Any], key: str, above: Keys) -> tuple[str, ...]:
    value = section.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise document.error(f"expected a list of folders, got {value!r:.80}", *above, key)
    return tuple(value)


def _text(document: Document, section: Mapping[str, Any], key: str, above: Keys) -> str | None:
    value = section.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise document.error(f"expected text, got {value!r:.80}", *above, key)
    return value


def _flag(document: Document, section: Mapping[str, Any], key: str, above: Keys) -> bool:
    value = section.get(key, False)
    if not isinstance(value, bool):
        raise document.error(f"expected true or false, got {value!r:.80}", *above, key)
    return value


def _whole(document: Document, section: Mapping[str, Any], key: str, above: Keys, *, least: int) -> int | None:
    value = section.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise document.error(f"expected a whole number of at least {least}, got {value!r:.80}", *above, key)
    return value


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
