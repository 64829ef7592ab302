"""Nothing that was kept of other code is looked at."""

import os
from pathlib import Path

from harness.cache import default_folder
from harness.gate.caches import another_cache, fresh_caches


def test_a_fresh_cache_is_empty_and_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    with fresh_caches():
        fresh, compiled = default_folder(), Path(os.environ["NUMBA_CACHE_DIR"])
        assert list(fresh.iterdir()) == []
        assert compiled.parent == tmp_path / "compiled"
    assert not fresh.exists()
    assert default_folder() == tmp_path
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_compiled_loops_of_the_same_code_are_kept_and_those_of_much_older_code_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    for age in range(6):
        old = tmp_path / "compiled" / f"older-{age}"
        old.mkdir(parents=True)
        os.utime(old, (1000 - age, 1000 - age))
    found = []
    for _ in range(2):
        with fresh_caches():
            found.append(os.environ["NUMBA_CACHE_DIR"])
    assert found[0] == found[1]
    kept = {folder.name for folder in (tmp_path / "compiled").iterdir()}
    assert kept == {Path(found[0]).name, "older-0", "older-1", "older-2"}


def test_a_folder_for_compiled_loops_that_someone_chose_is_left(monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/chosen")
    with fresh_caches():
        assert os.environ["NUMBA_CACHE_DIR"] == "/chosen"


def test_another_cache_shares_models_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "large").write_text("weights")
    (tmp_path / "cache.sqlite").write_text("scores")
    with another_cache():
        assert [path.name for path in default_folder().iterdir()] == ["models"]
        assert (default_folder() / "models" / "large").read_text() == "weights"
    assert (tmp_path / "models" / "large").read_text() == "weights"
