"""Rows of equal or nearly equal text: which row stays of each cluster, in memory of a few bytes a row."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.build.minhash import MARK, band_keys, bands_of, shingle_sets, side_starts, similarities
from harness.build.options import DuplicateOptions
from harness.build.sift_files import KeyFiles, RowFile, computed_ahead, prefetched
from harness.build.sift_texts import MEDIA, Batch, Folded
from harness.text.streams import Ints, offsets

_LEADERS = 256  # rows of one group that are unlike each other and that every further row is held against
_AT_ONCE = 4096  # texts in memory
_EMPTY = 0
_CLOSED_LETTERS, _CLOSED_ROWS = 50, 20  # an answer of at most so many letters that more rows than these give tells nothing
_SHORT = np.uint64(1)  # the lowest bit of the number of a short response
Numbers = NDArray[np.uint64]
Alive = NDArray[np.bool_]


class RowKeys(NamedTuple):
    """What is kept of a batch: numbers that stand for rows' whole texts, prompts and responses, those of the bands (None where
    only equal rows are looked for), and the folded texts themselves, a mark before the response of each."""

    equal: Numbers
    prompt: Numbers
    response: Numbers
    bands: Numbers | None
    texts: bytes
    starts: Ints


class Double(NamedTuple):
    """A row that another one stays for; `similarity`: of what is asked and of the response (one number where rows are
    compared as a whole), None where the texts are equal."""

    row: int
    stays: int
    stays_id: str
    similarity: tuple[float, ...] | None


@dataclass
class Tally:
    """What was found: rows removed, clusters, the largest, rows with an answer that many give (held against equal ones only), and
    rows that share one side only with another row that stays."""

    equal: int = 0
    near: int = 0
    clusters: int = 0
    largest: int = 0
    compared: int = 0
    closed: int = 0
    same_response: int = 0
    same_instruction: int = 0


def keys_of(batch: Batch, folded: Folded, options: DuplicateOptions) -> RowKeys:
    """The numbers of a batch's rows; takes most of the time, and nothing but its arguments."""
    from harness.build import sift_kernels

    starts = folded.starts[batch.first]
    answers = np.zeros(len(batch.texts), bool)
    answers[batch.answers[batch.answers >= 0]] = True
    said = np.diff(folded.starts) > 1  # a boundary is always there

    def keys(counted: Alive) -> Numbers:
        found = np.empty(len(batch), np.uint64)
        sift_kernels.row_keys(folded.hashes, batch.first, counted, found)
        return found

    media = np.array([name == MEDIA for name in batch.names], bool)
    owner = np.repeat(np.arange(len(batch)), np.diff(batch.first))
    symbols = _marked(folded, batch)
    bands = None
    if options.near is not None:
        count, rows = bands_of(options.permutations, options.near)
        bands = band_keys(symbols, side_starts(symbols, starts, options.sides), options.shingle, count, rows)
        bands[owner[media]] ^= folded.hashes[media, :1]  # beside another image, nothing is alike
    spoken = np.bincount(owner[said & ~media], minlength=len(batch))
    equal = keys(np.ones(len(said), bool))
    equal[spoken == 0] = _EMPTY
    response = keys(said & answers)
    short = np.bincount(owner[answers], np.diff(folded.starts)[answers], minlength=len(batch)) <= _CLOSED_LETTERS + 1
    response[response != _EMPTY] &= ~_SHORT
    response[(response != _EMPTY) & short] |= _SHORT
    return RowKeys(equal, keys(said & ~answers), response, bands, symbols.tobytes(), starts)


@dataclass
class Duplicates:
    """Gathers rows in their order, then says which are doubles. 12 bytes a row stay in memory, the rest lies in `folder`."""

    folder: Path
    options: DuplicateOptions
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self._equal = KeyFiles(self.folder / "equal")
        self._prompts = KeyFiles(self.folder / "prompts")
        self._responses = KeyFiles(self.folder / "responses")
        self._bands = KeyFiles(self.folder / "bands", 6)
        self._texts = RowFile(self.folder / "texts")
        self._ids = RowFile(self.folder / "ids")
        self._ranks: list[Numbers] = []
        self._count = 0

    def add(self, batch: Batch, keys: RowKeys) -> None:
        """Adds a batch of rows, with what `keys_of` says of it."""
        rows = np.arange(self._count, self._count + len(batch))
        some = keys.equal != _EMPTY
        self._equal.add(keys.equal[some], rows[some])
        for files, own in ((self._prompts, keys.prompt), (self._responses, keys.response)):
            files.add(own[own != _EMPTY], rows[own != _EMPTY])
        if keys.bands is not None:
            self._bands.add(keys.bands[some].ravel(), np.repeat(rows[some], keys.bands.shape[1]))
        self._texts.add(keys.texts, 2 * keys.starts)
        ids = [row.id.encode() for row in batch.examples]
        self._ids.add(b"".join(ids), offsets([len(one) for one in ids]))
        self._ranks.append(batch.digests)
        self._count += len(batch)

    def doubles(self, alive: Alive) -> Iterator[Double]:
        """The rows that are to go, of those that are alive; of each cluster the row with the smallest digest stays."""
        ranks = np.concatenate(self._ranks) if self._ranks else np.zeros(0, np.uint64)
        self._ranks = [ranks]
        parents = np.arange(self._count, dtype=np.uint32)
        self._join_equal(parents, ranks, alive)
        if self.options.near is not None:
            self._join_near(parents, ranks, alive, self.options.near)
        yield from self._told(parents)

    def count_shared(self, alive: Alive) -> None:
        """Tallies the rows that share their response only, or their instruction only, with another row that stays."""
        self.tally.same_response = _sharing(self._responses, alive)
        self.tally.same_instruction = _sharing(self._prompts, alive)

    def close(self) -> None:
        """Gives the space back."""
        for files in (self._equal, self._prompts, self._responses, self._bands, self._texts, self._ids):
            files.close()

    def _join_equal(self, parents: NDArray[np.uint32], ranks: Numbers, alive: Alive) -> None:
        from harness.build import minhash_kernels

        for keys, rows in self._equal.sorted_parts():
            first, last, rows = _groups(keys, rows, parents, alive)
            for begin, end in zip(first.tolist(), last.tolist(), strict=True):
                members = rows[begin:end].tolist()
                seen: dict[bytes, int] = {}
                for row, text in zip(members, self._texts.read(members), strict=True):
                    minhash_kernels.join(parents, ranks, seen.setdefault(text, row), row)

    def _join_near(self, parents: NDArray[np.uint32], ranks: Numbers, alive: Alive, near: float) -> None:
        from harness.build import minhash_kernels

        stands = alive & (parents == np.arange(self._count))  # of equal rows one is enough
        self._set_closed_aside(stands)
        leaders = np.empty(_LEADERS, np.int64)

        def open_pieces() -> Iterator[tuple[Ints, Ints]]:
            for keys, rows in prefetched(self._bands.sorted_parts()):
                first, last, rows = _groups(keys, rows, parents, stands)
                for some in _pieces(last - first):
                    begin, end = first[some], last[some]
                    members = np.concatenate([rows[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)])
                    yield members, offsets(end - begin)

        def with_sets(piece: tuple[Ints, Ints]) -> tuple[Ints, Ints, Ints, Numbers, Ints]:
            members, bounds = piece
            members = members[np.lexsort((ranks[members], np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))))]
            once, local = np.unique(members, return_inverse=True)
            return bounds, members, local, *shingle_sets(*self._read_sides(once), self.options.shingle)

        # pieces are joined in their order, so threads change nothing; a group that was closed meanwhile is gone through in vain
        for bounds, members, local, sets, set_starts in computed_ahead(with_sets, open_pieces()):
            self.tally.compared += minhash_kernels.join_similar(
                bounds[:-1], bounds[1:], members, local, sets, set_starts, near, _LEADERS, leaders, parents, ranks
            )

    def _set_closed_aside(self, stands: Alive) -> None:
        """Leaves out rows with an answer that many give ("Yes", "B"): its being alike says nothing, and what is asked may be a
        long text with a short question, or a pair that differs by one word on purpose."""
        for keys, rows in self._responses.sorted_parts():
            short = stands[rows] & (keys & _SHORT).astype(bool)
            keys, rows = keys[short], rows[short]
            _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
            closed = rows[counts[which] > _CLOSED_ROWS]
            stands[closed] = False
            self.tally.closed += len(closed)

    def _told(self, parents: NDArray[np.uint32]) -> Iterator[Double]:
        """The doubles by cluster, each with its exact similarities to the row that stays."""
        from harness.build import minhash_kernels

        gone = np.flatnonzero(parents != np.arange(self._count))
        stays = np.array([minhash_kernels.root_of(parents, row) for row in gone.tolist()], dtype=np.int64)
        order = np.argsort(stays, kind="stable")
        gone, stays = gone[order], stays[order]
        _, sizes = np.unique(stays, return_counts=True)
        self.tally.clusters, self.tally.largest = len(sizes), int(sizes.max(initial=0)) + (len(sizes) > 0)

        def compared(begin: int) -> list[Double]:
            return self._compared(gone[begin : begin + _AT_ONCE], stays[begin : begin + _AT_ONCE])

        for some in computed_ahead(compared, iter(range(0, len(gone), _AT_ONCE))):
            equal = sum(double.similarity is None for double in some)
            self.tally.equal += equal
            self.tally.near += len(some) - equal
            yield from some

    def _compared(self, rows: Ints, kept: Ints) -> list[Double]:
        """Rows that go beside those that stay for them."""
        once, places = np.unique(np.concatenate([rows, kept]), return_inverse=True)
        symbols, sides = self._read_sides(once)
        starts, left, right = sides[::2], places[: len(rows)], places[len(rows) :]
        asked = similarities(symbols, sides, self.options.shingle, 2 * left, 2 * right).tolist()
        answered = similarities(symbols, sides, self.options.shingle, 2 * left + 1, 2 * right + 1).tolist()
        names = [name.decode() for name in self._ids.read(kept.tolist())]
        found = []
        for number, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            equal = np.array_equal(symbols[starts[a] : starts[a + 1]], symbols[starts[b] : starts[b + 1]])
            one_sided = sides[2 * a + 1] == starts[a + 1] and sides[2 * b + 1] == starts[b + 1]
            alike = (asked[number],) if one_sided else (asked[number], answered[number])
            found.append(Double(int(rows[number]), int(kept[number]), names[number], None if equal else alike))
        return found

    def _read_sides(self, rows: Ints) -> tuple[NDArray[np.uint16], Ints]:
        texts = self._texts.read(rows.tolist())
        symbols = np.frombuffer(b"".join(texts), np.uint16)
        return symbols, side_starts(symbols, offsets([len(text) // 2 for text in texts]), self.options.sides)


def _marked(folded: Folded, batch: Batch) -> NDArray[np.uint16]:
    """The folded texts with a mark, instead of a boundary, between what a row asks and its response."""
    behind = batch.answers > batch.first[:-1]
    symbols = folded.symbols.copy()
    symbols[folded.starts[batch.answers[behind]] - 1] = MARK
    return symbols


def _groups(keys: Numbers, rows: Ints, parents: NDArray[np.uint32], alive: Alive) -> tuple[Ints, Ints, Ints]:
    """Where in the rows those stand that share a key and are not one cluster yet; and the rows that are alive."""
    from harness.build import minhash_kernels

    keep = alive[rows]
    keys, rows = keys[keep], rows[keep]
    first, last = np.empty(len(keys) // 2 + 1, np.int64), np.empty(len(keys) // 2 + 1, np.int64)
    found = minhash_kernels.open_groups(keys, rows, parents, first, last)
    return first[:found], last[:found], rows


def _pieces(sizes: Ints) -> Iterator[slice]:
    """Runs of groups of about `_AT_ONCE` members together."""
    begin = 0
    ends = np.cumsum(sizes)
    while begin < len(sizes):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _AT_ONCE, side="right")))
        yield slice(begin, end)
        begin = end


def _sharing(files: KeyFiles, alive: Alive) -> int:
    """How many rows that are alive share their key with another one."""
    shared = 0
    for keys, rows in files.sorted_parts():
        _, counts = np.unique(keys[alive[rows]], return_counts=True)
        shared += int(counts[counts > 1].sum())
    return shared
