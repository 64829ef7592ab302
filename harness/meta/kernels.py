"""Compiled loops (numba) for statistics that are repeated hundreds of times over the same pairs."""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled


@compiled()
def gains_across(score, left, right, bins, weight, sign, fold_left, fold_right, coded, gains):
    """Adds what a tie of each pair gains, by the gap that one whole-numbered metric without ties gives it.

    score: (N,) a permutation of 0..N-1; left, right, bins, weight, sign, fold_left, fold_right: (P,), sign in -1, 0, 1. Fills
    coded, (P,): four times the gap, plus 1 where the draw orders a pair as people do and 2 where it contradicts them. Adds to
    gains, (bins, N, folds + 1): of the pairs that reach a fold, the last of all.
    """
    last = gains.shape[2] - 1
    for p in range(len(left)):  # without branches: which way a pair goes cannot be foretold
        difference = score[left[p]] - score[right[p]]
        gap, agreed = abs(difference), difference * sign[p]
        gained = weight[p] * ((agreed == 0) - (agreed > 0))
        coded[p] = 4 * gap + (agreed > 0) + 2 * (agreed < 0)
        gains[bins[p], gap, fold_left[p]] += gained
        gains[bins[p], gap, fold_right[p]] += gained * (fold_left[p] != fold_right[p])
        gains[bins[p], gap, last] += gained


@compiled()
def add_right_across(coded, fold_left, fold_right, limits, raw, calibrated, heldout):
    """Adds the right pairs to three counters, (P,) bytes: at epsilon 0, at the last of the limits, and at that of a pair's fold.

    coded: of `gains_across`; limits: (folds + 1,) four times epsilon, plus 3. Pairs across folds are not counted as held out.
    """
    most = limits[len(limits) - 1]
    for p in range(len(coded)):
        way = coded[p] & 3
        raw[p] += way == 1
        calibrated[p] += way == (coded[p] > most)
        heldout[p] += (fold_left[p] == fold_right[p]) & (way == (coded[p] > limits[fold_left[p]]))


@compiled()
def gains_of_groups(starts, score, rank, fold, share, gains):
    """Adds what a tie of each pair gains, by the gap that distinct whole-numbered scores give it, without making the pairs.

    Outputs lie group by group, `starts`, (G + 1,), says where; score, rank, fold: (N,), people tie equal ranks; share:
    (folds + 1, G), what a pair weighs among all and among those outside each fold. Adds to gains, (gaps, folds + 1).
    """
    for g in range(len(starts) - 1):
        for i in range(starts[g], starts[g + 1]):
            for j in range(i + 1, starts[g + 1]):
                difference, order = score[i] - score[j], rank[i] - rank[j]
                if order != 0 and (difference > 0) != (order > 0):
                    continue
                sign, gap = 1.0 if order == 0 else -1.0, abs(difference)
                for part in range(gains.shape[1]):
                    if fold[i] + 1 != part and fold[j] + 1 != part:
                        gains[gap, part] += sign * share[part, g]


@compiled()
def gains_within(score, left, right, sign, ends, fold, weight, shift, coded, sums):
    """As `gains_across` where no fold splits a group, in memory and time that do not grow with the number of gaps.

    left, right, sign: (P,), group by group; ends, fold, weight: (G,), where a group's pairs end, weights being whole. Fills coded
    and adds to sums, (folds, bins, 3): the weights of ties, of pairs ordered alike and of others, by bins of 2^shift gaps.
    """
    start = 0
    for g in range(len(ends)):
        one, own = weight[g], fold[g]
        for p in range(start, ends[g]):
            difference = np.int32(score[left[p]]) - np.int32(score[right[p]])
            gap, agreed = abs(difference), difference * sign[p]
            way = (agreed > 0) + 2 * (agreed < 0)
            coded[p] = 4 * gap + way
            sums[own, gap >> shift, way] += one
        start = ends[g]


@compiled()
def add_right_within(coded, ends, fold, limits, raw, calibrated, heldout):
    """As `add_right_across`, by the folds of groups."""
    start, most = 0, limits[len(limits) - 1]
    for g in range(len(ends)):
        own = limits[fold[g]]
        for p in range(start, ends[g]):
            way = coded[p] & 3
            raw[p] += way == 1
            calibrated[p] += way == (coded[p] > most)
            heldout[p] += way == (coded[p] > own)
        start = ends[g]


@compiled()
def refine_gains(coded, ends, fold, weight, shift, place, least, most, fine):
    """Adds to fine, (folds, wanted bins, 2^shift), what ties gain at each gap in the bins that have a place, (bins,); else -1.

    Gaps are in least..most - 1 where their bin has one.
    """
    start, mask = 0, (1 << shift) - 1
    for g in range(len(ends)):
        for p in range(start, ends[g]):
            gap, way = coded[p] >> 2, coded[p] & 3
            if least <= gap < most and way < 2 and place[gap >> shift] >= 0:
                fine[fold[g], place[gap >> shift], gap & mask] += weight[g] * (1 - 2 * way)
        start = ends[g]


@compiled()
def spearman_sums(weights, cluster, human, humans, run, sums):
    """Sums over resampled midranks, from which Spearman's rho follows; all are whole or half numbers, hence exact.

    weights: (B, C) copies of each cluster; cluster, human, run: per output in ascending order of the metric, (N,), `human` being
    the rank of its value among the `humans` distinct ones and `run` that of the metric's. Fills sums, (B, 4): copies, squared
    human ranks, squared metric ranks, products.
    """
    counts, ranks = np.empty(humans), np.empty(humans)
    for b in range(len(weights)):
        for value in range(humans):
            counts[value] = 0.0
        for n in range(len(cluster)):
            counts[human[n]] += weights[b, cluster[n]]
        before, squares = 0.0, 0.0
        for value in range(humans):
            ranks[value] = before + (counts[value] + 1) / 2
            squares += counts[value] * ranks[value] * ranks[value]
            before += counts[value]
        sums[b, 0], sums[b, 1] = before, squares
        before, squares, products, copies, in_run = 0.0, 0.0, 0.0, 0.0, 0.0
        for n in range(len(cluster)):
            copies += weights[b, cluster[n]]
            in_run += weights[b, cluster[n]] * ranks[human[n]]
            if n + 1 == len(cluster) or run[n + 1] != run[n]:
                rank = before + (copies + 1) / 2
                squares += copies * rank * rank
                products += rank * in_run
                before += copies
                copies, in_run = 0.0, 0.0
        sums[b, 2], sums[b, 3] = squares, products


@compiled()
def sums_kept(flips, differences, kept):
    """Fills kept, (D,): the sum of the differences, (P,), where flips, (D, P) of 0 and 1, are 1; 32 bits have to hold it."""
    for draw in range(len(flips)):
        total = np.int32(0)
        for p in range(len(differences)):
            total += np.int32(-flips[draw, p]) & differences[p]
        kept[draw] = total


@compiled()
def swapped_sums(swap, left, right, where, weight, room, least, most):
    """Bounds of the largest number of right pairs of either metric, each at its best epsilon, in each draw of a permutation test.

    swap: (D, N) 0 or 1; left, right, weight: (P,); where: (P, 4), by where a pair has its scores from: twice the block of its
    gap, plus 1 where a tie gains its weight, and 2 x blocks where a tie changes nothing; room: (2, 2 x blocks + 1). Gaps are in
    the order of blocks; those of block 0 always tie. Fills least, (D, 2): the best at the end of a block, and most, (D, 2):
    what the best can be at most inside one.
    """
    nothing = room.shape[1] - 1
    for draw in range(len(swap)):
        sides = swap[draw]
        room[:] = 0
        for p in range(len(left)):
            state = 2 * sides[left[p]] + sides[right[p]]
            room[0, where[p, state]] += weight[p]
            room[1, where[p, 3 - state]] += weight[p]
        for metric in range(2):
            lost = room[metric, 0:nothing:2].sum()  # where nothing is a tie, all that a tie would lose is right
            running = lost + room[metric, 1] - room[metric, 0]
            low, high = running, running
            for place in range(2, nothing, 2):
                high = max(high, running + room[metric, place + 1])
                running += room[metric, place + 1] - room[metric, place]
                low = max(low, running)
            least[draw, metric], most[draw, metric] = low, high


@compiled()
def rank_keys(keys, spare, place, spare_place, digits, near, rank):
    """Fills rank, (K,): how many steps of more than `near` there are from 0 up to each key, in the order of the keys.

    keys: (K,) whole numbers from 0 on, below 2^(11 x digits), which are sorted here by digits of 11 bits; spare, place,
    spare_place: (K,), room.
    """
    for k in range(len(keys)):
        place[k] = k
    counts = np.zeros(2048, dtype=np.int64)
    for digit in range(digits):
        counts[:] = 0
        for k in range(len(keys)):
            counts[(keys[k] >> (11 * digit)) & 2047] += 1
        before = 0
        for value in range(2048):
            counts[value], before = before, before + counts[value]
        for k in range(len(keys)):
            value = (keys[k] >> (11 * digit)) & 2047
            spare[counts[value]], spare_place[counts[value]] = keys[k], place[k]
            counts[value] += 1
        keys, spare, place, spare_place = spare, keys, spare_place, place
    step, last = 0, 0
    for k in range(len(keys)):
        if keys[k] - last > near:
            step += 1
        last = keys[k]
        rank[place[k]] = step
