"""What docs/how-to/advise.md and plan.md show is what the commands print."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import harness

DOCS = Path(__file__).resolve().parents[3] / "docs" / "how-to"
SHOWN = re.compile(r"```sh\n(harness [^\n]+)\n```\n\n```\n(.*?)```", re.DOTALL)
EXAMPLES = [(page, *found) for page in ("advise.md", "plan.md") for found in SHOWN.findall((DOCS / page).read_text("utf-8"))]


def test_both_pages_show_commands_with_what_they_print():
    assert [page for page, _, _ in EXAMPLES] == ["advise.md", "advise.md", "plan.md", "plan.md"]


@pytest.mark.parametrize(("page", "command", "printed"), EXAMPLES, ids=[command for _, command, _ in EXAMPLES])
def test_what_a_how_to_shows_is_what_is_printed(shared_data, monkeypatch, page, command, printed):
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    monkeypatch.setenv("COLUMNS", "110")
    result = CliRunner().invoke(harness, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    assert printed.rstrip("\n") in result.stdout
