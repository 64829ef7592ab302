"""The benchmark of a retrofitted model: passages out of the middle, and neighbours by chance that keep to a retriever's rules."""

import json

import numpy as np
from benchmark_scripts import benchmark
from harness_plugins.retro.retrievers.base import Queries
from harness_plugins.retro.retrievers.checked import Checked
from numbered import numbered

script = benchmark("retro_retrofit")


def test_a_passage_is_out_of_the_middle_of_every_held_out_document(tmp_path):
    data = tmp_path / "builds/sv-texts/data"
    data.mkdir(parents=True)
    words = " ".join(str(number) for number in range(1000))
    rows = [{"id": "a", "text": words}, {"id": "b", "text": "kort text"}]
    (data / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    script.excerpts(tmp_path)
    long, short = (json.loads(line) for line in (tmp_path / "excerpts.jsonl").read_text("utf-8").splitlines())
    assert len(long["body"]) == script.PASSAGE
    assert len(words) // 2 - script.PASSAGE // 2 < words.index(long["body"]) < len(words) // 2
    assert words[words.index(long["body"]) - 1] == " "
    assert short == {"id": "b", "body": "text"}


def test_by_chance_gives_chunks_of_other_documents_the_same_for_the_same_query(tmp_path):
    database = numbered(tmp_path / "db", [[number] * 4 for number in range(40)])
    chance = Checked(script.by_chance(database), database, "by chance")
    tokens, lengths = database.tokens(np.arange(database.chunks))
    queries = Queries(tokens, lengths, database.document_of(np.arange(database.chunks)))
    found = chance.search(queries, 3)
    assert (found.numbers >= 0).all()
    assert (chance.search(queries.part(7, 9), 3).numbers == found.numbers[7:9]).all()
    assert len({tuple(row) for row in found.numbers.tolist()}) > 30


def test_a_figure_is_told_with_its_interval():
    assert script.told({"value": 1.00234, "low": 0.99, "high": 1.01}, 3) == "1.002 [0.990, 1.010]"
