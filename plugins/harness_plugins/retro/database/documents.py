"""Documents that a retrieval database is made from: native text, and examples of kind `document`, each with its id once."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.build.rows import SetAside
from harness.errors import InputError
from harness.records import Example, Message, Origin, TextPart
from harness_plugins.datasets.native_text.documents import Document, TextSource
from harness_plugins.retro.database.writing import text_of

STAGE = "retrieval-db"
_TABLE = "examples.parquet"


def read_documents(
    texts: Sequence[TextSource], examples: Sequence[Path], *, language: str, splits: Sequence[str] = ()
) -> Iterator[Example | SetAside]:
    """The documents of native text and then of tables of examples, in a fixed order. Set aside: an id that was there before, an
    example of another kind, and one with half of a character. `language`: of the texts; `splits`: of the examples (all where none
    is named)."""
    seen: dict[int, int] = {}  # 64 bits of each id's digest, and of its text's
    for row in _rows(texts, examples, language, splits):
        if isinstance(row, SetAside):
            yield row
            continue
        id, text = _bits(row.id), _bits(text_of(row))
        if row.kind != "document":
            yield _aside(row, "other-kind", f"it is of kind {row.kind!r}; a database is made of documents")
        elif not row.id.strip():
            yield _aside(row, "no-id", "it has no id")
        elif id in seen:
            which = ("repeated-row", "same") if seen[id] == text else ("repeated-id", "other")
            yield _aside(row, which[0], f"a document of the id {row.id!r:.200} and of {which[1]} text was there before")
        else:
            seen[id] = text
            yield row


def example_files(where: Path) -> list[Path]:
    """The table of examples of a build's folder, else the files of a folder, or the file. InputError where there is none."""
    from harness_plugins.datasets.instructions.files import files_below

    if (where / _TABLE).is_file():
        return [where / _TABLE]
    if (where / "manifest.json").is_file():
        raise InputError(f"{where} is no finished build: it holds no {_TABLE}; run `harness build` to its end first")
    return files_below(where)


def _rows(
    texts: Iterable[TextSource], examples: Iterable[Path], language: str, splits: Sequence[str]
) -> Iterator[Example | SetAside]:
    from harness_plugins.datasets.native_text.reading import documents

    for source in texts:
        for document in documents(source, empty=True):
            yield _example(document, language)
    for where in examples:
        for file in example_files(where):
            yield from (row for row in _read(file) if isinstance(row, SetAside) or not splits or row.split in splits)


def _example(document: Document, language: str) -> Example:
    return Example(
        id=document.id,
        kind="document",
        language=language,
        messages=(Message(role="document", parts=(TextPart(text=document.text),)),),
        origin=Origin(builder=STAGE, dataset=document.dataset or None, licence=document.licence),
        meta={**({"titles": list(document.titles)} if document.titles else {}), **document.meta},
    )


def _read(file: Path) -> Iterator[Example | SetAside]:
    """The examples of a Parquet table of ours, or of a file with one in JSON a line."""
    import msgspec

    from harness.store import read_table
    from harness_plugins.datasets.file_faults import whole
    from harness_plugins.datasets.instructions.files import records_of

    if file.suffix.lower() == ".parquet":
        yield from read_table(file, Example)
        return
    for found in records_of(file):
        record = whole(found.record)
        try:
            example = msgspec.convert(record, Example)
        except (msgspec.ValidationError, ValueError) as error:
            raise InputError(f"{found.place}: not an example ({error})") from error
        if record == found.record:
            yield example
        else:
            detail = f"{found.place}: half of a character (a lone surrogate), here shown as \ufffd"
            yield _aside(example, "half-character", detail)


def _aside(row: Example, reason: str, detail: str) -> SetAside:
    return SetAside(id=row.id, stage=STAGE, reason=reason, detail=detail, example=row)


def _bits(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
