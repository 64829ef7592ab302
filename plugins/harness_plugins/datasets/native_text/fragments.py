"""Fragments of native text: spans of a document on its natural boundaries, of a length that an answer may have.

A fragment's text is the document's, character by character: `document.text[fragment.start:fragment.end] == fragment.text`.
What is not used comes out as well, set aside with its reason.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.build.rows import SetAside
from harness_plugins.datasets.native_text.documents import Block, Document, content_name
from harness_plugins.datasets.native_text.fragment import Filter, Fragment, Reason, first_reasons
from harness_plugins.datasets.native_text.fragments_filters import BLOCK_FILTERS, FRAGMENT_FILTERS

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Window:
    """How many words a fragment has."""

    least: int = 40
    most: int = 300

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(f"a window is two numbers of words, the smaller first, got {self.least} and {self.most}")


def fragments(
    document: Document,
    window: Window | None = None,
    *,
    language: str = "sv",
    stage: str = "natural",
    block_filters: Sequence[Filter] | None = None,
    filters: Sequence[Filter] | None = None,
    repeated: Collection[str] = (),
) -> Iterator[Fragment | SetAside]:
    """The document's fragments in their order, and what is set aside (`stage` is the builder's name).

    Below one heading, neighbouring blocks are merged until they have `window.least` words; what is left at the end joins the
    fragment before it where that stays within `window.most`. Nothing crosses a heading, or a block that is set aside by itself:
    one that `block_filters` name, one of `repeated` (see `repeated_blocks`), navigation, a table, code or a footnote.
    """
    window = window or Window()
    names: dict[str, int] = {}

    def cut(blocks: Sequence[Block], headings: tuple[str, ...]) -> Fragment:
        start, end = blocks[0].start, blocks[-1].end
        text = document.text[start:end]
        name = content_name(text)
        names[name] = names.get(name, 0) + 1
        name += f"-{names[name]}" if names[name] > 1 else ""
        return Fragment(
            id=f"{document.id}/{name}",
            document=document.id,
            headings=headings,
            text=text,
            start=start,
            end=end,
            blocks=tuple(blocks),
            language=language,
            dataset=document.dataset,
            licence=document.licence,
            meta=document.meta,
        )

    block_filters = BLOCK_FILTERS if block_filters is None else block_filters
    cuts: list[tuple[Fragment, Reason | None]] = []  # in the order of the text, with what already speaks against each
    for headings, run, reason in _runs(document, language, block_filters, repeated):
        for blocks in _windows(document, run, window) if reason is None else [run]:
            fragment = cut(blocks, headings)
            cuts.append((fragment, reason or _length_reason(fragment, window)))
    open_ones = [fragment for fragment, reason in cuts if reason is None]
    found = iter(first_reasons(open_ones, FRAGMENT_FILTERS if filters is None else filters))
    for fragment, known in cuts:
        reason = known or next(found)
        yield fragment if reason is None else set_aside(fragment, reason, stage)


def set_aside(fragment: Fragment, reason: Reason, stage: str) -> SetAside:
    """The fragment as a row that is not used. Of one that is left out for its personal data, no text is kept."""
    shown = None if reason.code == "personal-data" else fragment.text
    return SetAside(id=fragment.id, stage=stage, reason=reason.code, detail=reason.detail, source=shown)


def repeated_blocks(documents: Iterable[Document], least: int = 3) -> frozenset[str]:
    """The names of blocks (letters and digits, case folded) that stand in at least so many documents: what pages share."""
    seen: dict[str, int] = {}
    for document in documents:
        for name in {block_name(document.text[block.start : block.end]) for block in document.blocks}:
            seen[name] = seen.get(name, 0) + 1
    return frozenset(name for name, count in seen.items() if count >= least and name)


def block_name(text: str) -> str:
    """What a block is recognised by wherever it stands: twelve characters of a digest of its words; empty without any."""
    words = _WORD.findall(text.casefold())
    return content_name(" ".join(words)) if words else ""


def _runs(
    document: Document, language: str, filters: Sequence[Filter], repeated: Collection[str]
) -> Iterator[tuple[tuple[str, ...], list[Block], Reason | None]]:
    """Runs of neighbouring blocks below one heading that may be merged; and, with the reason, each block that parts them."""
    blocks = [(headings, block) for headings, section in _sections(document) for block in section]
    singles = [
        Fragment("", document.id, headings, document.text[one.start : one.end], one.start, one.end, (one,), language)
        for headings, one in blocks
    ]
    shared = [bool(repeated) and block_name(single.text) in repeated for single in singles]
    others = iter(first_reasons([single for single, is_shared in zip(singles, shared, strict=True) if not is_shared], filters))
    reasons = [Reason("repeated", "stands in several documents") if is_shared else next(others) for is_shared in shared]
    at = 0
    for headings, section in _sections(document):
        run: list[Block] = []
        for block, reason in zip(section, reasons[at : at + len(section)], strict=True):
            if reason is None:
                run.append(block)
                continue
            yield headings, run, None
            run = []
            yield headings, [block], reason
        yield headings, run, None
        at += len(section)


def _length_reason(fragment: Fragment, window: Window) -> Reason | None:
    if fragment.words < window.least:
        return Reason("too-short", f"{fragment.words} words")
    if fragment.words > window.most:
        return Reason("too-long", f"{fragment.words} words")
    return None


def _sections(document: Document) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """The blocks between two headings, with the path of headings above them."""
    path: list[tuple[int, str]] = []
    section: list[Block] = []
    headings = document.titles
    for block in document.blocks:
        if block.kind != "heading":
            section.append(block)
            continue
        if section:
            yield headings, section
            section = []
        path = [(level, title) for level, title in path if level < block.level]
        path.append((block.level, " ".join(document.text[block.start : block.end].split())))
        headings = (*document.titles, *(title for _, title in path if title not in document.titles))
    if section:
        yield headings, section


def _windows(document: Document, run: Sequence[Block], window: Window) -> Iterator[list[Block]]:
    """Neighbouring blocks, merged up to the window; what introduces a list stays with it."""
    if not run:
        return
    words = {block: len(document.text[block.start : block.end].split()) for block in run}
    merged: list[list[Block]] = []
    for block in run:
        last = merged[-1] if merged else []
        length = sum(words[one] for one in last)
        belongs = bool(last) and (block.kind == "list" or document.text[: last[-1].end].endswith(":"))
        if last and length + words[block] <= window.most and (length < window.least or belongs):
            last.append(block)
        else:
            merged.append([block])
    if len(merged) > 1 and sum(words[block] for block in merged[-1]) < window.least:
        both = merged[-2] + merged[-1]
        if sum(words[block] for block in both) <= window.most:
            merged[-2:] = [both]
    yield from merged
