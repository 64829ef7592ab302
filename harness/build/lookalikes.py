"""Letters of other alphabets that look like Latin ones, for comparing texts: Cyrillic а stands for a, and nobody sees it.

The pairs are of Unicode's list of confusable characters (UTS 39, `confusables.txt`), chosen so that no two letters of an alphabet
become one: texts in one alphabet are as equal and as unlike as before, and only texts that mix alphabets come closer (but for
Turkic languages in Cyrillic, whose һ becomes one with н: both are taken for h, one small, one as a capital). Both cases
of a letter go the same way, since case makes no difference in comparisons, so a letter counts as what its small form looks like,
or else its capital (в as b, η as h). Digits that look like letters, and letters of Latin that look like each other (l and I, i
and ı), stay what they are: with them words would change. Only ɑ and ɡ, which stand in phonetic script, count as a and g.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache

# by alphabet: its letters, as case folding leaves them, and those of Latin that they look like
PAIRS = {
    "Cyrillic": ("авсԁеԍніјкӏморԛгѕтѵԝху", "abcdeghijklmopqrstvwxy"),
    "Turkic Cyrillic": ("һ", "h"),
    "Greek": ("αβεηικορτυνχγζϳ", "abehikoptuvxyzj"),
    "Armenian": ("քցհոօզսա", "fghnoquw"),
    "Cherokee": ("ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᎡᏕᎢᏙᎳᎩᏃ", "abcdeghijklmprstvwyz"),
    "Lisu": ("ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "abcdefghijklmnoprstuvwxyz"),
    "Coptic": ("ⲥⲏⲕⲙⲛⲟⲣⲧⲭⲩ", "chkmnoptxy"),
    "phonetic": ("ɑɡ", "ag"),
}
_COMPOSED = ((0x370, 0x530), (0x1F00, 0x2000))  # where letters with accents stand: Greek and Cyrillic


@cache
def lookalikes() -> dict[int, str]:
    """By code point (of a text in composed form, case folded) the Latin letter that it looks like, with its accents (ӓ: ä); a
    letter whose accents no Latin letter has stays out."""
    plain = {other: latin for others, latins in PAIRS.values() for other, latin in zip(others, latins, strict=True)}
    return {ord(char): latin for char, latin in [*plain.items(), *_with_accents(plain)]}


def _with_accents(plain: dict[str, str]) -> Iterator[tuple[str, str]]:
    for first, last in _COMPOSED:
        for char in map(chr, range(first, last)):
            parts = unicodedata.normalize("NFD", char)
            base, accents = parts[0], parts[1:]
            if accents and base in plain:
                made = unicodedata.normalize("NFC", plain[base] + accents)
                if len(made) == 1:
                    yield char, made
