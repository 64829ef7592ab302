"""Whether a metric has become slower or larger than the baseline allows."""

from collections.abc import Iterator

from harness.gate.baseline import Baseline, Cost
from harness.gate.config import CostOptions, GateConfig, set_name
from harness.gate.costing import lower, measure_cost
from harness.gate.findings import Finding
from harness.gate.measure import Measured
from harness.gate.scores import both
from harness.judgments import JudgmentSet

_SEEN = 16 * 2**20  # bytes: less than this is within what the allocator takes or gives back by chance
_AGAIN = 2  # further measurements before a metric is called slower or larger
_MIB = 2**20


def cost(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """No metric costs more than `slower` times the CPU seconds of the baseline, or `larger` times its memory.

    What looks like more is measured again, and the lowest figures count: a machine that is busy elsewhere cannot make a metric
    cheaper than it is. Slower is slower beside every job that it was measured with.
    """
    if config.cost == CostOptions(slower=None, larger=None):
        return
    for label, now, was in both(before, measured):
        if now.cost is None:
            if was.cost is not None:
                yield _unmeasured(label, now.declared_cost, bool(measured.absent))
            continue
        if was.cost is None:
            message = (
                f"{label}: its cost is not in the baseline, so nothing says whether it is slower; "
                "`harness gate update --reason TEXT`"
            )
            yield Finding(metric=label, check="cost", level="warning", message=message)
            continue
        found, complaints = now.cost, too_much(now.cost, was.cost, config.cost)
        for _ in range(_AGAIN if complaints else 0):
            again = measure_cost(measured.built[label], _sets(config, measured))
            if again is None:
                break
            found = lower(found, again)
            complaints = too_much(found, was.cost, config.cost)
            if not complaints:
                break
        if complaints:
            message = (
                f"{label} is {' and '.join(complaints)}; look for what it does more often or keeps longer, or approve with "
                "`harness gate update --reason TEXT`"
            )
            yield Finding(metric=label, check="cost", level="fail", message=message)
        else:
            yield Finding(metric=label, check="cost", level="pass", message=f"{label}: {_told(found, was.cost)}")


def too_much(now: Cost, was: Cost, options: CostOptions) -> list[str]:
    """What of the cost is more than the options allow, in words; empty where nothing is."""
    found: list[str] = []
    times = slowdown(now, was)
    if options.slower is not None and times is not None and times > options.slower:
        found.append(
            f"slower: {times:.1f} times the baseline's CPU time, both measured beside the same jobs, and {options.slower:g} "
            "times are allowed"
        )
    if options.larger is not None and now.memory is not None and was.memory is not None:
        allowed = options.larger * max(was.memory, _SEEN)
        if now.memory > allowed:
            found.append(
                f"larger: it took {now.memory / _MIB:.0f} MiB beyond what the process held, {was.memory / _MIB:.0f} MiB in the "
                f"baseline, and {allowed / _MIB:.0f} MiB are allowed"
            )
    return found


def slowdown(now: Cost, was: Cost) -> float | None:
    """How many times the baseline's CPU time, beside the job that shows the least; None where no job is in both."""
    times = [ratio / was.ratios[name] for name, ratio in now.ratios.items() if was.ratios.get(name)]
    return min(times, default=None)


def _unmeasured(label: str, declared: str | None, absent: bool) -> Finding:
    """The baseline has a cost and none is measured now: nobody would see the metric become slower."""
    why = "it declares that it is paid" if declared == "paid" else "there is nothing that it scores"
    message = (
        f"{label}: its cost is in the baseline and is no longer measured, since {why}, so nothing says whether it is slower; "
        "take that back, or approve with `harness gate update --reason TEXT`"
    )
    excused = absent and declared != "paid"  # its sets may be among those that need not be here
    return Finding(metric=label, check="cost", level="warning" if excused else "fail", message=message)


def _sets(config: GateConfig, measured: Measured) -> list[JudgmentSet]:
    names = [*map(set_name, config.pairs), *(gated.label for gated in config.judgments)]
    return [measured.sets[name] for name in names if name in measured.sets]


def _told(now: Cost, was: Cost) -> str:
    times = slowdown(now, was)
    speed = "no job in common with the baseline" if times is None else f"{times:.2f} times the baseline's CPU time"
    memory = "memory is not told by this system" if now.memory is None else f"{now.memory / _MIB:.1f} MiB"
    return f"{speed}, {memory}"
