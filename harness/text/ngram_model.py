"""An n-gram language model of characters or words: log-probabilities of texts under a language that it has read.

Interpolated Witten–Bell smoothing (Witten & Bell 1991, method C; Chen & Goodman 1998, §2.6): in a context h that was seen C(h)
times with T(h) different symbols after it,

    P(c | h) = (C(hc) + T(h) · P(c | h′)) / (C(h) + T(h)),

h′ being h without its first symbol; a context that was never seen gives P(c | h′), and below the single symbols lies the uniform
distribution over the alphabet, of which `unknown` is a member. So each context's probabilities sum to 1. A text begins after
symbols for "the beginning", which are never predicted; its end is not predicted.

N-grams are sorted 64-bit numbers, as in `harness.text.ngrams`: counting is sorting, and looking up a binary search.
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.errors import InputError
from harness.text.ngram_model_counts import Keys, Order, grams, looked_up, merged, own_places, packed, with_contexts
from harness.text.streams import offsets

Unit = Literal["character", "word"]
Floats = NDArray[np.float64]
UNKNOWN, BEGIN = 0, 1  # symbols; those of the alphabet follow
VERSION = 1
_CHUNK = 1 << 20  # symbols that are counted at a time
_WORDS = re.compile(r"\w+|[^\w\s]")


class LogProb(NamedTuple):
    """The natural logarithm of a text's probability, and how many characters it has."""

    nats: float
    characters: int

    @property
    def perplexity(self) -> float:
        """Per character: exp(-nats / characters); nan of an empty text."""
        return float(np.exp(-self.nats / self.characters)) if self.characters else float("nan")


@dataclass(frozen=True)
class Alphabet:
    """The symbols that a model tells apart, in a fixed order; all others are one symbol, `unknown`."""

    unit: Unit
    symbols: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many there are to predict, with `unknown`."""
        return len(self.symbols) + 1

    def split(self, text: str) -> Sequence[str]:
        """A text's symbols: its characters, or its words and punctuation marks."""
        return text if self.unit == "character" else _WORDS.findall(text)


def alphabet_of(texts: Iterable[str], *, unit: Unit = "character", most: int | None = None, least: int = 1) -> Alphabet:
    """The symbols of the texts that occur at least `least` times, at most `most` of them, the most frequent first.

    By default at most 1,000 characters or 200,000 words.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text if unit == "character" else _WORDS.findall(text))
    limit = (1000 if unit == "character" else 200_000) if most is None else most
    ranked = sorted(((-count, symbol) for symbol, count in counts.items() if count >= least))
    return Alphabet(unit, tuple(symbol for _, symbol in ranked[:limit]))


def train(
    texts: Iterable[str], *, order: int | None = None, unit: Unit = "character", alphabet: Alphabet | None = None
) -> "NgramModel":
    """A model of the texts; `order`: 6 characters or 3 words by default.

    Texts are read once, or twice where no `alphabet` is given (then they are kept). Two models whose likelihoods are compared
    need one alphabet. ValueError where an n-gram does not fit into 63 bits.
    """
    if alphabet is None:
        texts = list(texts)
        alphabet = alphabet_of(texts, unit=unit)
    order = order or (6 if alphabet.unit == "character" else 3)
    bits = _bits(alphabet, order)
    ids = _ids(alphabet)
    counted: list[tuple[Keys, NDArray[np.int64]]] = [(np.zeros(0, np.uint64), np.zeros(0, np.int64)) for _ in range(order)]
    source = iter(texts)
    while True:
        batch = _batch(source, _CHUNK)
        if not batch:
            break
        symbols, starts = encoded(batch, alphabet, ids, order)
        for n in range(1, order + 1):
            counted[n - 1] = merged(counted[n - 1], grams(symbols, starts, n, order, bits))
    return NgramModel(alphabet, order, [with_contexts(keys, counts, bits) for keys, counts in counted])


class NgramModel:
    """What `train` returns. Made of arrays alone: the same texts give the same model, and the same text the same numbers."""

    def __init__(self, alphabet: Alphabet, order: int, orders: Sequence[Order]) -> None:
        self.alphabet = alphabet
        self.order = order
        self._orders = tuple(orders)
        self._bits = _bits(alphabet, order)
        self._ids = _ids(alphabet)

    def log_prob(self, text: str) -> LogProb:
        """Of one text."""
        return self.log_probs([text])[0]

    def log_probs(self, texts: Sequence[str]) -> list[LogProb]:
        """Of each text, independently of the others."""
        sums: list[LogProb] = []
        for batch in _batches(texts, _CHUNK):
            symbols, starts = encoded(batch, self.alphabet, self._ids, self.order)
            logs = np.log(self._probabilities(symbols, starts))
            own = starts - (self.order - 1) * np.arange(len(starts))  # without the symbols for the beginning
            for place, text in enumerate(batch):
                # each text by itself: a running sum over all would make its last digit depend on the others
                sums.append(LogProb(float(np.sum(logs[own[place] : own[place + 1]])), len(text)))
        return sums

    def nats(self, text: str) -> Floats:
        """The log-probability of each symbol of the text in turn: (symbols,)."""
        symbols, starts = encoded([text], self.alphabet, self._ids, self.order)
        return np.log(self._probabilities(symbols, starts))

    def distribution(self, context: str) -> dict[str | None, float]:
        """The probability of every symbol after the context; None stands for `unknown`."""
        return dict(zip((None, *self.alphabet.symbols), self._next(context).tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Writes the model into a folder that is not there yet: `model.json`, and arrays of numbers (`.npy`)."""
        beside = folder.with_name(folder.name + ".partial")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        head = {"version": VERSION, "unit": self.alphabet.unit, "order": self.order, "symbols": list(self.alphabet.symbols)}
        (beside / "model.json").write_text(json.dumps(head, ensure_ascii=True), encoding="ascii")
        for n, part in enumerate(self._orders, 1):
            np.save(beside / f"keys-{n}.npy", part.keys, allow_pickle=False)
            np.save(beside / f"counts-{n}.npy", part.counts, allow_pickle=False)
        beside.rename(folder)

    def _next(self, context: str) -> Floats:
        symbols, _ = encoded([context], self.alphabet, self._ids, self.order)
        after = np.concatenate([[UNKNOWN], np.arange(2, self.alphabet.size + 1)])
        windows = np.empty((len(after), self.order), np.uint64)
        windows[:, :-1] = symbols[len(symbols) - self.order + 1 :] if self.order > 1 else 0
        windows[:, -1] = after
        return self._interpolated(windows)

    def _probabilities(self, symbols: NDArray[np.uint64], starts: NDArray[np.int64]) -> Floats:
        """Of every symbol of the texts but those for the beginning."""
        ends = own_places(starts, self.order)
        windows = symbols[ends[:, None] + np.arange(1 - self.order, 1)]
        return self._interpolated(windows)

    def _interpolated(self, windows: NDArray[np.uint64]) -> Floats:
        """The probability of the last symbol of each window after those before it: (W, order) → (W,)."""
        full = packed(windows, self._bits)
        distinct, places = np.unique(full, return_inverse=True)  # sorted, so that searches walk through memory in order
        chance = np.full(len(distinct), 1.0 / self.alphabet.size)
        for n, part in enumerate(self._orders, 1):
            keys = distinct & np.uint64((1 << (n * self._bits)) - 1)
            count = looked_up(part.keys, part.counts, keys)
            context = np.searchsorted(part.contexts, keys >> np.uint64(self._bits))
            seen = context < len(part.contexts)
            seen[seen] = part.contexts[context[seen]] == (keys >> np.uint64(self._bits))[seen]
            at = context[seen]
            total, types = part.totals[at], part.types[at]
            chance[seen] = (count[seen] + types * chance[seen]) / (total + types)
        return chance[places.reshape(-1)]


def load(folder: Path) -> NgramModel:
    """The model that `save` wrote; InputError naming the file that is not what it should be."""
    try:
        head = json.loads((folder / "model.json").read_text(encoding="ascii"))
        if head["version"] != VERSION:
            raise InputError(
                f"{folder}: a model of version {head['version']}; this program reads version {VERSION}. Train it anew"
            )
        alphabet = Alphabet(head["unit"], tuple(head["symbols"]))
        order = int(head["order"])
        bits = _bits(alphabet, order)
        orders = []
        for n in range(1, order + 1):
            keys = np.load(folder / f"keys-{n}.npy", allow_pickle=False)
            counts = np.load(folder / f"counts-{n}.npy", allow_pickle=False)
            if keys.dtype != np.uint64 or counts.dtype != np.int64 or keys.ndim != 1 or keys.shape != counts.shape:
                raise InputError(f"{folder}/keys-{n}.npy: not the keys and counts of a model; train it anew")
            orders.append(with_contexts(keys, counts, bits))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: no n-gram model can be read there ({error}); train it anew") from error
    return NgramModel(alphabet, order, orders)


def encoded(
    texts: Sequence[str], alphabet: Alphabet, ids: Mapping[str, int], order: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The symbols of the texts as numbers, each text behind `order` - 1 symbols for the beginning, and where each begins."""
    split = [alphabet.split(text) for text in texts]
    starts = offsets([len(one) + order - 1 for one in split])
    symbols = np.full(int(starts[-1]), BEGIN, np.uint64)
    for place, one in enumerate(split):
        at = int(starts[place]) + order - 1
        symbols[at : at + len(one)] = [ids.get(symbol, UNKNOWN) for symbol in one]
    return symbols, starts


def _ids(alphabet: Alphabet) -> dict[str, int]:
    return {symbol: place for place, symbol in enumerate(alphabet.symbols, 2)}


def _bits(alphabet: Alphabet, order: int) -> int:
    bits = (alphabet.size + 1).bit_length()
    if order < 1 or bits * order > 63:
        raise ValueError(
            f"{order}-grams of {alphabet.size} symbols take {bits * order} bits, and there are 63: "
            "give a lower order, or fewer symbols"
        )
    return bits


def _batch(texts: Iterable[str], most: int) -> list[str]:
    """Texts of about so many characters together."""
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= most:
            break
    return batch


def _batches(texts: Sequence[str], most: int) -> Iterable[list[str]]:
    source = iter(texts)
    while batch := _batch(source, most):
        yield batch
