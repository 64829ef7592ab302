"""Whole runs killed at random points end as if they had not been; a script does it two hundred times, and a few times here."""

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmark_scripts import benchmark

kills = benchmark("kills")


def checked(tmp_path: Path, number: int, seed: int) -> None:
    runs = kills.Runs(tmp_path / "runs", items=24, slowness=0.004)
    assert set(runs.tables) == set(kills.TABLES) - {"preferences.parquet"} or set(runs.tables) == set(kills.TABLES)
    found = kills.killed(runs, number, seed)
    assert found.wrong == []
    assert found.kills == number
    assert found.completed >= 1
    assert found.rescored <= kills.BATCH


def test_a_run_killed_a_few_times_ends_with_the_same_tables(tmp_path: Path) -> None:
    checked(tmp_path, 2, seed=5)


@pytest.mark.slow
def test_a_run_in_two_processes_killed_three_times_ends_with_the_same_tables(tmp_path: Path) -> None:
    runs = kills.Runs(tmp_path / "runs", items=24, slowness=0.004, executor="local")
    found = kills.killed(runs, 3, seed=7)
    assert found.wrong == []
    assert found.rescored <= runs.under_way


@pytest.mark.slow
@pytest.mark.parametrize("meet", kills.CONDITIONS.values(), ids=kills.CONDITIONS)
def test_a_run_meets_what_may_go_wrong_around_it_and_ends_with_the_same_tables(
    tmp_path: Path, meet: Callable[[object], str]
) -> None:
    runs = kills.Runs(tmp_path / "runs", items=24, slowness=0.002)
    said = meet(runs)  # AssertionError where the run did not end as the uninterrupted one
    if said.startswith("not tried"):
        pytest.skip(said)
    assert re.search("completed|taken over", said)


def test_a_table_that_differs_and_units_scored_twice_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stub:
        folder, seconds, session, under_way, units = tmp_path, 0.01, 0, kills.BATCH, 3
        tables = {"scores.parquet": b"right"}
        differing = kills.Runs.differing

        def start(self, output: str, *options: str) -> subprocess.Popen[str]:
            self.session += 1
            (tmp_path / output).mkdir(exist_ok=True)
            (tmp_path / output / "scores.parquet").write_bytes(b"wrong")
            return subprocess.Popen(["sleep", "5"], text=True, stderr=subprocess.PIPE)

        def asked(self) -> set[str]:
            return set(map(str, range(kills.BATCH + 1)))

    monkeypatch.setattr(kills, "_compare", lambda runs, found, scored: None)
    found = kills.killed(Stub(), 8, seed=1)
    assert found.kills == 8
    assert any("scores.parquet" in sentence for sentence in found.wrong)
    assert any("17 units were scored again" in sentence for sentence in found.wrong)
    assert set(found.signals) <= {how.name for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)}
