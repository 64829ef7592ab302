"""The checks of a gate: each takes what was and what is, and yields findings."""

from collections.abc import Callable, Iterator, Sequence

from harness.gate.agreement import agreement
from harness.gate.baseline import Baseline
from harness.gate.config import GateConfig
from harness.gate.findings import Finding
from harness.gate.judge_checks import judge_agreement, judge_replies, judge_scores, judge_verdicts
from harness.gate.measure import Measured
from harness.gate.scores import coverage, scores, signature
from harness.gate.statistics import statistics

Check = Callable[[GateConfig, Baseline, Measured], Iterator[Finding]]

# name → what it looks at, in the order in which findings are told
CHECKS: dict[str, tuple[str, Check]] = {
    "signature": ("the signature is the baseline's: the same name for the same scores", signature),
    "scores": ("no score moved further than the metric's tolerance", scores),
    "coverage": ("what had a score has one", coverage),
    "agreement": ("agreement with people has not fallen further than the margin", agreement),
    "statistics": ("the statistics make the same numbers of frozen cases", statistics),
    "judge-replies": (
        "judges ask what they asked: every request has its recorded reply, and the signature is the same",
        judge_replies,
    ),
    "judge-verdicts": ("every recorded reply of a judge is read as before", judge_verdicts),
    "judge-scores": ("judges make the same scores of their recorded replies", judge_scores),
    "judge-agreement": ("judges agree with people as they did, on recorded replies", judge_agreement),
}


def run_checks(config: GateConfig, before: Baseline, measured: Measured, only: Sequence[str] = ()) -> list[Finding]:
    """The findings of all checks (or of those named), by metric in the config's order."""
    found = [
        finding for name, (_, check) in CHECKS.items() if not only or name in only for finding in check(config, before, measured)
    ]
    order = {str(ref): place for place, ref in enumerate(config.metrics)}
    return sorted(found, key=lambda finding: order.get(finding.metric, len(order)))
