"""Compiled loops (numba) over outputs sorted by a metric: they count pairs of every kind without making them.

Outputs lie segment by segment (a group, or a part of one), ascending by metric within. `starts`: (S + 1,) where each segment
begins; `metric`: (N,); `rank`: (N,) the human score's place among the distinct ones; people tie a pair iff the one's rank lies in
low..high of the other's; `levels`: whether that is so only for equal ranks; `epsilon`: (S,), nan where a segment is left out.
"""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled

_FEW = 24  # segments up to this size are compared pair by pair


@compiled()
def count_segments(starts, metric, rank, low, high, levels, epsilon, tolerance, counts, near):
    """Fills counts, (S, 3): pairs with a gap of at most epsilon, those of them tied by people, concordant ones with a larger gap.

    Fills near, (S, 2), with the largest gap of at most epsilon (0 without one) and the smallest larger one (infinite without).
    """
    tree, inside = np.zeros(len(low) + 1, np.int32), np.zeros(len(low) + 1, np.int32)
    for s in range(len(starts) - 1):
        start, end = starts[s], starts[s + 1]
        counts[s] = 0
        near[s, 0], near[s, 1] = 0.0, np.inf
        if np.isnan(epsilon[s]):
            continue
        passed = start
        for j in range(start, end):
            while passed < j and _gap(metric[passed], metric[j], tolerance) > epsilon[s]:
                _insert(tree, rank[passed], 1)
                _move(inside, rank[passed], -1, levels)
                passed += 1
            if passed > start:
                near[s, 1] = min(near[s, 1], _gap(metric[passed - 1], metric[j], tolerance))
            if passed < j:
                near[s, 0] = max(near[s, 0], _gap(metric[passed], metric[j], tolerance))
            r = rank[j]
            counts[s, 0] += j - passed
            counts[s, 1] += _tied(inside, low[r], high[r], levels)
            counts[s, 2] += _below(tree, low[r])
            _move(inside, r, 1, levels)
        _clear(tree, inside, rank, start, passed, end, levels)


@compiled()
def count_outputs(starts, metric, rank, low, high, levels, epsilon, tolerance, counts):
    """As `count_segments`, but counts, (N, 3), are of the pairs that each output is in (so each pair stands at both)."""
    tree, inside = np.zeros(len(low) + 1, np.int32), np.zeros(len(low) + 1, np.int32)
    for s in range(len(starts) - 1):
        start, end = starts[s], starts[s + 1]
        counts[start:end] = 0
        if np.isnan(epsilon[s]):
            continue
        if end - start <= _FEW:
            _count_few(start, end, metric, rank, low, high, epsilon[s], tolerance, counts)
            continue
        passed = start
        for j in range(start, end):
            while passed < j and _gap(metric[passed], metric[j], tolerance) > epsilon[s]:
                _insert(tree, rank[passed], 1)
                _move(inside, rank[passed], -1, levels)
                passed += 1
            r = rank[j]
            counts[j, 0] += j - passed
            counts[j, 1] += _tied(inside, low[r], high[r], levels)
            counts[j, 2] += _below(tree, low[r])
            _move(inside, r, 1, levels)
        _clear(tree, inside, rank, start, passed, end, levels)
        passed = end - 1
        for i in range(end - 1, start - 1, -1):
            while passed > i and _gap(metric[i], metric[passed], tolerance) > epsilon[s]:
                _insert(tree, rank[passed], 1)
                _move(inside, rank[passed], -1, levels)
                passed -= 1
            r = rank[i]
            counts[i, 0] += passed - i
            counts[i, 1] += _tied(inside, low[r], high[r], levels)
            counts[i, 2] += end - 1 - passed - _below(tree, high[r] + 1)
            _move(inside, r, 1, levels)
        _clear(tree, inside, rank, passed + 1, end, start, levels)


@compiled()
def add_worth(place, counts, beside, worths, sums):
    """Adds what the pairs that each output is in are worth together to sums, (W, n), at its place there.

    counts: (N, 3) of `count_outputs`; beside: (n, 2) all its pairs, and those that people tie; worths: (W, 5), each what a pair
    adds that both tie, only the metric, only people, that is concordant, that is discordant.
    """
    for k in range(len(place)):
        n = place[k]
        window, both, concordant = counts[k, 0], counts[k, 1], counts[k, 2]
        pairs, ties = beside[n, 0], beside[n, 1]
        discordant = pairs - window - (ties - both) - concordant
        for w in range(len(worths)):
            one = worths[w]
            sums[w, n] += one[0] * both + one[1] * (window - both) + one[2] * (ties - both) + one[3] * concordant
            sums[w, n] += one[4] * discordant


@compiled()
def pairs_between(starts, metric, rank, low, high, above, upto, tolerance, gap, gain, segment):
    """The pairs with a gap in (above, upto] that people tie (gain 1) or that are concordant (gain -1): how many there are.

    Fills gap, gain and segment as far as they reach.
    """
    found = 0
    for s in range(len(starts) - 1):
        first = last = starts[s]
        for j in range(starts[s], starts[s + 1]):
            while first < j and _gap(metric[first], metric[j], tolerance) > upto:
                first += 1
            last = max(last, first)
            while last < j and _gap(metric[last], metric[j], tolerance) > above:
                last += 1
            for i in range(first, last):
                if rank[i] <= high[rank[j]]:
                    if found < len(gap):
                        gap[found] = _gap(metric[i], metric[j], tolerance)
                        gain[found] = 1 if rank[i] >= low[rank[j]] else -1
                        segment[found] = s
                    found += 1
    return found


@compiled()
def weigh_segments(
    starts, metric, rank, low, high, levels, epsilon, tolerance, cluster, group, weights, window, state, steps, sums
):
    """Adds the counts of `count_segments`, each pair weighing the product of its clusters' weights, to sums.

    cluster: (N,); group: (S,) the segment's; weights: (blocks, clusters, width), resamples in blocks of some width; sums:
    (groups, 3, blocks, width), the first count only if `window`. What is to be done is the same in each resample, so it is listed
    once a segment and done for resamples side by side. state: zeros, (2 · ranks + 3, width); steps: room for the list, (M, 4)
    with M = 4 + 7 · (bits of the number of ranks) for each output of a segment.
    """
    blocks, _, width = weights.shape
    for s in range(len(starts) - 1):
        if np.isnan(epsilon[s]) or starts[s + 1] - starts[s] < 2:
            continue
        start, end = starts[s], starts[s + 1]
        listed = _list_steps(start, end, metric, rank, low, high, levels, epsilon[s], tolerance, cluster, window, steps)
        for b in range(blocks):
            for step in range(listed):
                row, drawn, sign, kind = steps[step, 0], steps[step, 1], np.float32(steps[step, 2]), steps[step, 3]
                if kind < 0:
                    for n in range(width):
                        state[row, n] += sign * weights[b, drawn, n]
                else:
                    for n in range(width):
                        sums[group[s], kind, b, n] += sign * weights[b, drawn, n] * state[row, n]


@compiled()
def _list_steps(start, end, metric, rank, low, high, levels, epsilon, tolerance, cluster, window, steps):
    """Fills steps, how many it returns: row of the state, cluster, sign, and what the product of both counts for (-1: it moves).

    The state's rows: weights in the window; those there by human rank, as in `_move`; those below the window, a Fenwick tree.
    """
    listed, passed, tree = 0, start, len(low) + 2
    for j in range(start, end):
        while passed < j and _gap(metric[passed], metric[j], tolerance) > epsilon:
            if window:
                listed = _step(steps, listed, 0, cluster[passed], -1, -1)
            listed = _up(steps, listed, 1, rank[passed], len(low), levels, cluster[passed], -1)
            listed = _up(steps, listed, tree, rank[passed], len(low), False, cluster[passed], 1)
            passed += 1
        r, own = rank[j], cluster[j]
        if window:
            listed = _step(steps, listed, 0, own, 1, 0)
            listed = _step(steps, listed, 0, own, 1, -1)
        if levels:
            listed = _step(steps, listed, 1 + r, own, 1, 1)
        else:
            listed = _down(steps, listed, 1, high[r] + 1, own, 1, 1)
            listed = _down(steps, listed, 1, low[r], own, -1, 1)
        listed = _down(steps, listed, tree, low[r], own, 1, 2)
        listed = _up(steps, listed, 1, r, len(low), levels, own, 1)
    for n in range(start, end):  # all is taken out again: the next segment finds zeros
        if n < passed:
            listed = _up(steps, listed, tree, rank[n], len(low), False, cluster[n], -1)
        else:
            if window:
                listed = _step(steps, listed, 0, cluster[n], -1, -1)
            listed = _up(steps, listed, 1, rank[n], len(low), levels, cluster[n], -1)
    return listed


@compiled()
def _step(steps, listed, row, cluster, sign, kind):
    steps[listed, 0], steps[listed, 1], steps[listed, 2], steps[listed, 3] = row, cluster, sign, kind
    return listed + 1


@compiled()
def _up(steps, listed, first, rank, ranks, levels, cluster, sign):
    """Lists what `_move` does to the rows of the state that begin at `first`."""
    if levels:
        return _step(steps, listed, first + rank, cluster, sign, -1)
    k = rank + 1
    while k <= ranks:
        listed = _step(steps, listed, first + k, cluster, sign, -1)
        k += k & -k
    return listed


@compiled()
def _down(steps, listed, first, rank, cluster, sign, kind):
    """Lists what `_below` reads."""
    k = rank
    while k > 0:
        listed = _step(steps, listed, first + k, cluster, sign, kind)
        k -= k & -k
    return listed


@compiled()
def by_code(order, code, size):
    """(order sorted by the codes 0..size-1 of its members, ties as they were; where each code begins, (size + 1,))."""
    starts = np.zeros(size + 1, np.int64)
    for n in order:
        starts[code[n] + 1] += 1
    for c in range(size):
        starts[c + 1] += starts[c]
    place, result = starts[:-1].copy(), np.empty_like(order)
    for n in order:
        result[place[code[n]]] = n
        place[code[n]] += 1
    return result, starts


@compiled()
def _count_few(start, end, metric, rank, low, high, epsilon, tolerance, counts):
    for j in range(start, end):
        for i in range(start, j):
            within = _gap(metric[i], metric[j], tolerance) <= epsilon
            tied = low[rank[j]] <= rank[i] <= high[rank[j]]
            concordant = not within and rank[i] < low[rank[j]]
            for n in (i, j):
                counts[n, 0] += within
                counts[n, 1] += within and tied
                counts[n, 2] += concordant


@compiled(inline="always")
def _gap(lower, upper, tolerance):
    """The gap of two scores, as `pairs.snap` makes it; it never falls where upper rises or lower falls."""
    difference = upper - lower
    return difference if tolerance == 0 else np.rint(difference / tolerance) * tolerance


@compiled()
def _insert(tree, rank, amount):
    """Adds to a rank of a Fenwick tree (Fenwick, Software: Practice and Experience 24, 1994)."""
    k = rank + 1
    while k < len(tree):
        tree[k] += amount
        k += k & -k


@compiled()
def _below(tree, rank):
    """How many of the tree have a smaller rank."""
    total = 0
    k = rank
    while k > 0:
        total += tree[k]
        k -= k & -k
    return total


@compiled()
def _move(inside, rank, amount, levels):
    """Puts an output into the window or takes it out: plain counts where people's ties are equal ranks, else a tree."""
    if levels:
        inside[rank] += amount
    else:
        _insert(inside, rank, amount)


@compiled()
def _tied(inside, low, high, levels):
    return inside[low] if levels else _below(inside, high + 1) - _below(inside, low)


@compiled()
def _clear(tree, inside, rank, start, passed, end, levels):
    """Empties both, cheaply after a small segment. The tree holds start..passed-1, the window the rest up (or down) to end."""
    size = max(passed, end) - min(start, end)
    if size * 4 > len(tree):
        tree[:] = 0
        inside[:] = 0
        return
    for n in range(start, passed):
        _insert(tree, rank[n], -1)
    if end >= passed:
        for n in range(passed, end):
            _move(inside, rank[n], -1, levels)
    else:
        for n in range(end, start):
            _move(inside, rank[n], -1, levels)
