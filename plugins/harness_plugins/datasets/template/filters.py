"""Filters for instruction templates: Swedish numbers, lists in words, quotes of CSV files, names of content."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from harness_plugins.datasets.template.empty import filled
from harness_plugins.datasets.template.problems import RowProblem

_JOINED = 1_000_000  # characters
_INNER = re.compile('["\u201c\u201d]')
_STOP = re.compile(r"[.!?]\s+(?=[^\W\d_a-zåäö])")
_ABBREVIATION = re.compile(r"(\w\.\w+|\b(kap|nr|resp|ca))\.$")
_BEFORE = 100  # characters before a full stop that are looked at
_QUOTED = re.compile(r'"(.*)"', re.DOTALL)


def decimal(value: float, digits: int = 1) -> str:
    """2.5 → "2,5" and 3.0 → "3": a number as Swedish writes it, with at most so many decimals."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r:.60} is no number")
    _filled(value)
    text = f"{value:.{min(max(int(digits), 0), 12)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return ("0" if text == "-0" else text).replace(".", ",").replace("-", "\u2212")


def nearest(value: float) -> int:
    """The nearest whole number; halves go up (2.5 → 3), where Python's `round` goes to the even one."""
    return int(value + 0.5) if value >= 0 else -int(-value + 0.5)


def listed(items: Iterable[Any], word: str = "eller") -> str:
    """`ja, nej eller kanske`: the items with commas, and the word before the last."""
    texts = [str(_filled(item)) for item in items]
    if not texts:
        raise RowProblem("empty-value", "there is nothing to list")
    text = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {word} {texts[-1]}"
    if len(text) > _JOINED:
        raise ValueError("the list is too long")
    return text


def join(items: Iterable[Any], by: str = "", attribute: str | None = None) -> str:
    """The items (or their `attribute`) with `by` between them."""
    found = [item[attribute] if attribute is not None else item for item in items]
    texts = [str(item if isinstance(item, str) else _filled(item)) for item in found]
    if sum(map(len, texts)) + len(by) * len(texts) > _JOINED:  # before it is made: a text joined by itself grows with its square
        raise ValueError("what is joined is too long")
    return by.join(texts)


def quoted(items: Iterable[Any]) -> list[str]:
    """Each item in Swedish quotation marks (”…”)."""
    return [f"\u201d{_filled(item)}\u201d" for item in items]


def cited(text: str) -> str:
    """The text in Swedish quotation marks, with single ones (’…’) for those within it."""
    return f"\u201d{_INNER.sub(chr(0x2019), str(_filled(text)))}\u201d"


def slug(text: str) -> str:
    """The text as a name: letters, digits and hyphens."""
    return re.sub(r"[^\w.]+", "-", str(text).casefold()).strip("-")


def upper_first(text: str) -> str:
    """The text with a capital first letter, and the rest as it is (`capitalize` makes the rest small)."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """The text with a small first letter, and the rest as it is; an abbreviation (EU, VD-assistent) stays."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def without_stop(text: str) -> str:
    """The text without the full stop at its end, for one that stands inside a sentence; dots after a dot stay."""
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop at the end, where it ends in a letter, a digit or a bracket."""
    text = upper_first(text.strip())
    return f"{text}." if text and (text[-1].isalnum() or text[-1] in ")%°") else text


def unquoted(text: str) -> str:
    """The text without what a CSV writer left: quotation marks around it, and those within doubled."""
    whole = _QUOTED.fullmatch(text.strip())
    if whole is None or re.search(r'(?<!")"(?!")', whole[1]):
        return text
    return whole[1].replace('""', '"')


def digest(value: Any) -> str:
    """16 hexadecimal digits that name a value by its content."""
    return hashlib.sha256(encoded(value)).hexdigest()[:16]


def encoded(value: Any) -> bytes:
    """The value as JSON, keys sorted; of what is no plain value (an image, a sound) its kind.

    Raises UnicodeEncodeError where a text holds half of a surrogate pair.
    """
    return msgspec.json.encode(value, enc_hook=lambda other: f"<{type(other).__name__}>", order="sorted")


def shuffled(items: Sequence[Any], by: Any) -> list[Any]:
    """The items in an order that depends on their content and `by` alone."""
    return sorted(items, key=lambda item: (digest([by, item]), digest(item)))


def marked(text: str, start: int, stop: int, left: str = "*", right: str = "*") -> str:
    """The text with marks around the characters from `start` to `stop`."""
    if not 0 <= start < stop <= len(text):
        raise ValueError(f"there are no characters {start} to {stop} in a text of {len(text)}")
    return f"{text[:start]}{left}{text[start:stop]}{right}{text[stop:]}"


def matches(text: str, words: Sequence[str]) -> bool:
    """Whether any of the words (plain text, whatever its case) occurs in the text."""
    folded = text.casefold()
    return any(word.casefold() in folded for word in words)


def without_sentences(text: str, words: Sequence[str]) -> str:
    """The text without the sentences in which any of the words occurs."""
    ends = [
        match.end()
        for match in _STOP.finditer(text)
        if not _ABBREVIATION.search(text[max(0, match.start() - _BEFORE) : match.start() + 1])
    ]
    parts = [text[start:end].strip() for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return " ".join(part for part in parts if part and not matches(part, words))


def _filled(item: Any) -> Any:
    """The item; raises RowProblem for what is not written into a text: nothing, a blank text, true or false."""
    if isinstance(item, bool):
        raise RowProblem("unfit-value", f"{item} is no text")
    return filled(item)


FILTERS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        cited,
        decimal,
        digest,
        join,
        listed,
        lower_first,
        marked,
        matches,
        nearest,
        quoted,
        sentence,
        shuffled,
        slug,
        unquoted,
        upper_first,
        without_sentences,
        without_stop,
    )
}
