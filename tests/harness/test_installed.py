"""What a process runs is told apart by what is installed, by its environment, and by code that can be edited in place."""

import os
import sys
from pathlib import Path

import pytest

import harness
from harness.installed import code_digest, code_roots, surroundings_digest, watched_variables


def test_what_a_library_sets_while_it_loads_is_left_out_by_whoever_looked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_SET_BY_A_LIBRARY", raising=False)
    before = watched_variables()
    known = surroundings_digest(before)
    assert known == surroundings_digest()
    monkeypatch.setenv("HF_SET_BY_A_LIBRARY", "1")
    assert surroundings_digest(before) == known != surroundings_digest()


def test_another_package_version_or_variable_is_another_surrounding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = surroundings_digest()
    assert surroundings_digest() == before
    (tmp_path / "thing-1.0.dist-info").mkdir()
    installed = surroundings_digest()
    assert installed != before
    (tmp_path / "thing-1.0.dist-info").rename(tmp_path / "thing-1.1.dist-info")
    assert surroundings_digest() not in (before, installed)
    (tmp_path / "thing-1.1.dist-info").rmdir()
    assert surroundings_digest() == before
    (tmp_path / "thing-1.0.dist-info").mkdir()
    os.utime(tmp_path / "thing-1.0.dist-info", (1, 1))
    assert surroundings_digest() not in (before, installed), "the same version, installed at another time"
    (tmp_path / "thing-1.0.dist-info").rmdir()
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    assert surroundings_digest() != before
    monkeypatch.setenv("SOMETHING_ELSE", "1")


def test_code_outside_site_packages_is_seen_and_each_of_its_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "own_package_of_this_test"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "data" / "words.txt").write_text("a", encoding="utf-8")
    (tmp_path / "own_module_of_this_test.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("own_package_of_this_test")
    __import__("own_module_of_this_test")
    roots = code_roots()
    assert str(package) in roots
    assert str(tmp_path / "own_module_of_this_test.py") in roots
    assert not any("site-packages" in root for root in roots)
    if "site-packages" not in (home := str(Path(harness.__file__).parent)):
        assert home in roots
    own = [str(package), str(tmp_path / "own_module_of_this_test.py")]
    before, changed = code_digest(own)
    assert abs(changed - (package / "data" / "words.txt").stat().st_mtime) < 60
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "x.pyc").write_bytes(b"")
    assert code_digest(own)[0] == before
    (package / "data" / "words.txt").write_text("b", encoding="utf-8")
    second, _ = code_digest(own)
    assert second != before
    (package / "new.py").write_text("", encoding="utf-8")
    assert code_digest(own)[0] not in (before, second)
    del sys.modules["own_package_of_this_test"], sys.modules["own_module_of_this_test"]
