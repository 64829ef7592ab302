"""The whole of what a finished build leaves: opened by `datasets`, equal for equal rows, flat in memory."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_builds import finish, row

from harness.build.rows import SetAside


def files(folder: Path) -> dict[str, bytes]:
    """The files that come out, with their bytes."""
    kept = [*(folder / "data").iterdir(), folder / "README.md", folder / "card.html", folder / "review.html"]
    return {path.name: path.read_bytes() for path in kept}


def test_datasets_opens_the_folder_by_its_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    datasets: Any = pytest.importorskip("datasets", reason="needs the extra build")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    rows = [row(str(n), split=("train", "train", "validation", "test")[n % 4]) for n in range(12)]
    finish(tmp_path / "x", rows, [SetAside(id="set/x", stage="filter", reason="too-short", example=row("x"))])
    found = datasets.load_dataset(str(tmp_path / "x"), cache_dir=str(tmp_path / "cache"))
    assert {split: found[split].num_rows for split in found} == {"train": 6, "validation": 3, "test": 3}
    first = found["test"][0]
    assert first["messages"] == [
        {"role": "user", "content": "Vad heter sak 11?"},
        {"role": "assistant", "content": "Saken heter 11."},
    ]
    assert (first["licence"], first["cluster"]) == ("CC BY 4.0", "document/11")


def test_equal_rows_in_another_order_make_equal_files(tmp_path: Path) -> None:
    rows = [row(str(n), meta={"scores": {"sum": n % 7 / 7}}, source=f"källa {n}") for n in range(40)]
    removed = [SetAside(id=f"set/r{n}", stage="filter", reason="too-long", detail=str(n)) for n in range(9)]
    finish(tmp_path / "x", rows, removed)
    finish(tmp_path / "y", rows[::-1], removed[::-1])
    assert files(tmp_path / "x") == files(tmp_path / "y")


def test_what_was_written_is_named(tmp_path: Path) -> None:
    written = finish(tmp_path / "x", [row("a"), row("b", split="test")])
    assert written.splits == {"train": 1, "test": 1}
    assert list(written.files) == ["train", "test", "card", "review", "readme"]
    assert all(Path(file).is_file() for file in written.files.values())


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", _PEAK, str(tmp_path / str(n)), str(n)])) for n in (10_000, 30_000)
    ]
    assert peaks[1] < peaks[0] * 1.15 + 20_000, peaks  # KiB


_PEAK = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {support!r})
from small_builds import config, finish, row, made, AGAINST
from harness.build.config import resolved
from harness.build.finished import write_finished
from harness.store import Run
text = "En mening till om något helt annat. " * 8
folder = Path(sys.argv[1])
with Run.open(folder, config=resolved(config()), command=[]) as run:
    run.write_table("examples", (row(f"{{n:07}}", response=f"{{n}} {{text}}") for n in range(int(sys.argv[2]))))
    run.write_table("removed", iter([]))
    write_finished(folder, config(), [made(int(sys.argv[2]))], AGAINST, lambda *_: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
""".format(support=str(Path(__file__).parents[2] / "support"))
