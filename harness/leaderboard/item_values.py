"""What a metric says of single items: their own values, or what a metric of the whole task would say of one item alone."""

from collections.abc import Mapping

import numpy as np

from harness.leaderboard.file_values import finite
from harness.leaderboard.measured import Measured
from harness.leaderboard.records import Item

_OF_ALL_ITEMS = frozenset({"matthews_corrcoef", "f1"})  # of one item they say nothing


def item_values(measured: Measured, items: Mapping[str, Item], metric: str) -> dict[str, float]:
    """By key, each item's value: its own, or what a metric of the whole task would say of it alone (its chrF, its perplexity)."""
    own = {key: value for key, item in items.items() if (value := finite(item.values.get(metric))) is not None}
    measure = measured.measure
    if own or measure is None or measure.kind in _OF_ALL_ITEMS:
        return own
    with np.errstate(all="ignore"):
        alone = measure.value(measure.parts)
    return {key: value for key, one in zip(measure.keys, alone, strict=True) if (value := finite(float(one))) is not None}
