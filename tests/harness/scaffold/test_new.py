"""A new plugin of each kind passes its own tests as soon as it is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmark_scripts import benchmark
from click.testing import CliRunner

from harness.cli.main import harness
from harness.errors import InputError
from harness.hookspecs import VERSION
from harness.scaffold.new import KINDS, new_plugin

EDITABLE = Path(__file__).parents[2] / "support" / "editable.py"


@pytest.mark.slow
def test_six_plugins_one_a_kind_pass_their_own_tests_and_work_together_in_one_experiment(tmp_path: Path) -> None:
    six = benchmark("six_plugins")
    (site := tmp_path / "site").mkdir()
    folders = [tmp_path / f"metaeval-{name}" for name in six.NAMES.values()]
    path = os.pathsep.join(map(str, [site, *folders]))
    environment = {**os.environ, "PYTHONPATH": path, "PAGE_SITE": str(site), "HARNESS_CACHE": str(tmp_path / "cache")}
    for (kind, name), folder in zip(six.NAMES.items(), folders, strict=True):
        new_plugin(kind, name, folder)
        subprocess.run([sys.executable, EDITABLE, "install", "-e", ".[test]"], cwd=folder, env=environment, check=True)
    tests = [str(folder / "tests") for folder in folders]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", f"--rootdir={tmp_path}"]
    done = subprocess.run([*command, *tests], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "22 passed" in done.stdout
    told = [step["what"] for step in six.use([sys.executable, "-m", "harness"], tmp_path / "work", PYTHONPATH=path)]
    assert told[-1] == "`harness answer-lengths runs/six`"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_python_in_the_plugin_s_own_name(kind: str, tmp_path: Path) -> None:
    files = new_plugin(kind, "my-own", tmp_path / "new")
    assert {file.name for file in files} >= {"pyproject.toml", "README.md", "py.typed", "test.yml", "test_my_own_plugin.py"}
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "[[" not in text
        if file.suffix == ".py":
            compile(text, str(file), "exec")
            assert kind == "command" or file.parent.name == "tests" or f"HARNESS_HOOKS = {VERSION}" in text
    assert "metaeval-my-own" in (tmp_path / "new" / "pyproject.toml").read_text()


def test_the_command_says_what_comes_next(tmp_path: Path) -> None:
    done = CliRunner().invoke(harness, ["plugins", "new", "metric", "word-share", "--folder", str(tmp_path / "new")])
    assert done.exit_code == 0
    assert str(tmp_path / "new" / "word_share_plugin" / "__init__.py") in done.stdout.splitlines()
    assert "pip install -e '.[test]' && pytest" in done.stderr


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match="is there already and holds something"):
        new_plugin("metric", "word-share", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["Word", "word_share", "class", "harness", "../up", "", "a--b", "1st"])
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no plugin's name|cannot be the name"):
        new_plugin("metric", name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_reports_of_a_gate_are_not_committed(tmp_path: Path) -> None:
    new_plugin("metric", "word-recall", tmp_path / "new")
    ignored = (tmp_path / "new" / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"metric-gate.xml", "metric-gate.sarif"} <= set(ignored)
