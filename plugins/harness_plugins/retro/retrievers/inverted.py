"""Inverted lists: chunks by the centroid that is nearest to their direction, of which a search looks at the nearest few.

    indexes/<name>-ivf/index.json      lists, codes, the shards that are in it, recall
            <name>-ivf-pq/trained.faiss   FAISS's index without chunks, with the centroids
                          00000.faiss     a shard's lists, its chunks numbered from 0

"ivf" keeps directions in float16, "ivf-pq" in product-quantised codes (Jégou et al. 2011). Centroids are learned once, from the
shards that were there; later shards are added to their lists. What is compared is always exact in the end: candidates are ranked
by the products of the directions themselves.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError
from harness.whole_files import replace_file
from harness_plugins.retro.retrievers.base import Report
from harness_plugins.retro.retrievers.embeddings import Embeddings, alone
from harness_plugins.retro.retrievers.exact import nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
INFO = "index.json"
KINDS = ("ivf", "ivf-pq")
A_LIST = 39  # chunks a list, at least, below which k-means learns little (FAISS's own limit)
CODES_FROM = 1024  # chunks from which product quantisation can learn its 256 centroids
_LEARNED = 64  # chunks a list that centroids are learned from, at most
_AT_ONCE = 65_536


class ListedShard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shard's lists: its name, the sha256 of its directions, and that of the file."""

    name: str
    directions: str
    sha256: str


class Recalled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The share of the k nearest chunks that a search in `nprobe` lists finds, with a 95 % interval over queries."""

    nprobe: int
    recall: float
    low: float
    high: float


class InvertedInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `index.json` says. `codes`: bytes a chunk (0: whole directions); `learned_from`: chunks that centroids were learned
    from; `nprobe`, `recall`: of a search as it is by default; `k`, `queries`: what recall was measured with, on how many chunks
    (`recall_of`)."""

    format: int = FORMAT
    kind: str
    lists: int
    codes: int
    learned_from: int
    directions: str
    centroids: str
    nprobe: int = 0
    recall: float = 0.0
    k: int = 0
    queries: int = 0
    recall_of: int = 0
    recalled: tuple[Recalled, ...] = ()
    shards: tuple[ListedShard, ...] = ()


@dataclass(frozen=True)
class Inverted:
    """The lists of all shards. `parts`: FAISS indexes, mapped where they can be."""

    folder: Path
    info: InvertedInfo
    centroids: "NDArray[np.float16]"
    parts: list[Any]

    def whole(self, nprobe: int) -> bool:
        """Whether a search in so many lists is one in all of them."""
        return nprobe >= self.info.lists

    def candidates(
        self, queries: "NDArray[np.float16]", depth: int, nprobe: int
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        """The `depth` chunks (N, depth) that seem nearest in the `nprobe` nearest lists, -1 where there are no more, and what
        the product of another chunk of those lists is at most (N,): minus infinity where there is none, nan where that
        cannot be said."""
        import numpy as np

        lists, distances = nearest(queries, self.centroids, min(nprobe, self.info.lists))
        asked, near = queries.astype(np.float32), np.ascontiguousarray(distances, np.float32)
        numbers = np.full((len(queries), depth), -1, np.int64)
        scores = np.full((len(queries), depth), -np.inf, np.float32)
        first = 0
        for part in self.parts:
            if part.ntotal:
                part.nprobe = lists.shape[1]
                found, places = part.search_preassigned(asked, min(depth, part.ntotal), lists, near)
                found = np.where(places < 0, -np.inf, found)
                scores = np.concatenate([scores, found], axis=1)
                numbers = np.concatenate([numbers, np.where(places < 0, -1, places + first)], axis=1)
                order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
                scores, numbers = np.take_along_axis(scores, order, 1), np.take_along_axis(numbers, order, 1)
            first += part.ntotal
        rest = scores[:, -1].astype(np.float64)
        if self.info.codes:
            rest = np.where(numbers[:, -1] < 0, -np.inf, np.nan)
        return numbers, rest


def open_inverted(embeddings: Embeddings, kind: str, lists: int | None, codes: int | None, report: Report | None) -> Inverted:
    """The lists of that kind, learned where there are none and extended by the shards that are not in them. Two processes take
    turns. Raises ValueError for numbers that cannot be, InputError for lists of other directions or damaged ones."""
    folder = embeddings.folder.with_name(f"{embeddings.folder.name}-{kind}")
    if not (folder / INFO).exists():
        lists, codes = _numbers(embeddings, kind, lists, codes)
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            if not (folder / INFO).exists():
                _learn(folder, embeddings, kind, lists, codes)
    info = _agreed(folder, embeddings, lists, codes)
    if len(info.shards) < len(embeddings.parts):
        with alone(folder):
            info = _agreed(folder, embeddings, lists, codes)
            for number in range(len(info.shards), len(embeddings.parts)):
                info = _add(folder, info, embeddings, number, report)
    return _opened(folder, info)


def save_recall(inverted: Inverted, k: int, queries: int, of: int, recalled: tuple[Recalled, ...], chosen: Recalled) -> Inverted:
    """The lists with what a search finds, which is kept in `index.json`."""
    info = msgspec.structs.replace(
        inverted.info,
        **{
            "k": k,
            "queries": queries,
            "recall_of": of,
            "recalled": recalled,
            "nprobe": chosen.nprobe,
            "recall": round(chosen.recall, 4),
        },
    )
    with alone(inverted.folder):
        _write(inverted.folder, info)
    return Inverted(inverted.folder, info, inverted.centroids, inverted.parts)


def _numbers(embeddings: Embeddings, kind: str, lists: int | None, codes: int | None) -> tuple[int, int]:
    """Lists and codes that can be: by default a power of two near four times the root of the number of chunks."""
    chunks, dimension = sum(map(len, embeddings.parts)), embeddings.info.dimension
    most = max(1, chunks // A_LIST)
    if lists is not None and not 1 <= lists <= most:
        raise ValueError(f"lists={lists}: {chunks} chunks make 1 to {most} lists of {A_LIST} or more; give fewer, or index=flat")
    if lists is None:
        lists = 1 << (min(most, max(1, round(4 * chunks**0.5))).bit_length() - 1)
    if kind == "ivf":
        if codes is not None:
            raise ValueError("codes goes with index=ivf-pq only")
        return lists, 0
    if chunks < CODES_FROM:
        raise ValueError(f"index=ivf-pq needs {CODES_FROM:,} chunks to learn from, the database has {chunks}; give index=flat")
    if codes is None:
        codes = next(count for count in range(max(1, dimension // 8), 0, -1) if dimension % count == 0)
    if codes < 1 or dimension % codes:
        raise ValueError(f"codes={codes} does not divide the encoder's dimension, {dimension}")
    return lists, codes


def _learn(folder: Path, embeddings: Embeddings, kind: str, lists: int, codes: int) -> None:
    import faiss
    import numpy as np

    from harness_plugins.retro.retrievers.clusters import centroids

    chunks = sum(map(len, embeddings.parts))
    sample = np.sort(np.random.default_rng(0).permutation(chunks)[: max(_LEARNED * lists, 16 * CODES_FROM)])
    rows = embeddings.rows(sample)
    found = centroids(rows, lists)
    dimension = embeddings.info.dimension
    quantizer = faiss.IndexFlatIP(dimension)
    quantizer.add(found.astype(np.float32))
    ip = faiss.METRIC_INNER_PRODUCT
    index: Any
    if codes:
        index = faiss.IndexIVFPQ(quantizer, dimension, lists, codes, 8, ip)
        index.pq.cp.min_points_per_centroid = 1  # it would write to stdout
    else:
        index = faiss.IndexIVFScalarQuantizer(quantizer, dimension, lists, faiss.ScalarQuantizer.QT_fp16, ip, False)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # sums of several threads would be taken in another order
    try:
        index.train(rows.astype(np.float32))
    finally:
        faiss.omp_set_num_threads(threads)
    trained = faiss.serialize_index(index).tobytes()
    replace_file(folder / "trained.faiss", trained)
    _write(
        folder,
        InvertedInfo(
            kind=kind,
            lists=lists,
            codes=codes,
            learned_from=len(sample),
            directions=_directions(embeddings),
            centroids=hashlib.sha256(trained).hexdigest(),
        ),
    )


def _agreed(folder: Path, embeddings: Embeddings, lists: int | None, codes: int | None) -> InvertedInfo:
    try:
        info = msgspec.json.decode((folder / INFO).read_bytes(), type=InvertedInfo)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{folder / INFO} cannot be read: {error}; {_anew(folder)}") from error
    if info.format != FORMAT:
        raise InputError(f"{folder / INFO} is of format {info.format}, this program reads {FORMAT}; {_anew(folder)}")
    stored = [shard.directions for shard in info.shards]
    now = [shard.sha256 for shard in embeddings.info.shards]
    if info.directions != _directions(embeddings) or stored != now[: len(stored)]:
        raise InputError(f"{folder} was made of other directions than {embeddings.folder} has now; {_anew(folder)}")
    for what, asked, there in (("lists", lists, info.lists), ("codes", codes, info.codes)):
        if asked is not None and asked != there:
            raise InputError(f"{folder} has {what}={there}, asked for is {what}={asked}; ask for the former, or {_anew(folder)}")
    return info


def _add(folder: Path, info: InvertedInfo, embeddings: Embeddings, number: int, report: Report | None) -> InvertedInfo:
    """A shard's chunks into the lists."""
    import faiss
    import numpy as np

    rows, shard = embeddings.parts[number], embeddings.info.shards[number]
    index = _trained(folder, info)
    found = _centroids(index)
    for start in range(0, len(rows), _AT_ONCE):
        part = np.asarray(rows[start : start + _AT_ONCE])
        places = np.ascontiguousarray(nearest(part, found, 1)[0][:, 0])
        wide, ids = part.astype(np.float32), np.arange(start, start + len(part))
        index.add_core(len(part), faiss.swig_ptr(wide), faiss.swig_ptr(ids), faiss.swig_ptr(places))
        if report:
            report(f"chunks in lists ({folder.name}, shard {shard.name})", start + len(part), len(rows))
    made_of = faiss.serialize_index(index).tobytes()  # FAISS's own writing says nothing of a full disk
    replace_file(folder / f"{shard.name}.faiss", made_of)
    listed = ListedShard(name=shard.name, directions=shard.sha256, sha256=hashlib.sha256(made_of).hexdigest())
    made = msgspec.structs.replace(info, shards=(*info.shards, listed))
    _write(folder, made)
    return made


def _opened(folder: Path, info: InvertedInfo) -> Inverted:
    import faiss

    parts = []
    for shard in info.shards:
        path = folder / f"{shard.name}.faiss"
        if not path.exists() or _sha256(path) != shard.sha256:
            raise InputError(f"{path} is absent or damaged (sha256); {_anew(folder)}")
        parts.append(faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY))
    return Inverted(folder, info, _centroids(_trained(folder, info)), parts)


def _trained(folder: Path, info: InvertedInfo) -> Any:
    import faiss

    path = folder / "trained.faiss"
    if not path.exists() or _sha256(path) != info.centroids:
        raise InputError(f"{path} is absent or damaged (sha256); {_anew(folder)}")
    return faiss.read_index(str(path))


def _centroids(index: Any) -> "NDArray[np.float16]":
    """The centroids (lists, D), which float16 holds exactly."""
    import faiss
    import numpy as np

    rows: NDArray[np.float16] = faiss.downcast_index(index.quantizer).reconstruct_n(0, index.nlist).astype(np.float16)
    return rows


def _directions(embeddings: Embeddings) -> str:
    """What the directions are, whatever shards they are of."""
    said = f"{embeddings.info.signature}|{embeddings.info.longest}|{embeddings.info.tokenizer}"
    return hashlib.sha256(said.encode()).hexdigest()


def _write(folder: Path, info: InvertedInfo) -> None:
    replace_file(folder / INFO, msgspec.json.format(msgspec.json.encode(info)))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _anew(folder: Path) -> str:
    return f"delete the folder {folder}: the index is then built anew"
