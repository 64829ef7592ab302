"""A set's outputs as arrays: where each stands, and whose and of which item it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.meta.pairs import Ints
from harness.records import Output


@dataclass(frozen=True)
class Answers:
    """Outputs in their order: `place` by id; `system` and `item`: a code of each, shape (N,); `systems`: names by code."""

    place: Mapping[str, int]
    system: Ints
    systems: tuple[str, ...]
    item: Ints

    @classmethod
    def of(cls, outputs: Sequence[Output]) -> "Answers":
        """The outputs in the order given; the systems sorted by name."""
        systems = sorted({output.system for output in outputs})
        system = {name: code for code, name in enumerate(systems)}
        item: dict[str, int] = {}
        return cls(
            place={output.id: place for place, output in enumerate(outputs)},
            system=_array(len(outputs), (system[output.system] for output in outputs)),
            systems=tuple(systems),
            item=_array(len(outputs), (item.setdefault(output.example_id, len(item)) for output in outputs)),
        )

    def places(self, ids: Sequence[str]) -> Ints:
        """Where the outputs of these ids stand, shape (M,)."""
        return _array(len(ids), map(self.place.__getitem__, ids))

    def by_system(self, counted: Ints) -> list[int]:
        """How many of the outputs at these places each system has."""
        return [int(count) for count in np.bincount(self.system[counted], minlength=len(self.systems))]


def _array(size: int, values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64, count=size)
