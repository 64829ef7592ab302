"""How the families of translation models are told their languages: Marian, M2M100, NLLB, and MADLAD among the T5s."""

import re
from typing import Any, NamedTuple

from harness.errors import PluginError, did_you_mean
from harness_plugins.datasets.translators.languages import in_vocabulary

_MARIAN, _M2M, _NLLB, _MADLAD = ">>{}<<", "__{}__", "{}", "<2{}>"
_FLORES = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}\Z")
_TYPES = {"marian": "marian", "m2m_100": "m2m100", "nllb-moe": "nllb", "t5": "t5"}


class Direction(NamedTuple):
    """How a model is told to translate. `first`: token ids before those of the source. `forced`: the token that the translation
    begins with. `label` names the codes, for signatures."""

    family: str
    first: tuple[int, ...]
    forced: int | None
    label: str


def direction(
    name: str, model_type: str, tokenizer: Any, source: str, target: str, source_code: str | None, target_code: str | None
) -> Direction:
    """The direction; sets the tokenizer's source language. The codes, where given, stand as the vocabulary writes them (`sv`,
    `swe_Latn`); PluginError where the vocabulary lacks a language, or the model is of another family."""
    family = _TYPES.get(model_type)
    if family is None:
        raise PluginError(f"model {name!r} is of the type {model_type!r}; the types that translate here: {', '.join(_TYPES)}")
    vocabulary = {**tokenizer.get_vocab(), **getattr(tokenizer, "lang_token_to_id", {})}  # M2M100 keeps its languages apart
    if family == "marian":
        return _marian(name, tokenizer, vocabulary, target, target_code)
    if family == "t5":
        token = _code(name, _MADLAD, vocabulary, target, target_code)
        alone, told = (tokenizer(text)["input_ids"] for text in ("a", f"{token} a"))
        return Direction("madlad", tuple(told[: len(told) - len(alone)]), None, token)
    if family == "m2m100" and any(_FLORES.match(token) for token in vocabulary):
        family = "nllb"
    form = _NLLB if family == "nllb" else _M2M
    if family == "nllb":
        vocabulary = {token: number for token, number in vocabulary.items() if _FLORES.match(token)}  # `en` is a piece of words
    first = _code(name, form, vocabulary, source, source_code)
    last = _code(name, form, vocabulary, target, target_code)
    tokenizer.src_lang = first if family == "nllb" else first.strip("_")
    return Direction(family, (), int(tokenizer.convert_tokens_to_ids(last)), f"{first}>{last}")


def _marian(name: str, tokenizer: Any, vocabulary: Any, target: str, target_code: str | None) -> Direction:
    if not any(token.startswith(">>") and token.endswith("<<") for token in vocabulary):
        if target_code is not None:
            raise PluginError(f"model {name!r} translates into one language: leave out target_code")
        return Direction("marian", (), None, "-")
    token = _code(name, _MARIAN, vocabulary, target, target_code)
    return Direction("marian", (int(tokenizer.convert_tokens_to_ids(token)),), None, token)


def _code(name: str, form: str, vocabulary: Any, tag: str, given: str | None) -> str:
    if given is not None:
        token = form.format(given)
        if token not in vocabulary:
            raise PluginError(f"model {name!r} knows no language {given!r}.{did_you_mean(given, _known(form, vocabulary))}")
        return token
    found = in_vocabulary(tag, form, vocabulary)
    if found is None:
        known = _known(form, vocabulary)
        listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "") if known else "none"
        raise PluginError(
            f"model {name!r} knows no language {tag!r}; those of its vocabulary: {listed}. "
            "Give another model, or the code as its vocabulary writes it (source_code, target_code)"
        )
    return found


def _known(form: str, vocabulary: Any) -> list[str]:
    if form == _NLLB:
        return sorted(token for token in vocabulary if _FLORES.match(token))
    before, after = form.split("{}")
    return sorted(
        token[len(before) : -len(after)]
        for token in vocabulary
        if token.startswith(before) and token.endswith(after) and len(token) > len(before + after)
    )
