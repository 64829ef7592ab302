"""What models said of the probed words, as rows: one for each occurrence, model and condition, in `probe.parquet`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from harness.errors import InputError
from harness.whole_files import replace_file
from harness_plugins.video.controls import KINDS
from harness_plugins.video.probe.table import Floats
from harness_plugins.video.probe.words import Occurrence

if TYPE_CHECKING:
    from harness_plugins.video.probe.measure import Said

NAME = "probe.parquet"
_KEYS = ("size", "seed", "trained", "shown")


class Asked(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Who was asked, and what was shown."""

    size: str
    seed: int
    trained: str
    shown: str


@dataclass(frozen=True)
class Answers:
    """`logprob`, `rank`, `correct`, `tokens` (N,) of the subject's occurrences in their order; nan where a text was cut."""

    logprob: Floats
    rank: Floats
    correct: Floats
    tokens: Floats


def answers_of(said: "Said") -> Answers:
    """What was measured, as kept."""
    return Answers(said.logprob, said.rank, said.correct, said.tokens.astype(np.float64))


def write_answers(path: Path, occurrences: Sequence[Occurrence], answers: dict[Asked, Answers]) -> None:
    """Writes the rows whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[object]] = {name: [] for name in (*_KEYS, *_COLUMNS, *_VALUES)}
    for asked, given in sorted(answers.items()):
        for place, one in enumerate(occurrences):
            for name in _KEYS:
                columns[name].append(getattr(asked, name))
            for name in _COLUMNS:
                columns[name].append(getattr(one, name))
            for name in _VALUES:
                value = float(getattr(given, name)[place])
                columns[name].append(None if np.isnan(value) else value)
    held = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=pa.schema([(name, _type(pa, name)) for name in columns])), held, compression="zstd")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, held.getvalue().to_pybytes())


def read_answers(
    paths: Iterable[Path], occurrences: Sequence[Occurrence], *, mend: str = "delete it and probe again"
) -> dict[Asked, Answers]:
    """The answers in files, for these occurrences. InputError where a file is damaged, or of other words; `mend`: what its
    reader is told to do about one that is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: dict[Asked, Answers] = {}
    wanted = [(one.example, one.start, one.end) for one in occurrences]
    for path in paths:
        try:
            table = pq.read_table(path.absolute())  # a relative name with a colon would be taken for an address
            columns = {name: table.column(name).to_pylist() for name in (*_KEYS, "example", "start", "end", *_VALUES)}
        except (pa.ArrowException, OSError, KeyError) as error:
            raise InputError(f"{path}: not the answers of a probe ({error}); {mend}") from error
        step = len(wanted)
        if not step or not table.num_rows or table.num_rows % step:
            raise InputError(f"{path}: {table.num_rows} answers to {step} questions; {mend}")
        for start in range(0, table.num_rows, step):
            part = {name: values[start : start + step] for name, values in columns.items()}
            if list(zip(part["example"], part["start"], part["end"], strict=True)) != wanted:
                raise InputError(f"{path}: answers to other questions than the config asks; delete it and probe again")
            try:
                asked, answers = _asked_of(part), _answers_of(part)
            except ValueError as error:
                raise InputError(f"{path}: damaged: {error} (rows {start + 1:,} to {start + step:,}); {mend}") from error
            if asked in found:
                raise InputError(f"{path}: a second time the answers of {_said(asked)}; {mend}")
            found[asked] = answers
    return found


def _asked_of(part: Mapping[str, Sequence[Any]]) -> Asked:
    """Who was asked; ValueError where rows do not agree on it, or say what cannot be."""
    keys = {name: part[name][0] for name in _KEYS}
    for name, key in keys.items():
        if any(other != key for other in part[name]):
            raise ValueError(f"{name} is {key!r:.40} and something else, too")
    try:
        asked = msgspec.convert(keys, Asked)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`", "")) from error
    for name, kind in (("trained", asked.trained), ("shown", asked.shown)):
        if kind not in KINDS:
            raise ValueError(f"{name} is one of {', '.join(KINDS)}, got {kind!r:.40}")
    return asked


def _answers_of(part: Mapping[str, Sequence[Any]]) -> Answers:
    """What was said; ValueError for what no model says. Only the number of tokens is never left out."""
    values: dict[str, Floats] = {}
    for name in _VALUES:
        try:
            values[name] = np.array(part[name], np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} holds what is no number") from error
    cut = np.isnan(values["logprob"])
    for name, (least, most) in _VALUES.items():
        held = values[name] if name == "tokens" else values[name][~cut]
        wrong = held[~(np.isfinite(held) & (held >= least) & (held <= most))]
        if len(wrong):
            raise ValueError(f"{name} is {wrong[0]:g}, and lies between {least:g} and {most:g}")
    return Answers(**values)


def _said(asked: Asked) -> str:
    return f"{asked.size}, {asked.trained}, seed {asked.seed}, shown {asked.shown}"


_COLUMNS = ("example", "cluster", "word", "text", "start", "end", "repeated")
_VALUES = {  # the least and the most that each can be
    "logprob": (-1e12, 1e-3),  # a log-probability is 0 at most, but for rounding
    "rank": (1.0, 1e12),
    "correct": (0.0, 1.0),
    "tokens": (-1.0, 1e12),  # -1: a word that the tokenizer does not know
}


def _type(pa: object, name: str) -> object:
    import pyarrow

    if name in _VALUES:
        return pyarrow.float64()
    if name in ("seed", "start", "end"):
        return pyarrow.int64()
    return pyarrow.bool_() if name == "repeated" else pyarrow.string()
