"""The benchmark of sifting: its rows and truths are what it says, and both sides find the planted copies."""

from pathlib import Path

import pytest
from benchmark_scripts import benchmark

sifting = benchmark("sifting")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_DATA", str(shared_data))
        file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
        sifting.write_rows(file, 2500)
    return file


def test_planted_copies_are_as_similar_as_is_said(rows: Path) -> None:
    held = {row.id: sifting.folded(row.instruction, row.references[0]) for row in sifting.read(rows, 2500)}
    truth = sifting.planted(rows, 2500)
    assert set(truth) == {"exact", *(f"{rate:g}" for rate in sifting.RATES)}
    assert all(held[one] == held[other] for one, other, _ in truth["exact"])
    for one, other, similarity in truth["0.05"]:
        assert sifting.jaccard(held[one], held[other]) == similarity < 1


def test_harness_and_datasketch_find_the_planted_copies(rows: Path) -> None:
    pytest.importorskip("datasketch")
    runs = {
        "sides": (True, lambda: sifting.sift_rows(rows, 1200, True)),
        "whole": (False, lambda: sifting.sift_rows(rows, 1200, False)),
        "peer": (False, lambda: sifting.with_datasketch(rows, 1200)),
    }
    for sides, run in runs.values():
        truth = sifting.planted(rows, 1200, sides)
        near = [pair for kind in truth for pair in truth[kind] if pair[2] >= sifting.NEAR]
        removed = set(run()[0])
        found = sum(one in removed or other in removed for one, other, _ in near)
        assert found >= len(near) - 1
        assert len(near) > 40


def test_intervals_are_wilsons() -> None:
    low, high = sifting.wilson(95, 100)
    assert (round(low, 4), round(high, 4)) == (0.8882, 0.9785)


@pytest.mark.slow
def test_memory_stays_flat_as_rows_grow(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    file = tmp_path / "rows.jsonl"
    sifting.write_rows(file, 60_000)
    small, large = (sifting.in_process("duplicates", file, rows, None)["memory"] / 1024 for rows in (20_000, 60_000))
    assert large < small + 30  # MiB; the rows themselves are 50 MiB
