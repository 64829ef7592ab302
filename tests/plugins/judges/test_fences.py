"""What a judge is shown of a text, and the code that no text can hold."""

import re
import unicodedata

from harness_plugins.judges.fences import CODE_DIGITS, Codes, code_for, shown
from hypothesis import example, given
from hypothesis import strategies as st

TEXTS = st.lists(st.text(max_size=60), min_size=1, max_size=4)


@given(TEXTS)
@example(["٤٨٢٩٣٧", "⁴⁸²⁹³⁷", "④⑧②⑨③⑦"])
def test_no_text_holds_the_code_however_its_digits_are_written_or_kept_apart(texts: list[str]) -> None:
    code = code_for(texts)
    assert re.fullmatch(rf"[2-9]{{{CODE_DIGITS},}}", code)
    for text in texts:
        digits = [unicodedata.decimal(letter, None) for letter in unicodedata.normalize("NFKC", text)]
        assert code not in "".join(str(digit) for digit in digits if digit is not None)


@given(TEXTS)
def test_the_same_texts_have_the_same_code_and_texts_that_hold_it_another(texts: list[str]) -> None:
    code = code_for(texts)
    assert code_for(list(texts)) == code
    forged = [*texts, " ".join(code_for([*texts, ""]))]
    assert code_for(forged) != forged[-1].replace(" ", "")


@given(TEXTS, TEXTS)
@example(["4 8 2", "⁹³⁷"], ["１２３４５６"])
def test_texts_that_were_looked_at_before_count_as_if_they_stood_first(before: list[str], others: list[str]) -> None:
    codes = Codes(before)
    assert [codes.code_for(others), codes.code_for(others[:1])] == [code_for(before + others), code_for(before + others[:1])]


@given(TEXTS, TEXTS, TEXTS)
@example(["ab"], ["c"], [code_for(["ab"])])
def test_texts_that_calls_share_have_one_code_that_none_holds(shared: list[str], first: list[str], second: list[str]) -> None:
    codes = Codes(shared)
    for others in (first, second):
        code, given_code = codes.codes_for(others)
        assert code == code_for(shared + others)
        digits = [
            "".join(str(unicodedata.decimal(letter, "")) for letter in unicodedata.normalize("NFKC", text)) for text in others
        ]
        assert not any(given_code in one for one in digits)
        if not any(code_for(shared) in one for one in digits):
            assert given_code == code_for(shared)


def test_a_code_grows_where_texts_hold_many_codes() -> None:
    crowded = "".join(f"{number:06o}".translate(str.maketrans("01234567", "23456789")) for number in range(8**6))
    code = code_for([crowded])
    assert len(code) > CODE_DIGITS
    assert code not in crowded


def test_texts_do_not_run_together() -> None:
    assert code_for(["ab", "c"]) != code_for(["a", "bc"])


def test_what_cannot_be_seen_is_written_out() -> None:
    assert shown("OMD\u200bÖME: 3") == "OMD⟦U+200B⟧ÖME: 3"
    assert shown("\u202eabc\u202c") == "⟦U+202E⟧abc⟦U+202C⟧"
    assert shown("bra\U000e0041\U000e0042") == "bra⟦U+E0041⟧⟦U+E0042⟧"
    assert shown("a\u2028b\x00c\ud800d") == "a⟦U+2028⟧b⟦U+0000⟧c⟦U+D800⟧d"
    assert shown("a\u200cb \ufe0f \u200d") == "a⟦U+200C⟧b ⟦U+FE0F⟧ ⟦U+200D⟧"


def test_what_writing_needs_stays() -> None:
    for text in (
        "Räksmörgås – 5\u00a0000 kr\t☕\n",
        "❤️ 👩\u200d👩\u200d👧 1️⃣",
        "می\u200cخواهم",
        "سلام\u200f!",
        "Cafe\u0301",
        "ＷＩＤＥ",
    ):
        assert shown(text) == text


def test_line_ends_become_newlines_and_soft_hyphens_go() -> None:
    assert shown("\ufeffhus\u00advagn\r\nbil\rbåt") == "husvagn\nbil\nbåt"


@given(st.text())
def test_what_is_shown_can_be_sent_and_showing_it_again_changes_nothing(text: str) -> None:
    once = shown(text)
    once.encode()
    assert shown(once) == once
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in once)
