"""Whether an instruction is in the language of its response."""

from collections.abc import Sequence

MARGIN = 5.0  # nats by which another language has to be likelier, as in the step `languages` of a build
_WORDS = 4  # of which a text is looked at


def wrong_languages(texts: Sequence[str], language: str) -> list[str | None]:
    """The language that each text looks like where that is another one; None where it is right, or nothing can be said (too few
    words, or the package py3langid is not installed)."""
    from harness.build.languages import language_model

    model = language_model()
    if model is None or not texts:
        return [None] * len(texts)
    looks = model.looks(texts, [language] * len(texts), MARGIN)
    return [
        model.languages[int(looks.likely[place])]
        if looks.judged[place] and looks.ahead[place] >= MARGIN and len(text.split()) >= _WORDS
        else None
        for place, text in enumerate(texts)
    ]
