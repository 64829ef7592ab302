"""`harness build` from the shell: what it prints, its plan, a look at the first rows, and kills."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import harness
from harness.records import Example
from harness.store import read_manifest, read_table

BUILDER = """
import os, time
from harness import BuilderSpec, Example, SetAside, hookimpl

WORDS = "älg björn citron dörr eka fjäll gran hav isbit järv kaffe lingon myra näver orre päron räv sten tall ugn våg".split()


class Slow:
    def __init__(self, n=40, pause=0.0):
        self.n, self.pause = n, pause

    def examples(self):
        for number in range(self.n):
            time.sleep(self.pause)
            if number % 10 == 3:
                yield SetAside(id=f"slow/{number:04}", stage="slow", reason="unlucky", detail="a three")
                continue
            words = " ".join(WORDS[(number * k + k * k) % len(WORDS)] for k in range(1, 15))
            question, answer = f"Skriv en mening om nummer {number}: {words}", f"Svaret om nummer {number} är {words}."
            yield Example.from_instruction(
                f"slow/{number:04}", question, [answer], language="sv", cluster_id=f"doc/{number // 4}"
            )


@hookimpl
def harness_dataset_builders():
    return [BuilderSpec("slow", build=Slow, help="slow rows", languages=("sv",))]
"""
CONFIG = """
language: sv
builders:
  - slow: {n: %d, pause: %s}
languages: false
contamination: false
duplicates: {near: null}
plugins: [slow.py]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "slow.py").write_text(BUILDER, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(CONFIG % (40, 0), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*arguments: str) -> str:
    result = CliRunner().invoke(harness, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def ids(path: Path) -> list[str]:
    return [example.id for example in read_table(path / "examples.parquet", Example)]


def test_it_says_what_was_built_and_what_was_left_out(folder: Path) -> None:
    text = said("build", "mine.yaml")
    assert "36 examples in builds/mine" in text
    assert "unlucky" in text
    assert len(ids(folder / "builds/mine")) == 36
    assert read_manifest(folder / "builds/mine").status == "done"


def test_its_json_says_the_same(folder: Path) -> None:
    summary = json.loads(said("build", "mine.yaml", "--json", "-o", "there"))
    assert summary["examples"] == 36
    assert summary["builders"] == [{"builder": "slow:n=40,pause=0", "rows": 40, "set_aside": 4, "complete": True}]
    assert {"stage": "slow", "reason": "unlucky", "rows": 4} in summary["removed"]


def test_one_example_is_not_said_as_many(folder: Path) -> None:
    text = said("build", "mine.yaml", "--limit", "1")
    assert "\n1 example in builds/mine" in text
    assert "(1 row): " in text


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_what_a_config_holds_does_not_reach_the_terminal_raw(folder: Path, options: list[str]) -> None:
    text = (folder / "mine.yaml").read_text(encoding="utf-8").replace("pause: 0}", 'pause: 0, mark: "a\\e[31mb\\a\\nc"}')
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    builder = BUILDER.replace("pause=0.0):", 'pause=0.0, mark=""):')
    (folder / "slow.py").write_text(builder, encoding="utf-8")
    shown = said("build", "mine.yaml", *options)
    assert "\x1b" not in shown
    assert "\a" not in shown
    assert "a\\x1b[31mb\\x07\\nc" in "".join(shown.split())


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    assert "slow:n=40" in said("build", "mine.yaml", "--dry-run")
    assert not (folder / "builds").exists()


def test_a_limited_build_says_so_and_the_whole_one_follows(folder: Path) -> None:
    said("build", "mine.yaml", "--limit", "5")
    assert any("first 5 rows" in note for note in read_manifest(folder / "builds/mine").notes)
    said("build", "mine.yaml")
    assert not any("first 5 rows" in note for note in read_manifest(folder / "builds/mine").notes)
    assert len(ids(folder / "builds/mine")) == 36


def test_prune_deletes_what_other_builds_left_and_nothing_that_this_one_reads(folder: Path) -> None:
    said("build", "mine.yaml")
    before = set((folder / "builds/mine/segments").iterdir())
    (folder / "mine.yaml").write_text(CONFIG % (30, 0), encoding="utf-8")
    said("build", "mine.yaml")
    assert set((folder / "builds/mine/segments").iterdir()) > before  # kept: the first config may come back
    own = folder / "builds/mine/segments" / ("a" * 16)
    own.mkdir()
    (own / "notes.txt").write_text("mine", encoding="utf-8")
    assert "--prune would delete 0.0 MiB" in said("build", "mine.yaml", "--dry-run")
    table = (folder / "builds/mine/examples.parquet").read_bytes()
    said("build", "mine.yaml", "--prune")
    left = set((folder / "builds/mine/segments").iterdir())
    assert own in left
    assert len(left) == 2
    assert not before & left
    assert (folder / "builds/mine/examples.parquet").read_bytes() == table
    said("build", "mine.yaml")  # what stayed is what it needs
    assert held(folder / "builds/mine") == 30


def test_killed_again_and_again_it_ends_with_the_same_table(folder: Path) -> None:
    (folder / "mine.yaml").write_text(CONFIG % (2000, 0), encoding="utf-8")
    said("build", "mine.yaml", "-o", "whole")
    (folder / "slow.yaml").write_text(CONFIG % (2000, 0.001) + "name: mine\n", encoding="utf-8")
    command = [sys.executable, "-m", "harness", "build", "slow.yaml", "-o", "killed", "--quiet"]
    kills = 0
    for _ in range(4):
        rows = held(folder / "killed")
        process = subprocess.Popen(command)
        while process.poll() is None and held(folder / "killed") <= rows:
            time.sleep(0.02)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills >= 2
    said("build", "slow.yaml", "-o", "killed")
    assert (folder / "killed/examples.parquet").read_bytes() == (folder / "whole/examples.parquet").read_bytes()


def held(folder: Path) -> int:
    """Rows in the segments of a build."""
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("segments/*/*.jsonl"))
