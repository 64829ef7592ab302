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
from typing import Literal

import numpy as np

Decision = Literal["drifted", "same"]
_STAKES = np.array([0.05, 0.1, 0.2, 0.4, 0.7])  # of the interval: shares of what may be staked at most
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


def interval(seen: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Where the mean of differences from 0 to 1 lies, at that level at every moment at once: stopping early does not spoil it.

    The means against which a mixture of bets, both ways, has not won 2/(1 - level) (Waudby-Smith and Ramdas 2024, section 4).
    """
    means = np.linspace(0, 1, _GRID + 1)[:, None]
    bar = math.log(2 / (1 - level))
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(means > 0, _STAKES / means, 0.0)  # what is staked on more than the mean, and on less
        down = np.where(means < 1, _STAKES / (1 - means), 0.0)
    low, high = np.zeros(means.shape[0], dtype=bool), np.zeros(means.shape[0], dtype=bool)
    won = np.zeros((2, _GRID + 1, len(_STAKES)))
    for difference in seen:
        won[0] += np.log1p(up * (difference - means))
        won[1] += np.log1p(-down * (difference - means))
        low |= np.logaddexp.reduce(won[0], axis=1) - math.log(len(_STAKES)) >= bar
        high |= np.logaddexp.reduce(won[1], axis=1) - math.log(len(_STAKES)) >= bar
    if seen and max(seen) > 0:
        low[0] = True  # a difference was seen, so their mean is more than 0
    if seen and min(seen) < 1:
        high[-1] = True
    there = np.flatnonzero(~(low | high))
    if not len(there):  # the bets leave no grid point: the closest one
        mean = sum(seen) / len(seen)
        return mean, mean
    return float(means[max(there[0] - 1, 0), 0]) if there[0] else 0.0, float(means[min(there[-1] + 1, _GRID), 0])
