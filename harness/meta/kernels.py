"""Compiled loops (numba) for statistics that are repeated hundreds of times over the same pairs."""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled


@compiled()
def add_random_draw(score, left, right, bins, weight, sign, fold_left, fold_right, share, epsilon, raw, calibrated, heldout):
    """Judges the pairs by one whole-numbered metric without ties and adds what is right to three counters.

    score: (N,) a permutation of 0..N-1; left, right, bins, weight, sign, fold_left, fold_right: (P,), sign in -1, 0, 1; share:
    (folds + 1, bins) what a bin's gains weigh with one fold away, the last row with none; epsilon: (folds + 1,) likewise, chosen
    here where all are -1. Adds to raw, calibrated, heldout: (P,).
    """
    folds = len(epsilon) - 1
    if epsilon.max() < 0:
        _calibrate(score, left, right, bins, weight, sign, fold_left, fold_right, share, epsilon)
    for p in range(len(left)):
        difference = score[left[p]] - score[right[p]]
        gap = abs(difference)
        concordant = difference * sign[p] > 0
        tie = sign[p] == 0
        raw[p] += concordant
        calibrated[p] += tie if gap <= epsilon[folds] else concordant
        if fold_left[p] == fold_right[p]:
            heldout[p] += tie if gap <= epsilon[fold_left[p]] else concordant


@compiled()
def _calibrate(score, left, right, bins, weight, sign, fold_left, fold_right, share, epsilon):
    """Fills epsilon: the best one without each fold, then with all. Histograms over the N possible gaps replace the sort."""
    folds, n_bins, n = share.shape[0] - 1, share.shape[1], len(score)
    gains = np.zeros((n_bins, folds, folds, n))
    for p in range(len(left)):
        difference = score[left[p]] - score[right[p]]
        if sign[p] == 0:
            gains[bins[p], fold_left[p], fold_right[p], abs(difference)] += weight[p]
        elif difference * sign[p] > 0:
            gains[bins[p], fold_left[p], fold_right[p], abs(difference)] -= weight[p]
    totals = np.zeros((folds + 1, n))
    for b in range(n_bins):
        for one in range(folds):
            for two in range(folds):
                for fold in range(folds + 1):
                    if one != fold and two != fold:
                        totals[fold] += share[fold, b] * gains[b, one, two]
    for fold in range(folds + 1):
        epsilon[fold] = _best(totals[fold])


@compiled()
def add_draw_within(
    score, left, right, ends, sign, fold, weight, shift, coded, sums, place, fine, epsilon, raw, calibrated, heldout
):
    """As `add_random_draw` where no fold splits a group, in memory and time that do not grow with the number of gaps.

    score: (N,); left, right, sign: (P,), group by group; ends, fold, weight: (G,), where a group's pairs end, weights being
    whole; coded: (P,) room for four times the gap, plus 1 where the draw orders a pair as people do and 2 where it contradicts
    them; sums: (folds, bins, 3) room for the weights of ties, of pairs ordered alike and of others, whose gap is in a bin of
    2^shift values; place: (bins,) room; fine: (folds, bins << shift) room, unless shift is 0. Adds to raw, calibrated, heldout:
    (P,), bytes.
    """
    sums[:] = 0
    start = 0
    for g in range(len(ends)):
        mine, one = sums[fold[g]], weight[g]
        for p in range(start, ends[g]):  # without branches: which way a pair goes cannot be foretold
            difference = np.int32(score[left[p]]) - np.int32(score[right[p]])
            gap, agreed = abs(difference), difference * sign[p]
            way = (agreed > 0) + 2 * (agreed < 0)
            coded[p] = 4 * gap + way
            mine[gap >> shift, way] += one
        start = ends[g]
    if epsilon.max() < 0:
        place[:] = -1
        if shift > 0:
            _refine(coded, ends, fold, weight, shift, sums, place, fine)
        for target in range(len(epsilon)):
            epsilon[target] = _best_within(target, shift, sums, place, fine)
    start, most = 0, 4 * epsilon[-1] + 3
    for g in range(len(ends)):
        own = 4 * epsilon[fold[g]] + 3
        for p in range(start, ends[g]):
            way = coded[p] & 3
            raw[p] += way == 1
            calibrated[p] += way == (coded[p] > most)
            heldout[p] += way == (coded[p] > own)
        start = ends[g]


@compiled()
def _refine(coded, ends, fold, weight, shift, sums, place, fine):
    """Fills place with numbers from 0 for the bins in which a largest sum may lie, and fine with the gains at each gap there."""
    folds, bins = sums.shape[0], sums.shape[1]
    found = 0
    for target in range(folds + 1):
        best = 0
        for step in range(2):  # first the best sum at the end of a bin, then the bins that may hold a better one
            running = 0
            for b in range(bins):
                gained, positive = 0, 0
                for f in range(folds):
                    if f != target:
                        gained += sums[f, b, 0] - sums[f, b, 1]
                        positive += sums[f, b, 0]
                if step == 1 and positive > 0 and running + positive >= best and place[b] < 0:
                    place[b] = found
                    found += 1
                running += gained
                if step == 0:
                    best = max(best, running)
    fine[:, : found << shift] = 0
    least, most, start = bins << shift, 0, 0
    for b in range(bins):
        if place[b] >= 0:
            least, most = min(least, b << shift), (b + 1) << shift
    for g in range(len(ends)):
        for p in range(start, ends[g]):
            gap, way = coded[p] >> 2, coded[p] & 3
            if least <= gap < most and way < 2 and place[gap >> shift] >= 0:
                fine[fold[g], (place[gap >> shift] << shift) + (gap & ((1 << shift) - 1))] += weight[g] * (1 - 2 * way)
        start = ends[g]


@compiled()
def _best_within(target, shift, sums, place, fine):
    """The smallest gap at which the sum of gains outside a fold is largest, 0 where none is positive."""
    chosen, best, running = 0, 0, 0
    for b in range(sums.shape[1]):
        if shift > 0 and place[b] >= 0:
            for inner in range(1 << shift):
                for f in range(sums.shape[0]):
                    if f != target:
                        running += fine[f, (place[b] << shift) + inner]
                if running > best:
                    chosen, best = (b << shift) + inner, running
        else:
            for f in range(sums.shape[0]):
                if f != target:
                    running += sums[f, b, 0] - sums[f, b, 1]
            if shift == 0 and running > best:
                chosen, best = b, running
    return chosen


@compiled()
def _best(gains):
    """The smallest gap at which the running sum of gains is largest, sums closer than 1e-9 counting as equal."""
    best, best_sum, running = 0, gains[0], gains[0]
    for gap in range(1, len(gains)):
        running += gains[gap]
        if running > best_sum + 1e-9:
            best, best_sum = gap, running
    return best


@compiled()
def spearman_sums(weights, cluster, human, humans, run, sums):
    """Sums over resampled midranks, from which Spearman's rho follows; all are whole or half numbers, hence exact.

    weights: (B, C) copies of each cluster; cluster, human, run: per output in ascending order of the metric, (N,), `human` being
    the rank of its value among the `humans` distinct ones and `run` that of the metric's. Fills sums, (B, 4): copies, squared
    human ranks, squared metric ranks, products.
    """
    counts, ranks = np.empty(humans), np.empty(humans)
    for b in range(len(weights)):
        counts[:] = 0.0
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
def swapped_differences(swap, left, right, rank, gain, shift, room, blocks, found):
    """Right pairs of the first metric minus the second's, each at its best epsilon, in each draw of a permutation test.

    swap: (D, N) 0 or 1; left, right: (P,); rank, gain: (P, 4), by where a pair has its scores from; room: (2, ranks) zeros,
    blocks: (2, ranks >> shift, 2) zeros, for losses and gains. Fills found, (D,). Gains and losses are
    summed by rank and by block of 2^shift ranks; a block is gone through where the largest running sum may lie inside it.
    """
    for draw in range(len(swap)):
        sides = swap[draw]
        for p in range(len(left)):
            state = 2 * sides[left[p]] + sides[right[p]]
            one, two = gain[p, state], gain[p, 3 - state]
            here, there = rank[p, state], rank[p, 3 - state]
            room[0, here] += one
            room[1, there] += two
            blocks[0, here >> shift, int(one > 0)] += one
            blocks[1, there >> shift, int(two > 0)] += two
        found[draw] = _best_sum(room[0], blocks[0], shift) - _best_sum(room[1], blocks[1], shift)


@compiled()
def _best_sum(room, blocks, shift):
    """The largest number of right pairs at some rank, those of gap 0 always being ties; leaves zeros behind."""
    running = -blocks[:, 0].sum()  # where nothing is a tie, all that a tie would lose is right
    best = running + room[0]
    for b in range(len(blocks)):
        if running + blocks[b, 1] > best:
            inner = running
            for rank in range(b << shift, (b + 1) << shift):
                inner += room[rank]
                best = max(best, inner)
        running += blocks[b, 0] + blocks[b, 1]
    room[:] = 0
    blocks[:] = 0
    return best
