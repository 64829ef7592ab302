"""Covering designs: few runs in which every two settings meet, so that what goes wrong when two come together is seen."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

Run = dict[str, str]
Together = tuple[tuple[str, str], ...]  # factor and level of some factors that meet


def covering(factors: Mapping[str, Sequence[str]], runs: int, seed: int = 0, draws: int = 60) -> list[Run]:
    """So many runs, a level of every factor each; any two levels of different factors meet in one of them if the runs suffice.

    Greedy: of some drawn runs the one in which most pairs meet that have not met, then most triples. The same for the same seed.
    """
    draw = random.Random(seed)
    missing = {size: set(_all(factors, size)) for size in (2, 3)}
    chosen: list[Run] = []
    for _ in range(runs):
        drawn = [_drawn(factors, missing[2], draw) for _ in range(draws)]
        best = max(drawn, key=lambda run: tuple(sum(one in missing[size] for one in met(run, size)) for size in (2, 3)))
        for size, left in missing.items():
            left.difference_update(met(best, size))
        chosen.append(best)
    return chosen


def covered(factors: Mapping[str, Sequence[str]], runs: Sequence[Run], size: int) -> tuple[int, int]:
    """How many of all combinations of so many factors' levels meet in some run, and how many there are."""
    every = set(_all(factors, size))
    return len(every & {one for run in runs for one in met(run, size)}), len(every)


def met(run: Run, size: int) -> Iterator[Together]:
    """The combinations that meet in the run."""
    return combinations(sorted(run.items()), size)


def _all(factors: Mapping[str, Sequence[str]], size: int) -> Iterator[Together]:
    for names in combinations(sorted(factors), size):
        for levels in product(*(factors[name] for name in names)):
            yield tuple(zip(names, levels, strict=True))


def _drawn(factors: Mapping[str, Sequence[str]], missing: set[Together], draw: random.Random) -> Run:
    """A run at random, around a pair that has not met yet."""
    run = {name: draw.choice(levels) for name, levels in factors.items()}
    if missing:
        run |= dict(draw.choice(sorted(missing)))
    return run
