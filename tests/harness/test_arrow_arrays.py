"""Arrays made without pandas are those that pyarrow makes, buffers' padding aside."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import arrow_arrays

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
LISTS = st.lists(TEXT, max_size=3)
KINDS = {
    "text": (pa.string(), TEXT),
    "int": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "float": (pa.float64(), st.floats()),
    "bool": (pa.bool_(), st.booleans()),
    "texts": (pa.list_(pa.field("element", pa.string())), LISTS | LISTS.map(tuple)),
}


def same(one, other):
    """Whether two arrays hold the same, NaN being NaN."""
    one.validate(full=True)
    if pa.types.is_floating(one.type):
        return one.null_count == other.null_count and repr(one.to_pylist()) == repr(other.to_pylist())
    return one.equals(other) and one.type == other.type and one.null_count == other.null_count


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_the_array_is_pyarrows(name, data):
    kind, values = KINDS[name]
    some = data.draw(st.lists(values | st.none(), max_size=20) | st.lists(values, max_size=20))
    made = arrow_arrays._made(some, kind)
    assert made is not None
    assert same(made, pa.array(some, kind))


@pytest.mark.parametrize(
    ("some", "kind"),
    [
        ([1, 2.5], pa.float64()),
        ([np.int64(1)], pa.int64()),
        ([np.float32(0.1)], pa.float64()),
        ([True], pa.int64()),
        ([b"a"], pa.string()),
        ([{"a"}], pa.list_(pa.string())),
        (["2"], pa.date32()),
    ],
)
def test_what_is_not_plainly_of_the_type_is_left_to_pyarrow(some, kind):
    assert arrow_arrays._made(some, kind) is None


@pytest.mark.parametrize(
    ("some", "kind"), [([2**63], pa.int64()), (["\ud800"], pa.string()), ([["\ud800"]], pa.list_(pa.string()))]
)
def test_what_no_array_holds_is_told_of(some, kind):
    for make in (arrow_arrays._made, pa.array):
        with pytest.raises((OverflowError, UnicodeEncodeError, pa.ArrowException)):
            make(some, kind)


def test_texts_of_more_than_an_array_holds_are_left_to_pyarrow(monkeypatch):
    monkeypatch.setattr(arrow_arrays, "_MOST", 5)
    assert arrow_arrays._made(["abc", "def"], pa.string()) is None
    assert arrow_arrays._made([["a"] * 6], pa.list_(pa.string())) is None
    assert arrow_arrays._made([["abc", "def"]], pa.list_(pa.string())) is None


@pytest.mark.parametrize("kind", [pa.string(), pa.float64(), pa.int64(), pa.bool_(), pa.list_(pa.field("element", pa.string()))])
@pytest.mark.parametrize("times", [1, 2, 9])
def test_one_element_many_times_is_what_pyarrow_makes_of_so_many(kind, times):
    for one in (None, {"string": "ö", "double": 0.5, "int64": 3, "bool": True}.get(str(kind), ["a", "ö"])):
        wanted = pa.array([one] * times, kind)
        found = arrow_arrays.repeated(arrow_arrays.make_array([one], kind), times)
        found.validate(full=True)
        assert found.equals(wanted)
        assert found.type == wanted.type
        assert found.null_count == wanted.null_count


@given(st.lists(st.floats(allow_nan=False) | st.none(), max_size=20))
def test_numbers_of_numpy_with_those_that_are_missing(some):
    values, missing = np.array([0.0 if one is None else one for one in some]), np.array([one is None for one in some], dtype=bool)
    assert same(arrow_arrays.of_numbers(values, missing), pa.array(some, pa.float64()))
    assert same(arrow_arrays.of_numbers(values[::2].astype(np.float64)), pa.array(values[::2]))


def test_numbers_keep_their_type():
    for dtype in (np.int8, np.int32, np.int64, np.float64):
        made = arrow_arrays.of_numbers(np.array([1, 2, 3], dtype=dtype))
        assert made.type == pa.from_numpy_dtype(dtype)
        assert made.to_pylist() == [1, 2, 3]


@given(st.lists(st.floats() | st.none(), max_size=30), st.integers(0, 9), st.integers(0, 30))
def test_numbers_of_an_array_are_those_that_pyarrow_gives(some, first, count):
    part = pa.array(some, pa.float64()).slice(first, count)
    np.testing.assert_array_equal(arrow_arrays.to_numbers(part), part.to_numpy(zero_copy_only=False))
    whole = pa.array([0 if one is None or one != one else int(np.clip(one, -100, 100)) for one in some], pa.int8()).slice(first)
    np.testing.assert_array_equal(arrow_arrays.to_numbers(whole), whole.to_numpy())
    assert arrow_arrays.to_numbers(whole).dtype == np.int8


@pytest.mark.parametrize("array", [pa.array(["a"]), pa.array([True]), pa.array([1, None])])
def test_what_is_no_array_of_numbers_is_told_of(array):
    with pytest.raises(TypeError, match="not one of numbers"):
        arrow_arrays.to_numbers(array)


def test_tables_are_written_and_read_without_pandas(tmp_path):
    pytest.importorskip("pandas")
    code = f"""
import sys
from pathlib import Path
from harness.records import Output
from harness.records import Score
from harness.score_files import read_scores, write_scores
from harness.score_table import ScoreTable
from harness.store import read_table
from harness.tables import write_table
scores = ScoreTable.of(Score(targets=(f"o{{n}}",), metric="m", component="c", value=None if n % 5 else .5,
    status="empty" if n % 5 else "ok", detail="å" if n % 5 else None) for n in range(50))
write_scores(Path({str(tmp_path)!r}) / "scores.parquet", scores)
assert read_scores(Path({str(tmp_path)!r}) / "scores.parquet") == scores
records = [Output(id=f"o{{n}}", example_id="e", system="s", text=None if n % 3 else "å") for n in range(50)]
write_table(Path({str(tmp_path)!r}) / "outputs.parquet", records, Output)
assert list(read_table(Path({str(tmp_path)!r}) / "outputs.parquet", Output)) == records
print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
