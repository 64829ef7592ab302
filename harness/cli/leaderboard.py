"""Rank models on tasks, with how far each column's metric can be trusted: run, show, export, diff, evidence."""

from importlib import import_module
from typing import Any

import click

# command → its module and what it says of itself; a module is imported when its command is called
_COMMANDS = {
    "run": ("leaderboard_run", "Has models do tasks through lm-eval; resumes, and keeps every reply."),
    "show": ("leaderboard_show", "Prints a board: values with intervals, clusters of ranks, how far to trust each column."),
    "export": ("leaderboard_export", "Writes a board as HTML, CSV, Markdown, JSON of lm-eval or of every-eval-ever."),
    "diff": ("leaderboard_diff", "Compares two runs, column by column, with paired tests."),
    "evidence": ("leaderboard_evidence", "Writes what meta-evaluations say of metrics into a file to hand on."),
}


class _LazyGroup(click.Group):
    """Commands that are listed without being imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module: Any = import_module(f"harness.cli.{_COMMANDS[cmd_name][0]}")
        return module.command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in _COMMANDS.items()])


@click.group(cls=_LazyGroup)
def leaderboard() -> None:
    """Rank models on tasks, with how far each column's metric can be trusted: run, show, export, diff, evidence."""
