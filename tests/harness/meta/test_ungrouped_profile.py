"""The best epsilons of distinct scores: counted pair by pair, and by correlations, they are the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta import ungrouped_profile as module
from harness.meta.ungrouped import people_of
from harness.meta.ungrouped_profile import permutation_epsilons


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["item", "system", "none"]), st.integers(1, 6), st.booleans())
def test_both_ways_find_the_same_epsilons(seed: int, grouping: str, levels: int, uneven: bool) -> None:
    rng = np.random.default_rng(seed)
    items, systems = int(rng.integers(2, 12)), int(rng.integers(2, 5))
    item, system = np.repeat(np.arange(items), systems), np.tile(np.arange(systems), items)
    groups = {"item": item, "system": system, "none": np.zeros_like(item)}[grouping]
    human = rng.integers(0, levels, len(item)).astype(float)
    member = np.flatnonzero(rng.random(len(item)) < 0.8) if uneven else np.arange(len(item))
    people = people_of(member, groups, human, rng.integers(0, 3, items)[item], 3, item, 0.0)
    if people is None:
        return
    scores = rng.permutation(len(item))[people.member]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for pairs in (0, 10**9):
            patch.setattr(module, "_PAIRS_A_BIN", pairs)
            found.append(permutation_epsilons(people, scores, len(item)))
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].tolist() == found[1].tolist()
