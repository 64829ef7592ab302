"""Compiled loops (numba) of language identification: a finite automaton over UTF-8 bytes, and naive Bayes over what it finds.

Both tables are far larger than a processor's cache, so the loops are made for waiting on memory: eight texts are walked side by
side, so that eight reads are under way at once.
"""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled

LANES = 8


@compiled()
def walk_texts(data, starts, rows, moves, found, visits, visited):
    """The features that the automaton announces in T texts.

    data: bytes; text t is data[starts[t] : starts[t + 1]]. From state s byte b leads to moves[rows[s] * 256 + b], and state s
    announces feature found[s] (below 0: none). Fills visits, (S,): those of text t from starts[t] on, visited[t] of them.
    """
    eight, texts = np.uint64(8), len(starts) - 1
    state, at = np.zeros(LANES, np.uint64), np.zeros(LANES, np.int64)
    end, text, filled = np.zeros(LANES, np.int64), np.full(LANES, -1, np.int64), np.zeros(LANES, np.int64)
    taken, running = 0, 0
    for lane in range(LANES):
        if taken < texts:
            text[lane], at[lane], end[lane], filled[lane] = taken, starts[taken], starts[taken + 1], starts[taken]
            taken += 1
            running += 1
    while running > 0:
        for lane in range(LANES):
            if at[lane] < end[lane]:
                to = np.uint64(moves[(np.uint64(rows[state[lane]]) << eight) + np.uint64(data[at[lane]])])
                state[lane] = to
                visits[filled[lane]] = found[to]
                filled[lane] += found[to] >= 0
                at[lane] += 1
            elif text[lane] >= 0:
                visited[text[lane]] = filled[lane] - starts[text[lane]]
                text[lane], state[lane] = -1, np.uint64(0)
                running -= 1
                if taken < texts:
                    text[lane], at[lane], end[lane], filled[lane] = taken, starts[taken], starts[taken + 1], starts[taken]
                    taken += 1
                    running += 1


@compiled(fastmath={"contract"})
def score_texts(starts, visits, visited, weights, priors, logs, counts, line, scores):
    """The sums of weights over what `walk_texts` found in T texts, in C columns.

    weights: (F, C) and priors: (C,); a feature that is met n times counts logs[n] times (log(1 + n); beyond the table it is
    computed). counts: (F,) of zeros; line: (C,). Fills scores, (T, C).
    """
    columns = len(priors)
    for text in range(len(visited)):
        begin, distinct = starts[text], 0
        for place in range(begin, begin + visited[text]):
            feature = np.uint64(visits[place])
            if counts[feature] == 0:
                visits[begin + distinct] = visits[place]
                distinct += 1
            counts[feature] += 1
        for column in range(columns):
            line[column] = priors[column]
        for place in range(begin, begin + distinct):
            feature = np.uint64(visits[place])
            times = counts[feature]
            counts[feature] = 0
            weight = logs[times] if times < len(logs) else np.float32(np.log1p(np.float32(times)))
            for column in range(columns):
                line[column] += weight * weights[feature, column]
        for column in range(columns):
            scores[text, column] = line[column]
