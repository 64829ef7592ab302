"""Finds the chunks of a retrieval database that are most like a text, and shows them with what follows them."""

import sys
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, print_json, quiet_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness_plugins.retro.options import database_option, neighbours_option, retriever_options

if TYPE_CHECKING:
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.retrievers.base import Found, Queries


@click.command(
    "search",
    help=f"""{__doc__}

TEXT is the query, or - for what comes on stdin; it is used whole, however long it is (what an encoder cannot read is cut, as that
of chunks is). A TEXT that begins with - comes last, after --. The retriever's index is built first where it is not there yet.

\b
harness retro search "Hur många svanar finns det?" -d databases/birds
harness retro search -d databases/birds -- "- Hur många svanar?"
""",
)
@click.argument("text", metavar="TEXT")
@database_option
@retriever_options
@neighbours_option
@click.option("--without", metavar="ID", help="Leave out the chunks of this document, as where the text comes from it.")
@json_option
@quiet_option
def command(
    text: str, database: str, retriever: str, params: dict[str, Any], neighbours: int, without: str | None, as_json: bool
) -> None:
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.retrievers.base import open_retriever

    asked = sys.stdin.read() if text == "-" else text
    opened = Database(database)
    queries = _queries(opened, asked, without)
    with progress() as report:
        made = open_retriever(opened, retriever, params, report)
        found = made.search(queries, neighbours)
    rows = _rows(opened, found)
    recall: dict[str, Any] | None = getattr(made, "recall", None)
    if as_json:
        said: dict[str, Any] = {"query": asked, "tokens": int(queries.lengths[0]), "retriever": made.signature, "k": neighbours}
        print_json(said | ({"recall": recall} if recall else {}) | {"neighbours": rows})
    else:
        _print(rows, made.signature, neighbours, recall, without)


def _queries(database: "Database", text: str, without: str | None) -> "Queries":
    import numpy as np

    from harness_plugins.retro.retrievers.base import Queries

    tokens = database.tokenizer.encode_inside(text)
    if not tokens:
        raise click.BadParameter("the text has no tokens", param_hint="TEXT")
    own = -1
    if without is not None:
        if without not in database.number_of:
            raise click.BadParameter(f"{database.folder} has no document {without!r}", param_hint="--without")
        own = database.number_of[without]
    return Queries(np.array([tokens], np.int32), np.array([len(tokens)], np.int32), np.array([own], np.int64))


def _rows(database: "Database", found: "Found") -> list[dict[str, Any]]:
    rows = []
    for number, score in zip(found.numbers[0].tolist(), found.scores[0].tolist(), strict=True):
        if number < 0:
            continue
        shard = database.shard_of(number)
        follows = number + 1 < database.chunks and database.shard_of(number + 1) is shard
        place = number - shard.first_chunk
        follows = follows and int(shard.documents[place]) == int(shard.documents[place + 1])
        rows.append(
            {
                "chunk": number,
                "document": database.entries[shard.first_document + int(shard.documents[place])].id,
                "score": score,
                "text": database.text(number),
                "continuation": database.text(number + 1) if follows else None,
            }
        )
    return rows


def _print(rows: list[dict[str, Any]], signature: str, k: int, recall: dict[str, Any] | None, without: str | None) -> None:
    for rank, row in enumerate(rows, 1):
        click.echo(plain(f"{rank}  score {row['score']:.4f}  chunk {row['chunk']}  {row['document']}"))
        click.echo(f"   {plain(_one_line(row['text']))}")
        if row["continuation"] is not None:
            click.echo(f"   → {plain(_one_line(row['continuation']))}")
        click.echo()
    if len(rows) < k:
        found = "no neighbour was found" if not rows else f"{len(rows)} of {k} neighbours were found"
        others = "" if without is None else f" of documents other than {without}"
        click.echo(plain(f"{found}: there are no more chunks{others} that the retriever takes for like the text"))
    click.echo(plain(signature))
    if recall:
        between = f"95 % interval {recall['low']:.1%} to {recall['high']:.1%}, {recall['queries']} chunks as queries"
        click.echo(f"this index finds {recall['recall']:.1%} of the {recall['k']} nearest chunks ({between})")


def _one_line(text: str) -> str:
    return " ".join(text.split())
