"""Rows that hold text of an evaluation set: word n-grams of both, compared by their hashes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.build.evaluation_sets import EvaluationSet
from harness.build.options import ContaminationOptions
from harness.build.sift_texts import MEDIA, Batch, Folded, fold, folded_words, nfc
from harness.text.streams import Ints

SET_SHARE, SET_ITEMS = 0.2, 20  # an n-gram in more of a set's items than both is the set's own form, and tells no item
ROW_SHARE, ROW_COUNT = 0.01, 100  # one in more of the rows than both is a template's …
COVERED = 0.5  # … unless a row holds at least this share of an evaluation text's n-grams
_TEXTS_AT_ONCE = 4096
_PAIRS_AT_ONCE = 1_000_000
_QUOTED = 30  # words
Numbers = NDArray[np.uint64]


class Shared(NamedTuple):
    """What a batch shares with the sets: for each pair the row (of the batch) and the place of the n-gram in the index."""

    rows: Ints
    grams: Ints


class Contaminated(NamedTuple):
    """A row that is to go: the evaluation text that it shares most n-grams with, and what is told of it."""

    row: int
    text: int
    detail: str


@dataclass(frozen=True)
class EvaluationIndex:
    """The word n-grams of all sets, and their short texts as a whole.

    keys: sorted hashes, of n-grams up to `grams`, then of short texts; gram g stands in the texts holders[bounds[g] : bounds[g +
    1]]; sizes: n-grams of each text, 0 for a short one; owners: each text's item; item_sets: each item's set.
    """

    sets: Sequence[EvaluationSet]
    options: ContaminationOptions
    texts: Sequence[str]
    owners: Ints
    items: Sequence[str]
    item_sets: Ints
    gram_keys: Numbers
    short_keys: Numbers
    bounds: Ints
    holders: Ints
    sizes: Ints

    @cached_property
    def bits(self) -> tuple[Numbers, Numbers]:
        """Bitmaps of the low bits of both kinds of keys."""
        return _bitmap(self.gram_keys), _bitmap(self.short_keys)

    def shared(self, batch: Batch, folded: Folded) -> Shared:
        """Which n-grams and short texts a batch's rows share with the sets, each once a row."""
        from harness.build import sift_kernels

        owner = np.repeat(np.arange(len(batch)), np.diff(batch.first))
        grams, gram_starts = _grams(folded, self.options.ngram)
        places = np.empty(len(grams), np.int64)
        sift_kernels.known_numbers(grams, self.bits[0], self.gram_keys, places)
        hits = np.flatnonzero(places >= 0)
        hit_texts = np.searchsorted(gram_starts, hits, side="right") - 1
        whole = np.empty(len(owner), np.int64)
        sift_kernels.known_numbers(np.ascontiguousarray(folded.hashes[:, 0]), self.bits[1], self.short_keys, whole)
        equal = np.flatnonzero(whole >= 0)
        rows = np.concatenate([owner[hit_texts], owner[equal]])
        found = np.concatenate([places[hits], whole[equal] + len(self.gram_keys)])
        readable = np.array([name != MEDIA for name in batch.names], bool)
        keep = readable[np.concatenate([hit_texts, equal])]
        pairs = np.unique((rows[keep] << 32) | found[keep])
        return Shared(pairs >> 32, pairs & 0xFFFFFFFF)

    def where(self, text: int) -> str:
        """Set and item of a text, for people."""
        item = self.owners[text]
        return f"{self.sets[self.item_sets[item]].name}, item {self.items[item]}"


def evaluation_index(sets: Sequence[EvaluationSet], options: ContaminationOptions) -> EvaluationIndex:
    """The index of all sets' texts. What stands in a large share of a set's items (its form) is left out of it."""
    texts, owners, items, item_sets = _items(sets)
    sizes = np.zeros(len(texts), np.int64)
    keys, holders, short_keys, short_holders = [], [], [], []
    for begin in range(0, len(texts), _TEXTS_AT_ONCE):
        some = fold(nfc(texts[begin : begin + _TEXTS_AT_ONCE]))
        counts = np.diff(some.word_starts)
        short = np.flatnonzero((counts < options.ngram) & (counts >= options.shortest))
        short_keys.append(some.hashes[short, 0])
        short_holders.append(short + begin)
        grams, gram_starts = _grams(some, options.ngram)
        keys.append(grams)
        holders.append(np.repeat(np.arange(len(counts)), np.diff(gram_starts)) + begin)
    arguments = (owners, item_sets, len(sets))
    gram_keys, bounds, found = _postings(keys, holders, *arguments)
    own_keys, own_bounds, own_found = _postings(short_keys, short_holders, *arguments)
    np.add.at(sizes, found, 1)
    bounds = np.concatenate([bounds, own_bounds[1:] + bounds[-1]])
    return EvaluationIndex(
        sets, options, texts, owners, items, item_sets, gram_keys, own_keys, bounds, np.concatenate([found, own_found]), sizes
    )


@dataclass
class Contamination:
    """Gathers what rows share with the sets, then says which are to go: once all rows have been seen, since what stands in many
    of them is a template's wording."""

    index: EvaluationIndex
    path: Path
    rows_removed: list[int] = field(default_factory=list)
    items_hit: list[int] = field(default_factory=list)
    hit: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))  # of each item of the index
    wordings: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._file = self.path.open("w+b")
        self._pairs = 0
        self._rows = 0
        self._held = np.zeros(len(self.index.bounds) - 1, np.int64)  # by how many rows each n-gram is held

    def add(self, first_row: int, alive: NDArray[np.bool_], shared: Shared) -> None:
        """Adds a batch, its rows numbered from `first_row` on; rows that are not alive do not count."""
        self._rows += int(alive.sum())
        keep = alive[shared.rows]
        rows, grams = shared.rows[keep] + first_row, shared.grams[keep]
        np.add.at(self._held, grams, 1)
        ((rows << 32) | grams).astype("<i8").tofile(self._file)
        self._pairs += len(rows)

    def contaminated(self) -> Iterator[Contaminated]:
        """The rows that are to go, in the order of their numbers; what is counted of them is complete at the end."""
        index = self.index
        often = self._held > max(ROW_COUNT, ROW_SHARE * self._rows)
        removed, hit = np.zeros(len(index.sets), np.int64), np.zeros(len(index.items), bool)
        for rows, grams in self._chunks():
            counts = np.diff(index.bounds)[grams]
            pair = np.repeat(np.arange(len(grams)), counts)
            first = np.cumsum(counts) - counts
            texts = index.holders[np.arange(len(pair)) - first[pair] + index.bounds[grams][pair]]
            joined, place = np.unique(rows[pair] * len(index.texts) + texts, return_inverse=True)
            total = np.bincount(place, minlength=len(joined))
            telling = np.bincount(place[~often[grams[pair]]], minlength=len(joined))
            own_rows, own_texts = joined // len(index.texts), joined % len(index.texts)
            sizes = index.sizes[own_texts]
            bad = (telling > 0) | ((sizes > 0) & (total >= COVERED * sizes))
            own_rows, own_texts, total = own_rows[bad], own_texts[bad], total[bad]
            hit[index.owners[own_texts]] = True
            own_sets = index.item_sets[index.owners[own_texts]]
            removed += np.bincount(np.unique(own_rows * len(index.sets) + own_sets) % len(index.sets), minlength=len(index.sets))
            order = np.lexsort((own_texts, -total, own_rows))
            best = order[np.flatnonzero(np.diff(own_rows[order], prepend=-1))]
            for row, text in zip(own_rows[best].tolist(), own_texts[best].tolist(), strict=True):
                span = slice(np.searchsorted(rows, row), np.searchsorted(rows, row, side="right"))
                yield Contaminated(row, text, self._told(text, grams[span]))
        self.rows_removed, self.hit = removed.tolist(), hit
        self.items_hit = np.bincount(index.item_sets[np.flatnonzero(hit)], minlength=len(index.sets)).tolist()
        self.wordings = self._wordings(np.flatnonzero(often))

    def close(self) -> None:
        """Gives the space back."""
        self._file.truncate(0)
        self._file.close()

    def _chunks(self) -> Iterator[tuple[Ints, Ints]]:
        """Rows and n-grams, some whole rows at a time."""
        self._file.seek(0)
        rest, left = np.zeros(0, np.int64), self._pairs
        many = max(1, int(np.diff(self.index.bounds).max(initial=1)))
        some = max(1000, _PAIRS_AT_ONCE // many)
        while left or len(rest):
            read = np.fromfile(self._file, "<i8", min(left, some))
            left -= len(read)
            pairs = np.concatenate([rest, read.astype(np.int64)])
            end = len(pairs) if not left else int(np.searchsorted(pairs, (pairs[-1] >> 32) << 32))
            rest = pairs[end:]
            if end:
                yield pairs[:end] >> 32, pairs[:end] & 0xFFFFFFFF
            elif left:
                some *= 2

    def _told(self, text: int, grams: Ints) -> str:
        """The longest run of words that the row shares with the text, where that stands, and how much of it the row holds."""
        index = self.index
        where = index.where(text)
        if not index.sizes[text]:
            return f"“{' '.join(folded_words(index.texts[text]))}” is a whole text of {where}"
        folded = fold(nfc([index.texts[text]]))
        own, _ = _grams(folded, index.options.ngram)
        known = np.isin(own, index.gram_keys[grams[grams < len(index.gram_keys)]])
        best, begin = (0, 0), None
        for place, held in enumerate([*known.tolist(), False]):
            if held and begin is None:
                begin = place
            elif not held and begin is not None:
                best, begin = max(best, (place - begin, -begin)), None
        words = folded_words(index.texts[text])[-best[1] : best[0] - best[1] + index.options.ngram - 1]
        quoted = " ".join(words) if len(words) <= _QUOTED else f"{' '.join(words[:_QUOTED])} …"
        return f"{len(words)} words of {where}: “{quoted}” ({known.mean():.0%} of the text's {index.options.ngram}-grams)"

    def _wordings(self, often: Ints) -> list[dict[str, Any]]:
        """What stands in so many rows that it counts as a template's: the words, one text that holds them, and how many rows."""
        index, found = self.index, []
        for gram in often[np.argsort(-self._held[often], kind="stable")][:20].tolist():
            text = int(index.holders[index.bounds[gram]])
            words = folded_words(index.texts[text])
            if gram < len(index.gram_keys):
                own, _ = _grams(fold(nfc([index.texts[text]])), index.options.ngram)
                begin = int(np.flatnonzero(own == index.gram_keys[gram])[0])
                words = words[begin : begin + index.options.ngram]
            found.append({"words": " ".join(words), "rows": int(self._held[gram]), "where": index.where(text)})
        return found


def _items(sets: Sequence[EvaluationSet]) -> tuple[list[str], Ints, list[str], Ints]:
    """The texts of all sets, each once an item; of each its item; the items; of each its set."""
    texts: list[str] = []
    owners: list[int] = []
    items: list[str] = []
    item_sets: list[int] = []
    for number, one in enumerate(sets):
        places: dict[str, int] = {}
        for item, text in sorted(set(one)):
            if item not in places:
                places[item] = len(items)
                items.append(item)
                item_sets.append(number)
            texts.append(text)
            owners.append(places[item])
    return texts, np.array(owners, np.int64), items, np.array(item_sets, np.int64)


def _grams(folded: Folded, length: int) -> tuple[Numbers, Ints]:
    from harness.build import sift_kernels

    grams, gram_starts = np.empty(len(folded.words), np.uint64), np.empty(len(folded.word_starts), np.int64)
    sift_kernels.gram_hashes(folded.words, folded.word_starts, length, grams, gram_starts)
    return grams[: gram_starts[-1]], gram_starts


def _postings(keys: list[Numbers], holders: list[Ints], owners: Ints, item_sets: Ints, sets: int) -> tuple[Numbers, Ints, Ints]:
    """Distinct keys, sorted; and of each the texts that hold it, without those of sets whose form it is."""
    all_keys = np.concatenate([np.zeros(0, np.uint64), *keys])
    all_holders = np.concatenate([np.zeros(0, np.int64), *holders])
    once, place = np.unique(all_keys, return_inverse=True)
    pairs = np.unique(place.astype(np.int64) * max(1, len(owners)) + all_holders)
    grams, texts = pairs // max(1, len(owners)), pairs % max(1, len(owners))
    gram_items = np.unique(grams * max(1, len(item_sets)) + owners[texts])
    in_sets = gram_items // max(1, len(item_sets)) * max(1, sets) + item_sets[gram_items % max(1, len(item_sets))]
    gram_sets, counts = np.unique(in_sets, return_counts=True)
    items = np.bincount(item_sets, minlength=sets)
    form = gram_sets[counts > np.maximum(SET_ITEMS, SET_SHARE * items[gram_sets % max(1, sets)])]
    keep = ~np.isin(grams * max(1, sets) + item_sets[owners[texts]], form)
    grams, texts = grams[keep], texts[keep]
    left, starts = np.unique(grams, return_index=True)
    return once[left], np.append(starts, len(grams)), texts


def _bitmap(keys: Numbers) -> Numbers:
    size = 1 << max(10, int(16 * len(keys)).bit_length())
    marked = np.zeros(size, bool)
    marked[(keys & np.uint64(size - 1)).astype(np.int64)] = True
    return np.packbits(marked, bitorder="little").view(np.uint64)
