"""The benchmark of retrieval databases makes and extends what it measures, in small."""

import json
from pathlib import Path

import pytest
from benchmark_scripts import benchmark
from harness_plugins.retro.database.reading import Database

script = benchmark("retrieval_database")


def test_documents_are_the_same_whichever_others_there_are(tmp_path: Path) -> None:
    script.make_texts(tmp_path / "a.jsonl", 0, 3)
    script.make_texts(tmp_path / "b.jsonl", 2, 3)
    assert (tmp_path / "a.jsonl").read_text().endswith((tmp_path / "b.jsonl").read_text())


def test_a_database_is_built_in_shards_and_extended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = tmp_path / "texts.jsonl"
    script.make_texts(texts, 0, 6)
    script._tokenizer(texts, tmp_path / "tokenizer")
    script.build(str(texts), str(tmp_path / "db"), shard=20)
    script.make_texts(texts, 6, 8)
    script.build(str(texts), str(tmp_path / "db"), shard=20)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["documents"], second["documents"]) == (6, 8)
    assert second["shards"] > first["shards"] > 1
    assert Database(tmp_path / "db").chunks == second["chunks"]
