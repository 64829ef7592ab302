"""Masks: what is behind them comes back to the byte, and a lost one is noticed."""

import pytest
from harness_plugins.datasets.translate.protect import FORMS, Languages, Span, between, masked, protected, unmasked
from harness_plugins.datasets.translate.protect_names import is_kept, name_spans, names_in
from harness_plugins.datasets.translate.protect_numbers import in_words, number_words, number_words_kept
from harness_plugins.datasets.translate.protect_units import bare_units, units_kept, with_units
from hypothesis import given
from hypothesis import strategies as st

EN_SV = Languages("en", "sv")
TEXTS = st.text(st.sampled_from("ab C1.,:{}<>[]⟦⟧XQZ/\\$`_%é…🙂\n-"), max_size=60)


@given(TEXTS, st.integers(0, len(FORMS) - 1), st.booleans())
def test_a_translator_that_keeps_masks_gives_the_text_back(text: str, form: int, strict: bool) -> None:
    spans = [span._replace(becomes=text[span.start : span.end]) for span in protected(text, EN_SV, strict=strict)]
    mask = masked(text, spans, form)
    if not any(FORMS[mask.form].split("{}")[0] in text for _ in (0,)):
        assert unmasked(mask.text, mask) == text
    assert "".join(part for part, _ in between(text, spans)) == text


@given(st.lists(st.text("abc åä", min_size=1, max_size=8), min_size=1, max_size=40), st.integers(0, len(FORMS) - 1))
def test_however_many_masks_each_finds_its_own(words: list[str], form: int) -> None:
    text, spans = "", []
    for word in words:
        start = len(text) + 1
        spans.append(Span(start, start + len(word), "term", word.upper()))
        text += f" {word}"
    mask = masked(text, spans, form)
    assert unmasked(mask.text, mask) == "".join(f" {word.upper()}" for word in words)


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_a_mask_that_is_lost_doubled_or_invented_is_noticed(form: int) -> None:
    mask = masked("run x now", [Span(4, 5, "code", "x")], form)
    shown = FORMS[form].format("AA" if form == 1 else "0")
    assert mask.text == f"run {shown} now"
    assert unmasked("kör nu", mask) is None
    assert unmasked(f"kör {shown} {shown}", mask) is None
    assert unmasked(f"kör {shown} {FORMS[form].format('AB' if form == 1 else '1')}", mask) is None


def test_blanks_and_case_that_an_engine_changed_in_a_mask_do_no_harm() -> None:
    assert unmasked("kör ⟦ 0 ⟧ nu", masked("run x now", [Span(4, 5, "code", "x")], 0)) == "kör x nu"
    assert unmasked("kör xqaaz nu", masked("run x now", [Span(4, 5, "code", "x")], 1)) == "kör x nu"


def test_a_form_that_the_text_holds_is_not_used() -> None:
    assert masked("⟦0⟧ and y", [Span(8, 9, "code", "y")], 0).text == "⟦0⟧ and XQAAZ"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Use the `foo(x)` function", ["`foo(x)`"]),
        ("See https://example.org/a?b=1, or write to me@example.org.", ["https://example.org/a?b=1", "me@example.org"]),
        ("Solve 3x + 2 = 11 for x", ["3x + 2 = 11"]),
        ("Let $x^2 + y^2$ cost $5 or $6.", ["$x^2 + y^2$", "$5", "$6"]),
        ("Dear {name}, you owe %s, <b>now</b>, [DATE], ____", ["{name}", "%s", "<b>", "</b>", "[DATE]", "____"]),
        ("Open /etc/hosts and notes.txt, not and/or", ["/etc/hosts", "notes.txt"]),
        ("Set max_length and call parseInt()", ["max_length", "parseInt()"]),
        ("It was 350 °F at 10:30 on 2024-05-01", ["350 °F", "10:30", "2024-05-01"]),
        ("The answer is B. Option (a) is wrong", ["B", "(a)"]),
        ("His name is Ελπίδα Παππά", ["Ελπίδα Παππά"]),
        ("First run pip install numpy.", ["pip install numpy"]),
        ("You get 50% off the word(s)", []),
        ("Its label says 0A:1B:2C:DE:AD:FF, its address is 10.0.0.7/24.", ["0A:1B:2C:DE:AD:FF", "10.0.0.7/24"]),
        ("Host fe80::1ff:fe23:4567:890a runs std::vector at 10:30:15", ["fe80::1ff:fe23:4567:890a", "10:30:15"]),
        ("Hej $NAVN$, se #KODE# og ~BY~", ["$NAVN$", "#KODE#", "~BY~"]),
        ("The hash begins with 9f86d081884c7d659a2feaa0", ["9f86d081884c7d659a2feaa0"]),
        ("Dear %FIRST_NAME%, see [[Help]] and @@LINK@@; 5% of 20% is 1%", ["%FIRST_NAME%", "[[Help]]", "@@LINK@@"]),
        ("White plays 3. Bb5 a6 4. O-O and wins with Qxf7#.", ["3. Bb5 a6 4. O-O", "Qxf7#"]),
        (
            "Run tar -xzf logs.tar.gz first, or find /var/log -name '*.log' -delete.",
            ["tar -xzf logs.tar.gz", "find /var/log -name '*.log' -delete"],
        ),
        ("Find /more/ later, make it, cut the cake, and find -- well -- peace", ["/more"]),
        ("Hvis du f.eks. kører bil", []),
        (r"The pattern ^\d{4}-(?:a|b)$ fits, C:\docs does too", [r"^\d{4}-(?:a|b)$", r"C:\docs"]),
    ],
)
def test_what_is_protected(text: str, kept: list[str]) -> None:
    assert [text[span.start : span.end] for span in protected(text, EN_SV)] == kept


def test_numbers_markup_emoji_and_names_are_protected_in_the_strict_way() -> None:
    text = "**Anna Berg** has 3 cats and 21 dogs 🐈"
    spans = protected(text, EN_SV, strict=True, names=frozenset({"Anna", "Berg"}))
    assert [text[span.start : span.end] for span in spans] == ["**", "Anna Berg", "**", "3", "21", "🐈"]


def test_units_that_invite_conversion_are_put_over_by_table() -> None:
    assert [becomes for _, _, becomes in with_units("It is 5 miles and 3 feet away", "en", "sv")] == ["5 engelska mil", "3 fot"]
    assert bare_units(["How many inches are there in 3 feet?"], "en", "sv") == {"feet": "fot", "inches": "tum"}
    assert bare_units(["My feet hurt"], "en", "sv") == {}
    assert bare_units(["She walked twenty-five miles"], "en", "sv") == {"miles": "engelska mil"}
    assert bare_units(["A cat stands on four feet"], "en", "sv") == {}
    assert not units_kept("5 miles", "8 kilometer")
    assert units_kept("5 miles", "5 engelska mil")
    assert not units_kept("it costs 5 dollars", "det kostar 5 kronor")


@given(st.integers(13, 99))
def test_numbers_in_words_are_the_same_number_in_each_language(value: int) -> None:
    said = {language: in_words(value, language) for language in ("en", "da", "sv")}
    assert [number for _, _, number in number_words(f"{said['da']} huse", "da")] == [value]
    assert number_words_kept(f"{said['da']} huse", f"{said['sv']} hus", ("da", "sv"))
    assert number_words_kept(f"{said['en']} houses", f"{value} hus", ("en", "sv"))


def test_danish_twenties_are_not_what_they_sound_like() -> None:
    assert in_words(90, "da") == "halvfems"
    assert not number_words_kept("halvfems minutter", "femtio minuter", ("da", "sv"))


def test_names_are_capitalised_words_inside_sentences() -> None:
    texts = ["Write to Rose Baker in Germany on Monday.", "The Old Man and the Sea"]
    assert names_in(texts, "en") == {"Rose", "Baker"}
    assert names_in(["Der Hund sieht das Haus"], "de") == frozenset()
    assert [("Ask Rose Baker"[start:end]) for start, end in name_spans("Ask Rose Baker", frozenset({"Rose", "Baker"}))] == [
        "Rose Baker"
    ]


def test_given_names_that_are_words_are_names_where_they_are_capitalised_inside_a_sentence() -> None:
    text = "Will came late. Then Rose asked Will whether he will stay. Will you?"
    names = names_in([text, "A rose is red"], "en")
    assert names == {"Rose", "Will"}
    assert [text[start:end] for start, end in name_spans(text, names)] == ["Will", "Rose", "Will"]
    assert names_in(["Will you come? I will."], "en") == frozenset()


def test_classical_names_may_take_their_endings() -> None:
    assert is_kept("Neptune", "planeten Neptunus")
    assert is_kept("Homer", "av Homeros")
    assert not is_kept("Grace", "av Nåd")


def test_a_long_name_may_take_the_other_languages_spelling() -> None:
    assert is_kept("Eiffeltårnet", "vid Eiffeltornet")
    assert not is_kept("Rose", "vid Ros")
