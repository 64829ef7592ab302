"""Translations that are kept: a text is translated once, in every build of every config, until its translator changes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.cache import Cache, cache_key
from harness.errors import HarnessError, PluginError
from harness_plugins.datasets.translators.base import Translated, Translator

if TYPE_CHECKING:
    from harness.chat.messages import CallPlan

NAMESPACE = "translations"
_BATCH = 256  # texts of one call of the translator, which is what a kill can lose


class Cached:
    """A Translator whose successes lie in the cache under its signature, its languages and the text; failures are tried again.

    `hits`: results that were there, `asked`: different texts that were translated, `repeated`: results that came with an equal
    text of the same call, `failed`: texts without a translation. `batch`: texts of one call of the translator, by default its own
    `batch`, or 256; they are of like length. What a text becomes does not depend on what else is asked.
    """

    def __init__(self, translator: Translator, cache: Cache | None = None, *, batch: int | None = None) -> None:
        self.translator = translator
        self.signature = translator.signature
        self.unit = translator.unit
        self.hits = self.asked = self.repeated = self.failed = 0
        self._cache = cache or Cache()
        self._batch = batch or getattr(translator, "batch", None) or _BATCH
        self._pair = f"{getattr(translator, 'source', '')}-{getattr(translator, 'target', '')}"

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """One result a text, in order; what is translated is kept batch by batch."""
        known = self._kept(texts)
        self.hits += sum(text in known for text in texts)
        lacking = [text for text in dict.fromkeys(texts) if text not in known]
        self.repeated += sum(text not in known for text in texts) - len(lacking)
        self.asked += len(lacking)
        lacking.sort(key=len)  # stable: the order of equal lengths is the caller's
        for start in range(0, len(lacking), self._batch):
            some = lacking[start : start + self._batch]
            for text, result in zip(some, asked(self.translator, some), strict=True):
                known[text] = result
                if result.text is None:
                    self.failed += 1
                else:
                    self._cache.put(self._key(text), _bytes(result.text), namespace=NAMESPACE)
        return [known[text] for text in texts]

    def plan(self, texts: Sequence[str]) -> "Sequence[CallPlan]":
        """The calls of models that translating would take; none for a translator that asks no models."""
        planned = getattr(self.translator, "plan", None)
        known = self._kept(texts)
        return list(planned([text for text in dict.fromkeys(texts) if text not in known])) if planned is not None else []

    def _kept(self, texts: Sequence[str]) -> dict[str, Translated]:
        found: dict[str, Translated] = {}
        for text in dict.fromkeys(texts):
            kept = self._cache.get(self._key(text), namespace=NAMESPACE)
            if kept is not None:
                found[text] = Translated(kept.decode("utf-8", "surrogatepass"))
        return found

    def _key(self, text: str) -> str:
        return cache_key(signature=self.signature, languages=self._pair, text=text)


def asked(translator: Translator, texts: Sequence[str]) -> list[Translated]:
    """What the translator says, one result a text; a plain text counts as a translation, None as none.

    PluginError under the translator's name for whatever a stranger's one raises, and for results that are not one a text.
    """
    name = f"translator {str(translator.signature)!r:.80}"
    try:
        found = list(translator.translate(texts))
    except (HarnessError, OSError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit() among it, which would end a build as if it had succeeded
        raise PluginError(f"{name} failed: {type(error).__name__}: {error}") from error
    if len(found) != len(texts):
        raise PluginError(f"{name} gave {len(found)} results for {len(texts)} texts; it is to give one a text, in order")
    return [_result(result, name) for result in found]


def _result(result: object, name: str) -> Translated:
    if isinstance(result, str) or result is None:
        result = Translated(result, None if result is not None else "error")
    if not isinstance(result, Translated) or not isinstance(result.text, (str, type(None))):
        raise PluginError(f"{name} gave {type(result).__name__} for a text; it is to give Translated(text, reason)")
    return result


def _bytes(text: str) -> bytes:
    """Half characters, which no UTF-8 holds, are kept too."""
    return text.encode("utf-8", "surrogatepass")
