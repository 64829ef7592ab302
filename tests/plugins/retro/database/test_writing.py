"""Databases are written shard by shard: whole, once, and by several at a time."""

import multiprocessing
import resource
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from harness_plugins.retro.database import writing
from harness_plugins.retro.database.checking import shard_problems
from harness_plugins.retro.database.layout import TokenizerInfo
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import Tokenizer
from harness_plugins.retro.database.writing import Writer, extend, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.records import Example, Message, TextPart


class Characters(Tokenizer):
    """A token for each character, its code point: what a database holds can be read off it."""

    def __init__(self, vocabulary: int = 2**16) -> None:
        self.info = TokenizerInfo(name="characters", digest=f"characters-{vocabulary}", vocabulary=vocabulary)

    def encode(self, texts: Iterable[str]) -> list[list[int]]:  # type: ignore[override]  # any texts
        return [list(map(ord, text)) for text in texts]

    def decode(self, tokens: Iterable[int]) -> str:
        return "".join(map(chr, tokens))

    def save(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)


def sv(*texts: str, first: int = 0) -> list[tuple[str, str, str]]:
    return [(f"d/{number}", text, "sv") for number, text in enumerate(texts, first)]


def held(folder: Path) -> dict[str, str]:
    """Text of each document, put together from its chunks."""
    database = Database(folder)
    made = dict.fromkeys((entry.id for entry in database.entries), "")
    numbers = np.arange(database.chunks)
    tokens, lengths = database.tokens(numbers)
    for row, length, document in zip(tokens, lengths, database.document_of(numbers), strict=True):
        made[database.entries[document].id] += "".join(map(chr, row[:length]))
    return made


@settings(max_examples=12)
@given(
    texts=st.lists(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=40), max_size=7),
    chunk=st.integers(1, 9),
    shard=st.integers(1, 12),
    first=st.integers(0, 7),
)
def test_every_token_is_in_one_chunk_whatever_the_shards(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], chunk: int, shard: int, first: int
) -> None:
    folder = tmp_path_factory.mktemp("db")
    documents = sv(*texts)
    with patch("os.fsync"):  # nothing here outlives a power cut, and a disk that is waited for takes seconds
        extend(folder, documents[:first], Characters(), chunk=chunk, shard=shard)
        extend(folder, documents, Characters(), chunk=chunk, shard=shard)
    assert held(folder) == {id: text for id, text, _ in documents}
    lengths = Database(folder).tokens(np.arange(Database(folder).chunks))[1]
    assert sorted(lengths) == sorted(len(text[at : at + chunk]) for text in texts for at in range(0, len(text), chunk))
    assert shard_problems(Database(folder)) == []


def test_a_database_that_was_extended_is_that_which_is_made_in_one_go(tmp_path: Path) -> None:
    documents = sv(*(f"text {number} " * number for number in range(30)))
    extend(tmp_path / "whole", documents, Characters(), chunk=8)
    extend(tmp_path / "more", documents[:11], Characters(), chunk=8, shard=40)
    extend(tmp_path / "more", documents, Characters(), chunk=8, shard=100)
    whole, more = Database(tmp_path / "whole"), Database(tmp_path / "more")
    every = np.arange(whole.chunks)
    assert len(more.info.shards) > 4
    assert [entry.id for entry in whole.entries] == [entry.id for entry in more.entries]
    assert np.array_equal(whole.with_continuation(every)[0], more.with_continuation(every)[0])
    assert np.array_equal(whole.with_continuation(every)[1], more.with_continuation(every)[1])
    assert np.array_equal(whole.document_of(every), more.document_of(every))


def test_documents_that_are_there_are_passed_over_and_no_shard_changes(tmp_path: Path) -> None:
    before = extend(tmp_path, sv("abcdefg", "hi"), Characters(), chunk=4)
    after = extend(tmp_path, sv("abcdefg", "hi", "jklmn"), Characters(), chunk=4)
    assert after.shards[0] == before.shards[0]
    assert [(one.documents, one.chunks, one.tokens) for one in after.shards] == [(2, 3, 9), (1, 2, 5)]
    assert extend(tmp_path, sv("abcdefg"), Characters(), chunk=4) == after


def test_a_document_longer_than_a_shard_is_one_shard(tmp_path: Path) -> None:
    made = extend(tmp_path, sv("a" * 100, "b"), Characters(), chunk=2, shard=3)
    assert [one.chunks for one in made.shards] == [50, 1]


def test_a_document_without_tokens_has_no_chunk_and_keeps_its_number(tmp_path: Path) -> None:
    extend(tmp_path, sv("ab", "", "c"), Characters(), chunk=2)
    database = Database(tmp_path)
    assert database.documents == 3
    assert database.document_of(np.arange(2)).tolist() == [0, 2]


def test_tokens_beyond_16_bits_are_kept(tmp_path: Path) -> None:
    extend(tmp_path, sv("a\U0001f469"), Characters(0x110000), chunk=4)
    assert held(tmp_path) == {"d/0": "a\U0001f469"}


@pytest.mark.parametrize("apart", [1, 1000])
def test_a_document_whose_text_has_changed_is_named(tmp_path: Path, apart: int) -> None:
    extend(tmp_path, sv("old"), Characters(), chunk=4)
    with pytest.raises(InputError, match=r"'d/0' is in the database .* with another text"):
        extend(tmp_path, [*sv(*["x"] * apart, first=1), *sv("new")], Characters(), chunk=4)
    with pytest.raises(InputError, match="with another text"):
        extend(tmp_path / "one", [*sv("a"), *sv(*["x"] * apart, first=1), *sv("b")], Characters(), chunk=4)


@pytest.mark.parametrize(
    ("tokenizer", "chunk", "said"),
    [(Characters(300), 4, "made with the tokenizer 'characters'"), (Characters(), 5, "chunks of 4 tokens, not 5")],
)
def test_another_tokenizer_or_chunk_length_is_refused(tmp_path: Path, tokenizer: Characters, chunk: int, said: str) -> None:
    extend(tmp_path, sv("abc"), Characters(), chunk=4)
    with pytest.raises(InputError, match=said):
        extend(tmp_path, sv("abc"), tokenizer, chunk=chunk)


def test_documents_in_decomposed_unicode_are_counted_and_left_as_they_are(tmp_path: Path) -> None:
    made = extend(tmp_path, sv("påse", "pa\u030ase"), Characters(), chunk=8)
    assert [one.decomposed for one in made.shards] == [1]
    assert held(tmp_path) == {"d/0": "påse", "d/1": "pa\u030ase"}


def test_a_database_that_cannot_be_written_to_is_not_tokenised_for(tmp_path: Path) -> None:
    extend(tmp_path, sv("abc"), Characters(), chunk=4)
    with patch("os.access", return_value=False), pytest.raises(InputError, match="cannot be written to"):
        Writer(tmp_path, Characters(), chunk=4)


def test_what_a_stop_left_unlisted_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extend(tmp_path, sv("abc"), Characters(), chunk=2)

    def killed(path: Path, data: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(writing, "replace_file", killed)
        with pytest.raises(KeyboardInterrupt):
            extend(tmp_path, sv("abc", "lost"), Characters(), chunk=2)
    assert (tmp_path / "shards" / "00001").is_dir()
    assert held(tmp_path) == {"d/0": "abc"}
    extend(tmp_path, sv("abc", "other"), Characters(), chunk=2)
    assert held(tmp_path) == {"d/0": "abc", "d/1": "other"}


def test_a_full_disk_loses_no_shard_and_leaves_no_half_of_one(tmp_path: Path) -> None:
    extend(tmp_path, sv("abc"), Characters(), chunk=2)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
    try:
        with pytest.raises(InputError, match=r"documents cannot be added to the database: File too large.*held is as it was"):
            extend(tmp_path, sv("abc", "x" * 10_000), Characters(), chunk=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["00000"]
    assert held(tmp_path) == {"d/0": "abc"}
    extend(tmp_path, sv("abc", "x" * 10_000), Characters(), chunk=2)
    assert held(tmp_path) == {"d/0": "abc", "d/1": "x" * 10_000}


def test_writers_that_take_turns_add_each_document_once(tmp_path: Path) -> None:
    one, other = (Writer(tmp_path, Characters(), chunk=2, shard=3) for _ in range(2))
    for writer, ids in ((one, "abcd"), (other, "cdef"), (one, "gh")):
        for id in ids:
            writer.add(id, id * 2, "sv", Characters().encode([id * 2])[0])
    other.finish()
    one.finish()
    assert held(tmp_path) == {id: id * 2 for id in "abcdefgh"}
    assert Database(tmp_path).documents == 8


def test_a_writer_whose_document_another_one_added_with_another_text_says_so(tmp_path: Path) -> None:
    one, other = (Writer(tmp_path, Characters(), chunk=2) for _ in range(2))
    one.add("a", "x", "sv", [1])
    other.add("a", "y", "sv", [2])
    one.finish()
    with pytest.raises(InputError, match="'a' is in the database"):
        other.finish()


def test_a_database_that_was_replaced_meanwhile_is_not_added_to(tmp_path: Path) -> None:
    extend(tmp_path, sv("ab"), Characters(), chunk=2)
    writer = Writer(tmp_path, Characters(), chunk=2)
    writer.add("a", "x", "sv", [1])
    (tmp_path / "database.json").unlink()
    (tmp_path / "shards").rename(tmp_path / "gone")
    extend(tmp_path, sv("other"), Characters(), chunk=2)
    with pytest.raises(InputError, match="has become another database"):
        writer.finish()


def add_some(folder: Path, first: int, last: int) -> None:
    extend(
        folder, [(f"d/{number}", f"text {number} " * 3, "sv") for number in range(first, last)], Characters(), chunk=4, shard=25
    )


def test_processes_that_write_at_once_add_each_document_once(tmp_path: Path) -> None:
    processes = [
        multiprocessing.get_context("fork").Process(target=add_some, args=(tmp_path, first, first + 60)) for first in (0, 20, 40)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert held(tmp_path) == {f"d/{number}": f"text {number} " * 3 for number in range(100)}
    assert Database(tmp_path).documents == 100


def test_a_document_s_text_is_that_of_its_own_messages() -> None:
    def said(role: str, *texts: str) -> Message:
        return Message(role=role, parts=tuple(TextPart(text=text) for text in texts))  # type: ignore[arg-type]

    example = Example(
        id="d/1",
        kind="document",
        language="sv",
        messages=(said("document", "a", "b"), said("neighbour", "n"), said("document", "c")),
    )
    assert text_of(example) == "a\n\nb\n\nc"
