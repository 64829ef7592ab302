"""The entries of a leaderboard's config, each checked, with errors that name file, line and key."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harness.config_parts import BARE, TRAINED, plugin_ref
from harness.errors import did_you_mean
from harness.leaderboard.config_records import BoardModel, BoardTask, Price
from harness.registry import PluginRef
from harness.yaml_lines import Document, Keys

NAME = re.compile(r"[A-Za-z0-9][\w.-]*\Z")
_PLAIN_MODEL = PluginRef("hf", {})  # lm-eval's own; it opens folders and names on the hub
_LM_EVAL = "pretrained"  # the parameter of lm-eval's models that a plain model's name is

_SECRET = frozenset({"api_key", "token", "auth_token", "access_token", "hf_token", "password", "secret", "header", "headers"})


def refused(key: str, value: Any) -> str | None:
    """Why a parameter may not stand in a config, None where it may."""
    if key in _SECRET or key.endswith(("_secret", "_password", "_api_key")):
        return f"{key!r} would be written into the run folder; set it in the environment"
    if key == "trust_remote_code" and value:
        return "trust_remote_code runs whatever code lies beside a model; it is not supported"
    return None


def read_engine(document: Document, section: Mapping[str, Any], above: tuple[str, ...]) -> tuple[Any, PluginRef]:
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
    ref = _written(document, item, keys)
    for key, value in ref.params.items():
        why = refused(str(key), value)
        if why is not None:
            raise document.error(why, *keys, *((ref.name, key) if isinstance(item, Mapping) else ()))
    return ref


def _written(document: Document, item: Any, keys: tuple[Any, ...]) -> PluginRef:
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


def read_models(document: Document, value: Any, engine: tuple[Any, PluginRef], keys: tuple[Any, ...]) -> tuple[BoardModel, ...]:
    if not isinstance(value, list) or not value:
        raise document.error("which models? Write a list: `- train:NAME`, or `- name: NAME` with `lm_eval` or `generator`", *keys)
    names = _names([item for item in value if isinstance(item, str)])
    found: list[BoardModel] = []
    for index, item in enumerate(value):
        where = (*keys, index)
        plain = isinstance(item, str)
        model = _plain(document, item, names[item], engine, where) if plain else _named(document, item, where)
        same = next((other.name for other in found if other.name.casefold() == model.name.casefold()), None)
        if same == model.name:
            raise document.error(f"{model.name!r} is here twice; names tell models apart", *where)
        if same is not None:
            message = f"{model.name!r} and {same!r} differ in case only, and on some systems their folders are one; rename one"
            raise document.error(message, *where)
        found.append(model)
    return tuple(found)


def _names(items: Sequence[str]) -> dict[str, str]:
    """A name for each model that is only named: the last part of its path, and more of it where others end alike."""
    parts = {item: [one for one in item.removeprefix(TRAINED).split("/") if one not in ("", ".")] for item in items}
    taken = dict.fromkeys(parts, 1)
    while True:
        names = {item: "-".join(parts[item][-count:]) for item, count in taken.items()}
        often = Counter(name.casefold() for name in names.values())
        alike = [item for item in names if often[names[item].casefold()] > 1 and taken[item] < len(parts[item])]
        if not alike:
            return names
        for item in alike:
            taken[item] += 1


def _plain(document: Document, item: str, name: str, engine: tuple[Any, PluginRef], keys: tuple[Any, ...]) -> BoardModel:
    """A model that is only named: a folder, a name on the hub, or `train:NAME`."""
    by, ref = engine
    if not NAME.match(name):
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
    if not isinstance(name, str) or not NAME.match(name):
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


def read_tasks(document: Document, value: Any, keys: tuple[Any, ...]) -> tuple[BoardTask, ...]:
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
    limit, shots = (
        read_whole(document, settings, "limit", where, least=1),
        read_whole(document, settings, "shots", where, least=0),
    )
    return BoardTask(name=name, limit=limit, shots=shots)


def read_metrics(document: Document, value: Any, keys: tuple[Any, ...]) -> tuple[PluginRef, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise document.error("expected a list of metrics: `[rouge-l, chrf]`", *keys)
    return tuple(_plugin(document, item, (*keys, index)) for index, item in enumerate(value))


def read_folders(document: Document, section: Mapping[str, Any], key: str, above: Keys) -> tuple[str, ...]:
    value = section.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise document.error(f"expected a list of folders, got {value!r:.80}", *above, key)
    return tuple(value)


def read_text(document: Document, section: Mapping[str, Any], key: str, above: Keys) -> str | None:
    value = section.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise document.error(f"expected text, got {value!r:.80}", *above, key)
    return value


def read_flag(document: Document, section: Mapping[str, Any], key: str, above: Keys) -> bool:
    value = section.get(key, False)
    if not isinstance(value, bool):
        raise document.error(f"expected true or false, got {value!r:.80}", *above, key)
    return value


def read_whole(document: Document, section: Mapping[str, Any], key: str, above: Keys, *, least: int) -> int | None:
    value = section.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise document.error(f"expected a whole number of at least {least}, got {value!r:.80}", *above, key)
    return value
