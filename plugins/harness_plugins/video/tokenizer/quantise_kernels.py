"""Compiled loops (numba) that find the nearest of many centres, looking only at those that can be."""

import numpy as np

from harness.compiling import compiled

# numba infers the types; shapes are in the docstrings
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

_MANY = 128  # codes within reach: beyond, the nearest of them in eight dimensions is looked at first, which leaves fewer
_SLACK = 1e-5  # more than float32 is off by in a sum of eight squares, as a share of it


@compiled()
def search(rows, centres, codes, dimensions, columns, apart, most, found):  # type: ignore[no-untyped-def]
    """Fills `found` (N,): of each row (N, D) the nearest of `centres` (K, D), or -1 where more than `most` of them had to be
    looked at; returns how many rows that were.

    `codes` (K,): centres in the order of the dimension in which they differ most; `columns` float32 (8, K): eight dimensions of
    them in that order, that one first; `dimensions` (8,): which. Looked at are centres that are no further away, in one and in
    eight dimensions, than a code that is likely: that of the row `apart` rows before, else the nearest in the eight.
    """
    missed = 0
    room = np.empty(len(codes), np.float32)
    for n in range(np.uint64(len(rows))):
        best, least = np.int64(-1), np.inf
        back = np.uint64(apart) if n >= np.uint64(apart) else np.uint64(1)
        if n >= back and found[n - back] >= 0:
            best = found[n - back]
            least = apart_by(rows, n, centres, np.uint64(best))
        x0, x1, x2, x3 = (
            rows[n, np.uint64(dimensions[0])],
            rows[n, np.uint64(dimensions[1])],
            rows[n, np.uint64(dimensions[2])],
            rows[n, np.uint64(dimensions[3])],
        )
        x4, x5, x6, x7 = (
            rows[n, np.uint64(dimensions[4])],
            rows[n, np.uint64(dimensions[5])],
            rows[n, np.uint64(dimensions[6])],
            rows[n, np.uint64(dimensions[7])],
        )
        reach = np.inf
        if best >= 0:
            reach = np.sqrt(least) * (1 + _SLACK)
        low, high = _first(columns, x0 - reach), _first(columns, np.nextafter(x0 + reach, np.inf))
        for k in range(low, high):
            a, b, c, d = columns[0, k] - x0, columns[1, k] - x1, columns[2, k] - x2, columns[3, k] - x3
            e, f, g, h = columns[4, k] - x4, columns[5, k] - x5, columns[6, k] - x6, columns[7, k] - x7
            room[k] = a * a + b * b + c * c + d * d + e * e + f * f + g * g + h * h
        if best < 0 or high - low > np.uint64(_MANY):
            least_room = np.float32(np.inf)
            for k in range(low, high):
                least_room = min(least_room, room[k])
            nearest = low
            while room[nearest] > least_room:
                nearest += np.uint64(1)
            code = codes[nearest]
            distance = apart_by(rows, n, centres, np.uint64(code))
            if best < 0 or distance < least or (distance == least and code < best):
                best, least = code, distance
        looked = 0
        bound = np.float32(least * (1 + _SLACK))
        for k in range(low, high):
            if room[k] <= bound:
                code = codes[k]
                distance = apart_by(rows, n, centres, np.uint64(code))
                looked += 1
                if distance < least or (distance == least and code < best):
                    best, least = code, distance
                    bound = np.float32(least * (1 + _SLACK))
                if looked > most:
                    break
        if looked > most:
            best = np.int64(-1)
            missed += 1
        found[n] = best
    return missed


@compiled()
def apart_by(rows, n, centres, code):  # type: ignore[no-untyped-def]
    """The squared distance of a row to a centre in float64: every fourth dimension is summed, and then the four sums."""
    total0, total1, total2, total3 = 0.0, 0.0, 0.0, 0.0
    size = np.uint64(rows.shape[1])
    one, four = np.uint64(1), np.uint64(4)
    place = np.uint64(0)
    while place + four <= size:
        a = np.float64(rows[n, place]) - np.float64(centres[code, place])
        b = np.float64(rows[n, place + one]) - np.float64(centres[code, place + one])
        c = np.float64(rows[n, place + one + one]) - np.float64(centres[code, place + one + one])
        d = np.float64(rows[n, place + four - one]) - np.float64(centres[code, place + four - one])
        total0 += a * a
        total1 += b * b
        total2 += c * c
        total3 += d * d
        place += four
    while place < size:
        a = np.float64(rows[n, place]) - np.float64(centres[code, place])
        total0 += a * a
        place += one
    return (total0 + total1) + (total2 + total3)


@compiled()
def distances(rows, centres, at, codes, out):  # type: ignore[no-untyped-def]
    """Fills `out` with the squared distances of rows `at` to the centres `codes`, as `search` reckons them."""
    for n in range(np.uint64(len(out))):
        out[n] = apart_by(rows, np.uint64(at[n]), centres, np.uint64(codes[n]))


@compiled()
def _first(columns, value):  # type: ignore[no-untyped-def]
    """The first place of the first column, which rises, that is not below a value."""
    low, length = np.uint64(0), np.uint64(columns.shape[1])
    one = np.uint64(1)
    while length > one:  # without a branch that could be guessed wrong
        half = length >> one
        low = low + half if columns[0, low + half - one] < value else low
        length -= half
    return low + one if columns[0, low] < value else low
