"""What an annotation tool's export says, collected task by task: items, outputs, ratings, preferences; then made records."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from harness.errors import HarnessError, InputError
from harness.records import Example, Judgment, Message, Origin, Output, Preference, Scale, Span, TextPart
from harness_plugins.judgments.export_fields import FieldMap

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_CHAT_ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class Rated:
    """One answer about one output. `when` orders what one rater said twice: the last word counts."""

    item: str
    system: str
    rater: str
    criterion: str
    value: float | str | None
    span: Span | None = None
    note: str | None = None
    when: str = ""


@dataclass(frozen=True)
class Preferred:
    """One choice between two outputs of an item, `a` shown first."""

    item: str
    a: str
    b: str
    rater: str
    criterion: str
    winner: str | None
    when: str = ""


class Placed(NamedTuple):
    """Where a task's outputs went: its item, and the system of each output field that has a text."""

    item: str
    systems: dict[str, str]


@dataclass
class Study:
    """The contents of one export. `left_out` counts what could not be read, by reason; `words`: labels and options in answers."""

    label: str
    dataset: str
    tool: str
    fields: FieldMap
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    ratings: list[Rated] = field(default_factory=list)
    preferences: list[Preferred] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    words: set[str] = field(default_factory=set)

    def place(self, values: Mapping[str, Any], where: str, task_id: str) -> Placed:
        """Takes the task's item and outputs in; raises InputError where two tasks contradict each other."""
        at = f"{self.label}, {where}"
        item = task_id if self.fields.item is None else _name(values.get(self.fields.item), at, self.fields.item)
        known = self.items.setdefault(item, {})
        for role, value in self._said(values):
            if known.setdefault(role, value) != value:
                raise InputError(
                    f"{at}: item {item!r} has another {role} than in a task before; correct it, or name another field: item=FIELD"
                )
        systems: dict[str, str] = {}
        for output, system_field in zip(self.fields.outputs, self.fields.systems, strict=True):
            text = values.get(output)
            if text is None:
                self.left_out[f"tasks without the output {output!r}"] += 1
                continue
            if not isinstance(text, str):
                raise InputError(f"{at}: the output {output!r} is {type(text).__name__}, not a text; name another field")
            named = system_field  # the output field itself names the system where no other field does
            if system_field != output and system_field in values:
                named = _name(values[system_field], at, system_field)
            if named in systems.values():
                raise InputError(f"{at}: system {named!r} stands beside two outputs; give systems=[…], one for each output")
            first, place = self.outputs.setdefault((item, named), (text, where))
            if first != text:
                raise InputError(
                    f"{at}: system {named!r} has another output on item {item!r} than in {place}; "
                    "name the field that tells them apart: system=FIELD or item=FIELD"
                )
            systems[output] = named
        return Placed(item, systems)

    def _said(self, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """What the task says of its item, role by role."""
        yield from self.fields.constants.items()
        for role, name in self.fields.roles.items():
            value: Any = values.get(name)
            if role == "instruction" and _is_chat(value):
                yield "messages", tuple(_message(turn) for turn in value)
            elif value is not None and str(value).strip():
                yield role, str(value)
        references = [text for name in self.fields.references for text in _texts(values.get(name)) if text.strip()]
        if references:
            yield "reference", tuple(references)


@contextmanager
def shaped(label: str, where: str) -> Iterator[None]:
    """Names the task or record in which something has another shape than the tool exports, whatever it is that surprises."""
    try:
        yield
    except HarnessError:
        raise
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        # A file of another make may have anything anywhere; a check of every field would say the same in many more words.
        raise InputError(
            f"{label}, {where}: it does not have the shape of an export ({type(error).__name__}: {error}); correct it, or "
            "export again"
        ) from error


def finish(study: Study, labels: Mapping[str, float]) -> None:
    """Makes labels numbers where all of a criterion's are numbers (or `labels` says which), and keeps each rater's last word."""
    for rated in [rated for rated in study.ratings if isinstance(rated.value, str)]:
        if labels and rated.value not in labels and rated.criterion in _mapped(study, labels):
            raise InputError(
                f"{study.label}: {rated.rater!r} said {rated.value!r} on {rated.criterion!r}, which labels=[…] does not name; "
                "add it"
            )
    study.ratings = [
        replace(rated, value=labels[rated.value]) if isinstance(rated.value, str) and rated.value in labels else rated
        for rated in study.ratings
    ]
    for criterion in {rated.criterion for rated in study.ratings}:
        said = [rated.value for rated in study.ratings if rated.criterion == criterion and rated.value is not None]
        if said and all(isinstance(value, str) and _NUMBER.fullmatch(value) for value in said):
            study.ratings = [
                replace(rated, value=float(rated.value)) if rated.criterion == criterion and rated.value is not None else rated
                for rated in study.ratings
            ]
    study.ratings = _last(study, study.ratings, lambda r: (r.item, r.system, r.rater, r.criterion, r.span, r.span and r.value))
    study.preferences = _last(study, study.preferences, lambda p: (p.item, frozenset((p.a, p.b)), p.rater, p.criterion))


def _mapped(study: Study, labels: Mapping[str, float]) -> set[str]:
    """The criteria whose labels are mapped to numbers."""
    return {rated.criterion for rated in study.ratings if isinstance(rated.value, str) and rated.value in labels}


def _last(study: Study, said: list[Any], key: Any) -> list[Any]:
    kept: dict[Any, Any] = {}
    for one in sorted(said, key=lambda one: one.when):
        kept[key(one)] = one
    if len(said) > len(kept):
        study.left_out["answers that the same rater gave again later (the last one counts)"] += len(said) - len(kept)
    alive = set(map(id, kept.values()))
    return [one for one in said if id(one) in alive]


def records(study: Study, scales: Mapping[str, Scale | None]) -> Iterator[Example | Output | Judgment | Preference]:
    """Each item's example, its outputs, their ratings and its preferences, in the export's order."""
    ratings: dict[str, list[Rated]] = {}
    for rated in study.ratings:
        ratings.setdefault(rated.item, []).append(rated)
    preferences: dict[str, list[Preferred]] = {}
    for preferred in study.preferences:
        preferences.setdefault(preferred.item, []).append(preferred)
    outputs: dict[str, list[tuple[str, str]]] = {}
    for (item, system), (text, _) in study.outputs.items():
        outputs.setdefault(item, []).append((system, text))
    for item, said in study.items.items():
        example_id = f"{study.dataset}/{item}"
        yield _example(example_id, said, Origin(builder=study.tool, dataset=study.dataset))
        ids = {system: f"{example_id}/{_escaped(system)}" for system, _ in outputs.get(item, ())}
        for system, text in outputs.get(item, ()):
            yield Output(id=ids[system], example_id=example_id, system=system, text=text)
        for rated in ratings.get(item, ()):
            yield Judgment(
                output_id=ids[rated.system],
                rater=rated.rater,
                criterion=rated.criterion,
                value=rated.value,
                scale=None if isinstance(rated.value, str) else scales.get(rated.criterion),
                span=rated.span,
                note=rated.note,
            )
        for chosen in preferences.get(item, ()):
            yield Preference(
                output_a=ids[chosen.a],
                output_b=ids[chosen.b],
                rater=chosen.rater,
                criterion=chosen.criterion,
                winner=chosen.winner,  # type: ignore[arg-type]  # the readers give a, b, tie or None
                shown_first="a",
            )


def _example(example_id: str, said: Mapping[str, Any], origin: Origin) -> Example:
    instruction = said.get("instruction")
    messages = said.get("messages", ())
    if instruction is not None:
        messages = (Message(role="user", parts=(TextPart(text=instruction),)),)
    return Example(
        id=example_id,
        kind="chat" if len(messages) > 1 else "instruction",
        language=said.get("language", "und"),
        task=said.get("task"),
        form=said.get("form"),
        messages=messages,
        references=said.get("reference", ()),
        source=said.get("source"),
        cluster_id=said.get("cluster"),
        parallel_id=said.get("parallel_id"),
        origin=origin,
    )


def _name(value: Any, at: str, field: str) -> str:
    text = "" if value is None else str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    if not text:
        raise InputError(f"{at}: the field {field!r} is empty; each task says it")
    return text


def _escaped(system: str) -> str:
    return re.sub("[%/#]", lambda sign: f"%{ord(sign[0]):02X}", system)


def _texts(value: Any) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list | tuple) else [value]) if each is not None]


def _is_chat(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(turn, dict) and "content" in turn for turn in value)


def _message(turn: Mapping[str, Any]) -> Message:
    role: Any = turn.get("role") if turn.get("role") in _CHAT_ROLES else "user"
    return Message(role=role, parts=(TextPart(text=str(turn["content"])),))
