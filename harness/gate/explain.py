"""Which pairs moved, worst first, with all that a person needs to see why."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

import msgspec

from harness.gate.baseline import Baseline, MetricBaseline, Value
from harness.gate.measure import Measured, by_unit
from harness.gate.moves import answer_rows, causes, distance, tolerance_of
from harness.gate.scores import same_units
from harness.judgments import JudgmentSet
from harness.records import Example, Output


class MovedPair(msgspec.Struct, frozen=True, kw_only=True):
    """One pair that scores otherwise than in the baseline: its texts, and what each component said then and says now.

    A component that had or has no score holds the status that says why. `hypotheses`: the answer; several where a metric compares
    outputs. `size`: how far the furthest component moved; infinite where a score came or went.
    """

    set: str
    pair: str
    instruction: str
    references: tuple[str, ...]
    hypotheses: tuple[str, ...]
    components: tuple[str | None, ...]
    before: tuple[Value, ...]
    now: tuple[Value, ...]
    size: float


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What moved of one metric. `of` units were compared, `moved` of them moved, `pairs` are the worst of these.

    `causes`: what those that moved have in common. `unknown`: why nothing could be compared, of a set or of the whole metric.
    `what`: what is counted.
    """

    metric: str
    signature_before: str | None
    signature: str | None
    of: int = 0
    moved: int = 0
    pairs: tuple[MovedPair, ...] = ()
    causes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    what: str = "pairs"


def explain(before: Baseline, measured: Measured, most: int) -> list[Explained]:
    """What moved of each metric that was asked, in their order, with at most `most` pairs each."""
    found = [
        Explained(
            metric=label, signature_before=_signature(before, label), signature=None, unknown=(f"could not be asked: {why}",)
        )
        for label, why in measured.broken.items()
    ]
    for label, now in measured.now.metrics.items():
        was = before.metrics.get(label)
        if was is None:
            unknown = ("is not in the baseline; `harness gate update --reason TEXT` puts it there",)
            found.append(Explained(metric=label, signature_before=None, signature=now.signature, unknown=unknown))
        else:
            found.append(_explained(before, label, was, now, measured, most))
    return found


def changed_versions(before: Baseline) -> dict[str, tuple[str, str | None]]:
    """Package → version when the baseline was last approved and version now, of those that differ; None: not installed."""
    if not before.history:
        return {}
    then = before.history[-1].versions
    now = {name: _version(name) for name in then}
    return {name: (then[name], now[name]) for name in then if now[name] != then[name] and not _no_package(name)}


def _explained(
    before: Baseline, label: str, was: MetricBaseline, now: MetricBaseline, measured: Measured, most: int
) -> Explained:
    moved: list[MovedPair] = []
    unknown: list[str] = []
    shared: list[str] = []
    compared = 0
    for name, known, held in _sets(before, label, was, now, measured):
        if known is None:
            unknown.append(f"{name} is not in the baseline as it is now; `harness gate update --reason TEXT` takes it up")
            continue
        compared += len(known)
        components = now.components[: len(next(iter(known.values()), ()))]
        own = list(_moved(name, measured.sets[name], components, known, held, tolerance_of(was, now)))
        moved += own
        if own:
            common = causes(measured.sets[name], components, known, held, [pair.pair for pair in own])
            shared += [f"of those of {name} that moved: {words}" for words in common]
    unknown += [f"{name} is not on this machine" for name in was.judged if name not in now.judged]
    worst = sorted(moved, key=lambda pair: (-pair.size, pair.set, pair.pair))
    return Explained(
        metric=label,
        signature_before=was.signature,
        signature=now.signature,
        of=compared,
        moved=len(moved),
        pairs=tuple(worst[:most]),
        causes=tuple(shared),
        unknown=tuple(unknown),
    )


_Scores = Mapping[str, Sequence[Value]]


def _sets(
    before: Baseline, label: str, was: MetricBaseline, now: MetricBaseline, measured: Measured
) -> Iterator[tuple[str, _Scores | None, _Scores]]:
    """Name, past (None where it was another set) and present of every set that the metric was asked about."""
    for name, held in now.pairs.items():
        known = was.pairs.get(name)
        if known is None or known.digest == held.digest:
            yield name, None if known is None else known.scores, held.scores
        else:  # of another set the pairs that have not changed
            yield name, same_units(before, measured, label, name)[0] or None, held.scores
    for name, judged in now.judged.items():
        past = was.judged.get(name)
        units = list(by_unit(measured.scores[label, name].blocks[:1]))
        same = past is not None and past.digest == judged.digest and len(past.values) == len(units)
        if same and past is not None:
            yield name, *answer_rows(units, past, judged)
        else:  # of another set the answers that have not changed
            every = {unit: [value] for unit, value in zip(units, judged.values, strict=True)}
            same_before, same_now = same_units(before, measured, label, name)
            yield name, same_before or None, same_now if same_before else every


def _moved(
    name: str, data: JudgmentSet, components: Sequence[str | None], known: _Scores, held: _Scores, tolerance: float
) -> Iterator[MovedPair]:
    outputs = {output.id: output for output in data.outputs}
    examples = {example.id: example for example in data.examples}
    for unit, before in known.items():
        now = held.get(unit, ())
        size = distance(before, now, tolerance)
        if size == 0:
            continue
        own = [outputs[part] for part in ([unit] if unit in outputs else unit.split("+")) if part in outputs]
        example = examples.get(own[0].example_id) if own else None
        yield MovedPair(
            set=name,
            pair=unit,
            instruction=(example.instruction or "") if example else "",
            references=_references(example),
            hypotheses=tuple(_text(output) for output in own),
            components=tuple(components),
            before=tuple(before),
            now=tuple(now),
            size=size,
        )


def _references(example: Example | None) -> tuple[str, ...]:
    return tuple(example.references) if example is not None else ()


def _text(output: Output) -> str:
    return output.text or ""


def _signature(before: Baseline, label: str) -> str | None:
    return before.metrics[label].signature if label in before.metrics else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _no_package(name: str) -> bool:
    """Whether the name is of something that is no distribution, such as the interpreter."""
    return name in ("python", "platform")
