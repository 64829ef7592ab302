"""Slices of a judgment set: by form, task, language, length and systems, and the crossed cells of form, language and length.

A slice of one dimension without data stays, and says so; crossed cells are those that exist.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from harness.errors import HarnessError, did_you_mean
from harness.judgments import JudgmentSet, equal_to_references
from harness.meta.columns import of_systems
from harness.meta.pairs import Bools, Ints
from harness.records import Example, Output

DIMENSIONS = ("form", "task", "language", "length", "systems")
CROSSED = ("form", "language", "length")
AND = "&"  # joins the parts of a crossed label: form=short&language=sv&length=6-20
LENGTH_BUCKETS = (("1-5", 1, 5), ("6-20", 6, 20), ("21-80", 21, 80), ("81+", 81, None))


@dataclass(frozen=True)
class Slice:
    """A label such as `form=short`, and which outputs belong to it (shape (N,))."""

    label: str
    outputs: Bools


def slices(data: JudgmentSet, dimensions: Sequence[str]) -> Iterator[Slice]:
    """`all`, then every value of each dimension, those without outputs included; last the crossed cells that have outputs.

    Dimensions: `form`, `task`, `language`, `length`, `systems`, and `meta:KEY` for any key of `Example.meta`. Where two or
    three of form, language and length are asked for and take several values, those are crossed.
    """
    check_dimensions(dimensions)
    yield Slice("all", np.ones(len(data.outputs), dtype=bool))
    place = {example.id: index for index, example in enumerate(data.examples)}
    item = np.fromiter((place[output.example_id] for output in data.outputs), dtype=np.int64, count=len(data.outputs))
    columns: dict[str, _Values] = {}
    for dimension in dimensions:
        if dimension == "systems":
            yield from _system_slices(data)
            continue
        fixed = {"form": ("short", "long"), "length": tuple(name for name, _, _ in LENGTH_BUCKETS)}.get(dimension, ())
        columns[dimension] = values = _values_of(data, dimension, fixed)
        codes = values.codes[item]
        for code, value in enumerate(values.names):
            yield Slice(f"{dimension}={value}", codes == code)
    yield from _crossed({name: columns[name] for name in CROSSED if name in columns}, item)


def check_dimensions(dimensions: Sequence[str]) -> None:
    """Raises HarnessError for a dimension that there is not."""
    for dimension in dimensions:
        if dimension not in DIMENSIONS and not dimension.startswith("meta:"):
            raise HarnessError(f"no slice dimension {dimension!r}.{did_you_mean(dimension, (*DIMENSIONS, 'meta:KEY'))}")


def is_crossed(label: str) -> bool:
    """True for the label of a crossed cell, such as `form=short&language=sv`."""
    parts = label.split(AND)
    return len(parts) > 1 and all(part.partition("=")[0] in CROSSED and "=" in part for part in parts)


def slice_key(label: str) -> tuple[Any, ...]:
    """Sorts labels for reading: `all`, each dimension (6-20 before 21-80, short before long), crossed cells last."""
    if is_crossed(label):
        return 2, [slice_key(part) for part in label.split(AND)]
    dimension, equals, value = label.partition("=")
    place = DIMENSIONS.index(dimension) if dimension in DIMENSIONS else len(DIMENSIONS)
    natural = [(int(piece), "") if piece.isdigit() else (0, piece) for piece in re.split(r"(\d+)", value) if piece]
    return int(bool(equals)), place, dimension, value == "long", natural


def length_bucket(example: Example, outputs: Sequence[Output]) -> str | None:
    """The bucket of an item: words of its median reference, else of its median output; None without words."""
    texts = example.references or tuple(output.text for output in outputs if output.text is not None)
    if not texts:
        return None
    words = median(len(text.split()) for text in texts)
    for name, low, high in LENGTH_BUCKETS:
        if words >= low and (high is None or words < high + 1):
            return name
    return None


def near_references(data: JudgmentSet) -> tuple[str, ...]:
    """Systems whose text equals a reference on over half of their items, sorted."""
    found = equal_to_references(data.examples, data.outputs)
    return tuple(system for system, (equal, texts) in found.items() if texts and equal * 2 > texts)


@dataclass(frozen=True)
class _Values:
    """A dimension's value of each example, as codes into `names` (-1: none), shape (examples,); `names` in reading order."""

    names: tuple[str, ...]
    codes: Ints


def _values_of(data: JudgmentSet, dimension: str, fixed: Sequence[str]) -> _Values:
    """The dimension's values: those that are always told (`fixed`), then the others sorted."""
    values = _values(data, dimension)
    names = (*fixed, *sorted({value for value in values if value is not None} - set(fixed)))
    codes: dict[str | None, int] = {name: code for code, name in enumerate(names)}
    return _Values(names, np.fromiter((codes.get(value, -1) for value in values), dtype=np.int64, count=len(values)))


def _crossed(columns: Mapping[str, _Values], item: Ints) -> Iterator[Slice]:
    """Every combination of values that some output has, of those dimensions that take several values; none of one alone.

    `item`: index of each output's example.
    """
    reached = np.unique(item)
    several = {}
    for name, values in columns.items():
        if len(np.setdiff1d(values.codes[reached], [-1])) > 1:
            several[name] = values
    if len(several) < 2:
        return
    codes = np.stack([values.codes for values in several.values()])
    cell = np.where((codes >= 0).all(axis=0), np.ravel_multi_index(codes.clip(0), [len(v.names) for v in several.values()]), -1)
    there = np.setdiff1d(cell[reached], [-1])
    named = {}
    for number in there.tolist():
        places = np.unravel_index(number, [len(v.names) for v in several.values()])
        named[tuple(values.names[int(p)] for values, p in zip(several.values(), places, strict=True))] = number
    of_outputs = cell[item]
    for combination in sorted(named):
        label = AND.join(f"{name}={value}" for name, value in zip(several, combination, strict=True))
        yield Slice(label, of_outputs == named[combination])


def _values(data: JudgmentSet, dimension: str) -> list[str | None]:
    """The dimension's value of each example."""
    if dimension in ("form", "task", "language"):
        return [getattr(example, dimension) for example in data.examples]
    if dimension == "length":
        answers: dict[str, list[Output]] = {example.id: [] for example in data.examples if not example.references}
        for output in data.outputs if answers else ():
            if output.example_id in answers:
                answers[output.example_id].append(output)
        return [length_bucket(example, answers.get(example.id, ())) for example in data.examples]
    found = (example.meta.get(dimension.removeprefix("meta:")) for example in data.examples)
    return [None if value is None else str(value) for value in found]


def _system_slices(data: JudgmentSet) -> Iterator[Slice]:
    for name, members in data.info.system_sets.items():
        yield Slice(f"systems={name}", of_systems(data, members))
    near = near_references(data)
    if near and len(near) < len(data.systems):
        yield Slice(f"systems=without:{'+'.join(near)}", ~of_systems(data, near))
