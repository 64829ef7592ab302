"""How many clusters separate two metrics, or bring an interval to a width. Differences in, numbers out.

N = ((z_{1-α/2} + z_power) · s_d / δ)² + z²_{1-α/2} / 2 clusters: the textbook number, and what a test that estimates its own
variance needs beside it (Guenther, The American Statistician 35, 1981). δ is a choice, never the observed difference. Where N is
small the differences are far from normal (mostly zeros, a few large), and N is found by running the test itself on resampled
differences. How well both hold: benchmarks/planner.py.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from harness.errors import HarnessError
from harness.meta.pairs import Floats
from harness.meta.significance import draws_needed, sign_flip

LEAST = 1e-4  # no difference or width under it is planned for: it takes more items than anybody can rate
SIMULATED = 300  # up to so many clusters N is found by simulation: above, the formula's power is within ±.03
_TRIALS = 2_000  # simulated studies in each direction
_BATCH = 250
_GRID = 2.0**-16  # differences are rounded to it, which makes the sums of the test exact and fast
_DRAWS = 1_000
_LEAST = 0.7  # of the formula's number


@dataclass(frozen=True)
class Spread:
    """Standard deviation over clusters with its 95 % interval (ends None where it is unknown), from `n_clusters`."""

    value: float
    low: float | None
    high: float | None
    n_clusters: int


def spread(values: Floats, level: float = 0.95) -> Spread | None:
    """The standard deviation of one value per cluster (shape (C,)); None under two clusters.

    The interval is Bonett's (Computational Statistics & Data Analysis 50, 2006), which takes the kurtosis into account: on
    differences of metrics it covered .90, .92, .94 at 30, 50, 191 clusters, chi-square .73–.74, a bootstrap .82–.92.
    """
    n = len(values)
    if n < 2:
        return None
    centred = values - values.mean()
    squares = float((centred**2).sum())
    found = math.sqrt(squares / (n - 1))
    z = normal_quantile((1 + level) / 2)
    if n < 4 or squares == 0:
        return Spread(found, None, None, n)
    kurtosis = n * float((centred**4).sum()) / squares**2
    correction = n / (n - z)
    reach = z * correction * math.sqrt(max(kurtosis - (n - 3) / n, 0.0) / (n - 1))
    middle = math.log(correction * found**2)
    return Spread(found, math.exp((middle - reach) / 2), math.exp((middle + reach) / 2), n)


def clusters_for_difference(spread: float, delta: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Clusters with which a two-sided test at `alpha` finds a difference of `delta` with probability `power`.

    `spread`: standard deviation of the per-cluster difference, in the unit of `delta`; `alpha` after the family's correction.
    """
    check_plan(delta, alpha, power)
    z = normal_quantile(1 - alpha / 2)
    textbook = ((z + normal_quantile(power)) * spread / delta) ** 2
    return max(math.ceil(textbook + z * z / 2), fewest_clusters(alpha))


def clusters_for_width(spread: float, width: float, level: float = 0.95) -> int:
    """Clusters that bring an interval of a mean to `width`, from end to end. `spread`: of the per-cluster value."""
    if not LEAST <= width < 1:
        raise HarnessError(f"the width of an interval of an accuracy is at least {LEAST:g} and under 1, got {width:g}")
    return max(2, math.ceil((2 * normal_quantile((1 + level) / 2) * spread / width) ** 2))


def clusters_for_clear_intervals(
    spreads: tuple[float, float], difference: float, delta: float, level: float, power: float
) -> int:
    """Clusters with which the interval of a mean lies clear above another's with probability `power`, if it is `delta` higher.

    `spreads`: standard deviations of both per cluster; `difference`: of their difference.
    """
    reach = normal_quantile((1 + level) / 2) * sum(spreads) + normal_quantile(power) * difference
    return max(2, math.ceil((reach / delta) ** 2))


def fewest_clusters(alpha: float) -> int:
    """Clusters under which flipping signs can never reject: all 2^N patterns but two would have to be less extreme."""
    return math.floor(math.log2(2 / alpha)) + 1


def clusters_by_simulation(
    differences: Floats, delta: float, alpha: float, power: float, seed: int, start: int, trials: int = _TRIALS
) -> int:
    """The number of clusters nearest to `start` from which on the sign-flip test has the power, found by running it.

    `differences`: one per cluster. They are centred, shifted by delta (half of the studies by -delta, since nobody knows which
    metric is better) and drawn with replacement. The search goes from `start` in steps of a tenth to where the power is first
    met (or missed), and at most to .7 of `start`: where nearly all differences are 0, shifting them makes all but a few alike,
    and very small studies, in which none of the few occurs, would seem to have power.
    """
    centred = differences - differences.mean()

    def met(clusters: int) -> bool:
        return simulated_power(centred, delta, clusters, alpha, seed, trials) >= power

    least = max(fewest_clusters(alpha), math.ceil(_LEAST * start))
    high = low = max(start, least)
    if met(high):
        while high > least and met(low := max(least, min(high - 1, math.floor(0.9 * high)))):
            high = low
        if high <= least:
            return least
    else:
        while not met(high := math.ceil(1.1 * low)):
            low = high
    while high - low > max(1, round(0.01 * low)):
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    return high


def simulated_power(centred: Floats, delta: float, clusters: int, alpha: float, seed: int, trials: int = _TRIALS) -> float:
    """Share of simulated studies in which the sign-flip test rejects at `alpha`, `trials` studies in each direction.

    `centred`: one difference per cluster, mean 0. A study of more clusters begins with those of the smaller study of the same
    seed, so that the power for one N compares with that for another.
    """
    draws = draws_needed(1, alpha, _DRAWS)
    rejected = total = 0
    for shift in (delta, -delta):
        shifted = np.rint((centred + shift) / _GRID)
        for batch, start in enumerate(range(0, trials, _BATCH)):
            size = min(_BATCH, trials - start)
            rng = np.random.default_rng([seed, 7, batch, int(shift > 0)])
            studies = shifted[rng.integers(0, len(shifted), (clusters, size))]
            p = sign_flip(studies, draws, seed + batch)
            rejected += int((p < alpha).sum())
            total += size
    return rejected / total


def normal_quantile(probability: float) -> float:
    """z of the standard normal distribution."""
    return NormalDist().inv_cdf(probability)


def check_plan(delta: float, alpha: float, power: float) -> None:
    """HarnessError for a difference, an alpha or a power that cannot be planned for."""
    if not LEAST <= delta < 1:
        raise HarnessError(f"delta, the difference in accuracy worth finding, is at least {LEAST:g} and under 1, got {delta:g}")
    if not 0 < alpha < 1:
        raise HarnessError(f"alpha must lie between 0 and 1, got {alpha:g}")
    if not alpha < power < 1:
        raise HarnessError(f"power must lie between alpha ({alpha:g}) and 1, got {power:g}")
