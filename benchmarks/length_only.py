"""A metric that needs no reference, for judgment sets that have none: `benchmarks/equality.py` loads it as a plugin."""

from collections.abc import Sequence

from harness import MetricSpec, Unit, hookimpl


class LengthOnly:
    """Characters of the answer; a metric like any other, so that statistics can be compared where there is no reference."""

    signature = "length-only|unit:code-points|v:1"

    def score(self, units: Sequence[Unit]) -> list[float]:
        """One number a unit."""
        return [float(len(unit.output.text or "")) for unit in units]


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    """The metric."""
    return [MetricSpec("length-only", build=LengthOnly, help="characters of the answer")]
