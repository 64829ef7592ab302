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
PART = 128  # chunks of a block that are looked at together
UNITS = 64.0
_FREQUENT = 256  # chunks of a block: from here on a byte for each chunk costs less than a list
_ROUNDING = 1 + 1e-12  # more than what rounding takes off a sum of float64


class Blocks(NamedTuple):
    """Postings of B blocks. Block b has the terms `terms[starts[b] : starts[b + 1]]`, and for each of them `most`, the most that
    a chunk gets of it, in units, and `places` (from, to) of its `postings` (units above, chunk within the block in the lower 16
    bits), or (row, -1) of `bytes` (R, BLOCK / PART, PART)."""

    starts: NDArray[np.int64]
    terms: NDArray[np.int32]
    most: NDArray[np.int32]
    places: NDArray[np.int64]
    postings: NDArray[np.uint32]
    bytes: NDArray[np.uint8]


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
        np.zeros((frequent, BLOCK // PART, PART), np.uint8),
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
                    made.bytes[made.places[mine, 0], (chunk - first) // PART, (chunk - first) % PART] = units
                else:
                    made.postings[end] = (units << 16) | (chunk - first)
                    made.places[mine, 1] = end + 1


@compiled()
def search_blocks(queries, own, chunks, norms, idf, blocks, sums, first, last, numbers, scores):
    """The k best of all chunks for the queries first … last - 1; fills numbers and scores, (Q, k), given as -1 and nan.

    queries, chunks: (starts, terms, counts) of `Rows`; own: (Q, 2), the chunks that are not served; sums: (BLOCK / PART, PART), room for
    bounds, of a type that holds the largest.
    """
    query_starts, query_terms, query_counts = queries
    entry_of = np.full(len(idf), -1, np.int64)
    longest = 1
    for query in range(first, last):
        longest = max(longest, query_starts[query + 1] - query_starts[query])
    flat = sums.reshape(-1)
    lines, times, most = np.empty(longest, np.int64), np.empty(longest, sums.dtype), np.empty(longest, np.int64)
    rest = np.empty(longest + 1, np.int64)
    for block in range(len(blocks.starts) - 1):
        for entry in range(blocks.starts[block], blocks.starts[block + 1]):
            entry_of[blocks.terms[entry]] = entry
        for query in range(first, last):
            begin, end = query_starts[query], query_starts[query + 1]
            flat[:] = 0
            frequent = 0
            for place in range(begin, end):
                entry = entry_of[query_terms[place]]
                if entry < 0:
                    continue
                count = query_counts[place]
                start, stop = blocks.places[entry, 0], blocks.places[entry, 1]
                if stop >= 0:
                    for at in range(start, stop):
                        posting = blocks.postings[np.uint64(at)]
                        flat[posting & np.uint32(0xFFFF)] += (posting >> np.uint32(16)) * count
                else:  # kept in the order of what they may add
                    at, worth = frequent, count * blocks.most[entry]
                    while at > 0 and most[at - 1] < worth:
                        lines[at], times[at], most[at] = lines[at - 1], times[at - 1], most[at - 1]
                        at -= 1
                    lines[at], times[at], most[at] = start, count, worth
                    frequent += 1
            rest[frequent] = 0
            for at in range(frequent - 1, -1, -1):
                rest[at] = rest[at + 1] + most[at]
            _look(
                query,
                block * BLOCK,
                frequent,
                lines,
                times,
                rest,
                queries,
                own,
                chunks,
                norms,
                idf,
                blocks,
                sums,
                numbers,
                scores,
            )
        for entry in range(blocks.starts[block], blocks.starts[block + 1]):
            entry_of[blocks.terms[entry]] = -1


@compiled()
def _look(query, offset, frequent, lines, times, rest, queries, own, chunks, norms, idf, blocks, sums, numbers, scores):
    """Adds a block's frequent terms where that may lead to one of the best, and scores what may be one."""
    query_starts, query_terms, query_counts = queries
    starts, terms, counts = chunks
    begin, end = query_starts[query], query_starts[query + 1]
    best, last = numbers[query], numbers.shape[1] - 1
    needed = max(np.int64(scores[query, last] * UNITS), 1) if best[last] >= 0 else 1
    bytes = blocks.bytes
    for part in range((min(BLOCK, len(norms) - offset) + PART - 1) // PART):
        mine = sums[part]
        at = 0
        while True:
            largest = mine[0]
            for place in range(PART):
                largest = max(largest, mine[place])
            if at == frequent or largest + rest[at] < needed:
                break
            if at + 4 <= frequent:  # written out here: a call costs as much as the work
                one, two, three, four = (
                    bytes[lines[at], part],
                    bytes[lines[at + 1], part],
                    bytes[lines[at + 2], part],
                    bytes[lines[at + 3], part],
                )
                by_one, by_two, by_three, by_four = times[at], times[at + 1], times[at + 2], times[at + 3]
                for place in range(PART):
                    mine[place] += one[place] * by_one + two[place] * by_two + three[place] * by_three + four[place] * by_four
                at += 4
            else:
                one, by_one = bytes[lines[at], part], times[at]
                for place in range(PART):
                    mine[place] += one[place] * by_one
                at += 1
        if largest + rest[at] < needed:
            continue
        for place in range(PART):
            chunk = offset + part * PART + place
            if mine[place] < needed or own[query, 0] <= chunk < own[query, 1]:
                continue
            score = score_chunk(chunk, starts, terms, counts, norms, idf, query_terms[begin:end], query_counts[begin:end])
            keep_best(chunk, score, best, scores[query])
            if best[last] >= 0:
                needed = max(np.int64(scores[query, last] * UNITS), 1)
