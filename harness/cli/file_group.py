"""A group of commands that are files beside each other, found by lying there."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from harness.errors import did_you_mean

_PREFIX = "cli_"


class FileGroup(click.Group):
    """The commands of the files `cli_<name>.py` in `folder`, modules of `package`.

    Each holds a click command called `command`, is imported when it is called, and says in the first line of its docstring what
    the list of commands says of it."""

    def __init__(self, *args: Any, folder: Path, package: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._folder, self._package = folder, package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the files, sorted."""
        return sorted(path.stem.removeprefix(_PREFIX).replace("_", "-") for path in self._folder.glob(f"{_PREFIX}*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported; None if there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module: Any = import_module(f"{self._package}.{_PREFIX}{cmd_name.replace('-', '_')}")
        return module.command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown command is answered with the names that are close to it."""
        names = self.list_commands(ctx)
        if not ctx.resilient_parsing and not args[0].startswith("-") and args[0] not in names:
            raise click.UsageError(f"No such command {args[0]!r}.{did_you_mean(args[0], names)}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, written without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._said(name)) for name in self.list_commands(ctx)])

    def _said(self, name: str) -> str:
        """The first line of the docstring of a command's module."""
        with (self._folder / f"{_PREFIX}{name.replace('-', '_')}.py").open(encoding="utf-8") as lines:
            return next(lines, "").strip().strip('"')
