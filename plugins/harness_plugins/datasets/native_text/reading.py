"""Native text as documents: what was written in a language by people, from files, ready sets, or the hub."""

import hashlib
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from harness.data import data_home, find_data
from harness.errors import ConfigError, InputError, did_you_mean
from harness.whole_files import read_file
from harness_plugins.datasets.file_faults import check_readable
from harness_plugins.datasets.native_text.documents import Document, Format, TextSource
from harness_plugins.datasets.native_text.sets import DATA, READY

_HOME = "harness_plugins.datasets.native_text"
_SUFFIXES: dict[str, Format] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".conllu": "conllu",
}
_READERS: dict[Format, str] = {
    "html": f"{_HOME}.html:read",
    "markdown": f"{_HOME}.markdown:read",
    "text": f"{_HOME}.plain:read",
    "jsonl": f"{_HOME}.rows:read_jsonl",
    "conllu": f"{_HOME}.rows:read_conllu",
    "swequad": f"{_HOME}.rows:read_swequad",
}


def text_source(value: str | Mapping[str, Any]) -> TextSource:
    """The source that a config names: `swequad-mc`, a path, or keys and values (`{path: …, format: html}`).

    Raises ConfigError for keys and values that it does not have.
    """
    if isinstance(value, str):
        if value in READY:
            return TextSource(name=value, path=str(data_home() / READY[value].path), **READY[value].settings)
        if not Path(value).expanduser().exists():
            raise ConfigError(
                f"native text {value!r} is neither a file, nor a folder, nor a ready set.{did_you_mean(value, READY)}"
            )
        return TextSource(path=value)
    try:
        return msgspec.convert(dict(value), TextSource)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise ConfigError(f"native text {dict(value)!r:.200}: {error}") from error


def documents(source: TextSource, *, empty: bool = False) -> Iterator[Document]:
    """The source's documents in a fixed order, by the files' names and then as they stand, each text once under its id.

    `empty`: also those without a character, and those that were there before: for who counts what is left out. Raises InputError
    for what is wrong, such as one id of two texts.
    """
    seen: dict[str, bytes] = {}
    count = 0
    for place, document in _placed(source, empty):
        if source.limit is not None and count >= source.limit:
            return
        digest = hashlib.blake2b(document.text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        known = seen.setdefault(document.id, digest)
        if known != digest:
            first = next(where for where, other in _placed(source, empty) if other.id == document.id)
            raise InputError(f"{place}: the id {document.id!r:.200} is that of another text, {first}; give another `id_field`")
        if empty or known is digest:
            count += 1
            yield document


def _placed(source: TextSource, empty: bool) -> Iterator[tuple[str, Document]]:
    """Every document, and where it stands."""
    if source.hub is not None:
        found = ((one.place, one) for one in _rows(source))
    else:
        found = ((one.place or str(file), one) for file in source_files(source) for one in _read(file, source))
    return ((place, one) for place, one in found if empty or one.text)


def source_files(source: TextSource) -> list[Path]:
    """The files that a source reads, sorted; none for one of the hub's."""
    if source.path is None:
        return []
    root = Path(source.path).expanduser()
    if root.is_dir():
        files = sorted(path for path in root.rglob("*") if path.is_file() and _format(path, source) is not None)
        if not files:
            raise InputError(f"{root}: no file in it has a known format ({', '.join(_SUFFIXES)})")
        return files
    if not root.is_file():
        ready = READY.get(source.name or "")
        if ready is not None and root == data_home() / ready.path:
            find_data(DATA[ready.data], ready.data)
        raise InputError(f"{root}: there is no such file; give the path of native text")
    return [root]


def _rows(source: TextSource) -> Iterator[Document]:
    from harness_plugins.datasets.native_text.rows import read_hub

    yield from read_hub(source)


def _read(file: Path, source: TextSource) -> Iterator[Document]:
    from harness_plugins.datasets.native_text.rows import read_jsonl

    kind = _format(file, source)
    if kind is None:
        raise InputError(f"{file}: what format is it in? Give `format`: {', '.join(_READERS)}")
    try:
        if kind == "jsonl":  # may be larger than memory
            check_readable(file)
            with file.open("rb") as lines:
                yield from read_jsonl(lines, file, source)
            return
        data = read_file(file)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error
    module, _, name = _READERS[kind].partition(":")
    yield from getattr(import_module(module), name)(data, file, source)


def _format(file: Path, source: TextSource) -> Format | None:
    return source.format or _SUFFIXES.get(file.suffix.lower())
