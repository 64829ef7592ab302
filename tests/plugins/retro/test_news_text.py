"""Swedish news, which stands in tests only: a database of it, neighbours in it, and a few steps of a training on it.

The text is NTREX-128's (CC BY-SA 4.0): 123 news items of newstest2019 in a professional translation into Swedish. Where it is not
in the data home the test is skipped.
"""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import numpy as np  # noqa: E402
from harness_plugins.retro.database.reading import Database  # noqa: E402
from harness_plugins.retro.database.tokenizers import trained_tokenizer  # noqa: E402
from harness_plugins.retro.database.writing import extend  # noqa: E402
from harness_plugins.retro.neighbours import neighbour_table  # noqa: E402
from harness_plugins.retro.trainer import Retro  # noqa: E402
from tiny_retro_training import AROUND, LLAMA  # noqa: E402

from harness.records import Example, Message, TextPart  # noqa: E402

CHUNK = 16


@pytest.fixture(scope="module")
def news(shared_data):
    """Id and text of forty news items."""
    folder = shared_data / "ntrex-nordic"
    if not folder.is_dir():
        pytest.skip(f"needs Swedish news, NTREX-128 (CC BY-SA 4.0): {folder} is absent")
    ids = (folder / "DOCUMENT_IDS.tsv").read_text("utf-8").splitlines()
    lines = (folder / "NTREX-128" / "newstest2019-ref.swe.txt").read_text("utf-8").splitlines()
    found = {}
    for id, line in zip(ids, lines, strict=True):
        found.setdefault(id.split("\t")[0], []).append(line)
    return [(f"ntrex/{id}", "\n".join(text)) for id, text in found.items()][:40]


@pytest.fixture(scope="module")
def database(news, tmp_path_factory):
    folder = tmp_path_factory.mktemp("news") / "db"
    extend(folder, [(id, text, "sv") for id, text in news], trained_tokenizer([text for _, text in news], 600), chunk=CHUNK)
    return Database(folder)


def test_news_is_cut_into_chunks_that_say_all_of_it(news, database):
    assert database.documents == len(news)
    first = database.entries[0]
    said = "".join(database.text(number) for number in range(first.chunks))
    assert said == news[0][1]
    assert "å" in said


def test_neighbours_of_news_are_of_other_items_and_share_rare_words(database):
    table = neighbour_table(database, database, "bm25", {}, 2)
    own = database.document_of(np.arange(database.chunks))
    near = database.document_of(table.numbers.ravel()).reshape(table.numbers.shape)
    assert (table.numbers >= 0).mean() > 0.99
    assert (near != own[:, None]).all()
    tokens, _ = database.tokens(np.arange(database.chunks))
    drawn = np.random.default_rng(1).permutation(database.chunks)

    def shared(numbers):
        return np.mean([len({*one.tolist()} & {*other.tolist()}) for one, other in zip(tokens, tokens[numbers], strict=True)])

    assert shared(table.numbers[:, 0]) > 1.5 * shared(drawn)


def test_a_few_steps_on_news_learn(news, database, tmp_path):
    examples = [
        Example(
            id=id, kind="document", language="sv", messages=(Message(role="user", parts=(TextPart(text=text),)),), split="train"
        )
        for id, text in news
    ]
    how = {"retriever": "bm25", "length": 4 * CHUNK, "steps": 12, "batch": 8, "learning_rate": 0.02, "seed": 1}
    trainer = Retro(database=str(database.folder), decoder=LLAMA, model=AROUND, **how)
    folder = trainer.train(examples, tmp_path / "out")
    assert (folder / "retrieval.json").is_file()
    losses = json.loads((folder / "facts.json").read_text("utf-8"))["losses"]
    assert losses[-1] < losses[0] - 0.3
