"""Trials of what yields records: dataset builders and judgment sources.

The checks: `protocol`, `fields`, `ids`, `order`, `repeat`, `process`, `info`, `languages`, `reads`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from harness.build.rows import SetAside
from harness.errors import HarnessError
from harness.judgments import read_judgments
from harness.protocols import BuilderSpec
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, digest, to_json
from harness.testing.trial import Findings, Trial, digest_elsewhere, told

ROWS = 500  # of a builder
RECORDS = 5_000  # of a judgment source
_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def try_builder(trial: Trial, limit: int = ROWS) -> Findings:
    """What is wrong with a builder, by its first `limit` rows."""
    found = Findings()
    builder = trial.built()
    rows = _taken(found, "examples()", builder.examples, limit, (Example, SetAside), "Example or SetAside")
    _reads(found, trial)
    if rows is None:
        return found
    asides = [row for row in rows if isinstance(row, SetAside)]
    examples = [row for row in rows if isinstance(row, Example)]
    found.tried = f"{len(examples)} examples and {len(asides)} rows set aside, the same each time"
    if len(rows) == limit:
        found.tried = f"the first {limit} rows: {found.tried}"
    if not rows:
        found.add("protocol", "examples() yields nothing: yield an Example a row, or raise an error that says what is missing")
        return found
    _unique(found, "row", [row.id for row in rows])
    for example in examples:
        if "/" not in example.id:
            found.add(
                "ids", f"the id {example.id!r} has no data set before a slash (dataset/name): other builders may use it too"
            )
            break
    for row in asides:
        if not _REASON.match(row.reason):
            found.add("fields", f"a row is set aside for the reason {row.reason!r}: reasons are counted, so write a short-code")
            break
    spec = trial.spec
    assert isinstance(spec, BuilderSpec)
    strange = sorted({one.language for one in examples} - set(spec.languages)) if spec.languages else []
    if strange:
        found.add("languages", f"an example's language is {strange[0]!r}, which the spec's languages {spec.languages} lack")
    _again(found, trial, "examples", builder, rows, limit)
    return found


def try_judgments(trial: Trial, limit: int = RECORDS) -> Findings:
    """What is wrong with a judgment source, by its first `limit` records."""
    found = Findings()
    source = trial.built()
    info = source.info
    if not isinstance(info, JudgmentInfo):
        found.add("info", f"its info is a {type(info).__name__}, not a JudgmentInfo")
        return found
    kinds = (Example, Output, Judgment, Preference)
    records = _taken(found, "read()", source.read, limit, kinds, "Example, Output, Judgment or Preference")
    _reads(found, trial)
    if records is None:
        return found
    counts = Counter(type(record).__name__ for record in records)
    names = {"Example": "examples", "Output": "outputs", "Judgment": "ratings", "Preference": "preferences"}
    listed = ", ".join(f"{counts[kind]} {name}" for kind, name in names.items() if counts[kind])
    found.tried = f"{'the first ' if len(records) == limit else ''}{listed}, the same each time"
    for check in (_in_order, _criteria):
        check(found, info, records)
    if len(records) < limit and not found.problems:
        try:
            read_judgments(source)
        except HarnessError as error:
            found.add("protocol", str(error))
    _again(found, trial, "read", source, records, limit)
    return found


def _taken(
    found: Findings, what: str, ask: Callable[[], Iterable[Any]], limit: int, kinds: tuple[type, ...], wanted: str
) -> list[Any] | None:
    """The records, or None where they cannot be looked at further: the plugin fails, or yields something else."""
    records: list[Any] = []
    try:
        for record in islice(ask(), limit):
            if type(record) not in kinds:
                found.add("protocol", f"{what} yields a {type(record).__name__} as number {len(records) + 1}, not {wanted}")
                return None
            records.append(record)
    except (KeyboardInterrupt, HarnessError):
        raise
    except BaseException as error:  # isolation: whatever a stranger's code raises, sys.exit() among it, is what is told here
        found.add("protocol", f"{what} fails after {len(records)} records: {told(error)}")
        return None
    for number, record in enumerate(records, 1):
        try:
            to_json(msgspec.convert(msgspec.to_builtins(record), type(record)))
        except (msgspec.ValidationError, TypeError, UnicodeEncodeError) as error:
            where = f"number {number} ({type(record).__name__} {_name(record)!r})"
            found.add("fields", f"{what}: {where} cannot be kept: {error}")
            return None
    return records


def _again(found: Findings, trial: Trial, method: str, built: Any, records: Sequence[Any], limit: int) -> None:
    """It says the same when it is asked again, also after it was stopped, built anew, and in another process."""
    begun = iter(getattr(built, method)())
    for _ in range(len(records) // 2):
        next(begun, None)
    del begun  # a run that was stopped
    for how, other in (("asked again after a stop", built), ("built a second time", trial.built())):
        message = _difference(records, list(islice(getattr(other, method)(), limit)))
        if message is not None:
            found.add("repeat", f"{how}, {message}: a run that was stopped asks again and passes over what it has")
            return
    if not trial.elsewhere:
        return
    try:
        there = digest_elsewhere(trial, method, limit)
    except RuntimeError as error:
        found.add("process", f"in a fresh process it fails: {error}")
        return
    if there is not None and there != digest(records):
        found.add("process", "a fresh process says something else: does it depend on `hash`, or on the order of a set?")


def _difference(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    for number, (one, other) in enumerate(zip(before, after, strict=False), 1):
        if one != other:
            changed = _name(one) if _name(one) != _name(other) else f"{_name(one)} with other fields"
            return f"number {number} is {_name(other)!r} where it was {changed!r}"
    return None if len(before) == len(after) else f"it yields {len(after)} records where it yielded {len(before)}"


def _name(record: Any) -> str:
    return str(getattr(record, "id", None) or getattr(record, "output_id", None) or getattr(record, "output_a", "?"))


def _unique(found: Findings, what: str, ids: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for number, id in enumerate(ids, 1):
        if first.setdefault(id, number) != number:
            found.add("ids", f"{what} {number} has the id {id!r} of {what} {first[id]}: an id says which one it is")
            return


def _in_order(found: Findings, info: JudgmentInfo, records: Sequence[Any]) -> None:
    """An output comes after its example, a judgment after its output."""
    examples: set[str] = set()
    outputs: set[str] = set()
    for number, record in enumerate(records, 1):
        if isinstance(record, Example):
            examples.add(record.id)
        elif isinstance(record, Output):
            outputs.add(record.id)
            if record.example_id not in examples:
                found.add("order", f"record {number}: output {record.id!r} comes before its example {record.example_id!r}")
                return
        else:
            pair = (record.output_id,) if isinstance(record, Judgment) else (record.output_a, record.output_b)
            for id in pair:
                if id not in outputs:
                    kind = "rating" if isinstance(record, Judgment) else "preference"
                    found.add("order", f"record {number}: a {kind} of {id!r} comes before that output, or there is none")
                    return
    _unique(found, "example", [record.id for record in records if isinstance(record, Example)])
    _unique(found, "output", [record.id for record in records if isinstance(record, Output)])


def _criteria(found: Findings, info: JudgmentInfo, records: Sequence[Any]) -> None:
    used = {record.criterion for record in records if isinstance(record, (Judgment, Preference))}
    unlisted = sorted(used - set(info.criteria)) if info.criteria else []
    if unlisted:
        found.add("info", f"people judged {unlisted[0]!r}, which info.criteria {list(info.criteria)} does not name")
    if not used and records:
        found.add("protocol", "read() yields nothing that people said: a Judgment for a rating, a Preference for a choice")


def _reads(found: Findings, trial: Trial) -> None:
    """What `reads` names are paths: a run is taken over unread as long as those files do not change."""
    if trial.spec.reads is None:
        return
    try:
        list(map(Path, trial.spec.reads(**trial.ref.params) or ()))
    except Exception as error:  # isolation: whatever a stranger's function raises
        found.add("reads", f"the spec's reads(**parameters) fails: {told(error)}; return paths, or None where that is not known")
