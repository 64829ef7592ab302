"""What lies on disk while rows are sifted comes back whole, in order, and some at a time."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.build import sift_files
from harness.build.sift_files import KeyFiles, LineFiles, Reasons, RowFile, in_short_turns, prefetched
from harness.text.streams import offsets


@pytest.mark.parametrize("most", [10, 100, 10_000])
def test_pairs_of_one_key_are_read_together_in_the_order_of_keys(tmp_path: Path, most: int) -> None:
    draw = np.random.default_rng(1)
    keys = draw.integers(0, 2**63, 300, dtype=np.uint64) * np.uint64(2)
    keys = np.concatenate([keys, keys[:50], keys[:5]])
    rows = draw.permutation(len(keys)).astype(np.int64)
    files = KeyFiles(tmp_path / "keys")
    files.add(keys[:200], rows[:200])
    files.add(keys[200:], rows[200:])
    parts = list(files.sorted_parts(most))
    assert np.array_equal(np.concatenate([part for part, _ in parts]), np.sort(keys))
    found = {(int(key), int(row)) for some, own in parts for key, row in zip(some, own, strict=True)}
    assert found == set(zip(keys.tolist(), rows.tolist(), strict=True))
    seen = [set(part.tolist()) for part, _ in parts]
    assert sum(map(len, seen)) == len(set().union(*seen))
    files.close()
    assert sum(path.stat().st_size for path in (tmp_path / "keys").iterdir()) == 0


@pytest.mark.parametrize("most", [64, 4096, 2**24])
def test_rows_come_back_by_place_and_equal_places_by_bytes(tmp_path: Path, most: int) -> None:
    draw = random.Random(2)
    places = [draw.getrandbits(64) for _ in range(400)]
    places += places[:40]
    lines = [draw.randbytes(draw.randint(0, 60)) for _ in places]
    files = LineFiles(tmp_path / "lines")
    files.add(np.array(places[:300], np.uint64), 0, lines[:300])
    files.add(np.array(places[300:], np.uint64), 300, lines[300:])
    found = [
        line for some in files.ordered(most) for line in zip(some.places.tolist(), some.rows.tolist(), some.data, strict=True)
    ]
    expected = sorted((place, line, row) for row, (place, line) in enumerate(zip(places, lines, strict=True)))
    assert [(place, data) for place, _, data in found] == [(place, line) for place, line, _ in expected]
    assert sorted(row for _, row, _ in found) == list(range(440))
    assert all(lines[row] == data for _, row, data in found)
    files.close()


def test_bytes_of_rows_are_read_by_row(tmp_path: Path) -> None:
    texts = [b"one", b"", b"three", b"\x00\xff"]
    file = RowFile(tmp_path / "rows")
    file.add(b"".join(texts[:2]), offsets([len(text) for text in texts[:2]]))
    file.add(b"".join(texts[2:]), offsets([len(text) for text in texts[2:]]))
    assert file.read([2, 0, 3, 1]) == [b"three", b"one", b"\x00\xff", b""]
    file.close()


def test_reasons_are_kept_by_row_and_the_last_one_counts(tmp_path: Path) -> None:
    reasons = Reasons(tmp_path / "reasons")
    reasons.put(7, "filter", "mojibake", "fÃ¶r")
    reasons.put(3, "language", "other-language", "a\0b")
    reasons.put(7, "duplicate", "equal-text", "")
    assert reasons.get(7) == ("duplicate", "equal-text", "")
    assert reasons.get(3) == ("language", "other-language", "a\ufffdb")
    reasons.close()


def test_things_that_are_prefetched_are_the_same_things_and_errors_too() -> None:
    def source() -> Iterator[list[int]]:
        yield from ([1], [2], [3])
        raise KeyError("broken")

    things = prefetched(source())
    assert [next(things), next(things), next(things)] == [[1], [2], [3]]
    with pytest.raises(KeyError, match="broken"):
        next(things)


def test_rows_far_apart_are_read_as_those_side_by_side(tmp_path: Path) -> None:
    texts = [b"%d" % number * (number % 3) for number in range(2000)]
    file = RowFile(tmp_path / "rows")
    file.add(b"".join(texts), offsets([len(text) for text in texts]))
    for rows in ([], [1999], [0, 1999], [1999, 7, 7, 8], list(range(0, 2000, 9))):
        assert file.read(rows) == [texts[row] for row in rows]


def test_turns_of_threads_are_short_only_while_rows_are_made() -> None:
    before = sys.getswitchinterval()
    inside = list(in_short_turns((sys.getswitchinterval() for _ in range(2)), 0.0001))
    assert inside == pytest.approx([0.0001, 0.0001])
    assert sys.getswitchinterval() == before
    abandoned = in_short_turns(iter([1, 2]), 0.0001)
    assert next(abandoned) == 1
    abandoned.close()
    assert sys.getswitchinterval() == before


@pytest.mark.parametrize("at_once", [0, 1000, 2**24])
def test_rows_come_back_whether_a_part_is_read_in_one_go_or_not(
    tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sift_files, "_AT_ONCE", at_once)
    lines = [b"%d" % number * 5 for number in range(300)]
    files = LineFiles(tmp_path / "lines", bits=2)
    files.add(np.arange(300, dtype=np.uint64) << np.uint64(55), 0, lines)
    assert [data for some in files.ordered(most=500) for data in some.data] == lines
