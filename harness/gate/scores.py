"""Whether a metric says what it said: its signature, its scores pair by pair, and what it has a score for."""

from collections.abc import Iterator, Mapping

from harness.gate.baseline import Baseline, MetricBaseline, Value
from harness.gate.config import GateConfig
from harness.gate.findings import Finding, Moved
from harness.gate.measure import Measured

_WORST = 5  # moved pairs that a finding shows


def signature(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """The signature is the baseline's."""
    for label, reason in measured.broken.items():
        yield Finding(metric=label, check="signature", level="error", message=f"{label} could not be asked: {reason}")
    for label, now in measured.now.metrics.items():
        was = before.metrics.get(label)
        if was is None:
            message = f"{label} is not in the baseline: approve of it with `harness gate update --reason TEXT`"
            yield Finding(metric=label, check="signature", level="fail", message=message)
        elif was.signature != now.signature:
            message = (
                f"{label}: signature moved from {was.signature} to {now.signature}, and the baseline was not updated; if that is "
                "meant, `harness gate update --reason TEXT`"
            )
            yield Finding(metric=label, check="signature", level="fail", message=message)
        else:
            yield Finding(metric=label, check="signature", level="pass", message=f"{label}: {now.signature}")


def scores(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """No score moved further than the tolerance."""
    for label, now, was in both(before, measured):
        for name, held in now.pairs.items():
            known = was.pairs.get(name)
            if known is None or known.digest != held.digest:
                message = f"{label}: the pairs {name!r} are not those of the baseline; `harness gate update --reason TEXT`"
                yield Finding(metric=label, check="scores", level="fail", message=message)
                continue
            moved = list(_moved(now, known.scores, held.scores))
            if not moved:
                message = f"{label}: {len(held.scores)} pairs of {name} score as before"
                yield Finding(metric=label, check="scores", level="pass", message=message)
                continue
            worst = tuple(sorted(moved, key=_size, reverse=True)[:_WORST])
            silent = " and the signature did not" if was.signature == now.signature else ""
            message = (
                f"{label}: scores moved on {len(moved)} of {len(held.scores)} pairs of {name}{silent}; most on {worst[0].pair}"
            )
            yield Finding(metric=label, check="scores", level="fail", message=message, moved=worst)


def coverage(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """What had a score has one."""
    for label, now, was in both(before, measured):
        for name, held in now.pairs.items():
            known = was.pairs.get(name)
            if known is None or known.digest != held.digest:
                continue
            lost = [unit for unit, values in known.scores.items() if _scored(values) and not _scored(held.scores.get(unit, []))]
            level, words = ("fail", f"{len(lost)} pairs of {name} lost their score: {', '.join(lost[:5])}")
            if not lost:
                level, words = "pass", f"every pair of {name} that had a score has one"
            yield Finding(metric=label, check="coverage", level=level, message=f"{label}: {words}")  # type: ignore[arg-type]


def both(before: Baseline, measured: Measured) -> Iterator[tuple[str, MetricBaseline, MetricBaseline]]:
    """Label, present and past of each metric that the baseline knows."""
    for label, now in measured.now.metrics.items():
        was = before.metrics.get(label)
        if was is not None:
            yield label, now, was


def _scored(values: list[Value]) -> bool:
    return any(isinstance(value, (int, float)) for value in values)


def _moved(now: MetricBaseline, known: Mapping[str, list[Value]], held: Mapping[str, list[Value]]) -> Iterator[Moved]:
    for unit, before in known.items():
        after = held.get(unit, [None] * len(before))
        for one, other in zip(before, after, strict=False):
            if isinstance(one, str) or isinstance(other, str):
                if one != other:
                    yield Moved(pair=unit, before=_number(one), now=_number(other))
                    break
            elif one is not None and other is not None and abs(one - other) > now.tolerance * max(1.0, abs(one)):
                yield Moved(pair=unit, before=one, now=other)
                break


def _number(value: Value) -> float | None:
    return None if isinstance(value, str) else value


def _size(moved: Moved) -> float:
    return float("inf") if moved.before is None or moved.now is None else abs(moved.before - moved.now)
