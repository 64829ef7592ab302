"""Norms, word classes and frequencies as the command line of `harness probe words` writes them."""

import json

import click
import msgspec
import pytest
from click.testing import CliRunner
from harness_plugins.video.probe.references import Table

from harness.cli.main import harness
from harness.records import Example, MediaPart, Message, TextPart


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("glasgow", {"source": "glasgow"}),
        ("n2.csv:word=ord,scale=[1,7]", {"source": "n2.csv", "word": "ord", "scale": [1, 7]}),
        ("mrc:path=a:b/mrc2.dct,twice=omit", {"source": "mrc", "path": "a:b/mrc2.dct", "twice": "omit"}),
        ("my:norms.csv", {"source": "my:norms.csv"}),
        ('n2.csv:word="1"', {"source": "n2.csv", "word": "1"}),
        ("value=Familiarity", {"value": "Familiarity"}),
    ],
)  # fmt: skip
def test_a_reference_is_the_mapping_of_a_config(text, held):
    assert Table("source").convert(text, None, None) == held


@pytest.mark.parametrize(
    ("text", "said"),
    [("n2.csv:word=a,word=b", "'n2.csv:word=a,word=b': 'word' is given twice; write"), (" ", "nothing")],
)
def test_what_is_no_reference_is_refused(text, said):
    with pytest.raises(click.BadParameter, match=said):
        Table("source").convert(text, None, None)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder to work in: one Swedish text, tables of norms, lemmas, word classes and frequencies."""
    monkeypatch.chdir(tmp_path)
    parts = (TextPart(text="Ringen är röd, tanken är fri."), MediaPart(media="video", uri="a.mp4", sha256="a" * 64))
    one = Example(id="a", kind="aligned", language="sv", messages=(Message(role="document", parts=parts),), split="test")
    (tmp_path / "sv.jsonl").write_bytes(msgspec.json.encode(one))
    (tmp_path / "n2.csv").write_text("ord,bildbarhet\nring,6.2\nröd,5.5\ntanke,2.1\n", encoding="utf-8")
    (tmp_path / "lemmas.csv").write_text("form,lemma\nringen,ring\ntanken,tanke\n", encoding="utf-8")
    (tmp_path / "classes.csv").write_text("word,word_class\nring,NOUN\nröd,ADJ\n", encoding="utf-8")
    (tmp_path / "often.csv").write_text("Ord,Zipf\nring,4.6\nröd,4.9\n", encoding="utf-8")
    return tmp_path


def words(*arguments):
    return CliRunner().invoke(harness, ["probe", "words", "sv.jsonl", *arguments])


def test_columns_lemmas_classes_and_frequencies_are_said_on_the_command_line(home):
    norms = "n2.csv:word=ord,value=bildbarhet,scale=[1,7],lemmas=lemmas.csv"
    done = words("--norms", norms, "--classes", "classes.csv", "--frequencies", "often.csv:word=Ord,zipf=Zipf", "--json")
    assert done.exit_code == 0, done.output
    rows = {row.pop("word"): row for row in json.loads(done.stdout)["words"]}
    assert rows == {
        "ring": {"imageability": 6.2, "frequency": 4.6, "word_class": "NOUN", "occurrences": 1},
        "röd": {"imageability": 5.5, "frequency": 4.9, "word_class": "ADJ", "occurrences": 1},
        "tanke": {"imageability": 2.1, "frequency": None, "word_class": None, "occurrences": 1},
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--norms", "mrc"], "norms: mrc needs path: mrc2.dct"),
        (["--norms", "n2.csv"], "there is no column 'word'; its columns are 'ord', 'bildbarhet'; say which"),
        (["--norms", "n2.csv:word=ord"], "no column 'value' or 'imageability'; its columns are 'ord', 'bildbarhet'; say which"),
        (["--norms", "n2.csv:vord=ord"], "norms has no parameter 'vord'. Did you mean 'word'?"),
        (["--norms", "n2.csv:word=1"], "norms: word is text, got 1; put it in quotes"),
        (["--norms", "n2.csv:word=ord,value=bildbarhet,scale=7"], "scale must be two numbers"),
        (
            ["--norms", "n2.csv:word=ord,value=bildbarhet", "--frequencies", "zipf=Zipf"],
            "frequencies: path is missing, the file of the table",
        ),
        (
            ["--norms", "n2.csv:word=ord,value=bildbarhet", "--frequencies", "often.csv"],
            "frequencies: give the name of one column: count",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_the_key_to_change(home, arguments, said):
    done = words(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
