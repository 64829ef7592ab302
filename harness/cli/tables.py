"""What `show` and `export` share: a run's table as plain rows, and filters on them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from harness.errors import HarnessError, did_you_mean

where_option = click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Only rows whose column has this value. A metric may be given by its name alone. Repeatable: all must hold.",
)


class _TableType(click.ParamType):
    name = "name of a table"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        from harness.store import TABLES

        return [CompletionItem(name) for name in TABLES if name.startswith(incomplete)]


def table_argument(required: bool) -> Callable[..., Any]:
    """The argument TABLE, as `name`."""
    return click.argument("name", required=required, type=_TableType(), metavar="TABLE" if required else "[TABLE]")


def parse_filters(name: str, where: tuple[str, ...]) -> dict[str, str]:
    """Column → value; HarnessError names a column that the table does not have."""
    columns = _columns(name)
    filters = {}
    for text in where:
        column, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"--where {text!r}: write COLUMN=VALUE, for example --where metric=chrf")
        if column not in columns:
            raise HarnessError(f"the table {name!r} has no column {column!r}.{did_you_mean(column, columns)}")
        filters[column] = value
    return filters


def matching(folder: Path, name: str, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The table's rows that pass, as plain values by column, in the table's order."""
    import msgspec

    for record in records(folder, name, filters):
        yield msgspec.to_builtins(record)


def records(folder: Path, name: str, filters: Mapping[str, str]) -> Iterator[Any]:
    """The table's records that pass, in the table's order."""
    from harness.store import TABLES, read_table, table_path

    for record in read_table(table_path(folder, name), TABLES[name].record_type):
        if all(_passes(column, getattr(record, column), value) for column, value in filters.items()):
            yield record


def _columns(name: str) -> tuple[str, ...]:
    from harness.store import TABLES, table_path

    table_path(Path(), name)  # raises for a name that is no table's
    return TABLES[name].record_type.__struct_fields__


def _passes(column: str, value: Any, wanted: str) -> bool:
    if value is None:
        return wanted == ""
    if isinstance(value, tuple):
        return wanted in value
    if column in ("metric", "against") and value.partition("|")[0] == wanted:
        return True
    if isinstance(value, (int, float)):
        try:
            return value == float(wanted)
        except ValueError:
            return False
    return str(value) == wanted
