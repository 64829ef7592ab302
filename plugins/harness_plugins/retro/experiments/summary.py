"""What the runs of an experiment say together: means over seeds with intervals, steps to a target loss, and what is not known."""

import math
from collections.abc import Callable, Sequence

import msgspec

from harness.leaderboard.intervals import t_quantile
from harness_plugins.retro.experiments.config import Experiment
from harness_plugins.retro.experiments.training import Look, RunResult


class Mean(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over seeds with Student's interval of the level; None: not defined. `n`: seeds."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0


class ArmSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One arm. Perplexities are of the held-out corpus after the last step, over tokens that could read; `steps_*`: to the target
    loss with natural neighbours, or with those of the arm's own kind; `reached_*`: by how many seeds."""

    arm: str
    overlap_trained: Mean
    overlap_held: Mean
    natural: Mean
    own: Mean
    off: Mean
    gain_own: Mean
    steps_natural: Mean
    reached_natural: int
    steps_own: Mean
    reached_own: int
    saved: Mean
    exact: Mean
    exact_off: Mean
    seconds: Mean


def mean_of(values: Sequence[float | None], level: float) -> Mean:
    """Of the values that there are; an interval from two on."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return Mean(value=None)
    middle = sum(known) / len(known)
    if len(known) < 2:
        return Mean(value=middle, n=1)
    deviation = math.sqrt(sum((value - middle) ** 2 for value in known) / (len(known) - 1))
    half = t_quantile((1 + level) / 2, len(known) - 1) * deviation / math.sqrt(len(known))
    return Mean(value=middle, low=middle - half, high=middle + half, n=len(known))


def target_of(experiment: Experiment, results: Sequence[RunResult]) -> float | None:
    """The held-out loss (natural neighbours) whose step is sought: the config's, or the lowest that every seed of the first arm
    reaches, which is the largest of its seeds' lowest ones. None where the first arm has no run."""
    if experiment.measure.target_loss is not None:
        return experiment.measure.target_loss
    lowest = [min(look.natural for look in one.looks) for one in results if one.arm == experiment.arms[0]]
    return max(lowest, default=None)


def steps_to(looks: Sequence[Look], target: float, loss: Callable[[Look], float]) -> float | None:
    """The step at which the loss first is at most the target, linear between two looks; None where it never is."""
    before: Look | None = None
    for look in looks:
        if loss(look) <= target:
            if before is None:
                return float(look.step)
            share = (loss(before) - target) / (loss(before) - loss(look))
            return before.step + share * (look.step - before.step)
        before = look
    return None


def summaries(experiment: Experiment, results: Sequence[RunResult]) -> list[ArmSummary]:
    """One row an arm that has results. `saved`: 1 - steps / steps of the first arm, seed by seed, natural neighbours; given only
    where all of both reached the target."""
    level, target = experiment.measure.level, target_of(experiment, results)
    by_arm = {arm: [one for one in results if one.arm == arm] for arm in experiment.arms}
    steps = {(one.arm, one.seed): _steps(one, target) for one in results}
    first = experiment.arms[0]
    rows = []
    for arm, runs in by_arm.items():
        if not runs:
            continue
        mine = [steps[arm, one.seed] for one in runs]
        paired = [(steps[arm, one.seed][0], steps.get((first, one.seed), (None, None))[0]) for one in runs]
        saved = [1 - one / other for one, other in paired if one is not None and other]
        rows.append(
            ArmSummary(
                arm=arm,
                overlap_trained=mean_of([one.overlap_trained.mean for one in runs], level),
                overlap_held=mean_of([one.overlap_held.mean for one in runs], level),
                natural=mean_of([math.exp(one.looks[-1].natural) for one in runs], level),
                own=mean_of([math.exp(one.looks[-1].own) for one in runs], level),
                off=mean_of([math.exp(one.looks[-1].off) for one in runs], level),
                gain_own=mean_of([math.exp(one.looks[-1].off - one.looks[-1].own) for one in runs], level),
                steps_natural=mean_of([one[0] for one in mine], level),
                reached_natural=sum(one[0] is not None for one in mine),
                steps_own=mean_of([one[1] for one in mine], level),
                reached_own=sum(one[1] is not None for one in mine),
                saved=mean_of(saved, level) if len(saved) == len(runs) and arm != first else Mean(value=None),
                exact=mean_of([one.exact for one in runs], level),
                exact_off=mean_of([one.exact_off for one in runs], level),
                seconds=mean_of([one.seconds for one in runs], level),
            )
        )
    return rows


def _steps(one: RunResult, target: float | None) -> tuple[float | None, float | None]:
    if target is None:
        return None, None
    return steps_to(one.looks, target, lambda look: look.natural), steps_to(one.looks, target, lambda look: look.own)
