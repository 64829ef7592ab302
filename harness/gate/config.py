"""The gate's config: which metrics are held to which baseline, on which pairs and judged sets, and what is too much."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.config import find_config, shipped
from harness.config_parts import check_keys, plugin_files, plugin_ref, section_of, text_of
from harness.errors import ConfigError, InputError, did_you_mean
from harness.gate.judges_config import load_judges
from harness.registry import PluginRef
from harness.yaml_lines import Document, Keys, read_yaml

DEFAULT = "gate/gate.yaml"
_KEYS = (
    "baseline",
    "metrics",
    "tolerances",
    "pairs",
    "off_pairs",
    "judgments",
    "agreement",
    "cost",
    "statistics",
    "judges",
    "plugins",
)


class AgreementOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When agreement with people has fallen: calibrated pairwise accuracy now minus then, paired, against `-margin`.

    Each of the two bounds is one-sided and holds with (1 + level) / 2; the upper one is moved out by Holm's correction.
    """

    margin: float = 0.02
    level: float = 0.95
    resamples: int = 2000
    seed: int = 0
    inconclusive: Literal["strict", "lenient"] = "lenient"

    def __post_init__(self) -> None:
        if not 0 <= self.margin < 1:
            raise ValueError(f"margin must lie from 0 to below 1, got {self.margin:g}")
        if not 0.5 <= self.level <= 0.9999:
            raise ValueError(f"level must lie from 0.5 to 0.9999 (more asks for millions of resamples), got {self.level:.10g}")
        if not 100 <= self.resamples <= 1_000_000:
            raise ValueError(f"resamples must lie from 100 to 1,000,000, got {self.resamples}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")


class CostOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many times slower, beside the calibration job, and larger than in the baseline a metric may be; None: not looked at."""

    slower: float | None = 3.0
    larger: float | None = 2.0

    def __post_init__(self) -> None:
        for name in ("slower", "larger"):
            value = getattr(self, name)
            if value is not None and not value > 1:
                raise ValueError(f"{name} must be more than 1, or null, got {value}")


class GatedSet(msgspec.Struct, frozen=True, kw_only=True):
    """A judged set: its source, whether it may be absent on a machine, and the metrics held to it (None: all)."""

    ref: PluginRef
    optional: bool = False
    metrics: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        """The source as the config has it."""
        return str(self.ref)


class GateConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What `harness gate` does. `file` is where it was read from; the paths are absolute. `judges`: metrics that ask language
    models, label → the file of their recorded replies. `off_pairs`: metrics, by label or name, that are asked about judged sets
    only. `part`: only some of what the file lists is looked at."""

    file: Path
    baseline: Path
    metrics: tuple[PluginRef, ...]
    tolerances: Mapping[str, float] = {}
    pairs: tuple[Path, ...] = ()
    off_pairs: tuple[str, ...] = ()
    judgments: tuple[GatedSet, ...] = ()
    agreement: AgreementOptions = AgreementOptions()
    cost: CostOptions = CostOptions()
    statistics: Path | None = None
    judges: Path | None = None
    only_judges: tuple[str, ...] = ()  # their labels; none: all of them
    plugins: tuple[str, ...] = ()
    part: bool = False


def load_gate(path: str | Path | None = None) -> GateConfig:
    """The gate in the file; ConfigError naming file, line and key.

    Without a path: `gate.yaml` in the current folder; in a checkout of this program, the gate of its own metrics. Elsewhere that
    one has to be named (`gate/gate.yaml`): metrics that nobody changed would pass in place of those that were meant.
    """
    file = (_own() if path is None else find_config(path)).absolute()
    document = read_yaml(file)
    check_keys(document, document.value, _KEYS)
    metrics = _metrics(document)
    baseline = text_of(document, "baseline") or "baseline.json"
    pairs = _paths(document, "pairs")
    sets = _sets(document, metrics, [set_name(one) for one in pairs])
    return GateConfig(
        file=file,
        baseline=file.parent / Path(baseline).expanduser(),
        metrics=metrics,
        tolerances=_tolerances(document, metrics),
        pairs=pairs,
        off_pairs=_off_pairs(document, metrics, sets),
        judgments=sets,
        agreement=section_of(document, "agreement", AgreementOptions),
        cost=section_of(document, "cost", CostOptions),
        statistics=_path(document, "statistics"),
        judges=_path(document, "judges"),
        plugins=plugin_files(document),
    )


def _own() -> Path:
    """The gate of the current folder."""
    here, folder = Path.cwd(), shipped("configs")
    checkout = folder.parent if folder.parent.name != "_data" else None
    for place in (here / "gate.yaml", here / "configs" / DEFAULT):
        if place.is_file():
            return place
    if checkout is not None and here.resolve().is_relative_to(checkout.resolve()):
        return folder / DEFAULT
    raise ConfigError(
        f"there is no gate.yaml in {here}: go to the folder that holds it, name the file with --config, or make a gate with "
        f"`harness gate new` (`--config {DEFAULT}` is the gate of the metrics that come with the program)"
    )


def _metrics(document: Document) -> tuple[PluginRef, ...]:
    value = document.value.get("metrics") or []
    if not isinstance(value, list):
        raise document.error(f"expected a list of metrics, got {value!r:.80}; write `metrics: [chrf, rouge-l]`", "metrics")
    refs: list[PluginRef] = []
    for index, item in enumerate(value):
        ref, _ = _entry(document, item, ("metrics", index))
        if ref in refs:
            raise document.error(f"metric {str(ref)!r} is here twice", "metrics", index)
        refs.append(ref)
    return tuple(refs)


def _entry(document: Document, item: Any, keys: Keys) -> tuple[PluginRef, dict[str, Any]]:
    """The plugin of a list's entry, with the parameters that stand below its name."""
    name, params = item, None
    if isinstance(item, Mapping):
        if len(item) != 1:
            raise document.error("expected one name with its parameters: `- rouge-l: {stemmer: swedish}`", *keys)
        [(name, params)] = item.items()
    if params is not None and not isinstance(params, Mapping):
        raise document.error(f"expected parameters (`{{stemmer: swedish}}`), got {params!r:.80}", *keys)
    return plugin_ref(document, name, params or {}, keys), dict(params or {})


def _tolerances(document: Document, metrics: tuple[PluginRef, ...]) -> dict[str, float]:
    value = document.value.get("tolerances") or {}
    if not isinstance(value, Mapping):
        raise document.error("expected metrics with numbers: `tolerances: {bertscore: 1e-5}`", "tolerances")
    known = _names(metrics)
    for label, tolerance in value.items():
        if label not in known:
            raise document.error(f"no metric of this gate is called {label!r}: {', '.join(sorted(known))}", "tolerances", label)
        if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance < float("inf"):
            raise document.error(f"expected a number from 0 up, got {tolerance!r}", "tolerances", label)
    return {label: float(tolerance) for label, tolerance in value.items()}


def _off_pairs(document: Document, known: tuple[PluginRef, ...], sets: tuple[GatedSet, ...]) -> tuple[str, ...]:
    value = document.value.get("off_pairs") or []
    if not isinstance(value, list):
        raise document.error("expected a list of the gate's metrics that are asked about judged sets only", "off_pairs")
    for index, name in enumerate(value):
        if name not in _names(known):
            text = f"no metric of this gate is called {name!r}.{did_you_mean(str(name), _names(known))}"
            raise document.error(text, "off_pairs", index)
        for ref in known:
            if name in (str(ref), ref.name) and not any(held_to(one, ref) for one in sets):
                text = f"{str(ref)!r} would be asked about nothing: no set below `judgments` is for it"
                raise document.error(text, "off_pairs", index)
    return tuple(value)


def held_to(gated: GatedSet, metric: PluginRef) -> bool:
    """Whether the metric is to agree with people on the set."""
    return gated.metrics is None or str(metric) in gated.metrics or metric.name in gated.metrics


def _names(metrics: Iterable[PluginRef]) -> set[str]:
    """What the config may call its metrics: by label, or all of a name."""
    return {name for ref in metrics for name in (str(ref), ref.name)}


def _sets(document: Document, known: tuple[PluginRef, ...], pairs: Collection[str]) -> tuple[GatedSet, ...]:
    value = document.value.get("judgments") or []
    if not isinstance(value, list):
        raise document.error("expected a list of judgment sources: `judgments: [contrast-sv]`", "judgments")
    found: list[GatedSet] = []
    for index, item in enumerate(value):
        ref, _ = _entry(document, item, ("judgments", index))
        params = dict(ref.params)
        optional, metrics = params.pop("optional", False), params.pop("metrics", None)
        if not isinstance(optional, bool):
            raise document.error(f"optional is true or false, got {optional!r}", "judgments", index)
        if metrics is not None and not (isinstance(metrics, list) and all(isinstance(one, str) for one in metrics)):
            raise document.error("metrics is a list of the gate's metrics, as it writes them", "judgments", index)
        for name in metrics or ():
            if name not in _names(known):
                text = f"no metric of this gate is called {name!r}.{did_you_mean(name, _names(known))}"
                raise document.error(text, "judgments", index)
        chosen = None if metrics is None else tuple(metrics)
        one = GatedSet(ref=PluginRef(ref.name, params), optional=optional, metrics=chosen)
        if one.label in {other.label for other in found}:
            raise document.error(f"the set {one.label!r} is here twice", "judgments", index)
        if one.label in pairs:
            text = f"a file of pairs is called {one.label}, too, and the baseline keeps one set of a name: rename the file"
            raise document.error(text, "judgments", index)
        found.append(one)
    return tuple(found)


def _paths(document: Document, key: str) -> tuple[Path, ...]:
    value = document.value.get(key) or []
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise document.error("expected a list of files", key)
    files: dict[str, Path] = {}
    for index, item in enumerate(listed):
        keys: Keys = (key, index) if isinstance(value, list) else (key,)
        file = _file(document, item, keys)
        other = files.setdefault(set_name(file), file)
        if other is not file:
            text = f"{other} and {file} have one name, and the baseline keeps one set of a name: rename one of them"
            raise document.error(text, *keys)
    return tuple(files.values())


def _path(document: Document, key: str) -> Path | None:
    value = document.value.get(key)
    return None if value is None else _file(document, value, (key,))


def _file(document: Document, value: Any, keys: Keys) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise document.error(f"expected a path, got {value!r:.80}", *keys)
    path = document.path.parent / Path(value).expanduser()
    if not path.exists():
        raise document.error(f"there is no {path} (paths are relative to the config file)", *keys)
    return path


def chosen(config: GateConfig, wanted: tuple[str, ...]) -> GateConfig:
    """The gate of some of its metrics only, by label or by name, of its `judges` or some of them likewise, or of `meta` (the
    statistics); InputError for one that it does not have."""
    if not wanted:
        return config
    metrics = _names(config.metrics)
    listed = () if config.judges is None else load_judges(config.judges).judges
    judges = {judge.label: {judge.label, judge.ref.name} for judge in listed}
    parts = {"judges": config.judges, "meta": config.statistics}
    for one in wanted:
        if parts.get(one) is None and one not in metrics.union(*judges.values()):
            known = ", ".join([*(str(ref) for ref in config.metrics), *(name for name, path in parts.items() if path), *judges])
            raise InputError(f"{config.file}: no metric {one!r}; there are {known}")
    some_judges = tuple(label for label, names in judges.items() if names & {*wanted})
    return msgspec.structs.replace(
        config,
        metrics=tuple(ref for ref in config.metrics if str(ref) in wanted or ref.name in wanted),
        judges=config.judges if some_judges or "judges" in wanted else None,
        only_judges=() if "judges" in wanted else some_judges,
        statistics=config.statistics if "meta" in wanted else None,
        part=True,
    )


def set_name(path: Path) -> str:
    """The name under which the baseline keeps a file of pairs."""
    return re.sub(r"\.jsonl?$", "", path.name)
