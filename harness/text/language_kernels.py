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
def walk_texts(data, starts, columns, states, moves, visits, visited):
    """The features that the automaton announces in T texts.

    data: bytes; text t is data[starts[t] : starts[t + 1]]. states: of each state its row of moves (high half) and the feature
    that it announces, plus one (low half; 0: none). From a state with row r byte b leads to moves[r * 256 + columns[b]]; columns
    puts bytes side by side that often lead on, so that few lines of the table are read. Fills visits, (S,): those of text t
    from starts[t] on, visited[t] of them.
    """
    eight, half, low, texts = np.uint64(8), np.uint64(32), np.uint64(0xFFFFFFFF), len(starts) - 1
    first = states[0] >> half << eight
    row, at = np.zeros(LANES, np.uint64), np.zeros(LANES, np.int64)
    end, text, filled = np.zeros(LANES, np.int64), np.full(LANES, -1, np.int64), np.zeros(LANES, np.int64)
    taken = min(LANES, texts)
    for lane in range(taken):
        text[lane], at[lane], end[lane], filled[lane], row[lane] = lane, starts[lane], starts[lane + 1], starts[lane], first
    running = taken
    while running > 0:
        steps = np.int64(1 << 60)  # that no text has fewer left of
        for lane in range(LANES):
            if text[lane] >= 0:
                steps = min(steps, end[lane] - at[lane])
        for _ in range(steps):
            for lane in range(LANES):
                if text[lane] >= 0:
                    state = states[moves[row[lane] + np.uint64(columns[data[at[lane]]])]]
                    row[lane] = state >> half << eight
                    feature = np.int64(state & low) - 1
                    visits[filled[lane]] = feature
                    filled[lane] += feature >= 0
                    at[lane] += 1
        for lane in range(LANES):
            if text[lane] >= 0 and at[lane] >= end[lane]:
                visited[text[lane]] = filled[lane] - starts[text[lane]]
                text[lane] = -1
                running -= 1
                if taken < texts:
                    text[lane], at[lane], end[lane], filled[lane] = taken, starts[taken], starts[taken + 1], starts[taken]
                    row[lane] = first
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
