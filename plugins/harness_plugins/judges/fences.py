"""Texts as a judge is shown them: nothing in them is invisible, and nothing in them can end the fence that they stand in.

Each call has a code of digits that no text of the call holds. A fence is a line `<answer-482937>`, the text, and a line
`</answer-482937>`; whoever wrote the text cannot have written the code. Texts that stand before the answers have another code,
which calls about the same texts share: what their prompts begin with is then the same, and a server computes it once.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

CODE_DIGITS = 6
_DRAWS = 8  # of one length, before the code grows
_RUNS = re.compile(r"\d+")
# What neither is a digit nor begins one in UTF-8, superscripts and folded ones too: Latin letters, what follows a first byte.
_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789\xc2" and byte < 0xD9)
_ALPHABET = str.maketrans("01234567", "23456789")  # without 0 and 1, which look like letters

# Controls, formats (zero width, bidi, tags), surrogates, private use, separators, fillers, blanks and variation selectors.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_JOINERS = "\u200c\u200d"
_STYLES = "\ufe0e\ufe0f"  # text or emoji, after a symbol
# What chat templates mark turns with, such as `<|im_end|>`: most servers read it as the token of that name wherever it stands.
_TURNS = re.compile(
    r"<(?=[|｜][^<>\n]{1,60}[|｜]>|/?(?:s|bos|eos|sop|pad|unk|think|start_of_turn|end_of_turn|tool_call|tool_response)>|<?/?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|gMASK)\])",
    re.IGNORECASE,
)
_MARKS = "\u061c\u200e\u200f"  # of direction, beside a letter that is written from right to left


def shown(text: str) -> str:
    """The text with line ends as newlines and every character that cannot be seen written out, such as `⟦U+200B⟧`.

    Soft hyphens and byte order marks go; joiners stay inside scripts and emoji that need them, as do the marks that make a symbol
    an emoji, and single marks of direction beside letters that are written from right to left. Composed and decomposed letters,
    wide forms and look-alikes stay as they are: they can be seen, and are judged. What a chat template would take for the end of
    the turn gets a space after its bracket, which ends nothing.
    """
    if _ODD.search(text) is not None:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _ODD.sub(lambda found: _seen(text, found.start()), text)
    if "<" not in text and "[" not in text:
        return text
    return _TURNS.sub(r"\g<0> ", text)  # last, since what goes may have stood within a mark


def code_for(texts: Sequence[str]) -> str:
    """Digits that the texts (as shown) do not hold, not even in other digits or with something in between.

    The same texts in the same order have the same code, so that a reply can be found again.
    """
    return Codes(texts).code_for(())


class Codes:
    """The codes of calls that begin with these texts, which are looked at once: `code_for(others)` is that of all together."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._seed = hashlib.sha256()
        self._held = _taken(texts, self._seed)
        self._given = _first(self._seed.digest(), self._held)

    def code_for(self, texts: Sequence[str]) -> str:
        """`code_for` of the first texts and these."""
        return self.codes_for(texts)[0]

    def codes_for(self, texts: Sequence[str]) -> tuple[str, str]:
        """`code_for` of the first texts and these, and a code for the first ones alone.

        The second is the same whatever these texts are, unless one of them holds it; no text of the call holds either.
        """
        seed = self._seed.copy()
        held = _taken(texts, seed)
        if not held and not self._held:  # as nearly always
            return _code(seed.digest(), CODE_DIGITS), self._given
        given = _first(self._seed.digest(), [*self._held, *held]) if any(self._given in one for one in held) else self._given
        return _first(seed.digest(), [*self._held, *held]), given


def _seen(text: str, place: int) -> str:
    character = text[place]
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if character in "\xad\ufeff":
        return ""
    if character in _JOINERS and _needs_joiners(before) and _needs_joiners(after):
        return character
    if character in _STYLES and before and unicodedata.category(before) in ("So", "Sm", "Po", "Nd"):
        return character
    if character == "\u200d" and before in _STYLES and _needs_joiners(after):
        return character
    if character in _MARKS and any(
        unicodedata.bidirectional(near) in ("R", "AL") for near in (before, after) if near not in _MARKS
    ):
        return character
    return f"⟦U+{ord(character):04X}⟧"


def _needs_joiners(character: str) -> bool:
    """Whether the character is of a script written with joiners, or a symbol that they combine."""
    return character > "\u0590" and unicodedata.category(character)[0] in "LMS"


def _taken(texts: Iterable[str], seed: Any) -> list[str]:
    """Feeds the texts to the seed; returns the digits of those that have enough to hold a code."""
    held = []
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        seed.update(b"%d:" % len(data))
        seed.update(data)
        if data.translate(None, _NO_DIGITS):
            digits = _digits(text)
            if len(digits) >= CODE_DIGITS:
                held.append(digits)
    return held


def _digits(text: str) -> str:
    """The digits of the text, all in a row, as ASCII; superscripts and circled ones too."""
    digits = "".join(_RUNS.findall(text if text.isascii() else unicodedata.normalize("NFKC", text)))
    return digits if digits.isascii() else "".join(str(unicodedata.decimal(digit)) for digit in digits)


def _first(start: bytes, held: Sequence[str]) -> str:
    """The first code of those that begin so that none of these digits hold."""
    return next(code for code in _codes(start) if not any(code in digits for digits in held))


def _codes(start: bytes) -> Iterator[str]:
    draw = 0
    while True:
        yield _code(start if draw == 0 else hashlib.sha256(start + b"%d" % draw).digest(), CODE_DIGITS + 2 * (draw // _DRAWS))
        draw += 1


def _code(seed: bytes, digits: int) -> str:
    """The last octal digits of the seed, in those of codes."""
    return format(int.from_bytes(seed, "big") & (1 << 3 * digits) - 1, f"0{digits}o").translate(_ALPHABET)
