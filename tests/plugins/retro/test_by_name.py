"""What users bring as `package.module:name` is found in the current folder too, and where it is not, one is told where."""

import sys

import pytest
from harness_plugins.retro.by_name import by_name

from harness.errors import InputError, PluginError


def test_a_module_in_the_current_folder_is_found_and_the_path_is_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "beside_r7.py").write_text("said = 1\n")
    (tmp_path / "found_here_r7.py").write_text("import beside_r7\n\nsaid = beside_r7.said + 1\n")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert by_name("found_here_r7:said", "thing") == 2
    assert sys.path == before


def test_installed_packages_come_before_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("1 / 0\n")
    (tmp_path / "this.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    assert callable(by_name("json:dumps", "thing"))
    assert isinstance(by_name("this:s", "thing"), str)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "nowhere_r7:f",
            "thing cannot be loaded: ModuleNotFoundError: No module named 'nowhere_r7'; it was looked for among the",
        ),
        ("nowhere_r7.sub:f", "in the current folder, "),
        ("there_r7:chanse", r"no attribute 'chanse' \(.*there_r7.py\). Did you mean 'chance'"),
        ("failing_r7:f", "thing cannot be loaded: ZeroDivisionError"),
        ("lacking_r7:f", "No module named 'nowhere_r7'$"),
    ],
)
def test_what_cannot_be_loaded_is_told_with_the_place(tmp_path, monkeypatch, name, said):
    (tmp_path / "there_r7.py").write_text("def chance():\n    pass\n")
    (tmp_path / "failing_r7.py").write_text("1 / 0\n")
    (tmp_path / "lacking_r7.py").write_text("import nowhere_r7\n")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    with pytest.raises(PluginError, match=said):
        by_name(name, "thing")
    assert sys.path == before


def test_what_a_module_says_to_its_user_stays_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "saying_r7.py").write_text("from harness.errors import InputError\n\nraise InputError('give a key')\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^give a key$"):
        by_name("saying_r7:f", "thing")
