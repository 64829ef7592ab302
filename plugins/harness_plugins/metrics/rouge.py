"""ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin 2004) on Unicode words, or exactly as the package rouge-score computes them.

`rouge-l` reads answer and reference as one line each and counts their longest common subsequence. `rouge-lsum` takes every
line for a sentence: per line of the reference it counts the union of the longest common subsequences with each line of the
answer (Lin 2004, section 3.2), no word more often than either side holds it. For texts of one line the two are equal; for
longer ones `rouge-lsum` forgives another order of the lines.
"""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from harness import MetricSpec, Result, Unit, hookimpl, named_files
from harness_plugins.metrics.lcs import lcs_length, lcs_positions
from harness_plugins.metrics.words import make_words

COMPONENTS = ("f1", "precision", "recall")
IMPLEMENTATIONS = ("harness", "rouge-score")
Sentences = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One member of the family: `size` counts what a text holds (words or n-grams), `hits` what answer and reference share."""

    size: Callable[[Sentences], int]
    hits: Callable[[Sentences, Sentences], int]
    original: str  # its name in rouge-score
    counted: str = "words"
    by_line: bool = False


def variants() -> dict[str, Variant]:
    """The family, by metric name."""
    return {
        "rouge-1": _ngrams(1, "words"),
        "rouge-2": _ngrams(2, "word pairs"),
        "rouge-l": Variant(_words, _lcs_hits, "rougeL"),
        "rouge-lsum": Variant(_words, _union_hits, "rougeLsum", by_line=True),
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
        words = make_words(tokenizer, stemmer)
        self._variant = variants()[name]
        self._cut = words.cut
        self._original: Any = None
        pairs = dict(words.signature)
        if implementation == "rouge-score":
            self._original = _original_scorer(self._variant.original, tokenizer, words.cut, pairs["stemmer"])
            pairs["impl"] = f"rouge-score-{metadata.version('rouge-score')}"
        self.signature = "|".join([name, *(f"{key}:{value}" for key, value in sorted(pairs.items())), "v:1"])

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per unit, in order; no value where the answer has no text or there is no reference."""
        ids: dict[str, int] = {}

        @functools.cache  # for this call: the same reference stands in the units of every system
        def read(text: str) -> Sentences:
            lines = text.split("\n") if self._variant.by_line else [text]
            return tuple(tuple(ids.setdefault(word, len(ids)) for word in self._cut(line)) for line in lines)

        return [self._score_one(unit, read) for unit in units]

    def _score_one(self, unit: Unit, read: Callable[[str], Sentences]) -> Result:
        text, references, variant = unit.output.text, unit.example.references, self._variant
        if text is None:
            return Result(None, "empty", dict.fromkeys(COMPONENTS), "no text")
        if not references:
            return Result(None, "no-reference", dict.fromkeys(COMPONENTS), "no reference")
        answer, targets = read(text), [read(reference) for reference in references]
        if not variant.size(answer):
            return _nothing(f"no {variant.counted} in the answer")
        if not any(map(variant.size, targets)):
            return _nothing(f"no {variant.counted} in the reference")
        if self._original is not None:
            best = self._original.score_multi(references, text)[variant.original]
            return _result(float(best.precision), float(best.recall), float(best.fmeasure))
        shares = [_shares(variant, answer, target) for target in targets]
        return max((_result(*share, f_measure(*share)) for share in shares), key=lambda result: result.value or 0.0)


def f_measure(precision: float, recall: float) -> float:
    """Harmonic mean, in the order of operations of rouge-score, so that floats are equal and not only close."""
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def _shares(variant: Variant, answer: Sentences, target: Sentences) -> tuple[float, float]:
    """Precision and recall of an answer against one reference."""
    hits = variant.hits(answer, target)
    return hits / max(variant.size(answer), 1), hits / max(variant.size(target), 1)


def _result(precision: float, recall: float, f1: float) -> Result:
    return Result(f1, components={"f1": f1, "precision": precision, "recall": recall})


def _nothing(detail: str) -> Result:
    return Result(0.0, "empty", dict.fromkeys(COMPONENTS, 0.0), detail)


def _words(sentences: Sentences) -> int:
    return sum(map(len, sentences))


def _ngrams(n: int, counted: str) -> Variant:
    def count(sentences: Sentences) -> Counter[tuple[int, ...]]:
        (words,) = sentences
        return Counter(zip(*(words[start:] for start in range(n)), strict=False))

    def hits(answer: Sentences, target: Sentences) -> int:
        return (count(answer) & count(target)).total()

    return Variant(lambda sentences: max(_words(sentences) - n + 1, 0), hits, f"rouge{n}", counted)


def _lcs_hits(answer: Sentences, target: Sentences) -> int:
    return lcs_length(answer[0], target[0])


def _union_hits(answer: Sentences, target: Sentences) -> int:
    candidates = [(sentence, set(sentence)) for sentence in answer if sentence]
    if len(candidates) == 1 and sum(map(bool, target)) == 1:
        return lcs_length(candidates[0][0], next(filter(None, target)))
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


def _original_scorer(variant: str, tokenizer: str, cut: Callable[[str], list[str]], stemmer: str) -> Any:
    """rouge-score's own scorer; with its own tokenizer, or with our words handed in through its tokenizer interface."""
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import Tokenizer

    class Words(Tokenizer):
        def tokenize(self, text: str) -> list[str]:
            return cut(text)

    if tokenizer == "rouge-score":
        return RougeScorer([variant], use_stemmer=stemmer != "none")
    return RougeScorer([variant], tokenizer=Words())


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
