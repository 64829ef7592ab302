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
def calibrated_mean(left_score, right_score, group, sign, weight, tolerance, order_buffer, gap_buffer):
    """Group-averaged accuracy at the best epsilon, for the permutation test that calibrates each draw.

    left_score, right_score: (P,) the metric on both sides; weight: (G,) 1/(size · number of groups); gaps that differ by at most
    `tolerance` are one gap, and a gap of at most that is none. Buffers: (P,).
    """
    right_now = 0.0
    for p in range(len(group)):
        difference = left_score[p] - right_score[p]
        gap_buffer[p] = abs(difference)
        if gap_buffer[p] > tolerance and difference * sign[p] > 0:
            right_now += weight[group[p]]
    order_buffer[:] = np.argsort(gap_buffer)
    best = -1.0
    for k in range(len(group)):
        p = order_buffer[k]
        gap = gap_buffer[p]
        if k == 0 and gap > tolerance:
            best = right_now
        if sign[p] == 0:
            right_now += weight[group[p]]
        elif gap > tolerance and (left_score[p] - right_score[p]) * sign[p] > 0:
            right_now -= weight[group[p]]
        if (k + 1 == len(group) or gap_buffer[order_buffer[k + 1]] > gap + tolerance) and right_now > best:
            best = right_now
    return best
