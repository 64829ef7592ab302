"""Whether a database is what was written: every file against its digest, and its shards against what they say of themselves."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness_plugins.retro.database.layout import ShardInfo, read_entries, shard_digest

if TYPE_CHECKING:
    from harness_plugins.retro.database.reading import Database

Report = Callable[[str, int, int], None]


def problems(database: "Database", report: Report | None = None) -> list[str]:
    """What is wrong with the database, a sentence each; none for one that is as it was written. Memory holds one shard."""
    return [*_of_tokenizer(database), *shard_problems(database, report)]


def shard_problems(database: "Database", report: Report | None = None) -> list[str]:
    """What is wrong with the shards alone."""
    found: list[str] = []
    for number, shard in enumerate(database.info.shards):
        place = database.folder / "shards" / shard.name
        try:
            if shard_digest(place) != shard.digest:
                found.append(f"{place}: its files are not those that were written (sha256)")
            else:
                found += _of_shard(database, shard)
        except (OSError, InputError) as error:
            found.append(str(error))
        if report is not None:
            report("shards checked", number + 1, len(database.info.shards))
    return found


def _of_tokenizer(database: "Database") -> Iterator[str]:
    try:
        vocabulary = database.tokenizer.info.vocabulary
    except InputError as error:
        yield str(error)
        return
    if vocabulary != database.info.tokenizer.vocabulary:
        yield (f"{database.folder}: its tokenizer has {vocabulary} tokens, and {database.info.tokenizer.vocabulary} are listed")


def _of_shard(database: "Database", info: ShardInfo) -> Iterator[str]:
    """What a shard's arrays and its documents contradict each other in."""
    import numpy as np

    shard = database.open_shard(info, 0, 0)
    place = database.folder / "shards" / shard.info.name
    entries = read_entries(database.folder, shard.info)
    counts = np.fromiter((entry.chunks for entry in entries), np.int64, len(entries))
    firsts = np.fromiter((entry.first for entry in entries), np.int64, len(entries))
    if not np.array_equal(firsts, np.cumsum(counts) - counts) or counts.sum() != shard.info.chunks:
        yield f"{place}: its documents do not follow each other chunk by chunk"
    elif not np.array_equal(shard.documents, np.repeat(np.arange(len(entries)), counts)):
        yield f"{place}: its chunks and its documents do not belong together"
    lengths = np.asarray(shard.lengths, np.int64)
    if len(lengths) and not (lengths.min() >= 1 and lengths.max() <= database.chunk):
        yield f"{place}: chunks have {lengths.min()} to {lengths.max()} tokens, of at most {database.chunk}"
    if lengths.sum() != shard.info.tokens:
        yield f"{place}: it holds {lengths.sum()} tokens, and {shard.info.tokens} are listed"
    if len(lengths) and not 0 <= int(shard.tokens.min()) <= int(shard.tokens.max()) < database.info.tokenizer.vocabulary:
        yield f"{place}: it holds tokens that its tokenizer does not know"
