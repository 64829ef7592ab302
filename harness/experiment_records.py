"""What an experiment is made of, as records: systems, trainings and their seeds, what is held out, how systems are compared."""

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.config_parts import TRAINED
from harness.registry import PluginRef

SEED = "seed"  # the parameter of a trainer that tells its runs apart


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plugin under a name of the user's: a training, or a system whose outputs stand under that name."""

    name: str
    plugin: PluginRef


class System(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system that answers. Systems of one `group` differ in the seed of their training, and are compared as one."""

    name: str
    plugin: PluginRef
    group: str


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A training as written, one run for each of its `seeds`. `examples`: its own, else the experiment's. With `hold_out: false`
    it also learns from what is held out, but never from an example that is answered.

    A parameter `train:NAME` is the checkpoint of a training above it, with seeds on both sides that of the same seed. (`bases`
    names the latter; it is found out, and no key.)
    """

    name: str
    plugin: PluginRef
    seeds: tuple[int, ...] = ()
    examples: str | None = None
    hold_out: bool = True
    bases: tuple[str, ...] = ()

    def runs(self) -> tuple[Named, ...]:
        """One training a seed; the training itself where it has none."""
        if not self.seeds:
            return (Named(name=self.name, plugin=self.plugin),)
        return tuple(self._run(seed) for seed in self.seeds)

    def _run(self, seed: int) -> Named:
        params = {**self.plugin.params, SEED: seed}
        for base in self.bases:
            params = with_seed(params, base, seed)
        return Named(name=run_name(self.name, seed), plugin=PluginRef(self.plugin.name, params))

    def told(self) -> dict[str, Any]:
        """As it is written."""
        said = {"name": self.name, "trainer": {self.plugin.name: dict(self.plugin.params)}, "seeds": list(self.seeds)}
        own = {"examples": self.examples, "hold_out": None if self.hold_out else False}
        return {key: value for key, value in {**said, **own}.items() if value not in (None, [])}


class HoldOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What no training learns from. `tasks`: patterns (`quoref_*`) of the examples' tasks; those make up the split `unseen`.

    Of the other examples those are left out of training that share a run of so many `words` with one that is answered; what a
    tenth of a task's examples have in common is the task's own wording, and does not count. 0: nobody looks.
    """

    tasks: tuple[str, ...] = ()
    words: int = 8

    def __post_init__(self) -> None:
        if self.words < 0 or self.words == 1:
            raise ValueError(f"words is 0, or at least 2, got {self.words}")


class CompareOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How systems are compared: every other one with `baseline`, or all pairs without one; intervals of this `level` from so
    many `resamples`, tests at `alpha` from so many `draws`."""

    baseline: str | None = None
    resamples: int = 2000
    level: float = 0.95
    alpha: float = 0.05
    draws: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 100 or self.draws < 100:
            raise ValueError(f"resamples and draws are at least 100, got {self.resamples} and {self.draws}")
        for name in ("level", "alpha"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} lies between 0 and 1, got {getattr(self, name):g}")


def run_name(training: str, seed: int) -> str:
    """The name of a training's run with this seed, and of what hangs on it."""
    return f"{training}-{seed}"


def with_seed(params: Mapping[str, Any], training: str, seed: int) -> dict[str, Any]:
    """The parameters, `train:NAME` of this training being its run with this seed."""
    return {
        key: f"{TRAINED}{run_name(training, seed)}" if value == f"{TRAINED}{training}" else value for key, value in params.items()
    }
