"""How much of what an exact search finds a search in inverted lists finds, by the number of lists that it looks into."""

from typing import TYPE_CHECKING

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.base import Found, Queries
from harness_plugins.retro.retrievers.inverted import Inverted, Recalled, save_recall

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.retro.retrievers.dense import Dense

K = 10
QUERIES = 256
WANTED = 0.95  # of the neighbours: what the default number of lists finds at least, where it can be had
_ENOUGH = 0.99


def with_recall(inverted: Inverted, exact: "Dense", approximate: "Dense", database: Database) -> Inverted:
    """The lists, with their recall measured on the database as it is; what was measured before stays where it still holds."""
    if inverted.info.recall_of == database.chunks:
        return inverted
    queries = sample(database)
    truth = exact.search(queries, K)
    measured: list[Recalled] = []
    nprobe = 1
    while not measured or (measured[-1].recall < _ENOUGH and nprobe < inverted.info.lists):
        nprobe = 1 if not measured else min(2 * nprobe, inverted.info.lists)
        measured.append(recalled(truth, approximate.search(queries, K, nprobe), nprobe))
    good = [one for one in measured if one.recall >= WANTED]
    chosen = good[0] if good else max(measured, key=lambda one: (one.recall, -one.nprobe))
    return save_recall(inverted, K, len(queries), database.chunks, tuple(measured), chosen)


def sample(database: Database) -> Queries:
    """Chunks of the database, drawn with a fixed seed, as queries of their own documents."""
    import numpy as np

    numbers = np.sort(np.random.default_rng(0).permutation(database.chunks)[:QUERIES])
    tokens, lengths = database.tokens(numbers)
    return Queries(tokens, lengths, database.document_of(numbers))


def recalled(truth: Found, found: Found, nprobe: int) -> Recalled:
    """The mean share of each query's true neighbours that was found, with a 95 % interval (normal) over queries."""
    import numpy as np

    shares = _shares(truth.numbers, found.numbers)
    if not len(shares):
        return Recalled(nprobe=nprobe, recall=1.0, low=1.0, high=1.0)  # nothing to be found, nothing missed
    mean = float(shares.mean())
    half = 1.96 * float(shares.std(ddof=1)) / np.sqrt(len(shares)) if len(shares) > 1 else 1.0
    return Recalled(nprobe=nprobe, recall=mean, low=float(max(0.0, mean - half)), high=float(min(1.0, mean + half)))


def _shares(truth: "NDArray[np.int64]", found: "NDArray[np.int64]") -> "NDArray[np.float64]":
    import numpy as np

    there = truth >= 0
    hit = there & (truth[:, :, None] == found[:, None, :]).any(axis=2)
    some = there.any(axis=1)
    return np.asarray(hit.sum(axis=1)[some] / there.sum(axis=1)[some])
