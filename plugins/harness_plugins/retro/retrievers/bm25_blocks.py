"""BM25's postings in blocks of chunks whose sums stay in the processor's nearest cache: built from the chunks' terms, searched.

Scores are bounded from above in whole units of 1 / UNITS: what a posting adds is rounded up. A chunk whose bound reaches the k-th
best score so far is scored exactly, any other cannot be among the best. Within a block a frequent term has a byte for each chunk,
which are added 16 or more at a time, and only where the rarer terms leave a chance; a rarer term has a list of chunks.
"""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.compiling import compiled
from harness_plugins.retro.retrievers.bm25_kernels import keep_best, score_chunk
from harness_plugins.retro.retrievers.bm25_terms import Rows

BLOCK = 8192  # chunks; their sums, two bytes each, are half of a usual L1 cache
PART = 512  # chunks of a block that are looked at together
EIGHT = 8  # frequent terms that are added at once
UNITS = 64.0
_FREQUENT = 512  # chunks of a block: from here on a byte for each chunk costs less than a list
_ROUNDING = 1 + 1e-12  # more than what rounding takes off a sum of float64


class Blocks(NamedTuple):
    """Postings of B blocks. Block b has the terms `terms[starts[b] : starts[b + 1]]`, and for each of them `most`, the most that
    a chunk gets of it, in units, and `places` (from, to) of its `postings` (units above, chunk within the block in the lower 16
    bits), or (row, -1) of `bytes` (R, BLOCK), flat."""

    starts: NDArray[np.int64]
    terms: NDArray[np.int32]
    most: NDArray[np.int32]
    places: NDArray[np.int64]
    postings: NDArray[np.uint32]
    bytes: NDArray[np.uint8]


class Frequent(NamedTuple):
    """A query's terms with bytes in a block, those first that may give most: `lines`, where their bytes begin, `times`, how often
    they count, `most`, what they give at most, and `rest`, what each eight and those behind it give at most. The last eight is
    filled up with terms that count 0 times."""

    lines: NDArray[np.int64]
    times: NDArray[np.unsignedinteger]
    most: NDArray[np.int64]
    rest: NDArray[np.int64]


def make_blocks(rows: Rows, norms: NDArray[np.float64], idf: NDArray[np.float64]) -> Blocks:
    """The blocks of chunks with these terms."""
    total = -(-rows.size // BLOCK)
    sizes = np.zeros((total, 3), np.int64)
    _measure(rows.starts, rows.terms, rows.counts, norms, idf, sizes)
    entries, postings, frequent = sizes.sum(0).tolist()
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[:, 0])])
    made = Blocks(
        starts,
        np.empty(entries, np.int32),
        np.empty(entries, np.int32),
        np.empty((entries, 2), np.int64),
        np.empty(postings, np.uint32),
        np.zeros(max(frequent, 1) * BLOCK, np.uint8),
    )
    _fill(rows.starts, rows.terms, rows.counts, norms, idf, made)
    return made


@compiled()
def _units(count, norm, idf):
    """What a term adds to a chunk's bound."""
    return np.int64(np.ceil(idf * (count / (count + norm)) * UNITS * _ROUNDING))


@compiled()
def _survey(block, starts, terms, counts, norms, idf, found, most):
    """Fills found and most, (V,): the block's postings of each term, and the most units of one. Chunks: from, to."""
    first, last = block * BLOCK, min((block + 1) * BLOCK, len(norms))
    found[:] = 0
    most[:] = 0
    for chunk in range(first, last):
        for place in range(starts[chunk], starts[chunk + 1]):
            term = terms[place]
            found[term] += 1
            most[term] = max(most[term], _units(counts[place], norms[chunk], idf[term]))
    return first, last


@compiled()
def _measure(starts, terms, counts, norms, idf, sizes):
    """Fills sizes, (B, 3): a block's terms, its postings in lists, and its terms with bytes."""
    found, most = np.zeros(len(idf), np.int64), np.zeros(len(idf), np.int64)
    for block in range(len(sizes)):
        _survey(block, starts, terms, counts, norms, idf, found, most)
        for term in range(len(idf)):
            if found[term] > 0:
                sizes[block, 0] += 1
                if found[term] >= _FREQUENT and most[term] <= 255:
                    sizes[block, 2] += 1
                else:
                    sizes[block, 1] += found[term]


@compiled()
def _fill(starts, terms, counts, norms, idf, made):
    """Fills `Blocks` of the right sizes."""
    found, most = np.zeros(len(idf), np.int64), np.zeros(len(idf), np.int64)
    entry_of = np.zeros(len(idf), np.int64)
    entry, posting, row = 0, 0, 0
    for block in range(len(made.starts) - 1):
        first, last = _survey(block, starts, terms, counts, norms, idf, found, most)
        for term in range(len(idf)):
            if found[term] == 0:
                continue
            made.terms[entry], made.most[entry], entry_of[term] = term, most[term], entry
            if found[term] >= _FREQUENT and most[term] <= 255:
                made.places[entry, 0], made.places[entry, 1] = row, -1
                row += 1
            else:  # the end is moved on as the postings come in
                made.places[entry, 0], made.places[entry, 1] = posting, posting
                posting += found[term]
            entry += 1
        for chunk in range(first, last):
            for place in range(starts[chunk], starts[chunk + 1]):
                term = terms[place]
                units, mine = _units(counts[place], norms[chunk], idf[term]), entry_of[term]
                end = made.places[mine, 1]
                if end < 0:
                    made.bytes[made.places[mine, 0] * BLOCK + chunk - first] = units
                else:
                    made.postings[end] = (units << 16) | (chunk - first)
                    made.places[mine, 1] = end + 1


@compiled()
def search_blocks(queries, own, chunks, norms, idf, blocks, sums, first, last, numbers, scores):
    """The k best of all chunks for the queries first … last - 1; fills numbers and scores, (Q, k), given as -1 and nan.

    queries, chunks: `Rows`; own: (Q, 2), the chunks that are not served; sums: (BLOCK,), room for bounds, of a type that holds
    the largest.
    """
    entry_of = np.full(len(idf), -1, np.int32)
    longest = 0
    for query in range(first, last):
        longest = max(longest, queries.starts[query + 1] - queries.starts[query])
    frequent = Frequent(
        np.zeros(longest + EIGHT, np.int64),
        np.zeros(longest + EIGHT, sums.dtype),
        np.zeros(longest + EIGHT, np.int64),
        np.zeros(longest // EIGHT + 2, np.int64),
    )
    for block in range(len(blocks.starts) - 1):
        for entry in range(blocks.starts[block], blocks.starts[block + 1]):
            entry_of[blocks.terms[entry]] = entry
        parts = (min(BLOCK, len(norms) - block * BLOCK) + PART - 1) // PART
        for query in range(first, last):
            eights = _add_lists(query, queries, blocks, entry_of, sums, frequent)
            needed = _needed(query, numbers, scores)
            for part in range(parts):
                if _may_hold(part, eights, needed, blocks, sums, frequent):
                    _score_part(block, part, query, needed, queries, own, chunks, norms, idf, sums, numbers, scores)
                    needed = _needed(query, numbers, scores)
        for entry in range(blocks.starts[block], blocks.starts[block + 1]):
            entry_of[blocks.terms[entry]] = -1


@compiled()
def _needed(query, numbers, scores):
    """The bound from which on a chunk may be one of the best."""
    last = numbers.shape[1] - 1
    return max(np.int64(scores[query, last] * UNITS), 1) if numbers[query, last] >= 0 else 1


@compiled()
def _add_lists(query, queries, blocks, entry_of, sums, frequent):
    """Sets sums to what a block's rarer terms give, and notes the frequent ones, in eights, whose number is returned."""
    sums[:] = 0
    lines, times, most, rest = frequent.lines, frequent.times, frequent.most, frequent.rest
    found = 0
    for place in range(queries.starts[query], queries.starts[query + 1]):
        entry = entry_of[queries.terms[place]]
        if entry < 0:
            continue
        count = queries.counts[place]
        start, stop = blocks.places[entry, 0], blocks.places[entry, 1]
        if stop >= 0:
            for at in range(start, stop):
                posting = blocks.postings[np.uint64(at)]
                sums[posting & np.uint32(0xFFFF)] += (posting >> np.uint32(16)) * count
        else:
            at, worth = found, count * np.int64(blocks.most[entry])
            while at > 0 and most[at - 1] < worth:
                lines[at], times[at], most[at] = lines[at - 1], times[at - 1], most[at - 1]
                at -= 1
            lines[at], times[at], most[at] = start * BLOCK, count, worth
            found += 1
    while found % EIGHT != 0:
        lines[found], times[found], most[found] = 0, 0, 0
        found += 1
    eights = found // EIGHT
    rest[eights] = 0
    for eight in range(eights - 1, -1, -1):
        rest[eight] = rest[eight + 1] + most[EIGHT * eight : EIGHT * (eight + 1)].sum()
    return eights


@compiled()
def _may_hold(part, eights, needed, blocks, sums, frequent):
    """Adds the frequent terms in one part, as long as a bound may still reach what is needed; says whether one has."""
    lines, times, bytes = frequent.lines, frequent.times, blocks.bytes
    base, eight = np.uint64(part * PART), 0
    while True:
        largest = sums[base]
        for count in range(PART):
            largest = max(largest, sums[base + np.uint64(count)])
        if np.int64(largest) + frequent.rest[eight] < needed:
            return False
        if eight == eights:
            return True
        at = EIGHT * eight
        one, by_one = np.uint64(lines[at]) + base, times[at]
        two, by_two = np.uint64(lines[at + 1]) + base, times[at + 1]
        three, by_three = np.uint64(lines[at + 2]) + base, times[at + 2]
        four, by_four = np.uint64(lines[at + 3]) + base, times[at + 3]
        five, by_five = np.uint64(lines[at + 4]) + base, times[at + 4]
        six, by_six = np.uint64(lines[at + 5]) + base, times[at + 5]
        seven, by_seven = np.uint64(lines[at + 6]) + base, times[at + 6]
        last, by_last = np.uint64(lines[at + 7]) + base, times[at + 7]
        for count in range(PART):  # written out: a loop over the eight would load and store the sums each time
            place = np.uint64(count)
            sums[base + place] += (
                bytes[one + place] * by_one
                + bytes[two + place] * by_two
                + bytes[three + place] * by_three
                + bytes[four + place] * by_four
                + bytes[five + place] * by_five
                + bytes[six + place] * by_six
                + bytes[seven + place] * by_seven
                + bytes[last + place] * by_last
            )
        eight += 1


@compiled()
def _score_part(block, part, query, needed, queries, own, chunks, norms, idf, sums, numbers, scores):
    """Scores the chunks of a part whose bounds reach what is needed, and keeps the best."""
    for place in range(part * PART, (part + 1) * PART):
        chunk = block * BLOCK + place
        if sums[place] >= needed and not own[query, 0] <= chunk < own[query, 1]:
            keep_best(chunk, score_chunk(chunk, chunks, norms, idf, queries, query), numbers[query], scores[query])
            needed = _needed(query, numbers, scores)
