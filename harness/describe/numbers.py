"""Small statistics of whole numbers, given as arrays."""

import numpy as np

from harness.meta.pairs import Ints


def middle(counts: Ints) -> int | float:
    """The median of at least one number: one of them, or half way between the two in the middle."""
    half = len(counts) // 2
    if len(counts) % 2:
        return int(np.partition(counts, half)[half])
    low, high = np.partition(counts, [half - 1, half])[half - 1 : half + 1].tolist()
    return (low + high) / 2
