"""Whether checkpoints can be compared: at each size one that was trained on text alone, one with video, of the same seed."""

from collections.abc import Collection
from typing import Protocol

from harness.errors import InputError
from harness_plugins.video.probe.config import ONE_SIZE


class Trained(Protocol):
    """What a checkpoint is compared as."""

    @property
    def size(self) -> str: ...
    @property
    def trained(self) -> str: ...
    @property
    def seed(self) -> int: ...


def of_size(size: str) -> str:
    """How a sentence about a size begins; with nothing where there is one size, which has no name."""
    return "" if size == ONE_SIZE else f"size {size}: "


def check_arms(models: Collection[Trained]) -> None:
    """InputError where a size has no model without video, none with, or none of them of one seed."""
    for size in dict.fromkeys(one.size for one in models):
        seeds: dict[str, set[int]] = {}
        for one in models:
            if one.size == size:
                seeds.setdefault(one.trained, set()).add(one.seed)
        alone = seeds.pop("none", None)
        if alone is None:
            raise InputError(
                f"{of_size(size)}gain is held against a model trained on text alone (trained: none), and there is none, only "
                f"{', '.join(sorted(seeds))}; train it and add it"
            )
        if not seeds:
            raise InputError(f"{of_size(size)}no model was trained with video (trained: real); train it and add it")
        for arm, there in sorted(seeds.items()):
            if not there & alone:
                both = f"{arm} ({_listed(there)}) and none ({_listed(alone)})"
                raise InputError(f"{of_size(size)}{both} have no seed in common; train both with one")


def _listed(seeds: set[int]) -> str:
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, sorted(seeds)))}"
