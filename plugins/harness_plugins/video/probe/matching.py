"""Pairs of words alike in frequency and length, one easy to picture and one not: what is left of the gain between them."""

import msgspec
import numpy as np

from harness_plugins.video.probe.assignment import assign
from harness_plugins.video.probe.figures import DEFAULTS, LEAST, Figure, Sample, Settings, sample
from harness_plugins.video.probe.permutation import in_rows, sign_p
from harness_plugins.video.probe.table import Floats, Ints, WordTable

MOST = 3000  # words of one side: more would take minutes
_PARTED = 1e-9


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """The mean of a covariate, high less low, in standard deviations of all words: before matching and after."""

    covariate: str
    before: float | None
    after: float | None


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two matched words and their values."""

    high: str
    low: str
    high_value: float
    low_value: float


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of the difference between words that are easy to picture and words that are not.

    `difference`: high less low at equal frequency and length, that is with what the pairs still differ in taken out by regression
    within pairs; p by flipping the signs of pairs. `unadjusted`: as the pairs stand; `unmatched`: of all words of both halves;
    `high`, `low`: means of the matched words; `contrast`: how far their imageability is apart, in the norms' unit; `pairs` out
    of `out_of` that there could be at most.
    """

    difference: Figure
    unadjusted: Figure
    unmatched: Figure
    high: Figure
    low: Figure
    contrast: float | None = None
    pairs: tuple[Pair, ...] = ()
    out_of: int = 0
    balance: tuple[Balance, ...] = ()
    notes: tuple[str, ...] = ()


def matched(
    table: WordTable, values: Floats, settings: Settings = DEFAULTS, *, caliper: float = 0.2, length_caliper: float = 0.5
) -> Matched:
    """Words of the upper half of imageability, each with one of the lower half.

    As many pairs as can be and of these the closest in all, none further apart than `caliper` standard deviations of words in
    log frequency (.2: Austin 2011) or `length_caliper` in length, where one character is always near enough. Words of equal
    imageability are in one half. Intervals draw pairs again, whatever `settings.by`.
    """
    calipers = {"frequency": caliper, "length": length_caliper}
    for name, most in calipers.items():
        if isinstance(most, bool) or not isinstance(most, int | float) or not 0 < most < float("inf"):
            raise ValueError(f"the caliper of {name} must be a positive number of standard deviations, got {most!r}")
    found = sample(table, [values], settings.least)
    known = np.flatnonzero(np.isfinite(table.frequency[found.place]))
    unknown = len(found.place) - len(known)
    notes = (f"{unknown} words of unknown frequency were left out",) if unknown and len(known) else ()
    if not len(known):
        return _none("no word has a frequency" if unknown else "no word has a value", 0, notes)
    cut = _halves(found.x[known])
    if cut is None:
        return _none(f"constant: all {len(known)} words have the imageability {found.x[known[0]]:g}", 0, notes)
    high, low = known[found.x[known] > cut], known[found.x[known] <= cut]
    if max(len(high), len(low)) > MOST:
        high, low = (_spread(side, settings.seed) for side in (high, low))
        notes = (*notes, f"at most {MOST} words of each half were drawn: more would take minutes to match")
    columns = {"frequency": table.frequency[found.place], "length": table.length[found.place]}
    units = {name: float(column[known].std()) for name, column in columns.items()}
    calipers["length"] = max(length_caliper, 1 / units["length"]) if units["length"] > _PARTED else length_caliper
    scaled = {name: column / units[name] for name, column in columns.items() if units[name] > _PARTED}
    ours, theirs = _pairs([(column, calipers[name]) for name, column in scaled.items()], high, low)
    balance = tuple(_balance(name, columns[name], units[name], high, low, ours, theirs) for name in columns)
    unmatched, out_of = _unpaired(found, high, low, settings), min(len(high), len(low))
    if len(ours) < LEAST:
        why = f"{len(ours)} of {out_of} words could be matched, and {LEAST} pairs are needed; a wider caliper gives more"
        return msgspec.structs.replace(_none(why, out_of, notes), balance=balance, unmatched=unmatched)
    y = found.values[0]
    left = np.stack([np.zeros(len(ours)), *(column[ours] - column[theirs] for column in scaled.values())], axis=1)
    both = np.concatenate([ours, theirs])
    if _varied(left).shape[1] and not _adjustable(left):
        notes = (*notes, f"{len(ours)} pairs are too few to take out what they still differ in")
    return Matched(
        difference=_paired(found, y[ours] - y[theirs], left, both, settings),
        unadjusted=_paired(found, y[ours] - y[theirs], left[:, :0], both, settings),
        unmatched=unmatched,
        high=_paired(found, y[ours], left[:, :0], ours, settings, test=False),
        low=_paired(found, y[theirs], left[:, :0], theirs, settings, test=False),
        contrast=float((found.x[ours] - found.x[theirs]).mean()),
        pairs=tuple(_pair(table, found, one, other) for one, other in zip(ours, theirs, strict=True)),
        out_of=out_of,
        balance=balance,
        notes=notes,
    )


def _halves(values: Floats) -> float | None:
    """The value up to which a word is of the lower half, so that halves are as equal as ties allow; None where all are equal."""
    each, counts = np.unique(values, return_counts=True)
    if len(each) < 2:
        return None
    below = np.cumsum(counts)[:-1]
    return float(each[int(np.argmin(np.abs(2 * below - len(values))))])


def _pairs(scaled: list[tuple[Floats, float]], high: Ints, low: Ints) -> tuple[Ints, Ints]:
    """Matched words of the two halves. `scaled`: covariates in their standard deviations, each with its caliper."""
    distance, near = np.zeros((len(high), len(low))), np.ones((len(high), len(low)), np.bool_)
    for column, caliper in scaled:
        gap = np.abs(column[high][:, None] - column[low])
        distance += gap * gap
        near &= gap <= caliper + _PARTED
    ours, theirs = assign(np.where(near, np.sqrt(distance), np.inf))
    return high[ours], low[theirs]


def _spread(side: Ints, seed: int) -> Ints:
    return np.sort(np.random.default_rng([seed, 14]).permutation(side)[:MOST])


def _paired(found: Sample, y: Floats, left: Floats, words: Ints, settings: Settings, *, test: bool = True) -> Figure:
    """The mean of pairs' values y (P,) where what they differ in, `left` (P, D), is 0: least squares, pairs drawn again.

    p: signs of what is left of y beside `left` alone are flipped, and the intercept is found anew from it.
    """
    from harness.leaderboard.intervals import expanded_tail

    varied = _varied(left) if _adjustable(left) else left[:, :0]
    matrix = np.column_stack([np.ones(len(y)), varied])
    fit = np.linalg.lstsq(matrix, y, rcond=None)[0]
    p = sign_p(np.linalg.pinv(matrix)[0] * _beside(varied, y), settings.permutations, settings.seed) if test else None
    rng = np.random.default_rng([settings.seed, 15])
    drawn = []
    for rows in in_rows(settings.resamples, len(y)):
        weights = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), rows).astype(np.float64)
        crossed = np.einsum("bp,pi,pj->bij", weights, matrix, matrix, optimize=True)
        crossed += np.diag([0.0, *[1e-9 * len(y)] * varied.shape[1]])  # a draw of pairs that are all alike has no slope
        sums = np.einsum("bp,pi,p->bi", weights, matrix, y, optimize=True)
        drawn.append(np.linalg.solve(crossed, sums[:, :, None])[:, 0, 0])
    values = np.concatenate(drawn)
    tail = expanded_tail(settings.level, len(y))
    ends = np.quantile(values, [tail, 1 - tail])
    return found.figure(float(fit[0]), low=float(ends[0]), high=float(ends[1]), p=p, words=words)


def _varied(left: Floats) -> Floats:
    """The columns of what pairs differ in that are not the same for all pairs."""
    return left[:, np.ptp(left, axis=0) > _PARTED]


def _adjustable(left: Floats) -> bool:
    """Whether there are pairs enough for a slope of each."""
    return len(left) >= _varied(left).shape[1] + 1 + LEAST


def _beside(left: Floats, y: Floats) -> Floats:
    """What is left of y (P,) beside `left` (P, D), without an intercept."""
    return np.asarray(y - left @ np.linalg.lstsq(left, y, rcond=None)[0], np.float64) if left.shape[1] else y


def _unpaired(found: Sample, high: Ints, low: Ints, settings: Settings) -> Figure:
    """The mean of high less that of low words, each side drawn again."""
    from harness.leaderboard.intervals import expanded_tail

    y, words, fewer = found.values[0], np.concatenate([high, low]), min(len(high), len(low))
    value = float(y[high].mean() - y[low].mean())
    if fewer < LEAST:
        return found.figure(value, note=f"no interval: {fewer} words on a side, and {LEAST} are needed", words=words)
    rng = np.random.default_rng([settings.seed, 16])
    means = [
        np.concatenate(
            [
                y[side][rng.integers(0, len(side), (rows, len(side)))].mean(axis=1)
                for rows in in_rows(settings.resamples, len(side))
            ]
        )
        for side in (high, low)
    ]
    tail = expanded_tail(settings.level, fewer)
    ends = np.quantile(means[0] - means[1], [tail, 1 - tail])
    return found.figure(value, low=float(ends[0]), high=float(ends[1]), words=words)


def _pair(table: WordTable, found: Sample, one: int, other: int) -> Pair:
    y, names = found.values[0], [table.words[found.place[number]] for number in (one, other)]
    return Pair(high=names[0], low=names[1], high_value=float(y[one]), low_value=float(y[other]))


def _balance(name: str, column: Floats, unit: float, high: Ints, low: Ints, ours: Ints, theirs: Ints) -> Balance:
    if unit <= _PARTED:
        return Balance(covariate=name, before=0.0, after=0.0 if len(ours) else None)
    before = float(column[high].mean() - column[low].mean()) / unit
    after = float((column[ours] - column[theirs]).mean()) / unit if len(ours) else None
    return Balance(covariate=name, before=before, after=after)


def _none(why: str, out_of: int, notes: tuple[str, ...]) -> Matched:
    nothing = Figure(value=None, note=why)
    return Matched(
        difference=nothing, unadjusted=nothing, unmatched=nothing, high=nothing, low=nothing, out_of=out_of, notes=(*notes, why)
    )
