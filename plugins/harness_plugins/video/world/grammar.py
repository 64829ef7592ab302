"""Captions: one sentence or two about a clip, in Swedish or English, with the place of every word that was chosen."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness_plugins.video.world.words import CLASSES, Gender, Term

_ARTICLES: Mapping[str, Mapping[Gender, str]] = {
    "sv": {"common": "en", "neuter": "ett"},
    "en": {"common": "a", "neuter": "a"},  # no word that can follow begins with a vowel
}
_FIXED: Mapping[str, Mapping[str, str]] = {
    "sv": {
        "form": "figur",
        "motion": "syns",
        "landmark": "föremål",
        "beside": "bredvid",
        "on": "på",
        "that": "att",
        "mood": "stämningen är",
        "weather": "vädret är",
    },
    "en": {
        "form": "shape",
        "motion": "appears",
        "landmark": "thing",
        "beside": "beside",
        "on": "on",
        "that": "that",
        "mood": "the mood is",
        "weather": "the weather is",
    },
}


class Said(NamedTuple):
    """A chosen word in a caption: its class and where it stands, in characters, end exclusive."""

    word: str
    term: str
    word_class: str
    start: int
    end: int


class Piece(NamedTuple):
    """A run of a caption before it is joined: words of the frame, or a chosen word of a class."""

    text: str
    term: str = ""
    word_class: str = ""


def caption(language: str, said: Mapping[str, Term], beside: bool) -> tuple[str, tuple[Said, ...]]:
    """The caption that says these terms (class → term), and its chosen words in the order of the text.

    Of the classes `day` and `name` with `opinion` one opens the caption; `mood` or `weather` is a second sentence. A class that
    is not said has a word of the frame in its place, or none. `beside`: whether a second thing is named.
    """
    sentences = [_first(language, said, beside)]
    closings = [name for name in ("mood", "weather") if name in said]
    sentences += [[Piece(_FIXED[language][name]), _chosen(language, said, name)] for name in closings]
    return _joined(sentences)


def _first(language: str, said: Mapping[str, Term], beside: bool) -> list[Piece]:
    fixed = _FIXED[language]
    subject = _noun_phrase(language, said, "colour", "form")
    verb = _chosen(language, said, "motion")
    place = [Piece(fixed["beside"]), *_noun_phrase(language, said, "size", "landmark")] if beside else []
    if "day" in said:
        opening = [Piece(fixed["on"]), _chosen(language, said, "day")]
        # Swedish has its finite verb in the second place of a main clause
        return [*opening, verb, *subject, *place] if language == "sv" else [*opening, *subject, verb, *place]
    if "name" in said:
        opening = [_chosen(language, said, "name"), _chosen(language, said, "opinion"), Piece(fixed["that"])]
        return [*opening, *subject, verb, *place]
    return [*subject, verb, *place]


def _noun_phrase(language: str, said: Mapping[str, Term], adjective: str, noun: str) -> list[Piece]:
    gender = CLASSES[noun].gender
    quality = [_chosen(language, said, adjective)] if adjective in said else []
    return [Piece(_ARTICLES[language][gender]), *quality, _chosen(language, said, noun)]


def _chosen(language: str, said: Mapping[str, Term], name: str) -> Piece:
    """The term of this class as it is written here, or the word of the frame where none is said."""
    if name not in said:
        return Piece(_FIXED[language][name])
    return Piece(said[name].form(language, CLASSES[name].gender), said[name].key, name)


def _joined(sentences: Iterable[Sequence[Piece]]) -> tuple[str, tuple[Said, ...]]:
    text, found = "", []
    for sentence in sentences:
        for number, piece in enumerate(sentence):
            text += " " if text else ""
            written = piece.text[:1].upper() + piece.text[1:] if number == 0 else piece.text
            if piece.word_class:
                found.append(Said(written, piece.term, piece.word_class, len(text), len(text) + len(written)))
            text += written
        text += "."
    return text, tuple(found)
