"""Does the gate fail in vain, and does it find what has fallen? Regressions of known size in simulated judged sets.

python benchmarks/gate_agreement.py [--studies 1000] [--resamples 2000] [--only WORD …] [--write]

A population of items has answers, ratings (or one preference an item) and a metric; a regression spoils the metric so far that
its accuracy over the population falls by nothing, by the margin, and by more. A study draws items with replacement, and asks the
gate's own code whether agreement fell. A fail at a fall of at most the margin is false, and so is a pass at a larger one. Then
skewed differences: most items fall a little, and a few, which may not be among those drawn, rise a lot. Then families: how often
any of several comparisons fails falsely. `--write` writes docs/reference/gate-agreement.md.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from validity_worlds import World, draw

from harness.gate.comparisons import difference
from harness.gate.margins import Difference, decide, resamples_for
from harness.gate.people import People
from harness.leaderboard.intervals import wilson
from harness.meta.judging import make_cell
from harness.meta.pairs import Floats, Ints, accuracy, make_pairs
from harness.meta.resampling import Resampler

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "gate-agreement.md"
POPULATION = 4000
MARGIN, LEVEL = 0.02, 0.95
ALPHA = (1 - LEVEL) / 2
FALLS = (0.0, 1.0, 2.0, 5.0)  # in margins
ITEMS = (20, 50, 200, 500)
FAMILIES = ((4, 50), (4, 200))  # comparisons, items
STRENGTH = 0.6
SKEWED: dict[str, dict[float, float]] = {  # difference of an item → how often; each has a mean of -.02 or -.1
    "-.05 on 97 %, +.95 on 3 %": {-0.05: 0.97, 0.95: 0.03},
    "-1/3 on 35 %, +1 on 9.67 %": {-1 / 3: 0.35, 1.0: 0.35 / 3 - 0.02},
    "-1/3 on 10 %, +1 on 1.33 %": {-1 / 3: 0.10, 1.0: 0.10 / 3 - 0.02},
    "-.1 on 80 %, +2/3 on 9 %": {-0.1: 0.80, 2 / 3: 0.09},
    "-1/3 on 40 %, +1/3 on 10 %": {-1 / 3: 0.40, 1 / 3: 0.10},
    "-1 on 12 %, +1 on 2 %": {-1.0: 0.12, 1.0: 0.02},
}
SKEWED_ITEMS = (5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class Kind:
    """Where a metric regresses: the systems that are compared on an item, the step of the rating scale, and how it is spoiled."""

    name: str
    what: str
    systems: int
    step: float
    spoil: Callable[[Floats, Floats, float, np.random.Generator], Floats]


def noisier(scores: Floats, quality: Floats, size: float, rng: np.random.Generator) -> Floats:
    """Noise on every score."""
    return scores + size * 4 * rng.standard_normal(scores.shape)


def some_items(scores: Floats, quality: Floats, size: float, rng: np.random.Generator) -> Floats:
    """Some items lose all sense, the others nothing."""
    return np.where(rng.random((len(scores), 1)) < size, rng.standard_normal(scores.shape), scores)


def lost(scores: Floats, quality: Floats, size: float, rng: np.random.Generator) -> Floats:
    """Some outputs have no score any more."""
    return np.where(rng.random(scores.shape) < size, np.nan, scores)


def another(scores: Floats, quality: Floats, size: float, rng: np.random.Generator) -> Floats:
    """Another metric in its place, whose errors have nothing to do with the old one's; at size 0 it is as good."""
    strength = STRENGTH * (1 - size)
    return strength * quality + np.sqrt(1 - strength**2) * rng.standard_normal(scores.shape)


KINDS = (
    Kind("noisier", "noise on every score", 5, 1.0, noisier),
    Kind("some items", "no sense on some items, the others as before", 5, 1.0, some_items),
    Kind("lost scores", "some outputs have no score any more", 5, 1.0, lost),
    Kind("another metric", "a metric whose errors are others", 5, 1.0, another),
    Kind("another, many ties", "the same; people tie over a third of the pairs", 5, 1.6, another),
    Kind("preferences", "no sense on some items; one pair an item", 2, 0.01, some_items),
)


@dataclass(frozen=True)
class Population:
    """Ratings and scores of all items, shape (items, systems); `fall` is what the accuracy over them has fallen by."""

    ratings: Floats
    before: Floats
    now: Floats
    fall: float


@cache
def population(kind: Kind, fall: float) -> Population:
    """The kind's population, spoiled so far that accuracy falls by at most `fall` margins and nearly as much."""
    study = draw(World(POPULATION, kind.systems, 0.3), kind.step, (7, len(kind.name)))
    noise = np.random.default_rng(11).standard_normal(study.quality.shape)
    before = STRENGTH * study.quality + np.sqrt(1 - STRENGTH**2) * noise

    def spoiled(size: float) -> tuple[Floats, float]:
        now = kind.spoil(before, study.quality, size, np.random.default_rng(13))
        people = asked(study.ratings, resampler(kind.systems, POPULATION, 1))
        one, two = (accuracy(people.cell.pairs, people.right_by(side.ravel())) or 0.0 for side in (before, now))
        return now, one - two

    low, high = -0.5 if kind.spoil is another else 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if spoiled(middle)[1] <= fall * MARGIN else (low, middle)
    now, fell = spoiled(low)
    return Population(study.ratings, before, now, fell)


@cache
def resampler(systems: int, items: int, resamples: int) -> Resampler:
    """The gate's resamples of so many items: their seed is fixed, so that they are the same in every study."""
    return Resampler(np.repeat(np.arange(items), systems), items, resamples, LEVEL, 0)


@cache
def grouped(items: int, systems: int) -> Ints:
    """The item of each output, (items · systems,)."""
    return np.repeat(np.arange(items), systems)


def asked(ratings: Floats, drawn: Resampler) -> People:
    """People who rated these outputs, shape (items, systems)."""
    pairs = make_pairs(grouped(*ratings.shape), 10**7)
    position = _positions(ratings.size)
    drawn._weighed.clear()  # one study's sums are of no use to the next
    return People("quality", make_cell(pairs, ratings.ravel(), np.zeros(ratings.size, dtype=np.int64), 1, drawn, 0.0), position)


@cache
def _positions(count: int) -> dict[str, int]:
    return {str(place): place for place in range(count)}


def study(whole: Population, items: int, resamples: int, rng: np.random.Generator) -> Difference:
    """One judged set of so many items, and the difference that the gate finds on it."""
    drawn = rng.integers(0, len(whole.ratings), items)
    ratings = whole.ratings[drawn]
    people = asked(ratings, resampler(ratings.shape[1], items, resamples))
    sides = [people.right_by(side[drawn].ravel()) for side in (whole.before, whole.now)]
    return difference(people, sides[1].view(np.int8) - sides[0].view(np.int8))


def outcomes(whole: Population, items: int, studies: int, resamples: int, seed: int = 3) -> dict[str, int]:
    """How many studies fail, are inconclusive, pass."""
    rng = np.random.default_rng([seed, items])
    found = {"fail": 0, "inconclusive": 0, "pass": 0}
    for _ in range(studies):
        (verdict,) = decide([study(whole, items, resamples, rng)], MARGIN, ALPHA)
        found[verdict.outcome] += 1
    return found


def skewed(shares: Mapping[float, float], items: int, studies: int, resamples: int) -> dict[str, int]:
    """How many studies fail, are inconclusive, pass, where items differ by these values so often, and else by nothing."""
    rng = np.random.default_rng([9, items])
    values, often = np.array([*shares, 0.0]), np.array([*shares.values(), 1 - sum(shares.values())])
    weights = resampler(1, items, resamples).weights / items
    found = {"fail": 0, "inconclusive": 0, "pass": 0}
    for _ in range(studies):
        drawn = rng.choice(values, items, p=often.clip(0) / often.clip(0).sum())
        (verdict,) = decide([Difference(float(drawn.mean()), weights @ drawn, items)], MARGIN, ALPHA)
        found[verdict.outcome] += 1
    return found


def false_family(kind: Kind, size: int, items: int, studies: int, resamples: int) -> tuple[int, int]:
    """In how many studies any of `size` metrics fails, each of which has fallen by just the margin: with Holm, and without."""
    rng = np.random.default_rng([5, size, items])
    whole = population(kind, 1.0)
    draws = resamples_for(size, ALPHA, resamples)
    corrected = alone = 0
    for _ in range(studies):
        verdicts = decide([study(whole, items, draws, rng) for _ in range(size)], MARGIN, ALPHA)
        corrected += any(verdict.outcome == "fail" for verdict in verdicts)
        alone += any(verdict.p <= ALPHA for verdict in verdicts)
    return corrected, alone


def share(count: int, of: int) -> str:
    """A share in per cent with Wilson's 95 % interval."""
    low, high = wilson(count, of, 0.95)
    return f"{100 * count / of:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def lines(kinds: Sequence[Kind], studies: int, resamples: int) -> Iterator[str]:
    """The table of single comparisons."""
    yield "| regression | items | accuracy fell by | fail, % | inconclusive, % | pass, % |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for kind in kinds:
        for fall in FALLS if kind.spoil is another else FALLS[1:]:  # of the others nothing is left that could fall
            whole = population(kind, fall)
            for items in ITEMS:
                found = outcomes(whole, items, studies, resamples)
                cells = " | ".join(share(found[one], studies) for one in ("fail", "inconclusive", "pass"))
                yield f"| {kind.name} | {items} | {whole.fall:.4f} | {cells} |"


def skewed_lines(studies: int, resamples: int) -> Iterator[str]:
    """The table of skewed differences."""
    yield "| items' differences | items | in the mean | fail, % | inconclusive, % | pass, % |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, shares in SKEWED.items():
        mean = sum(value * often for value, often in shares.items())
        for items in SKEWED_ITEMS:
            found = skewed(shares, items, studies, resamples)
            cells = " | ".join(share(found[one], studies) for one in ("fail", "inconclusive", "pass"))
            yield f"| {name} | {items} | {mean:+.4f} | {cells} |"


def families(studies: int, resamples: int) -> Iterator[str]:
    """The table of families."""
    yield "| comparisons, each fallen by the margin | items | any fails, % | without Holm, % |"
    yield "| --- | --- | --- | --- |"
    kind = KINDS[0]
    for size, items in FAMILIES:
        counts = false_family(kind, size, items, studies, resamples)
        yield f"| {size} | {items} | " + " | ".join(share(count, studies) for count in counts) + " |"


HEAD = """# What the gate's check of agreement gets wrong

Made by `python benchmarks/gate_agreement.py --write`; [how the check decides](../explanation/gate.md#agreement-with-people) is
told elsewhere. {studies:,} simulated judged sets a line, {resamples:,} resamples, margin {margin:g}, level {level:g}: a false
fail is to have a chance of {alpha:g} at most, and so is a false pass. Shares in per cent with Wilson's 95 % interval.

A population of {population:,} items has ratings and a metric, which is spoiled until its calibrated accuracy over the population
has fallen by nothing, one, two and five margins. A study draws items from it with replacement and asks the gate's own code.
**Where accuracy fell by {margin:g} or less, each fail is false. Where it fell by {margin:g} or more, each pass is.**

"""

KINDS_HEAD = """| regression | what it does |
| --- | --- |
"""

SKEWED_HEAD = """
## Few items, of which most fall a little and some rise a lot

The differences of items are drawn from these values, and 0 else. Where the mean is -0.02, no such rise may be among the items,
which then all seem to fall by more than the margin: each fail is false. Where it is -0.1, each fail is right.

"""

FAMILIES_HEAD = """
## Several metrics at once

Each of the metrics has fallen by just the margin, each on items of its own; how often any of them fails. The last column takes
each at its own level, uncorrected.

"""


def page(single: Sequence[str], lopsided: Sequence[str], several: Sequence[str], studies: int, resamples: int) -> str:
    """The page of the tables."""
    figures = {"studies": studies, "resamples": resamples, "margin": MARGIN, "level": LEVEL, "alpha": ALPHA}
    kinds = "".join(f"| {kind.name} | {kind.what} |\n" for kind in KINDS)
    head = HEAD.format(population=POPULATION, **figures)
    tables = "\n".join(single) + "\n" + SKEWED_HEAD + "\n".join(lopsided) + "\n" + FAMILIES_HEAD + "\n".join(several) + "\n"
    return head + KINDS_HEAD + kinds + "\n" + tables


def shown(rows: Iterator[str]) -> list[str]:
    """The lines, printed as they come."""
    kept = []
    for row in rows:
        print(row, flush=True)
        kept.append(row)
    return kept


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--only", nargs="+", metavar="WORD", help="only regressions whose name holds one of these words")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    chosen = parser.parse_args()
    kinds = [kind for kind in KINDS if not chosen.only or any(word in kind.name for word in chosen.only)]
    single = shown(lines(kinds, chosen.studies, chosen.resamples))
    lopsided = shown(skewed_lines(chosen.studies, chosen.resamples)) if not chosen.only or "skewed" in chosen.only else []
    several = shown(families(chosen.studies, chosen.resamples)) if len(kinds) == len(KINDS) else []
    if chosen.write and several:
        PAGE.write_text(page(single, lopsided, several, chosen.studies, chosen.resamples), encoding="utf-8")


if __name__ == "__main__":
    main()
