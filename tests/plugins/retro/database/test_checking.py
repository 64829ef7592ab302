"""A damaged database is found out, file by file."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from harness_plugins.retro.cli import retro
from harness_plugins.retro.database.checking import problems
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import trained_tokenizer
from harness_plugins.retro.database.writing import extend

from harness.errors import InputError

TEXTS = ["Katten sitter på mattan. " * 4, "Hunden ligger i korgen. " * 3, "En fågel."]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("db")
    documents = [(f"d/{number}", text, "sv") for number, text in enumerate(TEXTS)]
    extend(folder, documents, trained_tokenizer(TEXTS, 290), chunk=8, shard=2)
    return folder


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "db"))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def test_a_database_is_as_it_was_written(whole: Path) -> None:
    assert problems(Database(whole)) == []


@pytest.mark.parametrize("file", ["tokens.npy", "lengths.npy", "documents.npy", "documents.jsonl"])
@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
def test_any_damaged_file_of_a_shard_is_named(copied: Path, file: str, damage: Callable[[Path], None]) -> None:
    damage(copied / "shards" / "00001" / file)
    (wrong,) = problems(Database(copied))
    assert "shards/00001" in wrong


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array at all"])
def test_a_shard_that_is_no_array_is_named_when_it_is_read(copied: Path, content: bytes) -> None:
    (copied / "shards" / "00000" / "tokens.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"shards/00000: a part of the database cannot be read"):
        Database(copied).tokens(np.array([0]))


def test_arrays_of_another_shape_are_named_when_they_are_read(copied: Path) -> None:
    np.save(copied / "shards" / "00000" / "tokens.npy", np.zeros(7, np.uint16))
    with pytest.raises(InputError, match=r"shards/00000 does not hold the \d+ chunks"):
        Database(copied).tokens(np.array([0]))


def test_another_tokenizer_in_its_place_is_named(copied: Path) -> None:
    trained_tokenizer(TEXTS[:1], 280).save(copied / "tokenizer")
    (wrong,) = problems(Database(copied))
    assert "another tokenizer" in wrong


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 9, "chunk": 1}', b"\xff"])
def test_a_damaged_listing_is_named(copied: Path, content: bytes) -> None:
    (copied / "database.json").write_bytes(content)
    with pytest.raises(InputError, match=r"database.json cannot be read"):
        Database(copied)


def test_info_says_what_there_is_and_whether_it_is_whole(copied: Path) -> None:
    found = CliRunner().invoke(retro, ["info", str(copied), "--check"])
    assert found.exit_code == 0, found.output
    assert "tokenizer bpe-290" in found.output
    assert "documents by language: sv 3" in found.output
    assert "every file is as it was written" in found.output
    flip(copied / "shards" / "00000" / "lengths.npy")
    found = CliRunner().invoke(retro, ["info", str(copied), "--check"])
    assert isinstance(found.exception, InputError)
    assert "shards/00000" in str(found.exception)
    assert "every file" not in found.output


def test_info_names_a_folder_that_is_no_database(tmp_path: Path) -> None:
    found = CliRunner().invoke(retro, ["info", str(tmp_path)])
    assert "holds no retrieval database" in str(found.exception)
