"""The command `harness`: subcommands are found in the metadata of installed packages, and only the one called is imported.

A subcommand is an entry point of the group `harness.commands` that names a `click.Command`.
"""

import os
import traceback
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from harness import __version__
from harness.cli import startup
from harness.cli.common import plugin_option
from harness.cli.plain import plain
from harness.distributions import name_of
from harness.errors import HarnessError, PluginError, did_you_mean

GROUP = "harness.commands"
DISTRIBUTION = "metaeval-harness"
WRONG_USE = 2
TRACEBACK = "HARNESS_TRACEBACK"


class _WrongUse(click.ClickException):
    exit_code = WRONG_USE

    def __init__(self, message: str) -> None:
        super().__init__(_safe(message))


class EntryPointGroup(click.Group):
    """A group whose commands are entry points: listed from metadata alone, imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all installed commands, sorted."""
        return sorted(command_points())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported; None if there is none; PluginError if it cannot be used."""
        points = command_points().get(cmd_name)
        if points is None:
            return None
        try:
            return load_command(cmd_name, points)
        except PluginError:
            if ctx.resilient_parsing:  # the shell asks for completions: a broken command has none
                return None
            raise

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown command is answered with the names that are close to it."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and name not in command_points():
            raise click.UsageError(f"No such command {name!r}.{did_you_mean(name, command_points())}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, written without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(points)) for name, points in sorted(command_points().items())])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; what a user can mend is one message and exit code 2, Ctrl-C one line and exit code 130."""
        try:
            startup.end()
            return super().invoke(ctx)
        except HarnessError as error:
            raise _WrongUse(str(error)) from error
        except BrokenPipeError:
            raise  # the reader of our output has gone (`harness show … | head`); click ends quietly
        except OSError as error:
            if error.filename is None:  # a full disk, mostly
                raise _WrongUse(f"{error.strerror or error}; what was finished before is kept") from error
            raise _WrongUse(f"{error.filename}: {error.strerror}") from error
        except click.ClickException as error:
            vars(error)["message"] = _safe(error.message)  # Final for type checkers, and what click shows
            raise
        except (click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:  # isolation: a stranger's command that fails is told by name; a fault of ours shows its place
            owner = _stranger(ctx.invoked_subcommand)
            if owner is None or os.environ.get(TRACEBACK):
                raise
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise _WrongUse(
                f"command {ctx.invoked_subcommand!r} (from {owner}) failed: {type(error).__name__}: {error} "
                f"({place.filename}, line {place.lineno}); tell its authors, or set {TRACEBACK}=1 to see where it came from"
            ) from error
        except KeyboardInterrupt:
            click.echo("interrupted; run the same command again to resume", err=True)
            ctx.exit(startup.INTERRUPTED)


def _stranger(name: str | None) -> str | None:
    """The distribution of a command that is not ours."""
    points = command_points().get(name or "", [])
    return None if not points or _ours(points[0]) else name_of(points[0])


def command_points() -> dict[str, list[EntryPoint]]:
    """Entry points of all installed commands by name; a name has several where several distributions offer it."""
    found: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=GROUP), key=name_of):
        found.setdefault(point.name, []).append(point)
    return found


def _safe(message: str) -> str:
    """A message that may quote anything, safe for a terminal line by line."""
    return "\n".join(map(plain, message.split("\n")))


def load_command(name: str, points: list[EntryPoint]) -> click.Command:
    """The command, imported; PluginError names the distribution and what is wrong with it."""
    if len(points) > 1:
        owners = " and ".join(sorted(map(name_of, points)))
        raise PluginError(f"command {name!r} is offered by {owners}; uninstall one of them")
    point = points[0]
    where = f"command {name!r} (from {name_of(point)})"
    try:
        command = point.load()
    except (Exception, SystemExit) as error:  # isolation: whatever a stranger's import raises is told; other commands work
        raise PluginError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(command, click.Command):
        raise PluginError(f"{where}: {point.value} must be a click command, got {type(command).__name__}")
    return command


def summary(points: list[EntryPoint]) -> str:
    """One line on a command, read without importing it: its help, or who offers it."""
    if len(points) > 1:
        return f"offered twice: by {' and '.join(map(name_of, points))}"
    if not _ours(points[0]):
        return f"(from {name_of(points[0])})"
    # The docstring of a module of ours is its command's help; reading one line is cheaper than importing ten modules.
    package, *inner = points[0].module.split(".")
    found = find_spec(package)  # of a package at the top: nothing is imported
    places = (found.submodule_search_locations if found is not None else None) or []
    source = next((path for place in places if (path := Path(place).joinpath(*inner).with_suffix(".py")).is_file()), None)
    if source is None:
        return ""
    with source.open(encoding="utf-8") as lines:
        return next(lines, "").strip().strip('"')


def _ours(point: EntryPoint) -> bool:
    """Whether the command comes with this program, be it in this package or in that of its plugins."""
    return point.module.partition(".")[0] == __package__.partition(".")[0] or name_of(point) == DISTRIBUTION


@click.group(cls=EntryPointGroup, context_settings={"help_option_names": ["-h", "--help"]})
@plugin_option
@click.version_option(__version__, prog_name="harness")
def harness() -> None:
    """Which automatic metric can you trust, on which kind of task, in which language?

    Results go to stdout; progress and notices go to stderr. Exit codes: 0 ok, 1 a regression was found, 2 wrong use,
    3 finished with failures.
    """


def main() -> None:
    """Runs the command line and exits."""
    harness(prog_name="harness")
