"""What a gate's config lets pass, beside what it let pass when someone last approved of the baseline."""

from collections.abc import Iterator

from harness.gate.baseline import Baseline, Limits
from harness.gate.config import GateConfig
from harness.gate.findings import Finding

_APPROVE = "take it back, or approve with `harness gate update --reason TEXT`"


def limits_of(config: GateConfig) -> Limits:
    """The limits that the config sets."""
    return Limits(
        margin=config.agreement.margin,
        level=config.agreement.level,
        inconclusive=config.agreement.inconclusive,
        slower=config.cost.slower,
        larger=config.cost.larger,
        optional=sorted(gated.label for gated in config.judgments if gated.optional),
    )


def loosened(config: GateConfig, before: Baseline) -> Iterator[Finding]:
    """Limits that let more pass than those of the baseline; none for a baseline that is older than this record of them."""
    was, now = before.limits, limits_of(config)
    if was is None:
        return
    problems: list[str] = []
    if now.margin > was.margin:
        problems.append(f"agreement: margin was {was.margin:g} and is {now.margin:g}, which lets agreement fall further")
    if now.level != was.level:
        problems.append(f"agreement: level was {was.level:g} and is {now.level:g}, which decides otherwise about the same fall")
    if (was.inconclusive, now.inconclusive) == ("strict", "lenient"):
        problems.append("agreement: inconclusive was strict and is lenient, which lets pass what is not sure")
    for name, one, other in (("slower", was.slower, now.slower), ("larger", was.larger, now.larger)):
        if one is not None and (other is None or other > one):
            told = "null" if other is None else f"{other:g}"
            problems.append(f"cost: {name} was {one:g} and is {told}, which lets metrics cost more")
    for label in now.optional:
        if label not in was.optional:
            problems.append(f"judgments: {label} may now be absent (optional), and is not looked at where it is")
    for problem in problems:
        yield Finding(metric="gate", check="extent", level="fail", message=f"the gate's {problem}; {_APPROVE}")
