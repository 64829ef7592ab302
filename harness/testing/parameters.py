"""Other values for a metric's parameters, to see whether its signature tells them apart."""

import inspect
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from harness.protocols import PluginSpec
from harness.registry import parameters

# Where and how fast something is computed, by the names that are usual: no score may depend on it, so no signature has it.
WITHOUT_EFFECT = frozenset({"batch_size", "batch_tokens", "device", "threads", "workers", "concurrency", "cache", "verbose"})


def varied(spec: PluginSpec, given: Mapping[str, Any], named: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """For each parameter of `build` the values to try instead of the one it has; an empty list where none can be guessed.

    `named`: values by parameter, which overrule guessing. Guessed are other members of a Literal, the other truth value, and
    numbers next to the default (by a fraction too, where it takes fractions: a signature may round).
    """
    found: dict[str, list[Any]] = {}
    hints = _hints(spec)
    for name, parameter in (parameters(spec) or {}).items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or name in WITHOUT_EFFECT:
            continue
        value = given.get(name, parameter.default)
        if name in named:
            found[name] = list(named[name])
        elif value is not inspect.Parameter.empty:
            found[name] = _others(value, hints.get(name))
    return found


def _hints(spec: PluginSpec) -> dict[str, Any]:
    build: Any = spec.build
    try:
        return typing.get_type_hints(getattr(build, "__init__") if isinstance(build, type) else build)  # noqa: B009 – mypy
    except Exception:  # annotations that cannot be evaluated here say nothing, whatever they raise
        return {}


def _others(value: Any, hint: Any) -> list[Any]:
    literals = [other for other in _literals(hint) if other != value]
    if literals:
        return literals
    if isinstance(value, bool):
        return [not value]
    fractions = [value + 0.25] if isinstance(value, float) or (isinstance(value, int) and _takes_fractions(hint)) else []
    if isinstance(value, int):
        return [value + 1, *fractions]
    if isinstance(value, float):
        return [value / 2 if value else 0.5, *fractions]
    return []


def _takes_fractions(hint: Any) -> bool:
    """Whether a whole number is only one of the values that it may have."""
    return hint is float or float in typing.get_args(hint)


def _literals(hint: Any) -> list[Any]:
    if typing.get_origin(hint) is Literal:
        return list(typing.get_args(hint))
    return [one for part in typing.get_args(hint) for one in _literals(part)]
