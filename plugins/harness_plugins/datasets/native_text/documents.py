"""What a document of native text is: its text, its blocks, where it was read from.

A document has one text, and what is cut out of it later is a span of that text, character by character:

- plain text, Markdown, a text field of JSON Lines or of a hub's data set: the text itself, decoded, nothing else done to it;
- HTML: its blocks (paragraphs, headings, list items …) in their order with an empty line between two; inside of one, blanks as
  a browser shows them (runs of ASCII white space are one blank, `<br>` is a line break), entities resolved, marks of footnotes
  and what nobody sees (scripts, styles) left out;
- CoNLL-U: the `# text` of sentences with a blank between two, and an empty line between paragraphs.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.errors import InputError

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "quote", "note", "navigation"]
Format = Literal["html", "markdown", "text", "jsonl", "conllu", "swequad"]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a document's text that its author set apart; `level` of a heading is 1 (the highest) to 6."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One source document. `titles`: what it is called, from the whole to the part; `blocks` in order, not overlapping; `place`:
    where in its file it was read, for messages."""

    id: str
    text: str
    blocks: tuple[Block, ...]
    titles: tuple[str, ...] = ()
    dataset: str = ""
    licence: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    place: str = field(default="", compare=False)


class TextSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where native text is read from: `path` (a file, or a folder with all its files of known formats), or `hub` (a data set's
    name, read as a stream).

    `format`: by the file's suffix where it is not said. `encoding`: else what the file says of itself, UTF-8, or Windows-1252.
    `field`, `id_field`, `title_field`: of rows; `rows` is the format of their text. `split_at`: headings of this level and above
    begin documents of their own (1: a book's chapters). `name`: of the data set, first part of every id.
    """

    name: str | None = None
    path: str | None = None
    hub: str | None = None
    format: Format | None = None
    encoding: str | None = None
    field: str = "text"
    id_field: str | None = None
    title_field: str | None = None
    rows: Literal["text", "markdown", "html"] = "text"
    split_at: int = 0
    config: str | None = None
    split: str = "train"
    licence: str | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.hub is None):
            raise ValueError("native text comes from a `path` or from a `hub` data set: give one of them")
        if not 0 <= self.split_at <= 6:
            raise ValueError(f"split_at is the level of a heading, 1 to 6 (0: no splitting), got {self.split_at}")

    @property
    def dataset(self) -> str:
        """The data set's name."""
        return self.name or slug(Path(self.path).stem if self.path else (self.hub or "").replace("/", "-"))


def decode(data: bytes, file: Path, encoding: str | None = None, declared: str | None = None) -> str:
    """The text of the bytes, without a byte order mark; InputError naming file and place where they are not in the encoding.

    `encoding` is the user's word; else a byte order mark, then `declared`, then UTF-8 where the bytes are that, count, and what
    is left is Windows-1252, as browsers take it.
    """
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    marked = next((name for mark, name in marks if data.startswith(mark)), None)
    chosen = encoding or marked or declared
    if chosen is None:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            chosen = "cp1252"
    try:
        return data.decode(chosen).removeprefix("\ufeff")
    except LookupError as error:
        raise InputError(f"{file}: {chosen!r} is no encoding that Python knows") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{file}, line {line}: byte {data[error.start]:#04x} is not {chosen}; give its `encoding`") from error


def slug(text: str) -> str:
    """Letters and digits of a name in small letters, hyphens between: a part of an id."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-") or "x"


def content_name(text: str) -> str:
    """Twelve characters of the text's sha256: a name for what has none, the same wherever it stands."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def file_name(file: Path, source: TextSource) -> str:
    """What a file is called within its source: its path below the source's folder, without the suffix."""
    root = Path(source.path or "").expanduser()
    return "/".join(slug(part) for part in (file.relative_to(root) if root.is_dir() else Path(file.name)).with_suffix("").parts)
