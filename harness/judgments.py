"""A judgment set in memory: examples, outputs and what people said of them, read from a source and checked."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec

from harness.errors import HarnessError, InputError, PluginError, did_you_mean
from harness.protocols import JudgmentSource
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, digest


@dataclass(frozen=True)
class JudgmentSet:
    """Everything one source yields, checked: ids resolve, nothing is double, ratings lie on their scales.

    `digest` is sha256 over the records in the source's order; `notes` are what a reader of the numbers should know.
    """

    info: JudgmentInfo
    examples: tuple[Example, ...]
    outputs: tuple[Output, ...]
    judgments: tuple[Judgment, ...] = ()
    preferences: tuple[Preference, ...] = ()
    digest: str = ""
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """`name@digest`, twelve characters of the digest: what MetaRows carry."""
        return f"{self.info.name}@{self.digest[:12]}"

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems, sorted."""
        return tuple(sorted({output.system for output in self.outputs}))

    @cached_property
    def criteria(self) -> tuple[str, ...]:
        """Criteria that occur, in the source's order, then any others sorted."""
        found = {judgment.criterion for judgment in self.judgments}
        found |= {preference.criterion for preference in self.preferences}
        listed = tuple(criterion for criterion in self.info.criteria if criterion in found)
        return listed + tuple(sorted(found - set(listed)))


def read_judgments(source: JudgmentSource, *, systems: str | Sequence[str] | None = None) -> JudgmentSet:
    """The source's records, checked. `systems` keeps the systems named, or those of a named system set of the source.

    Raises InputError naming the source and the record: an unknown id, a duplicate, a rating off its scale, nothing to read.
    """
    info = source.info
    kinds: dict[type, list[Any]] = {Example: [], Output: [], Judgment: [], Preference: []}
    if not isinstance(info, JudgmentInfo):
        raise PluginError(f"judgment source {type(source).__name__}: its info must be a JudgmentInfo, got {info!r:.80}")
    names = SharedNames()
    for record in _records(source, info):
        kinds[type(record)].append(names.shared(record))
    _check_primary(info, kinds[Judgment], kinds[Preference])
    if systems is not None:
        _keep_systems(kinds, info, systems)
    examples, outputs = tuple(kinds[Example]), tuple(kinds[Output])
    judgments, preferences = tuple(kinds[Judgment]), tuple(kinds[Preference])
    if not outputs:
        raise InputError(f"{info.name}: it holds no outputs, so there is nothing to score")
    _check_ids(info, examples, outputs)
    known = {output.id: output for output in outputs}
    _check_judgments(info, known, judgments)
    _check_preferences(info, known, preferences)
    notes = info.notes + tuple(_notes(info, examples, outputs, judgments, within_items=bool(judgments) or not preferences))
    everything = _digest(info, chain(examples, outputs, judgments, preferences))
    return JudgmentSet(info, examples, outputs, judgments, preferences, everything, notes)


def select_examples(data: JudgmentSet, ids: Iterable[str]) -> JudgmentSet:
    """The same set with only these examples, their outputs and what was said of those."""
    keep = set(ids)
    outputs = tuple(output for output in data.outputs if output.example_id in keep)
    kept = {output.id for output in outputs}
    return replace(
        data,
        examples=tuple(example for example in data.examples if example.id in keep),
        outputs=outputs,
        judgments=tuple(judgment for judgment in data.judgments if judgment.output_id in kept),
        preferences=tuple(p for p in data.preferences if p.output_a in kept and p.output_b in kept),
    )


def _digest(info: JudgmentInfo, records: Iterable[Any]) -> str:
    try:
        return digest(records)
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise InputError(f"{info.name}: a text holds {half!r}, half of a surrogate pair, which is no character") from error


def equal_to_references(examples: Iterable[Example], outputs: Sequence[Output]) -> dict[str, tuple[int, int]]:
    """System → how many of its texts equal a reference, and how many texts it has; systems sorted."""
    references = {example.id: frozenset(example.references) for example in examples}
    total = Counter(output.system for output in outputs if output.text is not None)
    equal = Counter(
        output.system for output in outputs if output.text is not None and output.text in references[output.example_id]
    )
    return {system: (equal[system], total[system]) for system in sorted({output.system for output in outputs})}


def _records(source: JudgmentSource, info: JudgmentInfo) -> Iterator[Any]:
    """The source's records, their fields checked; what a stranger's source raises is told with its name and place."""
    number, checked = 0, getattr(source, "fields_checked", False) is True
    try:
        for number, record in enumerate(source.read(), 1):
            if type(record) not in (Example, Output, Judgment, Preference):
                raise InputError(f"{info.name}: a judgment source yields records, got {type(record).__name__} as number {number}")
            yield record if checked else msgspec.convert(msgspec.to_builtins(record), type(record))
    except HarnessError:
        raise
    except Exception as error:  # whatever a stranger's source raises, and fields of the wrong type
        message = f"{info.name}: reading failed after {number} records: {type(error).__name__}: {error}"
        raise PluginError(message) from error


def _keep_systems(kinds: Mapping[type, list[Any]], info: JudgmentInfo, systems: str | Sequence[str]) -> None:
    present = {output.system for output in kinds[Output]}
    wanted: set[str] = set()
    for name in [systems] if isinstance(systems, str) else systems:
        if name in info.system_sets:
            wanted.update(info.system_sets[name])
        elif name in present:
            wanted.add(name)
        else:
            raise InputError(f"{info.name}: no system or system set {name!r}.{did_you_mean(name, {*info.system_sets, *present})}")
    kinds[Output][:] = [output for output in kinds[Output] if output.system in wanted]
    kept = {output.id for output in kinds[Output]}
    kinds[Judgment][:] = [judgment for judgment in kinds[Judgment] if judgment.output_id in kept]
    kinds[Preference][:] = [p for p in kinds[Preference] if p.output_a in kept and p.output_b in kept]


def _check_primary(info: JudgmentInfo, judgments: Sequence[Judgment], preferences: Sequence[Preference]) -> None:
    """A misspelled primary rater would leave every target missing without a word."""
    raters = {judgment.rater for judgment in judgments} | {preference.rater for preference in preferences}
    if raters and info.primary_rater is not None and info.primary_rater not in raters:
        raise InputError(f"{info.name}: no rater {info.primary_rater!r} (primary).{did_you_mean(info.primary_rater, raters)}")


class SharedNames:
    """Lets records that say the same name or scale hold one object: a million ratings then need a third of the memory."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def shared(self, record: Any) -> Any:
        """The record, with names that were seen before replaced by the objects seen; it equals what it was."""
        kind, known = type(record), self._known
        for field in _SHARED.get(kind, ()):
            value = getattr(record, field)
            if value is not None:
                same = known.setdefault(value, value)
                if same is not value:
                    _put(record, field, same)
        if kind is Output or kind is Example:
            known.setdefault(record.id, record.id)
        return record


_put = msgspec.structs.force_setattr
_SHARED: Mapping[type, tuple[str, ...]] = {
    Output: ("example_id", "system"),
    Judgment: ("output_id", "rater", "criterion", "scale"),
    Preference: ("output_a", "output_b", "rater", "criterion"),
}


def _check_ids(info: JudgmentInfo, examples: Sequence[Example], outputs: Sequence[Output]) -> None:
    known = {example.id for example in examples}
    if len(known) < len(examples):
        raise InputError(f"{info.name}: example {_twice(example.id for example in examples)!r} occurs twice")
    if len({output.id for output in outputs}) < len(outputs):
        raise InputError(f"{info.name}: output {_twice(output.id for output in outputs)!r} occurs twice")
    for output in outputs:
        if output.example_id not in known:
            raise InputError(f"{info.name}: output {output.id!r} answers example {output.example_id!r}, which is not there")
    if len({(output.example_id, output.system, output.sample) for output in outputs}) == len(outputs):
        return
    cells: dict[tuple[str, str, int], str] = {}
    for output in outputs:
        cell = (output.example_id, output.system, output.sample)
        if cell in cells:
            raise InputError(
                f"{info.name}: outputs {cells[cell]!r} and {output.id!r} are both sample {output.sample} of system "
                f"{output.system!r} on {output.example_id!r}; number the samples"
            )
        cells[cell] = output.id


def _twice(ids: Iterable[str]) -> str:
    """The first id that occurs a second time."""
    seen: set[str] = set()
    return next(id for id in ids if id in seen or seen.add(id))  # type: ignore[func-returns-value]


def _check_judgments(info: JudgmentInfo, outputs: Mapping[str, Output], judgments: Sequence[Judgment]) -> None:
    whole = [judgment for judgment in judgments if judgment.span is None]
    single = len({(judgment.output_id, judgment.rater, judgment.criterion) for judgment in whole}) == len(whole)
    directions: dict[str, str] = {}
    if single and all(_is_plain(judgment, outputs, directions) for judgment in judgments):
        return
    _check_each_judgment(info, outputs, judgments)


def _is_plain(judgment: Judgment, outputs: Mapping[str, Output], directions: dict[str, str]) -> bool:
    """Whether nothing can be wrong with it: a quick look, since nearly all ratings pass it."""
    value, scale = judgment.value, judgment.scale
    if judgment.span is not None or judgment.output_id not in outputs:
        return False
    if scale is None:
        return not isinstance(value, (int, float)) or math.isfinite(value)
    if directions.setdefault(judgment.criterion, scale.direction) != scale.direction:
        return False
    return not isinstance(value, (int, float)) or scale.low <= value <= scale.high


def _check_each_judgment(info: JudgmentInfo, outputs: Mapping[str, Output], judgments: Sequence[Judgment]) -> None:
    seen: set[tuple[str, str, str]] = set()
    directions: dict[str, str] = {}
    for judgment in judgments:
        where = f"{info.name}: rating of {judgment.output_id!r} by {judgment.rater!r} on {judgment.criterion!r}"
        if judgment.output_id not in outputs:
            raise InputError(f"{where}: there is no such output")
        if judgment.span is None:
            key = (judgment.output_id, judgment.rater, judgment.criterion)
            if key in seen:
                raise InputError(f"{where} occurs twice; keep one, or name the rounds as raters")
            seen.add(key)
        else:
            text = outputs[judgment.output_id].text
            if text is not None and judgment.span.end > len(text):
                raise InputError(f"{where}: its span ends at {judgment.span.end}, the text has {len(text)} characters")
        if isinstance(judgment.value, (int, float)) and not math.isfinite(judgment.value):
            raise InputError(f"{where} is {judgment.value}; write None (an empty cell) for a missing rating")
        if judgment.scale is not None:
            direction = directions.setdefault(judgment.criterion, judgment.scale.direction)
            if direction != judgment.scale.direction:
                raise InputError(
                    f"{where} has the direction {judgment.scale.direction!r}, others on it {direction!r}; turn one of them"
                )
        if isinstance(judgment.value, (int, float)) and judgment.scale is not None:
            low, high = judgment.scale.low, judgment.scale.high
            if not low <= judgment.value <= high:
                raise InputError(f"{where} is {judgment.value:g}, off its scale {low:g} to {high:g}")


def _check_preferences(info: JudgmentInfo, outputs: Mapping[str, Output], preferences: Sequence[Preference]) -> None:
    seen: set[tuple[frozenset[str], str, str]] = set()
    for preference in preferences:
        pair = (preference.output_a, preference.output_b)
        where = f"{info.name}: preference of {preference.rater!r} between {pair[0]!r} and {pair[1]!r} on {preference.criterion!r}"
        for output_id in pair:
            if output_id not in outputs:
                raise InputError(f"{where}: there is no output {output_id!r}")
        if outputs[pair[0]].example_id != outputs[pair[1]].example_id:
            raise InputError(f"{where}: the two outputs answer different examples")
        key = (frozenset(pair), preference.rater, preference.criterion)
        if key in seen:
            raise InputError(f"{where} occurs twice")
        seen.add(key)


def _notes(
    info: JudgmentInfo,
    examples: Sequence[Example],
    outputs: Sequence[Output],
    judgments: Sequence[Judgment],
    *,
    within_items: bool,
) -> Iterable[str]:
    """`within_items`: systems are compared on items, so all should be there; who compares pairs chooses which."""
    systems = sorted({output.system for output in outputs})
    answered = Counter(system for _, system in {(output.example_id, output.system) for output in outputs})
    items = {output.example_id for output in outputs}
    for system in systems:
        missing = len(items) - answered[system]
        if missing and within_items:
            yield f"system {system!r} has no output on {missing} of {len(items)} items; those pairs are left out"
    if len(systems) == 1 and within_items:
        yield f"there is one system only ({systems[0]!r}): nothing can be compared within an item"
    for system, (equal, texts) in equal_to_references(examples, outputs).items():
        if texts and equal > texts / 2 and system not in info.reference_systems:
            yield (
                f"system {system!r} equals a reference on {equal} of {texts} items ({equal / texts:.1%}): "
                "metrics that use the reference are flattered; compare with the table without it"
            )
    values: dict[str, list[float | str | None]] = {}
    for judgment in judgments:
        values.setdefault(judgment.criterion, []).append(judgment.value)
    for criterion, given in values.items():
        present = [value for value in given if value is not None]
        if not present:
            yield f"every rating on {criterion!r} is missing"
        elif len(present) > 1 and len(set(present)) == 1:
            everything = f"all {len(present)} ratings on {criterion!r} are {present[0]}"
            yield f"{everything}: people tie everything, so no metric can be told from another"
