"""Human preferences between two outputs of one example: the strict majority of raters per pair, and metrics beside it.

Every judged pair counts once, pooled; intervals resample instructions. A metric's values are compared like ratings are, with
epsilon 0, calibrated and held out. A judge's direct verdict on a pair is never calibrated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.meta.pairs import Floats, Ints, Pairs, Signs
from harness.records import Preference


@dataclass(frozen=True)
class JudgedPairs:
    """Distinct pairs of outputs and the strict majority's word on each: 1 left, -1 right, 0 tie; shape (P,).

    `unresolved` pairs had no strict majority and are missing; `raters` is how many raters a pair had, at most.
    """

    left: Ints
    right: Ints
    signs: Signs
    unresolved: int
    raters: int

    def pairs(self) -> Pairs:
        """Each pair as a group of its own, so that averaging over groups is pooling over pairs."""
        return Pairs(self.left, self.right, np.arange(len(self.left)), len(self.left))


def majority(preferences: Sequence[Preference], criterion: str, position: Mapping[str, int]) -> JudgedPairs:
    """The strict majority per pair of outputs on a criterion. `position`: output id → index."""
    votes: dict[tuple[int, int], list[int]] = {}
    for preference in preferences:
        if preference.criterion != criterion:
            continue
        a, b = position.get(preference.output_a), position.get(preference.output_b)
        if a is None or b is None or preference.winner is None:
            continue
        sign = {"a": 1, "b": -1, "tie": 0}[preference.winner]
        votes.setdefault((min(a, b), max(a, b)), []).append(sign if a < b else -sign)
    resolved = {}
    for pair, signs in votes.items():
        values, counts = np.unique(signs, return_counts=True)
        if counts.max() * 2 > len(signs):
            resolved[pair] = int(values[counts.argmax()])
    kept = sorted(resolved)
    return JudgedPairs(
        np.array([pair[0] for pair in kept], dtype=np.int64),
        np.array([pair[1] for pair in kept], dtype=np.int64),
        np.array([resolved[pair] for pair in kept], dtype=np.int8),
        len(votes) - len(kept),
        max((len(signs) for signs in votes.values()), default=0),
    )


@dataclass(frozen=True)
class Ballots:
    """The raters' words on the pairs of outputs that at least two of them judged: 1 left, -1 right, 0 tie, nan missing.

    `values` has the shape (raters, pairs), `left` is the output of each pair whose id sorts first: chance agreement depends on
    which side is which, so that must not depend on the order of the records. Raters without such a pair are left out;
    `everyone` is how many raters there are.
    """

    raters: tuple[str, ...]
    left: Ints
    values: Floats
    everyone: int


def ballots(preferences: Sequence[Preference], criterion: str, position: Mapping[str, int]) -> Ballots:
    """The raters' words on a criterion, for their agreement. `position`: output id → index."""
    words: dict[tuple[str, str], dict[str, float]] = {}
    everyone: set[str] = set()
    for preference in preferences:
        a, b = preference.output_a, preference.output_b
        if preference.criterion != criterion or a not in position or b not in position:
            continue
        everyone.add(preference.rater)
        if preference.winner is not None:
            sign = {"a": 1.0, "b": -1.0, "tie": 0.0}[preference.winner]
            words.setdefault((min(a, b), max(a, b)), {})[preference.rater] = sign if a < b else -sign
    # A vote site has thousands of raters with a pair each: a row and a column for every one of them would not fit in memory.
    shared = {pair: said for pair, said in sorted(words.items()) if len(said) > 1}
    raters = tuple(sorted({rater for said in shared.values() for rater in said}))
    row = {rater: index for index, rater in enumerate(raters)}
    values = np.full((len(raters), len(shared)), np.nan)
    for column, said in enumerate(shared.values()):
        for rater, sign in said.items():
            values[row[rater], column] = sign
    return Ballots(raters, np.array([position[pair[0]] for pair in shared], dtype=np.int64), values, len(everyone))


@dataclass(frozen=True)
class Verdicts:
    """A pair metric's direct verdicts, shape (P,): 1 left, -1 right, 0 tie, nan missing; and where orders disagreed."""

    signs: Floats
    inconsistent: np.ndarray


def verdicts(pairs: JudgedPairs, values: Mapping[tuple[int, int], float]) -> Verdicts:
    """Both orders put together: `values` of (first shown, second shown) are positive where the first is better, nan where the
    pair was shown so and nothing was said.

    Orders that disagree are inconsistent (nan in `signs`). A verdict on a pair that was shown in one order only stands as it
    is; where the other order was shown too and has no verdict, the pair has none: saying nothing must not pay.
    """
    signs = np.full(len(pairs.left), np.nan)
    inconsistent = np.zeros(len(pairs.left), dtype=bool)
    for index, (left, right) in enumerate(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)):
        said = [np.sign(values[left, right])] if (left, right) in values else []
        said += [-np.sign(values[right, left])] if (right, left) in values else []
        if not np.isfinite(said).all():
            continue
        if len(said) == 2 and said[0] != said[1]:
            inconsistent[index] = True
        elif said:
            signs[index] = said[0]
    return Verdicts(signs, inconsistent)
