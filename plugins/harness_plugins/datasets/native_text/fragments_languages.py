"""Which fragments are in another language than they are to be, told for all texts of a document at once."""

import unicodedata
from collections.abc import Sequence

from harness.errors import PluginError
from harness_plugins.datasets.native_text.fragment import Fragment, Reason

MARGIN = 5.0  # nats by which another language has to be likelier, as in the step `languages` of a build
_WORDS = 12  # of which a text is looked at


class ForeignLanguage:
    """Another language is likelier by more than 5 nats, of the whole or of a block of 12 words or more (py3langid).

    The reason's detail is the likelier language, of the first such text. A language that the model does not know is not judged.
    """

    __name__ = "foreign_language"

    def __call__(self, fragment: Fragment) -> Reason | None:
        return self.many([fragment])[0]

    def many(self, fragments: Sequence[Fragment]) -> list[Reason | None]:
        """What it says of each; PluginError where py3langid is not installed."""
        asked = [(place, text) for place, one in enumerate(fragments) for text in _texts(one) if len(text.split()) >= _WORDS]
        likely = _likely([text for _, text in asked], [fragments[place].language for place, _ in asked])
        found: list[Reason | None] = [None] * len(fragments)
        for (place, _), other in zip(asked, likely, strict=True):
            if found[place] is None and other is not None:
                found[place] = Reason("foreign-language", other)
        return found


foreign_language = ForeignLanguage()


def _texts(fragment: Fragment) -> list[str]:
    """The fragment's text, then those of its blocks where it has several."""
    if len(fragment.blocks) < 2:
        return [fragment.text]
    begin = fragment.start
    return [fragment.text, *(fragment.text[block.start - begin : block.end - begin] for block in fragment.blocks)]


def _likely(texts: Sequence[str], languages: Sequence[str]) -> list[str | None]:
    """For each text the language that is likelier than the declared one, or None."""
    from harness.build.languages import PACKAGE, PIP_LINE, language_model

    model = language_model()
    if model is None:
        raise PluginError(f"telling languages apart needs the package {PACKAGE}: {PIP_LINE}")
    if not texts:
        return []
    looks = model.looks([unicodedata.normalize("NFC", text) for text in texts], languages, MARGIN)
    ahead = looks.judged & (looks.ahead > MARGIN)
    return [model.languages[place] if is_ahead else None for place, is_ahead in zip(looks.likely.tolist(), ahead, strict=True)]
