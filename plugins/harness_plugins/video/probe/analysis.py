"""What the answers say: gain against imageability by size and arm, what removing the video costs, what explains it.

**Gain** of a word: its log-probability by the model trained with video, shown what it was trained with, less that by the model of
the same size and seed trained on text alone. **Reliance**: what removing the video at test time costs, the log-probability that
the model gives with its video less that without (`none`), beside a blank one, beside another clip's. Of several seeds, values of
an occurrence are averaged first, so that an interval over words is one for these models; each seed stands beside it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean

import msgspec
import numpy as np

from harness.errors import InputError
from harness_plugins.video.controls import KINDS
from harness_plugins.video.probe import statistics as stats
from harness_plugins.video.probe.arms import check_arms
from harness_plugins.video.probe.config import ONE_SIZE, Statistics
from harness_plugins.video.probe.figures import check_left
from harness_plugins.video.probe.held import Held, SeedRow
from harness_plugins.video.probe.matching import Matched, matched
from harness_plugins.video.probe.regression import Regression, regress
from harness_plugins.video.probe.results import Answers, Asked
from harness_plugins.video.probe.statistics import Bin, ClassRow, Figure, Settings, WordRow
from harness_plugins.video.probe.subject import Subject
from harness_plugins.video.probe.table import Floats
from harness_plugins.video.probe.verdict import Verdict, verdict
from harness_plugins.video.probe.words import Occurrence


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm gains over text alone, at a size. `verdict`: which analysis to trust."""

    size: str
    arm: str
    mean: Figure
    spearman: Figure
    seeds: tuple[SeedRow, ...]
    bins: tuple[Bin, ...]
    regression: Regression
    matched: Matched
    classes: tuple[ClassRow, ...]
    words: tuple[WordRow, ...]
    verdict: Verdict


class Reliance(msgspec.Struct, frozen=True, kw_only=True):
    """What removing the video costs a model trained with it, at a size. `removed`: what stands in its place."""

    size: str
    removed: str
    mean: Figure
    spearman: Figure
    seeds: tuple[SeedRow, ...]


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """How well an arm says the words under a condition: means over words of log-probability (nats), of the share that is right,
    of the logarithm of the rank (base 10)."""

    size: str
    arm: str
    shown: str
    seeds: int
    logprob: Figure
    correct: Figure
    rank: Figure


class BetweenSizes(msgspec.Struct, frozen=True, kw_only=True):
    """The largest size less the smallest, in `what`: a gain or a reliance."""

    what: str
    larger: str
    smaller: str
    mean: Figure
    spearman: Figure


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. `sizes`: from the smallest; `tokens`: of each word by the models' tokenizer, the mean over its spellings here;
    `unread`: occurrences that lie behind where texts are cut, for one of the models at least; `unknown`: by word, occurrences
    that their tokenizer does not know, which are not asked.
    """

    sizes: tuple[str, ...]
    gains: tuple[Gain, ...]
    reliances: tuple[Reliance, ...]
    levels: tuple[Level, ...]
    between: tuple[BetweenSizes, ...]
    words: int
    occurrences: int
    examples: int
    tokens: Mapping[str, float]
    unread: int
    unknown: Mapping[str, int]
    notes: tuple[str, ...]


def analyse(
    answers: Mapping[Asked, Answers], subject: Subject, how: Statistics, parameters: Mapping[str, int | None] | None = None
) -> Analysis:
    """The analysis of what models said. InputError where a size has no model trained on text alone, or none with video.

    `parameters`: by size in the config's order, which tells sizes that are equally large, and all where one is None (unknown);
    without it, sizes are in the order of the answers.
    """
    table = subject.table
    settings = Settings(how.resamples, how.permutations, how.level, how.seed, how.by, how.least)
    sizes = _from_smallest(dict.fromkeys(asked.size for asked in answers), parameters or {})
    order = {asked: (sizes.index(asked.size), *map(KINDS.index, (asked.trained, asked.shown)), asked.seed) for asked in answers}
    held = Held({asked: answers[asked] for asked in sorted(answers, key=order.__getitem__)}, table, settings)
    check_arms(answers)
    tokens = np.min([one.tokens for one in answers.values()], axis=0)  # of unlike models, some may cut a text earlier
    if (tokens < 0).all():
        raise InputError(f"the models' tokenizer knows none of the {len(table.words)} probed words; check language and norms")
    gains = tuple(_gains(held, sizes, how))
    return Analysis(
        sizes=sizes,
        gains=gains,
        reliances=tuple(_reliances(held, sizes)),
        levels=tuple(_levels(held)),
        between=tuple(_between(held, sizes)),
        words=len(table.words),
        occurrences=len(subject.occurrences),
        examples=len(subject.examples),
        tokens=_mean_by_word(subject.occurrences, tokens),
        unread=int((tokens == 0).sum()),
        unknown=dict(Counter(one.word for one, count in zip(subject.occurrences, tokens, strict=True) if count < 0)),
        notes=(*subject.notes, *held.notes),
    )


def _mean_by_word(occurrences: Sequence[Occurrence], tokens: Floats) -> dict[str, float]:
    """Tokens of each word, over the occurrences that were asked."""
    found: dict[str, list[float]] = {}
    for one, count in zip(occurrences, tokens.tolist(), strict=True):
        if count > 0:
            found.setdefault(one.word, []).append(count)
    return {word: fmean(counts) for word, counts in found.items()}


def _from_smallest(sizes: Iterable[str], parameters: Mapping[str, int | None]) -> tuple[str, ...]:
    """Sizes by how many parameters they have; as the config has them where they are equal, or one is not known."""
    there = dict.fromkeys(sizes)
    ordered = [*(size for size in parameters if size in there), *(size for size in there if size not in parameters)]
    known = {size: count for size in ordered if (count := parameters.get(size)) is not None}
    return tuple(sorted(ordered, key=known.__getitem__) if len(known) == len(ordered) else ordered)


def _gains(held: Held, sizes: Sequence[str], how: Statistics) -> Iterator[Gain]:
    table, settings = held.table, held.settings
    for size in sizes:
        for arm in held.arms(size):
            by_seed = held.gain(size, arm)
            values = _mean(by_seed)
            check_left(table, values, settings, arm if size == ONE_SIZE else f"size {size}, {arm}")
            correlation = stats.spearman(table, values, settings)
            regression = regress(table, values, settings)
            pairs = matched(table, values, settings, caliper=how.caliper)
            yield Gain(
                size=size,
                arm=arm,
                mean=stats.mean(table, values, settings, test=True),
                spearman=correlation,
                seeds=held.seed_rows(by_seed),
                bins=stats.bins(table, values, settings, count=how.bins),
                regression=regression,
                matched=pairs,
                classes=stats.by_class(table, values, settings),
                words=stats.by_word(table, values, settings),
                verdict=verdict(correlation, regression, pairs),
            )


def _reliances(held: Held, sizes: Sequence[str]) -> Iterator[Reliance]:
    for size in sizes:
        if "real" not in held.arms(size):
            continue
        for removed in held.conditions(size, "real"):
            if removed == "real":
                continue
            by_seed = held.reliance(size, "real", removed)
            if not by_seed:
                continue
            values = _mean(by_seed)
            yield Reliance(
                size=size,
                removed=removed,
                mean=stats.mean(held.table, values, held.settings, test=True),
                spearman=stats.spearman(held.table, values, held.settings),
                seeds=held.seed_rows(by_seed),
            )


def _levels(held: Held) -> Iterator[Level]:
    groups: dict[tuple[str, str, str], list[Answers]] = {}
    for asked, given in held.answers.items():
        groups.setdefault((asked.size, asked.trained, asked.shown), []).append(given)
    for (size, arm, shown), some in groups.items():
        logprob, correct = (np.mean([getattr(one, name) for one in some], axis=0) for name in ("logprob", "correct"))
        rank = np.mean([np.log10(one.rank) for one in some], axis=0)
        figures = [stats.mean(held.table, values, held.settings) for values in (logprob, correct, rank)]
        yield Level(size=size, arm=arm, shown=shown, seeds=len(some), logprob=figures[0], correct=figures[1], rank=figures[2])


def _between(held: Held, sizes: Sequence[str]) -> Iterator[BetweenSizes]:
    if len(sizes) < 2 or any("real" not in held.arms(size) for size in (sizes[0], sizes[-1])):
        return
    small, large = sizes[0], sizes[-1]
    pairs = {"gain": (held.gain(large, "real"), held.gain(small, "real"))}
    for removed in held.conditions(small, "real"):
        if removed != "real" and removed in held.conditions(large, "real"):
            pairs[f"reliance ({removed})"] = (held.reliance(large, "real", removed), held.reliance(small, "real", removed))
    for what, (one, other) in pairs.items():
        if one and other:
            values, others = _mean(one), _mean(other)
            yield BetweenSizes(
                what=what,
                larger=large,
                smaller=small,
                mean=stats.mean_difference(held.table, values, others, held.settings),
                spearman=stats.spearman_difference(held.table, values, others, held.settings),
            )


def _mean(by_seed: Mapping[int, Floats]) -> Floats:
    return np.asarray(np.mean(list(by_seed.values()), axis=0), np.float64)
