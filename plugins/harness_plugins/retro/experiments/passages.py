"""Documents as passages: what a language model is asked about one at a time, and where their paraphrases stand among tokens."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness_plugins.datasets.translators.pieces import sentences
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import Tokenizer


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of whole sentences of a document, from one character to before another; a document's passages are all of it."""

    document: str
    language: str
    start: int
    end: int
    text: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens `start` to before `end` of a document: `first` to before `last` of the document `other` paraphrase them."""

    document: str
    start: float
    end: float
    other: str
    first: float
    last: float


def passages(document: tuple[str, str, str], words: int) -> list[Passage]:
    """The document (id, text, language) in passages of at most so many words; a longer sentence is one by itself."""
    id, text, language = document
    cuts, held, place = [0], 0, 0
    for number, piece in enumerate(sentences(text)):
        count = len(piece.split()) if number % 2 else 0
        if held and held + count > words:
            cuts.append(place)
            held = 0
        held += count
        place += len(piece)
    spans = zip(cuts, [*cuts[1:], len(text)], strict=True)
    return [Passage(document=id, language=language, start=start, end=end, text=text[start:end]) for start, end in spans]


def laid(
    every: Sequence[Passage], said: Sequence[str | None], tokenizer: Tokenizer
) -> tuple[list[tuple[str, str, str]], list[Place]]:
    """Documents (id, text, language) of paraphrases, and the places of all that are there. Those of passages that follow each
    other are one document, so that the continuation of a chunk says what comes next; where one is missing another begins.
    `said`: the paraphrase of each passage, None where it has none."""
    ours = [len(tokens) for tokens in tokenizer.encode([one.text for one in every])]
    runs: list[list[int]] = []
    starts: list[int] = []
    for number, one in enumerate(every):
        follows = number > 0 and every[number - 1].document == one.document
        starts.append(starts[-1] + ours[number - 1] if follows else 0)
        if said[number] is None:
            continue
        if follows and said[number - 1] is not None:
            runs[-1].append(number)
        else:
            runs.append([number])
    documents, places = [], []
    for run in runs:
        one, texts = every[run[0]], [f"{said[number]}\n" for number in run]
        other = f"{one.document} {one.start}"
        documents.append((other, "".join(texts), one.language))
        theirs = np.cumsum([0, *(len(tokens) for tokens in tokenizer.encode(texts))])
        for number, first, last in zip(run, theirs[:-1].tolist(), theirs[1:].tolist(), strict=True):
            span = {"start": starts[number], "end": starts[number] + ours[number], "first": first, "last": last}
            places.append(Place(document=one.document, other=other, **span))
    return documents, places


def aligned_places(corpus: Database, others: Database, places: Sequence[Place], k: int) -> NDArray[np.int64]:
    """For each chunk of the corpus (chunks, k) the chunk of a paraphrase that says what it begins with, then those two and four
    further on …; -1 where there is none, all of them of a chunk that begins in a passage without a paraphrase."""
    numbers = np.full((corpus.chunks, k), -1, np.int64)
    first, counts = spans(corpus)
    their_first, their_counts = spans(others)
    for place in places:
        document, other = corpus.number_of[place.document], others.number_of[place.other]
        begins = np.arange(counts[document]) * corpus.chunk
        mine = np.flatnonzero((begins >= place.start) & (begins < place.end))
        share = (begins[mine] - place.start) / (place.end - place.start)
        there = ((place.first + share * (place.last - place.first)) // others.chunk).astype(np.int64)
        for column in range(k):
            at = there + 2 * column
            known = at < their_counts[other]
            numbers[first[document] + mine[known], column] = their_first[other] + at[known]
    return numbers


def spans(database: Database) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First chunk and number of chunks of each document."""
    counts = np.bincount(database.document_of(np.arange(database.chunks)), minlength=database.documents).astype(np.int64)
    return np.cumsum(counts) - counts, counts
