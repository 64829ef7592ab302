"""Imageability probe: whether seeing helps with words that one can picture."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from harness.errors import did_you_mean

_HERE = Path(__file__).parent
_PREFIX = "cli_"


class _Group(click.Group):
    """The commands of the files `cli_<name>.py` beside this one: each holds a click command called `command`, is imported when
    it is called, and says in the first line of its docstring what the list of commands says of it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(path.stem.removeprefix(_PREFIX).replace("_", "-") for path in _HERE.glob(f"{_PREFIX}*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module: Any = import_module(f"{__package__}.{_PREFIX}{cmd_name.replace('-', '_')}")
        return module.command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if not ctx.resilient_parsing and not args[0].startswith("-") and args[0] not in names:
            raise click.UsageError(f"No such command {args[0]!r}.{did_you_mean(args[0], names)}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _said(name)) for name in self.list_commands(ctx)])


@click.group(cls=_Group, help=__doc__)
def probe() -> None:
    pass


def _said(name: str) -> str:
    """The first line of the docstring of a command's module, read without importing it."""
    with (_HERE / f"{_PREFIX}{name.replace('-', '_')}.py").open(encoding="utf-8") as lines:
        return next(lines, "").strip().strip('"')
