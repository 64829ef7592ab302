"""What the store hands to a page: a task as its rater sees it, what saving it did, how far a rater is; no system names."""

from typing import Literal

import msgspec

from harness.annotate.study import Texts

Value = int | str | None
Answers = dict[str, Value]
"""Criterion → a whole number on its scale; for a comparison "first", "second" or "tie"; None: cannot be judged."""


class _View(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Rater(_View, frozen=True, kw_only=True):
    """One rater. `consented_at` is UTC in ISO 8601, or None before consent; `slot` says which share of the items is theirs."""

    id: int
    pseudonym: str
    number: int
    slot: int
    added_at: str
    consented_at: str | None


class Task(_View, frozen=True, kw_only=True):
    """One screen. `texts` are in the order shown: one to rate, or two to compare (left, right). All texts are data: escape them.

    `id` is opaque; `position` counts from 1 to `total`, training included. `instruction`, `source` and `references` are None or
    empty where the study does not show them or the item has none. `language` is the BCP-47 tag of the texts. `criteria` are the
    names to ask for, in order. `answers` are the rater's last ones, None where the task has none yet.
    """

    id: str
    position: int
    total: int
    phase: Literal["training", "main"]
    form: Literal["rate", "compare"]
    language: str
    instruction: str | None
    source: str | None
    references: tuple[str, ...]
    texts: tuple[str, ...]
    criteria: tuple[str, ...]
    answers: Answers | None
    note: str | None


class Feedback(_View, frozen=True, kw_only=True):
    """What a training item says once it is answered: the answers expected for each criterion, the criteria answered else, why."""

    right: bool
    expected: dict[str, tuple[int | str, ...]]
    wrong: tuple[str, ...]
    text: Texts


class Saved(_View, frozen=True, kw_only=True):
    """What `save_answer` did; the answer is on disk when this is returned.

    `duplicate`: this client id was stored before, nothing was written now. `changed`: it replaces an earlier, different answer.
    `next_position`: the first position without an answer, None when all are done. `feedback`: of a training item, else None.
    """

    task_id: str
    position: int
    duplicate: bool
    changed: bool
    next_position: int | None
    feedback: Feedback | None


class Progress(_View, frozen=True, kw_only=True):
    """How far a rater is, in tasks; `next_position` is None when all are done. Attention checks count as any other task."""

    pseudonym: str
    consented: bool
    training_done: int
    training_total: int
    main_done: int
    main_total: int
    next_position: int | None

    @property
    def finished(self) -> bool:
        """Whether every task has an answer."""
        return self.next_position is None
