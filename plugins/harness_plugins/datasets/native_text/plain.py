"""Plain text as documents: the file's own text, with its paragraphs and what look like headings and lists."""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path

from harness_plugins.datasets.native_text.documents import Block, BlockKind, Document, TextSource, decode, file_name

_LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_ENDED = re.compile(r"""[.!?…:;,]["'”’»)\]]*\Z""")
_ITEM = re.compile(r"(?:[-–—*•·▪◦o]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+\S")
_HEADING_WORDS = 12
_WRAPPED = 40  # characters of a line from which on it tells whether lines are wrapped


def read(data: bytes, file: Path, source: TextSource) -> Iterator[Document]:
    """The file as one document."""
    text = decode(data, file, source.encoding)
    yield Document(
        f"{source.dataset}/{file_name(file, source)}", text, plain_blocks(text), dataset=source.dataset, licence=source.licence
    )


def plain_blocks(text: str) -> tuple[Block, ...]:
    """Paragraphs, headings and list items of plain text.

    Where lines are wrapped (most long lines that are followed by another end within a sentence) a paragraph goes on to an empty
    line; else every line is one. A short line that ends without punctuation heads the paragraph below it; several of them in a
    row are a list (or a menu), but for the last where a paragraph follows, and so are lines that begin with a bullet, a number
    or a small letter.
    """
    lines = [(found.start(), found.end()) for found in _LINE.finditer(text) if found.group().strip()]
    lines = [_stripped(text, *line) for line in lines]
    groups = _paragraphs(text, lines) if _is_wrapped(text, lines) else [[line] for line in lines]
    spans = [(group[0][0], group[-1][1]) for group in groups]
    return tuple(_blocks(text, spans))


def _is_wrapped(text: str, lines: list[tuple[int, int]]) -> bool:
    followed = [
        text[start:end]
        for (start, end), (after, _) in pairwise(lines)
        if end - start >= _WRAPPED and _breaks(text[end:after]) == 1
    ]
    return bool(followed) and sum(_ENDED.search(line) is None for line in followed) > len(followed) / 2


def _paragraphs(text: str, lines: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    groups: list[list[tuple[int, int]]] = []
    for line in lines:
        item = _ITEM.match(text, line[0])
        if groups and _breaks(text[groups[-1][-1][1] : line[0]]) == 1 and not item:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _blocks(text: str, spans: list[tuple[int, int]]) -> Iterator[Block]:
    kinds = [_kind(text[start:end]) for start, end in spans]
    at = 0
    for kind, run in groupby(kinds):
        count = len(list(run))
        heads = kind == "heading" and at + count < len(spans) and kinds[at + count] == "paragraph"
        for place in range(at, at + count):
            start, end = spans[place]
            if kind != "heading":
                yield Block(kind, start, end)
            elif heads and (place == at + count - 1 or (count == 2 and place == 0)):
                yield Block("heading", start, end, 1 if place == 0 else 2 if count == 1 or place == at else 3)
            else:
                yield Block("list", start, end)
        at += count


def _kind(line: str) -> BlockKind:
    if _ITEM.match(line) or line[0].islower():
        return "list"
    if _ENDED.search(line) is None and len(line.split()) <= _HEADING_WORDS:
        return "heading"
    return "paragraph"


def _breaks(between: str) -> int:
    return len(re.findall(r"\r\n|[\r\n\v\f\x85\u2028\u2029]", between))


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    line = text[start:end]
    return start + len(line) - len(line.lstrip()), end - (len(line) - len(line.rstrip()))
