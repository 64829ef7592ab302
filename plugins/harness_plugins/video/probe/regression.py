"""Ordinary least squares of words' values on imageability, frequency, length and word class, with robust intervals."""

from collections import Counter
from dataclasses import dataclass

import msgspec
import numpy as np

from harness_plugins.video.probe.figures import DEFAULTS, LEAST, Figure, Settings, sample
from harness_plugins.video.probe.table import Bools, Floats, Ints, WordTable

TERMS = ("imageability", "frequency", "length", "word_class")
FEWEST = 5  # words more than there are coefficients
RARE = 3  # words of a class below which it is no term of its own
OTHER, UNKNOWN = "other", "unknown"
_LIKE = 1e-7  # a term of which no more than this share of its spread is its own follows from the others


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A coefficient: the change of the value with one unit of the term, all other terms held.

    A unit is one of the norms' scale, a tenfold frequency, a character, or being of a class and not of the `base` class.
    `standardised`: in standard deviations of value and term. Interval and p: Student's t of the HC3 standard `error`.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    standardised: float | None = None
    error: float | None = None
    p: float | None = None
    note: str | None = None


class Regression(msgspec.Struct, frozen=True, kw_only=True):
    """`terms` in order, without the intercept; `notes`: terms and words that were left out, and why; `base`: the class that the
    others are held against; `inflation`: how many times larger the variance of imageability's coefficient is than if
    imageability did not go with the other terms."""

    terms: tuple[Term, ...]
    words: int
    r_squared: float | None = None
    base: str | None = None
    inflation: float | None = None
    notes: tuple[str, ...] = ()

    def term(self, name: str) -> Term:
        """The term of this name; of one that was left out, one without a value."""
        return next((one for one in self.terms if one.name == name), Term(name=name, value=None, note="not in the regression"))


@dataclass(frozen=True)
class _Design:
    """Words that are used (of those that count), and columns by name."""

    used: Bools
    columns: dict[str, Floats]
    base: str | None
    notes: tuple[str, ...]


def regress(table: WordTable, values: Floats, settings: Settings = DEFAULTS, terms: tuple[str, ...] = TERMS) -> Regression:
    """Words' values on `terms`, each word once whatever its occurrences.

    A term that is constant or follows from others is left out and named; imageability is the last to be held: where it follows
    from the other terms its effect cannot be told from theirs, and there is no coefficient. Words of unknown frequency are left
    out. HC3 (MacKinnon & White 1985): words' values differ in how precise they are.
    """
    unknown = set(terms) - set(TERMS)
    if unknown:
        raise ValueError(f"terms may be {', '.join(TERMS)}, got {', '.join(sorted(unknown))}")
    found = sample(table, [values], settings.least)
    design = _design(table, found.place, terms)
    y = found.values[0][design.used]
    nothing = Regression(terms=(), words=len(y), base=design.base, notes=design.notes)
    count = len(design.columns) + 1
    if len(y) < count + FEWEST:
        return _undefined(nothing, terms, f"n = {len(y)}: {count} coefficients need {count + FEWEST} words")
    if y.min() == y.max():
        return _undefined(nothing, terms, f"constant: all {len(y)} words have the same value")
    kept, dropped = _independent(design.columns)
    fitted = _fit(kept, y, settings)
    missing = [Term(name=name, value=None, note=why) for name, why in dropped.items()]
    order = {name: place for place, name in enumerate(design.columns)}
    every = sorted([*fitted, *missing], key=lambda term: order[term.name])
    notes = (*design.notes, *(f"{name} was left out: {why}" for name, why in dropped.items()))
    return msgspec.structs.replace(
        nothing, terms=tuple(every), r_squared=_r_squared(kept, y), inflation=_inflation(kept), notes=notes
    )


def adjusted(table: WordTable, values: Floats, settings: Settings = DEFAULTS) -> Floats:
    """`values` (N,) as if all words were of mean frequency, length and class, by the coefficients that these have beside
    imageability. nan for words that the regression left out, and for all where there is none."""
    found = sample(table, [values], settings.least)
    design = _design(table, found.place, TERMS)
    y = found.values[0][design.used]
    none = np.full(len(values), np.nan)
    if len(y) < len(design.columns) + 1 + FEWEST:
        return none
    kept, _ = _independent(design.columns)
    matrix = np.column_stack([np.ones(len(y)), *kept.values()])
    coefficients = np.linalg.lstsq(matrix, y, rcond=None)[0]
    shift = np.full(len(table.words), np.nan)
    others = [place for place, name in enumerate(kept, 1) if name != "imageability"]
    centred = matrix[:, others] - matrix[:, others].mean(axis=0)
    shift[found.place[design.used]] = centred @ coefficients[others]
    return np.asarray(values - shift[table.word], np.float64)


def alike(table: WordTable, values: Floats, group: Ints, settings: Settings = DEFAULTS) -> dict[int, Figure]:
    """By group of words (`group` (W,): a number for each): its mean as if all words were of mean frequency, length and class.

    Least squares of words' values on the groups and on frequency, length and class; intervals by HC3 and Student's t, none for
    groups of fewer than `LEAST` words. No value where these follow from the groups, or words are too few.
    """
    from harness.leaderboard.intervals import t_quantile

    found = sample(table, [values], settings.least)
    design = _design(table, found.place, TERMS[1:])
    y, mine = found.values[0][design.used], group[found.place][design.used]
    numbers = np.unique(mine)
    columns = [(column - column.mean()) / column.std() for column in design.columns.values() if np.ptp(column) > 0]
    matrix = np.column_stack([mine[:, None] == numbers, *columns]).astype(np.float64)
    words = {int(number): np.flatnonzero(design.used)[mine == number] for number in numbers}
    why = None
    if len(y) < matrix.shape[1] + FEWEST:
        why = f"n = {len(y)}: {matrix.shape[1]} coefficients need {matrix.shape[1] + FEWEST} words"
    elif np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        why = "frequency, length or class follows from the groups"
    if why is not None:
        return {number: found.figure(None, note=why, words=own) for number, own in words.items()}
    fit, errors, _ = _least_squares(matrix, y)
    reach = t_quantile((1 + settings.level) / 2, len(y) - matrix.shape[1])
    figures = {}
    for value, error, (number, own) in zip(fit[: len(numbers)].tolist(), errors.tolist(), words.items(), strict=False):
        if len(own) < LEAST:
            figures[number] = found.figure(value, note=f"no interval: {len(own)} words, and {LEAST} are needed", words=own)
        else:
            figures[number] = found.figure(value, low=value - reach * error, high=value + reach * error, words=own)
    return figures


def _design(table: WordTable, place: Ints, terms: tuple[str, ...]) -> _Design:
    notes: list[str] = []
    used = np.ones(len(place), np.bool_)
    columns: dict[str, Floats] = {}
    base: str | None = None
    frequency = table.frequency[place]
    if "frequency" in terms:
        known = np.isfinite(frequency)
        if not known.any():
            notes.append("frequency was left out: it is known of no word")
        else:
            used &= known
            if not known.all():
                notes.append(f"{int((~known).sum())} words of unknown frequency were left out")
    labels: list[str | None] = [UNKNOWN if table.classes[one] is None else str(table.classes[one]) for one in place]
    if "word_class" in terms:
        labels, few = _with_other([label if use else None for label, use in zip(labels, used, strict=True)])
        if few:
            used &= np.array([label is not None for label in labels], np.bool_)
            notes.append(f"{few} words of a rare class were left out")
    for name, column in (("imageability", table.imageability), ("frequency", table.frequency), ("length", table.length)):
        if name in terms and np.isfinite(column[place][used]).all():
            columns[name] = column[place][used]
    if "word_class" in terms:
        mine = [str(label) for label, use in zip(labels, used, strict=True) if use]
        counts = Counter(mine)
        names = sorted(counts, key=lambda name: (-counts[name], name))
        base = names[0] if names else None
        if len(names) < 2:
            notes.append(
                "word_class was left out: " + ("all words are of one class" if base != UNKNOWN else "it is known of no word")
            )
        for name in names[1:]:
            columns[f"class {name}"] = np.array([float(label == name) for label in mine])
    return _Design(used, columns, base, tuple(notes))


def _with_other(labels: list[str | None]) -> tuple[list[str | None], int]:
    """Rare classes as one, `other`; None for words of them where they are rare together, too, and how many those are."""
    counts = Counter(label for label in labels if label is not None)
    rare = {label for label, count in counts.items() if count < RARE}
    together = sum(counts[label] for label in rare) + counts.get(OTHER, 0) * (OTHER not in rare)
    if not rare or len(rare) == len(counts) == 1:
        return labels, 0
    if together < RARE:
        return [None if label in rare else label for label in labels], together
    return [OTHER if label in rare else label for label in labels], 0


def _independent(columns: dict[str, Floats]) -> tuple[dict[str, Floats], dict[str, str]]:
    """The columns without those that are constant or follow from the others, and why each of these was left out."""
    dropped: dict[str, str] = {}
    basis = [np.ones(len(next(iter(columns.values()), np.zeros(0))))]
    for name in sorted(columns, key=lambda name: name == "imageability"):
        column = columns[name]
        if column.min() == column.max():
            dropped[name] = f"it is {column[0]:g} for all words"
            continue
        centred = (column - column.mean()) / column.std()
        rest = centred - _onto(basis, centred)
        if np.sqrt((rest * rest).mean()) < _LIKE:
            dropped[name] = "it follows from the other terms"
        else:
            basis.append(column)
    return {name: column for name, column in columns.items() if name not in dropped}, dropped


def _fit(columns: dict[str, Floats], y: Floats, settings: Settings) -> list[Term]:
    """Coefficients in the order of the columns, fitted on standardised ones so that no scale is lost in another."""
    from harness.gate.margins import student
    from harness.leaderboard.intervals import t_quantile

    if not columns:
        return []
    spread = np.array([column.std() for column in columns.values()])
    matrix = np.column_stack([np.ones(len(y)), *((column - column.mean()) / column.std() for column in columns.values())])
    fit, errors, residual = _least_squares(matrix, y)
    freedom = len(y) - matrix.shape[1]
    reach = t_quantile((1 + settings.level) / 2, freedom)
    exact = np.abs(residual).max() < 1e-10 * np.abs(y - y.mean()).max()
    terms = []
    for place, name in enumerate(columns, 1):
        value, error = float(fit[place] / spread[place - 1]), float(errors[place] / spread[place - 1])
        standard = float(fit[place] / y.std())
        if exact:
            terms.append(Term(name=name, value=value, standardised=standard, note="the values follow from the terms exactly"))
            continue
        p = 2 * (1 - student(abs(value / error), freedom))
        low, high = value - reach * error, value + reach * error
        terms.append(Term(name=name, value=value, low=low, high=high, standardised=standard, error=error, p=max(p, 1e-15)))
    return terms


def _least_squares(matrix: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Coefficients, their HC3 errors, and residuals."""
    inverse = np.linalg.inv(matrix.T @ matrix)
    fit = inverse @ (matrix.T @ y)
    residual = y - matrix @ fit
    leverage = np.einsum("ij,jk,ik->i", matrix, inverse, matrix)
    weight = np.where(leverage < 1 - 1e-9, residual / np.maximum(1 - leverage, 1e-9), 0.0)
    errors = np.sqrt(np.diag(inverse @ ((matrix * weight[:, None] ** 2).T @ matrix) @ inverse))
    return fit, errors, residual


def _inflation(columns: dict[str, Floats]) -> float | None:
    if "imageability" not in columns:
        return None
    x = columns["imageability"] - columns["imageability"].mean()
    rest = x - _onto([np.ones(len(x)), *(column for name, column in columns.items() if name != "imageability")], x)
    return float((x @ x) / (rest @ rest))


def _r_squared(columns: dict[str, Floats], y: Floats) -> float:
    centred = y - y.mean()
    rest = centred - _onto([np.ones(len(y)), *columns.values()], centred)
    return float(1 - (rest @ rest) / (centred @ centred))


def _onto(basis: list[Floats], column: Floats) -> Floats:
    """The projection of a column onto what the basis spans."""
    scaled = np.column_stack([one / np.sqrt((one * one).mean()) for one in basis])
    return np.asarray(scaled @ np.linalg.lstsq(scaled, column, rcond=None)[0], np.float64)


def _undefined(nothing: Regression, terms: tuple[str, ...], why: str) -> Regression:
    named = tuple(Term(name=name, value=None, note=why) for name in terms if name != "word_class")
    return msgspec.structs.replace(nothing, terms=named, notes=(*nothing.notes, why))
