"""The table `scores` written from arrays and read into arrays: the same bytes as Scores one by one would make."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import tables
from harness.arrow_arrays import make_array, of_numbers, to_numbers
from harness.errors import InputError
from harness.records import Score
from harness.score_table import STATUSES, Block, Codes, Floats, Ints, ScoreTable, Targets

if TYPE_CHECKING:
    import pyarrow as pa


def write_scores(path: Path, scores: ScoreTable) -> int:
    """Writes the table in its order; returns the number of rows. Byte-identical to `harness.tables.write_table`."""
    import pyarrow as pa

    schema = tables.table_schema(Score)

    def groups() -> "Iterator[pa.Table]":
        for pieces in _row_groups(scores, tables.ROW_GROUP):
            parts = [_arrays(block, start, stop, schema) for block, start, stop in pieces]
            yield pa.Table.from_arrays([pa.concat_arrays(column) for column in zip(*parts, strict=True)], schema=schema)

    return tables.write_groups(path, schema, groups())


def read_scores(path: Path) -> ScoreTable:
    """The table as arrays; raises InputError if it is missing, damaged or of other columns."""
    held: list[_Held] = []
    names: set[tuple[str, str | None]] = set()
    known: list[tuple[Any, Targets]] = []
    for batch in tables.arrow_batches(path, Score):
        for metric, component, piece in _by_column(path, batch):
            if not held or held[-1].name != (metric, component):
                if (metric, component) in names:  # not in table order, so this version did not write it
                    return ScoreTable.of(tables.read_table(path, Score))
                names.add((metric, component))
                if held:
                    held[-1].close(known)
                held.append(_Held(metric, component))
            held[-1].add(path, piece)
    if held:
        held[-1].close(known)
    return ScoreTable(one.block() for one in held)


class _Held:
    """What has been read of one component of one metric."""

    def __init__(self, metric: str, component: str | None) -> None:
        self.name = (metric, component)
        self._targets: list[Any] = []
        self._values: list[Floats] = []
        self._status: list[Codes] = []
        self._details: dict[int, str] = {}
        self._rows = 0
        self._units: Targets | None = None

    def add(self, path: Path, piece: "pa.RecordBatch") -> None:
        """Rows of one batch."""
        import pyarrow.compute as pc

        self._targets.append(piece.column("targets"))
        self._values.append(to_numbers(piece.column("value")))
        codes = pc.index_in(piece.column("status"), value_set=_statuses())
        if codes.null_count:
            raise InputError(f"{path}: it holds a status that this version does not know; delete the file and run again")
        self._status.append(to_numbers(codes).astype(np.int8))
        detail = piece.column("detail")
        if detail.null_count < len(detail):
            for row in pc.indices_nonzero(detail.is_valid()).to_pylist():
                self._details[self._rows + row] = detail[row].as_py()
        self._rows += len(piece)

    def close(self, known: list[tuple[Any, Targets]]) -> None:
        """All rows are there: units that are those of another component are shared with it."""
        import pyarrow as pa

        arrow = pa.chunked_array(self._targets)
        self._targets = []
        for other, units in known:
            if other.equals(arrow):
                self._units = units
                return
        lists = arrow.combine_chunks()
        lengths = to_numbers(lists.value_lengths())
        ends: Ints | None = None if bool((lengths == 1).all()) else np.cumsum(lengths, dtype=np.int64)
        self._units = Targets(lists.flatten().to_pylist(), ends)
        known.append((arrow, self._units))

    def block(self) -> Block:
        assert self._units is not None  # closed
        values, status = np.concatenate(self._values), np.concatenate(self._status)
        return Block(*self.name, self._units, np.asarray(values, dtype=np.float64), status, self._details)


def _row_groups(scores: ScoreTable, size: int) -> Iterator[list[tuple[Block, int, int]]]:
    """The rows of each row group, as stretches (block, start, stop)."""
    group: list[tuple[Block, int, int]] = []
    left = size
    for block in scores.blocks:
        start = 0
        while start < len(block):
            stop = min(len(block), start + left)
            group.append((block, start, stop))
            left -= stop - start
            start = stop
            if not left:
                yield group
                group, left = [], size
    if group:
        yield group


def _arrays(block: Block, start: int, stop: int, schema: "pa.Schema") -> "list[pa.Array]":
    """The columns of some rows of a block."""
    import pyarrow as pa

    n, text = stop - start, pa.string()
    ends = block.targets.ends
    first, last = (start, stop) if ends is None else (int(ends[start - 1]) if start else 0, int(ends[stop - 1]))
    offsets = np.arange(n + 1) if ends is None else np.concatenate([[0], ends[start:stop] - first])
    ids = make_array(block.targets.ids[first:last], text)
    values = block.values[start:stop]
    details = [block.details.get(row) for row in range(start, stop)] if block.details else [None] * n
    columns = {
        "targets": pa.ListArray.from_arrays(of_numbers(offsets.astype(np.int32)), ids).cast(schema.field("targets").type),
        "metric": pa.repeat(make_array([block.metric], text)[0], n),
        "component": pa.nulls(n, text) if block.component is None else pa.repeat(make_array([block.component], text)[0], n),
        "value": of_numbers(values, np.isnan(values)),
        "status": _statuses().take(of_numbers(block.status[start:stop])),
        "detail": make_array(details, text),
    }
    return [columns[name] for name in schema.names]


def _by_column(path: Path, batch: "pa.RecordBatch") -> "Iterator[tuple[str, str | None, pa.RecordBatch]]":
    """The batch in stretches of one metric and component."""
    for name in ("targets", "metric", "status"):
        if batch.column(name).null_count:
            raise InputError(f"{path}: a row has no {name}; delete the file and run again")
    metric, component = (batch.column(name).dictionary_encode() for name in ("metric", "component"))
    none = of_numbers(np.array([-1], dtype=np.int32))[0]
    codes = [to_numbers(column.indices.fill_null(none)) for column in (metric, component)]
    change = np.flatnonzero((np.diff(codes[0]) != 0) | (np.diff(codes[1]) != 0)) + 1
    edges = [0, *change.tolist(), len(batch)]
    for start, stop in pairwise(edges):
        if stop > start:
            yield metric[start].as_py(), component[start].as_py(), batch.slice(start, stop - start)


def _statuses() -> "pa.Array":
    import pyarrow as pa

    return make_array(STATUSES, pa.string())
