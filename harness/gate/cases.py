"""Frozen cases of the statistics: small judged sets with recorded scores, read from JSON Lines.

The first line is the case (`CaseHead`), every other an item with its outputs (`CaseItem`). The records that come of it pass
through the same reading and checks as those of any judgment source.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from harness.errors import HarnessError, InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.meta.columns import MetricSummary
from harness.meta.options import MetaOptions
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale, Score, Span, Status
from harness.stages.evaluate import in_table_order
from harness.verdicts import Verdict
from harness.whole_files import read_file

Value = float | str | None  # a number, else a status
Also = Literal["advice", "plans", "cards", "report", "board", "scoring"]
SUFFIX = ".jsonl"
_STEP = 2.0**-10  # of the scores of a repeated item


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class CaseMetric(_Part, frozen=True, kw_only=True):
    """A metric whose scores the case holds; its signature is `NAME|v:1`, with `extra` in between."""

    name: str
    components: tuple[str, ...] = ()
    higher_is_better: bool = True
    needs: tuple[str, ...] = ()
    unit: str = "output"
    extra: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """What its scores carry."""
        return "|".join((self.name, *self.extra, "v:1"))


class CaseRun(_Part, frozen=True, kw_only=True):
    """One meta-evaluation of the case. `options`: what differs from the case's; `info`: fields of the source that differ.

    `large`: the groupings by the way of cells that are too large for their pairs to be made. `also`: what else is computed of
    the rows. `rows`: whether these are held themselves, and `statistics`: which of them (none: all). `without`: fields that may
    differ between versions of numpy, and so are not held.
    """

    options: dict[str, Any] = {}
    info: dict[str, Any] = {}
    large: bool = False
    also: tuple[Also, ...] = ()
    rows: bool = True
    statistics: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


class CaseHead(_Part, frozen=True, kw_only=True):
    """What the case is there for, its metrics and its runs. `repeat`: how often each item is there, each time under another name
    and in another cluster, its scores moved by a little more."""

    about: str
    metrics: tuple[CaseMetric, ...]
    runs: dict[str, CaseRun]
    info: dict[str, Any] = {}
    scales: dict[str, tuple[float, float, Literal["up", "down"]]] = {}
    options: dict[str, Any] = {}
    repeat: int = 1


class CaseOutput(_Part, frozen=True, kw_only=True):
    """An output with its ratings (criterion → rater → rating) and scores (metric → value, or one a component).

    `spans`: [rater, criterion, value, start, end].
    """

    system: str
    text: str | None
    sample: int = 0
    ratings: dict[str, dict[str, Value]] = {}
    scores: dict[str, Value | list[Value]] = {}
    spans: tuple[tuple[str, str, float, int, int], ...] = ()


class CaseItem(_Part, frozen=True, kw_only=True):
    """An item; `preferences`: [first system, second, rater, criterion, winner], `pairs`: metric → [first, second, value].

    `verdicts`: fields of Verdict, `targets` by system.
    """

    item: str
    language: str = "sv"
    form: Literal["short", "long"] | None = None
    task: str | None = None
    cluster: str | None = None
    parallel: str | None = None
    source: str | None = None
    references: tuple[str, ...] = ()
    outputs: tuple[CaseOutput, ...]
    preferences: tuple[tuple[str, str, str, str, Literal["a", "b", "tie"] | None], ...] = ()
    pairs: dict[str, tuple[tuple[str, str, Value], ...]] = {}
    verdicts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Case:
    """A case in memory: its name, the digest of its file, and its lines."""

    name: str
    digest: str
    head: CaseHead
    items: tuple[CaseItem, ...]

    @property
    def metrics(self) -> tuple[MetricSummary, ...]:
        """The metrics, as meta-evaluation knows them."""
        return tuple(
            MetricSummary(one.signature, one.name, one.components, one.higher_is_better, one.needs, one.unit)
            for one in self.head.metrics
        )

    def options(self, run: CaseRun) -> MetaOptions:
        """The options of one of its runs."""
        return msgspec.convert({**self.head.options, **run.options}, MetaOptions)

    def judgments(self, run: CaseRun) -> JudgmentSet:
        """The judged set of one of its runs, read and checked as that of any source."""
        info = msgspec.convert({"name": self.name, "version": "1", **self.head.info, **run.info}, JudgmentInfo)
        return in_table_order(read_judgments(_Source(info, self)))

    def scores(self) -> list[Score]:
        """The recorded scores."""
        return [score for item in self.items for score in _scores(self.head, item)]

    def verdicts(self) -> tuple[Verdict, ...]:
        """The recorded verdicts of judges."""
        plain = ({**one, "targets": [_id(item, name) for name in one["targets"]]} for item in self.items for one in item.verdicts)
        return tuple(msgspec.convert(one, Verdict) for one in plain)


def read_cases(folder: Path) -> list[Case]:
    """The cases of a folder by name (or the one in a file); InputError naming file and line."""
    paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else [folder]
    if not paths:
        raise InputError(f"{folder} holds no cases: files that end in {SUFFIX}")
    return [read_case(path) for path in paths]


def read_case(path: Path) -> Case:
    """The case in the file."""
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    if len(lines) < 2:
        raise InputError(f"{path}: a case is a line that says what it is, and a line an item")
    head = _decoded(lines[0], CaseHead, path)
    items = tuple(_decoded(line, CaseItem, path) for line in lines[1:])
    items = tuple(_again(item, number) for number in range(head.repeat) for item in items)
    case = Case(path.name.removesuffix(SUFFIX), hashlib.sha256(data).hexdigest(), head, items)
    for name, run in head.runs.items():
        try:
            case.options(run)
            case.judgments(run)
            case.scores()
            case.verdicts()
        except (HarnessError, msgspec.ValidationError, KeyError, ValueError) as error:
            raise InputError(f"{path}: run {name!r}: {type(error).__name__}: {error}") from error
    return case


def _again(item: CaseItem, number: int) -> CaseItem:
    """The item as it is there for the so-manieth time."""
    if number == 0:
        return item
    outputs = tuple(
        msgspec.structs.replace(one, scores={name: _moved(value, number) for name, value in one.scores.items()})
        for one in item.outputs
    )
    names = {"item": f"{item.item}+{number}", "cluster": None if item.cluster is None else f"{item.cluster}+{number}"}
    return msgspec.structs.replace(item, **names, outputs=outputs)


def _moved(value: Value | list[Value], number: int) -> Value | list[Value]:
    if isinstance(value, list):
        return [one if one is None or isinstance(one, str) else one + number * _STEP for one in value]
    return value if value is None or isinstance(value, str) else value + number * _STEP


def _decoded(line: tuple[int, bytes], kind: Any, path: Path) -> Any:
    number, text = line
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise InputError(f"{path}, line {number}: {error}") from error


class _Source:
    """The case as a source of judgments."""

    def __init__(self, info: JudgmentInfo, case: Case) -> None:
        self.info = info
        self._case = case

    def read(self) -> Iterator[Example | Output | Judgment | Preference]:
        scales = {
            name: Scale(low=low, high=high, direction=direction)
            for name, (low, high, direction) in self._case.head.scales.items()
        }
        for item in self._case.items:
            yield Example(
                id=item.item,
                kind="instruction",
                language=item.language,
                task=item.task,
                form=item.form,
                references=item.references,
                source=item.source,
                cluster_id=item.cluster,
                parallel_id=item.parallel,
            )
            yield from _outputs(item, scales)


def _outputs(item: CaseItem, scales: Mapping[str, Scale]) -> Iterator[Output | Judgment | Preference]:
    for one in item.outputs:
        id = _id(item, _name(one))
        yield Output(id=id, example_id=item.item, system=one.system, sample=one.sample, text=one.text)
        for criterion, said in one.ratings.items():
            for rater, value in said.items():
                yield Judgment(output_id=id, rater=rater, criterion=criterion, value=value, scale=scales.get(criterion))
        for rater, criterion, value, start, end in one.spans:
            span = Span(start=start, end=end)
            yield Judgment(output_id=id, rater=rater, criterion=criterion, value=value, span=span, scale=scales.get(criterion))
    for first, second, rater, criterion, winner in item.preferences:
        a, b = _id(item, first), _id(item, second)
        yield Preference(output_a=a, output_b=b, rater=rater, criterion=criterion, winner=winner)


def _scores(head: CaseHead, item: CaseItem) -> Iterator[Score]:
    for metric in head.metrics:
        names = metric.components or (None,)
        for one in item.outputs:
            if metric.name not in one.scores:
                continue
            said = one.scores[metric.name]
            values = said if isinstance(said, list) else [said]
            for component, value in zip(names, values, strict=True):
                yield _score((_id(item, _name(one)),), metric.signature, component, value)
        for first, second, value in item.pairs.get(metric.name, ()):
            yield _score((_id(item, first), _id(item, second)), metric.signature, None, value)


def _score(targets: tuple[str, ...], metric: str, component: str | None, value: Value) -> Score:
    if isinstance(value, str):
        if value not in get_args(Status):
            raise ValueError(f"a score is a number or a status, got {value!r}")
        return Score(targets=targets, metric=metric, component=component, value=None, status=value)  # type: ignore[arg-type]
    return Score(targets=targets, metric=metric, component=component, value=value, status="ok" if value is not None else "error")


def _name(output: CaseOutput) -> str:
    return output.system if output.sample == 0 else f"{output.system}#{output.sample}"


def _id(item: CaseItem, name: str) -> str:
    return f"{item.item}/{name}"
