"""Compiled loops (numba) for statistics that are repeated hundreds of times over the same pairs."""

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def add_random_draw(score, left, right, group, sign, fold_left, fold_right, weight, fold_weight, raw, calibrated, heldout):
    """Judges the pairs by one whole-numbered metric without ties and adds what is right to three counters.

    score: (N,) a permutation of 0..N-1; left, right, group, fold_left, fold_right: (P,); sign: (P,) in -1, 0, 1;
    weight: (G,) 1/size of each group; fold_weight: (folds, G) the same with one fold away. Adds to raw, calibrated, heldout: (P,)
    and returns the epsilon. Histograms over the N possible gaps replace the sort.
    """
    folds = fold_weight.shape[0]
    total = np.zeros(len(score))
    outside = np.zeros((folds, len(score)))
    for p in range(len(left)):
        difference = score[left[p]] - score[right[p]]
        gain = 0
        if sign[p] == 0:
            gain = 1
        elif difference * sign[p] > 0:
            gain = -1
        gap = abs(difference)
        total[gap] += gain * weight[group[p]]
        for fold in range(folds):
            if fold_left[p] != fold and fold_right[p] != fold:
                outside[fold, gap] += gain * fold_weight[fold, group[p]]
    epsilon = _best(total)
    fold_epsilon = np.zeros(folds, dtype=np.int64)
    for fold in range(folds):
        fold_epsilon[fold] = _best(outside[fold])
    for p in range(len(left)):
        difference = score[left[p]] - score[right[p]]
        gap = abs(difference)
        concordant = difference * sign[p] > 0
        tie = sign[p] == 0
        raw[p] += concordant
        calibrated[p] += tie if gap <= epsilon else concordant
        if fold_left[p] == fold_right[p]:
            heldout[p] += tie if gap <= fold_epsilon[fold_left[p]] else concordant
    return epsilon


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
def calibrated_mean(left_score, right_score, group, sign, weight, order_buffer, gap_buffer):
    """Group-averaged accuracy at the best epsilon, for the permutation test that calibrates each draw.

    left_score, right_score: (P,) the metric on both sides; weight: (G,) 1/(size · number of groups). Buffers: (P,).
    """
    right_now = 0.0
    for p in range(len(group)):
        difference = left_score[p] - right_score[p]
        gap_buffer[p] = abs(difference)
        if difference * sign[p] > 0:
            right_now += weight[group[p]]
    order_buffer[:] = np.argsort(gap_buffer)
    best = -1.0
    for k in range(len(group)):
        p = order_buffer[k]
        gap = gap_buffer[p]
        if k == 0 and gap > 0:
            best = right_now
        if sign[p] == 0:
            right_now += weight[group[p]]
        elif (left_score[p] - right_score[p]) * sign[p] > 0:
            right_now -= weight[group[p]]
        if (k + 1 == len(group) or gap_buffer[order_buffer[k + 1]] > gap) and right_now > best:
            best = right_now
    return best
