"""Finished tables: records as Parquet, byte-identical for the same records, and back again bit for bit.

A field that is text, a whole number, a real number or a truth value is a column of that type; a tuple of texts is a list column;
a field that holds a number or a text (`Judgment.value`) is two columns, `value` and `value_text`; what is nested is JSON text.
"""

import heapq
import json
import os
import shutil
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from numbers import Integral, Real
from operator import attrgetter, is_, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import msgspec

from harness.errors import InputError
from harness.records import RecordT
from harness.whole_files import sync_folder

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 20_000
_MOST = 2**30  # bytes of one object that stands in every row of a group
SORTED_IN_MEMORY = 100_000
PARQUET_OPTIONS: dict[str, Any] = {
    "version": "2.6",
    "compression": "zstd",
    "compression_level": 3,
    "use_dictionary": True,
    "write_statistics": True,
    "store_schema": False,
}

Key = Callable[[Any], Any]


def write_table(path: Path, records: Iterable[RecordT], record_type: type[RecordT], *, key: Key | None = None) -> int:
    """Writes the records, sorted by `key` (stable) if one is given, beside `path` and then renames; returns the number of rows.

    Works in bounded memory: records pass in row groups, and more than `SORTED_IN_MEMORY` of them are sorted by merging
    files that lie beside the table meanwhile. Raises InputError naming the table, the row and the field that cannot be stored.
    """
    import pyarrow as pa

    path = Path(path)
    columns, schema = _columns(record_type), table_schema(record_type)
    scratch = path.with_name(path.name + ".merge")

    def groups() -> Iterator[pa.Table]:
        ordered = iter(records) if key is None else _sorted(records, record_type, key, scratch)
        first = 0
        while group := list(islice(ordered, ROW_GROUP)):
            arrays = [array for column in columns for array in column.to_arrow(group, f"{path.name}, row", first)]
            yield pa.Table.from_arrays(arrays, schema=schema)
            first += len(group)

    try:
        return write_groups(path, schema, groups())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_groups(path: Path, schema: "pa.Schema", groups: "Iterable[pa.Table]") -> int:
    """Writes Arrow tables of ROW_GROUP rows each (the last may be shorter) beside `path` and renames; returns the number of rows.

    The same rows make the same bytes, whether they come from records or from arrays.
    """
    import pyarrow.parquet as pq

    beside = path.with_name(path.name + ".tmp")
    rows = 0
    try:
        with beside.open("wb") as file:
            with pq.ParquetWriter(file, schema, **PARQUET_OPTIONS) as writer:
                for group in groups:
                    writer.write_table(group, row_group_size=ROW_GROUP)
                    rows += group.num_rows
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)
    return rows


def table_schema(record_type: type[Any]) -> "pa.Schema":
    """The columns of the record's table."""
    import pyarrow as pa

    return pa.schema([field for column in _columns(record_type) for field in column.arrow_fields()])


def read_table(path: Path, record_type: type[RecordT]) -> Iterator[RecordT]:
    """The table's records in the file's order, validated; raises InputError if it is missing, damaged or of other columns."""
    path = Path(path)
    return _records(path, _open_as(path, record_type), _columns(record_type), record_type)


def arrow_batches(path: Path, record_type: type[Any]) -> "Iterator[pa.RecordBatch]":
    """The table in Arrow batches of up to ROW_GROUP rows, in order; InputError if it is missing, damaged or of other columns."""
    path = Path(path)
    file, wanted = _open_as(path, record_type), table_schema(record_type)
    for field in wanted:
        if not file.schema_arrow.field(field.name).type.equals(field.type):
            raise InputError(f"{path}: its column {field.name!r} is not of the type {field.type}; delete it and run again")
    return _batches(path, file)


def arrow_table(path: Path) -> "pa.Table":
    """The whole table as a pyarrow Table; raises InputError if the file is missing or damaged."""
    return _open(Path(path)).read()


def _open_as(path: Path, record_type: type[Any]) -> Any:
    """The open file, once its columns are seen to be those of the record's table."""
    file = _open(path)
    expected = table_schema(record_type).names
    if file.schema_arrow.names != expected:
        raise InputError(
            f"{path}: it holds the columns {', '.join(file.schema_arrow.names)}; a table of {record_type.__name__} has "
            f"{', '.join(expected)}. It was written by another version: run again to write it anew"
        )
    return file


def _open(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise InputError(f"there is no table {path}")
    try:
        return pq.ParquetFile(path.absolute())  # a relative name with a colon would be taken for an address
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable Parquet file ({error}); delete it and run again") from error


def _records(path: Path, file: Any, columns: "Sequence[_Column]", record_type: type[RecordT]) -> Iterator[RecordT]:
    names = [column.name for column in columns]
    row = 0
    for batch in _batches(path, file):
        for values in zip(*_values(path, batch, columns, row), strict=True):
            row += 1
            try:
                yield msgspec.convert(dict(zip(names, values, strict=True)), record_type)
            except msgspec.ValidationError as error:
                raise InputError(f"{path}, row {row}: {error}; delete the file and run again") from error


def _values(path: Path, batch: Any, columns: "Sequence[_Column]", row: int) -> list[list[Any]]:
    try:
        table = {name: batch.column(name).to_pylist() for name in batch.schema.names}
        return [column.from_arrow(table) for column in columns]
    except (ValueError, TypeError, RecursionError) as error:  # flipped bytes: text that is no UTF-8, JSON that is none
        raise InputError(f"{path}, after row {row}: damaged ({error}); delete it and run again") from error


def _batches(path: Path, file: Any) -> Iterator[Any]:
    import pyarrow as pa

    try:
        yield from file.iter_batches(batch_size=ROW_GROUP)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: damaged ({error}); delete it and run again") from error


@dataclass(frozen=True)
class _Column:
    """How one field of a record lies in a table."""

    name: str
    kind: Literal["text", "int", "float", "bool", "texts", "number-or-text", "json"]
    optional: bool
    choices: frozenset[str] | None = None

    def arrow_fields(self) -> "list[pa.Field]":
        import pyarrow as pa

        if self.kind == "number-or-text":
            return [pa.field(self.name, pa.float64()), pa.field(f"{self.name}_text", pa.string())]
        arrow = {
            "text": pa.string(),
            "int": pa.int64(),
            "float": pa.float64(),
            "bool": pa.bool_(),
            "texts": pa.list_(pa.field("element", pa.string())),
            "json": pa.string(),
        }
        return [pa.field(self.name, arrow[self.kind])]

    def to_arrow(self, records: Sequence[Any], where: str, first: int) -> "list[pa.Array]":
        import pyarrow as pa

        from harness.arrow_arrays import make_array, repeated

        values: Sequence[Any] = list(map(attrgetter(self.name), records))
        if len(values) > 1 and all(map(partial(is_, values[0]), values)):  # one object all along, as a metric's name is
            arrays = self.to_arrow(records[:1], where, first)
            if all(array.nbytes * len(values) < _MOST for array in arrays):
                return [repeated(array, len(values)) for array in arrays]
        self._check(values, where, first)
        try:
            if self.kind == "json":
                values = _to_jsons(values)
            if self.kind == "number-or-text":
                parts = ([None if isinstance(v, str) else v for v in values], [v if isinstance(v, str) else None for v in values])
            else:
                parts = (values,)  # type: ignore[assignment]
            return [make_array(part, field.type) for part, field in zip(parts, self.arrow_fields(), strict=True)]
        except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError) as error:
            raise InputError(f"{where}s {first + 1} to {first + len(records)}, field {self.name!r}: {error}") from error

    def from_arrow(self, table: dict[str, list[Any]]) -> list[Any]:
        values = table[self.name]
        if self.kind == "number-or-text":
            return [value if text is None else text for value, text in zip(values, table[f"{self.name}_text"], strict=True)]
        if self.kind == "json":
            return [None if value is None else {} if value == "{}" else json.loads(value) for value in values]
        return values

    def _check(self, values: Sequence[Any], where: str, first: int) -> None:
        """pyarrow cuts 1.5 to 1 in a column of whole numbers and takes bytes for text, so types are checked first."""
        if self._all_fit(values):
            return
        for row, value in enumerate(values, first + 1):
            if not self._all_fit([value]):
                raise InputError(f"{where} {row}, field {self.name!r}: {value!r:.80} is not {self._expected()}")

    def _all_fit(self, values: Sequence[Any]) -> bool:
        if not all(map(self._fits, set(map(type, values)))):
            return False
        if self.kind == "texts":
            return all(issubclass(kind, str) for kind in set(map(type, chain.from_iterable(filter(None, values)))))
        return self.choices is None or self.choices.issuperset(set(values) - {None})

    def _fits(self, kind: type) -> bool:
        if kind is type(None):
            return self.optional
        if self.kind == "text":
            return issubclass(kind, str)
        if self.kind == "bool":
            return kind is bool
        if self.kind == "int":
            return issubclass(kind, Integral) and kind is not bool
        if self.kind == "float":
            return issubclass(kind, Real) and kind is not bool
        if self.kind == "number-or-text":
            return issubclass(kind, str) or (issubclass(kind, Real) and kind is not bool)
        if self.kind == "texts":
            return issubclass(kind, (tuple, list))
        return True

    def _expected(self) -> str:
        words = {
            "text": "text",
            "int": "a whole number",
            "float": "a number",
            "bool": "true or false",
            "texts": "a list of texts",
            "number-or-text": "a number or a text",
            "json": "a value",
        }
        word = words[self.kind] if self.choices is None else f"one of {', '.join(sorted(self.choices))}"
        return word + (" or None" if self.optional else "")


def _columns(record_type: type[msgspec.Struct]) -> list[_Column]:
    return [_column(field.name, field.type) for field in msgspec.structs.fields(record_type)]


def _column(name: str, annotation: Any) -> _Column:
    union = get_origin(annotation) in (Union, types.UnionType)
    members = [member for member in get_args(annotation) if member is not type(None)] if union else [annotation]
    optional = union and type(None) in get_args(annotation)
    if len(members) == 1:
        member = members[0]
        scalars: dict[Any, Any] = {str: "text", int: "int", float: "float", bool: "bool", tuple[str, ...]: "texts"}
        if member in scalars:
            return _Column(name, scalars[member], optional)
        if get_origin(member) is Literal and all(isinstance(choice, str) for choice in get_args(member)):
            return _Column(name, "text", optional, frozenset(get_args(member)))
    elif set(members) == {float, str}:
        return _Column(name, "number-or-text", optional)
    return _Column(name, "json", optional)


def _to_jsons(values: Sequence[Any]) -> list[str | None]:
    """Each value as JSON; those that are the same object as one before, and empty mappings, are written once."""
    known: dict[int, str | None] = {id(None): None}
    texts = []
    for value in values:
        text = known.get(id(value), "")
        if text == "":
            text = "{}" if value == {} else _to_json(value)
            known[id(value)] = text
        texts.append(text)
    return texts


def _to_json(value: Any) -> str:
    """JSON with sorted keys, in which NaN and the infinities keep their values (msgspec would write them as null)."""
    return json.dumps(msgspec.to_builtins(value, order="sorted"), ensure_ascii=False, separators=(",", ":"))


def _sorted(records: Iterable[RecordT], record_type: type[RecordT], key: Key, scratch: Path) -> Iterator[RecordT]:
    if isinstance(records, Sequence):  # it is in memory already: pieces of it on disk would save nothing
        yield from sorted(records, key=key)
        return
    source = iter(records)
    chunk = sorted(islice(source, SORTED_IN_MEMORY), key=key)
    if len(chunk) < SORTED_IN_MEMORY:
        yield from chunk
        return
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    files: list[Path] = []
    while chunk:
        files.append(scratch / f"{len(files):06d}")
        with files[-1].open("wb") as file:
            for record in chunk:
                data = msgspec.msgpack.encode(record)
                file.write(len(data).to_bytes(8, "little") + data)
        chunk = sorted(islice(source, SORTED_IN_MEMORY), key=key)
    keyed = [_spilled(file, record_type, key) for file in files]
    for _, record in heapq.merge(*keyed, key=itemgetter(0)):
        yield record


def _spilled(path: Path, record_type: type[RecordT], key: Key) -> Iterator[tuple[Any, RecordT]]:
    decoder = msgspec.msgpack.Decoder(record_type)
    with path.open("rb") as file:
        while size := file.read(8):
            record = decoder.decode(file.read(int.from_bytes(size, "little")))
            yield key(record), record
