"""A damaged database is found out, file by file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from harness_plugins.retro.cli import retro
from harness_plugins.retro.database.checking import problems
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import trained_tokenizer
from harness_plugins.retro.database.writing import extend
from harness_plugins.retro.neighbours import neighbour_table

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


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"no array"), cut, Path.unlink]
)
def test_an_array_that_is_damaged_is_named_when_it_is_read(copied: Path, damage: Callable[[Path], Any]) -> None:
    damage(copied / "shards" / "00000" / "tokens.npy")
    with pytest.raises(InputError, match=r"shards/00000/tokens.npy is damaged: it is to hold 3 × 8 whole numbers, and it"):
        Database(copied).tokens(np.array([0]))


@pytest.mark.parametrize("other", [np.zeros(7, np.uint16), np.zeros((3, 8)), np.zeros((3, 8), object)])
def test_another_array_in_its_place_is_named_and_nothing_in_it_is_run(copied: Path, other: "np.ndarray") -> None:
    np.save(copied / "shards" / "00000" / "tokens.npy", other, allow_pickle=True)
    with pytest.raises(InputError, match=r"shards/00000/tokens.npy is damaged"):
        Database(copied).tokens(np.array([0]))


def test_a_token_that_the_tokenizer_does_not_know_is_never_given_out(copied: Path) -> None:
    path = copied / "shards" / "00000" / "tokens.npy"
    data = bytearray(path.read_bytes())
    data[-1] = 255  # the high half of the last place
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"tokens that its tokenizer does not know.*--check"):
        Database(copied).tokens(np.arange(3))


def test_another_tokenizer_in_its_place_is_named(copied: Path) -> None:
    trained_tokenizer(TEXTS[:1], 280).save(copied / "tokenizer")
    (wrong,) = problems(Database(copied))
    assert "another tokenizer" in wrong


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 1, "chunk": 1}', b"\xff"])
def test_a_damaged_listing_is_named(copied: Path, content: bytes) -> None:
    (copied / "database.json").write_bytes(content)
    with pytest.raises(InputError, match=r"database.json cannot be read"):
        Database(copied)


def test_a_listing_of_a_newer_program_asks_for_an_upgrade(copied: Path) -> None:
    (copied / "database.json").write_bytes(b'{"format": 2, "what": "nobody knows"}')
    with pytest.raises(InputError, match=r"is of format 2, and this program reads format 1; upgrade"):
        Database(copied)


@pytest.mark.parametrize("place", ["../../secret", "/etc", ""])
def test_a_shard_is_never_looked_for_outside_of_the_database(copied: Path, place: str) -> None:
    listing = copied / "database.json"
    listing.write_text(listing.read_text().replace('"00000"', f'"{place}"'))
    with pytest.raises(InputError, match=rf"shard's name is a number, got '{place}'"):
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


def test_info_checks_tables_of_neighbours_and_says_which_it_cannot_check(copied: Path) -> None:
    import pyarrow.parquet as pq

    database = Database(copied)
    path = neighbour_table(database, database, "bm25", {}, 1).path
    assert path is not None
    whole = pq.read_table(path)
    first = [row | {"scores": [99.0]} if row["neighbours"][0] >= 0 else row for row in whole.to_pylist()]
    pq.write_table(whole.from_pylist(first, schema=whole.schema), path)
    found = CliRunner().invoke(retro, ["info", str(copied), "--check"])
    assert isinstance(found.exception, InputError)
    assert str(found.exception).startswith(f"{path}: its numbers or scores are not those that were written (sha256)")
    assert "Remove" not in str(found.exception)
    assert "every file" not in found.output
    assert CliRunner().invoke(retro, ["info", str(copied)]).exit_code == 0
    pq.write_table(whole.replace_schema_metadata({b"harness.neighbours": whole.schema.metadata[b"harness.neighbours"]}), path)
    found = CliRunner().invoke(retro, ["info", str(copied), "--check"])
    assert found.exit_code == 0, found.output
    assert "every file is as it was written, but for what the next line says" in found.output
    assert f"it is made anew): {path.name}" in found.output
    found = CliRunner().invoke(retro, ["info", str(copied), "--check", "--json"])
    assert json.loads(found.stdout)["unchecked"] == [path.name]
    path.write_bytes(b"PAR1")
    found = CliRunner().invoke(retro, ["info", str(copied), "--check"])
    assert "cannot be read as a table of neighbours" in str(found.exception)
    assert "in 3 shards" in found.output


def test_info_names_a_folder_that_is_no_database(tmp_path: Path) -> None:
    found = CliRunner().invoke(retro, ["info", str(tmp_path)])
    assert "holds no retrieval database" in str(found.exception)
