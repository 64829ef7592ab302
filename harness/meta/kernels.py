"""Compiled loops (numba) for statistics that are repeated hundreds of times over the same pairs."""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
def _best(gains):
    """The smallest gap at which the running sum of gains is largest, sums closer than 1e-9 counting as equal."""
    best, best_sum, running = 0, gains[0], gains[0]
    for gap in range(1, len(gains)):
        running += gains[gap]
        if running > best_sum + 1e-9:
            best, best_sum = gap, running
    return best


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
def swapped_differences(swap, left, right, rank, gain, block, room, blocks, found):
    """Right pairs of the first metric minus the second's, each at its best epsilon, in each draw of a permutation test.

    swap: (D, N) 0 or 1; left, right: (P,); rank, gain: (P, 4), by where a pair has its scores from; room: (2, ranks) zeros,
    blocks: (2, 2, ranks / block) zeros, whatever they gain and what of it is positive. Fills found, (D,). Gains and losses are
    summed by rank and by block of ranks; a block is gone through where the largest running sum may lie inside it.
    """
    for draw in range(len(swap)):
        sides = swap[draw]
        start_a, start_b = gain[0, 0] * 0, gain[0, 0] * 0
        for p in range(len(left)):
            state = 2 * sides[left[p]] + sides[right[p]]
            one, two = gain[p, state], gain[p, 3 - state]
            here, there = rank[p, state], rank[p, 3 - state]
            room[0, here] += one
            room[1, there] += two
            blocks[0, 0, here // block] += one
            blocks[1, 0, there // block] += two
            blocks[0, 1, here // block] += max(one, 0)
            blocks[1, 1, there // block] += max(two, 0)
            start_a -= min(one, 0)
            start_b -= min(two, 0)
        found[draw] = _best_sum(start_a, room[0], blocks[0], block) - _best_sum(start_b, room[1], blocks[1], block)


@numba.njit(cache=True, nogil=True)
def _best_sum(start, room, blocks, block):
    """The largest sum of start and what room holds up to some rank, the first one always included; leaves zeros behind."""
    running, best = start, start + room[0]
    for b in range(blocks.shape[1]):
        if running + blocks[1, b] > best:
            inner = running
            for rank in range(b * block, (b + 1) * block):
                inner += room[rank]
                best = max(best, inner)
        running += blocks[0, b]
    room[:] = 0
    blocks[:] = 0
    return best
