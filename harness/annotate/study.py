"""A rating study as its owner writes it down: criteria with anchors, what raters see, training, checks, overlap, items."""

import re
from typing import Any, Literal

import msgspec

Texts = dict[str, str]
"""Interface language → text."""
Shown = Literal["instruction", "source", "reference"]
CHOICES = ("first", "second", "tie")
_PSEUDONYM = re.compile(r"\w[\w.-]{0,63}\Z")
# a Swedish identity number, [YY]YYMMDD-NNNN: a month, a day (or a day and 60), four digits
_IDENTITY_NUMBER = re.compile(r"(?<!\d)(\d\d)?\d\d(0[1-9]|1[0-2])([06][1-9]|[1278]\d|[39][01])[-_.]?\d{4}(?!\d)", re.ASCII)


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Criterion(_Part, frozen=True, kw_only=True):
    """Something to rate on whole numbers from `low` to `high`; `anchors` hold a word for each of them, from low to high.

    `direction` is "down" where a lower rating is the better one.
    """

    name: str
    label: Texts
    question: Texts = {}
    anchors: dict[str, tuple[str, ...]] = {}
    low: int = 1
    high: int = 3
    direction: Literal["up", "down"] = "up"

    @property
    def values(self) -> tuple[int, ...]:
        """The ratings that can be given, from low to high."""
        return tuple(range(self.low, self.high + 1))


class PairCriterion(_Part, frozen=True, kw_only=True):
    """Something on which one of two texts is to be preferred."""

    name: str
    label: Texts
    question: Texts = {}


class Comparisons(_Part, frozen=True, kw_only=True):
    """Pairwise preference: on which criteria, whether a tie may be said, how many pairs of systems an item (None: all)."""

    criteria: tuple[PairCriterion, ...]
    ties: bool = True
    per_item: int | None = None


class KnownItem(_Part, frozen=True, kw_only=True):
    """An item whose answer is known, for training or as an attention check: `text` to rate, or `pair` to compare.

    `expected`: criterion → the answer, or all answers that count as right ("first", "second", "tie" for a pair).
    """

    text: str | None = None
    pair: tuple[str, str] | None = None
    instruction: str | None = None
    source: str | None = None
    reference: str | None = None
    language: str | None = None
    expected: dict[str, int | str | tuple[int | str, ...]]
    feedback: Texts = {}


class Checks(_Part, frozen=True, kw_only=True):
    """Attention checks: `count` of the `items` for each rater (None: all), spread evenly over the session."""

    items: tuple[KnownItem, ...] = ()
    count: int | None = None


class Overlap(_Part, frozen=True, kw_only=True):
    """Which items several people rate: a `share` of them or a number of `items`, each by `raters` raters (None: by all)."""

    share: float | None = None
    items: int | None = None
    raters: int | None = None


class ItemsFrom(_Part, frozen=True, kw_only=True):
    """Where examples and outputs come from: one of a run folder, a judgment source, and JSONL files of Examples and Outputs."""

    run: str | None = None
    source: str | dict[str, Any] | None = None
    jsonl: str | tuple[str, ...] | None = None
    systems: tuple[str, ...] = ()
    sample: int | None = None


class Study(_Part, frozen=True, kw_only=True):
    """A study. `languages` are those of the interface, the first one is the default; texts are Markdown where they are long.

    `order`: an item's outputs one after the other (`by-item`), or one output of every item, then the next (`by-round`).
    """

    name: str
    title: Texts
    languages: tuple[str, ...] = ("sv", "en")
    criteria: tuple[Criterion, ...] = ()
    compare: Comparisons | None = None
    show: tuple[Shown, ...] = ("instruction", "source")
    guidelines: Texts
    consent: Texts
    training: tuple[KnownItem, ...] = ()
    checks: Checks = Checks()
    overlap: Overlap = Overlap(share=1.0)
    raters: tuple[str, ...] = ()
    items: ItemsFrom
    order: Literal["by-item", "by-round"] = "by-item"
    cannot_judge: bool = False
    comments: bool = False
    seed: int = 0


def in_language(texts: Texts, language: str, study: Study) -> str:
    """The text in this interface language, else in the study's first; empty where there is none."""
    for tag in (language, *study.languages):
        if tag in texts:
            return texts[tag]
    return ""


def allowed_answers(study: Study, form: str) -> dict[str, tuple[int | str, ...]]:
    """Criterion → the answers that can be given, for a task of this form ("rate" or "compare")."""
    if form == "rate":
        return {criterion.name: criterion.values for criterion in study.criteria}
    if study.compare is None:
        return {}
    return {criterion.name: CHOICES if study.compare.ties else CHOICES[:2] for criterion in study.compare.criteria}


def expected_answers(value: int | str | tuple[int | str, ...]) -> tuple[int | str, ...]:
    """All answers that count as right."""
    return value if isinstance(value, tuple) else (value,)


def is_pseudonym(name: str) -> bool:
    """Whether a rater may be called this."""
    return _PSEUDONYM.match(name) is not None and not _IDENTITY_NUMBER.search(name)


def not_a_pseudonym(name: str) -> str:
    """What to say of a name that cannot be used."""
    refused = "no e-mail address, no full name, no identity number"
    return f"{name!r} is no pseudonym: use at most 64 letters, digits, hyphens and dots ({refused})"
