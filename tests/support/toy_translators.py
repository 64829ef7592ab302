"""Translators for tests: what they say is known, and what they break is chosen."""

import re
from collections.abc import Sequence

from harness_plugins.datasets.translators.base import Translated

WORDS = {
    "the": "den", "cat": "katten", "dog": "hunden", "sees": "ser", "write": "skriv", "a": "en", "sentence": "mening",
    "about": "om",
    "and": "och", "is": "är", "file": "filen", "run": "kör", "open": "öppna", "with": "med", "costs": "kostar", "house": "huset",
    "big": "stort", "hello": "hej", "yes": "ja", "no": "nej", "in": "i", "of": "av", "to": "till", "what": "vad", "good": "bra",
}  # fmt: skip


class Dictionary:
    """Word by word; what it does not know it writes backwards, so that nothing comes back untranslated unless it is protected.

    `loses`: a pattern that it leaves out; `unit` as given; `calls` counts the texts that it was asked for.
    """

    def __init__(self, source: str = "en", target: str = "sv", *, loses: str | None = None, unit: str = "text") -> None:
        self.unit, self.signature = unit, f"dictionary|{source}-{target}|loses:{loses}|unit:{unit}"
        self._loses = re.compile(loses) if loses else None
        self.asked: list[str] = []

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        self.asked += texts
        return [Translated(self._one(text)) for text in texts]

    def _one(self, text: str) -> str:
        if self._loses is not None:
            text = self._loses.sub("", text)
        return re.sub(r"(?<![\w⟦])[a-zå-ö]+(?![\w⟧])", lambda found: WORDS.get(found[0], found[0][::-1]), text)


class Twin(Dictionary):
    """Translates `bank` as `bank` the first time and as `strand` from then on, as engines without memory do."""

    def _one(self, text: str) -> str:
        said = sum("bank" in earlier for earlier in self.asked[: self.asked.index(text)])
        return text.replace("bank", "banken" if not said else "stranden")


class Refusing(Dictionary):
    """Has no translation of anything."""

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        return [Translated(None, "refused") for _ in texts]


class Echo(Dictionary):
    """Hands everything back as it was."""

    def _one(self, text: str) -> str:
        return text
