"""Many texts as one array of numbers: what the compiled loops over texts read."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Symbols = NDArray[np.int32]


class Stream(NamedTuple):
    """N texts after one another, as code points or as words: text n is `symbols[starts[n] : starts[n + 1]]`."""

    symbols: Symbols
    starts: Ints


def distinct(texts: Iterable[str]) -> tuple[list[str], Ints]:
    """Every text once, in the order of first sight, and the place of each given text among them."""
    given = list(texts)
    once = list(dict.fromkeys(given))
    if len(once) == len(given):
        return given, np.arange(len(given))
    places = dict(zip(once, range(len(once)), strict=True))
    return once, np.fromiter(map(places.__getitem__, given), dtype=np.int64, count=len(given))


def offsets(lengths: Sequence[int] | NDArray[Any]) -> Ints:
    """Where each of things that stand after one another begins, and the end of the last: (N + 1,)."""
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


def code_points(texts: Sequence[str]) -> Stream:
    """The code points of the texts, lone surrogates too."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.int32)
    return Stream(points, offsets(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))))


def kept(stream: Stream, keep: NDArray[np.bool_]) -> Stream:
    """The stream without the symbols where `keep` is false."""
    return Stream(stream.symbols[keep], offsets(keep)[stream.starts])


def without_space(stream: Stream) -> Stream:
    """The stream of code points without white space, as `"".join(text.split())` leaves it."""
    space = _space()
    return kept(stream, ~space[np.minimum(stream.symbols, len(space) - 1)])


def ranked(symbols: Symbols) -> tuple[Symbols, int]:
    """The symbols (0 or above) renumbered 1, 2, … in their order, and how many there are."""
    if not len(symbols):
        return np.zeros(0, dtype=np.int32), 0
    ranks = np.zeros(int(symbols.max()) + 1, dtype=np.int32)
    ranks[symbols] = 1
    np.cumsum(ranks, out=ranks)
    return ranks[symbols], int(ranks[-1])


def flat(lists: Sequence[Sequence[Any]]) -> tuple[list[Any], Ints]:
    """The items of all lists after one another, and where each list begins."""
    return list(chain.from_iterable(lists)), offsets([len(one) for one in lists])


@cache
def _space() -> NDArray[np.bool_]:
    """By code point whether `str.split` splits there; the last entry, False, stands for all that follow."""
    return np.array([chr(point).isspace() for point in range(0x3001)] + [False])
