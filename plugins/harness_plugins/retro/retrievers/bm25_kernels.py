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
    terms, counts = np.empty(len(flat), np.int32), np.empty(len(flat), np.uint16)
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
def score_chunk(chunk, starts, terms, counts, norms, weights):
    """A chunk's BM25 score: the sum over its terms, in ascending order, of weights[term] tf / (tf + norms[chunk])."""
    score, norm = 0.0, norms[chunk]
    for place in range(starts[chunk], starts[chunk + 1]):
        weight = weights[terms[place]]
        if weight > 0:
            score += weight * (counts[place] / (counts[place] + norm))
    return score


@compiled()
def keep_best(number, score, numbers, scores):
    """Puts a chunk among the k best, (k,) each: higher scores first, then lower numbers."""
    last = len(scores) - 1
    if numbers[last] >= 0 and (score < scores[last] or (score == scores[last] and number > numbers[last])):
        return
    place = last
    while place > 0 and (
        numbers[place - 1] < 0 or score > scores[place - 1] or (score == scores[place - 1] and number < numbers[place - 1])
    ):
        numbers[place], scores[place] = numbers[place - 1], scores[place - 1]
        place -= 1
    numbers[place], scores[place] = number, score


@compiled()
def search_all(query_starts, query_terms, query_counts, own, starts, terms, counts, norms, idf, first, last, numbers, scores):
    """The k best of all chunks for the queries first … last - 1, every chunk scored; fills numbers and scores, (Q, k), given as
    -1 and nan. own: (Q, 2), the chunks that are not served."""
    weights = np.zeros(len(idf))
    for query in range(first, last):
        for place in range(query_starts[query], query_starts[query + 1]):
            weights[query_terms[place]] = query_counts[place] * idf[query_terms[place]]
        for chunk in range(len(norms)):
            if own[query, 0] <= chunk < own[query, 1]:
                continue
            score = score_chunk(chunk, starts, terms, counts, norms, weights)
            if score > 0:
                keep_best(chunk, score, numbers[query], scores[query])
        for place in range(query_starts[query], query_starts[query + 1]):
            weights[query_terms[place]] = 0


@compiled()
def score_given(query_starts, query_terms, query_counts, chosen, starts, terms, counts, norms, idf, first, last, scores):
    """Scores of the chunks chosen (Q, D) for the queries first … last - 1; nan stays where none is chosen (-1)."""
    weights = np.zeros(len(idf))
    for query in range(first, last):
        for place in range(query_starts[query], query_starts[query + 1]):
            weights[query_terms[place]] = query_counts[place] * idf[query_terms[place]]
        for column in range(chosen.shape[1]):
            if chosen[query, column] >= 0:
                scores[query, column] = score_chunk(chosen[query, column], starts, terms, counts, norms, weights)
        for place in range(query_starts[query], query_starts[query + 1]):
            weights[query_terms[place]] = 0
