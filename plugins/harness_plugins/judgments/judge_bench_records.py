"""Records of what was judged in a file of JUDGE-BENCH's schema, whoever knows what its instances are about."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.errors import InputError
from harness.records import Example, Judgment, Message, Origin, Output, Preference, Scale, TextPart
from harness_plugins.judgments.judge_bench_file import Answers, Given, Instance, JudgeFile
from harness_plugins.judgments.preference_words import known_words, winner_of
from harness_plugins.judgments.table import output_id

ONE_SYSTEM = "system"
PAIR_SYSTEMS = ("output-a", "output-b")
Raters = Callable[[Instance, int], Sequence[str]]


@dataclass(frozen=True)
class Judged:
    """One instance and what it is about: one output (a rating), or two of them (a preference)."""

    instance: Instance
    item: str
    outputs: tuple[str, ...]
    system: str | None = None
    instruction: str | None = None
    source: str | None = None
    references: tuple[str, ...] = ()
    cluster: str | None = None
    task: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pair(self) -> bool:
        """Whether two outputs were compared."""
        return len(self.outputs) == 2

    def replaced(self, **fields: Any) -> "Judged":
        """The same with other fields."""
        return replace(self, **fields)


@dataclass(frozen=True)
class Grade:
    """How the answers on a criterion become values: its scale, and a number for each label (none: labels stay labels)."""

    scale: Scale | None
    numbers: Mapping[str, float]


def grades(file: JudgeFile, labels: Sequence[Any] | Mapping[str, Sequence[Any]] | None) -> dict[str, Grade]:
    """Each criterion's grade. `labels`: the labels of categorical criteria, worst to best, for all or by criterion."""
    by_criterion = labels if isinstance(labels, Mapping) else None
    for name in by_criterion or ():
        if name not in file.criteria:
            raise InputError(f"{file.path}: there is no criterion {name!r} (labels). There are: {', '.join(file.criteria)}")
    found = {}
    for name, criterion in file.criteria.items():
        order = [str(label) for label in (by_criterion.get(name, ()) if by_criterion is not None else labels or ())]
        fits = criterion.scale is None and len(order) > 1 and set(criterion.labels) <= set(order)
        if by_criterion is not None and name in by_criterion and not fits:
            raise InputError(f"{file.path}: labels of {name!r} must name its labels ({', '.join(criterion.labels)}), got {order}")
        numbers = {label: float(place) for place, label in enumerate(order)} if fits else {}
        found[name] = Grade(Scale(low=0, high=len(order) - 1) if fits else criterion.scale, numbers)
    return found


def numbered_raters(instance: Instance, count: int) -> Sequence[str]:
    """`rater-1`, `rater-2`, …: the columns of the file."""
    return [f"rater-{place + 1}" for place in range(count)]


def records(
    file: JudgeFile,
    judged: Sequence[Judged],
    graded: Mapping[str, Grade],
    *,
    prefix: str,
    origin: Origin,
    language: str,
    task: str | None = None,
    raters: Raters = numbered_raters,
) -> Iterator[Example | Output | Judgment | Preference]:
    """Each item in the order in which the instances first name it, its outputs with their ratings, and its preferences.

    `raters`: the names of so many raters of an instance, in the order of their scores.
    """
    items: dict[str, list[Judged]] = {}
    for one in judged:
        items.setdefault(one.item, []).append(one)
    for item, members in items.items():
        example = _example(f"{prefix}/{item}", members[0], origin, language, task)
        yield example
        samples: dict[str, int] = {}
        for one in members:
            ids = []
            for system, text in zip(_systems(one), one.outputs, strict=True):
                sample = samples[system] = samples.get(system, -1) + 1
                output = Output(
                    id=output_id(example.id, system, sample), example_id=example.id, system=system, sample=sample, text=text
                )
                yield output
                ids.append(output.id)
            for criterion, answers in one.instance.answers.items():
                named = _named(one.instance, answers, raters)
                if one.pair:
                    yield from _preferences(file, one.instance, ids, criterion, named)
                else:
                    yield from _judgments(ids[0], criterion, graded[criterion], named)


def _example(id: str, one: Judged, origin: Origin, language: str, task: str | None) -> Example:
    asked = one.instruction
    return Example(
        id=id,
        kind="instruction",
        language=language,
        task=one.task or task,
        messages=() if asked is None else (Message(role="user", parts=(TextPart(text=asked),)),),
        references=one.references,
        source=one.source,
        cluster_id=one.cluster,
        origin=origin,
        meta=dict(one.meta),
    )


def _systems(one: Judged) -> tuple[str, ...]:
    return PAIR_SYSTEMS if one.pair else (one.system or ONE_SYSTEM,)


def _named(instance: Instance, answers: Answers, raters: Raters) -> list[tuple[str, Given]]:
    """(rater, score) of everyone; where the file holds an aggregate only, that of `mean` or of `majority`."""
    if answers.scores:
        return list(zip(raters(instance, len(answers.scores)), answers.scores, strict=True))
    if answers.mean is not None:
        return [("mean", answers.mean)]
    return [] if answers.majority is None else [("majority", answers.majority)]


def _judgments(output: str, criterion: str, grade: Grade, named: Sequence[tuple[str, Given]]) -> Iterator[Judgment]:
    for rater, score in named:
        value = grade.numbers.get(score, score) if isinstance(score, str) else score
        scale = grade.scale if not isinstance(value, str) else None
        yield Judgment(output_id=output, rater=rater, criterion=criterion, value=value, scale=scale)


def _preferences(
    file: JudgeFile, instance: Instance, ids: Sequence[str], criterion: str, named: Sequence[tuple[str, Given]]
) -> Iterator[Preference]:
    for rater, score in named:
        winner = winner_of(score)
        if winner is None and score is not None:
            raise InputError(f"{file.place(instance)}: {score!r} on {criterion!r} names no winner; known are {known_words()}")
        yield Preference(output_a=ids[0], output_b=ids[1], rater=rater, criterion=criterion, winner=winner)
