"""Planted pairs of instruction and text: how well values tell the good from the bad, and ways to spoil a pair."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from math import comb
from typing import NamedTuple

import numpy as np

DRAWS, SEED = 2000, 0


class Pair(NamedTuple):
    """A planted pair: its id, the fragment's, the kind of badness (`good`), both texts."""

    id: str
    cluster: str
    kind: str
    instruction: str
    response: str


class Estimate(NamedTuple):
    """A number with its interval; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        return "–" if self.value is None else f"{self.value:.2f} [{self.low:.2f}–{self.high:.2f}]"


def auc(found: Sequence[Pair], values: Sequence[float | None], kinds: Callable[[str], bool] = lambda kind: True) -> Estimate:
    """Good over bad, of the bad kinds that are chosen; pairs without a value are left out."""
    there = [(pair, value) for pair, value in zip(found, values, strict=True) if value is not None]
    good = [(pair, value) for pair, value in there if pair.kind == "good"]
    bad = [(pair, value) for pair, value in there if pair.kind != "good" and kinds(pair.kind)]
    if not good or not bad:
        return Estimate(None, None, None, 0)
    above = np.array([[(a > b) + 0.5 * (a == b) for _, b in bad] for _, a in good])
    clusters = sorted({pair.cluster for pair in found})
    place = {cluster: number for number, cluster in enumerate(clusters)}
    of_good, of_bad = (np.array([place[pair.cluster] for pair, _ in side]) for side in (good, bad))
    counts = np.random.default_rng(SEED).multinomial(len(clusters), np.full(len(clusters), 1 / len(clusters)), size=DRAWS)
    some, others = counts[:, of_good].astype(float), counts[:, of_bad].astype(float)
    weight = some.sum(axis=1) * others.sum(axis=1)
    draws = np.einsum("dg,gb,db->d", some, above, others)[weight > 0] / weight[weight > 0]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(float(above.mean()), float(low), float(high), len(bad))


def own_above(found: Sequence[Pair], values: Sequence[float | None]) -> Estimate:
    """The share of bad pairs whose fragment's good one has the higher value, ties counting half."""
    good = {pair.cluster: value for pair, value in zip(found, values, strict=True) if pair.kind == "good"}
    by_cluster: dict[str, list[float]] = {}
    for pair, value in zip(found, values, strict=True):
        best = good.get(pair.cluster)
        if pair.kind != "good" and value is not None and best is not None:
            by_cluster.setdefault(pair.cluster, []).append((best > value) + 0.5 * (best == value))
    sums, sizes = (np.array([f(some) for _, some in sorted(by_cluster.items())], dtype=float) for f in (sum, len))
    drawn = np.random.default_rng(SEED).integers(len(sums), size=(DRAWS, len(sums)))
    draws = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return Estimate(float(sums.sum() / sizes.sum()), *map(float, np.percentile(draws, [2.5, 97.5])), int(sizes.sum()))


def lowered(found: Sequence[Pair], values: Sequence[float | None], spoilt: Sequence[float | None]) -> Estimate:
    """By how much spoiling lowers a value on average, with an interval over fragments."""
    by_cluster: dict[str, list[float]] = {}
    for pair, before, after in zip(found, values, spoilt, strict=True):
        if before is not None and after is not None:
            by_cluster.setdefault(pair.cluster, []).append(before - after)
    means = np.array([np.mean(some) for _, some in sorted(by_cluster.items())])
    draws = np.random.default_rng(SEED).choice(means, (DRAWS, len(means))).mean(axis=1)
    return Estimate(float(means.mean()), *map(float, np.percentile(draws, [2.5, 97.5])), len(means))


def spoilers() -> Mapping[str, Callable[[Pair, Sequence[Pair]], Pair]]:
    """Ways to spoil a good pair, each of which a program can do to any pair."""

    def instruction(change: Callable[[Pair, Sequence[Pair]], str]) -> Callable[[Pair, Sequence[Pair]], Pair]:
        return lambda pair, all_: pair._replace(instruction=change(pair, all_))

    def shuffled(text: str, pieces: list[str], joiner: str = " ") -> str:
        random.Random(text).shuffle(pieces)
        return joiner.join(pieces)

    return {
        "instruction of another fragment": instruction(
            lambda pair, all_: all_[(list(all_).index(pair) + 7) % len(all_)].instruction
        ),
        "instruction's words shuffled": instruction(lambda pair, _: shuffled(pair.instruction, pair.instruction.split())),
        "second half of the instruction gone": instruction(
            lambda pair, _: " ".join(pair.instruction.split()[: len(pair.instruction.split()) // 2])
        ),
        "instruction said twice": instruction(lambda pair, _: f"{pair.instruction} {pair.instruction}"),
        "response's words shuffled": lambda pair, _: pair._replace(response=shuffled(pair.response, pair.response.split())),
        "response's first sentence ten times": lambda pair, _: pair._replace(
            response=" ".join([re.split(r"(?<=[.!?]) ", pair.response)[0]] * 10)
        ),
    }


def enriched(found: Sequence[Pair], kept: Sequence[bool]) -> str:
    """Bad pairs among what is rejected, against their share in the whole: one-sided binomial test."""
    rejected = [pair for pair, keeps in zip(found, kept, strict=True) if not keeps]
    bad, share = sum(pair.kind != "good" for pair in rejected), sum(pair.kind != "good" for pair in found) / len(found)
    n = len(rejected)
    p = sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(bad, n + 1))
    return f"{bad} of {n} rejected are bad ({bad / n:.0%}; of all {share:.0%}), p = {p:.2g}"
