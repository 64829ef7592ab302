"""The JSON between page and server: what a rater's page is told of the study (never a system's name), and what it may send."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from harness.annotate.answers import LONGEST_NOTE
from harness.annotate.rendering import interface
from harness.annotate.store import Store
from harness.annotate.study import Criterion, PairCriterion, Study, Texts, allowed_answers, in_language
from harness.annotate.views import Rater, Task

_OWNERS = ("owner_", "col_", "state_", "ago_", "flag_")

Id = Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern="^[0-9A-Za-z-]+$")]
# a NUL character is refused: PostgreSQL cannot store it
Note = Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$")]
Time = Annotated[str, msgspec.Meta(max_length=40, pattern="^[0-9TZ:.+-]+$")]


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """An answer as a page sends it; `answers` are checked against the task by the store."""

    client_id: Id
    task: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    answers: Annotated[dict[Annotated[str, msgspec.Meta(max_length=200)], int | str | None], msgspec.Meta(max_length=50)]
    note: Note | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    client_time: Time | None = None


class Consent(msgspec.Struct, forbid_unknown_fields=True):
    """A rater's yes; `language` is that of the text they read."""

    language: Annotated[str, msgspec.Meta(max_length=20)]


class NewRater(msgspec.Struct, forbid_unknown_fields=True):
    """A rater to add; without a pseudonym the next free one is taken."""

    pseudonym: Annotated[str, msgspec.Meta(max_length=64)] | None = None


def rater_state(store: Store, rater: Rater) -> dict[str, Any]:
    """Everything a rater's page needs before the first task."""
    study = store.study
    return {
        "texts": {language: _strings(language) for language in study.languages},
        "rater": rater.pseudonym,
        "key": _key(study, rater),
        "study": {
            "title": {language: in_language(study.title, language, study) for language in study.languages},
            "comments": study.comments,
            "criteria": {form: _criteria(study, form) for form in ("rate", "compare")},
            "keys": _keys(study),
        },
        "progress": progress_of(store, rater),
    }


def progress_of(store: Store, rater: Rater) -> dict[str, Any]:
    """How far the rater is, as the page counts."""
    return msgspec.to_builtins(store.progress(rater))


def task_window(store: Store, rater: Rater, first: int, count: int) -> list[dict[str, Any]]:
    """`count` tasks from position `first` (from 1), as the page shows them."""
    return [_shown(task) for task in store.tasks_of(rater)[first - 1 : first - 1 + count]]


def _key(study: Study, rater: Rater) -> str:
    """Under what a browser keeps this rater's unsent answers: the same for every link of theirs, and no one else's."""
    return hashlib.sha256(f"{study.name}\n{rater.id}\n{rater.added_at}".encode()).hexdigest()[:16]


def _shown(task: Task) -> dict[str, Any]:
    names = (
        "id",
        "position",
        "phase",
        "form",
        "language",
        "instruction",
        "source",
        "references",
        "texts",
        "criteria",
        "answers",
        "note",
    )
    return {name: msgspec.to_builtins(getattr(task, name)) for name in names}


def _strings(language: str) -> dict[str, str]:
    return {key: text for key, text in _interface(language).items() if not key.startswith(_OWNERS)}


def _interface(language: str) -> dict[str, str]:
    return interface(language if language in ("sv", "en") else "en")


def _criteria(study: Study, form: str) -> dict[str, dict[str, Any]]:
    listed: tuple[Criterion | PairCriterion, ...] = study.criteria
    if form == "compare":
        listed = study.compare.criteria if study.compare is not None else ()
    allowed = allowed_answers(study, form)
    return {criterion.name: _criterion(study, criterion, allowed[criterion.name]) for criterion in listed}


def _criterion(study: Study, criterion: Criterion | PairCriterion, allowed: tuple[int | str, ...]) -> dict[str, Any]:
    title = {language: in_language(criterion.label, language, study) or criterion.name for language in study.languages}
    question = {language: in_language(criterion.question, language, study) or title[language] for language in study.languages}
    if isinstance(criterion, PairCriterion):
        order = [value for value in ("first", "tie", "second") if value in allowed]
        choices = [_choice(value, str(at), _sides(study, str(value))) for at, value in enumerate(order, start=1)]
    else:
        choices = [
            _choice(value, key, _anchors(study, criterion, at)) for at, (value, key) in enumerate(_keyed(criterion.values))
        ]
    if study.cannot_judge:
        words = {language: _interface(language)["cannot"] for language in study.languages}
        choices.append(_choice(None, "x", words))
    return {"name": criterion.name, "title": title, "question": question, "choices": choices}


def _keys(study: Study) -> dict[str, bool]:
    """Which keys the help is to name."""
    typed = {key for criterion in study.criteria for _, key in _keyed(criterion.values)}
    return {
        "zero": "0" in typed,
        "two_digits": any(len(key) > 1 for key in typed),
        "cannot": study.cannot_judge,
        "letters": study.compare is not None,
        "ties": study.compare is not None and study.compare.ties,
    }


def _choice(value: int | str | None, key: str, label: Mapping[str, str]) -> dict[str, Any]:
    return {"value": value, "key": key, "label": dict(label)}


def _keyed(values: tuple[int, ...]) -> list[tuple[int, str]]:
    """Each rating with what is typed for it: the rating itself on scales within 0 to 10, else its place, counted from 1."""
    if all(0 <= value <= 10 for value in values):
        return [(value, str(value)) for value in values]
    return [(value, str(place)) for place, value in enumerate(values, start=1)]


def _anchors(study: Study, criterion: Criterion, place: int) -> Texts:
    words = {language: anchors for language, anchors in criterion.anchors.items() if place < len(anchors)}
    texts = {language: anchors[place] for language, anchors in words.items()}
    return {language: in_language(texts, language, study) for language in study.languages}


def _sides(study: Study, value: str) -> Texts:
    key = {"first": "better_a", "tie": "better_tie", "second": "better_b"}[value]
    return {language: _interface(language)[key] for language in study.languages}
