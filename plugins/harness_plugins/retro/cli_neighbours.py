"""Finds the neighbours of a corpus's chunks in a database, and keeps them in a table; goes on where it was stopped."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, notice, print_json, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness_plugins.retro.options import database_option, neighbours_option, retriever_options

if TYPE_CHECKING:
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.neighbour_report import Described


@click.command(
    "neighbours",
    help=f"""{__doc__}

The corpus is a database too, often the same one: then a chunk's neighbours are those in other documents. In another database a
document of the same id or the same text counts as its own. The table is a Parquet file in the corpus's folder, keyed by chunk.
""",
)
@database_option
@click.option(
    "--corpus", "-c", type=click.Path(file_okay=False), metavar="DIR", help="Whose chunks are the queries; default the database."
)
@retriever_options
@neighbours_option
@dry_run_option
@json_option
@quiet_option
def command(
    database: str, corpus: str | None, retriever: str, params: dict[str, Any], neighbours: int, dry_run: bool, as_json: bool
) -> None:
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.neighbour_report import describe
    from harness_plugins.retro.neighbours import check, neighbour_table

    theirs = Database(database)
    ours = Database(corpus) if corpus is not None else theirs
    check(ours, theirs, neighbours)
    if dry_run:
        said = {"queries": ours.chunks, "chunks": theirs.chunks, "retriever": retriever, "params": params, "k": neighbours}
        if as_json:
            print_json(said)
        else:
            click.echo(plain(f"{_amounts(ours, theirs, retriever, neighbours)}; nothing was sought (--dry-run)"))
        return
    with progress() as report:
        table = neighbour_table(ours, theirs, retriever, params, neighbours, report, must_keep=True)
    told = describe(ours, theirs, table)
    for sentence in told.warnings():
        notice(plain(sentence))
    if as_json:
        facts = {"k": neighbours, "table": str(table.path), "table_k": table.info.k, "retriever": table.info.signature}
        print_json(facts | asdict(told) | {"warnings": told.warnings()})
    else:
        click.echo(plain(_amounts(ours, theirs, retriever, neighbours)))
        _print(told)
        click.echo(plain(f"  {table.path}"))


def _print(told: "Described") -> None:
    if not told.chunks:
        return
    click.echo(
        f"  {told.found / told.chunks:.2f} neighbours found for a chunk; none for {told.without:,} of {told.chunks:,} chunks"
    )
    click.echo(
        f"  of {told.found:,} neighbours {told.identical:,} are their query itself, {told.nearly:,} have nine tenths of its "
        f"tokens, {told.copied:,} go on as it does"
    )
    if told.same_text or told.same_id:
        click.echo(f"  own documents in the database: {told.same_text:,} by their text, {told.same_id:,} by their id alone")


def _amounts(ours: "Database", theirs: "Database", retriever: str, k: int) -> str:
    return (
        f"{k} neighbours of each of {ours.chunks:,} chunks of {ours.folder}, among {theirs.chunks:,} chunks of "
        f"{theirs.documents:,} documents of {theirs.folder}, by {retriever}"
    )
