"""Texts cut into what is translated and what stays: program text, blank lines, list markers, rules of tables, keys of JSON."""

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from harness_plugins.datasets.translate.protect_patterns import is_code


class Part(NamedTuple):
    """A stretch of a text: `keep` stays as it is, `text` is translated, `json` is translated inside a JSON string."""

    text: str
    kind: str = "keep"


_FENCE = re.compile(r"\s*(```|~~~)")
_MARKER = re.compile(
    r"\s*(?:>\s?)*(?:(?:[-*+•–—·]|\(?\d{1,3}[.):]|\(?[a-zA-Z][.)]|[A-H]:|#{1,6})(?:\s+|$)|[-•·](?=[^\W\d_]))*(?:\[[ xX]\]\s+)?"
)
_RULE = re.compile(r"\s*\|?[\s:|+-]*-{2,}[\s:|+=-]*\|?\s*\Z|\s*[=*_~-]{3,}\s*\Z")
_LABEL = re.compile(r"\(?[A-Za-z]\)?[.):]?\Z")
_JSON_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"(?P<key>\s*:)?')
_KEY = re.compile(r"(?P<key>\s*(?:-\s+)?[\w.-]+:[ \t]*)(?P<value>.*)")
KEYED = re.compile(
    r"\b(?:ya?ml|toml|ini file|front ?matter|docker-compose|http headers?)\b", re.I
)  # a row that speaks of such a format
_VALUE_WORDS = 3  # a JSON string of fewer words is a value (a name, a code), not a text


def cut(text: str, keyed: bool = False) -> list[Part]:
    """Parts that, joined, are the text to the byte. A `json` part holds the string that its JSON text stands for.

    `keyed`: lines that begin with `key:` are YAML or the like, so that their keys and short values stay.
    """
    parts: list[Part] = []
    lines = text.splitlines(keepends=True)
    code = _code_lines(lines)
    place = 0
    while place < len(lines):
        length = 0 if code[place] else _json_lines(lines, place)
        if length:
            parts += _json_parts("".join(lines[place : place + length]))
            place += length
            continue
        if code[place]:
            parts.append(Part(lines[place]))
        elif keyed and (match := _KEY.match(lines[place])):
            short = len(match["value"].split()) < _VALUE_WORDS
            parts += [Part(lines[place])] if short else [Part(match["key"]), *_cell(lines[place][match.end("key") :])]
        else:
            parts += _line(lines[place], _in_table(lines, place))
        place += 1
    return [part for part in parts if part.text]


def joined(parts: Sequence[Part]) -> str:
    """The text of the parts."""
    return "".join(json.dumps(part.text, ensure_ascii=False)[1:-1] if part.kind == "json" else part.text for part in parts)


def _code_lines(lines: Sequence[str]) -> list[bool]:
    """Which lines are program text: between fences, by their looks, or enclosed by such lines."""
    code, fence = [False] * len(lines), ""
    for place, line in enumerate(lines):
        match = _FENCE.match(line)
        if match and (not fence or match[1] == fence):
            fence = "" if fence else match[1]
            code[place] = True
        else:
            code[place] = bool(fence) or is_code(line.rstrip("\r\n"))
    firm = list(code)
    for place, line in enumerate(lines):
        if firm[place]:
            continue
        above = next((other for other in range(place - 1, -1, -1) if lines[other].strip()), None)
        below = next((other for other in range(place + 1, len(lines)) if lines[other].strip()), None)
        if any(other is not None and _FENCE.match(lines[other]) for other in (above, below)):
            continue
        inside = above is not None and code[above] and below is not None and firm[below]
        marked = (match := _MARKER.match(line.strip())) is not None and match[0].strip() != ""
        indented = line[:1] in (" ", "\t") and above is not None and code[above] and not marked
        comment = line.lstrip().startswith("# ") and (inside or (below is not None and firm[below] and above is None))
        if line.strip() and (
            indented or comment or (inside and len(line.split()) <= 6 and not line.rstrip().endswith((".", "?", "!", ":")))
        ):
            code[place] = True
    return code


def _json_lines(lines: Sequence[str], place: int) -> int:
    """How many lines from here on are one JSON object or list; 0 where none begins."""
    start = lines[place].lstrip()[:1]
    if start not in ("{", "["):
        return 0
    text = ""
    for length, line in enumerate(lines[place : place + 400], 1):
        text += line
        if not line.rstrip().endswith(("}", "]")):
            continue
        try:
            found = json.loads(text)
        except ValueError:
            continue
        worth = isinstance(found, dict) or (
            isinstance(found, list) and any(isinstance(item, dict | list | str) for item in found)
        )
        return length if worth else 0
    return 0


def _json_parts(text: str) -> list[Part]:
    parts, place = [], 0
    for match in _JSON_STRING.finditer(text):
        value = json.loads(f'"{match[1]}"')
        if match["key"] or len(value.split()) < _VALUE_WORDS:
            continue
        # Only where writing it again gives the same text: else the form of the file would change.
        if json.dumps(value, ensure_ascii=False)[1:-1] != match[1]:
            continue
        parts += [Part(text[place : match.start(1)]), Part(value, "json")]
        place = match.end(1)
    return [*parts, Part(text[place:])]


def _in_table(lines: Sequence[str], place: int) -> str:
    """What separates the cells of the line: `|` or a tab; nothing where it is no row of a table."""
    line = lines[place]
    if line.lstrip().startswith("|") and line.count("|") >= 2:
        return "|"
    around = [lines[other] for other in (place - 1, place + 1) if 0 <= other < len(lines)]
    if " | " in line and any(other.count("|") == line.count("|") for other in around):
        return "|"
    commas = line.count(",")
    if commas and ", " not in line and not line.rstrip().endswith(".") and any(_is_csv(other, commas) for other in around):
        return ","
    return "\t" if "\t" in line.strip() else ""


def _is_csv(line: str, commas: int) -> bool:
    return line.count(",") == commas and ", " not in line


def _line(line: str, separator: str) -> list[Part]:
    if separator == ",":
        return [Part(line)]  # data, not prose
    if separator:
        return [part for cell in re.split(rf"({re.escape(separator)})", line) for part in _cell(cell)]
    if _RULE.match(line):
        return [Part(line)]
    marker = _MARKER.match(line)
    before = marker[0] if marker else ""
    return [Part(before), *_cell(line[len(before) :])]


def _cell(text: str) -> list[Part]:
    middle = text.strip()
    if not re.search(r"[^\W_]", middle) or _LABEL.match(middle) or _RULE.match(middle):
        return [Part(text)]
    start = text.index(middle)
    return [Part(text[:start]), Part(middle, "text"), Part(text[start + len(middle) :])]
