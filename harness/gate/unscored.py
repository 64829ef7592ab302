"""Metrics that say nothing: they fail on every unit of a set, or score none at all. Nobody should approve of these."""

from collections.abc import Iterator, Sequence

from harness.gate.baseline import MetricBaseline, Value
from harness.gate.measure import Measured


def speechless(measured: Measured) -> dict[str, str]:
    """Label → what is wrong, with the first error.

    Of metrics that score nothing of a set and raise an error on every unit of it, of those that have no score anywhere, and of
    judges that find none of their replies. Metrics that were asked about nothing are not among them.
    """
    found = {}
    for label, now in measured.now.metrics.items():
        rows = _rows(now)
        for name, units in rows.items():
            errors = sum("error" in row for row in units)
            if errors and not any(map(_scored, units)):
                found[label] = (
                    f"{errors} of {len(units)} of {name} end in an error, and none has a score{_first(measured, label, name)}"
                )
                break
        units = [row for several in rows.values() for row in several]
        if label not in found and units and not any(map(_scored, units)):
            why = ", ".join(sorted({value for row in units for value in row if isinstance(value, str)}))
            found[label] = f"none of {len(units)} pairs and answers has a score ({why or 'no reason is given'})"
    return {**found, **_without_replies(measured)}


def _without_replies(measured: Measured) -> dict[str, str]:
    """Label → what is wrong, of the judges that find none of the replies that were recorded: their prompts are others."""
    return {
        one.label: f"none of its {one.requests} requests has a recorded reply; `harness gate record` asks the judge anew"
        for one in measured.judges
        if one.problem is None and one.requests and one.missing == one.requests
    }


def failing(measured: Measured) -> Iterator[str]:
    """A sentence for each set on which a metric ends in errors beside scores."""
    for label, now in measured.now.metrics.items():
        for name, units in _rows(now).items():
            errors = sum("error" in row for row in units)
            if errors and any(map(_scored, units)):
                yield f"{label}: {errors} of {len(units)} of {name} end in an error{_first(measured, label, name)}"


def _rows(now: MetricBaseline) -> dict[str, list[Sequence[Value]]]:
    """Set → a row of values a unit."""
    rows: dict[str, list[Sequence[Value]]] = {name: list(held.scores.values()) for name, held in now.pairs.items()}
    return {**rows, **{name: [[value] for value in held.values] for name, held in now.judged.items()}}


def _first(measured: Measured, label: str, name: str) -> str:
    table = measured.scores.get((label, name))
    error = None if table is None else table.first_error()
    return f": {error}" if error else ""


def _scored(row: Sequence[Value]) -> bool:
    return any(isinstance(value, (int, float)) for value in row)
