"""Whether builders, judgment sources, generators, trainers and commands keep what the harness relies on.

`check_builder`, `check_judgments`, `check_generator`, `check_trainer` and `check_command` are for tests: each passes, or raises
one AssertionError with every problem, one a line. `find_problems` returns them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import HarnessError, MissingExtra
from harness.records import Example
from harness.registry import PluginRef, Registry
from harness.testing.command_checks import try_command
from harness.testing.model_checks import try_generator, try_trainer
from harness.testing.row_checks import try_builder, try_judgments
from harness.testing.trial import Findings, Trial


def check_builder(name: str, params: Mapping[str, Any] | None = None) -> None:
    """The installed builder yields valid rows with ids of their own, and the same ones whenever and wherever it is asked."""
    __tracebackhide__ = True
    _raise("dataset builder", name, find_problems("dataset builder", name, params))


def check_judgments(name: str, params: Mapping[str, Any] | None = None) -> None:
    """The installed judgment source describes itself, and yields valid records in order, the same ones whenever it is asked."""
    __tracebackhide__ = True
    _raise("judgment source", name, find_problems("judgment source", name, params))


def check_generator(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    examples: Sequence[Example] | None = None,
    alternatives: Mapping[str, Sequence[Any]] | None = None,
    without_effect: Sequence[str] = (),
) -> None:
    """The installed generator answers each example, in order; under one signature it says one thing.

    `examples`: what it is asked, else four short instructions. `alternatives`: values to try for parameters whose other values
    cannot be guessed; `without_effect`: parameters that change no output, and so stand in no signature.
    """
    __tracebackhide__ = True
    found = find_problems("generator", name, params, examples=examples, alternatives=alternatives, without_effect=without_effect)
    _raise("generator", name, found)


def check_trainer(name: str, params: Mapping[str, Any] | None = None) -> None:
    """The installed trainer leaves a checkpoint in its folder, nothing elsewhere, and goes on in it when it is called again."""
    __tracebackhide__ = True
    _raise("trainer", name, find_problems("trainer", name, params))


def check_command(name: str) -> None:
    """The installed command loads, and its help says what it and each of its options does."""
    __tracebackhide__ = True
    from harness.cli.main import command_points

    points = command_points().get(name)
    if points is None:
        raise AssertionError(f"no installed command is called {name!r}: name it in the entry points of group harness.commands")
    _raise("command", name, try_command(name, points))


def find_problems(
    kind: str,
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    registry: Registry | None = None,
    examples: Sequence[Example] | None = None,
    alternatives: Mapping[str, Sequence[Any]] | None = None,
    without_effect: Sequence[str] = (),
    elsewhere: bool = True,
) -> Findings:
    """What a trial of the plugin finds; `kind` is "dataset builder", "judgment source", "generator" or "trainer".

    `elsewhere`: whether a fresh process is asked as well, which takes as long as its imports.

    MissingExtra, where a package is not installed, is raised: nothing is wrong with the plugin then.
    """
    if registry is None:
        from harness.plugins import load_plugins

        registry = load_plugins()
    ref = PluginRef(name, dict(params or {}))
    trial = Trial(registry, kind, ref, dict(alternatives or {}), frozenset(without_effect), elsewhere)
    try:
        if kind == "dataset builder":
            return try_builder(trial)
        if kind == "judgment source":
            return try_judgments(trial)
        if kind == "generator":
            return try_generator(trial, examples)
        return try_trainer(trial)
    except MissingExtra:
        raise
    except HarnessError as error:
        found = Findings()
        found.add("protocol", str(error))
        return found


def _raise(kind: str, name: str, found: Findings) -> None:
    __tracebackhide__ = True
    if found.problems:
        listed = "\n".join(f"- {problem}" for problem in found.problems)
        raise AssertionError(f"{kind} {name!r} has {len(found.problems)} problem(s):\n{listed}")
