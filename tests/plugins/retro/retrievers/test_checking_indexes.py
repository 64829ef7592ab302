"""A flipped byte in any file of an index is found by `harness retro info --check`, which names the index."""

import json

import pytest
from click.testing import CliRunner
from tiny_sentences import invented, sentences, tiny_encoder

pytest.importorskip("torch")
pytest.importorskip("faiss")

from harness_plugins.retro.cli import retro
from harness_plugins.retro.retrievers.base import open_retriever
from harness_plugins.retro.retrievers.checking import index_problems


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    made = sentences(tmp_path_factory.mktemp("indexes") / "db", invented(12))
    encoder = tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")
    open_retriever(made, "dense", {"encoder": str(encoder), "index": "ivf"})
    open_retriever(made, "bm25")
    return made


@pytest.mark.parametrize(
    "file",
    [
        "dense/00000.f16",
        "dense-ivf/00001.faiss",
        "dense-ivf/trained.faiss",
        "dense/index.json",
        "bm25-tokens/00001/counts.npy",
        "bm25-tokens/00000/part.json",
    ],
)
def test_a_damaged_file_is_found(database, file):
    assert index_problems(database.folder) == []
    path = database.folder / "indexes" / file
    whole = path.read_bytes()
    path.write_bytes(whole[:10] + bytes([whole[10] ^ 128]) + whole[11:])
    try:
        (wrong,) = index_problems(database.folder)
        assert wrong.startswith(f"{database.folder / 'indexes' / file.split('/')[0]}: its files are not those that were written")
    finally:
        path.write_bytes(whole)


def test_info_tells_the_index_and_what_to_do(database):
    path = database.folder / "indexes" / "dense" / "00000.f16"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        done = CliRunner().invoke(retro, ["info", str(database.folder), "--check", "--json"])
        assert json.loads(done.stdout)["problems"] == index_problems(database.folder)
        assert "indexes/dense: its files" in str(done.exception)
        assert "Remove" not in str(done.exception)
    finally:
        path.write_bytes(whole)
    done = CliRunner().invoke(retro, ["info", str(database.folder), "--check"])
    assert done.exit_code == 0
    assert "every file is as it was written" in done.stdout
    assert "recall 1.0" in " ".join(done.stdout.split())
