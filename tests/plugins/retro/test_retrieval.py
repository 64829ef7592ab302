"""What a checkpoint retrieves from: found again where the folder lies, refused where it is not what it was."""

import shutil

import msgspec
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.writing import extend
from harness_plugins.retro.retrieval import FILE, open_retrieval, read_retrieval, save_retrieval
from tiny_retro import CHUNK, tiny_corpus
from tiny_retro_training import RETRIEVER

from harness.errors import InputError


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("retrieval") / "db").folder


@pytest.fixture
def place(kept, tmp_path):
    """A database and a model's folder beside it."""
    shutil.copytree(kept, tmp_path / "db")
    (tmp_path / "model").mkdir()
    save_retrieval(tmp_path / "model", Database(tmp_path / "db"), RETRIEVER, {}, 2)
    return tmp_path


def test_both_may_move_together(place):
    place.rename(place.parent / "elsewhere å")
    opened = open_retrieval(place.parent / "elsewhere å" / "model")
    assert opened.database.folder == (place.parent / "elsewhere å" / "db").resolve()
    assert opened.signature == f"database:{opened.database.digest[:12]}|retriever:neighbouring|k:2"


def test_neighbours_are_those_of_the_retriever_and_never_of_the_own_document(place):
    opened = open_retrieval(place / "model", neighbours=3)
    tokens, lengths = opened.database.tokens(np.arange(opened.database.chunks))
    own = opened.database.document_of(np.arange(opened.database.chunks))
    found = opened.numbers(tokens, lengths, own)
    assert found.shape == (opened.database.chunks, 3)
    assert not ((opened.database.document_of(found.ravel()).reshape(found.shape) == own[:, None]) & (found >= 0)).any()
    import torch

    near, mask = opened.for_model(own=5)(torch.from_numpy(tokens[:4]).long().view(2, 2, CHUNK))
    wanted, real = opened.database.with_continuation(opened.numbers(tokens[:4], own=5).reshape(2, 2, 3))
    assert (near.numpy() == wanted).all()
    assert (mask.numpy() == real).all()


def test_a_database_that_grew_is_used_where_it_is_named(place):
    database = Database(place / "db")
    extend(place / "db", [("more", "katten huset", "sv")], database.tokenizer, chunk=CHUNK)
    with pytest.raises(InputError, match="no longer the database"):
        open_retrieval(place / "model")
    assert open_retrieval(place / "model", database=place / "db").database.documents == database.documents + 1


def test_what_is_not_there_or_does_not_fit_is_refused(place):
    with pytest.raises(InputError, match=r"retrieval\.json is absent"):
        open_retrieval(place / "db")
    with pytest.raises(ValueError, match="neighbours"):
        open_retrieval(place / "model", neighbours=0)
    (place / "db").rename(place / "away")
    with pytest.raises(InputError, match="not there; name the place"):
        open_retrieval(place / "model")
    assert open_retrieval(place / "model", database=place / "away").chosen.neighbours == 2
    said = read_retrieval(place / "model")
    for change, told in (
        ({"chunk": 2 * CHUNK}, f"chunks of {CHUNK} tokens"),
        ({"tokenizer": msgspec.structs.replace(said.tokenizer, digest="0", name="other")}, "reads with another"),
        ({"format": 9}, "format 9"),
    ):
        (place / "model" / FILE).write_bytes(msgspec.json.encode(msgspec.structs.replace(said, **change)))
        with pytest.raises(InputError, match=told):
            open_retrieval(place / "model", database=place / "away")
    (place / "model" / FILE).write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        read_retrieval(place / "model")
