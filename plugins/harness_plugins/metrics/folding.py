"""The words of `words.py` for whole batches: a table says of every code point what it becomes in a word.

Most code points are folded by themselves. What depends on its neighbours (a mark, a jamo), becomes several letters (`ß`) or is
invisible is hard: a text that holds one is cut by `words.py`, text by text, and its words join the others.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from harness.text import subsequences
from harness.text.streams import Ints, Symbols
from harness.text.words import HARD, POINTS, SEPARATOR, WordIds, lcs_lengths, with_cut_texts, with_plain, word_ids
from harness_plugins.metrics.words import Words, is_invisible, is_word_character

LIMIT = 0x20000  # beyond are rare ideographs, tags and private use: hard


def read_words(texts: Sequence[str], words: Words) -> WordIds:
    """The words of every text as ids: `words.cut` of each, equal words having equal ids."""
    table = fold_table(words.tokenizer)
    found, hard = word_ids(texts, table)
    if len(hard):
        found = with_cut_texts(texts, table, {place: words.cut_plain(texts[place]) for place in hard.tolist()})
    return found if words.stem is None else _stemmed(found, words.stem)


def common_words(texts: Sequence[str], words: Words, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """How many words each text has, (N,), and the longest common subsequence of texts left[p] and right[p]: its length, (P,)."""
    if words.stem is not None:
        found = read_words(texts, words)
        return found.lengths, lcs_lengths(found, left, right)
    sizes, lengths = subsequences.common_words(texts, _byte_table(words.tokenizer), left, right)
    rest = np.flatnonzero(lengths < 0)
    if len(rest) or sizes.min(initial=0) < 0:
        asked, places = np.unique(np.concatenate([left[rest], right[rest], np.flatnonzero(sizes < 0)]), return_inverse=True)
        found = read_words([texts[place] for place in asked.tolist()], words)
        sizes[asked] = found.lengths
        lengths[rest] = lcs_lengths(found, places[: len(rest)], places[len(rest) : 2 * len(rest)])
    return sizes, lengths


def _stemmed(found: WordIds, stem: Callable[[str], str]) -> WordIds:
    """Words with one stem get the id of the first of them."""
    first: dict[str, int] = {}
    ids = [first.setdefault(stem(word), number) for number, word in enumerate(found.spelled())]
    return found._replace(ids=np.array(ids, dtype=np.int32)[found.ids])


@cache
def fold_table(tokenizer: str) -> Symbols:
    """What each code point below LIMIT becomes, for `word_ids`; all others are HARD."""
    table = np.full(POINTS, HARD, dtype=np.int32)
    table[:LIMIT] = list(map(_lowered if tokenizer == "rouge-score" else _unicode_folding(), map(chr, range(LIMIT))))
    return with_plain(table)


@cache
def _byte_table(tokenizer: str) -> subsequences.Bytes:
    return subsequences.byte_table(fold_table(tokenizer))


def _lowered(character: str) -> int:
    """`str.lower` looks at neighbours for the Greek sigma only, which is no word here."""
    low = character.lower()
    if len(low) > 1:
        return HARD
    return ord(low) + 1 if re.match("[a-z0-9]", low) else SEPARATOR


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
        folded = character.casefold()
        if is_invisible(character) or len(folded) > 1 or not stable(character) or not stable(folded):
            return HARD
        return ord(folded) + 1 if is_word_character(folded) else SEPARATOR

    return fold
