"""The checks of a gate: each takes what was and what is, and yields findings."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from harness.errors import InputError
from harness.gate.agreement import agreement
from harness.gate.baseline import Baseline
from harness.gate.config import GateConfig
from harness.gate.cost import cost
from harness.gate.findings import Finding
from harness.gate.judge_checks import judge_agreement, judge_replies, judge_scores, judge_verdicts, judges_not_compared
from harness.gate.measure import PARTS, Measured
from harness.gate.scores import coverage, determinism, extent, scores
from harness.gate.signatures import declaration, not_compared, signature
from harness.gate.statistics import statistics

Check = Callable[[GateConfig, Baseline, Measured], Iterator[Finding]]

# name → what it looks at, in the order in which findings are told
CHECKS: dict[str, tuple[str, Check]] = {
    "signature": ("the signature is the baseline's: the same name for the same scores", signature),
    "declaration": ("what a metric declares of itself, and which parameters its signature tells apart, is the same", declaration),
    "scores": ("no score moved further than the metric's tolerance", scores),
    "coverage": ("what had a score has one", coverage),
    "extent": (
        "nothing that the baseline holds has left the gate, and no limit of the config was loosened",
        extent,
    ),
    "determinism": ("asked again, in another order and batch, a metric says the same", determinism),
    "agreement": ("agreement with people has not fallen further than the margin", agreement),
    "statistics": ("the statistics make the same numbers of frozen cases", statistics),
    "cost": ("no metric has become slower or larger than the config allows, beside the same jobs", cost),
    "judge-replies": (
        "judges ask what they asked: every request has its recorded reply, and the signature is the same",
        judge_replies,
    ),
    "judge-verdicts": ("every recorded reply of a judge is read as before", judge_verdicts),
    "judge-scores": ("judges make the same scores of their recorded replies", judge_scores),
    "judge-agreement": ("judges agree with people as they did, on recorded replies", judge_agreement),
}

# check → the part of a measurement (`harness.gate.measure.PARTS`) that it needs; all others need "scores"
_MEASURED = {
    "signature": "",
    "declaration": "",
    "determinism": "again",
    "statistics": "statistics",
    "cost": "cost",
    **dict.fromkeys(("judge-replies", "judge-verdicts", "judge-scores", "judge-agreement"), "judges"),
}


def parts_for(checks: Sequence[str]) -> tuple[str, ...]:
    """The parts of a measurement that these checks need; all of them if none is named. Raises InputError for an unknown one."""
    unknown = [name for name in checks if name not in CHECKS]
    if unknown:
        raise InputError(f"there is no check {unknown[0]!r}; there are {', '.join(CHECKS)}")
    if not checks:
        return PARTS
    return tuple(dict.fromkeys(_MEASURED.get(name, "scores") for name in checks))


def run_checks(config: GateConfig, before: Baseline, measured: Measured, only: Sequence[str] = ()) -> list[Finding]:
    """The findings of all checks (or of those named), by metric in the config's order; an error where nothing was looked at."""
    found = [*not_compared(before, measured), *judges_not_compared(before, measured)]
    for name, (_, check) in CHECKS.items():
        if not only or name in only:
            found += check(config, before, measured)
    if not found:
        named = ", ".join(only) or "any check"
        message = (
            f"nothing was looked at: {config.file} has nothing for {named}; name other checks or metrics, or add what it lacks"
        )
        found = [Finding(metric="gate", check=only[0] if only else "extent", level="error", message=message)]
    found = _timed(found, measured)
    order = {str(ref): place for place, ref in enumerate(config.metrics)}
    return sorted(found, key=lambda finding: order.get(finding.metric, len(order)))


def _timed(found: Sequence[Finding], measured: Measured) -> list[Finding]:
    """The findings, the first of each metric with the seconds that the metric took."""
    left = dict(measured.seconds)
    return [msgspec.structs.replace(one, seconds=left.pop(one.metric, 0.0) or one.seconds) for one in found]
