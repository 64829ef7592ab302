"""Compiled loops (numba) of BM25: terms counted, chunks scored, the best kept."""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled


@compiled()
def count_terms(flat, starts):
    """Rows of terms (row i is flat[starts[i] : starts[i + 1]], numbers below 0 are none) as distinct terms, ascending, and
    their counts: new starts (N + 1,), terms and counts."""
    new_starts = np.zeros(len(starts), np.int64)
    terms, counts = np.empty(len(flat), np.int32), np.empty(len(flat), np.uint32)
    at = 0
    for row in range(len(starts) - 1):
        before = np.int32(-1)
        for term in np.sort(flat[starts[row] : starts[row + 1]]):
            if term < 0:
                continue
            if term == before:
                counts[at - 1] += 1
            else:
                terms[at], counts[at] = term, 1
                at += 1
            before = term
        new_starts[row + 1] = at
    return new_starts, terms[:at].copy(), counts[:at].copy()


@compiled()
def score_chunk(chunk, chunks, norms, idf, queries, query):
    """A chunk's BM25 score: over the terms that it shares with the query, in ascending order, the sum of
    query count * idf * tf / (tf + norms[chunk]). queries, chunks: `Rows`."""
    score, norm = 0.0, norms[chunk]
    place, end = chunks.starts[chunk], chunks.starts[chunk + 1]
    asked, stop = queries.starts[query], queries.starts[query + 1]
    while place < end and asked < stop:
        mine, other = chunks.terms[place], queries.terms[asked]
        if mine == other:
            score += queries.counts[asked] * idf[mine] * (chunks.counts[place] / (chunks.counts[place] + norm))
        place += mine <= other  # without a branch: which list goes on cannot be foreseen
        asked += other <= mine
    return score


@compiled()
def keep_best(number, score, numbers, scores):
    """Puts a chunk among the k best, (k,) each: higher scores first, then lower numbers; -1 where there is none yet."""
    place = len(scores)
    while place > 0 and (
        numbers[place - 1] < 0 or score > scores[place - 1] or (score == scores[place - 1] and number < numbers[place - 1])
    ):
        place -= 1
        if place + 1 < len(scores):
            numbers[place + 1], scores[place + 1] = numbers[place], scores[place]
    if place < len(scores):
        numbers[place], scores[place] = number, score


@compiled()
def score_given(queries, chosen, chunks, norms, idf, first, last, scores):
    """Scores of the chunks chosen (Q, D) for the queries first … last - 1; nan stays where none is chosen (-1).
    queries, chunks: `Rows`."""
    for query in range(first, last):
        for column in range(chosen.shape[1]):
            if chosen[query, column] >= 0:
                scores[query, column] = score_chunk(chosen[query, column], chunks, norms, idf, queries, query)
