"""A test that looks at every new answer and stops as soon as it knows: has a judge drifted from what it said?

Bets are made against two hypotheses at once: a mean difference of at most `allowed`, and one of at least `too_much`, where each
difference lies from 0 to 1. What a bettor against a true hypothesis has won is a nonnegative supermartingale that starts at 1,
so it ever reaches 1/α with a probability of at most α (Ville), however often one looks and whenever one stops. The stakes are
those of Wald's sequential probability ratio test: where every difference is 0 or 1 this is that test, with the boundaries 1/α and
1/β, at which its errors are at most α and β (Wald 1945); where they lie in between, the bets stay fair (Waudby-Smith and Ramdas
2024, "Estimating means of bounded random variables by betting").
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Decision = Literal["drifted", "same"]
_STAKES = np.array([0.05, 0.1, 0.2, 0.4, 0.7])  # of the interval: shares of what may be staked at most
LEVEL = 0.95
_GRID = 1000  # means that the interval tells apart


@dataclass
class Test:
    """The wealth of both bettors, as logarithms. `alpha`: how often "drifted" is said of a judge whose mean difference is at most
    `allowed`, `beta`: how often "same" is said of one whose mean difference is at least `too_much`."""

    allowed: float
    too_much: float
    alpha: float = 0.05
    beta: float = 0.05
    against_same: float = 0.0
    against_drift: float = 0.0
    seen: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 0 < self.allowed < self.too_much < 1:
            raise ValueError(f"allowed must lie below too_much, both between 0 and 1: {self.allowed:g}, {self.too_much:g}")
        if not (0 < self.alpha < 1 and 0 < self.beta < 1):
            raise ValueError(f"alpha and beta lie between 0 and 1, got {self.alpha:g} and {self.beta:g}")

    def add(self, difference: float) -> Decision | None:
        """Takes one more difference, from 0 to 1; what is decided with it, None while it goes on."""
        if not 0 <= difference <= 1:
            raise ValueError(f"a difference lies from 0 to 1, got {difference}")
        self.seen.append(difference)
        gap = self.too_much - self.allowed
        self.against_same += math.log1p(gap / (self.allowed * (1 - self.allowed)) * (difference - self.allowed))
        self.against_drift += math.log1p(-gap / (self.too_much * (1 - self.too_much)) * (difference - self.too_much))
        return self.decision

    @property
    def decision(self) -> Decision | None:
        """What is known by now."""
        if self.against_same >= -math.log(self.alpha):
            return "drifted"
        return "same" if self.against_drift >= -math.log(self.beta) else None

    @property
    def least(self) -> int:
        """How many answers it takes at least to say "same", which is as many where all are as before."""
        return math.ceil(-math.log(self.beta) / math.log((1 - self.allowed) / (1 - self.too_much)) - 1e-9)


def interval(seen: Sequence[float]) -> tuple[float, float]:
    """Where the mean of differences from 0 to 1 lies, at 95 % at every moment at once: stopping early does not spoil it.

    The means against which a mixture of bets, both ways, has not won 2/.05 (Waudby-Smith and Ramdas 2024, section 4).
    """
    means = np.linspace(0, 1, _GRID + 1)
    there = np.flatnonzero(~excluded(seen, means))
    if not len(there):  # the bets leave no grid point: what was seen lies between two
        mean = sum(seen) / len(seen)
        return mean, mean
    return float(means[max(there[0] - 1, 0)]) if there[0] else 0.0, float(means[min(there[-1] + 1, _GRID)])


def excluded(seen: Sequence[float], means: "Floats") -> "NDArray[np.bool_]":
    """Which of these means the bets against them have shown not to be the mean, at any moment so far."""
    if not len(seen):
        return np.zeros(len(means), dtype=bool)
    differences = np.asarray(seen, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(means > 0, _STAKES[:, None] / means, 0.0)  # what is staked on more than the mean, and on less
        down = np.where(means < 1, _STAKES[:, None] / (1 - means), 0.0)
    gap = differences[:, None, None] - means
    won = np.stack([np.log1p(up * gap).cumsum(axis=0), np.log1p(-down * gap).cumsum(axis=0)])
    best = won.max(axis=2)
    mixed = best + np.log(np.exp(won - best[:, :, None]).mean(axis=2))
    out = (mixed >= math.log(2 / (1 - LEVEL))).any(axis=(0, 1))
    # A difference of more than 0 rules out a mean of 0, one of less than 1 a mean of 1.
    return out | ((means <= 0) & (differences.max() > 0)) | ((means >= 1) & (differences.min() < 1))
