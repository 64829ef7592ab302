"""What a metric scores in one go, in a fixed order, and why some of it cannot be scored."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import msgspec
import numpy as np

from harness.errors import InputError
from harness.judgments import JudgmentSet
from harness.protocols import MetricSpec, Unit
from harness.records import Example, JudgmentInfo, Output, Status
from harness.score_table import Ints, Targets

_CHUNK = 20_000
Peers = Mapping[str, Sequence[Output]]


@dataclass(frozen=True)
class Work:
    """The units of a metric: all by their `targets`, those to ask it about (`units`, at `places` among all), and why not others.

    `asked`: sha256 of the targets of `units`; `order` sorts `targets` (None: they are sorted).
    """

    targets: Targets
    units: Sequence[Unit]
    places: Ints
    missing: Mapping[int, tuple[Status, str]]
    asked: str
    order: Ints | None


class OutputUnits(Sequence[Unit]):
    """One unit an output, made when it is asked for: a million of them are never held."""

    def __init__(
        self, outputs: Sequence[Output], examples: Mapping[str, Example], places: Ints | None = None, peers: Peers | None = None
    ) -> None:
        """`places`: indices of the outputs that are meant; None: all. `peers`: the comparable outputs of each example."""
        self._outputs = outputs
        self._examples = examples
        self._places = places
        self._peers = peers

    def at(self, places: Ints) -> "OutputUnits":
        """The units of the outputs at these indices of all."""
        return OutputUnits(self._outputs, self._examples, places, self._peers)

    def __len__(self) -> int:
        return len(self._outputs) if self._places is None else len(self._places)

    @overload
    def __getitem__(self, index: int) -> Unit: ...
    @overload
    def __getitem__(self, index: slice) -> list[Unit]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            chosen = self._outputs[index] if self._places is None else [self._outputs[p] for p in self._places[index].tolist()]
            return list(map(self._unit, chosen))
        return self._unit(self._outputs[index if self._places is None else int(self._places[index])])

    def _unit(self, output: Output) -> Unit:
        if self._peers is None:
            return Unit(self._examples[output.example_id], (output,))
        others = tuple(other for other in self._peers.get(output.example_id, ()) if other.id != output.id)
        return Unit(self._examples[output.example_id], (output,), others)

    def __iter__(self) -> Iterator[Unit]:
        for start in range(0, len(self), _CHUNK):
            yield from self[start : start + _CHUNK]


def make_work(data: JudgmentSet, spec: MetricSpec) -> Work:
    """What the metric is to be asked about, and what not. Raises InputError as `make_units` does."""
    units = make_units(data, spec)
    examples = {example.id: example for example in data.examples}
    if spec.unit == "output":
        targets = Targets([output.id for output in data.outputs])
        doubtful: Sequence[int] = range(len(units)) if "peers" in spec.needs else _doubtful(data, spec, examples)
    else:
        targets = Targets.of([tuple(output.id for output in unit.outputs) for unit in units])
        doubtful = range(len(units))
    reasons = ((place, why_unscorable(units[place], data.info, spec, examples)) for place in doubtful)
    missing = {place: reason for place, reason in reasons if reason is not None}
    places = np.delete(np.arange(len(units)), list(missing))
    if missing:
        units = units.at(places) if isinstance(units, OutputUnits) else [units[place] for place in places.tolist()]
    asked = _digest(targets.take(places) if missing else targets)
    return Work(targets, units, places, missing, asked, targets.order())


def make_units(data: JudgmentSet, spec: MetricSpec) -> Sequence[Unit]:
    """The units of a metric: one an output, two an unordered pair of preferences (both orders), one an example, or one a system.

    Outputs of reference systems are left out of the groups of a metric that needs references: they would meet themselves.
    Raises InputError for a pairwise metric on a set without preferences.
    """
    check_units(data, spec)
    examples = {example.id: example for example in data.examples}
    if spec.unit == "pair":
        return list(_pairs(data, examples))
    if spec.unit == "group":
        return list(_groups(data, spec))
    if spec.unit == "corpus":
        return list(_corpora(data, examples))
    return OutputUnits(data.outputs, examples, peers=_comparable(data, spec) if "peers" in spec.needs else None)


def check_units(data: JudgmentSet, spec: MetricSpec) -> None:
    """Raises InputError for a pairwise metric on a set without preferences."""
    if spec.unit == "pair" and not data.preferences:
        raise InputError(
            f"metric {spec.name!r} compares pairs of outputs, and {data.info.name} holds no preferences: leave it out, "
            "or take a source with preferences"
        )


def why_unscorable(
    unit: Unit, info: JudgmentInfo, spec: MetricSpec, examples: Mapping[str, Example]
) -> tuple[Status, str] | None:
    """The status and detail of a unit that the metric is not asked about, or None. `examples` are those of the set, by id."""
    about = list({output.example_id: examples[output.example_id] for output in unit.outputs}.values())
    if "reference" in spec.needs:
        own = sorted({output.system for output in unit.outputs} & set(info.reference_systems))
        if own:
            return "reference-is-system", f"the outputs of {', '.join(own)} are the references"
        missing = [example.id for example in about if not example.references]
        if missing:
            return "no-reference", _lacks(missing, about, "reference")
    if "source" in spec.needs:
        missing = [example.id for example in about if example.source is None]
        if missing:
            return "no-source", _lacks(missing, about, "source")
    if spec.unit in ("output", "pair"):
        silent = [output.id for output in unit.outputs if output.text is None and output.loglik is None]
        if silent:
            return "empty", f"no output: {silent[0]!r} has neither a text nor log-likelihoods"
    if "peers" in spec.needs and not unit.peers:
        return "no-peers", f"example {unit.example.id!r} has no other output to compare this one with"
    return None


def _doubtful(data: JudgmentSet, spec: MetricSpec, examples: Mapping[str, Example]) -> list[int]:
    """The outputs that may not be scorable; nearly always none, so that a million units need not be looked at one by one."""
    references = set(data.info.reference_systems) if "reference" in spec.needs else set()
    lacking = {example.id for example in data.examples if "reference" in spec.needs and not example.references}
    lacking |= {example.id for example in data.examples if "source" in spec.needs and example.source is None}
    return [
        place
        for place, output in enumerate(data.outputs)
        if (output.text is None and output.loglik is None) or output.example_id in lacking or output.system in references
    ]


def _comparable(data: JudgmentSet, spec: MetricSpec) -> Peers:
    """The outputs with a text by example, in their order; a metric that needs references meets them there, not as an output."""
    references = set(data.info.reference_systems) if "reference" in spec.needs else set()
    found: dict[str, list[Output]] = {}
    for output in data.outputs:
        if output.text is not None and output.system not in references:
            found.setdefault(output.example_id, []).append(output)
    return found


def _digest(targets: Targets) -> str:
    """sha256 of the targets as one JSON list, taken in pieces."""
    sha = hashlib.sha256(b"[")
    for start in range(0, len(targets), _CHUNK):
        sha.update(b"," if start else b"")
        sha.update(msgspec.json.encode(targets[start : start + _CHUNK])[1:-1])
    sha.update(b"]")
    return sha.hexdigest()


def _lacks(missing: list[str], about: list[Example], what: str) -> str:
    if len(about) == 1:
        return f"example {missing[0]!r} has no {what}"
    return f"{len(missing)} of {len(about)} examples have no {what}, the first is {missing[0]!r}"


def _pairs(data: JudgmentSet, examples: dict[str, Example]) -> Iterator[Unit]:
    outputs = {output.id: output for output in data.outputs}
    seen: set[frozenset[str]] = set()
    for preference in data.preferences:
        pair = frozenset((preference.output_a, preference.output_b))
        if pair in seen:
            continue
        seen.add(pair)
        first, second = outputs[preference.output_a], outputs[preference.output_b]
        example = examples[first.example_id]
        yield Unit(example, (first, second))
        yield Unit(example, (second, first))


def _groups(data: JudgmentSet, spec: MetricSpec) -> Iterator[Unit]:
    answers: dict[str, list[Output]] = {example.id: [] for example in data.examples}
    for output in data.outputs:
        answers[output.example_id].append(output)
    references = set(data.info.reference_systems) if "reference" in spec.needs else set()
    for example in data.examples:
        comparable = [output for output in answers[example.id] if output.system not in references]
        outputs = comparable or answers[example.id]
        if outputs:
            yield Unit(example, tuple(outputs))


def _corpora(data: JudgmentSet, examples: dict[str, Example]) -> Iterator[Unit]:
    for system in data.systems:
        outputs = tuple(output for output in data.outputs if output.system == system)
        yield Unit(examples[outputs[0].example_id], outputs)
