"""The cache gives back what was put or nothing, whatever happens to it, its processes and its files."""

import json
import logging
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from harness.cache import Cache, array_limit, cache_key, default_folder
from harness.cli.cache import cache as command
from harness.errors import InputError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_value_comes_back_under_its_key_and_namespace_only(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("k", b"one", namespace="a")
    cache.put(b"k", b"two", namespace="b")
    assert cache.get("k", namespace="a") == b"one"
    assert cache.get("k", namespace="b") == b"two"
    assert cache.get("k") is None
    cache.put("k", b"three", namespace="a")
    assert cache.get(b"k", namespace="a") == b"three"


def test_arrays_come_back_bit_for_bit_in_their_type_and_shape(tmp_path: Path) -> None:
    arrays = {
        "matrix": np.arange(12, dtype=np.float32).reshape(3, 4) / 7,
        "half": np.array([[1.5, np.nan, -np.inf]], dtype=np.float16),
        "empty": np.empty((0, 384), dtype=np.float32),
        "scalar": np.array(2.5),
        "strided": np.arange(20).reshape(4, 5)[:, ::2],
    }
    Cache(tmp_path).put_arrays(arrays)
    found = Cache(tmp_path).get_arrays([*arrays, "absent"])
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()
    with pytest.raises(ValueError, match="read-only"):
        found["matrix"][0, 0] = 9


def test_values_and_arrays_of_one_key_do_not_answer_for_each_other(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("k", b"bytes")
    assert cache.get_arrays(["k"]) == {}
    cache.put_arrays({"k": np.ones(2)})
    assert cache.get("k") is None


def test_objects_are_refused_since_they_would_be_pickled(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="Python objects"):
        Cache(tmp_path).put_arrays({"k": np.array([{}], dtype=object)})


@given(st.dictionaries(st.text(min_size=1), json_values, min_size=2, max_size=5))
def test_a_key_does_not_depend_on_the_order_of_its_parts(parts: dict) -> None:
    assert cache_key(**parts) == cache_key(**dict(reversed(parts.items())))


@given(
    st.dictionaries(st.text(min_size=1), json_values, max_size=4), st.dictionaries(st.text(min_size=1), json_values, max_size=4)
)
def test_unequal_parts_have_unequal_keys(one: dict, other: dict) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (cache_key(**one) == cache_key(**other)) == same


def test_a_key_is_the_sha256_of_canonical_json() -> None:
    # printf '{"model":"m@1","text":"\\u00e5"}' | sha256sum
    assert cache_key(text="å", model="m@1") == "2e9d54b0e314e51ffb22cf2693b6d10a149358e11dda88b1c9a8981138b2c499"


@pytest.mark.parametrize("part", [{1: "a"}, {"a": {2: "b"}}, {1, 2}, object(), float("nan"), [{3: 4}]])
def test_parts_that_json_cannot_tell_apart_or_hold_are_refused(part: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        cache_key(part=part)


def test_the_folder_is_the_one_named_or_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "here"))
    assert default_folder() == tmp_path / "here"
    monkeypatch.delenv("HARNESS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "harness"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "harness"


WRITER = """
import sys, numpy as np
from harness.cache import Cache
cache = Cache(sys.argv[1])
seed = int(sys.argv[2])
print("ready", flush=True)
for n in range(seed, 10**9, 2):
    cache.put_arrays({f"{n}-{i}": np.full((50, 300), n + i, np.float32) for i in range(8)})
    cache.put(f"v{n}", str(n).encode() * 1000)
"""


def writer(folder: Path, seed: int) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(seed)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_killed_writers_leave_only_whole_entries(tmp_path: Path) -> None:
    for round_ in range(6):
        processes = [writer(tmp_path, seed) for seed in (1000 * round_, 1000 * round_ + 1)]
        time.sleep(0.05 + 0.07 * round_)
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
    cache = Cache(tmp_path)
    rows = sqlite3.connect(tmp_path / "cache.sqlite").execute("SELECT key, shard FROM entries").fetchall()
    arrays = cache.get_arrays([key for key, shard in rows if shard])
    assert len(arrays) == sum(shard is not None for _, shard in rows) > 100
    for key, array in arrays.items():
        n, i = map(int, key.decode().split("-"))
        assert array.shape == (50, 300)
        assert (array == n + i).all()
    values = [key for key, shard in rows if not shard]
    assert len(values) > 10
    assert all(cache.get(key) == key[1:] * 1000 for key in values)
    assert cache.problem is None


def test_a_torn_tail_of_a_shard_is_ignored_and_cleared_away(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put_arrays({"k": np.ones((10, 10))})
    cache.close()
    (shard,) = (tmp_path / "shards").iterdir()
    with shard.open("ab") as file:
        file.write(b"half of an array" * 1000)
    assert (Cache(tmp_path).get_arrays(["k"])["k"] == 1).all()
    assert Cache(tmp_path).prune().freed >= 16_000
    assert (Cache(tmp_path).get_arrays(["k"])["k"] == 1).all()


def test_many_processes_share_what_each_puts(tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np; from harness.cache import Cache; c = Cache(sys.argv[1]); n = int(sys.argv[2])\n"
        "for i in range(30): c.put(f'{n}-{i}', b'x' * i); c.put_arrays({f'a{n}-{i}': np.full(i, n)})\n"
        "sys.exit(0 if c.problem is None else 1)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(n)]) for n in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    cache = Cache(tmp_path)
    assert all(cache.get(f"{n}-{i}") == b"x" * i for n in range(4) for i in range(30))
    arrays = cache.get_arrays([f"a{n}-{i}" for n in range(4) for i in range(30)])
    assert {key: array.tolist() for key, array in arrays.items()} == {f"a{n}-{i}": [n] * i for n in range(4) for i in range(30)}


def test_threads_share_one_cache(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def work(n: int) -> None:
        for i in range(20):
            cache.put_arrays({f"{n}-{i}": np.full(100, n * i)})
            cache.get_arrays([f"{n}-{i}"])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = cache.get_arrays([f"{n}-{i}" for n in range(4) for i in range(20)])
    assert {key: set(array.tolist()) for key, array in found.items()} == {
        f"{n}-{i}": {n * i} for n in range(4) for i in range(20)
    }


def test_a_forked_child_and_its_parent_both_go_on(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put_arrays({"before": np.zeros(1000)})
    child = os.fork()
    if child == 0:
        cache.put_arrays({f"child{i}": np.full(1000, i) for i in range(20)})
        os._exit(0 if cache.problem is None and "before" in cache.get_arrays(["before"]) else 1)
    cache.put_arrays({f"parent{i}": np.full(1000, -i) for i in range(20)})
    assert os.waitpid(child, 0)[1] == 0
    found = cache.get_arrays([f"{who}{i}" for who in ("child", "parent") for i in range(20)])
    assert all((found[f"child{i}"] == i).all() and (found[f"parent{i}"] == -i).all() for i in range(20))


def test_damaged_bytes_are_dropped_with_one_warning_and_can_be_put_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path)
    cache.put_arrays({"a": np.ones(1000), "b": np.ones(10)})
    cache.close()
    (shard,) = (tmp_path / "shards").iterdir()
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    cache = Cache(tmp_path)
    with caplog.at_level(logging.WARNING, "harness.cache"):
        assert set(cache.get_arrays(["a", "b"])) == {"b"}
        assert cache.get_arrays(["a"]) == {}
    assert [record.getMessage() for record in caplog.records] == [cache.problem]
    assert "damaged entries" in str(cache.problem)
    cache.put_arrays({"a": np.full(3, 2.0)})
    assert cache.get_arrays(["a"])["a"].tolist() == [2, 2, 2]


@pytest.mark.parametrize("column", ["key", "value", "crc"])
def test_damage_inside_the_database_is_noticed(tmp_path: Path, column: str) -> None:
    cache = Cache(tmp_path)
    cache.put("k", b"right")
    cache.close()
    with sqlite3.connect(tmp_path / "cache.sqlite") as database:
        database.execute(f"UPDATE entries SET {column} = ?", {"key": (b"j",), "value": (b"wrong",), "crc": (1,)}[column])
    cache = Cache(tmp_path)
    assert cache.get("j" if column == "key" else "k") is None
    assert "damaged" in str(cache.problem)


def test_shards_that_were_cut_short_or_deleted_are_misses(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put_arrays({"a": np.ones(1000)})
    cache.close()
    (shard,) = (tmp_path / "shards").iterdir()
    os.truncate(shard, 100)
    assert Cache(tmp_path).get_arrays(["a"]) == {}
    cache.put_arrays({"b": np.ones(1000)})
    cache.close()
    for shard in (tmp_path / "shards").iterdir():
        shard.unlink()
    assert Cache(tmp_path).get_arrays(["b"]) == {}


@pytest.mark.parametrize("name", ["a\0b", "../up", "", "gone.bin"])
def test_an_array_whose_file_has_a_damaged_name_is_dropped(tmp_path: Path, name: str) -> None:
    cache = Cache(tmp_path)
    cache.put_arrays({"k": np.ones(3)})
    cache.close()
    with sqlite3.connect(tmp_path / "cache.sqlite") as database:
        database.execute("UPDATE entries SET shard = ?", (name,))
    cache = Cache(tmp_path)
    assert cache.get_arrays(["k"]) == {}
    cache.prune()


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\x00" + bytes(range(256)) * 40])
def test_a_damaged_database_costs_the_cache_and_nothing_else(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache.sqlite").write_bytes(content)
    cache = Cache(tmp_path)
    with caplog.at_level(logging.WARNING, "harness.cache"):
        cache.put("k", b"v")
        assert cache.get("k") is None
        cache.put_arrays({"a": np.ones(3)})
        assert cache.get_arrays(["a"]) == {}
    assert len(caplog.records) == 1
    assert "harness cache prune --all" in caplog.text
    assert (tmp_path / "cache.sqlite").read_bytes() == content


def test_a_cache_of_another_format_is_left_alone(tmp_path: Path) -> None:
    Cache(tmp_path).put("k", b"v")
    with sqlite3.connect(tmp_path / "cache.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    cache = Cache(tmp_path)
    assert cache.get("k") is None
    assert "its format is 99" in str(cache.problem)


def test_a_folder_that_cannot_be_made_costs_the_cache_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put("k", b"v")
    assert cache.get("k") is None
    assert "cannot be used" in str(cache.problem)


def test_a_locked_cache_is_read_but_not_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Cache(tmp_path).put("old", b"value")
    other = sqlite3.connect(tmp_path / "cache.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    cache = Cache(tmp_path, timeout=0.1)
    with caplog.at_level(logging.WARNING, "harness.cache"):
        for n in range(3):
            cache.put(f"new{n}", b"value")
        assert cache.get("old") == b"value"
        assert cache.get("new0") is None
    assert len(caplog.records) == 1
    assert "locked" in caplog.text
    other.close()


def test_a_full_disk_stops_writing_only(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("old", b"value")
    with sqlite3.connect(tmp_path / "cache.sqlite") as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
    cache._database.read(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchall(), [])
    cache.put("new", b"x" * 100_000)
    assert cache.get("old") == b"value"
    assert cache.get("new") is None
    assert "full" in str(cache.problem)


def test_the_last_gigabyte_of_a_disk_is_left_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    cache.put_arrays({"old": np.ones(10)})
    monkeypatch.setattr("harness.cache.RESERVE", 10**9)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**9 + 500))
    cache.put_arrays({"small": np.ones(10), "large": np.ones(1000)})
    assert set(cache.get_arrays(["old", "small", "large"])) == {"old"}
    assert "less than 1 GB left" in str(cache.problem)
    cache.put_arrays({"small": np.ones(10)})
    assert set(cache.get_arrays(["old", "small"])) == {"old", "small"}


def test_arrays_beyond_the_limit_are_not_kept_and_it_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(tmp_path, limit=2500)
    for number in range(4):
        cache.put_arrays({f"{number}": np.zeros(125)})  # 1,000 bytes each
    assert sorted(cache.get_arrays([f"{number}" for number in range(4)])) == ["0", "1"]
    (said,) = [record.message for record in caplog.records]
    assert "keeps no more arrays, since it holds 0.0 of 2.5e-06 GB" in said
    assert "HARNESS_CACHE_GB" in said


def test_arrays_unused_for_a_month_make_room(tmp_path: Path) -> None:
    with Cache(tmp_path, limit=2500) as cache:
        cache.put_arrays({"old": np.zeros(125)})
        cache.put_arrays({"older": np.ones(125)})
    with sqlite3.connect(tmp_path / "cache.sqlite") as database:
        database.execute("UPDATE entries SET used = used - 31 * 86400")
    database.close()
    later = Cache(tmp_path, limit=2500)
    later.put_arrays({"new": np.full(125, 2.0)})
    assert list(later.get_arrays(["old", "older", "new"])) == ["new"]
    assert later.problem is None


def test_the_limit_is_in_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_CACHE_GB", raising=False)
    assert array_limit() == 20 * 10**9
    monkeypatch.setenv("HARNESS_CACHE_GB", "0.5")
    assert array_limit() == 5 * 10**8
    for wrong in ("5GB", "-1", "nan"):
        monkeypatch.setenv("HARNESS_CACHE_GB", wrong)
        with pytest.raises(InputError, match=f"number of gigabytes.*{wrong}"):
            Cache()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("killed", [False, True], ids=["closed", "left by a killed process"])
def test_a_read_only_cache_is_read_and_a_missing_one_is_empty(killed: bool) -> None:
    home = Path(tempfile.mkdtemp())  # not below pytest's folders, which other users may not enter
    folder = home / "cache"
    cache = Cache(folder)
    cache.put("k", b"value")
    cache.put_arrays({"a": np.ones(5)})
    if not killed:
        cache.close()
    for path in [*folder.rglob("*"), folder, home]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        child = os.fork()
        if child == 0:  # as a user for whom permissions hold
            code = 1
            try:
                if os.getuid() == 0:
                    os.setgid(65534)
                    os.setuid(65534)
                reader = Cache(folder)
                reader.put("new", b"value")
                right = reader.get("k") == b"value" and reader.get("new") is None and len(reader.get_arrays(["a"])["a"]) == 5
                missing = Cache(home / "none")
                missing.put("k", b"v")
                right = right and missing.get("k") is None and missing.problem is not None
                code = 0 if right and "read-only" in str(reader.problem) else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        for path in [home, folder, *folder.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        shutil.rmtree(home)


def age(cache: Cache, days: int, name: str) -> None:
    row = (time.time() - days * 86_400, name.encode())
    cache._database.write(lambda db: db.execute("UPDATE entries SET used = ? WHERE key = ?", row), None)


def fill(folder: Path) -> None:
    """Three entries of 800 bytes last used 30, 20 and 10 days ago, and a small value of today."""
    cache = Cache(folder)
    for days, name in ((30, "old"), (20, "middle"), (10, "new")):
        cache.put_arrays({name: np.full(100, days, np.float64)}, namespace="embeddings")
        age(cache, days, name)
    cache.put("k", b"reply", namespace="replies")
    cache.close()


def left(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "cache.sqlite") as database:
        return {key.decode() for (key,) in database.execute("SELECT key FROM entries")}


def test_prune_drops_by_age_size_and_namespace(tmp_path: Path) -> None:
    for name, arguments, remaining in [
        ("age", {"older_than": 15 * 86_400}, {"new", "k"}),
        ("size", {"max_bytes": 1700}, {"new", "middle", "k"}),
        ("both", {"max_bytes": 1700, "older_than": 15 * 86_400}, {"new", "k"}),
        ("namespace", {"namespace": "embeddings"}, {"k"}),
        ("size of a namespace", {"namespace": "embeddings", "max_bytes": 1000}, {"new", "k"}),
        ("leftovers", {}, {"old", "middle", "new", "k"}),
    ]:
        fill(tmp_path / name)
        counted = Cache(tmp_path / name).prune(**arguments, dry_run=True)
        assert left(tmp_path / name) == {"old", "middle", "new", "k"}
        pruned = Cache(tmp_path / name).prune(**arguments)
        assert left(tmp_path / name) == remaining, name
        assert pruned.entries == counted.entries == 4 - len(remaining)
        assert pruned.bytes == counted.bytes == 800 * len({"old", "middle", "new"} - remaining)


def test_what_is_used_today_is_not_old(tmp_path: Path) -> None:
    fill(tmp_path)
    assert set(Cache(tmp_path).get_arrays(["old"], namespace="embeddings")) == {"old"}
    assert Cache(tmp_path).prune(older_than=15 * 86_400).entries == 1
    assert left(tmp_path) == {"old", "new", "k"}


def test_prune_gives_the_disk_back_and_keeps_the_rest_readable(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put_arrays({f"{n}": np.full(10_000, n, np.float64) for n in range(10)})
    in_use = cache.get_arrays(["9"])["9"]
    cache._database.write(lambda db: db.execute("UPDATE entries SET used = 0 WHERE key > x'32'"), None)
    cache.close()
    assert cache.prune(older_than=86_400).entries == 7
    assert 240_000 <= cache.stat().shard_bytes < 250_000
    assert (in_use == 9).all()
    found = cache.get_arrays([f"{n}" for n in range(10)])
    assert {key: set(array) for key, array in found.items()} == {"0": {0}, "1": {1}, "2": {2}}


def test_a_shard_that_another_process_writes_is_not_removed(tmp_path: Path) -> None:
    other = writer(tmp_path, 0)
    while not Cache(tmp_path).stat().namespaces:
        time.sleep(0.01)
    cache = Cache(tmp_path)
    assert cache.prune(namespace="default").entries > 0
    assert len(list((tmp_path / "shards").iterdir())) >= 1
    other.kill()
    other.wait()
    cache.prune(namespace="default")
    assert list((tmp_path / "shards").iterdir()) == []
    assert cache.problem is None


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return lambda *arguments: CliRunner().invoke(command, arguments)


def test_stat_prints_namespaces_and_json(run, tmp_path: Path) -> None:
    assert "nothing is cached" in run("stat").stdout
    assert not (tmp_path / "cache").exists()
    fill(tmp_path / "cache")
    found = json.loads(run("stat", "--json").stdout)
    assert [(row["namespace"], row["entries"], row["bytes"]) for row in found["namespaces"]] == [
        ("embeddings", 3, 2400),
        ("replies", 1, 5),
    ]
    lines = run("stat").stdout.splitlines()
    assert lines[2].split()[:4] == ["embeddings", "3", "2.4", "KB"]


def test_prune_on_the_command_line(run, tmp_path: Path) -> None:
    fill(tmp_path / "cache")
    assert run("prune", "--older-than", "25d", "--dry-run").stdout == "1 entries of 800 B would go\n"
    assert json.loads(run("prune", "--older-than", "25d", "--json").stdout)["entries"] == 1
    assert json.loads(run("prune", "--max-size", "1KB", "--namespace", "embeddings", "--json").stdout)["entries"] == 1
    assert left(tmp_path / "cache") == {"new", "k"}
    (tmp_path / "cache" / "cache.sqlite").write_bytes(b"garbage" * 500)
    (tmp_path / "cache" / "mine.txt").write_text("not the cache's")
    assert run("prune", "--all").exit_code == 0
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("prune", "--older-than", "30"), "such as 30d"),
        (("prune", "--max-size", "many"), "such as 5GB"),
        (("prune", "--all", "--namespace", "x"), "leave the other options out"),
    ],
)
def test_wrong_use_is_answered_with_what_to_write(run, arguments: tuple[str, ...], word: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert word in result.stderr


def test_an_unknown_namespace_is_named_with_those_that_are_close(run, tmp_path: Path) -> None:
    fill(tmp_path / "cache")
    assert "Did you mean 'replies'?" in str(run("prune", "--namespace", "replie").exception)


def test_a_cache_that_is_sent_elsewhere_is_one_of_the_same_folder(tmp_path):
    with Cache(tmp_path / "cache", timeout=3.0) as cache:
        cache.put("key", b"value")
        with pickle.loads(pickle.dumps(cache)) as other:
            assert other.get("key") == b"value"
