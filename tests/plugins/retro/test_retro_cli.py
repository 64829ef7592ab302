"""`harness retro` lists its commands without importing them, and says what each of them says of itself."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from harness_plugins.retro.cli import retro

from harness.cli.main import harness

NAMES = retro.list_commands(click.Context(retro))


def test_the_group_is_listed_with_its_own_words():
    words = " ".join(CliRunner().invoke(harness, ["--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"}).stdout.split())
    assert f" retro {retro.help.splitlines()[0]}" in words


@pytest.mark.parametrize("name", NAMES)
def test_the_listed_line_of_a_command_is_the_first_line_of_its_help(name):
    command = retro.get_command(click.Context(retro), name)
    words = " ".join(CliRunner().invoke(retro, ["--help"], env={"COLUMNS": "300", "TERMINAL_WIDTH": "300"}).stdout.split())
    first = command.help.strip().splitlines()[0]
    assert command.name == name
    assert first.endswith((".", ":"))
    assert f" {name} {first}" in words


def test_listing_commands_imports_none_of_them_and_nothing_heavy():
    code = (
        "import sys\nfrom harness.cli.main import main\nsys.argv = ['harness', 'retro', '--help']\ntry:\n    main()\n"
        "except SystemExit:\n    print([name for name in sys.modules if name.startswith('harness_plugins.retro.')"
        " or name in ('numpy', 'torch', 'transformers', 'msgspec', 'pyarrow')], file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stderr.strip() == "['harness_plugins.retro.cli']"
    assert "neighbours" in ran.stdout


def test_an_unknown_command_is_answered_with_a_close_one():
    result = CliRunner().invoke(harness, ["retro", "neighbors"])
    assert result.exit_code == 2
    assert "No such command 'neighbors'. Did you mean 'neighbours'" in result.stderr
