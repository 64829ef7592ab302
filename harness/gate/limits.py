"""What a gate's config lets pass, beside what it let pass when someone last approved of the baseline."""

from collections.abc import Iterator

from harness.gate.baseline import Baseline, DriftLimits, Limits
from harness.gate.config import GateConfig
from harness.gate.findings import Finding
from harness.gate.judges_config import load_judges

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
        resamples=config.agreement.resamples,
        seed=config.agreement.seed,
        drift=_drift(config),
    )


def _drift(config: GateConfig) -> dict[str, DriftLimits]:
    judges = () if config.judges is None else load_judges(config.judges).judges
    return {
        one.label: DriftLimits(allowed=one.drift.allowed, too_much=one.drift.too_much, range=one.drift.range) for one in judges
    }


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
    if was.resamples is not None and now.resamples is not None and now.resamples < was.resamples:
        problems.append(f"agreement: resamples was {was.resamples} and is {now.resamples}, which makes its bounds rougher")
    if was.seed is not None and now.seed != was.seed:
        problems.append(f"agreement: seed was {was.seed} and is {now.seed}, whose draws may decide otherwise about the same fall")
    problems += _drifts(was, now)
    for problem in problems:
        yield Finding(metric="gate", check="extent", level="fail", message=f"the gate's {problem}; {_APPROVE}")


def _drifts(was: Limits, now: Limits) -> Iterator[str]:
    """The judges of which a live run would let more pass; a range of one's own instead of the scores', or back, is another
    measure."""
    for label, drift in now.drift.items():
        before = was.drift.get(label)
        for name in DriftLimits.__struct_fields__ if before is not None else ():
            one, other = getattr(before, name), getattr(drift, name)
            if one != other and (one is None or other is None or other > one):
                told = ["the recorded scores' own" if value is None else f"{value:g}" for value in (one, other)]
                yield f"judges: {label}: {name} of drift was {told[0]} and is {told[1]}, which lets a judge drift further"
