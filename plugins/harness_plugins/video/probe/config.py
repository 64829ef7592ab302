"""What a probe is, read from a YAML file: every wrong key or value is named with its line before anything is computed.

`harness probe run` probes checkpoints that there are (`ProbeRun`), `harness probe experiment` trains them first, by arm, size
and seed (`Experiment`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.config_parts import check_keys, section_of
from harness.errors import ConfigError
from harness.yaml_lines import Document, read_yaml
from harness_plugins.video.controls import KINDS

ONE_SIZE = "one size"  # of models that are compared at one size, which then needs no name
TOGETHER, LEFT_TO_RIGHT = "together", "left-to-right"
_KINDS = ", ".join(KINDS)
_SEEDS = 2**63 - 1  # the largest that every generator and table takes


def _check_between(held: msgspec.Struct, limits: Mapping[str, tuple[int, int]]) -> None:
    """ValueError naming the first setting that lies outside its limits."""
    for name, (least, most) in limits.items():
        value = getattr(held, name)
        if value < least:
            raise ValueError(f"{name} is at least {least:,}, got {value}")
        if value > most:
            raise ValueError(f"{name} is at most {most:,}, got {value}")


class Probing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which words are probed where, and how they are asked for.

    `norms`: parameters of `norms.read_norms` (`source: glasgow` or a table; none: a world's own, else Glasgow's);
    `frequencies`: of `frequency.read_frequencies`, None: counted in the text of the split `train`; `classes`: a table with
    columns `word` and `word_class`. `language` and `split`: of the examples that are probed, None for all (of one language, that
    of the norms). `shown`: what stands in the video's place when a model is asked; what it was trained with is asked anyway.
    `how`: `together` masks all tokens of a word at once, `left-to-right` uncovers them one by one (the chain rule within the
    word; Kauf & Ivanova 2023). `most`: occurrences of a word. `batch_tokens`: of a batch, which changes no result. `seed`: of
    shuffled videos.
    """

    norms: dict[str, Any] = {}
    frequencies: dict[str, Any] | None = None
    classes: str | None = None
    language: str | None = None
    split: str | None = "test"
    shown: tuple[str, ...] = ("real", "none", "blank", "shuffled")
    how: Literal["together", "left-to-right"] = "together"
    most: int | None = 50
    batch_tokens: int = 16384
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = [one for one in self.shown if one not in KINDS]
        if wrong or not self.shown:
            raise ValueError(f"shown is some of {_KINDS}, got {wrong[0] if wrong else 'nothing'!r}")
        if self.most is not None and self.most < 1:
            raise ValueError(f"most is at least 1, or left out for all, got {self.most}")
        _check_between(self, {"batch_tokens": (1, 10_000_000), "seed": (0, _SEEDS)})


class Statistics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How intervals and tests are made (`statistics.Settings`); `bins`: of imageability; `caliper`: how far matched words may be
    apart, in standard deviations; `named`: words that gain and lose most that are shown."""

    resamples: int = 2000
    permutations: int = 9999
    level: float = 0.95
    seed: int = 0
    by: Literal["words", "videos", "both"] = "words"
    least: int = 1
    bins: int = 5
    caliper: float = 0.2
    named: int = 6

    def __post_init__(self) -> None:
        if not 0.5 <= self.level < 1:
            raise ValueError(f"level lies between .5 and 1, got {self.level}")
        _check_between(
            self,
            {
                "resamples": (100, 100_000),  # more take hours, and change no digit that is told
                "permutations": (99, 1_000_000),
                "seed": (0, _SEEDS),
                "least": (1, 1_000_000),
                "bins": (1, 1000),
                "named": (0, 1000),
            },
        )
        if not self.caliper > 0:
            raise ValueError(f"caliper is above 0, got {self.caliper}")


class ModelAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A checkpoint: the folder `path`; the `size` and `seed` under which it is compared; `trained` with which video."""

    path: str
    trained: str
    size: str = ONE_SIZE
    seed: int = 0

    def __post_init__(self) -> None:
        if self.trained not in KINDS:
            raise ValueError(f"trained is one of {_KINDS}, got {self.trained!r}")
        _check_between(self, {"seed": (0, _SEEDS)})

    @property
    def name(self) -> str:
        """Says which one it is."""
        return f"{self.size}, {self.trained}, seed {self.seed}"


class ProbeRun(msgspec.Struct, frozen=True, kw_only=True):
    """Checkpoints that are probed on `data` (a build's folder, or examples as JSON Lines) with the video `tokens` (a folder)."""

    name: str
    data: str
    tokens: str
    models: tuple[ModelAt, ...]
    probe: Probing = Probing()
    statistics: Statistics = Statistics()


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """Arms (what stands in the video's place in training) × sizes × seeds.

    `world`: parameters of the builder `shapes`, whose clips are rendered first; or `data` and `tokens` that there are. `sizes`:
    name → parameters of the trainer `video-mlm` that make the size; `training`: those that all runs share.
    """

    name: str
    seeds: tuple[int, ...]
    arms: tuple[str, ...]
    sizes: dict[str, dict[str, Any]]
    training: dict[str, Any]
    world: dict[str, Any] | None = None
    data: str | None = None
    tokens: str | None = None
    probe: Probing = Probing()
    statistics: Statistics = Statistics()

    @property
    def runs(self) -> list[tuple[str, str, int]]:
        """(size, arm, seed) of every run, in the order in which they are begun: whole seeds first."""
        return [(size, arm, seed) for seed in self.seeds for size in self.sizes for arm in self.arms]


def read_run(path: Path) -> ProbeRun:
    """The probe in the file. ConfigError names file, line and key of what cannot be."""
    document = read_yaml(path)
    check_keys(document, document.value, ProbeRun.__struct_fields__)
    return ProbeRun(
        name=_name(document, path),
        data=_path(document, "data"),
        tokens=_path(document, "tokens"),
        models=_models(document),
        probe=section_of(document, "probe", Probing),
        statistics=section_of(document, "statistics", Statistics),
    )


def read_experiment(path: Path) -> Experiment:
    """The experiment in the file. ConfigError names file, line and key of what cannot be."""
    document = read_yaml(path)
    check_keys(document, document.value, Experiment.__struct_fields__)
    world, data = document.value.get("world"), document.value.get("data")
    if (world is None) == (data is None):
        raise document.error("give either `world` (clips that are rendered first) or `data` and `tokens` that there are", "world")
    if world is not None and not isinstance(world, Mapping):
        raise document.error(f"world holds parameters of the builder shapes, got {world!r:.80}", "world")
    return Experiment(
        name=_name(document, path),
        seeds=_seeds(document),
        arms=_arms(document),
        sizes=_sizes(document),
        training=_mapping(document, "training"),
        world=None if world is None else dict(world),
        data=None if data is None else _path(document, "data"),
        tokens=None if data is None else _path(document, "tokens"),
        probe=section_of(document, "probe", Probing),
        statistics=section_of(document, "statistics", Statistics),
    )


def as_plain(held: ProbeRun | Experiment) -> dict[str, Any]:
    """It as plain values, all defaults said."""
    found = msgspec.to_builtins(held)
    if not isinstance(found, dict):
        raise ConfigError("a probe is keys and values")
    return found


def _name(document: Document, path: Path) -> str:
    name = document.value.get("name", path.stem)
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise document.error(f"name is a folder's name: letters, digits and hyphens, got {name!r:.60}", "name")
    return name


def _path(document: Document, key: str) -> str:
    value = document.value.get(key)
    if key not in document.value:
        raise document.error(f"`{key}` is missing; it is a path")
    if not isinstance(value, str) or not value.strip():
        raise document.error(f"{key} is a path, got {value!r:.80}", key)
    return value


def _models(document: Document) -> tuple[ModelAt, ...]:
    given = document.value.get("models")
    if not isinstance(given, list) or not given:
        raise document.error(
            "models lists checkpoints, each with `path`, `trained`, and `size` and `seed` where there are several"
        )
    found: list[ModelAt] = []
    for place, one in enumerate(given):
        try:
            found.append(msgspec.convert(one, ModelAt))
        except msgspec.ValidationError as error:
            raise document.error(str(error).replace("`", ""), "models", place) from error
        if found[-1].name in [other.name for other in found[:-1]]:
            raise document.error(f"two models are {found[-1].name}; give each a size or a seed of its own", "models", place)
        where = Path(found[-1].path).expanduser().resolve()
        for other in found[:-1]:
            alike = (other.size, other.trained) == (found[-1].size, found[-1].trained)
            if alike and Path(other.path).expanduser().resolve() == where:
                raise document.error(
                    f"{found[-1].path} is named as {other.name} and as {found[-1].name}: one training is one seed",
                    "models",
                    place,
                )
    return tuple(found)


def _seeds(document: Document) -> tuple[int, ...]:
    seeds = document.value.get("seeds", [1, 2, 3])
    if not isinstance(seeds, list) or not seeds or any(isinstance(one, bool) or not isinstance(one, int) for one in seeds):
        raise document.error(f"seeds is a list of whole numbers, got {seeds!r:.80}", "seeds")
    if min(seeds) < 0 or max(seeds) > _SEEDS:
        wrong = min(seeds) if min(seeds) < 0 else max(seeds)
        raise document.error(f"seeds are from 0 to {_SEEDS:,}, got {wrong}", "seeds")
    if len(set(seeds)) < len(seeds):
        raise document.error("a seed is named twice: its runs would be equal, and an interval over them of width 0", "seeds")
    return tuple(seeds)


def _arms(document: Document) -> tuple[str, ...]:
    arms = document.value.get("arms", ["real", "none", "shuffled"])
    if not isinstance(arms, list) or not arms or any(one not in KINDS for one in arms):
        raise document.error(f"arms lists some of {_KINDS}, got {arms!r:.80}", "arms")
    if len(set(arms)) < len(arms):
        raise document.error("an arm is named twice", "arms")
    if "none" not in arms or len(arms) < 2:
        raise document.error("gain is held against the arm `none` (text only): arms have it and another one", "arms")
    return tuple(arms)


def _sizes(document: Document) -> dict[str, dict[str, Any]]:
    sizes = _mapping(document, "sizes")
    if not sizes:
        raise document.error("sizes names at least one, such as `sizes: {tiny: {preset: tiny}}`")
    for name, params in sizes.items():
        if not str(name).replace("-", "").replace("_", "").isalnum():
            raise document.error(f"a size is a folder's name: letters, digits and hyphens, got {name!r:.60}", "sizes")
        if not isinstance(params, Mapping):
            raise document.error(f"{name}: expected parameters of the trainer video-mlm, got {params!r:.80}", "sizes", name)
        for key in ("video", "seed", "tokens"):
            if key in params:
                raise document.error(f"{key} is set by the experiment; leave it out", "sizes", name, key)
    return {str(name): dict(params) for name, params in sizes.items()}


def _mapping(document: Document, key: str) -> dict[str, Any]:
    value = document.value.get(key) or {}
    if not isinstance(value, Mapping):
        raise document.error(f"{key} holds keys and values, got {value!r:.80}", key)
    return dict(value)
