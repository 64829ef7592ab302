"""A table gives the translations that it holds, and says of every other text that it holds none."""

import json
from pathlib import Path

import pytest
from harness_plugins.datasets.translators.base import Translated, translator
from harness_plugins.datasets.translators.table import TableTranslator

from harness.errors import InputError, PluginError

ABSENT = Translated(None, "not-in-table")


def test_texts_are_found_whatever_their_blanks_and_composition() -> None:
    table = TableTranslator("sv", "en", entries={"Vad  är\tdetta?": "What is this?", "a\u030a": "stream"})
    found = table.translate(["Vad är detta?", "  Vad är detta?\n", "å", "Vad är\ndetta?", ""])
    assert found == [
        Translated("What is this?"),
        Translated("  What is this?\n"),
        Translated("stream"),
        ABSENT,  # a line break is not a blank: the translation would have one line less
        Translated(""),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pairs.jsonl", '{"source": "hej", "target": "hello", "by": "x"}\n\n{"source": "nej", "target": "no"}\n'),
        ("pairs.tsv", "source\ttarget\nhej\thello\nnej\tno\n"),
        ("pairs.csv", '"target","source"\n"hello","hej"\n"no","nej"\n'),
        ("tags.csv", "\ufeffsv,en\nhej,hello\nnej,no\n"),
    ],
)
def test_files_of_pairs(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    table = TableTranslator("sv", "en", file=tmp_path / name)
    assert [each.text for each in table.translate(["hej", "nej", "jo"])] == ["hello", "no", None]


def test_line_aligned_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("Ett.\nTvå.\n\nTre.\n")
    (tmp_path / "b").write_text("One.\nTwo.\n\nThree.\n")
    table = TableTranslator("sv", "en", source_file=tmp_path / "a", target_file=tmp_path / "b")
    assert (len(table), table.translate(["Tre."])) == (3, [Translated("Three.")])


def test_one_text_with_two_translations_names_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    rows = [{"source": "hej", "target": "hello"}, {"source": "x", "target": "y"}, {"source": " hej", "target": "hi"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(InputError, match=r"edits\.jsonl, line 3: .*'hi'.*'hello' in .*edits\.jsonl, line 1"):
        TableTranslator("sv", "en", file=path)
    assert TableTranslator("sv", "en", file=path, duplicates="first").translate(["hej"]) == [Translated("hello")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"source": "x"}\n', "line 1: there is no 'target' or 'en'"),
        ("a.jsonl", "[1]\n", "line 1: expected an object"),
        ("a.jsonl", '{"source": "x", "target": 3}\n', "line 1: 'target' is to be a text"),
        ("a.jsonl", "{\n", "line 1: this is no JSON"),
        ("a.tsv", "source\ttarget\na\tb\tc\n", "line 2: 3 columns"),
        ("a.txt", "a\n", "ends in .jsonl, .csv or .tsv"),
    ],
)
def test_files_that_cannot_be_used_name_the_line(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=said):
        TableTranslator("sv", "en", file=tmp_path / name)


def test_files_of_different_lengths_are_not_aligned(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1\n2\n")
    (tmp_path / "b").write_text("1\n")
    with pytest.raises(InputError, match=r"2 lines and .* 1:"):
        TableTranslator("sv", "en", source_file=tmp_path / "a", target_file=tmp_path / "b")
    with pytest.raises(PluginError, match="go together"):
        TableTranslator("sv", "en", source_file=tmp_path / "a")


def test_a_text_of_known_sentences_is_composed_and_one_unknown_sentence_is_enough_to_refuse() -> None:
    entries = {"Hej du.": "Hello you.", "Hur mår du?": "How are you?", "Rubrik": "Title", "Ja. Nej.": "Yes. No."}
    table = TableTranslator("sv", "en", entries=entries, sentences=True)
    text = "# Rubrik\n\n- Hej du.  Hur mår du?\n- Ja. Nej. Hej du.\n"
    assert table.translate([text]) == [Translated("# Title\n\n- Hello you.  How are you?\n- Yes. No. Hello you.\n")]
    assert table.translate(["Hej du. Okänt här."]) == [ABSENT]
    assert TableTranslator("sv", "en", entries=entries).translate([text]) == [ABSENT]


def test_corrected_segments_stand_before_another_translator() -> None:
    other = {"name": "table", "entries": {"hej": "hey", "nej": "no"}}
    made = translator({"name": "table", "entries": {"hej": "hello"}, "otherwise": other}, "sv", "en")
    assert [each.text for each in made.translate(["nej", "hej", "jo"])] == ["no", "hello", None]


def test_the_signature_is_the_content_in_any_order() -> None:
    first, second, third = (TableTranslator("sv", "en", entries=entries) for entries in (
        {"a": "b", "c": "d"}, {"c": "d", "a": "b"}, {"a": "b", "c": "e"}
    ))  # fmt: skip
    assert first.signature == second.signature != third.signature


def test_ntrex_gives_every_swedish_sentence(shared_data: Path) -> None:
    folder = shared_data / "ntrex-nordic" / "NTREX-128"
    source, target = folder / "newstest2019-src.eng.txt", folder / "newstest2019-ref.swe.txt"
    table = TableTranslator("en", "sv", source_file=source, target_file=target)
    found = table.translate(source.read_text().splitlines())
    assert len(found) == 1997
    assert [each.text for each in found] == [line.strip() for line in target.read_text().splitlines()]
