"""Plugins that were written for older hooks: what still works is used, and their users are told what has changed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What `harness plugins check` says of the older distribution, built and installed as one."""
    folder = tmp_path_factory.mktemp("older")
    (site := folder / "site").mkdir()
    project = shutil.copytree(ROOT / "tests" / "older_plugin_package", folder / "project")
    environment = {**os.environ, "PAGE_SITE": str(site), "PYTHONPATH": os.pathsep.join([str(site), str(project)])}
    install = [sys.executable, ROOT / "tests" / "support" / "editable.py", "install", "-e", "."]
    subprocess.run(install, cwd=project, env=environment, check=True)
    command = [sys.executable, "-m", "harness", "plugins", "check", "older-plugin", "--json"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=120)


def test_what_still_works_is_used(told):
    (metric,) = json.loads(told.stdout)["checks"]
    assert (metric["name"], metric["status"]) == ("first-word", "ok")


def test_the_warning_names_the_change_and_what_to_do(told):
    problems = json.loads(told.stdout)["problems"]
    reasons = {one["plugin"]: one["reason"] for one in problems if "is written for version" in one["reason"]}
    assert set(reasons) == {"first-word", "sheet"}
    assert reasons["sheet"].startswith(
        "it is written for version 0 of the hooks, and since then this changed: 1: a judgment source"
    )
    assert "names the parameter (rows_argument, once reads_tables)" in reasons["sheet"]
    assert reasons["sheet"].endswith("Look it through, and state HARNESS_HOOKS = 1")


def test_what_the_change_broke_is_told_beside_it(told):
    problems = json.loads(told.stdout)["problems"]
    assert any(one["plugin"] == "sheet" and "unexpected keyword argument 'reads_tables'" in one["reason"] for one in problems)
    assert told.returncode == 3
