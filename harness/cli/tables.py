"""What `show` and `export` share: a run's table as plain rows, and filters on them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from harness.errors import HarnessError, did_you_mean

LISTED = 30  # values of a column that a message names

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
    from harness.store import TABLES, read_manifest, read_table, table_path

    if table_path(folder, name).exists() and not belongs(read_manifest(folder), name):
        raise HarnessError(
            f"{table_path(folder, name)} is of an earlier command in this folder, not of the last one, which made no such table; "
            "run the earlier command again for it"
        )
    filters = _signed(folder, filters)
    for record in read_table(table_path(folder, name), TABLES[name].record_type):
        if all(_passes(column, getattr(record, column), value) for column, value in filters.items()):
            yield record


def belongs(manifest: Any, name: str) -> bool:
    """Whether the table is one that the run's last command wrote or took over; while it runs, whatever is there may be."""
    from harness.store import TABLES

    return manifest.status != "done" or TABLES[name].file in manifest.fingerprints


def _signed(folder: Path, filters: Mapping[str, str]) -> dict[str, str]:
    """The filters, a metric's label with parameters (`rouge-l:stemmer=swedish`) replaced by its signature."""
    if not any(":" in filters.get(column, "") for column in ("metric", "against")):
        return dict(filters)
    signatures = {label: signature for signature, label in labels_of(folder).items() if ":" in label}
    return {
        column: signatures.get(value, value) if column in ("metric", "against") else value for column, value in filters.items()
    }


def labels_of(folder: Path) -> dict[str, str]:
    """Signature → what the user wrote; empty where the run is not finished."""
    from harness.store import read_manifest

    return {signature: label for label, signature in read_manifest(folder).signatures.items()}


def why_none(folder: Path, name: str, filters: Mapping[str, str]) -> str:
    """Why no row passes: the values that there are in the column whose value is not among them."""
    for column, wanted in filters.items():
        if any(True for _ in records(folder, name, {column: wanted})):
            continue
        values = [getattr(record, column) for record in records(folder, name, {})]
        return f"the table {name!r} has no row with {column}={wanted}.{_meant(column, wanted, values)}"
    return f"the table {name!r} has no row with {' and '.join(f'{column}={value}' for column, value in filters.items())} together"


def _meant(column: str, wanted: str, values: Sequence[Any]) -> str:
    """What the column holds: its range where that is numbers, else its values, and the one that may have been meant."""
    numbers = [value for value in values if isinstance(value, (int, float))]
    if len(set(numbers)) > LISTED:
        return f" Its values run from {min(numbers):.6g} to {max(numbers):.6g}."
    given = [one for value in values if value is not None for one in (value if isinstance(value, tuple) else (value,))]
    known = list(dict.fromkeys(f"{one:.6g}" if isinstance(one, float) else str(one) for one in given))
    if column in ("metric", "against"):
        known = list(dict.fromkeys(signature.partition("|")[0] for signature in known))
    if not known:
        return " The column is empty."
    ending = [value for value in known if value.endswith((f"={wanted}", f"/{wanted}"))]
    guess = f" Did you mean {ending[0]!r}?" if ending else did_you_mean(wanted, known)
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    listed = f" There are: {', '.join(known[:LISTED])}{more}."
    return (guess if guess.startswith(" Did you mean") else "") + listed


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
