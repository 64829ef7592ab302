"""Captions of a made-up world: sentences by hand, word order and agreement, and where the chosen words stand."""

import re

import pytest
from harness_plugins.video.world.grammar import caption
from harness_plugins.video.world.lexicon import lexicon
from harness_plugins.video.world.scenes import draw_scene
from harness_plugins.video.world.settings import world_of
from harness_plugins.video.world.words import CLASSES, LANGUAGES

TERMS = {term.key: (name, term) for name, kind in CLASSES.items() for term in (*kind.seen, *kind.unseen)}
EN_WORDS = re.compile(r"\b[Aa]n? ([a-zé]+)")


def said(*keys):
    return dict(TERMS[key] for key in keys)


SENTENCES = [
    (
        ("red", "circle", "falls", "big", "house"),
        "En röd cirkel faller bredvid ett stort hus.",
        "A red circle falls beside a big house.",
    ),
    (
        ("green", "star", "rises", "small", "tree", "Monday"),  # the finite verb in the second place
        "På måndagen stiger en grön stjärna bredvid ett litet träd.",
        "On Monday a green star rises beside a small tree.",
    ),
    (
        ("brave", "thought", "remembers", "secret", "promise", "Anna", "believes", "calm"),
        "Anna tror att en modig tanke minns bredvid ett hemligt löfte. Stämningen är lugn.",
        "Anna believes that a brave thought remembers beside a secret promise. The mood is calm.",
    ),
    (
        ("turquoise", "crescent", "glides", "low", "fence", "cloudy"),
        "En turkos halvmåne glider bredvid ett lågt staket. Vädret är mulet.",
        "A turquoise crescent glides beside a low fence. The weather is cloudy.",
    ),
    (("red", "falls"), "En röd figur faller bredvid ett föremål.", "A red shape falls beside a thing."),
    ((), "En figur syns bredvid ett föremål.", "A shape appears beside a thing."),
]


@pytest.mark.parametrize(("keys", "swedish", "english"), SENTENCES)
def test_sentences(keys, swedish, english):
    for language, wanted in (("sv", swedish), ("en", english)):
        text, words = caption(language, said(*keys), beside=True)
        assert text == wanted
        assert sorted(word.term for word in words) == sorted(keys)


def test_without_a_second_thing():
    text, _ = caption("sv", said("red", "circle", "falls", "Friday"), beside=False)
    assert text == "På fredagen faller en röd cirkel."


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_stand_where_they_are_said_to_stand(language):
    world, _ = world_of({"seed": 4, "second": 0.7})
    entries = lexicon(world)
    texts = set()
    for clip in range(300):
        scene = draw_scene(world, entries, clip)
        text, words = caption(language, scene.said, scene.beside)
        texts.add(text)
        assert [word.start for word in words] == sorted(word.start for word in words)
        assert {word.word_class for word in words} == set(scene.said)
        for word in words:
            assert text[word.start : word.end] == word.word
            form = scene.said[word.word_class].form(language, CLASSES[word.word_class].gender)
            assert word.word.casefold() == form.casefold()
            assert not text[word.start - 1 : word.start].isalpha()
            assert not text[word.end].isalpha()
        assert re.fullmatch(r"[A-ZÅÄÖ][^.]*\.( [A-ZÅÄÖ][^.]*\.)?", text)
        assert "  " not in text
    assert len(texts) > 290


@pytest.mark.parametrize("classes", [("colour", "form", "motion", "size", "landmark"), ("form", "landmark"), ("motion",)])
def test_articles(classes):
    world, _ = world_of({"classes": classes})
    entries = lexicon(world)
    for clip in range(200):
        scene = draw_scene(world, entries, clip)
        english = caption("en", scene.said, scene.beside)[0]
        assert not re.search(r"\ban\b|\ba [aeiou]", english)
        swedish = caption("sv", scene.said, scene.beside)[0]
        # every "ett" is followed by words of the neuter alone, every "en" by those of the common gender
        for article, first, second in re.findall(r"\b(en|ett) (\w+)(?: (\w+))?", swedish.casefold()):
            for word in (first, second):
                genders = {
                    gender
                    for name in ("colour", "form", "size", "landmark")
                    for term in (*CLASSES[name].seen, *CLASSES[name].unseen)
                    for gender in (("common", "neuter") if CLASSES[name].pos == "ADJ" else (CLASSES[name].gender,))
                    if term.form("sv", gender) == word
                }
                assert not genders or {"en": "common", "ett": "neuter"}[article] in genders
