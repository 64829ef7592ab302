"""What a retrieval database holds: chunks, documents, tokenizer, indexes and tables of neighbours."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, print_json, print_table, quiet_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness_plugins.retro.database.layout import ShardInfo
    from harness_plugins.retro.database.reading import Database


@click.command(
    "info",
    help=f"""{__doc__}

With --check every file is read and held against its digest, indexes and tables of neighbours too;
exit code 2 says that something is damaged.
""",
)
@click.argument("database", type=click.Path(file_okay=False), metavar="DATABASE")
@click.option("--check", is_flag=True, help="Read everything, and say what is damaged.")
@json_option
@quiet_option
def command(database: str, check: bool, as_json: bool) -> None:
    from harness_plugins.retro.database.checking import problems
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.neighbour_files import table_problems
    from harness_plugins.retro.retrievers.checking import index_problems

    opened = Database(database)
    wrong: list[str] | None = None
    indexes: list[str] = []
    tables: dict[str, str] = {}
    unchecked: list[str] = []
    if check:
        with progress() as report:
            wrong = problems(opened, report)
            indexes = index_problems(opened.folder, report)
            tables, unchecked = table_problems(opened.folder / "neighbours", report)
    facts = _facts(opened, wrong, tables)
    made = [*indexes, *tables.values()]  # from the chunks, and made again
    if as_json:
        print_json(facts | {"problems": (wrong or []) + made, "unchecked": unchecked} if check else facts)
    else:
        _print(opened, facts, whole=wrong == [] == made, unchecked=unchecked)
    if made and not wrong:
        raise InputError("; ".join(made))
    if wrong:
        raise InputError("; ".join(wrong) + f". Remove {opened.folder}, and run the build that wrote it again")


def _facts(database: "Database", wrong: list[str] | None, damaged: "Collection[str]") -> dict[str, Any]:
    info = database.info
    documents = {} if wrong else _documents(database)
    return {
        "database": str(database.folder),
        "digest": database.digest,
        "chunk": info.chunk,
        "chunks": database.chunks,
        "tokens": sum(shard.tokens for shard in info.shards),
        "documents": database.documents,
        "decomposed": sum(shard.decomposed for shard in info.shards),
        **documents,
        "shards": [{"name": shard.name, "documents": shard.documents, "chunks": shard.chunks} for shard in info.shards],
        "tokenizer": {
            "name": info.tokenizer.name,
            "vocabulary": info.tokenizer.vocabulary,
            "digest": info.tokenizer.digest,
        },
        "bytes": _size(database.folder / "shards"),
        "indexes": [_index(folder, info.shards) for folder in _folders(database.folder / "indexes")],
        "neighbours": [
            _table(path, database)
            for path in sorted((database.folder / "neighbours").glob("*.parquet"))
            if path.name not in damaged
        ],
    }


def _documents(database: "Database") -> dict[str, Any]:
    """Documents by language, how many chunks the longest has, and how many chunks are not full; a shard at a time."""
    from collections import Counter

    from harness_plugins.retro.database.layout import read_entries

    languages: Counter[str] = Counter()
    longest = 0
    for shard in database.info.shards:
        for entry in read_entries(database.folder, shard):
            languages[entry.language] += 1
            longest = max(longest, entry.chunks)
    incomplete = sum(int((shard.lengths < database.chunk).sum()) for shard in database.shards)
    return {"languages": dict(languages.most_common()), "longest": longest, "incomplete": incomplete}


def _index(folder: Path, shards: "Sequence[ShardInfo]") -> dict[str, Any]:
    """An index's name and size, how many of the shards it covers, and the plain facts that its `index.json` states."""
    import json

    said: dict[str, Any] = {}
    covered = sum((folder / shard.name).is_dir() for shard in shards)
    file = folder / "index.json"
    if file.is_file():
        try:
            found = json.loads(file.read_bytes())
        except ValueError as error:
            raise InputError(f"{file} cannot be read: {error}; remove {folder}, it is built anew when it is asked for") from error
        covered = max(covered, len(found.get("shards", ())))
        said = {key: value for key, value in found.items() if isinstance(value, str | int | float)}
    return {"name": folder.name, "bytes": _size(folder), "shards": covered, "about": said}


def _table(path: Path, database: "Database") -> dict[str, Any]:
    from harness_plugins.retro.neighbour_files import read_info

    info = read_info(path)
    return {
        "file": path.name,
        "retriever": info.signature,
        "k": info.k,
        "chunks": info.chunks,
        "of": "itself" if info.database == database.digest else info.database,
        "stale": info.corpus != database.digest,
    }


def _print(database: "Database", facts: dict[str, Any], *, whole: bool, unchecked: "Sequence[str]") -> None:
    tokens, chunks = facts["tokens"], facts["chunks"]
    full = f", {tokens / (chunks * facts['chunk']):.1%} of their places" if chunks else ""
    shards = len(facts["shards"])
    click.echo(
        plain(
            f"{facts['database']}: {chunks:,} chunks of {facts['chunk']} tokens ({tokens:,}{full}), of {facts['documents']:,} "
            f"documents, in {shards:,} shard{'' if shards == 1 else 's'}, {_bytes(facts['bytes'])}"
        )
    )
    tokenizer = facts["tokenizer"]
    click.echo(plain(f"  tokenizer {tokenizer['name']}, {tokenizer['vocabulary']:,} tokens ({tokenizer['digest'][:12]})"))
    if facts.get("languages"):
        said = ", ".join(f"{language} {count:,}" for language, count in facts["languages"].items())
        click.echo(plain(f"  documents by language: {said}; the longest has {facts['longest']:,} chunks"))
    if facts.get("incomplete"):
        click.echo(plain(f"  {facts['incomplete']:,} chunks are shorter: the last of a document holds what is left of it"))
    if facts["decomposed"]:
        count = facts["decomposed"]
        click.echo(
            plain(f"  {count:,} documents are not in Unicode's NFC (texts are not normalised): equal words may differ in tokens")
        )
    if whole:
        but = ", but for what the next line says" if unchecked else ""
        click.echo(plain(f"  every file is as it was written{but}"))
    if unchecked:
        names = ", ".join(unchecked)
        click.echo(
            plain(f"  not checked, written without sha256 by an earlier version (remove such a table, it is made anew): {names}")
        )
    if facts["indexes"]:
        rows = [
            [row["name"], _bytes(row["bytes"]), f"{row['shards']} of {shards}", _said(row["about"])] for row in facts["indexes"]
        ]
        click.echo()
        print_table(["index", "size", "shards", "about"], [[plain(cell) for cell in row] for row in rows])
    if facts["neighbours"]:
        rows = [[row["file"], row["retriever"], str(row["k"]), _state(row)] for row in facts["neighbours"]]
        click.echo()
        print_table(["neighbours", "retriever", "k", "in"], [[plain(cell) for cell in row] for row in rows])


def _state(row: dict[str, Any]) -> str:
    return "stale: the database has grown" if row["stale"] else row["of"][:12]


def _said(about: dict[str, Any]) -> str:
    return ", ".join(
        f"{key} {value[:12] if isinstance(value, str) and len(value) == 64 else value}" for key, value in about.items()
    )


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _bytes(number: int) -> str:
    size, unit = float(number), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.1f} {unit}" if unit != "B" else f"{number} B"
