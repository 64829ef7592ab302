"""The world's words: inflection, and that nothing but the picture tells one word of a class from another."""

import pytest
from harness_plugins.video.world.forms import COLOURS, FORMS, LANDMARKS, SIZES
from harness_plugins.video.world.motions import MOTIONS
from harness_plugins.video.world.words import CLASSES, LANGUAGES, SHOWN, TOLD

NEUTER = {
    "röd": "rött",
    "blå": "blått",
    "vit": "vitt",
    "svart": "svart",
    "rosa": "rosa",
    "lila": "lila",
    "liten": "litet",
    "bred": "brett",
    "hög": "högt",
    "sann": "sant",
    "ny": "nytt",
    "känd": "känt",
    "snäll": "snällt",
    "trött": "trött",
    "mulen": "mulet",
    "fuktig": "fuktigt",
}


def test_everything_that_can_be_shown_has_a_picture():
    pictures = {"colour": COLOURS, "form": FORMS, "motion": MOTIONS, "size": SIZES, "landmark": LANDMARKS}
    assert {name: {term.key for term in kind.seen} for name, kind in SHOWN.items()} == {
        name: set(known) for name, known in pictures.items()
    }
    assert all(kind.neutral in {term.key for term in kind.seen} for kind in SHOWN.values())
    assert not any(kind.seen for kind in TOLD.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_in_two_classes(language):
    forms = [term.form(language, kind.gender).casefold() for kind in CLASSES.values() for term in (*kind.seen, *kind.unseen)]
    assert len(set(forms)) == len(forms)


def test_adjectives_agree_with_neuter_nouns():
    terms = {term.sv: term for kind in CLASSES.values() if kind.pos == "ADJ" for term in (*kind.seen, *kind.unseen)}
    for common, neuter in NEUTER.items():
        assert terms[common].form("sv", "neuter") == neuter
        assert terms[common].form("sv", "common") == common
        assert terms[common].form("en", "neuter") == terms[common].key
    # the neuter of all others is regular: -t, which swallows a d and a t
    for common in set(terms) - set(NEUTER):
        if terms[common].neuter:
            assert terms[common].neuter == common + "t"


def test_no_english_word_behind_an_article_begins_with_a_vowel():
    after = [term.key for name in ("colour", "form", "size", "landmark") for term in (*SHOWN[name].seen, *SHOWN[name].unseen)]
    assert not [key for key in after if key[0] in "aeiou"]
