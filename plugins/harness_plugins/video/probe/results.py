"""What models said of the probed words, as rows: one for each occurrence, model and condition, in `probe.parquet`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from harness.errors import InputError
from harness.whole_files import replace_file
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


def read_answers(paths: Iterable[Path], occurrences: Sequence[Occurrence]) -> dict[Asked, Answers]:
    """The answers in files, for these occurrences. InputError where a file is damaged, or of other words."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: dict[Asked, Answers] = {}
    wanted = [(one.example, one.start, one.end) for one in occurrences]
    for path in paths:
        try:
            table = pq.read_table(path)
            columns = {name: table.column(name).to_pylist() for name in (*_KEYS, "example", "start", "end", *_VALUES)}
        except (pa.ArrowException, OSError, KeyError) as error:
            raise InputError(f"{path}: not the answers of a probe ({error}); delete it and probe again") from error
        step = len(wanted)
        if not step or table.num_rows % step:
            raise InputError(f"{path}: {table.num_rows} answers to {step} questions; delete it and probe again")
        for start in range(0, table.num_rows, step):
            part = {name: values[start : start + step] for name, values in columns.items()}
            if list(zip(part["example"], part["start"], part["end"], strict=True)) != wanted:
                raise InputError(f"{path}: answers to other questions than the config asks; delete it and probe again")
            asked = Asked(**{name: part[name][0] for name in _KEYS})
            found[asked] = Answers(*(np.array(part[name], np.float64) for name in _VALUES))
    return found


_COLUMNS = ("example", "cluster", "word", "text", "start", "end", "repeated")
_VALUES = ("logprob", "rank", "correct", "tokens")


def _type(pa: object, name: str) -> object:
    import pyarrow

    if name in _VALUES:
        return pyarrow.float64()
    if name in ("seed", "start", "end"):
        return pyarrow.int64()
    return pyarrow.bool_() if name == "repeated" else pyarrow.string()
