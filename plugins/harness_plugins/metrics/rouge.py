"""ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin 2004) on Unicode words, or exactly as the package rouge-score computes them.

`rouge-l` reads answer and reference as one line each and counts their longest common subsequence. `rouge-lsum` takes every
line for a sentence: per line of the reference it counts the union of the longest common subsequences with each line of the
answer (Lin 2004, section 3.2), no word more often than either side holds it. For texts of one line the two are equal; for
longer ones `rouge-lsum` forgives another order of the lines.
"""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import metadata
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from harness import MetricSpec, Result, Unit, hookimpl, named_files
from harness.protocols import Columns
from harness.text.ngrams import ngrams, shared
from harness.text.streams import Ints, Stream, flat, offsets
from harness.text.words import WordIds, lcs_lengths
from harness_plugins.metrics.batches import Batch, Floats, in_chunks, results
from harness_plugins.metrics.folding import common_words, read_words
from harness_plugins.metrics.lcs import lcs_positions
from harness_plugins.metrics.words import Words, make_words

COMPONENTS = ("f1", "precision", "recall")
IMPLEMENTATIONS = ("harness", "rouge-score")
ORIGINAL = {"rouge-1": "rouge1", "rouge-2": "rouge2", "rouge-l": "rougeL", "rouge-lsum": "rougeLsum"}


class Lines(NamedTuple):
    """Texts as words: line i is `words.ids[words.starts[i] : …]`, and text n has the lines starts[n] to starts[n + 1]."""

    words: WordIds
    starts: Ints

    @classmethod
    def of(cls, texts: Sequence[str], words: Words) -> "Lines":
        """The texts, each cut at line feeds."""
        lines, starts = flat([text.split("\n") for text in texts])
        return cls(read_words(lines, words), starts)

    def lengths(self) -> Ints:
        """How many words each text has."""
        return np.diff(self.words.starts[self.starts])

    def of_text(self, text: int) -> list[list[int]]:
        """The words of each line of a text that has any."""
        bounds = self.words.starts[self.starts[text] : self.starts[text + 1] + 1].tolist()
        every = self.words.ids[bounds[0] : bounds[-1]].tolist()
        return [every[begin - bounds[0] : end - bounds[0]] for begin, end in pairwise(bounds) if end > begin]


Counts = tuple[Ints, Ints]


class Variant(NamedTuple):
    """One member of the family.

    `counts(texts, words, left, right)`: how many things each text has, (N,), and how many the texts left[p] and right[p]
    share, (P,). many: see `in_chunks`.
    """

    counts: Callable[[Sequence[str], Words, Ints, Ints], Counts]
    counted: str = "words"
    many: int = 1


def variants() -> dict[str, Variant]:
    """The family, by metric name."""
    return {
        "rouge-1": _ngrams(1, "words"),
        "rouge-2": _ngrams(2, "word pairs"),
        "rouge-l": Variant(common_words, many=4),
        "rouge-lsum": Variant(_union_words, many=4),
    }


class Rouge:
    """ROUGE of one variant, 0 to 1: F1 with its precision and recall; of several references the one with the best F1.

    `tokenizer` is "unicode" or "rouge-score" (see `words.py`); `stemmer` None, a Snowball algorithm, or "porter" with
    "rouge-score". `implementation="rouge-score"` runs that package (extra `rouge`), by default with its own tokenizer. An
    answer, or a set of references, with nothing to count scores 0, marked `empty`: so does rouge-2 on answers of one word.
    Raises ValueError for an unknown parameter value, ModuleNotFoundError for a missing package.
    """

    def __init__(
        self, name: str, *, tokenizer: str | None = None, stemmer: str | None = None, implementation: str = "harness"
    ) -> None:
        if implementation not in IMPLEMENTATIONS:
            raise ValueError(f"unknown implementation {implementation!r}; allowed are {', '.join(IMPLEMENTATIONS)}")
        if tokenizer is None:
            tokenizer = "unicode" if implementation == "harness" else "rouge-score"
        self._words = make_words(tokenizer, stemmer)
        self._variant = variants()[name]
        self._original: Callable[[Sequence[str], str], tuple[float, float, float]] | None = None
        pairs = dict(self._words.signature)
        if implementation == "rouge-score":
            self._original = _original_score(ORIGINAL[name], self._words)
            pairs["impl"] = f"rouge-score-{metadata.version('rouge-score')}"
        self.signature = "|".join([name, *(f"{key}:{value}" for key, value in sorted(pairs.items())), "v:1"])

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per unit, in order; no value where the answer has no text or there is no reference."""
        return results(self.score_columns(units), COMPONENTS)

    def score_columns(self, units: Sequence[Unit]) -> Columns:
        """The same as columns. A text that several units near to each other share is read once for all of them."""
        return in_chunks(units, self._score_chunk, self._variant.many)

    def _score_chunk(self, units: Sequence[Unit]) -> Columns:
        variant, batch = self._variant, Batch.of(units)
        left, right = (batch.left, batch.references) if self._original is None else (np.zeros(0, np.int64),) * 2
        sizes, hits = variant.counts(batch.texts, self._words, left, right)
        empty = sizes[batch.answers] == 0
        bare = ~batch.any(sizes[batch.references] > 0)
        if self._original is None:
            shares = hits / np.maximum(sizes[left], 1), hits / np.maximum(sizes[right], 1)
            f1 = f_measure(*shares)
            best = batch.best(f1)
            columns = [column[best] if len(column) else np.zeros(len(best)) for column in (f1, *shares)]
        else:
            columns = self._by_original(units, np.flatnonzero(~empty & ~bare))
        reasons = [(empty, f"no {variant.counted} in the answer"), (bare, f"no {variant.counted} in the reference")]
        return batch.columns(dict(zip(COMPONENTS, columns, strict=True)), reasons)

    def _by_original(self, units: Sequence[Unit], whole: Ints) -> list[Floats]:
        columns = [np.zeros(len(units)) for _ in COMPONENTS]
        assert self._original is not None
        for place in whole.tolist():
            text, references = units[place].output.text, units[place].example.references
            for column, value in zip(columns, self._original(references, text or ""), strict=True):
                column[place] = value
        return columns


def f_measure(precision: Floats, recall: Floats) -> Floats:
    """Harmonic means, in the order of operations of rouge-score, so that floats are equal and not only close."""
    both = precision + recall
    return np.divide(2 * precision * recall, both, out=np.zeros(len(both)), where=both > 0)


def _ngrams(n: int, counted: str) -> Variant:
    def counts(texts: Sequence[str], words: Words, left: Ints, right: Ints) -> Counts:
        found = read_words(texts, words)
        hits = shared(ngrams(Stream(found.ids, found.starts), n), left, right)[:, n - 1]
        return np.maximum(found.lengths - n + 1, 0), hits

    return Variant(counts, counted)


def _union_words(texts: Sequence[str], words: Words, left: Ints, right: Ints) -> Counts:
    """Texts of one line are as `rouge-l` has them; lines between others are looked at as sentences."""
    if not any("\n" in text for text in texts):
        return common_words(texts, words, left, right)
    lines = Lines.of(texts, words)
    return lines.lengths(), _union_hits(lines, left, right)


def _union_hits(texts: Lines, left: Ints, right: Ints) -> Ints:
    """Where both sides have one line with words, their union is its common subsequence."""
    filled = np.diff(texts.words.starts) > 0
    lines = np.diff(offsets(filled)[texts.starts])
    only = np.zeros(len(lines), dtype=np.int64)
    only[np.repeat(np.arange(len(lines)), np.diff(texts.starts))[filled]] = np.flatnonzero(filled)
    hits = np.zeros(len(left), dtype=np.int64)
    single = (lines[left] == 1) & (lines[right] == 1)
    hits[single] = lcs_lengths(texts.words, only[left[single]], only[right[single]])
    read = functools.cache(texts.of_text)
    for pair in np.flatnonzero((lines[left] > 0) & (lines[right] > 0) & ~single).tolist():
        hits[pair] = _union(read(int(left[pair])), read(int(right[pair])))
    return hits


def _union(answer: list[list[int]], target: list[list[int]]) -> int:
    candidates = [(sentence, set(sentence)) for sentence in answer]
    held = Counter(word for sentence in answer for word in sentence)
    found: Counter[int] = Counter()
    for sentence in target:
        union: set[int] = set()
        reachable = sum(word in held for word in sentence)
        for candidate, words in candidates:
            if len(union) == reachable:
                break
            if not words.isdisjoint(sentence):
                union.update(lcs_positions(sentence, candidate))
        found.update(sentence[position] for position in union)
    return (found & held).total()


def _original_score(variant: str, words: Words) -> Callable[[Sequence[str], str], tuple[float, float, float]]:
    """rouge-score's own F1, precision and recall; with its own tokenizer, or with our words through its tokenizer interface."""
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import Tokenizer

    class OurWords(Tokenizer):
        def tokenize(self, text: str) -> list[str]:
            return words.cut(text)

    own = words.tokenizer == "rouge-score"
    scorer: Any = (
        RougeScorer([variant], use_stemmer=words.stem is not None) if own else RougeScorer([variant], tokenizer=OurWords())
    )

    def score(references: Sequence[str], text: str) -> tuple[float, float, float]:
        best = scorer.score_multi(references, text)[variant]
        return float(best.fmeasure), float(best.precision), float(best.recall)

    return score


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    """The four variants."""
    helps = {
        "rouge-1": "words shared with the reference (F1)",
        "rouge-2": "word pairs shared with the reference (F1)",
        "rouge-l": "longest common subsequence of words with the reference (F1)",
        "rouge-lsum": "rouge-l per line, lines in any order (F1)",
    }
    return [
        MetricSpec(
            name,
            build=functools.partial(Rouge, name),
            help=text,
            extra="rouge",
            components=COMPONENTS,
            needs=("reference",),
            reads=named_files,
        )
        for name, text in helps.items()
    ]
