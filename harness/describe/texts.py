"""Texts: how long they are, and traces of what happened to them on the way (encoding, markup, templates, cut-offs)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from harness.judgments import JudgmentSet

BUCKETS = ((0, 0), (1, 5), (6, 20), (21, 50), (51, 100), (101, 250), (251, None))
WORD = re.compile(r"\w+")
# UTF-8 read as Windows-1252 or Latin-1: å becomes Ã¥, a long dash â€“; Â before a sign of the upper half.
MOJIBAKE = re.compile(
    "Ã[\u0080-\u00bf\u0152\u0153\u0160\u0161\u017d\u017e\u0178\u0192\u02c6\u02dc\u2013-\u2122]|Â[\u00a0-\u00bf]|â€|ï¿½|ï»¿"
)
_LOST = re.compile(r"(?<![/\w?&=.])[^\W\d_]+\?[^\W\d_]+(?![\w/=])")  # f?r: a letter that became a question mark
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|a|ul|ol|li|h[1-6]|table|t[rdh]|img|script|style|code|pre|font|sup|sub)\b[^<>]{0,300}>"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|aring|auml|ouml|Aring|Auml|Ouml|#\d{1,7}|#x[0-9A-Fa-f]{1,6});"
)
_TEMPLATE = re.compile(
    r"<\|[^|<>\s]{1,40}\|>|</?s>|\[/?INST\]|<<SYS>>|<(?:start|end)_of_turn>|### (?:Response|Svar|Instruction|Assistant):"
)
_HARMLESS = "\n\t\r"
_WITHOUT_BREAKS = str.maketrans("", "", _HARMLESS)
_JOINERS = "\u200c\u200d\u00ad\ufe0f"  # zero-width joiners, soft hyphens and emoji variation are ordinary writing
TRACES = ("empty", "replacement", "mojibake", "lost_letters", "decomposed", "control", "markup", "template", "cut_off")


def describe_texts(data: JudgmentSet) -> dict[str, Any]:
    """`outputs`: system → lengths and traces; `references`, `sources`, `instructions`: the same; None without texts.

    A trace is a count with the ids of the first three records that show it.
    """
    said = [
        (output.system, _looked_at(output.id, output.text, output.finish == "length"))
        for output in data.outputs
        if output.text is not None
    ]
    by_system: dict[str, list[_Looked]] = {system: [] for system in data.systems}
    for system, looked in said:
        by_system[system].append(looked)
    return {
        "outputs": {system: _described(own) for system, own in by_system.items()},
        "all_outputs": _described([looked for _, looked in said]),
        "references": _described([_looked_at(example.id, text) for example in data.examples for text in example.references]),
        "sources": _described(
            [_looked_at(example.id, example.source) for example in data.examples if example.source is not None]
        ),
        "instructions": _described(
            [_looked_at(example.id, example.instruction) for example in data.examples if example.instruction is not None]
        ),
    }


def traces(text: str) -> list[str]:
    """Which traces the text shows."""
    found = []
    if not text.strip():
        found.append("empty")
    # Each pattern is looked for only where a sign is that it begins with: nearly all texts are passed over so.
    plain = text.isascii()
    if not plain and "\ufffd" in text:
        found.append("replacement")
    if not plain and ("Ã" in text or "Â" in text or "â" in text or "ï" in text) and MOJIBAKE.search(text):
        found.append("mojibake")
    if "?" in text and _LOST.search(text):
        found.append("lost_letters")
    if not plain and not unicodedata.is_normalized("NFC", text):
        found.append("decomposed")
    if not text.isprintable() and any(map(is_control, text.translate(_WITHOUT_BREAKS))):
        found.append("control")
    if ("<" in text or "&" in text) and _MARKUP.search(text):
        found.append("markup")
    if ("<" in text or "[" in text or "#" in text) and _TEMPLATE.search(text):
        found.append("template")
    return found


def is_control(character: str) -> bool:
    """Whether it is a control or an invisible formatting character that no text needs."""
    if character in _HARMLESS or character in _JOINERS:
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co")


def words(text: str) -> int:
    """How many words (runs of letters, digits and underscores) the text has."""
    return len(WORD.findall(text))


class _Looked(NamedTuple):
    """A text that has been looked at: whose it is, its words and its traces."""

    name: str
    words: int
    traces: tuple[str, ...]


def _looked_at(name: str, text: str, cut: bool = False) -> _Looked:
    found = traces(text)
    if cut:
        found.append("cut_off")
    return _Looked(name, words(text), tuple(found))


def _described(texts: Sequence[_Looked]) -> dict[str, Any] | None:
    if not texts:
        return None
    lengths = [looked.words for looked in texts]
    found: dict[str, list[str]] = {}
    for looked in texts:
        for trace in looked.traces:
            found.setdefault(trace, []).append(looked.name)
    return {
        "texts": len(texts),
        "words": {"min": min(lengths), "median": median(lengths), "max": max(lengths)},
        "buckets": _buckets(lengths),
        "traces": {trace: {"count": len(found[trace]), "first": found[trace][:3]} for trace in TRACES if trace in found},
    }


def _buckets(lengths: Iterable[int]) -> list[dict[str, int | None]]:
    counted = Counter(lengths)
    return [
        {
            "from": low,
            "to": high,
            "count": sum(n for size, n in counted.items() if low <= size and (high is None or size <= high)),
        }
        for low, high in BUCKETS
    ]
