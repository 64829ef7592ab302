"""Optimal one-to-one assignment: as many pairs as can be, then the least sum of distances."""

import numpy as np

from harness.compiling import compiled
from harness_plugins.video.probe.table import Floats, Ints


def assign(distances: Floats) -> tuple[Ints, Ints]:
    """Rows and columns (P,) of the pairs, rows ascending. `distances` (R, C), inf where two may not be paired.

    Shortest augmenting paths with potentials (Kuhn 1955; Jonker & Volgenant 1987): O(R²C).
    """
    rows, columns = distances.shape
    if not rows or not columns:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if rows > columns:
        theirs, ours = assign(np.ascontiguousarray(distances.T))
        order = np.argsort(ours, kind="stable")
        return ours[order], theirs[order]
    allowed = np.isfinite(distances)
    costly = 1.0 + 2.0 * float(distances[allowed].sum() if rows * columns < 1 else distances[allowed].max(initial=0.0)) * rows
    column = _assigned(np.where(allowed, distances, costly))
    every = np.arange(rows)
    kept = allowed[every, column]
    return every[kept], column[kept]


@compiled()
def _assigned(costs: Floats) -> Ints:
    """The column of each row (R,), R ≤ C, of least total cost."""
    rows, columns = costs.shape
    of_row, of_column = np.zeros(rows + 1), np.zeros(columns + 1)
    owner, way = np.zeros(columns + 1, np.int64), np.zeros(columns + 1, np.int64)
    for row in range(1, rows + 1):
        owner[0] = row
        current = 0
        least = np.full(columns + 1, np.inf)
        used = np.zeros(columns + 1, np.bool_)
        while True:
            used[current] = True
            mine, step, following = owner[current], np.inf, 0
            for place in range(1, columns + 1):
                if not used[place]:
                    cost = costs[mine - 1, place - 1] - of_row[mine] - of_column[place]
                    if cost < least[place]:
                        least[place] = cost
                        way[place] = current
                    if least[place] < step:
                        step, following = least[place], place
            for place in range(columns + 1):
                if used[place]:
                    of_row[owner[place]] += step
                    of_column[place] -= step
                else:
                    least[place] -= step
            current = following
            if owner[current] == 0:
                break
        while current:
            before = way[current]
            owner[current] = owner[before]
            current = before
    found = np.zeros(rows, np.int64)
    for place in range(1, columns + 1):
        if owner[place]:
            found[owner[place] - 1] = place - 1
    return found
