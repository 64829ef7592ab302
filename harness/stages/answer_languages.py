"""The language that an answer is in, as it looks, kept in its `meta`: a model asked in Swedish may well answer in English."""

import re
from collections.abc import Sequence

import msgspec

from harness.build.languages import LanguageModel, language_model
from harness.describe.languages import primary_language
from harness.records import Output

KEY = "language"
_FEWEST = 6  # words: of fewer nobody can tell Danish from Swedish
_WORD = re.compile(r"[^\W\d_]+")
_MARGIN = 5.0  # nats by which another language has to be likelier than the example's own


def with_languages(outputs: Sequence[Output], asked_in: str) -> tuple[Output, ...]:
    """The outputs with `meta["language"]`, the primary tag of what each looks like; the example's own where that is about as
    likely.

    Nothing is put where nothing can be said: an answer of fewer than six words, numbers count for none; no text,
    or py3langid not installed. What a generator says of the language itself stands.
    """
    places = [
        place
        for place, output in enumerate(outputs)
        if output.text is not None and KEY not in output.meta and len(_WORD.findall(output.text)) >= _FEWEST
    ]
    model = language_model() if places else None
    if model is None:
        return tuple(outputs)
    found = dict(zip(places, _looks(model, [outputs[place].text or "" for place in places], asked_in), strict=True))
    return tuple(_told(output, found.get(place)) for place, output in enumerate(outputs))


def _looks(model: LanguageModel, texts: list[str], asked_in: str) -> list[str | None]:
    import unicodedata

    import numpy as np

    normal = [unicodedata.normalize("NFC", text) for text in texts]
    if primary_language(asked_in) in model.languages:
        looks = model.looks(normal, [asked_in] * len(normal), _MARGIN)
        pairs = zip(looks.likely.tolist(), looks.judged.tolist(), strict=True)
        return [model.languages[place] if judged else None for place, judged in pairs]
    scores = model.scores(normal)
    names = [primary_language(label) for label in model.labels]
    known = [place for place, name in enumerate(names) if name in model.languages]
    return [None if np.isnan(row[0]) else names[known[int(row[known].argmax())]] for row in scores]


def _told(output: Output, language: str | None) -> Output:
    return output if language is None else msgspec.structs.replace(output, meta={**output.meta, KEY: language})
