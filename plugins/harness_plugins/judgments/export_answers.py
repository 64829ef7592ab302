"""What one annotator said about one task, answer by answer, put where it belongs: ratings of outputs, preferences, notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

from harness.errors import InputError, did_you_mean
from harness.records import Span
from harness_plugins.judgments.export_fields import Pairs, pairs
from harness_plugins.judgments.export_study import Placed, Preferred, Rated, Study

_SIDES = {"left": "a", "right": "b", "tie": "tie"}
Kind = Literal["rating", "winner", "ranking", "span", "note"]


@dataclass(frozen=True)
class Answer:
    """One answer. `about`: data fields that the control points at, as far as the export says.

    `value`: a number or label (rating), left, right, tie or None (winner), ((rank, option), …) (ranking), a label (span), text
    (note).
    """

    control: str
    kind: Kind
    value: Any
    about: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class Wishes:
    """What the user says of the controls.

    `targets`: control → output field; `criteria`: control → criterion (empty: all controls, each its own criterion);
    `labels`: label → number, left, right or tie, or (of a ranking) the output field; `raters`: id → name.
    """

    targets: Mapping[str, str] = field(default_factory=dict)
    criteria: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    raters: Mapping[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> dict[str, float]:
        """The labels that stand for numbers."""
        return {label: meant for label, meant in self.labels.items() if isinstance(meant, float)}


def wishes(targets: Pairs, criteria: Pairs, labels: Pairs, raters: Pairs) -> Wishes:
    """The parameters as a user writes them, checked."""
    meant = {label: _number(value) for label, value in pairs("labels", labels).items()}
    return Wishes(pairs("targets", targets), pairs("criteria", criteria), meant, pairs("raters", raters))


def check_controls(study: Study, said: Wishes, known: Sequence[str]) -> None:
    """Raises InputError for a control that the user names and no task has."""
    for key, names in (("targets", said.targets), ("criteria", said.criteria)):
        for name in names:
            if name not in known:
                raise InputError(f"{study.label}: there is no control {name!r} ({key}).{did_you_mean(name, known)}")
    for control, output in said.targets.items():
        if output not in study.fields.outputs:
            known_outputs = ", ".join(study.fields.outputs)
            raise InputError(f"{study.label}: targets: {control} is about {output!r}, which is no output ({known_outputs})")


def unsaid_labels(study: Study, said: Wishes) -> list[str]:
    """A note on the labels that the user names and no answer has; empty where there is none."""
    unsaid = [label for label in said.labels if label not in study.words]
    return [f"labels=[…] names {', '.join(map(repr, unsaid))}, which no answer says"] if unsaid else []


def take(study: Study, said: Wishes, placed: Placed, rater: str, answers: Sequence[Answer], when: str = "") -> None:
    """Takes in what one person said about one task. What belongs to no output is counted in the study's `left_out`."""
    rater = said.raters.get(rater, rater)
    notes = [answer for answer in answers if answer.kind == "note"]
    asked = [answer for answer in answers if answer.kind != "note" and (not said.criteria or answer.control in said.criteria)]
    for answer in asked:
        study.words.update([option for _, option in answer.value] if answer.kind == "ranking" else [str(answer.value)])
        if answer.kind == "ranking":
            _rank(study, said, placed, rater, answer, when)
        elif answer.kind == "winner" or (isinstance(answer.value, str) and said.labels.get(answer.value) in _SIDES):
            _prefer(study, said, placed, rater, answer, when)
        else:
            _rate(study, said, placed, rater, answer, notes, when)
    if notes and not asked:
        study.left_out["notes without a rating"] += len(notes)


def _rate(study: Study, said: Wishes, placed: Placed, rater: str, answer: Answer, notes: Sequence[Answer], when: str) -> None:
    output = _target(study, said, answer)
    if output is None:
        return
    if output not in placed.systems:
        study.left_out[f"answers about the output {output!r} in tasks without it"] += 1
        return
    fitting = [note.value for note in notes if not set(note.about) & set(study.fields.outputs) or output in note.about]
    criterion = criterion_of(study, said, answer.control, output)
    note = "\n".join(fitting) or None
    study.ratings.append(Rated(placed.item, placed.systems[output], rater, criterion, answer.value, answer.span, note, when))


def _target(study: Study, said: Wishes, answer: Answer) -> str | None:
    """The output field that an answer is about; None if it is about something else, which is counted."""
    outputs = study.fields.outputs
    if answer.control in said.targets:
        return said.targets[answer.control]
    about = [name for name in answer.about if name in outputs]
    if len(about) == 1:
        return about[0]
    if answer.about and not about and answer.control not in said.criteria:
        reason = f"answers to {answer.control!r}, which is about {answer.about[0]!r} and no output"
        study.left_out[f"{reason} (targets=[{answer.control}:{outputs[0]}] takes them)"] += 1
        return None
    if len(outputs) == 1:
        return outputs[0]
    named = [output for output in outputs if bare(answer.control, output) != answer.control]
    if named:
        return max(named, key=len)  # answer-1 is part of answer-10
    raise InputError(
        f"{study.label}: the control {answer.control!r} does not say which of {', '.join(outputs)} it is about; give "
        f"targets=[{answer.control}:{outputs[0]}]"
    )


def bare(control: str, output: str) -> str:
    """The control's name without the output's at its end or start: fluency_answer_a, answer_a-fluency ask about one criterion."""
    if control.endswith(output):
        return control.removesuffix(output).rstrip("_-. ") or control
    if control.startswith(output):
        return control.removeprefix(output).lstrip("_-. ") or control
    return control


def criterion_of(study: Study, said: Wishes, control: str, output: str) -> str:
    """The criterion that a control about an output asks: as the user names it, else the control's name."""
    if control in said.criteria:
        return said.criteria[control]
    return bare(control, output) if len(study.fields.outputs) > 1 else control


def _prefer(study: Study, said: Wishes, placed: Placed, rater: str, answer: Answer, when: str) -> None:
    fields = [name for name in answer.about if name in study.fields.outputs] or list(study.fields.outputs)
    if len(fields) != 2:
        raise InputError(
            f"{study.label}: the comparison {answer.control!r} is between two outputs, found {', '.join(fields)}; "
            "give outputs=[LEFT, RIGHT]"
        )
    if not all(name in placed.systems for name in fields):
        study.left_out[f"comparisons {answer.control!r} in tasks without one of the outputs"] += 1
        return
    side = answer.value if answer.kind == "winner" else said.labels[answer.value]
    left, right = (placed.systems[name] for name in fields)
    criterion = said.criteria.get(answer.control, answer.control)
    study.preferences.append(Preferred(placed.item, left, right, rater, criterion, _SIDES.get(side), when))


def _rank(study: Study, said: Wishes, placed: Placed, rater: str, answer: Answer, when: str) -> None:
    """Every pair of ranked outputs is a preference."""
    ranked = []
    if len(study.fields.outputs) < 2:
        study.left_out[f"rankings ({answer.control}) of tasks that show one output"] += 1
        return
    for rank, option in answer.value:
        output = said.labels.get(option, option)
        if output not in study.fields.outputs:
            raise InputError(
                f"{study.label}: the ranking {answer.control!r} ranks {option!r}, which is no output; give "
                f"labels=[{option}:{study.fields.outputs[0]}] for each option"
            )
        if output in placed.systems:
            ranked.append((rank, study.fields.outputs.index(output), placed.systems[output]))
    criterion = said.criteria.get(answer.control, answer.control)
    for first, second in combinations(sorted(ranked, key=lambda one: one[1]), 2):
        winner = "tie" if first[0] == second[0] else "a" if first[0] < second[0] else "b"
        study.preferences.append(Preferred(placed.item, first[2], second[2], rater, criterion, winner, when))


def _number(value: Any) -> Any:
    """A number as a float; a side or a field's name stays text."""
    if isinstance(value, bool):
        raise ValueError(f"labels map to a number, left, right, tie or an output field, got {value!r}")
    try:
        return float(value)
    except ValueError:
        return value
