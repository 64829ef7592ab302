"""Runs dataset builders and makes their rows a data set: segments while builders run, then tables, splits, files, card.

A builder's rows lie in the segments of its own stage, in its order; a killed build goes on behind the last whole batch. What
comes after (languages, filters, duplicates, contamination, splits) is a pure function of the rows and the config, and is done
anew.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from harness.build.config import BuildConfig
from harness.build.evaluation_sets import EvaluationSet
from harness.build.rows import Built, SetAside
from harness.build.sift import sift
from harness.build.sift_found import write_found
from harness.errors import HarnessError, InputError, PluginError
from harness.integrity import file_digest
from harness.protocols import BuilderSpec, DatasetBuilder, NotedBuilder
from harness.records import Example, Origin, from_json, to_json
from harness.registry import PluginRef, Registry
from harness.segments import Segments
from harness.store import Run, stage_id
from harness.whole_files import replace_file

KIND = "dataset builder"
_ROWS = 512  # of a segment's batch at most
_SECONDS = 5.0  # after which a batch is written whatever its size
_COMPLETE = "complete.json"
Report = Callable[[str, int, int], None]


class _Complete(msgspec.Struct, frozen=True, omit_defaults=True):
    """Beside the segments of a builder that was asked to the end: how many rows it gave, and what it noted."""

    rows: int
    notes: tuple[str, ...] = ()


@dataclass
class BuiltRows:
    """What one builder has made: its stage, whether all its rows are there, how many, how many it set aside, and its notes."""

    ref: PluginRef
    stage: str
    rows: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    complete: bool = False
    notes: tuple[str, ...] = ()


def run_builders(
    run: Run, registry: Registry, refs: Sequence[PluginRef], report: Report, *, limit: int | None = None
) -> list[BuiltRows]:
    """Asks every builder for the rows that are not in the run yet; `limit`: at most so many of each, and none is complete
    then."""
    return [_run_builder(run, registry, ref, report, limit) for ref in refs]


def finish_build(
    run: Run, config: BuildConfig, built: Sequence[BuiltRows], against: Sequence[EvaluationSet], report: Report
) -> Counter[tuple[str, str]]:
    """Writes the tables `examples` and `removed` out of the builders' rows; returns rows removed by (stage, reason)."""
    scratch = run.folder / "sifting"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    removed: Counter[tuple[str, str]] = Counter()
    try:
        aside = Segments(scratch / "removed")

        def kept() -> Iterator[Example]:
            waiting: list[SetAside] = []

            def put_away(row: SetAside) -> None:
                removed[row.stage, row.reason] += 1
                waiting.append(row)
                if len(waiting) == _ROWS:
                    aside.append(waiting)
                    waiting.clear()

            def examples() -> Iterator[Example]:
                for row in _rows(run, built):
                    if row.example is not None:
                        yield row.example
                    elif row.aside is not None:
                        put_away(row.aside)

            sifted = sift(examples(), config, against, scratch, report)
            for found in sifted:
                if isinstance(found, Example):
                    yield found
                else:
                    put_away(found)
            aside.append(waiting)
            write_found(run.folder, sifted.found)
            for sentence in sifted.notes:
                run.note(sentence)

        run.write_table("examples", kept())
        run.write_table("removed", aside.read(SetAside))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return removed


def _run_builder(run: Run, registry: Registry, ref: PluginRef, report: Report, limit: int | None) -> BuiltRows:
    spec = _spec(registry, ref)
    made = BuiltRows(ref, _stage(spec, ref))
    segments = run.segments(made.stage)
    last = _count(segments, made)
    marker = segments.folder / _COMPLETE
    left = [] if spec.leaves is None else [Path(path) for path in spec.leaves(**ref.params)]
    said = _completed(marker, made.rows)
    if said is not None and all(path.exists() for path in left):
        made.complete, made.notes = True, said.notes
        report(ref.name, made.rows, made.rows)
        return made
    report(ref.name, made.rows, made.rows + 1)
    builder: DatasetBuilder = registry.build(KIND, ref)
    rows = _asked(builder, ref.name)
    _skip(rows, made, last, ref.name)
    for batch in _batches(rows, None if limit is None else max(0, limit - made.rows)):
        lines = [_line(row, ref.name, spec) for row in batch]
        segments.append(lines)
        for line in lines:
            _tally(line, made)
        report(ref.name, made.rows, made.rows + 1)
    made.notes = tuple(builder.notes()) if isinstance(builder, NotedBuilder) else ()
    if limit is None or made.rows < limit:
        marker.parent.mkdir(parents=True, exist_ok=True)
        replace_file(marker, msgspec.json.encode(_Complete(made.rows, made.notes)))
        made.complete = True
    report(ref.name, made.rows, made.rows)
    return made


def _asked(builder: DatasetBuilder, name: str) -> Iterator[Example | SetAside]:
    """What the builder yields; whatever a stranger's code raises is told under its name."""
    try:
        yield from builder.examples()
    except (HarnessError, OSError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # sys.exit() among it, which would end a build as if it had succeeded
        raise PluginError(f"dataset builder {name!r} failed: {type(error).__name__}: {error}") from error


def stage_of(registry: Registry, ref: PluginRef) -> str:
    """The stage of a builder, by which its segments are called."""
    return _stage(_spec(registry, ref), ref)


def _spec(registry: Registry, ref: PluginRef) -> BuilderSpec:
    spec = registry.find(KIND, ref.name).spec
    assert isinstance(spec, BuilderSpec)
    return spec


def _stage(spec: BuilderSpec, ref: PluginRef) -> str:
    """Changes with the builder's version, its parameters, and the content of the files that it says it reads."""
    paths = [] if spec.reads is None else list(spec.reads(**ref.params) or ())
    files = [file for path in sorted(map(str, paths)) for file in _files(Path(path))]
    inputs = [f"{file.name}:{file_digest(file)}" for file in files]
    return stage_id(inputs, {"builder": ref.name, **ref.params}, spec.version)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    return [path] if path.is_file() else []


def _count(segments: Segments, made: BuiltRows) -> str | None:
    """Counts what the segments hold; the id of the last row."""
    last = None
    for line in segments.read(Built):
        _tally(line, made)
        last = line.id
    return last


def _tally(line: Built, made: BuiltRows) -> None:
    made.rows += 1
    if line.aside is not None:
        made.aside[line.aside.reason] += 1


def _completed(marker: Path, rows: int) -> _Complete | None:
    """What was said when all rows were there; None where they are not, or are others."""
    try:
        said = msgspec.json.decode(marker.read_bytes(), type=_Complete)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return said if said.rows == rows else None


def _skip(rows: Iterator[Example | SetAside], made: BuiltRows, last: str | None, name: str) -> None:
    """Passes over what is in the segments already; InputError where the builder does not say again what it said."""
    if not made.rows:
        return
    passed = next(islice(rows, made.rows - 1, None), None)
    if passed is None or passed.id != last:
        found = "nothing" if passed is None else repr(passed.id)
        raise InputError(
            f"builder {name!r}: row {made.rows} was {last!r} when the build was stopped, and is {found} now. Its input has "
            "changed; give another output, or delete the folder's segments to build anew"
        )


def _batches(rows: Iterator[Example | SetAside], most: int | None) -> Iterator[list[Example | SetAside]]:
    """Rows in batches: whole ones, or what there is after some seconds, since every batch is what a kill can lose."""
    batch: list[Example | SetAside] = []
    since = time.monotonic()
    for row in rows if most is None else islice(rows, most):
        batch.append(row)
        if len(batch) >= _ROWS or time.monotonic() - since > _SECONDS:
            yield batch
            batch, since = [], time.monotonic()
    if batch:
        yield batch


def _line(row: Any, name: str, spec: BuilderSpec) -> Built:
    if isinstance(row, SetAside):
        return _kept(Built(aside=row), name)
    if not isinstance(row, Example):
        raise PluginError(f"dataset builder {name!r} yields {type(row).__name__}; it is to yield Example or SetAside")
    origin = row.origin or Origin()
    if origin.builder is None:
        origin = msgspec.structs.replace(origin, builder=name)
    return _kept(Built(example=msgspec.structs.replace(row, origin=origin)), name)


def _kept(line: Built, name: str) -> Built:
    """The line, once it is seen to be read again as it is written: records are not checked when they are made."""
    try:
        from_json(to_json(line), Built)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
        row = line.example if line.example is not None else line.aside
        raise PluginError(f"dataset builder {name!r}: row {getattr(row, 'id', None)!r:.80} cannot be kept ({error})") from error
    return line


def _rows(run: Run, built: Iterable[BuiltRows]) -> Iterator[Built]:
    for made in built:
        yield from run.segments(made.stage).read(Built)
