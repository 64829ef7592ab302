"""A run of which nothing has changed is printed again without being gone through; whatever has changed, it is not."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

TAKEN = "nothing has changed since the run in"
METRIC = """
from harness import MetricSpec, hookimpl, named_files

class Length:
    signature = "length|v:1"
    def score(self, units):
        return [float(len(unit.output.text)) * {factor} for unit in units]

@hookimpl
def harness_metrics():
    return [MetricSpec("own-length", build=Length{reads})]
"""
CONFIG = """
name: small
judgments: {source: table, path: ratings.csv}
metrics: [own-length]
metaevaluate: {resamples: 20, draws: 20, random_draws: 5}
plugins: [own.py]
output: run
"""
Harness = Callable[..., subprocess.CompletedProcess[str]]


def ratings(shift: int = 0) -> str:
    rows = [
        f"{item},{system},{'ord ' * (item + place)},{(item + place + shift) % 5}"
        for item in range(6)
        for place, system in enumerate("abc")
    ]
    return "item,system,output,rating\n" + "\n".join(rows) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ratings.csv").write_text(ratings(), encoding="utf-8")
    (tmp_path / "own.py").write_text(METRIC.format(factor=1, reads=", reads=named_files"), encoding="utf-8")
    (tmp_path / "small.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def age(folder: Path) -> None:
    """Code that changed in the seconds before a run is not trusted. Nothing sets back when an inode changed, so we wait."""
    time.sleep(max(0.0, 5.2 - (time.time() - max(path.stat().st_ctime for path in folder.glob("*.py")))))


def copied(code: Path) -> Path:
    """A copy of the program, compiled as it is, that nobody edits meanwhile."""
    root = Path(__file__).parents[3]
    for package in ("harness", "plugins/harness_plugins"):
        shutil.copytree(root / package, code / package, ignore=shutil.ignore_patterns("*.tmp.*"))
    return code


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that all tests here share, so that its loops are compiled once."""
    return copied(tmp_path_factory.mktemp("code"))


def command(folder: Path, code: Path) -> Harness:
    """The command, run in the folder with that copy of the code; neither was changed just before."""
    time.sleep(5.2)
    path = os.pathsep.join((str(code), str(code / "plugins")))

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness.__main__", *arguments]
        own = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment}
        return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, encoding="utf-8", check=False)

    return run


@pytest.fixture
def harness(folder: Path, code: Path) -> Harness:
    return command(folder, code)


def states(run: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in sorted(run.rglob("*"))}


def taken(done: subprocess.CompletedProcess[str]) -> bool:
    assert done.returncode == 0, done.stderr
    return TAKEN in done.stderr


def test_an_unchanged_run_is_printed_again_and_a_changed_one_is_not_taken_over(folder: Path, harness: Harness) -> None:
    first = harness("run", "small.yaml")
    assert not taken(first)
    before = states(folder / "run")
    again = harness("run", "small.yaml")
    assert taken(again)
    assert again.stdout == first.stdout
    assert states(folder / "run") == before, "nothing is written"
    (folder / "run" / "report.md").unlink()
    (folder / "ratings.csv").write_text(ratings(shift=1), encoding="utf-8")
    changed = harness("run", "small.yaml")
    assert not taken(changed)
    assert changed.stdout != first.stdout


@pytest.mark.slow
def test_a_run_is_taken_over_until_anything_changes(folder: Path, harness: Harness) -> None:
    first = harness("run", "small.yaml")
    assert not taken(first)
    before = states(folder / "run")
    again = harness("run", "small.yaml")
    assert taken(again)
    assert again.stdout == first.stdout
    assert "own-length" in again.stdout
    assert states(folder / "run") == before, "nothing is written"
    assert harness("run", "small.yaml", "-q").stderr == ""

    as_json = harness("run", "small.yaml", "--json")
    assert taken(as_json)
    assert json.loads(as_json.stdout) == json.loads(harness("run", "small.yaml", "--json", "--fresh").stdout)
    assert taken(harness("run", "small.yaml"))
    assert not taken(harness("run", "small.yaml", "--fresh"))
    assert "nothing was computed" in harness("run", "small.yaml", "--dry-run").stdout

    (folder / "ratings.csv").touch()
    assert taken(harness("run", "small.yaml")), "the same content under another time"
    (folder / "ratings.csv").write_text(ratings(shift=1), encoding="utf-8")
    assert "other judgments" not in (changed := harness("run", "small.yaml")).stderr
    assert not taken(changed)
    assert changed.stdout != first.stdout
    assert taken(harness("run", "small.yaml"))

    (folder / "small.yaml").write_text(CONFIG.replace("resamples: 20", "resamples: 21"), encoding="utf-8")
    assert not taken(harness("run", "small.yaml"))
    assert not taken(harness("run", "small.yaml", HARNESS_SOMETHING="1"))

    (folder / "own.py").write_text(METRIC.format(factor=-1, reads=", reads=named_files"), encoding="utf-8")
    soon = time.time() + 600  # however long a busy machine takes to start a run: it changed just before
    os.utime(folder / "own.py", (soon, soon))
    assert not taken(harness("run", "small.yaml")), "another metric under the same signature"
    assert not taken(harness("run", "small.yaml")), "code that changed just before it was run is not trusted"
    os.utime(folder / "own.py")
    age(folder)
    assert not taken(harness("run", "small.yaml"))
    assert taken(harness("run", "small.yaml"))


@pytest.mark.slow
def test_a_table_that_is_not_what_the_run_wrote_is_written_again(folder: Path, harness: Harness) -> None:
    first = harness("run", "small.yaml")
    scores = folder / "run" / "scores.parquet"
    kept = scores.read_bytes()
    scores.write_bytes(kept[:-1] + b"x")
    assert not taken(harness("run", "small.yaml"))
    assert scores.read_bytes() == kept
    assert taken(harness("run", "small.yaml"))
    (folder / "run" / "meta.parquet").unlink()
    assert not taken(harness("run", "small.yaml"))
    (folder / "run" / "unchanged.json").write_text('{"format": 1}', encoding="utf-8")
    assert not taken(harness("run", "small.yaml"))

    page = folder / "run" / "report.html"
    kept = page.read_bytes()
    page.unlink()
    rewritten = harness("run", "small.yaml")
    assert taken(rewritten), "only its report is written again"
    assert page.read_bytes() == kept
    assert rewritten.stdout == first.stdout
    before = states(folder / "run")
    assert taken(harness("run", "small.yaml"))
    assert states(folder / "run") == before


@pytest.mark.slow
def test_metaeval_and_score_are_taken_over_each_by_its_own_command(folder: Path, harness: Harness) -> None:
    choices = ("--plugin", "own.py", "--judgments", "table:ratings.csv", "--metric", "own-length")
    score = ("score", *choices, "-o", "scored")
    first = harness(*score)
    assert not taken(first)
    assert taken(again := harness(*score))
    assert again.stdout == first.stdout
    assert taken(as_json := harness(*score, "--json"))
    assert len(json.loads(as_json.stdout)) == 18
    assert not taken(harness(*score[:-1], "elsewhere"))

    metaeval = ("metaeval", *choices, "--resamples", "20", "-o", "scored")
    assert not taken(first := harness(*metaeval)), "the folder holds a run of another command"
    assert taken(again := harness(*metaeval))
    assert again.stdout == first.stdout
    assert not taken(harness(*metaeval, "--seed", "1"))
    assert not taken(harness(*score)), "the folder holds a run of another command now"


@pytest.mark.slow
def test_a_plugin_that_does_not_say_what_it_reads_is_always_asked(folder: Path, harness: Harness) -> None:
    (folder / "own.py").write_text(METRIC.format(factor=1, reads=""), encoding="utf-8")
    age(folder)
    assert not taken(harness("run", "small.yaml"))
    assert not taken(harness("run", "small.yaml"))
    assert not (folder / "run" / "unchanged.json").exists()


@pytest.mark.slow
def test_a_run_with_failures_is_gone_through_again(folder: Path, harness: Harness) -> None:
    failing = METRIC.format(factor="(1 if len(unit.output.text) > 4 else 1 / 0)", reads=", reads=named_files")
    (folder / "own.py").write_text(failing, encoding="utf-8")
    age(folder)
    for _ in range(2):
        done = harness("run", "small.yaml")
        assert done.returncode == 3
        assert TAKEN not in done.stderr


@pytest.mark.slow
def test_a_changed_line_of_the_harness_itself_is_noticed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    harness = command(folder, own := copied(tmp_path_factory.mktemp("own-code")))
    assert not taken(harness("run", "small.yaml"))
    assert taken(harness("run", "small.yaml"))
    module = own / "harness" / "meta" / "options.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert not taken(harness("run", "small.yaml"))
