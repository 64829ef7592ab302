"""Back-translation: a row's translation into its source language again, and how near that comes to the source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness_plugins.datasets.translate.protect import Languages
from harness_plugins.datasets.translate.work import Work
from harness_plugins.datasets.translators.base import Translator

THRESHOLD = 40.0  # chrF, 0 to 100: below it a row is set aside


@dataclass(frozen=True)
class BackTranslation:
    """Which translator goes back, and which chrF a row needs."""

    translator: str | Mapping[str, Any]
    threshold: float = THRESHOLD

    def built(self, languages: Languages) -> "Back":
        """The translator of the other direction, cached."""
        from harness_plugins.datasets.translators.base import translator
        from harness_plugins.datasets.translators.cached import Cached

        return Back(Cached(translator(self.translator, languages.target, languages.source)))


@dataclass(frozen=True)
class Back:
    """Scores translations by what they become on the way back."""

    translator: Translator

    def scores(self, done: Sequence[tuple[Work, Mapping[str, str]]]) -> list[float]:
        """chrF2 of each row's back-translation against its source, 0 to 100; 0 where it cannot be translated back."""
        if not done:
            return []
        from harness.text.chrf import chrf_scores

        pieces = [[(piece, work.done[piece]) for piece in work.pieces() if work.done.get(piece)] for work, _ in done]
        answers = iter(self.translator.translate([target for row in pieces for _, target in row]))
        backs, sources = [], []
        for row in pieces:
            found = [next(answers).text or "" for _ in row]
            backs.append("\n".join(found))
            sources.append("\n".join(source for source, _ in row))
        scores = chrf_scores(backs, sources)
        return [100.0 if not row else round(float(score), 2) for row, score in zip(pieces, scores, strict=True)]


def back_translation(given: Any, translator: str | Mapping[str, Any]) -> BackTranslation | None:
    """What the parameter asks for: nothing (false), the translator itself (true), another one, or a mapping with a threshold."""
    if given in (None, False):
        return None
    if given is True:
        return BackTranslation(translator)
    params = dict(given) if isinstance(given, Mapping) else {"name": given}
    threshold = params.pop("threshold", THRESHOLD)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 100:
        raise ValueError(f"back_translation: threshold is a chrF between 0 and 100, got {threshold!r}")
    inner = params.pop("translator", None)
    if inner is not None and params:
        raise ValueError("back_translation: give translator: and threshold: only, or the translator's own parameters")
    return BackTranslation(inner if inner is not None else params if params else translator, float(threshold))
