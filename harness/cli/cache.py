"""Shows what the cache holds, or cuts it down."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.common import json_option, notice, print_json, print_table, quiet_option

if TYPE_CHECKING:
    from harness.cache import Cache

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class _Duration(click.ParamType):
    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", str(value).strip())
        if not found:
            self.fail(f"{value!r} is no duration; write a number and s, m, h, d or w, such as 30d", param, ctx)
        return float(found[1]) * _SECONDS[found[2]]


class _Size(click.ParamType):
    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", str(value).strip().upper())
        if not found:
            self.fail(f"{value!r} is no size; write bytes, or a number and KB, MB, GB or TB, such as 5GB", param, ctx)
        return int(float(found[1]) * _BYTES[found[2]])


@click.group(
    help=f"""{__doc__}

The cache keeps what is expensive to compute (embeddings, replies of paid services, converted models), for all runs of a user. It
lies where HARNESS_CACHE says, else in the user's cache folder, and keeps at most HARNESS_CACHE_GB gigabytes of arrays (20 where
that is not set). Deleting it costs time and changes no score; deleting replies.sqlite, which `prune` never touches, costs what
the replies of paid judges cost.
"""
)
def cache() -> None:
    pass


@cache.command()
@json_option
def stat(as_json: bool) -> None:
    """What the cache holds, by namespace, and what it takes on disk."""
    with _open() as store:
        found = store.stat()
    if as_json:
        print_json(asdict(found) | {"bytes_on_disk": found.bytes_on_disk})
        return
    click.echo(f"{found.folder}: {_size(found.bytes_on_disk)} on disk")
    rows = [(row.namespace, f"{row.entries:,}", _size(row.bytes), _day(row.last_used)) for row in found.namespaces]
    if rows:
        print_table(["namespace", "entries", "size", "last used"], rows)
    for name, size in found.models.items():
        click.echo(f"model {name}: {_size(size)}")
    if not rows and not found.models:
        click.echo("nothing is cached")


@cache.command()
@click.option("--older-than", type=_Duration(), metavar="TIME", help="Drop what was not used for so long: 12h, 30d, 8w.")
@click.option("--max-size", type=_Size(), metavar="SIZE", help="Drop the least recently used beyond this size: 500MB, 5GB.")
@click.option("--namespace", metavar="NAME", help="Only of this namespace; without the other options, all of it.")
@click.option("--all", "everything", is_flag=True, help="Delete the whole cache, converted models too; also a damaged one.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@json_option
@quiet_option
def prune(
    older_than: float | None, max_size: int | None, namespace: str | None, everything: bool, dry_run: bool, as_json: bool
) -> None:
    """Drops entries that are old or too many; without options, only what killed processes left."""
    if everything:
        if older_than is not None or max_size is not None or namespace is not None:
            raise click.UsageError("--all deletes the whole cache; leave the other options out")
        _clear(dry_run, as_json)
        return
    with _open() as store:
        if namespace is not None:
            _check_namespace(store, namespace)
        pruned = store.prune(older_than=older_than, max_bytes=max_size, namespace=namespace, dry_run=dry_run)
    if as_json:
        print_json(asdict(pruned) | {"dry_run": dry_run})
    elif dry_run:
        click.echo(f"{pruned.entries:,} entries of {_size(pruned.bytes)} would go")
    else:
        click.echo(f"{pruned.entries:,} entries of {_size(pruned.bytes)} dropped, {_size(pruned.freed)} of files freed")
        if pruned.freed < pruned.bytes:
            notice("files that are in use, or more than half full of other entries, stay until a later prune")


def _open() -> "Cache":
    from harness.cache import Cache

    return Cache()


def _check_namespace(store: "Cache", namespace: str) -> None:
    from harness.errors import InputError, did_you_mean

    known = [row.namespace for row in store.stat().namespaces]
    if namespace not in known:
        raise InputError(f"{store.folder}: the cache has no namespace {namespace!r}.{did_you_mean(namespace, known)}")


def _clear(dry_run: bool, as_json: bool) -> None:
    from harness.cache import default_folder
    from harness.cache_upkeep import CacheStat, clear

    folder = Path(default_folder())
    size = CacheStat.of(folder, (), None).bytes_on_disk if dry_run else clear(folder)
    if as_json:
        print_json({"freed": 0 if dry_run else size, "bytes": size, "dry_run": dry_run})
    else:
        click.echo(f"{folder}: {_size(size)} {'would go' if dry_run else 'deleted'}")


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _day(seconds: float) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d")
