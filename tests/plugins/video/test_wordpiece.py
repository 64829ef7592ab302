"""The WordPiece tokenizer: pieces that can be worked out by hand, the same in every process, as BERT's own code cuts words."""

import subprocess
import sys
from collections import Counter

import pytest

pytest.importorskip("transformers")

from harness_plugins.video.wordpiece import SPECIAL, pieces, trained_tokenizer
from hypothesis import given
from hypothesis import strategies as st

TEXTS = ["En röd cirkel rullar åt vänster.", "Ett rött hus, en blå cirkel!", "en blå ring och en grön ring"] * 2


def test_pairs_are_joined_by_how_often_they_stand_side_by_side():
    # letters: ##b 12, a 7, ##a 5, b 5, ##c 2; a ##b 7 times; ##a ##b and b ##a 5 times, of which the first by its letters
    found = pieces(Counter({"ab": 5, "bab": 5, "abc": 2}), 100)
    assert found == ["##b", "a", "##a", "b", "##c", "ab", "##ab", "bab", "abc"]
    assert pieces(Counter({"ab": 5, "bab": 5, "abc": 2}), 3) == ["##b", "a", "##a"]
    assert pieces(Counter({"ab": 1}), 10) == ["##b", "a"]  # once is no pattern
    assert pieces(Counter(), 10) == []


def test_a_pair_that_stands_twice_in_a_word_is_joined_twice():
    assert pieces(Counter({"aaaaa": 2}), 100) == ["##a", "a", "##aa", "##aaaa", "aaaaa"]


@given(st.lists(st.text(alphabet="abcå ", max_size=12), max_size=20), st.integers(6, 60), st.randoms())
def test_the_order_of_texts_changes_nothing_and_no_known_letter_is_unknown(texts, size, random):
    first = trained_tokenizer(texts, size)
    mixed = list(texts)
    random.shuffle(mixed)
    assert trained_tokenizer(mixed, size).get_vocab() == first.get_vocab()
    assert len(first) <= max(size, len(SPECIAL))
    if size == 60:
        assert first.unk_token_id not in first("\n".join(texts))["input_ids"]


def test_words_are_cut_as_the_longest_piece_first():
    tokenizer = trained_tokenizer(TEXTS, 200)
    vocabulary = tokenizer.get_vocab()
    assert [vocabulary[token] for token in SPECIAL] == [0, 1, 2, 3, 4]
    said = tokenizer("Röd cirkelring, BLÅ")
    assert said.tokens() == ["[CLS]", "röd", "cirkel", "##ring", ",", "blå", "[SEP]"] or "##ring" not in vocabulary
    for word in ("cirkelringen", "blåvänster", "grönt"):
        assert tokenizer.tokenize(word) == longest_first(word, vocabulary)
    assert tokenizer.tokenize("röd§") == ["röd", "[UNK]"]


def longest_first(word, vocabulary):
    """WordPiece as its paper tells it."""
    found, start = [], 0
    while start < len(word):
        ends = [end for end in range(len(word), start, -1) if ("##" if start else "") + word[start:end] in vocabulary]
        if not ends:
            return ["[UNK]"]
        found.append(("##" if start else "") + word[start : ends[0]])
        start = ends[0]
    return found


def test_accents_are_kept_and_letters_are_composed():
    tokenizer = trained_tokenizer(["vår var"] * 5, 60)
    assert tokenizer.tokenize("va\u030ar VAR") == ["vår", "var"]
    cased = trained_tokenizer(["Var var Var var"] * 5, 60, lowercase=False)
    assert cased.tokenize("Var var") == ["Var", "var"]


def test_it_is_saved_whole(tmp_path):
    from transformers import AutoTokenizer

    tokenizer = trained_tokenizer(TEXTS, 80)
    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    text = "En röd RING, okänd"
    assert again(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert again(text).word_ids() == tokenizer(text).word_ids()
    assert (again.mask_token, again.is_fast, again.num_special_tokens_to_add()) == ("[MASK]", True, 2)


@pytest.mark.slow
def test_another_process_makes_the_same():
    code = (
        "from harness_plugins.video.wordpiece import trained_tokenizer as t; import sys; "
        f"print(sorted(t({TEXTS!r}, 60).get_vocab().items()))"
    )
    said = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert said == {f"{sorted(trained_tokenizer(TEXTS, 60).get_vocab().items())}\n"}
