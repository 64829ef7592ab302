"""Seeded regressions, applied one at a time to a copy in which the real gate is run."""

import shutil

import pytest
from benchmark_scripts import benchmark

catalogue, copies, pages = benchmark("gate_catalogue"), benchmark("gate_copies"), benchmark("gate_pages")
ROW = {
    "applies": True,
    "commit": "a" * 40,
    "harmless": False,
    "caught": True,
    "code": 1,
    "lacks": [],
    "whole": True,
    "cpu": 3.0,
    "wall": 4.0,
    "said": "fail: rouge-l | x",
}


def entry(name: str) -> dict[str, object]:
    return next(one for one in catalogue.entries() if one["name"] == name)


def test_the_catalogue_holds_regressions_and_harmless_changes():
    found = [one["harmless"] for one in catalogue.entries()]
    assert found.count(False) >= 25
    assert found.count(True) >= 10


def test_a_changed_file_is_put_back_with_its_time(tmp_path):
    file = tmp_path / "module.py"
    file.write_text("x = 1\n")
    before = file.stat().st_mtime_ns
    copy = copies.Copy(tmp_path, "HEAD")
    with copy.changed("module.py", "x = 2\n"):
        assert file.read_text() == "x = 2\n"
    assert (file.read_text(), file.stat().st_mtime_ns) == ("x = 1\n", before)


def test_compiled_code_of_a_module_and_of_those_that_import_it_is_forgotten(tmp_path):
    package = tmp_path / "copy" / "harness"
    package.mkdir(parents=True)
    (package / "constants.py").write_text("LIMIT = 3\n")
    (package / "loops.py").write_text("from harness.constants import LIMIT\n")
    (package / "other.py").write_text("def f():\n    from harness.constants import LIMIT\n")
    kept = tmp_path / "copy.numba" / "harness_1"
    kept.mkdir(parents=True)
    for name in ("loops.count-3.py311.nbi", "other.count-3.py311.nbi"):
        (kept / name).write_bytes(b"")
    copy = copies.Copy(tmp_path / "copy", "HEAD")
    found = copy.compiled_without("harness/constants.py", tmp_path / "numba")
    assert [path.name for path in found.rglob("*.nbi")] == ["other.count-3.py311.nbi"]


def test_a_change_that_no_longer_applies_is_called_so(tmp_path):
    copy = copies.Copy(tmp_path, "HEAD")
    row = catalogue.tried(copy, {"name": "gone", "harmless": False, "file": "harness/gone.py", "old": "x", "new": "y"})
    assert row == {"name": "gone", "harmless": False, "applies": False}
    assert catalogue.line(row).startswith("DOES NOT APPLY")


def test_the_page_says_what_the_first_run_missed_and_what_the_last_did():
    known = {name: {"what": f"{name} | happens", "harmless": name == "rename"} for name in ("cut", "swap", "rename")}
    first = [
        ROW | {"name": "cut", "caught": False, "code": 0, "lacks": ["rouge-l"], "said": "pass"},
        ROW | {"name": "swap", "lacks": ["recall"]},
        ROW | {"name": "rename", "harmless": True, "caught": False, "code": 0},
    ]
    last = [ROW | {"name": name} for name in ("cut", "swap")] + [ROW | {"name": "rename", "harmless": True}]
    run = {"date": "2026-01-01"}
    page = pages.catalogue_page([run | {"name": "1", "entries": first}, run | {"name": "2", "entries": last}], known)
    assert "**1 of 2** [1.3–98.7 %]" in page  # beta quantiles: 1 - 0.975 ** 0.5 = 1.3 %
    assert "1, missed: `cut`" in page
    assert "2, false alarms: `rename`" in page
    assert "| `cut` | cut \\| happens | **missed** | caught |" in page
    assert "caught; lacks “recall”" in page


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None or shutil.which("tar") is None, reason="git and tar make the copy")
def test_swapped_precision_and_recall_are_caught_and_a_renamed_variable_is_not(tmp_path):
    copy = copies.Copy(tmp_path / "copy", copies.head())
    caught = catalogue.tried(copy, entry("rouge-precision-recall-swapped"))
    harmless = catalogue.tried(copy, entry("renamed-variable"))
    assert (caught["caught"], caught["lacks"]) == (True, []), caught
    assert not harmless["caught"], harmless
