"""BM25 neighbours of all chunks of a corpus: how long they take, and beside bm25s (numba, two threads) on the same tokens.

    python benchmarks/bm25_neighbours.py [--chunks 1000000] [--queries 2000] [--all] [--write]

The corpus is made: tokens of 32,000 kinds by Zipf's law, in documents of 12 chunks of 64, each with words of its own and of a
topic that other documents share, so that chunks have near neighbours and no two are alike. `--all` finds the neighbours of
every chunk; without it the time for all is reckoned from 32,768 chunks drawn at random.
"""

import argparse
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from harness_plugins.retro.database.layout import TokenizerInfo
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.writing import extend
from harness_plugins.retro.retrievers.base import Queries, Retriever, open_retriever
from side_by_side import Job, line, measure, version, write

KINDS, CHUNK, PER_DOCUMENT, K = 32_000, 64, 12, 2
AT_ONCE = 4096
SAMPLE = 32_768


class Numerals:
    """A tokenizer of texts that are token ids in decimal."""

    info = TokenizerInfo(name="numerals", digest="numerals", vocabulary=KINDS)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids."""
        return [list(map(int, text.split())) for text in texts]

    def save(self, folder: Path) -> None:
        """An empty folder: nobody turns these ids back into text."""
        folder.mkdir(parents=True)


def main() -> None:
    """Makes the corpus, finds neighbours in a process of their own, then beside bm25s."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=1_000_000, help="chunks of 64 tokens (default: 1,000,000)")
    parser.add_argument(
        "--queries", type=int, default=1000, help="chunks that bm25s and we seek neighbours for, in turn (default: 1000)"
    )
    parser.add_argument("--all", action="store_true", help="neighbours of every chunk, instead of a sample's")
    parser.add_argument("--rounds", type=int, default=3, help="rounds beside bm25s; 0: not beside it (default: 3)")
    parser.add_argument("--threads", type=int, default=2, help="threads of both (default: 2)")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bm25-neighbours-"))
    try:
        started = time.perf_counter()
        make_database(folder, arguments.chunks)
        print(f"made {arguments.chunks:,} chunks in {time.perf_counter() - started:.0f} s", flush=True)
        figures = _alone(folder, arguments.chunks if arguments.all else SAMPLE, arguments.threads)
        for figure in figures:
            print(f"{figure['job']}: {figure['value']}", flush=True)
        jobs = []
        if arguments.rounds:
            job = beside(Database(folder), arguments.queries, arguments.threads)
            jobs.append(measure(job, arguments.rounds))
            print(line(jobs[-1]))
        if arguments.write:
            write("bm25_neighbours", [vars(job) for job in jobs], figures)
    finally:
        shutil.rmtree(folder)


def make_database(folder: Path, chunks: int, seed: int = 0) -> None:
    """A database of that many chunks."""
    extend(folder, _documents(chunks, np.random.default_rng(seed)), Numerals(), chunk=CHUNK)  # type: ignore[arg-type]


def all_neighbours(database: Database, chosen: np.ndarray, retriever: Retriever, k: int = K) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours of these chunks, none of them of their own document: numbers and scores."""
    parts = []
    for start in range(0, len(chosen), AT_ONCE):
        parts.append(retriever.search(queries_of(database, chosen[start : start + AT_ONCE]), k))
    return np.concatenate([part.numbers for part in parts]), np.concatenate([part.scores for part in parts])


def queries_of(database: Database, chosen: np.ndarray) -> Queries:
    """Chunks as queries that are not to find their own document."""
    return Queries(*database.tokens(chosen), database.document_of(chosen))


def beside(database: Database, queries: int, threads: int) -> Job:
    """The job that both do: the k best of all chunks for some chunks; bm25s does not know documents, so none is left out."""
    import bm25s
    import numba

    tokens, lengths = database.tokens(np.arange(database.chunks))
    ids = [row[:length].tolist() for row, length in zip(tokens, lengths.tolist(), strict=True)]
    peer = bm25s.BM25(k1=0.9, b=0.4, method="lucene", backend="numba", csc_backend="scipy")
    started = time.perf_counter()
    peer.index((ids, {str(number): number for number in range(KINDS)}), show_progress=False, create_empty_token=False)
    indexed = time.perf_counter() - started
    chosen = np.sort(np.random.default_rng(1).choice(database.chunks, min(queries, database.chunks), replace=False))
    asked = [ids[number] for number in chosen.tolist()]
    del ids
    numba.set_num_threads(threads)
    started = time.perf_counter()
    retriever = open_retriever(database, "bm25")
    print(f"index: bm25s {indexed:.1f} s from lists of ids, ours opened in {time.perf_counter() - started:.1f} s", flush=True)
    own = Queries(tokens[chosen], lengths[chosen], np.full(len(chosen), -1))
    return Job(
        f"{K + 1} nearest of {database.chunks:,} chunks of {CHUNK} tokens",
        f"{version('bm25s')} (numba, {threads} threads)",
        lambda: retriever.search(own, K + 1).scores,
        lambda: peer.retrieve(asked, k=K + 1, n_threads=threads, show_progress=False)[1],
        _same_scores,
        len(chosen),
        "queries",
        at_least=1,
    )


def _same_scores(ours: np.ndarray, theirs: np.ndarray) -> str:
    largest = float(np.abs(ours / theirs - 1).max())
    assert largest < 1e-5, largest  # they sum in float32
    return f"scores equal within {largest:.0e} (float32 there)"


def _alone(folder: Path, wanted: int, threads: int) -> list[dict[str, Any]]:
    """Figures of a process that does nothing else."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_find, (folder, wanted, threads))


def _find(folder: Path, wanted: int, threads: int) -> list[dict[str, Any]]:
    import numba

    numba.set_num_threads(threads)
    database = Database(folder)
    wanted = min(wanted, database.chunks)
    chosen = np.arange(database.chunks)
    if wanted < database.chunks:
        chosen = np.sort(np.random.default_rng(2).choice(chosen, wanted, replace=False))
    all_neighbours(database, chosen[:2], open_retriever(database, "bm25"))  # compiles, and builds the index
    started = time.perf_counter()
    retriever = open_retriever(database, "bm25")
    all_neighbours(database, chosen[:2], retriever)  # puts the postings into blocks
    opened = time.perf_counter() - started
    started, cpu = time.perf_counter(), time.process_time()
    numbers, _ = all_neighbours(database, chosen, retriever)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    own = int((database.document_of(numbers.ravel()) == np.repeat(database.document_of(chosen), K)).sum())
    missing = int((numbers < 0).sum())
    whole = opened + seconds * database.chunks / wanted
    name = f"all {K} neighbours of {database.chunks:,} chunks, {threads} threads"
    how = "found" if wanted == database.chunks else f"reckoned from {wanted:,} chunks"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    per = 1e3 * cpu / wanted
    return [
        {"job": name, "value": f"{whole / 60:.1f} min ({how}; {per:.2f} ms of CPU a chunk; index opened in {opened:.1f} s)"},
        {"job": f"{name}: most memory", "value": f"{peak:.2f} GiB"},
        {"job": f"{name}: of the chunk's own document, missing", "value": f"{own}, {missing}"},
    ]


def _documents(chunks: int, rng: np.random.Generator) -> Iterator[tuple[str, str, str]]:
    """Documents of 12 chunks, the last maybe shorter: half of the tokens by Zipf's law, a quarter of 80 of the document's own, a
    quarter of 300 of its topic's; a topic for about 40 documents."""
    weights = 1 / (np.arange(KINDS) + 2.7) ** 1.05
    edges = np.cumsum(weights / weights.sum())

    def draw(*shape: int) -> np.ndarray:
        return np.minimum(np.searchsorted(edges, rng.random(shape)), KINDS - 1)

    topics = draw(max(1, chunks // 500), 300)
    for number, first in enumerate(range(0, chunks, PER_DOCUMENT)):
        size = min(PER_DOCUMENT, chunks - first) * CHUNK
        words, topic, kind = draw(80), topics[rng.integers(len(topics))], rng.random(size)
        tokens = np.where(kind < 0.25, words[rng.integers(80, size=size)], topic[rng.integers(300, size=size)])
        tokens = np.where(kind < 0.5, tokens, draw(size))
        yield f"d{number}", " ".join(map(str, tokens.tolist())), "xx"


if __name__ == "__main__":
    main()
