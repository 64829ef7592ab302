"""The metric `first-word`: whether the answer begins with the reference's first word."""

from collections.abc import Sequence

from harness import MetricSpec, Result, Unit, hookimpl

HARNESS_HOOKS = 0


class FirstWord:
    signature = "first-word|v:1"

    def score(self, units: Sequence[Unit]) -> list[float | Result]:
        return [self._one(unit) for unit in units]

    def _one(self, unit: Unit) -> float | Result:
        wanted = {words[0] for words in map(str.split, unit.example.references) if words}
        if not wanted:
            return Result(None, "no-reference")
        return float((unit.output.text or "").split()[:1] in [[word] for word in wanted])


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    return [MetricSpec("first-word", build=FirstWord, needs=("reference",), help="the same first word")]
