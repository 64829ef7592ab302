"""The command line answers at once, says what is wrong without a traceback, and ends with the right exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness import __version__
from harness.cli.main import EntryPointGroup, command_points, harness, load_command
from harness.errors import InputError
from harness.store import read_manifest

HEAVY = ["torch", "transformers", "lm_eval", "numba", "numpy", "pyarrow", "msgspec", "rich", "yaml", "pluggy", "sacrebleu"]
OUTSIDE = Path(__file__).resolve().parents[2] / "plugin_package" / "outside_plugins"


def invoke(*arguments, **environment):
    return CliRunner().invoke(harness, list(map(str, arguments)), env=environment)


def test_help_lists_every_command_and_imports_nothing_heavy():
    code = (
        "import json, sys\nfrom harness.cli.main import main\nsys.argv = ['harness', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    modules = json.loads(ran.stderr)
    assert [module for module in HEAVY if module in modules] == []
    ours = [module for module in modules if module.startswith("harness.cli.")]
    assert ours == ["harness.cli.common", "harness.cli.main", "harness.cli.plain", "harness.cli.startup"]
    for name in ("cache", "data", "export", "metaeval", "plugins", "run", "score", "show"):
        assert f"\n  {name} " in ran.stdout


@pytest.mark.parametrize("name", [name for name, points in command_points().items() if points[0].module.startswith("harness.")])
def test_the_listed_line_of_a_command_is_the_first_line_of_its_help(name):
    command = load_command(name, command_points()[name])
    words = " ".join(invoke("--help", COLUMNS="200", TERMINAL_WIDTH="200").stdout.split())
    first = (command.help or "").strip().splitlines()[0]
    assert first.endswith((".", ":"))
    assert f" {name} {first}" in words


def test_importing_the_package_imports_nothing():
    code = (
        "import sys, harness; print([m for m in sys.modules if m.startswith('harness.') or m in ('click', 'numpy', 'msgspec')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_module_runs_as_the_command():
    ran = subprocess.run([sys.executable, "-m", "harness", "--version"], capture_output=True, text=True)
    assert ran.stdout == f"harness, version {__version__}\n"


def test_an_unknown_command_is_answered_with_a_close_one():
    result = invoke("metaevl")
    assert result.exit_code == 2
    assert "No such command 'metaevl'. Did you mean 'metaeval'" in result.stderr
    assert invoke("--nonsense").exit_code == 2


def failing(error):
    group = EntryPointGroup("harness")
    group.resolve_command = lambda ctx, args: ("fail", command, args[1:])  # type: ignore[method-assign]

    @click.command()
    def command():
        raise error

    return CliRunner().invoke(group, ["fail"])


def test_what_a_user_can_mend_is_one_message_and_exit_code_2():
    result = failing(InputError("ratings.csv, line 7: the rating is off its scale"))
    assert (result.exit_code, result.stderr) == (2, "Error: ratings.csv, line 7: the rating is off its scale\n")
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", [("show", "no\x1b[31msuch"), ("no\x1b[2Jcommand",), ("run", "no\u202esuch.yaml")])
def test_what_is_quoted_in_an_error_moves_nothing_on_the_terminal(arguments):
    found = invoke(*arguments)
    assert found.exit_code == 2
    assert "\x1b" not in found.output
    assert "\u202e" not in found.output
    assert r"\x1b" in found.output or r"\u202e" in found.output


def test_a_file_that_cannot_be_opened_is_named():
    result = failing(PermissionError(13, "Permission denied", "/locked/run"))
    assert (result.exit_code, result.stderr) == (2, "Error: /locked/run: Permission denied\n")


def test_a_bug_keeps_its_traceback():
    assert isinstance(failing(KeyError("bug")).exception, KeyError)


def test_ctrl_c_is_one_line_and_exit_code_130():
    result = failing(KeyboardInterrupt())
    assert (result.exit_code, result.stderr) == (130, "interrupted; run the same command again to resume\n")


SLOW = """
import time
from harness import MetricSpec, hookimpl

class Slow:
    signature = "slow|v:1"
    def score(self, units):
        time.sleep(0.15)
        return [float(len(unit.output.text)) for unit in units]

@hookimpl
def harness_metrics():
    return [MetricSpec("slow", build=Slow, batch_size=2)]
"""


def test_an_interrupted_command_resumes_where_it_stopped(tmp_path):
    plugin, table, run = tmp_path / "slow_metric.py", tmp_path / "ratings.csv", tmp_path / "run"
    plugin.write_text(SLOW)
    rows = [f"{item},{system},svar {item},{item % 3 + 1}" for item in range(20) for system in ("a", "b")]
    table.write_text("\n".join(["item,system,output,rating", *rows]))
    arguments = ["-m", "harness", "score", "--judgments", f"table:{table}", "-m", "slow", "--plugin", plugin, "-o", run]
    command = [sys.executable, *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while sum(path.read_bytes().count(b"\n") for path in run.glob("segments/*/*.jsonl")) < 4:
        assert time.monotonic() < deadline, "nothing was scored within a minute"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.strip().splitlines()[-1] == "interrupted; run the same command again to resume"
    assert read_manifest(run).status == "failed"
    again = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stderr
    counts = read_manifest(run).counts
    assert counts["units_reused"] > 0
    assert counts["units_reused"] + counts["units_scored"] == 40


def test_the_shell_completes_commands_metrics_their_parameters_and_judgment_sets():
    def complete(*words):
        shell = {"_HARNESS_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
        answer = CliRunner().invoke(harness, [], env=shell, prog_name="harness").stdout
        return [line.partition(",")[2] for line in answer.split()]

    assert complete("harness", "met") == ["metaeval"]
    assert "rouge-l" in complete("harness", "metaeval", "--metric", "rouge")
    assert complete("harness", "score", "--judgments", "gec") == ["gec-sv"]
    assert complete("harness", "metaeval", "--metric", "chrf:word") == ["chrf:word_order="]
    assert "item" in complete("harness", "metaeval", "--grouping", "")


def test_bash_completes_with_the_printed_script():
    script = """eval "$(harness completion bash)"
        COMP_WORDS=(harness metaeval --metric rouge-ls) COMP_CWORD=3
        _harness_completion harness
        echo "${COMPREPLY[@]}"
    """
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=60)
    assert ran.stdout.split() == ["rouge-lsum"], ran.stderr


@pytest.mark.parametrize(
    ("shell", "sign"), [("bash", "complete -o nosort"), ("zsh", "#compdef harness"), ("fish", "complete --no-files")]
)
def test_every_shell_gets_its_own_script(shell, sign):
    assert sign in invoke("completion", shell).stdout
