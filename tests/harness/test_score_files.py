"""Scores written from arrays are the bytes that Scores one by one make, and come back as they were."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import tables
from harness.errors import InputError
from harness.records import Score
from harness.score_files import read_scores, write_scores
from harness.score_table import ScoreTable
from harness.store import TABLES

ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
units = st.one_of(st.tuples(ids), st.tuples(ids, ids), st.lists(ids, max_size=3).map(tuple))
values = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))


@st.composite
def score_lists(draw: st.DrawFn) -> list[Score]:
    metrics = draw(st.lists(st.sampled_from(["chrf|v:1", "rouge-l|v:1", "ä|v:2"]), max_size=3, unique=True))
    shared = draw(st.lists(units, max_size=6, unique=True))
    found = []
    for metric in metrics:
        own = shared if draw(st.booleans()) else draw(st.lists(units, max_size=4, unique=True))
        for component in draw(st.sampled_from([(None,), ("f1", "precision"), ("f1", None)])):
            for unit in own:
                value = draw(values)
                status = "ok" if value is not None else draw(st.sampled_from(["error", "empty", "unparsed"]))
                detail = draw(st.sampled_from([None, "no text", "snö"]))
                found.append(Score(targets=unit, metric=metric, component=component, value=value, status=status, detail=detail))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(score_lists(), st.sampled_from([1, 3, 7, 20_000]))
def test_arrays_make_the_bytes_that_records_make_and_come_back_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scores: list[Score], group: int
) -> None:
    monkeypatch.setattr(tables, "ROW_GROUP", group)
    tables.write_table(tmp_path / "records.parquet", scores, Score, key=TABLES["scores"].key)
    table = ScoreTable.of(scores)
    assert write_scores(tmp_path / "arrays.parquet", table) == len(scores)
    assert (tmp_path / "arrays.parquet").read_bytes() == (tmp_path / "records.parquet").read_bytes()
    assert read_scores(tmp_path / "arrays.parquet") == table
    assert list(tables.read_table(tmp_path / "arrays.parquet", Score)) == list(table)


def one(metric: str, unit: str, value: float = 0.5) -> Score:
    return Score(targets=(unit,), metric=metric, value=value)


def test_components_of_the_same_units_share_them_when_they_are_read(tmp_path: Path) -> None:
    write_scores(tmp_path / "s.parquet", ScoreTable.of([one(metric, unit) for metric in "ab" for unit in "xyz"]))
    first, second = read_scores(tmp_path / "s.parquet").blocks
    assert first.targets is second.targets


def test_a_table_in_another_order_is_read_all_the_same(tmp_path: Path) -> None:
    scores = [one("a", "y"), one("b", "x"), one("a", "x")]
    tables.write_table(tmp_path / "s.parquet", scores, Score)
    assert list(read_scores(tmp_path / "s.parquet")) == [one("a", "x"), one("a", "y"), one("b", "x")]


def test_a_status_of_another_version_names_the_file(tmp_path: Path) -> None:
    write_scores(tmp_path / "s.parquet", ScoreTable.of([one("a", "x")]))
    table = pq.read_table(tmp_path / "s.parquet")
    pq.write_table(table.set_column(4, "status", pa.array(["fine"])), tmp_path / "s.parquet")
    with pytest.raises(InputError, match=r"s\.parquet: it holds a status that this version does not know"):
        read_scores(tmp_path / "s.parquet")
