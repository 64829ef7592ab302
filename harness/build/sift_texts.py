"""Rows in batches: their fields as columns of code points, folded text, words and counts of characters."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import chain, islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.build.lookalikes import lookalikes
from harness.build.rows import fields_of, language_of
from harness.errors import InputError
from harness.records import Example, MediaPart
from harness.text.streams import Ints, Symbols, offsets

BATCH = 2048
MEDIA = "media"  # the name of what stands for an image or a sound; no field that anybody reads
LETTER, SYMBOL, CONTROL, LOST, GARBLED, VISIBLE = (1 << bit for bit in range(6))
CLASSES = {LETTER: 0, SYMBOL: 1, CONTROL: 2, LOST: 3, GARBLED: 4, VISIBLE: 5}  # class → its column of the tallies
_POINTS, _HARD = 0x110000, 0xE0200
_ASSIGNED = (range(0x34000), range(0xE0000, _HARD))  # where code points stand for something but private use
# combining marks of no script of their own, of which a text in composed form holds few: Unicode's blocks of them, Cyrillic's
_BLOCKS = ((0x300, 0x370), (0x483, 0x48A), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30))
_MARKS = frozenset(chain.from_iterable(range(*block) for block in _BLOCKS))
# characters that nobody sees, beside those of the category Cf: joiners of graphemes, fillers, variation selectors
_SELECTORS = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
_UNSEEN = frozenset(map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, *_SELECTORS)))
_STRESS = re.compile("(?<=[\u0400-\u04ff])[\u0300\u0301]")  # marks that say how a Cyrillic word is stressed make no other letter
_ASTRAL = 0xD800  # letters beyond the basic plane are folded into the range of surrogates, which are no letters
_NO_LETTERS = 0x2000  # surrogates and private use
Numbers = NDArray[np.uint64]


@dataclass(frozen=True)
class Folded:
    """Texts as columns: `symbols[starts[t] : starts[t + 1]]` are the letters and digits of text t, case folded, and a boundary;
    `words[word_starts[t] : word_starts[t + 1]]` are hashes of its words; `hashes[t]` are 128 bits of its folded text;
    `tallies[t]` count its characters by class; `lengths` its characters."""

    symbols: NDArray[np.uint16]
    starts: Ints
    words: Numbers
    word_starts: Ints
    hashes: Numbers
    tallies: Ints
    lengths: Ints


@dataclass(frozen=True)
class Batch:
    """Rows, each as bytes (MessagePack) with their digest, and their fields after one another.

    Row r has the fields first[r] to first[r + 1]; answers[r] is the one that is its response (the last), or -1. `texts` are in
    NFC; `names`: of the fields, as `harness.build.rows.fields_of` names them; `tags`: the language each declares, "und" for none.
    """

    examples: Sequence[Example]
    lines: Sequence[bytes]
    digests: Numbers
    places: Numbers
    first: Ints
    answers: Ints
    texts: Sequence[str]
    names: Sequence[str]
    tags: Sequence[str]

    def __len__(self) -> int:
        return len(self.examples)


def batches(rows: Iterable[Example], size: int = BATCH) -> Iterator[Batch]:
    """The rows, some at a time."""
    source = iter(rows)
    while some := list(islice(source, size)):
        yield batch_of(some)


def batch_of(rows: Sequence[Example]) -> Batch:
    """The rows as columns; raises InputError naming a row whose text is no Unicode."""
    lines: list[bytes] = []
    digests, places = bytearray(), bytearray()
    first, answers = [0], []
    texts: list[str] = []
    names: list[str] = []
    tags: list[str] = []
    encode = msgspec.msgpack.Encoder(order="deterministic").encode
    for row in rows:
        try:
            line = encode(row)
        except UnicodeEncodeError as error:
            half = error.object[error.start]
            raise InputError(f"row {row.id!r}: a text holds {half!r}, half of a surrogate pair, which is no character") from error
        lines.append(line)
        digests += blake2b(line, digest_size=8).digest()
        places += blake2b(row.id.encode(), digest_size=8).digest()
        fields = fields_of(row)
        texts += fields.values()
        names += fields
        if "languages" in row.meta or row.task == "translation":
            tags += [language_of(row, name) for name in fields]
        else:
            tags += [row.language] * len(fields)
        media = [part for message in row.messages for part in message.parts if isinstance(part, MediaPart)]
        if media:
            place = len(texts) - bool(row.references)  # the response stays the last
            texts.insert(place, " ".join(f"{part.sha256 or part.uri} {part.start} {part.end}" for part in media))
            names.insert(place, MEDIA)
            tags.insert(place, "und")
        answers.append(len(texts) - 1 if row.references else -1)
        first.append(len(texts))
    return Batch(
        rows,
        lines,
        np.frombuffer(bytes(digests), ">u8").astype(np.uint64),
        np.frombuffer(bytes(places), ">u8").astype(np.uint64),
        np.array(first, dtype=np.int64),
        np.array(answers, dtype=np.int64),
        nfc(texts),
        names,
        tags,
    )


def fold(texts: Sequence[str]) -> Folded:
    """The texts (in NFC) as columns."""
    from harness.build import sift_kernels

    folds, classes, hard = tables()
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    points = _points(texts)
    found = np.empty(len(texts), bool)
    if sift_kernels.hard_texts(points, offsets(lengths), hard, found):
        texts = [_canonical(text) if is_hard else text for text, is_hard in zip(texts, found.tolist(), strict=True)]
        points = _points(texts)
    starts = offsets(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)))
    count = len(texts)
    symbols = np.empty(len(points) + count, np.uint16)
    words = np.empty(len(points) // 2 + count + 1, np.uint64)
    symbol_starts, word_starts = np.empty(count + 1, np.int64), np.empty(count + 1, np.int64)
    hashes, tallies = np.empty((count, 2), np.uint64), np.zeros((count, 8), np.int64)
    sift_kernels.fold_texts(points, starts, folds, classes, symbols, symbol_starts, words, word_starts, hashes, tallies)
    return Folded(symbols[: symbol_starts[-1]], symbol_starts, words[: word_starts[-1]], word_starts, hashes, tallies, lengths)


def nfc(texts: Sequence[str]) -> Sequence[str]:
    """The texts in Unicode's composed form, which most are in already."""
    if unicodedata.is_normalized("NFC", "\n".join(texts)):
        return texts
    return [unicodedata.normalize("NFC", text) for text in texts]


def folded_words(text: str) -> list[str]:
    """The words of one text as they are compared: runs of letters and digits, case folded; for messages to people."""
    folded = _canonical(text)
    return "".join(char if char.isalnum() else " " for char in folded).split()


@cache
def tables() -> tuple[NDArray[np.uint16], NDArray[np.uint64], NDArray[np.bool_]]:
    """By code point: the letter or digit it counts as (0: none), its classes, spread over eight bytes, and whether a text with it
    is looked at whole (by code point up to the last such one, then False): its case folds to several letters, it is a letter
    or digit in another shape (fullwidth, mathematical, a ligature), nobody sees it (a soft hyphen, a joiner), or it is a mark
    that was not composed with its letter. A letter that looks like a Latin one counts as that (`harness.build.lookalikes`)."""
    folds, classes = np.zeros(_POINTS, np.uint16), np.full(_POINTS, 1 << 8, np.uint64)
    hard, latin = np.zeros(_HARD + 1, bool), lookalikes()
    for point in chain(*_ASSIGNED):
        char = chr(point)
        category = unicodedata.category(char)
        if category in ("Cn", "Co", "Cs"):
            continue
        classes[point] = 0
        if char.isalnum():
            folded = unicodedata.normalize("NFC", char.casefold())
            if len(folded) > 1 or char in _UNSEEN or unicodedata.normalize("NFKC", char) != char:
                hard[point] = True
            letter = ord(latin.get(ord(folded[0]), folded[0]))
            folds[point] = letter if letter < 0x10000 else _ASTRAL + letter % _NO_LETTERS
            classes[point] |= np.uint64(1)
        elif category in ("So", "Sk", "Sm", "Sc"):
            classes[point] |= np.uint64(1 << 8)
        elif category == "Cf" or char in _UNSEEN or point in _MARKS:
            hard[point] = True
        elif category == "Cc" and char not in "\t\n\r":
            classes[point] |= np.uint64(1 << 16)
        if category[0] not in "ZC":
            classes[point] |= np.uint64(1 << 40)
    classes[0xFFFD] |= np.uint64(1 << 24)
    for char in "ÃÂâï":  # what UTF-8 read as Windows-1252 begins with
        classes[ord(char)] |= np.uint64(1 << 32)
    return folds, classes, hard


def _canonical(text: str) -> str:
    """The text without characters that nobody sees, letters in their plain shape, case folded, look-alikes as Latin letters, each
    composed with its marks; marks that no letter is composed with are left out."""
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf" and char not in _UNSEEN)
    plain = unicodedata.normalize("NFKC", seen).casefold()
    unstressed = _STRESS.sub("", unicodedata.normalize("NFC", plain))
    composed = unicodedata.normalize("NFC", unstressed.translate(lookalikes()))
    return "".join(char for char in composed if ord(char) not in _MARKS and char not in _UNSEEN)


def _points(texts: Sequence[str]) -> Symbols:
    return np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.int32)
