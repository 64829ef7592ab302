"""Each filter on what it is for, and on what it must leave alone."""

import json
import time
from pathlib import Path

import pytest
from harness_plugins.datasets.native_text import fragments_filters as filters
from harness_plugins.datasets.native_text.documents import Block
from harness_plugins.datasets.native_text.fragment import Fragment

PROSE = "Kommunen beslutade i höstas att skolan skall byggas ut. Arbetet börjar till våren och väntas ta två år."


def fragment(text: str, *kinds: str, language: str = "sv") -> Fragment:
    blocks, at = [], 0
    for kind, part in zip(kinds or ("paragraph",), text.split("\n\n") if len(kinds) > 1 else [text], strict=True):
        blocks.append(Block(kind, at, at + len(part)))
        at += len(part) + 2
    return Fragment("x", "x", (), text, 0, len(text), tuple(blocks), language)


@pytest.mark.parametrize("name", filters.NAMES)
def test_plain_prose_passes_every_filter(name: str):
    if name == "foreign-language":
        pytest.importorskip("py3langid")
    assert filters.NAMES[name](fragment(PROSE)) is None


@pytest.mark.parametrize(
    "text",
    [
        "Läs mer om våra tjänster",
        "Vi använder kakor för att webbplatsen ska fungera. Läs mer om kakor.",
        "Godkänn alla kakor",
        "© 2019 Exempelbolaget",
        "Copyright 1999 Någon. Alla rättigheter förbehållna.",
        "Senast uppdaterad: 12 maj 2020",
        "Till toppen av sidan",
        "Dela sidan på Facebook",
        "Vi beklagar eventuella besvär som detta kan medföra.",
        "Se även nedan under rubriken.",
    ],
)
def test_boilerplate_is_named(text: str):
    assert filters.boilerplate(fragment(text)).code == "boilerplate"


@pytest.mark.parametrize(
    "text",
    [
        "Mormor bakade kakor med mandel, och vi fick läsa mer i den gamla kokboken medan de gräddades.",
        "Copyright är ett begrepp ur den anglosaxiska rätten.",
        "Den som vill logga in på datorn i Lund måste först ringa upp växeln, så var det på åttiotalet.",
        "Lagen om kakor kom 2003.",
    ],
)
def test_sentences_that_hold_such_words_are_no_boilerplate(text: str):
    assert filters.boilerplate(fragment(text)) is None


def test_navigation_and_footnotes_are_told_by_how_they_are_set():
    assert filters.boilerplate(fragment("Start Om oss Nyheter Kalender", "navigation")).code == "boilerplate"
    assert filters.footnote(fragment("Se Foucault, s. 12.", "note")).code == "footnote"
    assert filters.footnote(fragment(PROSE)) is None


def test_loose_lines_cells_and_columns_of_digits_are_residue():
    assert filters.residue(fragment("Ris\nPasta\nPotatis\nBröd")).code == "list-residue"
    assert filters.residue(fragment("12\n\n13", "table", "table")).code == "table-residue"
    assert filters.residue(fragment("År 1990 1991 1992 1993 blev det 12 345, 23 456, 34 567 och 45 678.")).code == "table-residue"


def test_a_list_that_is_introduced_is_no_residue():
    text = "Du som vill söka tillstånd ska skicka in följande handlingar till oss:\n\npass\n\nfoto\n\nintyg från skolan."
    assert filters.residue(fragment(text, "paragraph", "list", "list", "list")) is None
    assert filters.residue(fragment("Den 3 maj 1999 kom 120 personer till mötet i Lund.")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Kontakta oss för en kostnadsfri offert!",
        "Huset är byggt 1920. Boka en gratis konsultation redan idag.",
        "Taket håller i 40 år. Zaragoza AB hjälper genom hela processen.",
        "Bygglov krävs. Zaragoza AB isolerar enligt aktuell norm.",
        "Hos oss får du bästa priset.",
        "Passa på att beställa idag!",
    ],
)
def test_adverts_are_named(text: str):
    assert filters.advert(fragment(text)).code == "advert"


@pytest.mark.parametrize(
    "text",
    [
        "Ericsson AB grundades 1876 och tillverkade telefoner. Bolaget flyttade sedan till Kista.",
        "Man kunde testa det gratis på den tiden. Ring polisen om du ser något.",
        "Jag kan passa på att nämna att kriget var över.",
        "Kontakta Migrationsverket om du har frågor om ditt beslut.",
        "Luxor AB köpte patentet 1978.",
    ],
)
def test_firms_and_verbs_in_a_story_are_no_adverts(text: str):
    assert filters.advert(fragment(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x;\nprint(f(3));",
        "10 PRINT 'HEJ'\n20 GOTO 10",
        "if (x) {\n  y();\n}",
        "<div>\n<p>\n</div>",
    ],
)
def test_code_is_named_by_its_lines(text: str):
    assert filters.code(fragment(text)).code == "code"


def test_code_is_named_by_how_it_is_set_and_prose_about_code_is_left_alone():
    assert filters.code(fragment("ls -la", "code")).code == "code"
    assert filters.code(fragment("Funktionen print(x) skriver ut värdet; den kom redan i FORTRAN.")) is None


@pytest.mark.parametrize(
    "text", ["fÃ¥r", "fÃ¶rsta", "â€œciteratâ€\x9d", "f\ufffdr", "p? s?ndag f?rst", "F&aring;r", "\x93citat\x94", "\\u00e5r"]
)
def test_wrong_encodings_are_named(text: str):
    assert filters.wrong_encoding(fragment(f"Det var {text} en gång.")).code == "wrong-encoding"


@pytest.mark.parametrize("text", ["Vad? Ja! Nej?", "Ängen är grön & blå.", "São Paulo, Ålesund, Ärlig?"])
def test_right_letters_are_left_alone(text: str):
    assert filters.wrong_encoding(fragment(text)) is None


@pytest.mark.parametrize(
    "text", ["arbets\u00admiljö", "ett kom- \nmer snart", "slut.## Rubrik", "**fet** text", "en länk](http://a.se)"]
)
def test_broken_layout_is_named(text: str):
    assert filters.broken_layout(fragment(text)).code == "broken-layout"


def test_hyphens_that_belong_there_are_left_alone():
    assert (
        filters.broken_layout(fragment("E-posten kom till IT-avdelningen 1987-88 -- tror jag. C# är ett språk. Regel #1."))
        is None
    )


@pytest.mark.parametrize("text", ["och sedan gick de hem.", "Sedan gick de", "Målen lyder:", "En lista, och", "De sade att"])
def test_what_begins_or_ends_within_a_sentence_is_unfinished(text: str):
    assert filters.unfinished(fragment(text)).code == "unfinished"


@pytest.mark.parametrize(
    "text", ["De gick hem.", "Gick de hem?", 'Han sade: "Gå hem!"', "De gick (i går).", "Vem vet…", "”Ja, vi går hem”"]
)
def test_whole_sentences_are_finished(text: str):
    assert filters.unfinished(fragment(text)) is None


def test_a_list_that_was_introduced_may_end_without_a_full_stop_but_not_with_a_conjunction():
    whole = "Du som söker ska skicka in följande handlingar:\n\npass\n\nfoto"
    assert filters.unfinished(fragment(whole, "paragraph", "list", "list")) is None
    assert filters.unfinished(fragment(f"{whole} och", "paragraph", "list", "list")).code == "unfinished"


def test_a_line_that_introduces_nothing_is_a_stray_heading():
    assert filters.stray_heading(fragment("Visum för affärs\nVad är en fullmakt? Det är ett brev.")).code == "stray-heading"
    assert filters.stray_heading(fragment("Så här gör du:\nFyll i blanketten.")) is None
    assert filters.stray_heading(fragment("Vad är en fullmakt?\nDet är ett brev.")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Det framgår av figuren ovan.",
        "Se tabell 3 för mer.",
        "Mer om detta i nästa kapitel.",
        "Det syns i diagrammet nedan.",
        "Hackaren, som jag nämnde tidigare, kom hem.",
        "Mer om hackaretik och ideologi följer längre fram.",
        "Det var som vi snart skall se inte sant.",
        "Ladda ned boken, se länk längre ner på sidan.",
        "Det nämndes i kapitel 4.",
    ],
)
def test_references_to_what_is_not_there_are_named(text: str):
    assert filters.elsewhere(fragment(text)).code == "refers-elsewhere"


@pytest.mark.parametrize(
    "text",
    [
        "Kapitlet handlar om bilden av staden.",
        "I nästa vecka börjar skolan, och figuren på scenen sjunger.",
        "På sidan 4 i manualen stod numret.",
        "Han fick en bild av läget och såg den senare.",
        "Tabeller är bra.",
    ],
)
def test_the_same_words_in_other_senses_are_left_alone(text: str):
    assert filters.elsewhere(fragment(text)) is None


def test_another_language_is_named_also_where_it_is_one_block_of_several():
    pytest.importorskip("py3langid")
    english = "The committee decided last autumn that the school is going to be extended, and work will begin in spring."
    danish = "Kommunen besluttede i efteråret, at skolen skal bygges ud, og arbejdet begynder til foråret og tager nok to år."
    assert filters.foreign_language(fragment(english)).detail == "en"
    assert filters.foreign_language(fragment(danish)).detail == "da"
    assert filters.foreign_language(fragment(f"{PROSE} {PROSE}\n\n{english}", "paragraph", "paragraph")).detail == "en"
    assert filters.foreign_language(fragment(english, language="en")) is None
    assert filters.foreign_language(fragment('Han sade "never mind" och gick.')) is None


def test_adverts_of_a_firm_in_its_own_answers_are_found_and_nothing_else(shared_data: Path):
    lines = (shared_data / "zaragoza-construction-faq" / "faq.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line)["a"] for line in lines]
    speaks = [answer for answer in answers if "zaragoza" in answer.casefold()]
    found = [answer for answer in answers if filters.advert(fragment(answer))]
    assert (len(answers), len(speaks)) == (503, 62)
    assert len(set(found) & set(speaks)) == 61
    assert not set(found) - set(speaks)


@pytest.mark.parametrize(
    "text",
    [
        "<a" * 40_000,
        "f(" * 40_000,
        "A&" * 40_000,
        "\n" * 80_000 + "|",
        "mer om " + "a" * 80_000,
        "A-" * 40_000,
        "a@" + "a." * 40_000,
        "0 " * 40_000,
    ],
)
def test_a_text_made_to_take_forever_does_not(text: str):
    begun = time.process_time()
    for name, one in filters.NAMES.items():
        if name != "foreign-language":
            found = one(fragment(text))
            assert found is None or found.code.islower(), name
    assert time.process_time() - begun < 20  # seconds; one that looks at the whole text from each of its places takes hours
