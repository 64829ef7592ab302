"""chrF of many pairs of texts at once (Popović 2015), in sacrebleu's order of operations: the same floats to the last bit.

sacrebleu (Post 2018) averages precision and recall over the orders that both texts have, and then takes F-beta, 0 to 100.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.text.ngrams import ngrams, shared
from harness.text.streams import Ints, Stream, code_points, distinct, without_space
from harness.text.words import token_ids

Floats = NDArray[np.float64]
Counts = Ints | Floats
CHUNK = 4096
_EPSILON = 1e-16
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


@dataclass(frozen=True, slots=True)
class ChrF:
    """The parameters of chrF, with sacrebleu's names and defaults: chrF2. chrF++ is `word_order` 2."""

    char_order: int = 6
    word_order: int = 0
    beta: float = 2
    whitespace: bool = False
    eps_smoothing: bool = False

    def scores(self, texts: Sequence[str], left: Ints, right: Ints) -> Floats:
        """chrF of texts[left[p]] against texts[right[p]], 0 to 100: (P,). Each text is counted once, in however many pairs."""
        return self.of_statistics(self.statistics(texts, left, right))

    def statistics(self, texts: Sequence[str], left: Ints, right: Ints) -> Ints:
        """N-grams of the text, of the reference and of both, by order: (P, orders, 3). Their sums over pairs are a corpus's."""
        counts = []
        if self.char_order:
            counts.append(_counts(self._characters(texts), self.char_order, left, right))
        if self.word_order:
            counts.append(_counts(_words(texts), self.word_order, left, right))
        return np.stack([np.concatenate(parts, axis=1) for parts in zip(*counts, strict=True)], axis=2)

    def of_statistics(self, statistics: Ints | Floats) -> Floats:
        """chrF of each row of statistics, shape (P, orders, 3), one text's or summed over a corpus: (P,), 0 to 100."""
        held, wanted, both = (statistics[:, :, place] for place in range(3))
        return self._smoothed(held, wanted, both) if self.eps_smoothing else self._averaged(held, wanted, both)

    def _characters(self, texts: Sequence[str]) -> Stream:
        stream = code_points(texts)
        return stream if self.whitespace else without_space(stream)

    def _averaged(self, held: Counts, wanted: Counts, both: Counts) -> Floats:
        precision, recall, orders = np.zeros(len(both)), np.zeros(len(both)), np.zeros(len(both), dtype=np.int64)
        for order in range(both.shape[1]):
            counts = (held[:, order] > 0) & (wanted[:, order] > 0)
            precision[counts] += both[counts, order] / held[counts, order]
            recall[counts] += both[counts, order] / wanted[counts, order]
            orders += counts
        precision /= np.maximum(orders, 1)
        recall /= np.maximum(orders, 1)
        factor = self.beta**2
        found = precision + recall > 0
        above = (1 + factor) * precision[found] * recall[found]
        scores = np.zeros(len(both))
        scores[found] = 100 * (above / ((factor * precision[found]) + recall[found]))
        return scores

    def _smoothed(self, held: Counts, wanted: Counts, both: Counts) -> Floats:
        factor = self.beta**2
        total = np.zeros(len(both))
        for order in range(both.shape[1]):
            precision = np.where(held[:, order] > 0, both[:, order] / np.maximum(held[:, order], 1), _EPSILON)
            recall = np.where(wanted[:, order] > 0, both[:, order] / np.maximum(wanted[:, order], 1), _EPSILON)
            below = factor * precision + recall
            found = below > 0
            part = np.full(len(both), _EPSILON)
            part[found] = (1 + factor) * precision[found] * recall[found] / below[found]
            total += part
        return 100 * total / both.shape[1]


def chrf_scores(texts: Sequence[str], references: Sequence[str], chrf: ChrF | None = None) -> Floats:
    """chrF of each text against the reference beside it, 0 to 100: (P,); chrF2 by default.

    A text that stands in several pairs near to each other is counted once for all of them.
    """
    settings = chrf or ChrF()
    scores = np.empty(len(texts))
    for begin in range(0, len(texts), CHUNK):
        part = slice(begin, begin + CHUNK)
        once, places = distinct([*texts[part], *references[part]])
        left, right = np.split(places, 2)
        scores[part] = settings.scores(once, left, right)
    return scores


def _counts(stream: Stream, highest: int, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints]:
    """N-grams of the text, the reference and both: (P, highest) each. The text's do not count where the reference has none."""
    grams = ngrams(stream, highest)
    totals = np.stack([grams.totals(order) for order in range(1, highest + 1)], axis=1)
    wanted = totals[right]
    return np.where(wanted > 0, totals[left], 0), wanted, shared(grams, left, right)


def _words(texts: Sequence[str]) -> Stream:
    """Words as symbols, for chrF+ and chrF++."""
    words = token_ids([_cut(text) for text in texts])
    return Stream(words.ids, words.starts)


def _cut(text: str) -> list[str]:
    """The text at white space, and one mark of punctuation taken off a word: from its end, or else from its beginning."""
    words: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in _PUNCTUATION:
            words += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in _PUNCTUATION:
            words += [word[0], word[1:]]
        else:
            words.append(word)
    return words
