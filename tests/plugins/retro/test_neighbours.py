"""Tables of neighbours: computed once, gone on with after any stop, and refused where they do not belong to what is asked."""

import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from harness_plugins.retro import neighbours
from harness_plugins.retro.neighbour_files import table_problems
from harness_plugins.retro.neighbours import neighbour_table, open_table
from harness_plugins.retro.retrievers.base import Queries
from hypothesis import given, settings
from hypothesis import strategies as st
from numbered import Shared, numbered

from harness.errors import InputError, PluginError

SHARED = "numbered:Shared"
KEY = b"harness.neighbours"
DOCUMENTS = [[1, 2, 3, 4, 5, 6], [1, 2, 3, 9], [], [5, 6, 7, 8, 1, 2, 3, 3, 20], [30, 31], [20, 21, 22, 23, 24]]
PARTS = 3  # of DOCUMENTS' nine chunks, in blocks of four


@pytest.fixture
def corpus(tmp_path):
    return numbered(tmp_path / "db", DOCUMENTS)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 4)


def searches(log):
    return len(Path(log).read_text().splitlines()) if Path(log).exists() else 0


def test_every_chunk_has_the_neighbours_that_share_most_with_it(corpus):
    table = neighbour_table(corpus, corpus, SHARED, {}, 2)
    # chunks: 0 [1 2 3 4], 1 [5 6], 2 [1 2 3 9], 3 [5 6 7 8], 4 [1 2 3 3], 5 [20], 6 [30 31], 7 [20 21 22 23], 8 [24]
    assert table.numbers.tolist() == [[2, 4], [3, -1], [0, 4], [1, -1], [0, 2], [7, -1], [-1, -1], [5, -1], [-1, -1]]
    assert table.scores[0].tolist() == [3, 3]
    assert np.isnan(table.scores[table.numbers < 0]).all()
    assert table.without == 2


@settings(max_examples=10)
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=14), min_size=1, max_size=7),
    st.integers(1, 4),
    st.integers(1, 9),
    st.sampled_from([SHARED, "bm25"]),
)
def test_no_neighbour_is_of_the_querys_own_document_whatever_the_documents_and_shards(
    tmp_path_factory, documents, k, shard, retriever
):
    corpus = numbered(tmp_path_factory.mktemp("any") / "db", documents, shard=shard)
    table = neighbour_table(corpus, corpus, retriever, {}, k)
    own = corpus.document_of(np.arange(corpus.chunks))
    assert table.numbers.shape == (corpus.chunks, k)
    assert not (corpus.document_of(table.numbers.ravel()) == np.repeat(own, k)).any()


def test_a_table_is_read_where_it_is_kept_and_serves_a_smaller_k(corpus, tmp_path):
    log = str(tmp_path / "log")
    three = neighbour_table(corpus, corpus, SHARED, {"log": log}, 3)
    assert searches(log) == PARTS
    told = []
    one = neighbour_table(corpus, corpus, SHARED, {"log": log}, 1, lambda *said, **more: told.append((said, more)))
    assert searches(log) == PARTS
    assert told == [(("neighbours", 9, 9), {"reused": 9})]
    assert one.numbers.tolist() == three.numbers[:, :1].tolist()
    assert one.path == three.path
    four = neighbour_table(corpus, corpus, SHARED, {"log": log}, 4)
    assert searches(log) == 2 * PARTS
    assert four.numbers[:, :3].tolist() == three.numbers.tolist()
    with pytest.raises(InputError, match="a table of 1 neighbours a chunk has no 2"):
        one.first(2)


def test_a_relative_folder_may_have_a_colon_in_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = numbered(Path("file:corpora") / "db", DOCUMENTS)
    table = neighbour_table(corpus, corpus, SHARED, {"log": "log"}, 2)
    assert searches("log") == PARTS
    assert neighbour_table(corpus, corpus, SHARED, {"log": "log"}, 2).numbers.tolist() == table.numbers.tolist()
    assert searches("log") == PARTS


def test_the_table_is_a_parquet_file_keyed_by_chunk(corpus):
    import pyarrow.parquet as pq

    rows = pq.read_table(neighbour_table(corpus, corpus, SHARED, {}, 2).path).to_pylist()
    assert [row["chunk"] for row in rows] == list(range(9))
    assert rows[0] == {"chunk": 0, "neighbours": [2, 4], "scores": [3.0, 3.0]}


def test_other_parameters_make_another_table(corpus):
    first = neighbour_table(corpus, corpus, SHARED, {"label": "a"}, 2)
    second = neighbour_table(corpus, corpus, SHARED, {"label": "b"}, 2)
    assert first.path != second.path
    with pytest.raises(InputError, match=r"is stale: it was made of the retriever .*label:a, which now is .*label:b"):
        open_table(first.path, corpus, corpus, second.info.signature)


def test_after_a_failure_finished_blocks_are_kept_and_the_rest_is_sought(corpus, tmp_path):
    log = str(tmp_path / "log")
    with pytest.raises(PluginError, match=r"'numbered:Shared' failed at queries 4 to 7: RuntimeError: the index is gone"):
        neighbour_table(corpus, corpus, SHARED, {"log": log, "fails_at": 2}, 2)
    table = neighbour_table(corpus, corpus, SHARED, {"log": log}, 2)
    assert searches(log) == PARTS + 1
    assert sorted(path.suffix for path in table.path.parent.iterdir()) == [".lock", ".parquet"]
    plain = numbered(tmp_path / "again", DOCUMENTS)
    assert table.numbers.tolist() == neighbour_table(plain, plain, SHARED, {}, 2).numbers.tolist()


def test_a_damaged_part_is_sought_again(corpus, tmp_path):
    import pyarrow.parquet as pq

    log = str(tmp_path / "log")
    with pytest.raises(PluginError):
        neighbour_table(corpus, corpus, SHARED, {"log": log, "fails_at": 3}, 2)
    first, second = sorted((tmp_path / "db" / "neighbours").glob("*.parts/*.parquet"))
    first.write_bytes(first.read_bytes()[:-20])
    damaged = bytearray(second.read_bytes())
    column = pq.ParquetFile(second).metadata.row_group(0).column(1)
    damaged[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    second.write_bytes(damaged)
    table = neighbour_table(corpus, corpus, SHARED, {"log": log}, 2)
    assert searches(log) == 3 + PARTS
    assert table.numbers[:3].tolist() == [[2, 4], [3, -1], [0, 4]]


RUN = """
import json, resource, sys
sys.path.insert(0, {support!r})
from harness_plugins.retro import neighbours
from harness_plugins.retro.database.reading import Database
from harness.errors import InputError
neighbours.BLOCK = 4
folder, params, most = json.loads(sys.argv[1])
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
corpus = Database(folder)
try:
    table = neighbours.neighbour_table(corpus, corpus, "numbered:Shared", params, 2)
except InputError as error:
    print(error)
    sys.exit(2)
print(json.dumps(table.numbers.tolist()))
"""


def started(corpus, most=None, **params):
    support = str(Path(__file__).parents[2] / "support")
    arguments = [sys.executable, "-c", RUN.format(support=support), json.dumps([str(corpus.folder), params, most])]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_a_killed_process_loses_one_block_at_most_and_two_at_once_share_one_table(corpus, tmp_path):
    log = str(tmp_path / "log")
    killed = started(corpus, log=log, dies_at=2)
    killed.communicate(timeout=60)
    assert killed.returncode == -9
    both = [started(corpus, log=log) for _ in range(2)]
    found = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert found[0] == found[1] == [[2, 4], [3, -1], [0, 4], [1, -1], [0, 2], [7, -1], [-1, -1], [5, -1], [-1, -1]]
    assert searches(log) == 2 + (PARTS - 1)


def test_on_a_full_disk_it_says_so_and_goes_on_when_there_is_room(corpus, tmp_path):
    log = str(tmp_path / "log")
    full = started(corpus, most=300, log=log)
    said, _ = full.communicate(timeout=60)
    assert full.returncode == 2
    assert "-k2.parquet cannot be written: File too large; what was found is kept beside it, and the same command goes on" in said
    assert [path.name for path in (tmp_path / "db" / "neighbours").rglob("*.parquet*")] == []
    table = neighbour_table(corpus, corpus, SHARED, {"log": log}, 2)
    assert table.without == 2


def test_a_table_of_an_earlier_state_is_refused_and_never_taken_for_the_present_one(corpus, tmp_path):
    before = neighbour_table(corpus, corpus, SHARED, {}, 2)
    now = numbered(tmp_path / "db", [*DOCUMENTS, [30, 31, 20]])
    assert now.chunks == 10
    with pytest.raises(InputError, match=rf"is stale: it was made of the corpus {corpus.digest[:12]}, which now is"):
        open_table(before.path, now, now)
    with pytest.raises(InputError, match=r"is stale: it was made of the database .* `harness retro neighbours`"):
        open_table(before.path, corpus, now)
    after = neighbour_table(now, now, SHARED, {}, 2)
    assert after.path != before.path
    assert after.numbers[6].tolist() == [9, -1]


def test_a_corpus_that_grew_has_its_neighbours_sought_anew_and_the_stale_table_is_named(tmp_path, caplog):
    corpus = numbered(tmp_path / "db", DOCUMENTS)
    before = neighbour_table(corpus, corpus, SHARED, {}, 2)
    neighbour_table(corpus, corpus, SHARED, {"log": str(tmp_path / "log")}, 2)
    assert "stale" not in caplog.text
    grown = numbered(tmp_path / "db", [*DOCUMENTS, [30, 31, 20]])
    after = neighbour_table(grown, grown, SHARED, {}, 2)
    assert f"{before.path} is stale: it was made of the corpus {corpus.digest[:12]} of 9 chunks" in caplog.text
    assert before.path.is_file()
    assert len(after.numbers) == 10


def edited(path, change):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    rows = change(table.to_pylist())
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema) if isinstance(rows, list) else rows(table), path)


def change_row(number, **values):
    return lambda rows: [row | values if row["chunk"] == number else row for row in rows]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_row(1, neighbours=[9, -1]), r"chunk 1: neighbours are chunks from 0 to 8, or -1; got 9"),
        (change_row(5, neighbours=[-7, -1]), r"chunk 5: neighbours are chunks from 0 to 8, or -1; got -7"),
        (change_row(4, neighbours=[0, 3]), r"chunk 4: no neighbour is a chunk of the query's own document"),
        (change_row(2, neighbours=[0, 0]), r"chunk 2: a chunk is a neighbour once, not twice"),
        (change_row(0, scores=[1.0, 3.0]), r"chunk 0: neighbours come best first"),
        (change_row(3, chunk=2), r"its chunks are not 0 to 8"),
        (lambda rows: rows[:-1], r"its chunks are not 0 to 8"),
        (lambda rows: lambda table: table.drop_columns(["scores"]), r"cannot be read as a table of neighbours: .*scores"),
        (lambda rows: lambda table: table.replace_schema_metadata({}), r"cannot be read as a table of neighbours"),
    ],
)
def test_a_table_that_was_edited_is_refused_with_the_chunk_and_what_is_wrong(corpus, change, said):
    path = neighbour_table(corpus, corpus, SHARED, {}, 2).path
    edited(path, change)
    with pytest.raises(InputError, match=said) as raised:
        neighbour_table(corpus, corpus, SHARED, {}, 2)
    assert str(path) in str(raised.value)


VALID = [
    change_row(0, neighbours=[2, 8]),
    change_row(0, scores=[4.0, 3.0]),
    change_row(6, neighbours=[7, -1], scores=[1.0, math.nan]),
]


@pytest.mark.parametrize("change", VALID)
def test_numbers_that_could_have_been_found_but_were_not_are_refused(corpus, change):
    path = neighbour_table(corpus, corpus, SHARED, {}, 2).path
    edited(path, change)
    with pytest.raises(InputError, match=r"its numbers or scores are not those that were written \(sha256\); remove the file"):
        neighbour_table(corpus, corpus, SHARED, {}, 2)


def without_digest(path):
    edited(path, lambda rows: lambda table: table.replace_schema_metadata({KEY: table.schema.metadata[KEY]}))


def test_a_table_of_before_there_were_digests_is_read(corpus):
    table = neighbour_table(corpus, corpus, SHARED, {}, 2)
    without_digest(table.path)
    assert neighbour_table(corpus, corpus, SHARED, {}, 2).numbers.tolist() == table.numbers.tolist()


def test_a_part_that_was_edited_is_sought_again(corpus, tmp_path):
    log = str(tmp_path / "log")
    with pytest.raises(PluginError):
        neighbour_table(corpus, corpus, SHARED, {"log": log, "fails_at": 3}, 2)
    first = min((tmp_path / "db" / "neighbours").glob("*.parts/*.parquet"))
    edited(first, VALID[0])
    table = neighbour_table(corpus, corpus, SHARED, {"log": log}, 2)
    assert searches(log) == 3 + 2
    assert table.numbers[0].tolist() == [2, 4]


def test_the_digests_are_of_all_numbers_and_scores_in_order(corpus):
    import pyarrow.parquet as pq

    table = neighbour_table(corpus, corpus, SHARED, {}, 2)
    said = json.loads(pq.read_schema(table.path).metadata[b"harness.neighbours.sha256"])
    assert said["neighbours"] == hashlib.sha256(table.numbers.astype("<i8").tobytes()).hexdigest()
    assert said["scores"] == hashlib.sha256(table.scores.astype("<f8").tobytes()).hexdigest()


def checked(corpus):
    return table_problems(corpus.folder / "neighbours")


@pytest.mark.parametrize("change", [*VALID, lambda rows: rows[:-1], lambda rows: [*rows[:3], *rows[4:]]])
def test_a_check_of_the_database_names_a_table_that_was_edited(corpus, change):
    path = neighbour_table(corpus, corpus, SHARED, {}, 2).path
    assert checked(corpus) == ({}, [])
    edited(path, change)
    wrong, unknown = checked(corpus)
    assert list(wrong) == [path.name]
    assert wrong[path.name].startswith(str(path))
    assert unknown == []


def test_a_check_says_of_which_tables_it_cannot_tell(corpus):
    path = neighbour_table(corpus, corpus, SHARED, {}, 2).path
    without_digest(path)
    assert checked(corpus) == ({}, [path.name])


@pytest.mark.parametrize("content", [b"", b"chunk,neighbours\n0,1\n", b"PAR1PAR1"])
def test_what_is_no_parquet_is_refused(corpus, content):
    path = neighbour_table(corpus, corpus, SHARED, {}, 2).path
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a table of neighbours"):
        neighbour_table(corpus, corpus, SHARED, {}, 2)


def test_a_k_beyond_the_corpus_gives_all_there_are_and_says_none_for_the_rest(corpus):
    table = neighbour_table(corpus, corpus, SHARED, {}, 50)
    assert table.numbers[0].tolist() == [2, 4] + 48 * [-1]
    with pytest.raises(InputError, match="at least one a chunk, got k = 0"):
        neighbour_table(corpus, corpus, SHARED, {}, 0)


def test_a_corpus_of_one_document_has_no_neighbours(tmp_path):
    alone = numbered(tmp_path / "alone", [[1, 2, 3] * 10])
    table = neighbour_table(alone, alone, "bm25", {}, 2)
    assert (table.numbers == -1).all()
    assert table.without == alone.chunks == 8


def test_other_tokens_or_chunks_than_the_databases_are_refused(corpus, tmp_path):
    other = numbered(tmp_path / "other", DOCUMENTS, name="others")
    with pytest.raises(InputError, match=r"is of the tokenizer 'others', and the database .* of 'numbers', which is another one"):
        neighbour_table(other, corpus, SHARED, {}, 2)
    longer = numbered(tmp_path / "longer", DOCUMENTS, chunk=5)
    with pytest.raises(InputError, match=r"has chunks of 5 tokens, and the database .* of 4"):
        neighbour_table(longer, corpus, SHARED, {}, 2)


def test_in_another_database_documents_of_the_same_id_or_the_same_text_are_its_own(tmp_path):
    text = [1, 2, 3, 4, 5]
    database = numbered(tmp_path / "db", {"a": text, "b": [1, 2, 3, 9], "copy": text, "c": [1, 8], "again": text})
    corpus = numbered(tmp_path / "corpus", {"mine": text, "b": [1, 2], "new": [1, 2, 3, 4], "A": [9, 8]})
    # chunks: 0, 1 a; 2 b; 3, 4 copy; 5 c; 6, 7 again
    table = neighbour_table(corpus, database, SHARED, {}, 3)
    assert table.numbers[0].tolist() == [2, 5, -1]
    assert table.numbers[1].tolist() == [-1, -1, -1]
    assert table.numbers[2].tolist() == [0, 3, 6]
    assert table.numbers[3].tolist() == [0, 3, 6]
    assert table.numbers[4].tolist() == [2, 5, -1]
    reread = neighbour_table(corpus, database, SHARED, {}, 3)
    assert reread.numbers.tolist() == table.numbers.tolist()


def test_the_retriever_that_tests_use_finds_what_it_says(corpus):
    queries = Queries(np.array([[20, 21, 9, 9]], np.int32), np.array([3], np.int32), np.array([-1]))
    found = Shared(corpus).search(queries, 3)
    assert found.numbers.tolist() == [[7, 2, 5]]
    assert found.scores.tolist() == [[2, 1, 1]]


def test_where_nothing_may_be_written_neighbours_are_sought_for_this_time_alone(corpus, monkeypatch, caplog):
    monkeypatch.setattr(neighbours.os, "access", lambda path, mode: False)
    table = neighbour_table(corpus, corpus, SHARED, {}, 2)
    assert "for this time alone" in caplog.text
    assert table.path is None
    assert not list((corpus.folder / "neighbours").iterdir())
    with pytest.raises(InputError, match="cannot be written to"):
        neighbour_table(corpus, corpus, SHARED, {}, 2, must_keep=True)
    monkeypatch.undo()
    kept = neighbour_table(corpus, corpus, SHARED, {}, 2, must_keep=True)
    np.testing.assert_array_equal(table.numbers, kept.numbers)
    np.testing.assert_array_equal(table.scores, kept.scores)
    monkeypatch.setattr(neighbours.os, "access", lambda path, mode: False)
    assert neighbour_table(corpus, corpus, SHARED, {}, 2, must_keep=True).path == kept.path  # what is there is read
