"""Texts: how long they are, and traces of what happened to them on the way (encoding, markup, templates, cut-offs)."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from harness.judgments import JudgmentSet

BUCKETS = ((0, 0), (1, 5), (6, 20), (21, 50), (51, 100), (101, 250), (251, None))
WORD = re.compile(r"\w+")
# UTF-8 read as Windows-1252 or Latin-1: å becomes Ã¥, a long dash â€“; Â before a sign of the upper half.
_MOJIBAKE = re.compile(
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
    outputs = {
        system: _described(
            [(o.id, o.text, o.finish == "length") for o in data.outputs if o.system == system and o.text is not None]
        )
        for system in data.systems
    }
    return {
        "outputs": outputs,
        "all_outputs": _described([(o.id, o.text, o.finish == "length") for o in data.outputs if o.text is not None]),
        "references": _described([(example.id, text, False) for example in data.examples for text in example.references]),
        "sources": _described([(example.id, example.source, False) for example in data.examples if example.source is not None]),
        "instructions": _described(
            [(example.id, example.instruction, False) for example in data.examples if example.instruction is not None]
        ),
    }


def traces(text: str) -> list[str]:
    """Which traces the text shows."""
    found = []
    if not text.strip():
        found.append("empty")
    if "\ufffd" in text:
        found.append("replacement")
    if _MOJIBAKE.search(text):
        found.append("mojibake")
    if _LOST.search(text):
        found.append("lost_letters")
    if not unicodedata.is_normalized("NFC", text):
        found.append("decomposed")
    if not text.translate(_WITHOUT_BREAKS).isprintable() and any(map(is_control, text)):
        found.append("control")
    if _MARKUP.search(text):
        found.append("markup")
    if _TEMPLATE.search(text):
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


def _described(texts: Sequence[tuple[str, str, bool]]) -> dict[str, Any] | None:
    if not texts:
        return None
    lengths = [words(text) for _, text, _ in texts]
    found: dict[str, list[str]] = {}
    for name, text, cut in texts:
        for trace in (*traces(text), *(("cut_off",) if cut else ())):
            found.setdefault(trace, []).append(name)
    return {
        "texts": len(texts),
        "words": {"min": min(lengths), "median": median(lengths), "max": max(lengths)},
        "buckets": _buckets(lengths),
        "traces": {trace: {"count": len(found[trace]), "first": found[trace][:3]} for trace in TRACES if trace in found},
    }


def _buckets(lengths: Iterable[int]) -> list[dict[str, int | None]]:
    counted = list(lengths)
    return [
        {"from": low, "to": high, "count": sum(low <= length and (high is None or length <= high) for length in counted)}
        for low, high in BUCKETS
    ]
