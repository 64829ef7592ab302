"""Which language texts look like, as py3langid tells it, for many texts at once: its model, in compiled loops."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from harness.describe.languages import primary_language
from harness.text.streams import Ints, offsets

PACKAGE = "py3langid"
PIP_LINE = "pip install 'metaeval-harness[build]'"
_NO_LANGUAGE = "zxx"  # the model's word for numbers, codes and addresses
_COUNTS = 4096
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Looks:
    """What T texts look like: `likely[t]` is the place of the likeliest language in `LanguageModel.languages`, `ahead[t]` by how
    many nats it is likelier than the declared one (0 where that is the likeliest); `judged[t]` is False where nothing can be
    said: a text in which the model knows nothing, or a language that it does not know."""

    likely: Ints
    ahead: NDArray[np.float64]
    judged: NDArray[np.bool_]


@dataclass(frozen=True)
class LanguageModel:
    """The arrays of py3langid's model: an automaton over UTF-8 bytes (`moves`, `rows`, `found`) and naive Bayes (`weights`,
    `priors`) over the byte n-grams that it announces; `labels` are its classes, of which some share a name. Columns beyond the
    labels are zeros."""

    moves: NDArray[np.uint32]
    rows: NDArray[np.uint32]
    found: NDArray[np.int32]
    weights: Scores
    priors: Scores
    labels: tuple[str, ...]

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The primary subtags that the model can name, sorted; Bokmål and Nynorsk are both Norwegian."""
        return tuple(sorted({primary_language(label) for label in self.labels} - {_NO_LANGUAGE}))

    def scores(self, texts: Sequence[str]) -> Scores:
        """Log-posteriors by class, as `py3langid.rank` gives them before it merges classes of one name: (T, C). A text in which
        the model knows nothing has nan."""
        from harness.text import language_kernels

        data = [(text.lower() if text.isupper() else text).encode("utf-8", "surrogatepass") for text in texts]
        starts = offsets(np.fromiter(map(len, data), dtype=np.int64, count=len(data)))
        visits, visited = np.empty(int(starts[-1]) + 1, np.int32), np.empty(len(data), np.int64)
        joined = np.frombuffer(b"".join(data), np.uint8)
        language_kernels.walk_texts(joined, starts, self.rows, self.moves, self.found, visits, visited)
        scores = np.empty((len(data), len(self.priors)), np.float32)
        counts, ends = np.zeros(len(self.weights), np.int32), np.zeros(len(self.weights), np.int64)
        factors, sorted_factors = np.empty(len(visits), np.float32), np.empty(len(visits), np.float32)
        owners = np.empty(len(visits), np.int32)
        language_kernels.score_texts(
            starts, visits, visited, self.weights, self.priors, _logs(), counts, ends, factors, owners, sorted_factors, scores
        )
        scores[visited == 0] = np.nan
        return scores[:, : len(self.labels)]

    def looks(self, texts: Sequence[str], tags: Sequence[str]) -> Looks:
        """What the texts (in NFC) look like, each beside the language that its tag declares."""
        scores = self.scores(texts)
        by_language = np.full((len(texts), len(self.languages)), -np.inf, np.float32)
        for place, columns in enumerate(self._columns):
            own = scores[:, columns]
            by_language[:, place] = own[:, 0] if len(columns) == 1 else own.max(axis=1)
        known = ~np.isnan(scores[:, 0])
        likely = by_language.argmax(axis=1)
        places = {language: place for place, language in enumerate(self.languages)}
        declared = np.array([places.get(primary_language(tag), -1) for tag in tags], dtype=np.int64)
        each = np.arange(len(texts))
        ahead = by_language[each, likely].astype(np.float64) - by_language[each, declared]
        judged = known & (declared >= 0)
        return Looks(likely, np.where(judged, ahead, math.nan), judged)

    @cached_property
    def _columns(self) -> list[Ints]:
        """For each language the classes that are it."""
        names = [primary_language(label) for label in self.labels]
        return [np.flatnonzero([name == language for name in names]) for language in self.languages]


@cache
def language_model() -> LanguageModel | None:
    """The model of the installed package, read once; None where it is not installed."""
    if find_spec(PACKAGE) is None:
        return None
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    read = LanguageIdentifier.from_model_file(MODEL_FILE)
    more = -len(read.nb_classes) % 32  # the loops take whole steps of 32 classes
    return LanguageModel(
        np.asarray(read.tk_nextmove, np.uint32),
        np.asarray(read.tk_row, np.uint32),
        np.asarray(read.tk_output, np.int32),
        np.pad(np.asarray(read.nb_ptc, np.float32), ((0, 0), (0, more))),
        np.pad(np.asarray(read.nb_pc, np.float32), (0, more)),
        tuple(read.nb_classes),
    )


@cache
def _logs() -> Scores:
    return np.log1p(np.arange(_COUNTS, dtype=np.float32))
