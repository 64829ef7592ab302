"""The words of `words.py` for whole batches: a table says of every code point what it becomes in a word.

Most code points are folded by themselves. What depends on its neighbours (a mark, a jamo, an `a` before a combining ring) or
becomes several letters (`ß`) is hard: a text that holds one is cut by `words.py`, text by text, and its words join the others.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from harness.text.streams import Stream, Symbols, code_points, kept, token_stream
from harness.text.words import WordIds, word_ids
from harness_plugins.metrics.words import Words, is_invisible, is_word_character

SEPARATOR, INVISIBLE, HARD = 0, -1, -2
LIMIT = 0x20000  # beyond are rare ideographs, tags and private use: hard


def read_words(texts: Sequence[str], words: Words) -> WordIds:
    """The words of every text as ids: `words.cut` of each, equal words having equal ids."""
    stream = _folded(texts, words)
    found = word_ids(stream)
    return found if words.stem is None else _stemmed(found, stream, words.stem)


def _folded(texts: Sequence[str], words: Words) -> Stream:
    points = code_points(texts)
    table = fold_table(words.tokenizer)
    stream = Stream(table[np.minimum(points.symbols, LIMIT)], points.starts)
    lowest = int(stream.symbols.min(initial=0))
    if lowest == HARD:
        stream = _with_hard_texts(stream, texts, words)
    return kept(stream, stream.symbols != INVISIBLE) if lowest < 0 else stream


def _with_hard_texts(stream: Stream, texts: Sequence[str], words: Words) -> Stream:
    symbols, starts = stream
    hard = np.unique(np.searchsorted(starts, np.flatnonzero(symbols == HARD), side="right") - 1).tolist()
    cut = token_stream([words.cut_plain(texts[place]) for place in hard])
    parts: list[Symbols] = []
    lengths = np.diff(starts)
    done = 0
    for number, place in enumerate(hard):
        own = cut.symbols[cut.starts[number] : cut.starts[number + 1]]
        parts += [symbols[done : starts[place]], own - (own > 0)]  # back from code point + 1
        lengths[place] = len(own)
        done = starts[place + 1]
    return Stream(np.concatenate([*parts, symbols[done:]]), np.concatenate([[0], np.cumsum(lengths)]))


def _stemmed(found: WordIds, stream: Stream, stem: Callable[[str], str]) -> WordIds:
    """Words with one stem get the id of the first of them."""
    text = stream.symbols.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    first: dict[str, int] = {}
    spans = zip(found.first.tolist(), found.last.tolist(), strict=True)
    ids = [first.setdefault(stem(text[begin:end]), number) for number, (begin, end) in enumerate(spans)]
    return found._replace(ids=np.array(ids, dtype=np.int32)[found.ids])


@cache
def fold_table(tokenizer: str) -> Symbols:
    """What each code point below LIMIT becomes, and last, HARD, all others: a folded code point, or a constant of this module."""
    table = np.full(LIMIT + 1, HARD, dtype=np.int32)
    table[:LIMIT] = list(map(_lowered if tokenizer == "rouge-score" else _unicode_folding(), map(chr, range(LIMIT))))
    return table


def _lowered(character: str) -> int:
    """`str.lower` looks at neighbours for the Greek sigma only, which is no word here."""
    low = character.lower()
    if len(low) > 1:
        return HARD
    return ord(low) if re.match("[a-z0-9]", low) else SEPARATOR


def _unicode_folding() -> Callable[[str], int]:
    """Code points that stay single and composed through NFC, casefold and NFC, whatever stands beside them.

    NFC leaves a text alone if each of its characters is of combining class 0, its own NFC, and never the second half of a
    composition (Unicode Standard Annex 15, section 9). Hangul compose by rule; of a canonical decomposition in two only the last
    can be a second half. Marks are left out altogether: whether one belongs to a word depends on what is before it.
    """
    decompositions = {unicodedata.decomposition(chr(point)) for point in range(0x30000)}
    second = {chr(int(parts.split()[1], 16)) for parts in decompositions if " " in parts and not parts.startswith("<")}
    second.update(map(chr, [*range(0x1100, 0x1200), *range(0xA960, 0xA980), *range(0xD7B0, 0xD800)]))

    def stable(character: str) -> bool:
        alone = character not in second and not unicodedata.combining(character)
        return alone and unicodedata.category(character)[0] != "M" and unicodedata.normalize("NFC", character) == character

    def fold(character: str) -> int:
        if is_invisible(character):
            return INVISIBLE
        folded = character.casefold()
        if len(folded) > 1 or not stable(character) or not stable(folded):
            return HARD
        return ord(folded) if is_word_character(folded) else SEPARATOR

    return fold
