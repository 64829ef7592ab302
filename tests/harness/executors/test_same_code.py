"""A worker that runs other code is refused, with both sides named."""

import sys
from pathlib import Path

import pytest

from harness.errors import PluginError
from harness.executors.same_code import check_same, code_of, package_of
from harness.protocols import MetricSpec


def test_a_digest_changes_with_any_python_file_of_the_package_and_with_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "made_for_this_test"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '3.1'\n")
    (package / "inner" / "a.py").write_text("a = 1\n")
    first = code_of(["made_for_this_test"])
    assert first["made_for_this_test"].startswith("3.1 (")
    (package / "notes.txt").write_text("no code")
    assert code_of(["made_for_this_test"]) == first
    (package / "inner" / "a.py").write_text("a = 2\n")
    assert code_of(["made_for_this_test"]) != first
    del sys.modules["made_for_this_test"]


def test_a_package_that_is_missing_differs_from_every_other() -> None:
    assert code_of(["no_such_package_at_all"]) == {"no_such_package_at_all": "not installed"}


def test_a_difference_names_both_sides_and_the_machine() -> None:
    check_same("chrf", {"harness": "1"}, {"harness": "1"}, "node-7")
    with pytest.raises(PluginError) as error:
        check_same("chrf", {"harness": "1", "x": "2"}, {"harness": "1", "x": "3", "y": "4"}, "node-7")
    assert str(error.value) == (
        "chrf: the worker on node-7 would not give the same results: x is '2' here and '3' there; y is None here and '4' there. "
        "Install the same versions on both"
    )


def test_packages_are_those_of_plugins_not_of_python_or_a_script() -> None:
    assert package_of(MetricSpec) == "harness"
    assert package_of(Path) is None
    assert package_of(int) is None
