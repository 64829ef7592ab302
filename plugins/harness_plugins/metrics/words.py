"""How ROUGE cuts a text into words: tokenizers, stemmers, and what a signature says of them.

A word of the tokenizer `unicode` is a letter or a digit and all letters, marks and digits that follow it (categories L, M
and N), in NFC and casefolded. Everything else separates words: white space, punctuation, hyphens, apostrophes, underscores,
symbols, emoji. What cannot be seen neither is a word nor parts one: soft hyphens, joiners, direction marks and variation
selectors are taken out first (the zero-width space separates). The folding is Unicode's own and knows no language: `ß` is
`ss`, and the Turkish `İ` is `i` with a dot above it, so neither `i` nor `ı`. Scripts written without spaces give few and
long words: chrF suits them better.

The tokenizer `rouge-score` is that of the package of this name: lower case, then runs of a-z and 0-9. It drops å, ä and ö:
"får" and "för" are both `f r`. It is there to reproduce old numbers, and applies no normalisation, as the package does not.
"""

import functools
import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import NamedTuple

TOKENIZERS = ("unicode", "rouge-score")
PORTER = "porter"
_INVISIBLE = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
)


@dataclass(frozen=True, slots=True)
class Words:
    """A tokenizer with its stemmer: `cut(text)` gives the words, `signature` the pairs that tell it apart.

    `cut_plain` gives the words before stemming and `stem` the stem of one, None without a stemmer. `folding.py` reads whole
    batches by these; what it finds is what `cut` finds.
    """

    tokenizer: str
    cut_plain: Callable[[str], list[str]]
    stem: Callable[[str], str] | None
    signature: dict[str, str]

    def cut(self, text: str) -> list[str]:
        """The words of a text, in their order."""
        words = self.cut_plain(text)
        return words if self.stem is None else list(map(self.stem, words))


def make_words(tokenizer: str = "unicode", stemmer: str | None = None) -> Words:
    """The tokenizer of that name, its words stemmed.

    `stemmer` is None, with `unicode` a Snowball algorithm ("swedish", "english", …), with `rouge-score` "porter", that
    package's own (NLTK's Porter, on words of more than three characters). Raises ValueError naming what is allowed, and
    ModuleNotFoundError where NLTK is not installed.
    """
    if tokenizer not in TOKENIZERS:
        raise ValueError(f"unknown tokenizer {tokenizer!r}; allowed are {', '.join(TOKENIZERS)}")
    if stemmer == "none":
        stemmer = None
    if tokenizer == "rouge-score":
        if stemmer not in (None, PORTER):
            raise ValueError(f"unknown stemmer {stemmer!r} for the tokenizer rouge-score; allowed are none, {PORTER}")
        signature = {"case": "lower", "norm": "none", "stemmer": stemmer or "none", "tok": tokenizer}
        return Words(tokenizer, ascii_words, None if stemmer is None else _porter_stem(), signature)
    signature = {"case": "fold", "norm": "nfc", "stemmer": stemmer or "none", "tok": tokenizer}
    if stemmer is None:
        return Words(tokenizer, unicode_words, None, signature)
    return Words(tokenizer, unicode_words, _snowball_stem(stemmer), signature | {"snowball": _snowball_version()})


def unicode_words(text: str) -> list[str]:
    """The words of a text in any script: NFC, casefolded, in their order."""
    if text.isascii():
        return ascii_words(text)
    patterns = _patterns()
    visible = patterns.invisible.sub("", text)
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", visible).casefold()).replace("_", " ")
    pattern = patterns.word if patterns.may_hold_marks.search(folded) else patterns.word_without_marks
    return pattern.findall(folded)


def ascii_words(text: str) -> list[str]:
    """The words as rouge-score 0.1.2 cuts them: runs of a-z and 0-9 in the lower-cased text."""
    return re.findall("[a-z0-9]+", text.lower())


class _Patterns(NamedTuple):
    """`word` and `word_without_marks` hold for texts without underscores, which `\\w` counts as letters."""

    invisible: re.Pattern[str]
    word: re.Pattern[str]
    word_without_marks: re.Pattern[str]
    may_hold_marks: re.Pattern[str]


@functools.cache
def _patterns() -> _Patterns:
    marks = [chr(point) for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point))[0] == "M"]
    # Testing a character against the marks beyond U+FFFF is slow (300 ns), so a text is first looked over for such characters.
    low_marks = "".join(mark for mark in marks if mark <= "\uffff")
    return _Patterns(
        invisible=re.compile(f"[{_INVISIBLE}]+"),
        word=re.compile(rf"\w[\w{''.join(marks)}]*"),
        word_without_marks=re.compile(r"\w+"),
        may_hold_marks=re.compile(f"[{low_marks}\U00010000-\U0010ffff]"),
    )


def is_word_character(character: str) -> bool:
    """Whether a folded character that is no mark stands in words."""
    return character != "_" and _patterns().word_without_marks.match(character) is not None


def is_invisible(character: str) -> bool:
    """Whether a character is taken out of the text before its words are cut."""
    return _patterns().invisible.match(character) is not None


def _snowball_stem(language: object) -> Callable[[str], str]:
    import snowballstemmer

    # One name must not stand for two stemmers: Snowball's Porter and the one of NLTK differ.
    known = sorted({name for name in snowballstemmer.algorithms() if name != PORTER})
    if language not in known:
        raise ValueError(f"unknown stemmer {language!r} for the tokenizer unicode; allowed are none, {', '.join(known)}")
    own = snowballstemmer.stemmer(language).stemWord

    @functools.lru_cache(maxsize=1 << 16)
    def stem(word: str) -> str:
        return own(word) or word

    return stem


def _snowball_version() -> str:
    """Major and minor version of the rules in use; snowballstemmer hands over to PyStemmer where that is installed."""
    try:
        version = metadata.version("PyStemmer")
    except metadata.PackageNotFoundError:
        version = metadata.version("snowballstemmer")
    return ".".join(version.split(".")[:2])


def _porter_stem() -> Callable[[str], str]:
    from nltk.stem.porter import PorterStemmer

    own = PorterStemmer().stem

    @functools.lru_cache(maxsize=1 << 16)
    def stem(word: str) -> str:
        return own(word) if len(word) > 3 else word

    return stem
