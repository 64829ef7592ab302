"""The six plugins that the tutorials write, installed side by side, pass the tests that the tutorials write for them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from documents import DOCS, ROOT, blocks

from harness.scaffold.new import KINDS, new_plugin

EDITABLE = ROOT / "tests" / "support" / "editable.py"


@pytest.mark.slow
def test_the_tutorials_own_tests_pass(tmp_path: Path) -> None:
    (site := tmp_path / "site").mkdir()
    folders = [written(kind, tmp_path) for kind in KINDS]
    environment = {**os.environ, "PAGE_SITE": str(site), "HARNESS_CACHE": str(tmp_path / "cache")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, [site, *folders]))
    for folder in folders:
        subprocess.run([sys.executable, EDITABLE, "install", "-e", "."], cwd=folder, env=environment, check=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", f"--rootdir={tmp_path}"]
    tests = [str(folder / "tests") for folder in folders]
    done = subprocess.run([*command, *tests], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "15 passed" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_one_for_each_kind_of_plugin_which_begins_as_its_author_does(kind: str) -> None:
    page = DOCS / "tutorial" / f"plugin-{kind}.md"
    first = next(blocks(page)).text.splitlines()
    assert first[0].startswith(f"harness plugins new {kind} ")
    assert first[1:] == [f"cd metaeval-{first[0].split()[-1]}", "pip install -e '.[test]'"]
    assert f"tutorial/{page.name}" in (DOCS / "how-to" / "write-a-plugin.md").read_text(encoding="utf-8")


def written(kind: str, folder: Path) -> Path:
    """The distribution that the page's reader has at its end."""
    page = list(blocks(DOCS / "tutorial" / f"plugin-{kind}.md"))
    name = page[0].text.split()[4]
    home = folder / f"metaeval-{name}"
    new_plugin(kind, name, home)
    for block in page:
        if block.saved is not None:
            (home / block.saved).write_text(block.text, encoding="utf-8")
    return home
