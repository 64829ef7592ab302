"""Tables hold records bit for bit, in key order, and are the same bytes for the same records."""

import math
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import tables
from harness.errors import InputError
from harness.records import (
    ChoiceLoglik,
    Example,
    Judgment,
    MediaPart,
    Message,
    MetaRow,
    Origin,
    Output,
    Preference,
    Scale,
    Score,
    Span,
    TextPart,
)
from harness.tables import arrow_table, read_table, write_table

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
maybe = st.none() | text
number = st.floats()
nested = st.floats(allow_nan=False) | st.just(math.nan)  # JSON text keeps every float, but of NaN only that it is one
count = st.none() | st.integers(0, 2**62)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | nested | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
meta = st.dictionaries(text, plain, max_size=2)
parts = st.builds(TextPart, text=text) | st.builds(
    MediaPart, media=st.just("video"), uri=text, sha256=maybe, start=st.none() | nested, end=st.none() | nested
)
messages = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), parts=st.lists(parts, max_size=2).map(tuple)),
    max_size=2,
)
texts = st.lists(text, max_size=3).map(tuple)
scales = st.builds(
    Scale, low=st.floats(-9, 0), high=st.floats(1, 9) | st.just(float("inf")), direction=st.sampled_from(["up", "down"])
)
spans = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda ends: Span(start=min(ends), end=max(ends)))
logliks = st.lists(st.builds(ChoiceLoglik, sum=nested, tokens=st.integers(0, 9), characters=st.integers(0, 9)), max_size=3).map(
    tuple
)

RECORDS = {
    Example: st.builds(
        Example,
        id=text,
        kind=st.sampled_from(["instruction", "chat", "choice"]),
        language=text,
        task=maybe,
        form=st.sampled_from(["short", "long", None]),
        messages=messages.map(tuple),
        choices=texts,
        references=texts,
        source=maybe,
        cluster_id=maybe,
        origin=st.none() | st.builds(Origin, builder=maybe, dataset=maybe, licence=maybe),
        meta=meta,
    ),
    Output: st.builds(Output, id=text, example_id=text, system=text, text=maybe, tokens_in=count, meta=meta)
    | st.builds(Output, id=text, example_id=text, system=text, loglik=logliks, finish=st.sampled_from(["stop", "error", None])),
    Score: st.builds(
        Score,
        targets=texts,
        metric=text,
        component=maybe,
        value=st.none() | number,
        status=st.sampled_from(["ok", "error"]),
        detail=maybe,
    ),
    Judgment: st.builds(
        Judgment,
        output_id=text,
        rater=text,
        criterion=text,
        value=st.none() | number | text,
        scale=st.none() | scales,
        span=st.none() | spans,
        note=maybe,
    ),
    Preference: st.builds(
        Preference,
        output_a=text.map(lambda name: "a" + name),
        output_b=text.map(lambda name: "b" + name),
        rater=text,
        criterion=text,
        winner=st.sampled_from(["a", "b", "tie", None]),
    ),
    MetaRow: st.builds(
        MetaRow,
        judgments=text,
        metric=maybe,
        statistic=text,
        value=st.none() | number,
        low=st.none() | number,
        n_items=st.integers(0, 2**62),
        rank_cluster=count,
        note=maybe,
    ),
}


def bits(records: object) -> bytes:
    """The records with every bit of their floats, so that NaN equals NaN and 0.0 differs from -0.0."""
    return msgspec.msgpack.encode(records, order="sorted")


def scores(number: int) -> list[Score]:
    return [Score(targets=(f"out/{i:07d}",), metric="chrf|v:1", value=i / 7) for i in range(number)]


@pytest.mark.parametrize("record_type", RECORDS, ids=lambda kind: kind.__name__)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_every_record_comes_back_bit_for_bit(record_type: type[msgspec.Struct], data: st.DataObject, tmp_path: Path) -> None:
    records = data.draw(st.lists(RECORDS[record_type], max_size=4))
    path = tmp_path / "table.parquet"
    write_table(path, records, record_type)
    assert bits(list(read_table(path, record_type))) == bits(records)


def test_scalars_are_columns_a_number_or_text_is_two_and_nested_fields_are_json(tmp_path: Path) -> None:
    judgment = Judgment(output_id="o", rater="r", criterion="c", value=2.0, scale=Scale(low=1, high=3), span=Span(start=0, end=4))
    path = tmp_path / "judgments.parquet"
    write_table(path, [judgment, Judgment(output_id="o", rater="s", criterion="c", value="bra")], Judgment)
    table = arrow_table(path)
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("output_id", "string"),
        ("rater", "string"),
        ("criterion", "string"),
        ("value", "double"),
        ("value_text", "string"),
        ("scale", "string"),
        ("span", "string"),
        ("note", "string"),
    ]
    assert table.to_pylist()[0]["scale"] == '{"direction":"up","high":3.0,"low":1.0}'
    assert table.column("value").to_pylist() == [2.0, None]
    assert table.column("value_text").to_pylist() == [None, "bra"]


def test_a_tuple_of_texts_is_a_list_column(tmp_path: Path) -> None:
    write_table(tmp_path / "s.parquet", [Score(targets=("a", "b"), metric="m", value=1.0)], Score)
    assert arrow_table(tmp_path / "s.parquet").column("targets").to_pylist() == [["a", "b"]]


def test_a_key_makes_the_bytes_independent_of_the_order_the_records_came_in(tmp_path: Path) -> None:
    records = scores(50)
    write_table(tmp_path / "a.parquet", records, Score, key=lambda score: score.targets)
    write_table(tmp_path / "b.parquet", records[::-1], Score, key=lambda score: score.targets)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert list(read_table(tmp_path / "b.parquet", Score)) == records


def test_more_records_than_fit_are_merged_from_files_into_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = scores(1003)
    shuffled = random.Random(1).sample(records, len(records))
    write_table(tmp_path / "whole.parquet", shuffled, Score, key=lambda score: score.targets)
    monkeypatch.setattr(tables, "SORTED_IN_MEMORY", 100)
    assert write_table(tmp_path / "merged.parquet", iter(shuffled), Score, key=lambda score: score.targets) == 1003
    assert (tmp_path / "merged.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["merged.parquet", "whole.parquet"]


def test_records_with_equal_keys_keep_their_order_across_merged_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SORTED_IN_MEMORY", 3)
    records = scores(10)
    write_table(tmp_path / "t.parquet", iter(records), Score, key=lambda score: score.metric)
    assert list(read_table(tmp_path / "t.parquet", Score)) == records


def test_rows_pass_in_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROW_GROUP", 4)
    write_table(tmp_path / "t.parquet", iter(scores(10)), Score)
    file = pq.ParquetFile(tmp_path / "t.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [4, 4, 2]
    assert list(read_table(tmp_path / "t.parquet", Score)) == scores(10)


def test_a_table_carries_no_metadata_that_could_differ_between_runs(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", scores(3), Score)
    assert pq.read_metadata(tmp_path / "t.parquet").metadata is None


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    assert write_table(tmp_path / "t.parquet", [], Score) == 0
    assert list(read_table(tmp_path / "t.parquet", Score)) == []
    assert arrow_table(tmp_path / "t.parquet").column_names == ["targets", "metric", "component", "value", "status", "detail"]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (Score(targets=("o",), metric="m", value="0.5"), "t.parquet, row 2, field 'value': '0.5' is not a number or None"),  # type: ignore[arg-type]
        (Score(targets=("o",), metric=None, value=1.0), "t.parquet, row 2, field 'metric': None is not text"),  # type: ignore[arg-type]
        (Score(targets=("o",), metric="m", status="fine"), "row 2, field 'status': 'fine' is not one of cut-off, empty, error"),  # type: ignore[arg-type]
        (Score(targets=("o",), metric="m", detail="\ud800"), "field 'detail': 'utf-8' codec can't encode"),
        (Score(targets=(b"o",), metric="m"), "t.parquet, row 2, field 'targets': (b'o',) is not a list of texts"),  # type: ignore[arg-type]
    ],
)
def test_what_a_column_cannot_hold_is_named_with_row_and_field(tmp_path: Path, record: Score, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        write_table(tmp_path / "t.parquet", [scores(1)[0], record], Score)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sample", [1.5, True, None, "1", 2**70])
def test_a_whole_number_is_never_cut_to_fit(tmp_path: Path, sample: object) -> None:
    with pytest.raises(InputError, match="field 'sample'"):
        write_table(tmp_path / "t.parquet", [Output(id="o", example_id="e", system="s", sample=sample)], Output)  # type: ignore[arg-type]


def test_a_failing_source_leaves_the_old_table_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, scores(3), Score)

    def failing() -> object:
        yield scores(1)[0]
        raise RuntimeError("source broke")

    with pytest.raises(RuntimeError, match="source broke"):
        write_table(path, failing(), Score)  # type: ignore[arg-type]
    assert list(read_table(path, Score)) == scores(3)
    assert [file.name for file in tmp_path.iterdir()] == ["t.parquet"]


def test_a_missing_a_damaged_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no table .*t\.parquet"):
        read_table(tmp_path / "t.parquet", Score)
    write_table(tmp_path / "t.parquet", scores(3), Score)
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes((tmp_path / "t.parquet").read_bytes()[:-9])
    with pytest.raises(InputError, match=r"damaged\.parquet: not a readable Parquet file"):
        read_table(damaged, Score)
    with pytest.raises(InputError, match=r"t\.parquet: it holds the columns targets, .* a table of Judgment has output_id"):
        read_table(tmp_path / "t.parquet", Judgment)


def test_a_value_that_no_record_can_hold_is_named_with_its_row(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", scores(2), Score)
    table = pq.read_table(tmp_path / "t.parquet")
    changed = table.set_column(4, "status", pa.array(["ok", "fine"]))
    pq.write_table(changed, tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"t\.parquet, row 2: Invalid enum value 'fine'"):
        list(read_table(tmp_path / "t.parquet", Score))


MANY = r"""
import re, sys
from pathlib import Path
from harness.records import Score
from harness.tables import read_table, write_table
path, number = Path(sys.argv[1]), int(sys.argv[2])
backwards = (Score(targets=(f"out/{i:08d}",), metric="chrf|v:1", value=i / 7) for i in reversed(range(number)))
assert write_table(path, backwards, Score, key=lambda score: score.targets) == number
assert sum(1 for _ in read_table(path, Score)) == number
# not ru_maxrss: it begins with the size of the process that forked this one
print(int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak size of a process from /proc")
def test_a_million_rows_are_sorted_and_read_in_half_a_gigabyte(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MANY, str(tmp_path / "t.parquet"), "1000000"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
    assert int(done.stdout) < 512


def test_a_relative_folder_may_have_a_colon_in_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = Path("file:runs") / "scores.parquet"
    table.parent.mkdir()
    write_table(table, [Score(targets=("o",), metric="m", value=0.5)], Score)
    assert [one.value for one in read_table(table, Score)] == [0.5]
