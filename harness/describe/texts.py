"""Texts: how long they are, and traces of what happened to them on the way (encoding, markup, templates, cut-offs)."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.describe.looking import look_at
from harness.describe.numbers import middle
from harness.judgments import JudgmentSet
from harness.meta.pairs import Ints

BUCKETS = ((0, 0), (1, 5), (6, 20), (21, 50), (51, 100), (101, 250), (251, None))
_WORD = re.compile(r"\w+")
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
_SIGNS = "\ufffdÃÂâï?<&[#"  # without one of these a text holds no replacement, mojibake, lost letters, markup or template
TRACES = ("empty", "replacement", "mojibake", "lost_letters", "decomposed", "control", "markup", "template", "cut_off")


def describe_texts(data: JudgmentSet) -> dict[str, Any]:
    """`outputs`: system → lengths and traces; `references`, `sources`, `instructions`: the same; None without texts.

    A trace is a count with the ids of the first three records that show it.
    """
    said = [output for output in data.outputs if output.text is not None]
    looked = _looked_at([output.id for output in said], [output.text or "" for output in said])
    for place, output in enumerate(said):
        if output.finish == "length":
            looked.traces.setdefault(place, []).append("cut_off")
    places = {system: place for place, system in enumerate(data.systems)}
    of_system = np.fromiter((places[output.system] for output in said), dtype=np.int64, count=len(said))
    sources = [example for example in data.examples if example.source is not None]
    asked = [(example.id, text) for example in data.examples if (text := example.instruction) is not None]
    references = [(example.id, reference) for example in data.examples for reference in example.references]
    return {
        "outputs": {system: _described(looked, np.flatnonzero(of_system == place)) for system, place in places.items()},
        "all_outputs": _described(looked),
        "references": _described(_looked_at(*_apart(references))),
        "sources": _described(_looked_at([example.id for example in sources], [example.source or "" for example in sources])),
        "instructions": _described(_looked_at(*_apart(asked))),
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
    return len(_WORD.findall(text))


@dataclass(frozen=True)
class _Looked:
    """Texts that have been looked at: whose they are, words of each, and by place the traces of those that show any."""

    names: Sequence[str]
    words: Ints
    traces: dict[int, list[str]]


def _looked_at(names: Sequence[str], texts: Sequence[str]) -> _Looked:
    words, odd = look_at(texts, _SIGNS)
    closer = ((place, traces(texts[place])) for place in np.flatnonzero(odd).tolist())
    return _Looked(names, words, {place: found for place, found in closer if found})


def _apart(named: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [name for name, _ in named], [text for _, text in named]


def _described(looked: _Looked, chosen: Ints | None = None) -> dict[str, Any] | None:
    """What the texts show, or those `chosen` (places, ascending); None without any."""
    lengths = looked.words if chosen is None else looked.words[chosen]
    if not len(lengths):
        return None
    found: dict[str, list[str]] = {}
    shown = np.array(sorted(looked.traces), dtype=np.int64)
    for place in (shown if chosen is None else np.intersect1d(shown, chosen, assume_unique=True)).tolist():
        for trace in looked.traces[place]:
            found.setdefault(trace, []).append(looked.names[place])
    return {
        "texts": len(lengths),
        "words": {"min": int(lengths.min()), "median": middle(lengths), "max": int(lengths.max())},
        "buckets": [_bucket(lengths, low, high) for low, high in BUCKETS],
        "traces": {trace: {"count": len(found[trace]), "first": found[trace][:3]} for trace in TRACES if trace in found},
    }


def _bucket(lengths: Ints, low: int, high: int | None) -> Mapping[str, int | None]:
    inside = lengths >= low if high is None else (lengths >= low) & (lengths <= high)
    return {"from": low, "to": high, "count": int(inside.sum())}
