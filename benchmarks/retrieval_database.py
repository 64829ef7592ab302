"""A retrieval database of a million chunks from one file: seconds, and the most memory at several sizes.

python benchmarks/retrieval_database.py [--chunks 1000000] [--shard 50000] [--folder DIR] [--write]

Makes JSON Lines of documents (some 16 chunks of 64 tokens each; words of a Zipf law, so that tokenizing is what it is for text),
and builds databases of a tenth of them, of all of them, and of those and a few more, with the builder `retrieval-db`. Each build
is a process of its own, so that its memory is its own: it is to be the same at every size but for sixteen bytes a document.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    from side_by_side import write
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import write

CHUNK = 64
PER_DOCUMENT = 16  # chunks, on average
VOCABULARY = 30_000  # words
SIZE = 8_000  # tokens of the tokenizer


def main() -> None:
    """Takes the steps in turn and prints a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=1_000_000)
    parser.add_argument("--shard", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, help="where the databases are kept (default: a folder that is removed)")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    parser.add_argument("--build", nargs=2, metavar=("TEXTS", "DATABASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        build(*arguments.build, shard=arguments.shard)
        return
    folder = arguments.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    try:
        figures = _measure(folder, arguments.chunks, arguments.shard)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.write:
        write("retrieval_database", [], figures)


def make_texts(path: Path, first: int, last: int) -> None:
    """Documents `first` to `last` as JSON Lines, each the same whichever others there are."""
    import numpy as np

    words = np.array(_words())
    ranks = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    with path.open("a", encoding="utf-8") as file:
        for number in range(first, last):
            draw = np.random.default_rng(number)
            count = int(draw.integers(PER_DOCUMENT * 20, PER_DOCUMENT * 85))
            chosen = np.searchsorted(ranks, draw.random(count) * ranks[-1])
            file.write(json.dumps({"id": f"{number:08d}", "text": " ".join(words[chosen])}, ensure_ascii=False) + "\n")


def build(texts: str, database: str, shard: int) -> None:
    """The database, as `harness build` has it made; what it then holds on standard output."""
    from harness_plugins.retro.database.builder import build
    from harness_plugins.retro.database.reading import Database

    source = {"path": texts, "name": "made", "id_field": "id"}
    tokenizer = None if (Path(database) / "database.json").exists() else str(Path(database).parent / "tokenizer")
    for _ in build(texts=source, database=database, tokenizer=tokenizer, chunk=CHUNK, shard=shard).examples():
        pass
    made = Database(database)
    print(json.dumps({"chunks": made.chunks, "documents": made.documents, "shards": len(made.info.shards)}))


def _measure(folder: Path, chunks: int, shard: int) -> list[dict[str, str]]:
    documents = chunks // PER_DOCUMENT
    few, many, more = folder / "few.jsonl", folder / "many.jsonl", documents // 20
    make_texts(few, 0, documents // 10)
    make_texts(many, 0, documents)
    _tokenizer(few, folder / "tokenizer")
    figures = [_built("from a file", few, folder / "few", shard), _built("from a file", many, folder / "many", shard)]
    make_texts(many, documents, documents + more)
    return [*figures, _built("there, and a twentieth added", many, folder / "many", shard)]


def _tokenizer(texts: Path, folder: Path) -> None:
    from harness_plugins.retro.database.tokenizers import trained_tokenizer

    with texts.open(encoding="utf-8") as lines:
        trained_tokenizer((json.loads(line)["text"] for line, _ in zip(lines, range(2000), strict=False)), SIZE).save(folder)


def _built(what: str, texts: Path, database: Path, shard: int) -> dict[str, str]:
    """Seconds, CPU seconds and memory of a build in a process of its own, printed."""
    command = [sys.executable, __file__, "--build", str(texts), str(database), "--shard", str(shard)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the build of {database} failed")
    made = json.loads(said)
    seconds, cpu = time.perf_counter() - started, used.ru_utime + used.ru_stime
    job = f"{made['chunks']:,} chunks of {made['documents']:,} documents in {made['shards']} shards, {what}"
    value = f"{seconds:.0f} s, {cpu:.0f} s of CPU, {used.ru_maxrss / 2**20:.2f} GiB at most"
    print(f"{job}: {value}", flush=True)
    return {"job": job, "value": value}


def _words() -> list[str]:
    """Words that were never said, in the order of how often they are: the frequent ones are short."""
    starts, ends = ["", "b", "d", "f", "g", "k", "l", "m", "n", "r", "s", "t", "v", "st", "tr"], ["", "l", "n", "r", "s", "t"]
    syllables = [start + vowel + end for start in starts for vowel in "aeiouåäö" for end in ends]
    return [_word(number, syllables) for number in range(VOCABULARY)]


def _word(number: int, syllables: list[str]) -> str:
    word = syllables[number % len(syllables)]
    while number := number // len(syllables):
        word += syllables[number % len(syllables)]
    return word


if __name__ == "__main__":
    main()
