"""Native text that comes in rows: JSON Lines, CoNLL-U, the contexts of SweQUAD, and data sets of the hub."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError, PluginError
from harness_plugins.datasets.native_text.documents import Block, Document, TextSource, content_name, decode, file_name, slug
from harness_plugins.datasets.native_text.html import extract, split
from harness_plugins.datasets.native_text.markdown import markdown_blocks
from harness_plugins.datasets.native_text.plain import plain_blocks


def read_jsonl(lines: Iterable[bytes], file: Path, source: TextSource) -> Iterator[Document]:
    """A document for each line, read as it is asked for; without text where its `field` holds none."""
    seen: set[str] = set()
    for number, line in enumerate((one for some in lines for one in some.splitlines()), 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise InputError(f"{file}, line {number}: {error}") from error
        if not isinstance(row, Mapping):
            raise InputError(f"{file}, line {number}: expected an object, got {type(row).__name__}")
        yield from _row(row, f"{file}, line {number}", source, seen)


def read_hub(source: TextSource) -> Iterator[Document]:
    """A document for each row of a data set (a hub's name, or a local folder that `datasets` can load), read as a stream."""
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise PluginError("data sets of the hub need a package: pip install 'metaeval-harness[build]'") from error
    name, _, revision = (source.hub or "").partition("@")
    try:
        rows = load_dataset(name, source.config, split=source.split, revision=revision or None, streaming=True)
        first = iter(rows)
        seen: set[str] = set()
        for number, row in enumerate(first, 1):
            yield from _row(row, f"{source.hub}, row {number}", source, seen)
    except (OSError, ValueError) as error:  # what `datasets` raises for names, configs and connections
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"data set {source.hub!r} ({source.split}) cannot be read: {lines[0]}") from error


def read_conllu(data: bytes, file: Path, source: TextSource) -> Iterator[Document]:
    """A document for each `# newdoc` (else for the file), a paragraph for each `# newpar`."""
    name = ""
    paragraphs: list[list[str]] = []
    for line in decode(data, file, source.encoding or "utf-8").splitlines():
        if line.startswith("# newdoc"):
            yield from _paragraphs(name, paragraphs, file, source)
            name, paragraphs = line.partition("=")[2].strip(), []
        elif line.startswith("# newpar"):
            paragraphs.append([])
        elif line.startswith("# text ="):
            if not paragraphs:
                paragraphs.append([])
            paragraphs[-1].append(line.partition("=")[2].strip())
    yield from _paragraphs(name, paragraphs, file, source)


def read_swequad(data: bytes, file: Path, source: TextSource) -> Iterator[Document]:
    """A document for each distinct context, its text as it is."""
    try:
        rows = json.loads(data)["data"]
        contexts = dict.fromkeys(row["context"] for row in rows)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: expected SweQUAD's JSON, data[].context ({type(error).__name__}: {error})") from error
    for context in contexts:
        yield Document(
            f"{source.dataset}/{content_name(context)}",
            context,
            plain_blocks(context),
            dataset=source.dataset,
            licence=source.licence,
        )


def _row(row: Mapping[str, Any], where: str, source: TextSource, seen: set[str]) -> Iterator[Document]:
    text = row.get(source.field)
    if text is None or text == "":  # passed on, for those who count what they leave out
        said = row.get(source.id_field) if source.id_field is not None else None
        name = f"empty-{content_name(where)}" if said is None else str(said)
        yield Document(f"{source.dataset}/{name}", "", (), (), source.dataset, source.licence, place=where)
        return
    if not isinstance(text, str):
        raise InputError(f"{where}: {source.field!r} is {type(text).__name__}, not text; keys: {', '.join(map(str, row))}")
    name = content_name(text)
    if source.id_field is not None:
        if row.get(source.id_field) is None:
            raise InputError(f"{where}: there is no {source.id_field!r}; keys: {', '.join(map(str, row))}")
        name = str(row[source.id_field])
        if not name.strip():
            raise InputError(f"{where}: {source.id_field!r} is blank, and no name; give it one, or leave `id_field` out")
    elif name in seen:  # the same text once more
        return
    seen.add(name)
    title = row.get(source.title_field) if source.title_field else None
    titles, licence = (str(title),) if title else (), row.get("licence") or source.licence
    document = Document(f"{source.dataset}/{name}", text, (), titles, source.dataset, licence, place=where)
    if source.rows == "html":
        pieces, head = extract(text)
        yield from split(_with(document, titles=document.titles or ((head,) if head else ())), pieces, source.split_at)
    else:
        yield _with(document, blocks=plain_blocks(text) if source.rows == "text" else markdown_blocks(text))


def _paragraphs(name: str, paragraphs: list[list[str]], file: Path, source: TextSource) -> Iterator[Document]:
    texts = [" ".join(sentences) for sentences in paragraphs if sentences]
    if not texts:
        return
    blocks, at = [], 0
    for text in texts:
        blocks.append(Block("paragraph", at, at + len(text)))
        at += len(text) + 2
    called = f"{file_name(file, source)}/{slug(name)}" if name else file_name(file, source)
    yield Document(
        f"{source.dataset}/{called}", "\n\n".join(texts), tuple(blocks), dataset=source.dataset, licence=source.licence
    )


def _with(document: Document, **changes: Any) -> Document:
    from dataclasses import replace

    return replace(document, **changes)
