"""Means and differences of means with intervals that resample clusters, and the findings made of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harness.judge_card.contents import Audit, Finding, Shows
from harness.meta.notes import join
from harness.meta.pairs import Bools, Ints
from harness.meta.resampling import Resampler

SHARE = (0.0, 1.0)
SIGNED = (-1.0, 1.0)
FEW = 30  # clusters under which an interval by bootstrap is called approximate
LEAST = 10  # clusters under which it shows nothing
APPROXIMATE = f"approximate: under {FEW} clusters"
Bounds = tuple[float, float] | None
_HELD = 2  # resamplers that are kept: each holds all its draws


@dataclass(frozen=True)
class Draws:
    """The resamples of clusters that all intervals of a card come from: how many, at which level, from which seed."""

    resamples: int = 2000
    level: float = 0.95
    seed: int = 0
    _held: dict[int, Resampler] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, n_clusters: int) -> Resampler:
        """The resampler of so many clusters: the same draws for the same number."""
        if n_clusters not in self._held:
            while len(self._held) >= _HELD:
                del self._held[next(iter(self._held))]
            self._held[n_clusters] = Resampler(np.zeros(0, np.int64), n_clusters, self.resamples, self.level, self.seed)
        return self._held[n_clusters]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, from `n` observations in `n_clusters` clusters; `value` None where there are none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    n_clusters: int = 0


def mean(values: ArrayLike, cluster: Ints, draws: Draws, bounds: Bounds = SHARE) -> Estimate:
    """The mean of what is finite. `cluster`: a code per value; `bounds`: the ends of what a value can be, None where unknown."""
    every = np.asarray(values, dtype=np.float64)
    there = np.isfinite(every)
    kept, codes = every[there], cluster[there]
    if not len(kept):
        return Estimate(None)
    reached, local = np.unique(codes, return_inverse=True)
    resampler = draws.of(len(reached))
    low, high = resampler.interval(resampler.mean(kept, local))
    value = float(kept.mean())
    low, high = _unseen(value, low, high, len(reached), draws.level, bounds)
    return Estimate(value, low, high, len(kept), len(reached))


def difference(values: ArrayLike, first: Bools, second: Bools, cluster: Ints, draws: Draws, bounds: Bounds = SHARE) -> Estimate:
    """The mean of the `first` minus that of the `second`, their clusters drawn together. `bounds`: of one value."""
    every = np.asarray(values, dtype=np.float64)
    there = np.isfinite(every) & (first | second)
    if not (there & first).any() or not (there & second).any():
        return Estimate(None)
    kept, one, other = every[there], first[there], second[there]
    reached, local = np.unique(cluster[there], return_inverse=True)
    resampler = draws.of(len(reached))
    drawn = resampler.mean(kept, local, one) - resampler.mean(kept, local, other)
    low, high = resampler.interval(drawn)
    value = float(kept[one].mean() - kept[other].mean())
    width = None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0])
    low, high = _unseen(value, low, high, min(len(np.unique(local[one])), len(np.unique(local[other]))), draws.level, width)
    return Estimate(value, low, high, len(kept), len(reached))


def finding(
    audit: Audit, name: str, says: str, found: Estimate, *, of: str, empty: str, unbiased: float | None = None, **fields: Any
) -> Finding:
    """The finding of an estimate; `empty` is why there is none where nothing was there to be counted."""
    if found.value is None:
        return unmeasurable(audit, name, says, empty, unbiased=unbiased, criterion=fields.get("criterion"))
    few = APPROXIMATE if 1 < found.n_clusters < FEW else None
    one = "one cluster alone, hence no interval" if found.n_clusters == 1 else None
    note = join(fields.pop("note", None), few, one)
    return Finding(
        audit=audit, name=name, says=says, value=found.value, low=found.low, high=found.high, unbiased=unbiased,
        shows=_shows(found, unbiased), n=found.n, of=of, n_clusters=found.n_clusters, note=note, **fields,
    )  # fmt: skip


def unmeasurable(audit: Audit, name: str, says: str, why: str, **fields: Any) -> Finding:
    """A finding without a number, and why."""
    return Finding(audit=audit, name=name, says=says, value=None, note=why, **fields)


def _shows(found: Estimate, unbiased: float | None) -> Shows | None:
    if unbiased is None or found.low is None or found.high is None or found.n_clusters < LEAST:
        return None
    return "more" if found.low > unbiased else "less" if found.high < unbiased else "nothing"


def _unseen(
    value: float, low: float | None, high: float | None, n_clusters: int, level: float, bounds: Bounds
) -> tuple[float | None, float | None]:
    """The interval where all clusters are alike, as harness.meta.support has it: unlike ones may exist and not be seen."""
    if low is None or high is None or low != high or bounds is None:
        return low, high
    hidden = 1 - ((1 - level) / 2) ** (1 / n_clusters)
    return value - (value - bounds[0]) * hidden, value + (bounds[1] - value) * hidden
