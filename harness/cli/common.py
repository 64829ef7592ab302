"""What several commands share: options, the plugins they load, and how they speak to stdout and stderr."""

import os
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from rich.console import Console

    from harness.plugins import Registry

SHORT = 12  # a cell of so many characters is never cut in two
FAILURES = 3  # exit code of a command that finished, with failures it named
_PLUGIN_FILES = "harness.plugin_files"
_QUIET = "harness.quiet"


def _remember_plugins(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    ctx.meta.setdefault(_PLUGIN_FILES, []).extend(value)


def _remember_quiet(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta[_QUIET] = ctx.meta.get(_QUIET, False) or value


plugin_option = click.option(
    "--plugin",
    multiple=True,
    metavar="FILE.py",
    type=click.Path(),
    expose_value=False,
    callback=_remember_plugins,
    help="Load a plugin from a Python file, without installing it. Repeatable.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
quiet_option = click.option(
    "--quiet", "-q", is_flag=True, expose_value=False, callback=_remember_quiet, help="No progress and no notices on stderr."
)


def registry(files: Sequence[str] = ()) -> "Registry":
    """Installed plugins, those of `--plugin` and those of `files`; what could not be loaded is said on stderr."""
    from harness.plugins import load_plugins

    loaded = load_plugins([*plugin_files(), *files])
    for problem in loaded.problems:
        notice(str(problem))
    return loaded


def plugin_files() -> list[str]:
    """The files that `--plugin` named."""
    ctx = click.get_current_context(silent=True)
    return list(ctx.meta.get(_PLUGIN_FILES, ())) if ctx is not None else []


def quiet() -> bool:
    """True if `--quiet` was given."""
    ctx = click.get_current_context(silent=True)
    return bool(ctx is not None and ctx.meta.get(_QUIET, False))


def notice(text: str) -> None:
    """One line for the user on stderr, unless `--quiet`."""
    if not quiet():
        click.echo(text, err=True)


def print_json(value: Any) -> None:
    """Records, or anything JSON can hold, on stdout: indented, UTF-8, fields in a fixed order."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2)
    click.echo(text.decode())


def console() -> "Console":
    """stdout for tables: as wide as the terminal, or as `COLUMNS` says, or 120 where it is a pipe or a file."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
    file = cast("IO[str]", _Trimmed())
    return Console(file=file, width=int(os.environ.get("COLUMNS") or 120), highlight=False, emoji=False, markup=False)


class _Trimmed:
    """stdout without the blanks that a table puts at the ends of its lines."""

    def write(self, text: str) -> int:
        return sys.stdout.write("\n".join(line.rstrip(" ") for line in text.split("\n")))

    def flush(self) -> None:
        sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, whole: Sequence[str] = ()) -> None:
    """Rows of text under their headings; long cells wrap, those of the columns `whole` never, and nothing is cut."""
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        column.overflow = "fold"
    for column, cells in zip(table.columns, zip(*rows, strict=True), strict=False):
        column.no_wrap = max(map(len, cells)) <= SHORT or column.header in whole
    for row in rows:
        table.add_row(*row)
    console().print(table)


def finish_with_failures(count: int, what: str) -> None:
    """Says what failed and exits with code 3; does nothing where `count` is 0."""
    if count:
        click.echo(f"{count} {what}", err=True)
        sys.exit(FAILURES)
