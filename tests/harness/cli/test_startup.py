"""Ctrl-C while the command line is still being read: one line and exit code 130, whenever it comes."""

import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from harness.cli import startup

ROOT = Path(__file__).resolve().parents[3]
# A program that is interrupted as the module of that name is about to be read, as a Ctrl-C at that moment would do.
INTERRUPTED_AT = """
import os, signal, sys
wanted = sys.argv[1]
class At:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
        return None
sys.meta_path.insert(0, At())
from harness.__main__ import main
sys.argv = ["harness", "score", "--help"]
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize("module", ["harness.cli.main", "importlib.metadata", "click", "click.core", "harness.cli.common"])
def test_an_interrupt_while_modules_are_read_is_one_line_and_130(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_AT, module], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted before anything was begun\n")


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_an_interrupt_while_the_commands_own_modules_are_read_is_one_line_and_130() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT, "harness.cli.score"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted; run the same command again to resume\n"


def test_the_installed_command_begins_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert re.fullmatch(r"harness\.__main__:main", project["project"]["scripts"]["harness"])


def test_ctrl_c_is_pythons_own_again_once_a_command_runs_and_left_alone_where_it_is_ignored() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        startup.begin()
        assert signal.getsignal(signal.SIGINT) not in (signal.default_int_handler, signal.SIG_IGN)
        startup.end()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        startup.begin()
        startup.end()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
