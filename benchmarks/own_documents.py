"""No neighbour of a chunk's own document in a million: the whole table of a made corpus, by BM25, killed once on the way.

    python benchmarks/own_documents.py [--chunks 1000000] [--k 2] [--folder DIR] [--write]

The corpus is that of `bm25_neighbours.py`: documents of twelve chunks of 64 tokens, so that the document of a chunk is known
without asking the database. A chunk's nearest are those of its own document, whose words it has: a retriever that let them
through would show it at once. The table is computed by a process that is killed with SIGKILL at a third, and by a second one that
goes on; its memory, the index's included, is told. `--folder` keeps the corpus and the table; run again it goes on.
"""

import argparse
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from bm25_neighbours import PER_DOCUMENT, make_database
from side_by_side import write


def main() -> None:
    """Makes the corpus and the table, and counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=1_000_000, help="chunks of 64 tokens (default: 1,000,000)")
    parser.add_argument("--k", type=int, default=2, help="neighbours of each (default: 2)")
    parser.add_argument("--threads", type=int, default=2, help="threads that search (default: 2)")
    parser.add_argument("--folder", type=Path, help="where corpus and table are kept (default: a folder that is removed)")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="own-documents-"))
    try:
        if not (folder / "database.json").exists():
            make_database(folder, arguments.chunks)
        figures = measured(folder, arguments.k, arguments.threads)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder)
    for figure in figures:
        print(f"{figure['job']}: {figure['value']}", flush=True)
    if arguments.write:
        write("own_documents", [], figures)


def measured(folder: Path, k: int, threads: int) -> list[dict[str, Any]]:
    """What was found out about the corpus's table."""
    context = multiprocessing.get_context("spawn")
    begun = context.Process(target=_computed, args=(folder, k, threads, True, None))
    begun.start()
    begun.join()
    queue = context.Queue()
    rest = context.Process(target=_computed, args=(folder, k, threads, False, queue))
    rest.start()
    seconds, reused, peak, numbers = queue.get()
    rest.join()
    chunks = len(numbers)
    own = (numbers >= 0) & (numbers // PER_DOCUMENT == (np.arange(chunks) // PER_DOCUMENT)[:, None])
    found, name = int((numbers >= 0).sum()), f"table of the {k} neighbours of {chunks:,} chunks by BM25"
    killed = "by SIGKILL" if begun.exitcode == -signal.SIGKILL else f"with {begun.exitcode}, not killed"
    return [
        {
            "job": f"{name}: of the chunk's own document",
            "value": f"{int(own.sum())} of {found:,}; {numbers.size - found:,} missing",
        },
        {
            "job": f"{name}: begun, ended {killed}, gone on with",
            "value": f"{reused:,} chunks were there, the rest in {seconds / 60:.1f} min",
        },
        {"job": f"{name}: most memory", "value": f"{peak:.2f} GiB"},
    ]


def _computed(folder: Path, k: int, threads: int, dies: bool, queue: Any) -> None:
    """The table, by this process; one that `dies` is killed when a third is there."""
    import numba
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.neighbours import neighbour_table

    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    before = [0]

    def report(label: str, done: int, total: int, *, reused: int = 0) -> None:
        before[0] = reused
        if dies and 3 * done >= total > reused:
            os.kill(os.getpid(), signal.SIGKILL)
        if (done // 8192) % 20 == 0:
            print(f"{label}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    corpus = Database(folder)
    started = time.perf_counter()
    table = neighbour_table(corpus, corpus, "bm25", {}, k, report)
    if queue is not None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        queue.put((time.perf_counter() - started, before[0], peak, table.numbers))


if __name__ == "__main__":
    main()
