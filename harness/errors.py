"""Errors that a user is meant to read: what happened, where, and what to do next."""

from collections.abc import Iterable


class HarnessError(Exception):
    """Wrong use or bad input. The command line prints its message without a traceback and exits with 2."""


class InputError(HarnessError):
    """A file or a record that cannot be used; the message names the file and the line."""


class AbsentData(InputError):
    """Data that is not on this machine at all; the message says how to get it."""


class ConfigError(HarnessError):
    """A run config that cannot be used; the message names the file, the line and the key."""


class PluginError(HarnessError):
    """A plugin that cannot be found, loaded or built, or that breaks its protocol."""


class MissingExtra(PluginError):
    """A plugin needs a package that an optional extra installs."""


class ExecutorError(HarnessError):
    """Workers that died or could not be started. What was finished is kept, and the same command goes on from there."""


class ConnectionProblem(HarnessError):
    """A language model that cannot be asked: no server, no key, no such model. What was received is kept."""


class StoreProblem(HarnessError):
    """The store of replies cannot be read or written. Nothing is asked then: what cannot be kept would be paid for twice."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`" Did you mean 'chrf'?"` when a known word is close, else the known words, else nothing."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(word, names, n=2, cutoff=0.6)
    if close:
        return " Did you mean " + " or ".join(repr(name) for name in close) + "?"
    return f" Known: {', '.join(names)}." if names else ""
