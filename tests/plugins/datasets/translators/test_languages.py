"""A BCP-47 tag finds the code that an engine or a vocabulary has for the language."""

import pytest
from harness_plugins.datasets.translators.languages import check_tag, english, in_vocabulary, iso3, script_of

from harness.errors import PluginError

FLORES = ["swe_Latn", "nob_Latn", "zho_Hans", "zho_Hant", "arb_Arab", "arb_Latn", "pes_Arab", "eng_Latn"]


@pytest.mark.parametrize(
    ("tag", "token"),
    [
        ("sv", "swe_Latn"),
        ("sv-SE", "swe_Latn"),
        ("swe", "swe_Latn"),
        ("no", "nob_Latn"),
        ("zh", "zho_Hans"),
        ("zh-TW", "zho_Hant"),
        ("zh-Hant", "zho_Hant"),
        ("ar", "arb_Arab"),
        ("fa", "pes_Arab"),
        ("fi", None),
    ],
)
def test_nllb(tag: str, token: str | None) -> None:
    assert in_vocabulary(tag, "{}", FLORES) == token


@pytest.mark.parametrize(
    ("tag", "form", "vocabulary", "token"),
    [
        ("sv", ">>{}<<", [">>swe<<", ">>dan<<"], ">>swe<<"),
        ("sv", ">>{}<<", [">>sv<<", ">>da<<"], ">>sv<<"),
        ("zh", ">>{}<<", [">>cmn_Hans<<", ">>cmn_Hant<<"], ">>cmn_Hans<<"),
        ("nb", "__{}__", ["__no__", "__sv__"], "__no__"),
        ("fil", "__{}__", ["__tl__"], "__tl__"),
        ("sv", "<2{}>", ["<2sv>"], "<2sv>"),
        ("sv", "<2{}>", ["<2svx>", "sv"], None),
    ],
)
def test_other_vocabularies(tag: str, form: str, vocabulary: list[str], token: str | None) -> None:
    assert in_vocabulary(tag, form, vocabulary) == token


def test_names_and_codes() -> None:
    assert (iso3("da"), iso3("gsw"), english("sv-FI"), english("gsw"), script_of("sr")) == (
        "dan",
        "gsw",
        "Swedish",
        "gsw",
        "Cyrl",
    )


@pytest.mark.parametrize("tag", ["", "svenska språket", "s", 3, None, "sv_SE"])
def test_no_tag_is_no_language(tag: object) -> None:
    with pytest.raises(PluginError, match="language tag"):
        check_tag(tag, "source")


def test_an_unknown_language_of_two_letters_is_told() -> None:
    with pytest.raises(PluginError, match="three letters"):
        iso3("qq")
