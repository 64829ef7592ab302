"""What a probe looks at: which examples and words, and what a reader is told of them."""

import msgspec
import pytest
from harness_plugins.video.probe.config import Probing
from harness_plugins.video.probe.subject import questions, subject_of

from harness.errors import ConfigError, InputError
from harness.records import Example, MediaPart, Message, TextPart


def example(name, text, split, video="a", language="sv"):
    parts = [TextPart(text=text)]
    if video:
        parts.append(MediaPart(media="video", uri=f"{video}.mp4", sha256=video * 64, start=0.0, end=2.0))
    message = Message(role="document", parts=tuple(parts))
    return Example(id=name, kind="aligned", language=language, messages=(message,), split=split, cluster_id=f"v/{video}")


@pytest.fixture
def norms(tmp_path):
    path = tmp_path / "norms.csv"
    path.write_text("word,imageability,word_class\nring,6,NOUN\nröd,5,ADJ\nidag,1,ADV\nglass,7,NOUN\n")
    return path


def probed(norms, every, **more):
    return subject_of(every, Probing(norms={"source": str(norms)}, **more), "data")


def test_words_are_probed_in_the_split_and_language_and_counted_in_what_is_learned_from(norms):
    every = [
        example("train", "En ring och en ring idag.", "train"),
        example("test", "En röd ring, en ring.", "test", "b"),
        example("english", "A ring.", "test", "c", "en"),
        example("other", "En ring.", "validation", "d"),
    ]
    found = probed(norms, every, language="sv")
    assert list(found.examples) == ["test"]
    assert [(one.word, one.start, one.repeated) for one in found.occurrences] == [
        ("röd", 3, False), ("ring", 7, True), ("ring", 16, True),
    ]  # fmt: skip
    table = found.table
    assert table.words == ("ring", "röd")
    assert table.classes == ("NOUN", "ADJ")
    assert table.frequency[0] > table.frequency[1]
    assert any("2 of 3 occurrences stand in a text that has the word again" in note for note in found.notes)
    assert found.found.absent == ("glass", "idag")


def test_norms_of_one_language_are_not_held_against_texts_of_another(norms, tmp_path):
    swedish, british = example("t", "En ring.", "test"), example("e", "A ring.", "test", "b", "en-GB")
    english = {"source": str(norms), "language": "en"}
    with pytest.raises(InputError, match=r"the texts are in 'sv', and the words of norms.csv in 'en'.*norms.*language"):
        subject_of([swedish], Probing(norms=english), "data")
    with pytest.raises(InputError, match=r"several languages \(1 in 'en', 1 in 'sv'\).*language"):
        subject_of([swedish, british], Probing(norms={"source": str(norms)}), "data")
    assert list(subject_of([swedish, british], Probing(norms=english, language="en"), "data").examples) == ["e"]
    said = tmp_path / "said.csv"
    said.write_text("word,language,imageability\nring,en,6\n")
    with pytest.raises(InputError, match=r"the texts are in 'sv', and the words of said\.csv in 'en'"):
        subject_of([swedish], Probing(norms={"source": str(said)}), "data")
    assert subject_of([british], Probing(norms={"source": str(said)}), "data").norms.language == "en"


def test_probed_texts_that_are_in_the_training_data_are_counted_and_named(norms):
    every = [
        example("train", "En ring.", "train"),
        example("same", "En ring.", "test"),
        example("other-video", "En ring.", "test", "b"),
    ]
    found = probed(norms, every)
    assert found.leaked == ("same",)
    assert any(note.startswith("1 of 2 probed examples") and "same" in note for note in found.notes)
    (part,) = (one for one in every[1].messages[0].parts if isinstance(one, MediaPart))
    other_span = msgspec.structs.replace(part, end=0.5 if part.end is None else part.end / 2)
    parts = tuple(other_span if one is part else one for one in every[1].messages[0].parts)
    every[1] = msgspec.structs.replace(every[1], messages=(msgspec.structs.replace(every[1].messages[0], parts=parts),))
    assert probed(norms, every).leaked == ("same",)


def test_where_there_is_no_text_to_learn_from_it_is_said_that_leaks_cannot_be_known(norms):
    found = probed(norms, [example("one", "En ring.", "test")])
    assert any("whether models have learned from what is probed is not known" in note for note in found.notes)


def test_word_classes_of_a_table_go_first_and_two_for_one_word_are_refused(norms, tmp_path):
    table = tmp_path / "classes.csv"
    table.write_text("word,word_class\nRing,VERB\n")
    every = [example("t", "En ring.", "test")]
    assert probed(norms, every, classes=str(table)).table.classes == ("VERB",)
    table.write_text("word,word_class\nRing,VERB\nring,NOUN\n")
    with pytest.raises(InputError, match=r"line 3: 'ring' is 'NOUN', and 'VERB' before"):
        probed(norms, every, classes=str(table))


def test_examples_of_one_id_and_parameters_that_there_are_not_are_refused(norms):
    with pytest.raises(InputError, match="1 examples have the id of another one"):
        probed(norms, [example("a", "En ring.", "test"), example("a", "En röd.", "test")])
    with pytest.raises(ConfigError, match=r"norms has no parameter 'colour'\. Known: frequency, language"):
        subject_of([example("a", "En ring.", "test")], Probing(norms={"source": str(norms), "colour": 1}), "data")


def test_a_question_is_the_example_with_the_word_that_is_asked_for(norms):
    found = probed(norms, [example("t", "En röd ring.", "test")])
    rows = [msgspec.json.decode(line, type=Example) for line in questions(found).splitlines()]
    assert [row.id for row in rows] == ["t@3", "t@7"]
    assert [row.meta["word"] for row in rows] == [
        {"word": "röd", "start": 3, "end": 6, "imageability": 5.0},
        {"word": "ring", "start": 7, "end": 11, "imageability": 6.0},
    ]
    assert [row.choices for row in rows] == [("röd",), ("ring",)]
    assert rows[0].messages == found.examples["t"].messages
