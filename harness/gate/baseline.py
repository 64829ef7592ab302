"""The baseline: what each metric said, how well it agreed with people and what it cost when someone last approved of it.

A file of JSON that a person can read in a diff: one pair a line, keys in a fixed order, every number as Python writes it back.
"""

import fcntl
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from harness.errors import InputError
from harness.whole_files import read_file, replace_file

FORMAT = 1
Value = float | str | None  # a score, else the status that says why there is none
Number = int | float | str | None  # of a statistic; or a word (a verdict)
_A_LINE = 8  # numbers of a long list in a line
_FIGURES = 4  # of an accuracy: value, low, high, number of pairs
_A_WORD = 40  # characters; longer texts have a line each


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class PairScores(_Record, frozen=True, kw_only=True):
    """A metric's word on a set of pairs: unit (ids of its outputs, joined by +) → one value a component, in their order.

    `digest` is that of the set: another set has other scores, and is no change of the metric. `statuses`: unit → status, where
    there is a score all the same (an empty answer that scores 0).
    """

    digest: str
    scores: dict[str, list[Value]]
    statuses: dict[str, str] = {}


class JudgedScores(_Record, frozen=True, kw_only=True):
    """The scores of a judged set, in the order of its units (sorted by the ids of their outputs).

    `values`: those of the main component, with a status where there is no score; `others`: the other components' by name.
    `accuracies`: criterion → calibrated pairwise accuracy (grouped by item), with its interval and number of pairs, for people
    who read the file; the gate computes both sides anew.
    """

    digest: str
    values: list[Value]
    others: dict[str, list[Value]] = {}
    accuracies: dict[str, list[float | int | None]] = {}


class Cost(_Record, frozen=True, kw_only=True):
    """What scoring a fixed sample cost: its CPU seconds over those of each job measured beside it, and peak memory in bytes
    beyond what the process held before (None where the system does not tell)."""

    ratios: dict[str, float]
    memory: int | None = None


class MetricBaseline(_Record, frozen=True, kw_only=True):
    """One metric, under the label that the config gives it: its signature, what it declares of itself, and what it says.

    `declared_cost`: cpu, gpu or paid, None where the baseline is older than that; `silent`: parameters of which another value
    leaves the signature as it is (where and how fast something is computed).
    """

    signature: str
    tolerance: float
    components: list[str | None]
    higher_is_better: bool = True
    unit: str = "output"
    needs: list[str] = []
    declared_cost: str | None = None
    silent: list[str] = []
    pairs: dict[str, PairScores] = {}
    judged: dict[str, JudgedScores] = {}
    cost: Cost | None = None


class StatisticsBaseline(_Record, frozen=True, kw_only=True):
    """What the statistics made of a run of a frozen case: row (the statistic and what it is of, joined by ` · `) → its numbers.

    `digest` is that of the case; `columns`: names of the numbers; those that are missing at the end of a row are left out.
    """

    digest: str
    columns: list[str] = []
    rows: dict[str, list[Number]]


class JudgeBaseline(_Record, frozen=True, kw_only=True):
    """What a metric that asks models made of recorded replies: unit → score; verdict (what it is about) → its value and
    expectation, the places of a ranking, or its status; statistic against people → value, low, high, p, epsilon, coverage, pairs.

    `digest` is that of the answers and replies: others make other scores, and are no change of the metric.
    """

    digest: str
    signature: str
    tolerance: float
    scores: dict[str, Value] = {}
    verdicts: dict[str, list[Value]] = {}
    agreement: dict[str, list[Value]] = {}


class Change(_Record, frozen=True, kw_only=True):
    """One update of the baseline: when, why, what moved, and with which versions of what the metrics rest on."""

    date: str
    reason: str
    changed: list[str]
    versions: dict[str, str]


class DriftLimits(_Record, frozen=True, kw_only=True):
    """How far a judge's live scores may lie from the recorded ones; `range` None: as shares of the recorded scores' own."""

    allowed: float
    too_much: float
    range: float | None = None


class Limits(_Record, frozen=True, kw_only=True):
    """What the config let pass when it was approved: `agreement` and `cost` as there, and the judged sets that may be absent.

    `drift`: by judge, what a live run lets pass. `resamples` and `seed` are None, and `drift` is empty, where the baseline is
    older than they are.
    """

    margin: float
    level: float
    inconclusive: str
    slower: float | None = None
    larger: float | None = None
    optional: list[str] = []
    resamples: int | None = None
    seed: int | None = None
    drift: dict[str, DriftLimits] = {}


class Baseline(_Record, frozen=True, kw_only=True):
    """Everything that the gate compares with; also what a measurement of the present code gives, then without history.

    `texts`: digest of a set → pair or answer → digest of its texts, so that of a set that grew the others are compared.
    """

    format: int = FORMAT
    history: list[Change] = []
    texts: dict[str, dict[str, str]] = {}
    metrics: dict[str, MetricBaseline] = {}
    statistics: dict[str, StatisticsBaseline] = {}
    judges: dict[str, JudgeBaseline] = {}
    limits: Limits | None = None  # None: the baseline is older than they are


def read_baseline(path: Path) -> Baseline:
    """The baseline in the file; InputError naming the file, and the line or the key, if it is none."""
    path = target(path)
    try:
        data = read_file(path)
    except FileNotFoundError as error:
        raise InputError(f"there is no baseline {path}; `harness gate update --reason TEXT` writes the first one") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        plain = json.loads(data, parse_float=_finite, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON ({error}); take the last good version back from version control") from error
    if isinstance(plain, dict) and isinstance(plain.get("format"), int) and plain["format"] > FORMAT:
        raise InputError(f"{path}: written by a newer version of the harness (format {plain['format']}, this one reads {FORMAT})")
    try:
        held = msgspec.convert(plain, Baseline)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {error}") from error
    for problem in _wrong_rows(held):
        raise InputError(f"{path}: {problem}; take the last good version back from version control")
    return held


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Writes the file whole; whoever reads it meanwhile sees the old one or the new one. A link stays one."""
    replace_file(target(path), told(baseline).encode())


def target(path: Path) -> Path:
    """The file that is meant, where the path is a symbolic link; InputError if that is not there."""
    if not path.is_symlink():
        return path
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise InputError(f"{path}: a link to {path.readlink()}, which is not there; put that back, or remove the link") from error


@contextmanager
def taking_turns(path: Path, wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Nobody else who updates the baseline is at it meanwhile: its folder is locked. `wait` is called where another one is first.

    Raises InputError where there is no such folder.
    """
    folder = target(path).parent
    try:
        held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}: {folder}") from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def told(baseline: Baseline) -> str:
    """The baseline as the text of its file."""
    return _value(msgspec.to_builtins(baseline), 0) + "\n"


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _no_number(text: str) -> NoReturn:
    """Refuses what compares equal to everything, or to nothing."""
    raise ValueError(f"{text} is no finite number")


def _wrong_rows(held: Baseline) -> Iterator[str]:
    """The rows that have not as many values as their columns ask for."""
    for label, metric in held.metrics.items():
        wanted = len(metric.components)
        for name, pairs in metric.pairs.items():
            for unit, row in pairs.scores.items():
                if len(row) != wanted:
                    keys = f"metrics → {label} → pairs → {name} → scores → {unit}"
                    yield f"{keys}: expected {wanted} values, one a component, got {len(row)}"
        for name, judged in metric.judged.items():
            for criterion, figures in judged.accuracies.items():
                if len(figures) != _FIGURES:
                    keys = f"metrics → {label} → judged → {name} → accuracies → {criterion}"
                    yield f"{keys}: expected value, low, high and number of pairs, got {len(figures)} values"
    for name, statistics in held.statistics.items():
        for unit, numbers in statistics.rows.items():
            if not 0 < len(numbers) <= max(1, len(statistics.columns)):
                yield f"statistics → {name} → rows → {unit}: expected 1 to {len(statistics.columns)} values, got {len(numbers)}"
    for label, judge in held.judges.items():
        for field, rows in (("verdicts", judge.verdicts), ("agreement", judge.agreement)):
            for unit, values in rows.items():
                if not values:
                    yield f"judges → {label} → {field} → {unit}: expected values, got none"


def _value(value: Any, depth: int) -> str:
    inner = " " * (depth + 1)
    if isinstance(value, Mapping) and value:
        lines = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {_value(held, depth + 1)}" for key, held in value.items()]
        return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        if any(isinstance(one, (Mapping, list)) for one in value):
            return "[\n" + ",\n".join(inner + _value(one, depth + 1) for one in value) + "\n" + " " * depth + "]"
        words = [json.dumps(one, ensure_ascii=False) for one in value]
        if len(words) <= 2 * _A_LINE and max(map(len, words)) <= _A_WORD:  # a row is a line
            return f"[{', '.join(words)}]"
        if max(map(len, words)) > _A_WORD:
            return "[\n" + ",\n".join(inner + word for word in words) + "\n" + " " * depth + "]"
        lines = [", ".join(words[start : start + _A_LINE]) for start in range(0, len(words), _A_LINE)]
        return "[\n" + ",\n".join(inner + line for line in lines) + "\n" + " " * depth + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
