"""The sections of an experiment config, read from its document: builds, trainings and their seeds, systems, metrics, board."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harness.build.config import BuildConfig, build_config_of
from harness.config_parts import BARE, TRAINED, check_keys, plugin_ref, section_of
from harness.experiment_records import SEED, HoldOut, Named, System, Training, run_name, with_seed
from harness.leaderboard.config import LeaderboardConfig, leaderboard_of
from harness.registry import PluginRef
from harness.yaml_lines import Document, Keys

NAME = re.compile(r"[A-Za-z0-9][\w.-]*\Z")
BUILD = "build:"  # before a build's name, where examples are wanted


def builds_of(document: Document, plugins: tuple[str, ...]) -> tuple[BuildConfig, ...]:
    """The builds of the section `build`: one, or a list of several with names."""
    value = document.value.get("build")
    if value is None:
        return ()
    known = tuple(key for key in BuildConfig.__struct_fields__ if key not in ("output", "plugins"))
    parts = (
        [document.part("build", place) for place in range(len(value))] if isinstance(value, list) else [document.part("build")]
    )
    found: list[BuildConfig] = []
    for place, part in enumerate(parts, 1):
        check_keys(part, part.value, known)
        one = build_config_of(part, "data" if len(parts) == 1 else f"data-{place}", plugins)
        if one.name in [other.name for other in found]:
            raise part.error(f"the build {one.name!r} is here twice; names tell their folders apart", "name")
        found.append(msgspec.structs.replace(one, output=""))
    return tuple(found)


def trainings_of(document: Document, builds: Sequence[BuildConfig]) -> tuple[Training, ...]:
    """The trainings of the section `train`; ConfigError for a name that is there twice, the seeds' names among them."""
    value = document.value.get("train")
    optional = {"seeds": "a list of whole numbers", "examples": "a folder, a file or build:NAME", "hold_out": "true or false"}
    found: list[Training] = []
    for index, (one, item) in enumerate(_listed(document, value, "trainer", ("train",), tuple(optional))):
        where: Keys = ("train", index)
        seeds, examples, held = item.get("seeds"), item.get("examples"), item.get("hold_out", True)
        seeds = [] if seeds is None else seeds
        if not isinstance(seeds, list) or any(isinstance(seed, bool) or not isinstance(seed, int) or seed < 0 for seed in seeds):
            raise document.error(f"expected {optional['seeds']}, got {seeds!r:.80}", *where, "seeds")
        if len(set(seeds)) < len(seeds):
            raise document.error("a seed is here twice; keep one", *where, "seeds")
        if seeds and SEED in one.plugin.params:
            raise document.error(f"the parameter {SEED!r} is given beside `seeds`; keep one", *where, "seeds")
        if examples is not None and not isinstance(examples, str):
            raise document.error(f"expected {optional['examples']}, got {examples!r:.80}", *where, "examples")
        if examples is not None and examples.startswith(BUILD):
            names = [build.name for build in builds]
            if examples.removeprefix(BUILD) not in names:
                message = f"{examples!r}: no build has this name; there are {', '.join(names) or 'none'}"
                raise document.error(message, *where, "examples")
        if not isinstance(held, bool):
            raise document.error(f"expected {optional['hold_out']}, got {held!r:.80}", *where, "hold_out")
        new = Training(name=one.name, plugin=one.plugin, seeds=tuple(seeds), examples=examples, hold_out=held)
        new = msgspec.structs.replace(new, bases=_bases(document, new, found, (*where, "trainer", one.plugin.name)))
        taken = {run.name for other in found for run in other.runs()}
        twice = next((run.name for run in new.runs() if run.name in taken), None)
        if twice is not None:
            raise document.error(f"two trainings are called {twice!r}, one of them for its seed; rename one", *where, "name")
        found.append(new)
    return tuple(found)


def _bases(document: Document, new: Training, before: Sequence[Training], where: Keys) -> tuple[str, ...]:
    """The trainings with seeds that it begins with, seed by seed; ConfigError where `train:NAME` stands for none before it."""
    runs = {run.name for one in before for run in one.runs()}
    seeds = {one.name: one.seeds for one in before if one.seeds}
    found = []
    for key, value in new.plugin.params.items():
        if not isinstance(value, str) or not value.startswith(TRAINED) or (name := value.removeprefix(TRAINED)) in runs:
            continue
        if name not in seeds:
            known = ", ".join(sorted({*runs, *seeds})) or "none"
            message = f"{value!r}: no training above this one has this name; there are {known}"
            raise document.error(message, *where, key)
        if not new.seeds or not set(new.seeds) <= set(seeds[name]):
            message = f"{value!r} has the seeds {', '.join(map(str, seeds[name]))}: give this training some of them"
            raise document.error(f"{message}, or name one run ({TRAINED}{run_name(name, seeds[name][0])})", *where, key)
        found.append(name)
    return tuple(found)


def params_of(document: Document, value: Any, key: str, keys: Keys) -> tuple[Named, ...]:
    """A list of names with a plugin each."""
    return tuple(one for one, _ in _listed(document, value, key, keys, ()))


def systems_of(answering: Sequence[Named], trainings: Sequence[Training]) -> tuple[System, ...]:
    """One system a seed of the training that its parameters name."""
    seeds = {one.name: one.seeds for one in trainings if one.seeds}
    found: list[System] = []
    for one in answering:
        named = [v.removeprefix(TRAINED) for v in one.plugin.params.values() if isinstance(v, str) and v.startswith(TRAINED)]
        training = next((name for name in named if name in seeds), None)
        if training is None:
            found.append(System(name=one.name, plugin=one.plugin, group=one.name))
            continue
        for seed in seeds[training]:
            params = with_seed(one.plugin.params, training, seed)
            found.append(System(name=run_name(one.name, seed), plugin=PluginRef(one.plugin.name, params), group=one.name))
    return tuple(found)


def splits_of(document: Document, section: Mapping[str, Any]) -> tuple[str, ...]:
    """`split`: a split's name, or several."""
    value = section.get("split")
    listed = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) and one.strip() for one in listed):
        raise document.error(f"expected a split's name or a list of them, got {value!r:.80}", "generate", "split")
    return tuple(dict.fromkeys(listed))


def limit_of(document: Document, section: Mapping[str, Any]) -> int | None:
    """`limit`: a whole number of at least 1."""
    value = section.get("limit")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise document.error(f"expected a whole number of at least 1, got {value!r:.80}", "generate", "limit")
    return value


def hold_out_of(document: Document) -> HoldOut:
    """The section `hold_out`; `false` is short for looking at nothing."""
    if document.value.get("hold_out") is False:
        return HoldOut(words=0)
    return section_of(document, "hold_out", HoldOut)


def metrics_of(document: Document, section: Mapping[str, Any]) -> tuple[PluginRef, ...]:
    """The metrics of the section `score`."""
    return _refs(document, section.get("metrics"), "a metric", ("score", "metrics"))


def sources_of(document: Document, section: Mapping[str, Any]) -> tuple[PluginRef, ...]:
    """The judgment sources of the section `metaevaluate`."""
    return _refs(document, section.get("judgments"), "a judgment source", ("metaevaluate", "judgments"))


def leaderboard_part(
    document: Document, name: str, trainings: Sequence[Training], systems: Sequence[System], plugins: tuple[str, ...]
) -> LeaderboardConfig | None:
    """The section `leaderboard`, `train:NAME` standing for every seed of that training; its models are the systems by default."""
    section = document.value.get("leaderboard")
    if section is None:
        return None
    trained = tuple(run.name for one in trainings for run in one.runs())
    if isinstance(section, Mapping):
        seeds = {one.name: one.seeds for one in trainings if one.seeds}
        models = section.get("models")
        if models is None:
            models = [{"name": one.name, "generator": {one.plugin.name: dict(one.plugin.params)}} for one in systems]
        elif isinstance(models, list):
            models = [one for item in models for one in _board_models(item, seeds)]
        section = {**section, "models": models}
    return leaderboard_of(document, section, ("leaderboard",), name=name, output="", plugins=plugins, trained=trained)


def _board_models(item: Any, seeds: Mapping[str, Sequence[int]]) -> list[Any]:
    """The item of a board's models, or one of it for each seed of the training that it names."""
    if isinstance(item, str) and item.startswith(TRAINED):
        training = item.removeprefix(TRAINED)
        return [f"{TRAINED}{run_name(training, seed)}" for seed in seeds[training]] if training in seeds else [item]
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        return [item]
    for by in ("lm_eval", "generator"):
        opened = item.get(by)
        if not isinstance(opened, Mapping) or len(opened) != 1:
            continue
        [(plugin, params)] = opened.items()
        values = params.values() if isinstance(params, Mapping) else ()
        named = [v.removeprefix(TRAINED) for v in values if isinstance(v, str) and v.startswith(TRAINED)]
        seeded = next((name for name in named if name in seeds), None)
        if seeded is not None:
            return [
                {**item, "name": run_name(item["name"], seed), by: {plugin: with_seed(params, seeded, seed)}}
                for seed in seeds[seeded]
            ]
    return [item]


def _listed(
    document: Document, value: Any, key: str, keys: Keys, optional: tuple[str, ...]
) -> list[tuple[Named, Mapping[str, Any]]]:
    """A list of items with the keys `name`, `key` (a plugin) and perhaps the optional ones; each with its plain mapping."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise document.error(f"expected a list: `- name: NAME` with `{key}: {{PLUGIN: {{…}}}}`", *keys)
    found: list[tuple[Named, Mapping[str, Any]]] = []
    for index, item in enumerate(value):
        where = (*keys, index)
        if not isinstance(item, Mapping) or not {"name", key} <= set(item) <= {"name", key, *optional}:
            others = f", and perhaps {', '.join(f'`{one}`' for one in optional)}" if optional else ""
            raise document.error(f"expected the keys `name` and `{key}`{others}", *where)
        name = item["name"]
        if not isinstance(name, str) or not NAME.match(name):
            raise document.error(f"{name!r} is no name: use letters, digits, hyphens and dots", *where, "name")
        if name in [other.name for other, _ in found]:
            raise document.error(f"{name!r} is here twice; names tell checkpoints and systems apart", *where, "name")
        found.append((Named(name=name, plugin=_plugin(document, item[key], (*where, key))), item))
    return found


def _refs(document: Document, value: Any, what: str, keys: Keys) -> tuple[PluginRef, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise document.error(f"expected a list, each {what} with its parameters, got {value!r:.80}", *keys)
    found: list[PluginRef] = []
    for index, item in enumerate(value):
        ref = _plugin(document, item, (*keys, index))
        if ref in found:
            raise document.error(f"{str(ref)!r} is here twice; keep one", *keys, index)
        found.append(ref)
    return tuple(found)


def _plugin(document: Document, item: Any, keys: Keys) -> PluginRef:
    name, params = item, None
    if isinstance(item, Mapping):
        if len(item) != 1:
            raise document.error("expected one plugin with its parameters", *keys)
        [(name, params)] = item.items()
        if params is not None and not isinstance(params, Mapping):
            raise document.error(f"expected parameters below {name!r}, got {params!r:.80}", *keys, name)
    ref = plugin_ref(document, name, params or {}, keys)
    if BARE in ref.params:
        raise document.error(f"give parameters by name: `{ref.name}: {{key: value}}`", *keys)
    return ref
