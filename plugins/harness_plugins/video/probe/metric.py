"""The metric `imageability-probe`: how well a masked word was said."""

from collections.abc import Sequence

from harness import MetricSpec, Output, Result, Unit, hookimpl
from harness_plugins.video.probe.norms import data_files

VERSION = "1"
_PARTS = ("logprob", "rank", "correct")


class ImageabilityProbe:
    """Of outputs of the generator `video-mlm`: the word's log-probability (nats), its rank, and whether it was the likeliest.

    The gain of one system over another is the difference of their log-probabilities on the same examples, which `harness run`
    gives with its interval (`compare: {baseline: …}`). An output without a log-probability has no score.
    """

    signature = f"imageability-probe|v:{VERSION}"

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per output."""
        return [self._result(unit.output) for unit in units]

    def _result(self, output: Output) -> Result:
        own = _values(output)
        if own is None:
            return Result(None, "not-recorded", detail="no log-probability of a masked word (generator video-mlm)")
        return Result(own["logprob"], components=own)


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
            help="log-probability, rank and accuracy of a masked word, as the generator video-mlm says it",
            components=_PARTS,
            data=data_files(),
        )
    ]
