"""How a task's value comes from its items: sums of what each item adds, and a function of the sums.

Accuracy is such a thing, and so are BLEU and chrF of a corpus (sacrebleu's n-gram counts), perplexity, F1, MCC:
that is what makes resampling and swapping of items exact and cheap for all of them. A way of putting items together counts only
if it gives the very value that was reported.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.leaderboard.records import Item
from harness.meta.pairs import Floats

TOLERANCE = 1e-6  # between a value that was reported and the one its items give, relative
_LARGEST_TEXT = 1_000_000  # characters of an answer that is scored anew


@dataclass(frozen=True)
class Measure:
    """`parts`: what each item adds, shape (n, k); `value`: of sums of parts, shape (B, k), the values (B,). `clusters`: what is
    resampled together, one name per item. `kind`: how it is put together (`mean`, `chrf` …). `repeats`: by key, the key of the
    item whose document comes again here."""

    kind: str
    keys: tuple[str, ...]
    clusters: tuple[str, ...]
    parts: Floats
    value: Callable[[Floats], Floats]
    repeats: Mapping[str, str] = field(default_factory=dict)

    @property
    def documents(self) -> tuple[str, ...]:
        """The document of each item: its own key, or that of the item which it repeats."""
        return tuple(self.repeats.get(key, key) for key in self.keys) if self.repeats else self.keys

    @property
    def total(self) -> float:
        """The value of all items."""
        return float(self.value(self.parts.sum(axis=0, keepdims=True))[0])

    def only(self, keys: Sequence[str]) -> "Measure":
        """The same measure of some of the items, in the order given."""
        place = {key: row for row, key in enumerate(self.keys)}
        rows = [place[key] for key in keys]
        clusters = tuple(self.clusters[row] for row in rows)
        return Measure(self.kind, tuple(keys), clusters, self.parts[rows], self.value, self.repeats)


def find_measure(items: Sequence[Item], metric: str, aggregation: str | None, reported: float | None) -> Measure | None:
    """The way of putting the items together that gives the reported value (where one was); None where none does.

    `aggregation`: as the task names it; it is tried first, then what the metric's name and the kind of values allow.
    """
    base = metric.partition(",")[0]
    numbers = [item for item in items if item.values.get(metric) is not None]
    pairs = [item for item in items if _pair(item, metric) is not None]
    if numbers and not pairs:
        held: list[Item] = numbers
        ways = _by_name(aggregation, base, _OF_NUMBERS)
        raw: list[Any] = [item.values[metric] for item in numbers]
    elif pairs:
        held = pairs
        ways = _by_name(aggregation, base, _OF_PAIRS)
        raw = [_pair(item, metric) for item in pairs]
    else:
        return None
    for name, way in ways:
        try:
            made = way(raw)
        except (TypeError, ValueError, OverflowError, ZeroDivisionError):
            continue  # values of another kind than this way puts together
        keys = tuple(item.key for item in held)
        clusters = tuple(str(item.meta.get("cluster", item.key)) for item in held)
        repeats = {item.key: str(item.meta["repeats"]) for item in held if "repeats" in item.meta}
        measure = Measure(name, keys, clusters, *made, repeats)
        with np.errstate(all="ignore"):
            value = measure.total
        if math.isfinite(value) and (reported is None or is_value(value, reported)):
            return measure
        if reported is None:
            return None
    return None


def is_value(value: float, reported: float) -> bool:
    """Whether a reported value is this one, perhaps rounded: to three digits after the point at the least."""
    decimals = len(repr(reported).partition(".")[2]) if "e" not in repr(reported) else 0
    rounded = 0.5 * 10**-decimals * (1 + 1e-9) if decimals >= 3 else 0.0
    return abs(value - reported) <= max(TOLERANCE * max(1.0, abs(reported)), rounded)


_Made = tuple[Floats, Callable[[Floats], Floats]]
_Way = Callable[[list[Any]], _Made]


def _pair(item: Item, metric: str) -> list[Any] | None:
    found = item.meta.get("parts", {}).get(metric)
    return list(found) if isinstance(found, (list, tuple)) and len(found) == 2 else None


def _by_name(aggregation: str | None, metric: str, ways: dict[str, _Way]) -> Iterator[tuple[str, _Way]]:
    said = [_ALIASES.get(name, name) for name in (aggregation, metric) if name]
    first = [name for name in dict.fromkeys(said) if name in ways]
    for name in [*first, *(name for name in ways if name not in first)]:
        yield name, ways[name]


# --- ways of putting together: from the items' values, what each adds and the function of sums


def _mean(values: list[float]) -> _Made:
    return _beside_ones(values), lambda sums: sums[:, 0] / sums[:, 1]


def _perplexity(values: list[float]) -> _Made:
    return _beside_ones(values), lambda sums: np.exp(-sums[:, 0] / sums[:, 1])


def _beside_ones(values: list[float]) -> Floats:
    return np.column_stack([np.array(values, dtype=np.float64), np.ones(len(values))])


def _weighted_perplexity(pairs: list[Any]) -> _Made:
    return _weighed(pairs), lambda sums: np.exp(-sums[:, 0] / sums[:, 1])


def _bits_per_byte(pairs: list[Any]) -> _Made:
    return _weighed(pairs), lambda sums: -sums[:, 0] / sums[:, 1] / math.log(2)


def _weighted_mean(pairs: list[Any]) -> _Made:
    return _weighed(pairs), lambda sums: sums[:, 0] / sums[:, 1]


def _weighed(pairs: list[Any]) -> Floats:
    if not all(isinstance(one, (int, float)) for pair in pairs for one in pair):
        raise TypeError("pairs of numbers")
    parts = np.array(pairs, dtype=np.float64)
    if not (parts[:, 1] >= 0).all() or not np.isfinite(parts).all():
        raise ValueError("weights of 0 and more")
    return parts


def _matthews(pairs: list[Any]) -> _Made:
    """Matthews' correlation of several classes (Gorodkin 2004), as scikit-learn has it: 0 where a side is constant."""
    parts, size = _confusion(pairs)

    def value(sums: Floats) -> Floats:
        table = sums.reshape(len(sums), size, size)
        right = np.trace(table, axis1=1, axis2=2)
        gold, said, n = table.sum(axis=2), table.sum(axis=1), table.sum(axis=(1, 2))
        above = right * n - (gold * said).sum(axis=1)
        below = np.sqrt(n**2 - (gold**2).sum(axis=1)) * np.sqrt(n**2 - (said**2).sum(axis=1))
        return np.divide(above, below, out=np.zeros(len(sums)), where=below > 0)

    return parts, value


def _f1(pairs: list[Any]) -> _Made:
    """F1 of class 1 of two, as lm-eval has it; 0 where nothing is or is said to be of class 1."""
    parts, size = _confusion(pairs)
    if size != 2:
        raise ValueError("two classes")

    def value(sums: Floats) -> Floats:
        below = 2 * sums[:, 3] + sums[:, 1] + sums[:, 2]
        return np.divide(2 * sums[:, 3], below, out=np.zeros(len(sums)), where=below > 0)

    return parts, value


def _confusion(pairs: list[Any]) -> tuple[Floats, int]:
    """One 1 an item in the cell of its right class and the class said: (n, size · size)."""
    if not all(isinstance(one, int) for pair in pairs for one in pair):
        raise TypeError("pairs of classes")
    codes = np.array(pairs, dtype=np.int64)
    size = max(2, int(codes.max()) + 1)
    if codes.min() < 0 or size > 64:
        raise ValueError("classes from 0")
    parts = np.zeros((len(codes), size * size))
    parts[np.arange(len(codes)), codes[:, 0] * size + codes[:, 1]] = 1
    return parts, size


def _brier(pairs: list[Any]) -> _Made:
    """Squared distance of the probabilities from the right class, summed over classes, averaged over items."""
    values = []
    for gold, said in pairs:
        if not isinstance(gold, int) or not isinstance(said, list) or not 0 <= gold < len(said):
            raise TypeError("a class and probabilities")
        values.append(math.fsum((chance - (place == gold)) ** 2 for place, chance in enumerate(said)))
    return _mean(values)


def _chrf(pairs: list[Any], word_order: int = 0) -> _Made:
    """sacrebleu's chrF of a corpus; of several references the one that is best for the item."""
    from harness.text.chrf import ChrF

    chrf = ChrF(word_order=word_order)
    references, said = _texts(pairs)
    texts = [*said, *(one for several in references for one in several)]
    counts = np.array([len(several) for several in references])
    left = np.repeat(np.arange(len(said)), counts)
    right = len(said) + np.arange(counts.sum())
    statistics = chrf.statistics(texts, left, right)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    if (counts > 1).any():
        scores = chrf.of_statistics(statistics)
        best = [start + int(np.argmax(scores[start : start + count])) for start, count in zip(starts, counts, strict=True)]
        statistics = statistics[best]
    orders = statistics.shape[1]
    parts = statistics.reshape(len(said), -1).astype(np.float64)
    return parts, lambda sums: chrf.of_statistics(sums.reshape(len(sums), orders, 3))


def _bleu(pairs: list[Any]) -> _Made:
    """sacrebleu's BLEU of a corpus with its defaults (13a, exponential smoothing)."""
    from sacrebleu.metrics.bleu import BLEU

    references, said = _texts(pairs)
    scorer = BLEU(effective_order=True)  # the counts are the same; without it sacrebleu warns at every sentence
    found = [scorer.sentence_score(text, several) for text, several in zip(said, references, strict=True)]
    parts = np.array([[*one.counts, *one.totals, one.sys_len, one.ref_len] for one in found], dtype=np.float64)
    return parts, _bleu_of_sums


def _bleu_of_sums(sums: Floats) -> Floats:
    """BLEU of each row of counts (Papineni et al. 2002; smoothing of Chen & Cherry 2014, method 3, as sacrebleu has it)."""
    correct, total, said, wanted = sums[:, :4], sums[:, 4:8], sums[:, 8], sums[:, 9]
    logs, reached = np.zeros(len(sums)), np.ones(len(sums), dtype=bool)
    halves = np.ones(len(sums))
    with np.errstate(divide="ignore", invalid="ignore"):
        for order in range(4):
            reached &= total[:, order] > 0
            nothing = correct[:, order] == 0
            halves = np.where(nothing, halves * 2, halves)
            precision = np.where(nothing, 100.0 / (halves * total[:, order]), 100.0 * correct[:, order] / total[:, order])
            logs += np.log(precision)
        brevity = np.where(said < wanted, np.where(said > 0, np.exp(1 - wanted / said), 0.0), 1.0)
        scores = brevity * np.exp(logs / 4)
    return np.where(reached & (correct > 0).any(axis=1), scores, 0.0)


def _ter(pairs: list[Any]) -> _Made:
    """sacrebleu's TER of a corpus: edits over the references' length."""
    from sacrebleu.metrics.ter import TER

    references, said = _texts(pairs)
    scorer = TER()
    found = [scorer.sentence_score(text, several) for text, several in zip(said, references, strict=True)]
    parts = np.array([[one.num_edits, one.ref_length] for one in found], dtype=np.float64)
    return parts, lambda sums: np.where(
        sums[:, 1] > 0, 100 * sums[:, 0] / np.maximum(sums[:, 1], 1e-300), 100.0 * (sums[:, 0] > 0)
    )


def _texts(pairs: list[Any]) -> tuple[list[list[str]], list[str]]:
    """References and answers of pairs (reference or references, answer or a list of one), as lm-eval keeps them."""
    references, said = [], []
    for wanted, got in pairs:
        several = wanted if isinstance(wanted, list) else [wanted]
        one = got[0] if isinstance(got, list) and len(got) == 1 else got
        if not several or not all(isinstance(text, str) for text in (*several, one)):
            raise TypeError("a reference and an answer")
        if max(map(len, (*several, one))) > _LARGEST_TEXT:
            raise ValueError("longer than an answer can be")
        references.append(several)
        said.append(one)
    return references, said


_OF_NUMBERS: dict[str, _Way] = {"mean": _mean, "perplexity": _perplexity}
_OF_PAIRS: dict[str, _Way] = {
    "chrf": _chrf,
    "chrf++": lambda pairs: _chrf(pairs, word_order=2),
    "bleu": _bleu,
    "weighted_perplexity": _weighted_perplexity,
    "bits_per_byte": _bits_per_byte,
    "matthews_corrcoef": _matthews,
    "f1": _f1,
    "brier_score": _brier,
    "weighted_mean": _weighted_mean,
    "ter": _ter,
}
_ALIASES = {
    "mcc": "matthews_corrcoef",
    "nanmean": "mean",
    "word_perplexity": "weighted_perplexity",
    "byte_perplexity": "weighted_perplexity",
    "character_perplexity": "weighted_perplexity",
}
