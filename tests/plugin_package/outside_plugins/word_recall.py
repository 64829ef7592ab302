"""Fraction of the reference's words that the answer contains."""

from collections.abc import Sequence

from harness import MetricSpec, Result, Unit, hookimpl


class WordRecall:
    """Words are cut at white space. Of several references the best counts."""

    def __init__(self, case: str = "fold") -> None:
        if case not in ("fold", "keep"):
            raise ValueError(f"case is fold or keep, got {case!r}")
        self._case = case
        self.signature = f"word-recall|case:{case}|v:1"

    def score(self, units: Sequence[Unit]) -> list[float | Result]:
        return [self._score_one(unit) for unit in units]

    def _score_one(self, unit: Unit) -> float | Result:
        wanted = [words for words in map(self._words, unit.example.references) if words]
        if not wanted:
            return Result(None, status="no-reference")
        said = self._words(unit.output.text or "")
        return max(len(words & said) / len(words) for words in wanted)

    def _words(self, text: str) -> set[str]:
        return set((text.casefold() if self._case == "fold" else text).split())


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    return [MetricSpec("word-recall", build=WordRecall, help="share of reference words found", needs=("reference",))]
