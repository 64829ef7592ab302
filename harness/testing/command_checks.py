"""Trials of commands: that one loads, says what it does, and what each of its options means."""

from importlib.metadata import EntryPoint

import click

from harness.errors import PluginError
from harness.testing.trial import Findings, told


def try_command(name: str, points: list[EntryPoint]) -> Findings:
    """What is wrong with an installed command, without calling it; the checks are `protocol` and `help`."""
    from click.testing import CliRunner

    from harness.cli.main import load_command

    found = Findings()
    try:
        command = load_command(name, points)
    except PluginError as error:
        found.add("protocol", str(error))
        return found
    if not command.help and not command.short_help:
        found.add("help", "it has no help: give its function a docstring, or help=…, that says in one line what comes out")
    for part, one in _all(command, name):
        for option in one.params:
            if isinstance(option, click.Option) and not option.help and not option.hidden:
                found.add("help", f"the option {option.opts[0]} of `harness {part}` has no help=…")
    done = CliRunner().invoke(command, ["--help"], prog_name=f"harness {name}")
    if done.exit_code != 0:
        reason = told(done.exception) if done.exception is not None else done.output.strip()[-200:]
        found.add("help", f"`harness {name} --help` fails: {reason}")
    found.tried = "loads, and its help is complete"
    return found


def _all(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    """The command and those below it, with the words that call them."""
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return [(name, command), *(found for inner, one in below for found in _all(one, f"{name} {inner}"))]
