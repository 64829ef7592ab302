"""What a translator must be able to do, and how one is found by name."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import signature
from typing import Any, NamedTuple, Protocol, runtime_checkable

from harness.errors import PluginError, did_you_mean

_HOME = "harness_plugins.datasets.translators"
# name → module and class; each is built with the keyword parameters `source`, `target` (BCP-47) and those of the config
NAMES: dict[str, str] = {
    "table": f"{_HOME}.table:TableTranslator",
    "apertium": f"{_HOME}.apertium:ApertiumTranslator",
    "seq2seq": f"{_HOME}.seq2seq:Seq2SeqTranslator",
    "ctranslate2": f"{_HOME}.ctranslate2:CTranslate2Translator",
    "llm": f"{_HOME}.llm:LlmTranslator",
}


class Translated(NamedTuple):
    """A text in the target language, or None with the reason in kebab-case.

    `not-in-table`, `cut-off`, `too-long`, `error`; of language models also `refused`, `chatter`, `length`, `line-breaks`,
    `untranslated`, `empty`, `not-stored`, `over-budget`.
    """

    text: str | None
    reason: str | None = None


@runtime_checkable
class Translator(Protocol):
    """Translates texts between two languages that were given when it was built.

    `signature` names the engine, its model by digest or by name and host, and everything that changes what it says: it is
    part of every cache key and of a row's provenance. `unit` is the longest text that it takes well: one sentence, or a whole
    text with its paragraphs (an LLM, a rule-based engine).
    """

    signature: str
    unit: str  # "sentence" or "text"

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """One result a text, in order; line breaks inside a text stay where they are. What a text becomes does not depend on the
        other texts of the call, but for the last digit of a neural model's arithmetic."""
        ...


def translator(value: str | Mapping[str, Any], source: str, target: str) -> Translator:
    """The translator that a config names: `apertium`, `{name: seq2seq, model: …}`, `my_package.module:Name`.

    Raises PluginError for an unknown name, for parameters that it does not take, and where it is no Translator.
    """
    params = dict(value) if isinstance(value, Mapping) else {"name": value}
    name = params.pop("name", None)
    if not isinstance(name, str) or not name:
        raise PluginError("a translator is a name, or keys and values with `name:` among them")
    where = NAMES.get(name, name)
    if ":" not in where:
        raise PluginError(f"unknown translator {name!r}.{did_you_mean(name, NAMES)} Your own is given as `package.module:name`.")
    build = _load(where)
    _check(name, build, params)
    made = build(source=source, target=target, **params)
    if not isinstance(made, Translator):
        raise PluginError(f"translator {name!r}: {type(made).__name__} lacks `signature`, `unit` or `translate`")
    if made.unit not in ("sentence", "text"):
        raise PluginError(f"translator {name!r}: its `unit` is 'sentence' or 'text', got {made.unit!r:.60}")
    return made


def _check(name: str, build: Callable[..., Any], params: Mapping[str, Any]) -> None:
    """Raises PluginError for a parameter that the translator does not take, or one that it lacks."""
    try:
        takes = signature(build)
    except ValueError:  # what is written in C may not tell
        return
    own = [key for key in takes.parameters if key not in ("source", "target")]
    try:
        takes.bind(source=None, target=None, **params)
    except TypeError as error:
        unknown = next((key for key in params if key not in takes.parameters), None)
        hint = did_you_mean(str(unknown), own) if unknown is not None else f" Its parameters: {', '.join(own)}."
        raise PluginError(f"translator {name!r}: {error}.{hint}") from error


def _load(where: str) -> Callable[..., Any]:
    module, _, name = where.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PluginError(f"translator {where!r} cannot be loaded: {error}") from error
    if not callable(found):
        raise PluginError(f"translator {where!r} is not callable")
    loaded: Callable[..., Any] = found
    return loaded
