"""Slices of a judgment set: by form, task, language, length and systems, and the crossed cells of form, language and length.

A slice of one dimension without data stays, and says so; crossed cells are those that exist.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError, did_you_mean
from harness.judgments import JudgmentSet
from harness.meta.pairs import Bools
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
    yield Slice("all", np.ones(len(data.outputs), dtype=bool))
    for dimension in dimensions:
        if dimension == "systems":
            yield from _system_slices(data)
            continue
        values = _of_outputs(data, dimension)
        fixed = {"form": ("short", "long"), "length": tuple(name for name, _, _ in LENGTH_BUCKETS)}.get(dimension, ())
        for value in [*fixed, *sorted({value for value in values if value is not None} - set(fixed))]:
            yield Slice(f"{dimension}={value}", values == value)
    yield from _crossed(data, [dimension for dimension in CROSSED if dimension in dimensions])


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
    words = float(np.median([len(text.split()) for text in texts]))
    for name, low, high in LENGTH_BUCKETS:
        if words >= low and (high is None or words < high + 1):
            return name
    return None


def near_references(data: JudgmentSet) -> tuple[str, ...]:
    """Systems whose text equals a reference on over half of their items, sorted."""
    references = {example.id: set(example.references) for example in data.examples}
    near = []
    for system in data.systems:
        equal = [o.text in references[o.example_id] for o in data.outputs if o.system == system and o.text is not None]
        if equal and sum(equal) * 2 > len(equal):
            near.append(system)
    return tuple(near)


def _crossed(data: JudgmentSet, dimensions: Sequence[str]) -> Iterator[Slice]:
    """Every combination of values that some output has, of those dimensions that take several values; none of one alone."""
    columns = {dimension: _of_outputs(data, dimension) for dimension in dimensions}
    several = [name for name, values in columns.items() if len({value for value in values if value is not None}) > 1]
    if len(several) < 2:
        return
    cells: dict[tuple[str, ...], list[int]] = {}
    for index, values in enumerate(zip(*(columns[name] for name in several), strict=True)):
        if None not in values:
            cells.setdefault(values, []).append(index)
    for values in sorted(cells):
        outputs = np.zeros(len(data.outputs), dtype=bool)
        outputs[cells[values]] = True
        yield Slice(AND.join(f"{name}={value}" for name, value in zip(several, values, strict=True)), outputs)


def _of_outputs(data: JudgmentSet, dimension: str) -> NDArray[np.object_]:
    """The dimension's value of each output's example, shape (N,)."""
    by_example = _values(data, dimension)
    return np.array([by_example[output.example_id] for output in data.outputs], dtype=object)


def _values(data: JudgmentSet, dimension: str) -> dict[str, str | None]:
    """The dimension's value of each example, by id."""
    if dimension in ("form", "task", "language"):
        return {example.id: getattr(example, dimension) for example in data.examples}
    if dimension == "length":
        answers: dict[str, list[Output]] = {example.id: [] for example in data.examples}
        for output in data.outputs:
            answers[output.example_id].append(output)
        return {example.id: length_bucket(example, answers[example.id]) for example in data.examples}
    if dimension.startswith("meta:"):
        found = {example.id: example.meta.get(dimension.removeprefix("meta:")) for example in data.examples}
        return {id: None if value is None else str(value) for id, value in found.items()}
    raise HarnessError(f"no slice dimension {dimension!r}.{did_you_mean(dimension, (*DIMENSIONS, 'meta:KEY'))}")


def _system_slices(data: JudgmentSet) -> Iterator[Slice]:
    systems = np.array([output.system for output in data.outputs], dtype=object)
    for name, members in data.info.system_sets.items():
        yield Slice(f"systems={name}", np.isin(systems, list(members)))
    near = near_references(data)
    if near and len(near) < len(data.systems):
        yield Slice(f"systems=without:{'+'.join(near)}", ~np.isin(systems, list(near)))
