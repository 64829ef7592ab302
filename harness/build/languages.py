"""Which language texts look like, as py3langid tells it, for many texts at once: its model, in compiled loops."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from harness.describe.languages import primary_language
from harness.errors import InputError
from harness.text.streams import Ints, offsets

PACKAGE = "py3langid"
PIP_LINE = "pip install 'metaeval-harness[build]'"
_NO_LANGUAGE = "zxx"  # the model's word for numbers, codes and addresses
_COUNTS = 4096
_BOUNDS, _ALONE = 16, 15  # columns of bounds for a language (a line of the cache), and how many of them are of one class
_SLACK = 0.5  # nats, far more than sums of single precision can be off
_KEPT = 8  # languages whose bounds are kept
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Looks:
    """What T texts look like: `likely[t]` is the place of the likeliest language in `LanguageModel.languages`, `ahead[t]` by how
    many nats it is likelier than the declared one. Where that is less than the margin, the declared one counts as the likeliest,
    and `ahead[t]` is 0. `judged[t]` is False where nothing can be said: a text in which the model knows nothing, or a language
    that it does not know."""

    likely: Ints
    ahead: NDArray[np.float64]
    judged: NDArray[np.bool_]


@dataclass(frozen=True)
class LanguageModel:
    """The arrays of py3langid's model: an automaton over UTF-8 bytes (`columns`, `states` and `moves`, as
    `harness.text.language_kernels` walks it) and naive Bayes (`weights`, `priors`) over the byte n-grams that it announces;
    `labels` are its classes, of which some share a name."""

    columns: NDArray[np.uint8]
    states: NDArray[np.uint64]
    moves: NDArray[np.uint32]
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
        return self._sums(texts, self.weights, self.priors)

    def looks(self, texts: Sequence[str], tags: Sequence[str], margin: float) -> Looks:
        """What the texts (in NFC) look like, each beside the language that its tag declares.

        A text's scores in all classes are computed only where bounds do not tell already that no language is ahead by `margin`.
        """
        places = {language: place for place, language in enumerate(self.languages)}
        known = {tag: places.get(primary_language(tag), -1) for tag in set(tags)}
        declared = np.array([known[tag] for tag in tags], dtype=np.int64)
        likely, ahead, judged = declared.copy(), np.zeros(len(texts)), declared >= 0
        for place in np.unique(declared[judged]).tolist():
            mine = np.flatnonzero(declared == place)
            sums = self._sums([texts[text] for text in mine.tolist()], *self._bounds(place))
            unsure = mine[~(sums.max(axis=1) < margin - _SLACK)]
            if not len(unsure):
                continue
            scores = self.scores([texts[text] for text in unsure.tolist()])
            judged[unsure] = ~np.isnan(scores[:, 0])
            best = np.stack([scores[:, columns].max(axis=1) for columns in self._columns], axis=1)
            likely[unsure] = best.argmax(axis=1)
            ahead[unsure] = best.max(axis=1).astype(np.float64) - best[:, place]
        near = judged & (ahead < margin)
        return Looks(np.where(near, declared, likely), np.where(near, 0.0, ahead), judged)

    def _sums(self, texts: Sequence[str], weights: Scores, priors: Scores) -> Scores:
        """The sums of weights over what is found in each text: (T, C); nan where nothing is."""
        from harness.text import language_kernels

        data = [(text.lower() if text.isupper() else text).encode("utf-8", "surrogatepass") for text in texts]
        starts = offsets(np.fromiter(map(len, data), dtype=np.int64, count=len(data)))
        visits, visited = np.empty(int(starts[-1]) + 1, np.int32), np.empty(len(data), np.int64)
        joined = np.frombuffer(b"".join(data), np.uint8)
        language_kernels.walk_texts(joined, starts, self.columns, self.states, self.moves, visits, visited)
        sums = np.empty((len(data), len(priors)), np.float32)
        counts, line = np.zeros(len(weights), np.int32), np.empty(len(priors), np.float32)
        language_kernels.score_texts(starts, visits, visited, weights, priors, _logs(), counts, line, sums)
        sums[visited == 0] = np.nan
        return sums

    @cached_property
    def _columns(self) -> list[Ints]:
        """For each language the classes that are it."""
        names = [primary_language(label) for label in self.labels]
        return [np.flatnonzero([name == language for name in names]) for language in self.languages]

    @cached_property
    def _likeness(self) -> Scores:
        """How alike the weights of two classes are: correlations, (C, C)."""
        return np.asarray(np.corrcoef(self.weights[::16].T), np.float32)

    @cached_property
    def _known_bounds(self) -> dict[int, tuple[Scores, Scores]]:
        return {}

    def _bounds(self, place: int) -> tuple[Scores, Scores]:
        """Weights and priors whose sums are at least what any other language is ahead of this one.

        The classes of other languages are put into groups, the likest ones alone; a group's weight is the largest difference of
        one of its classes, so its sum is no less than the difference of any.
        """
        if place not in self._known_bounds:
            if len(self._known_bounds) >= _KEPT:
                self._known_bounds.clear()
            groups, own = self._groups(place), int(self._columns[place][0])
            weights = np.stack([self.weights[:, group].max(axis=1) - self.weights[:, own] for group in groups], axis=1)
            priors = np.array([self.priors[group].max() - self.priors[own] for group in groups], np.float32)
            self._known_bounds[place] = np.ascontiguousarray(weights), priors
        return self._known_bounds[place]

    def _groups(self, place: int) -> list[Ints]:
        own = self._columns[place]
        others = [n for n, label in enumerate(self.labels) if n not in own and label != _NO_LANGUAGE]
        likeness = self._likeness
        others.sort(key=lambda n: (-likeness[own[0], n], n))
        groups, rest = [[n] for n in others[:_ALONE]], others[_ALONE:]
        while rest and len(groups) < _BOUNDS:  # the one that is least like any group so far begins the next
            first = min(rest, key=lambda n: (max(float(likeness[n, group[0]]) for group in groups), n))
            groups.append([first])
            rest.remove(first)
        for n in rest:
            max(groups, key=lambda group: (float(likeness[n, group[0]]), -group[0])).append(n)
        return [np.array(group) for group in groups]


@cache
def language_model() -> LanguageModel | None:
    """The model of the installed package, read once; None where it is not installed. InputError where it holds its model in
    another form than version 0.4 does."""
    if find_spec(PACKAGE) is None:
        return None
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        read = LanguageIdentifier.from_model_file(MODEL_FILE)
        return LanguageModel(
            *_automaton(np.asarray(read.tk_nextmove, np.uint32), np.asarray(read.tk_row), np.asarray(read.tk_output)),
            np.ascontiguousarray(read.nb_ptc, np.float32),
            np.ascontiguousarray(read.nb_pc, np.float32),
            tuple(read.nb_classes),
        )
    except AttributeError as error:
        message = f"this version of {PACKAGE} holds its model in another form ({error}); pip install '{PACKAGE}==0.4.*'"
        raise InputError(message) from error


def _automaton(
    moves: NDArray[np.uint32], rows: NDArray[np.integer], found: NDArray[np.integer]
) -> tuple[NDArray[np.uint8], NDArray[np.uint64], NDArray[np.uint32]]:
    """Columns, states and moves, the bytes that lead on from most rows side by side."""
    by_row = moves.reshape(-1, 256)
    order = np.argsort(-(by_row != by_row[rows[0]]).sum(axis=0), kind="stable")
    columns = np.empty(256, np.uint8)
    columns[order] = np.arange(256)
    states = rows.astype(np.uint64) << np.uint64(32) | (found.astype(np.int64) + 1).astype(np.uint64)
    return columns, states, np.take(by_row, order, axis=1).ravel()


@cache
def _logs() -> Scores:
    return np.log1p(np.arange(_COUNTS, dtype=np.float32))
