"""Whether metrics are called what they were, and declare of themselves what they did."""

from collections import defaultdict
from collections.abc import Iterator

from harness.gate.baseline import Baseline, MetricBaseline
from harness.gate.config import GateConfig
from harness.gate.findings import Finding, Level
from harness.gate.measure import Measured
from harness.gate.scores import both
from harness.gate.versions import drifted

_APPROVE = "`harness gate update --reason TEXT`"


def not_compared(before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Metrics that could not be asked, and those that the baseline does not know: told whichever checks are made, since none can
    say anything of them."""
    for label, reason in measured.broken.items():
        yield _finding(label, "signature", "error", f"{label} could not be asked: {reason}")
    for label in measured.now.metrics:
        if label not in before.metrics:
            yield _finding(label, "signature", "fail", f"{label} is not in the baseline: approve of it with {_APPROVE}")


def signature(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """The signature is the baseline's, and no two metrics share one."""
    twice = _twice(measured)
    for label, now in measured.now.metrics.items():
        was = before.metrics.get(label)
        if label in twice:
            others = ", ".join(twice[label])
            text = (
                f"{label} has the signature of {others}: {now.signature}; what makes them score differently has to be in it, and "
                "`v:` has to count on where the meaning changes"
            )
            yield _finding(label, "signature", "fail", text)
        if was is None:
            continue
        if was.signature != now.signature:
            yield _moved(label, was, now)
        elif label not in twice:
            yield _finding(label, "signature", "pass", f"{label}: {now.signature}")


def declaration(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Components, direction, unit, needs, declared cost and tolerance are as before, and the signature tells the same apart."""
    for label, now, was in both(before, measured):
        problems = list(_declared(was, now))
        for problem in problems:
            text = f"{label}: {problem}; take it back, or approve with {_APPROVE}"
            yield _finding(label, "declaration", "fail", text)
        if not problems:
            yield _finding(label, "declaration", "pass", f"{label} declares what it did")


def _declared(was: MetricBaseline, now: MetricBaseline) -> Iterator[str]:
    if was.components != now.components:
        main = " (the first is the score that users see)" if was.components[:1] != now.components[:1] else ""
        yield f"its components were {_listed(was.components)} and are {_listed(now.components)}{main}"
    if was.higher_is_better != now.higher_is_better:
        yield f"higher was {_better(was)} and is {_better(now)}: its ranking is turned round"
    if was.unit != now.unit:
        yield f"it scored by {was.unit} and scores by {now.unit}"
    if was.needs != now.needs:
        yield f"it needed {_listed(was.needs)} and now needs {_listed(now.needs)}"
    if was.declared_cost not in (None, now.declared_cost):
        yield f"it declared the cost {was.declared_cost} and declares {now.declared_cost}"
    if now.tolerance > was.tolerance:
        yield f"its tolerance was {was.tolerance:g} and is {now.tolerance:g}, which lets scores move further"
    for name in sorted({*now.silent} - {*was.silent}):
        yield (
            f"its signature no longer tells values of {name!r} apart: two metrics that differ in it share the signature "
            f"{now.signature}"
        )


def _moved(label: str, was: MetricBaseline, now: MetricBaseline) -> Finding:
    drift = drifted(was.signature, now.signature)
    if drift:
        text = f"{label}: the signature names {', '.join(drift)}, and nothing else of it moved; whether scores did is said below"
        return _finding(label, "signature", "warning", text)
    text = (
        f"{label}: signature moved from {was.signature} to {now.signature}, and the baseline was not updated: another "
        f"signature is another metric to everyone who compares; take it back, or approve with {_APPROVE}"
    )
    return _finding(label, "signature", "fail", text)


def _twice(measured: Measured) -> dict[str, list[str]]:
    """Label → the other labels with its signature."""
    by_signature: dict[str, list[str]] = defaultdict(list)
    for label, now in measured.now.metrics.items():
        by_signature[now.signature].append(label)
    return {
        label: [other for other in labels if other != label]
        for labels in by_signature.values()
        if len(labels) > 1
        for label in labels
    }


def _better(metric: MetricBaseline) -> str:
    return "better" if metric.higher_is_better else "worse"


def _listed(names: "list[str | None] | list[str]") -> str:
    return ", ".join(str(name) for name in names) or "nothing"


def _finding(label: str, check: str, level: Level, message: str) -> Finding:
    return Finding(metric=label, check=check, level=level, message=message)
