"""Compiled loops (numba) over the pairs of a cell: making them, ordering them, and the gains of tying them by size of gap."""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled


@compiled()
def fill_pairs(order, starts, sizes, left, right, group):
    """Fills left, right, group, (P,): every two of order[starts[g] : starts[g] + sizes[g]], group by group."""
    pair = 0
    for g in range(len(starts)):
        end = starts[g] + sizes[g]
        for first in range(starts[g], end):
            for second in range(first + 1, end):
                left[pair], right[pair], group[pair] = order[first], order[second], g
                pair += 1


@compiled()
def fill_signs(left, right, human, tolerance, signs):
    """Fills signs, (P,): 1 where the left output's number is larger, -1 the right's, 0 where they differ by no tolerance."""
    for p in range(len(left)):
        difference = human[left[p]] - human[right[p]]
        if tolerance > 0:
            difference = np.rint(difference / tolerance)
        signs[p] = (difference > 0) - (difference < 0)


@compiled()
def fill_order(left, right, metric, signs, tolerance, gap, concordant):
    """Fills gap and concordant, (P,): the metric's distance (a multiple of tolerance), and whether it orders as signs do."""
    for p in range(len(left)):
        difference = metric[left[p]] - metric[right[p]]
        if tolerance > 0:
            difference = np.rint(difference / tolerance) * tolerance
        gap[p] = abs(difference)
        concordant[p] = difference * signs[p] > 0


@compiled()
def bin_gains(bits, gain, group, weight, part, low, shift, net, positive):
    """Adds what tying each pair gains to net, and where it gains to positive, both (parts, bins).

    bits: (P,) gaps as the integers of their IEEE form, which are in the order of the gaps; gain, group, part: (P,); weight: (G,);
    a gap's bin is (bits - low) >> shift, the first for all below `low`.
    """
    for p in range(len(bits)):
        if gain[p] != 0:
            place = max(bits[p] - low, 0) >> shift
            gained = gain[p] * weight[group[p]]
            net[part[p], place] += gained
            if gained > 0:
                positive[part[p], place] += gained


@compiled()
def pairs_in_bins(bits, gain, low, shift, wanted, only, found):
    """Fills found with the pairs that gain or lose something by a tie and lie in a wanted bin of several gaps; returns how many.

    only: (bins,) of -1; what all pairs of a wanted bin have for a gap is written there, and -2 where they have several.
    """
    for p in range(len(bits)):
        if gain[p] != 0:
            place = max(bits[p] - low, 0) >> shift
            if wanted[place] and only[place] != bits[p]:
                only[place] = bits[p] if only[place] == -1 else -2
    size = 0
    for p in range(len(bits)):
        if gain[p] != 0:
            place = max(bits[p] - low, 0) >> shift
            if wanted[place] and only[place] == -2:
                found[size] = p
                size += 1
    return size


@compiled()
def tally(codes, counts):
    """Adds to counts how often each code occurs."""
    for code in codes:
        counts[code] += 1
