"""Markdown as documents: the file's own text, with the kinds of its blocks (CommonMark's, and tables)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from harness_plugins.datasets.native_text.documents import Block, BlockKind, Document, TextSource, decode, file_name

_LINE = re.compile(r"[^\r\n]*(?:\r\n|[\r\n]|\Z)")
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}\Z")
_FRONT = re.compile(r"---[ \t]*\r?\n.*?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def read(data: bytes, file: Path, source: TextSource) -> Iterator[Document]:
    """The file as one document."""
    text = decode(data, file, source.encoding)
    yield Document(
        f"{source.dataset}/{file_name(file, source)}", text, markdown_blocks(text), dataset=source.dataset, licence=source.licence
    )


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text; spans hold the text as it is written, a heading's without its marks."""
    return tuple(_blocks(text))


def _blocks(text: str) -> Iterator[Block]:
    front = _FRONT.match(text)
    fence = ""
    kind: BlockKind | None = None
    start = end = code = 0
    for found in _LINE.finditer(text, front.end() if front else 0):
        line = found.group().rstrip("\r\n")
        first, last = found.start() + len(line) - len(line.lstrip()), found.start() + len(line.rstrip())
        opening = _FENCE.match(line)
        if fence:
            if opening and opening.group(1).startswith(fence) and not line.strip(" `~"):
                yield Block("code", code, last)
                fence = ""
            continue
        if kind == "paragraph" and (setext := _SETEXT.match(line)):
            yield Block("heading", start, end, 1 if setext.group(1)[0] == "=" else 2)
            kind = None
            continue
        starts = _line_kind(line, kind)
        if kind is not None and (starts is not None or opening or _ATX.match(line)):
            yield Block(kind, start, end)
            kind = None
        if opening:
            fence, code = opening.group(1), found.start()
        elif atx := _ATX.match(line):
            title = line[atx.end() :].rstrip()
            closed = title.rstrip("#")
            title = closed.rstrip() if not closed or closed.endswith((" ", "\t")) else title
            if title:
                yield Block("heading", found.start() + atx.end(), found.start() + atx.end() + len(title), len(atx.group(1)))
        elif starts == "blank" or line.strip() == "":
            continue
        elif starts is not None:
            kind, start, end = starts, first, last
        else:
            end = last
    if fence:
        yield Block("code", code, len(text.rstrip()))
    elif kind is not None:
        yield Block(kind, start, end)


def _line_kind(line: str, now: BlockKind | None) -> "BlockKind | Literal['blank'] | None":
    """The kind of block that the line begins; `blank` ends one; None goes on with the block."""
    if not line.strip() or _RULE.match(line) or line.lstrip().startswith("<!--"):
        return "blank"
    if _ITEM.match(line):
        return "list"
    if line.lstrip().startswith("|"):
        return None if now == "table" else "table"
    if line.lstrip().startswith(">"):
        return None if now == "quote" else "quote"
    if now is None and line.startswith(("    ", "\t")):
        return "code"
    return None if now is not None else "paragraph"
