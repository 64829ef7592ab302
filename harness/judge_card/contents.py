"""What a judge card holds, as data: every number with its n and its interval, or the reason why there is none."""

from typing import Literal

import msgspec

Audit = Literal["verdicts", "repeats", "position", "length", "people", "own", "language", "prompts", "calibration"]
Shows = Literal["more", "less", "nothing"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Finding(_Part, frozen=True, kw_only=True):
    """One number of a card. `value` None: not measurable, and `note` says why.

    `says`: the number in words. `unbiased`: what a judge without this bias would have; `shows`: whether the whole interval lies
    above it ("more"), below it ("less"), or holds it ("nothing"); None where there is no such value or
    interval, or too few clusters.
    `n` counts what `of` says, in `n_clusters` clusters. `criterion`: people's, where people are in it; `rating`: people's.
    """

    audit: Audit
    name: str
    says: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unbiased: float | None = None
    shows: Shows | None = None
    n: int = 0
    of: str = ""
    n_clusters: int = 0
    criterion: str | None = None
    rating: float | None = None
    note: str | None = None


class Matrix(_Part, frozen=True, kw_only=True):
    """How often the outputs that the first rater rated `rows[i]` were rated `columns[j]` by `by`: `counts[i][j]`.

    `of`: "verdict", a judge's as it was said, or a person's "rating".
    """

    criterion: str
    by: str
    of: str
    first: str
    rows: tuple[float, ...]
    columns: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]


class Figure(_Part, frozen=True, kw_only=True):
    """An accuracy with its interval."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Accuracy(_Part, frozen=True, kw_only=True):
    """How often a metric orders two outputs as people do; `judge`: it is one, `sentinel`: it knows nothing of quality.

    `raw`, `calibrated` and `held_out` are of the pairs that it scored (`n_pairs`), a judge's verdicts on pairs have `raw` alone;
    `missing_wrong`: over all pairs, a missing score being wrong; None where nothing is missing.
    """

    metric: str
    signature: str
    component: str | None
    judge: bool
    sentinel: bool
    criterion: str
    raters: str
    grouping: str
    raw: Figure | None = None
    calibrated: Figure | None = None
    held_out: Figure | None = None
    missing_wrong: Figure | None = None
    coverage: float | None = None
    n_items: int = 0
    n_pairs: int = 0
    n_all: int = 0


class Unread(_Part, frozen=True, kw_only=True):
    """A reply that is no verdict: what the judge was asked about, what became of it, and the reply itself."""

    targets: tuple[str, ...]
    status: str
    reply: str | None


class Card(_Part, frozen=True, kw_only=True):
    """One judge on one criterion of its own, under one metric of the run.

    `score`: what the score is, and which audits are of it, where it is not the verdict itself.
    """

    metric: str
    signature: str
    judge: str
    criterion: str | None
    form: str
    reference: bool
    prompts: tuple[str, ...]
    n_verdicts: int
    score: str | None
    findings: tuple[Finding, ...]
    matrices: tuple[Matrix, ...] = ()
    unread: tuple[Unread, ...] = ()


class JudgeCards(_Part, frozen=True, kw_only=True):
    """The cards of a run's judges, and the accuracy of all its metrics. `constructed`: nobody judged."""

    judgments: str
    constructed: bool
    level: float
    resamples: int
    seed: int
    accuracies: tuple[Accuracy, ...]
    cards: tuple[Card, ...]
