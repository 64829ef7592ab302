"""The metric `imageability-probe`: how well a masked word was said, or how much better than by another system."""

from collections.abc import Sequence

from harness import MetricSpec, Output, Result, Unit, hookimpl
from harness_plugins.video.probe.norms import data_files

VERSION = "1"
_PARTS = ("logprob", "rank", "correct")


class ImageabilityProbe:
    """Of outputs of the generator `video-mlm`: the word's log-probability (nats), its rank, and whether it was the likeliest.

    `against`: the name of a system; values are then the output's less that system's on the same example (gain), of the rank the
    other way round, so that more is better in all three. An output without a log-probability has no score, nor has one where
    the other system has none.
    """

    def __init__(self, against: str | None = None) -> None:
        if against is not None and (not isinstance(against, str) or not against.strip() or "|" in against):
            raise ValueError(f"against is the name of a system, without |, got {against!r}")
        self._against = against
        self.signature = f"imageability-probe|against:{against or 'nothing'}|v:{VERSION}"

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per output."""
        return [self._result(unit) for unit in units]

    def _result(self, unit: Unit) -> Result:
        own = _values(unit.output)
        if own is None:
            return Result(None, "not-recorded", detail="no log-probability of a masked word (generator video-mlm)")
        if self._against is None:
            return Result(own["logprob"], components=own)
        if unit.output.system == self._against:
            return Result(0.0, components=dict.fromkeys(_PARTS, 0.0))
        other = next((found for one in unit.peers if one.system == self._against and (found := _values(one)) is not None), None)
        if other is None:
            return Result(None, "not-recorded", detail=f"{self._against} said nothing of this word")
        gains = {"logprob": own["logprob"] - other["logprob"], "rank": other["rank"] - own["rank"]}
        gains["correct"] = own["correct"] - other["correct"]
        return Result(gains["logprob"], components=dict(gains))


def _values(output: Output) -> dict[str, float] | None:
    """The three values of an output; None where it is no answer about a word."""
    rank, correct = output.meta.get("rank"), output.meta.get("correct")
    if (
        output.loglik is None
        or len(output.loglik) != 1
        or not isinstance(rank, int | float)
        or not isinstance(correct, int | float)
    ):
        return None
    return {"logprob": output.loglik[0].sum, "rank": float(rank), "correct": float(correct)}


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    return [
        MetricSpec(
            "imageability-probe",
            build=ImageabilityProbe,
            version=VERSION,
            help="log-probability, rank and accuracy of a masked word, or its gain over another system (against=SYSTEM)",
            argument="against",
            components=_PARTS,
            needs=("peers",),
            data=data_files(),
        )
    ]
