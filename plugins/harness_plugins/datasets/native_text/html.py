"""HTML as documents: its visible blocks, with their kinds."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness_plugins.datasets.native_text.documents import Block, BlockKind, Document, TextSource, decode, file_name, slug
from harness_plugins.datasets.native_text.tags import Tag, tags_and_texts

_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "head", "select", "object", "iframe", "title"})
_VOID = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta param source track wbr"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_KINDS: dict[str, BlockKind] = {
    "li": "list",
    "dd": "list",
    "dt": "list",
    "td": "table",
    "th": "table",
    "caption": "table",
    "figcaption": "table",
    "pre": "code",
    "blockquote": "quote",
    "nav": "navigation",
    "footer": "navigation",
    "aside": "navigation",
    "form": "navigation",
    "button": "navigation",
}
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
        "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table "
        "tbody td tfoot th thead tr ul",
    )
)
_CLOSED_BY_NEXT = {"li", "td", "th", "tr", "dt", "dd"}  # their end tags may be left out
_DEEPEST = 512  # open tags: browsers, too, go no deeper
_BLANKS = re.compile(r"[ \t\n\f\r]+")
_MARK = re.compile(r"\s*[\[(]?(\d{1,3}|[*†‡]{1,3})[\])]?\s*\Z")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """A block's text before the blocks are put together."""

    kind: BlockKind
    text: str
    level: int = 0


def read(data: bytes, file: Path, source: TextSource) -> Iterator[Document]:
    """The file as one document, or as one for each heading of level `split_at` or above."""
    text = decode(data, file, source.encoding, declared(data))
    pieces, title = extract(text)
    titles = (title,) if title else ()
    document = Document(f"{source.dataset}/{file_name(file, source)}", "", (), titles, source.dataset, source.licence)
    yield from split(document, pieces, source.split_at)


def declared(data: bytes) -> str | None:
    """The encoding that a `<meta>` in the first 4,096 bytes names, as browsers read it: ISO-8859-1 is Windows-1252."""
    found = _CHARSET.search(data[:4096])
    if found is None:
        return None
    name = found.group(1).decode("ascii").lower()
    return "cp1252" if name in ("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii") else name


def extract(markup: str) -> tuple[list[Piece], str]:
    """The visible blocks of a page, and its title."""
    parser = _Blocks()
    for one in tags_and_texts(markup):
        if isinstance(one, str):
            parser.text(one)
        elif one.closes:
            parser.end(one.name)
        else:
            parser.start(one)
    parser.flush()
    return parser.pieces, _BLANKS.sub(" ", parser.title).strip()


def split(document: Document, pieces: Sequence[Piece], level: int) -> Iterator[Document]:
    """The pieces put together, as one document or one for each heading of that level or above, named by its heading."""
    begin = 0
    names: dict[str, int] = {}
    for end in [*(at for at, piece in enumerate(pieces) if at and 0 < piece.level <= level), len(pieces)]:
        part = pieces[begin:end]
        begin = end
        if not part:
            continue
        name, titles = document.id, document.titles
        if level and 0 < part[0].level <= level:
            head = slug(part[0].text)
            names[head] = names.get(head, 0) + 1
            name = f"{document.id}/{head}" + (f"-{names[head]}" if names[head] > 1 else "")
        text, blocks = _joined(part)
        yield replace(document, id=name, titles=titles, text=text, blocks=blocks)


def _joined(pieces: Sequence[Piece]) -> tuple[str, tuple[Block, ...]]:
    blocks, at = [], 0
    for piece in pieces:
        blocks.append(Block(piece.kind, at, at + len(piece.text), piece.level))
        at += len(piece.text) + 2
    return "\n\n".join(piece.text for piece in pieces), tuple(blocks)


class _Blocks:
    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.title = ""
        self._open: list[tuple[str, bool]] = []  # tags, and whether each is a link within the page
        self._count: Counter[str] = Counter()  # of open tags, by which it is known what a text stands in
        self._text: list[str] = []
        self._note = False

    def start(self, found: Tag) -> None:
        tag = found.name
        if tag == "br":
            self._text.append("\v")
            return
        if tag in _BLOCKS:
            self.flush()
            self._close("p")  # a paragraph holds no block, whether its end tag is there or not
            if tag in _CLOSED_BY_NEXT:
                self._close(tag, until=("ul", "ol", "table", "dl", "blockquote", "div"))
        if tag in _VOID or len(self._open) == _DEEPEST:
            return
        given = found.attributes() if tag == "a" else {}
        inside = given.get("href", "").startswith("#") or "name" in given or "id" in given
        self._open.append((tag, inside))
        self._count[tag] += 1

    def end(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.flush()
        self._close(tag)

    def text(self, data: str) -> None:
        if "title" in self._count:
            self.title += data
            return
        if not _UNSEEN.isdisjoint(self._count):
            return
        if "sup" in self._count and any(inside for _, inside in self._open) and _MARK.match(data):
            self._note = self._note or not "".join(self._text).strip()
            return
        self._text.append(data)

    def flush(self) -> None:
        """Ends the block."""
        raw = "".join(self._text)
        if "pre" in self._count:
            text = raw.replace("\v", "\n").strip("\n")
        else:
            text = "\n".join(line.strip(" ") for line in _BLANKS.sub(" ", raw).split("\v")).strip(" \n")
        if text.strip():
            tags = [tag for tag, _ in self._open]
            level = next((_HEADINGS[tag] for tag in reversed(tags) if tag in _HEADINGS), 0)
            kinds: list[BlockKind] = [_KINDS[tag] for tag in tags if tag in _KINDS]
            outer: BlockKind = "navigation" if "navigation" in kinds else kinds[-1] if kinds else "paragraph"
            kind: BlockKind = "heading" if level and outer != "navigation" else "note" if self._note else outer
            self.pieces.append(Piece(kind, text, level if kind == "heading" else 0))
        self._text, self._note = [], False

    def _close(self, tag: str, until: tuple[str, ...] = ()) -> None:
        """Closes the innermost open tag of that name with everything in it, unless one of `until` lies between."""
        if tag not in self._count:
            return
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] in until:
                return
            if self._open[at][0] == tag:
                self._count -= Counter(name for name, _ in self._open[at:])  # drops those of which none is left
                del self._open[at:]
                return
