"""Traces that texts carry of what happened to them, and how long they are."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgment_sets import Sheet

from harness.describe.texts import describe_texts, traces, words

SWEDISH = "Får får får? Nej, får får inte får, får får lamm – säger bonden i Åmål."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SWEDISH, []),
        ("", ["empty"]),
        (" \n\t", ["empty"]),
        ("sm\ufffdrg\ufffds", ["replacement"]),
        (SWEDISH.encode().decode("cp1252"), ["mojibake"]),
        (SWEDISH.encode().decode("latin-1"), ["mojibake", "control"]),  # what Latin-1 makes of a dash holds control characters
        ("sm?rg?s", ["lost_letters"]),
        ("Varför? Därför.", []),
        ("https://example.org/sök?q=ord&sida=2", []),
        (unicodedata.normalize("NFD", "åäö"), ["decomposed"]),
        ("rött \x1b[31m ljus", ["control"]),
        ("osynligt\u200b mellanrum", ["control"]),
        ("familj 👨\u200d👩\u200d👧", []),
        ("<p>Hej</p>", ["markup"]),
        ("5 &lt; 7 &amp; sant", ["markup"]),
        ("om a < b och b > c så R&D", []),
        ("Klart.<|im_end|>", ["template"]),
        ("[INST] Svara. [/INST]", ["template"]),
        ("SÃO PAULO", []),
    ],
)
def test_a_text_shows_what_happened_to_it(text: str, expected: list[str]) -> None:
    assert traces(text) == expected


@given(st.text(alphabet="abcåäöé ,.!?–’ABCÅÄÖ0123456789", min_size=1).filter(str.strip))
def test_utf_8_read_as_windows_1252_is_mojibake_wherever_it_held_swedish_letters(text: str) -> None:
    broken = text.encode().decode("cp1252", errors="replace")
    if any(letter in text for letter in "åäöéÅÄÖ"):
        assert {"mojibake", "replacement"} & set(traces(broken))
    assert "mojibake" not in traces(text)


def test_lengths_count_words_and_fall_into_buckets() -> None:
    assert words("Nils-Åke köpte 2,5 kg") == 6
    sheet = Sheet()
    for n, text in enumerate(["", "ett", "ett två tre fyra fem", "ord " * 6, "ord " * 300]):
        sheet.answer(f"d/{n}", "a", 1.0, text=text)
    found = describe_texts(sheet.data())["outputs"]["a"]
    assert found["words"] == {"min": 0, "median": 5, "max": 300}
    assert [bucket["count"] for bucket in found["buckets"]] == [1, 2, 1, 0, 0, 0, 1]
    assert found["traces"]["empty"] == {"count": 1, "first": ["d/0/a/0"]}
