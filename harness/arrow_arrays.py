"""Arrow arrays of Python's values, as `pyarrow.array` makes them, which first loads pandas where that is installed: half a second
that a command has no other use for."""

import sys
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

_MOST = 2**31 - 1  # bytes, or elements, of an array with offsets of 32 bits


def make_array(values: Sequence[Any], kind: "pa.DataType") -> "pa.Array":
    """`pyarrow.array(values, kind)`, nulls where there is None.

    Raises what it raises: pyarrow.ArrowException, UnicodeEncodeError, OverflowError or TypeError for what cannot be held.
    """
    import pyarrow as pa

    if "pandas" not in sys.modules:
        made = _made(values, kind)
        if made is not None:
            return made
    return pa.array(values, kind)


def repeated(array: "pa.Array", times: int) -> "pa.Array":
    """The one element of an array so many times, or so many nulls."""
    import pyarrow as pa

    return array.take(pa.Array.from_buffers(pa.int64(), times, [None, pa.py_buffer(bytes(8 * times))]))


def of_numbers(values: NDArray, missing: NDArray[np.bool_] | None = None) -> "pa.Array":
    """The array of a NumPy array of numbers, null where they are `missing`. Shape (N,)."""
    import pyarrow as pa

    dense = np.ascontiguousarray(values)
    there = None if missing is None or not missing.any() else _bits(~missing)
    return pa.Array.from_buffers(pa.from_numpy_dtype(dense.dtype), len(dense), [there, pa.py_buffer(dense)])


def to_numbers(array: "pa.Array") -> NDArray:
    """The numbers of an array of them, shape (N,); a null is nan, among floats only. What it returns is not to be written to.

    Raises TypeError for an array of anything else, or of whole numbers with nulls.
    """
    import pyarrow as pa

    kind = array.type
    letter = "f" if pa.types.is_floating(kind) else "i" if pa.types.is_signed_integer(kind) else "u"
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)) or (array.null_count and letter != "f"):
        raise TypeError(f"an array of {kind} with {array.null_count} nulls is not one of numbers")
    there, data = array.buffers()
    if not len(array):
        return np.zeros(0, dtype=f"{letter}{kind.bit_width // 8}")
    rows = slice(array.offset, array.offset + len(array))
    values = np.frombuffer(data, dtype=f"{letter}{kind.bit_width // 8}")[rows]
    if not array.null_count:
        return values
    return np.where(np.unpackbits(np.frombuffer(there, dtype=np.uint8), bitorder="little")[rows], values, np.nan)


def _made(values: Sequence[Any], kind: "pa.DataType") -> "pa.Array | None":
    """The array; None for values or types that are left to pyarrow."""
    import pyarrow as pa

    types = set(map(type, values))
    there = None
    if type(None) in types:
        there = _bits(np.fromiter([value is not None for value in values], dtype=bool, count=len(values)))
        types.discard(type(None))
    nulls = there is not None
    if kind == pa.string() and types <= {str}:
        return _texts([value or "" for value in values] if nulls else values, there)
    if kind == pa.float64() and types <= {float}:
        return _numbers([0.0 if value is None else value for value in values] if nulls else values, kind, np.float64, there)
    if kind == pa.int64() and types <= {int}:
        return _numbers([value or 0 for value in values] if nulls else values, kind, np.int64, there)
    if kind == pa.bool_() and types <= {bool}:
        flags = np.fromiter([bool(value) for value in values], dtype=bool, count=len(values))
        return pa.Array.from_buffers(kind, len(values), [there, _bits(flags)])
    if pa.types.is_list(kind) and kind.value_type == pa.string() and types <= {tuple, list}:
        return _lists(values, kind, there)
    return None


def _numbers(values: Sequence[Any], kind: "pa.DataType", dtype: type, there: Any) -> "pa.Array":
    import pyarrow as pa

    dense: NDArray[Any] = np.fromiter(values, dtype=dtype, count=len(values))  # OverflowError for what 64 bits do not hold
    return pa.Array.from_buffers(kind, len(dense), [there, pa.py_buffer(dense)])


def _texts(texts: Sequence[str], there: Any) -> "pa.Array | None":
    import pyarrow as pa

    parts = [text.encode() for text in texts]  # each by itself: joined, one wide letter would make all of them wide
    data = b"".join(parts)
    lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    offsets = _offsets(lengths)
    return None if offsets is None else pa.Array.from_buffers(pa.string(), len(texts), [there, offsets, pa.py_buffer(data)])


def _lists(values: Sequence[Any], kind: "pa.DataType", there: Any) -> "pa.Array | None":
    import pyarrow as pa

    offsets = _offsets(np.fromiter([len(value) if value else 0 for value in values], dtype=np.int64, count=len(values)))
    inner = _made(list(chain.from_iterable(value for value in values if value)), kind.value_type)
    if offsets is None or inner is None:
        return None
    return pa.Array.from_buffers(kind, len(values), [there, offsets], children=[inner])


def _offsets(lengths: NDArray[np.int64]) -> "pa.Buffer | None":
    import pyarrow as pa

    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return pa.py_buffer(offsets.astype(np.int32)) if offsets[-1] <= _MOST else None


def _bits(flags: NDArray[np.bool_]) -> "pa.Buffer":
    import pyarrow as pa

    return pa.py_buffer(np.packbits(flags, bitorder="little"))
