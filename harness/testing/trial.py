"""A plugin that is being tried: how it is built, what was found wrong with it, and what a fresh process says of it."""

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.protocols import PluginSpec
from harness.registry import PluginRef, Registry

_SECONDS = 300  # of a fresh process: imports of large libraries
_NOT_FOUND = 4  # as in harness.testing.fresh


@dataclass(frozen=True)
class PluginProblem:
    """What is wrong: which check found it, and a sentence that says what to do."""

    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


@dataclass
class Findings:
    """What a trial found: the problems, and a few words on what was tried, for people."""

    problems: list[PluginProblem] = field(default_factory=list)
    tried: str = ""

    def add(self, check: str, message: str) -> None:
        """Notes a problem, each only once."""
        problem = PluginProblem(check, message)
        if problem not in self.problems:
            self.problems.append(problem)


@dataclass(frozen=True)
class Trial:
    """A plugin with its parameters. `alternatives`: values to try for parameters whose other values cannot be guessed;
    `without_effect`: parameters that change nothing of what it yields; `elsewhere`: whether a fresh process is asked too."""

    registry: Registry
    kind: str
    ref: PluginRef
    alternatives: Mapping[str, Any] = field(default_factory=dict)
    without_effect: frozenset[str] = frozenset()
    elsewhere: bool = True

    @property
    def spec(self) -> PluginSpec:
        """What the plugin says of itself."""
        return self.registry.find(self.kind, self.ref.name).spec

    def built(self) -> Any:
        """The plugin, built anew."""
        return self.registry.build(self.kind, self.ref)


def told(error: BaseException) -> str:
    """The error and the line of the plugin at which it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def digest_elsewhere(trial: Trial, method: str, limit: int) -> str | None:
    """The digest of what `method` yields in a fresh interpreter with another seed of hashes.

    None where no other process can find what builds it (a plain file, a class made in a function). RuntimeError with the last
    line of stderr where it fails there.
    """
    try:
        sent = pickle.dumps((trial.spec.build, dict(trial.ref.params), method, limit))
        pickle.loads(sent)
    except Exception:  # whatever a stranger's class raises when it is pickled: then nothing can be said
        return None
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    code = "from harness.testing.fresh import rows; rows()"
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, env=environment, timeout=_SECONDS)
    if done.returncode == _NOT_FOUND:
        return None
    if done.returncode:
        raise RuntimeError("".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:]))
    return done.stdout.decode()
