"""Whether a worker runs the same code as the process that takes its answers: results would silently differ otherwise."""

import hashlib
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module, metadata
from pathlib import Path

from harness.errors import PluginError


def code_of(packages: Iterable[str]) -> dict[str, str]:
    """Per package its version with a digest of all its Python files, or "not installed"."""
    return {name: _package(name) for name in sorted(set(packages))}


def package_of(thing: object) -> str | None:
    """The name of the top package in which a class or function is written, unless that is a script or Python's own."""
    name = str(getattr(thing, "__module__", None) or "").partition(".")[0]
    module = sys.modules.get(name)
    return name if module is not None and hasattr(module, "__path__") and name not in sys.stdlib_module_names else None


def check_same(label: str, here: Mapping[str, str], there: Mapping[str, str], where: str) -> None:
    """Raises PluginError naming every difference between what the sender has (`here`) and what the worker has (`there`)."""
    differing = [name for name in sorted({*here, *there}) if here.get(name) != there.get(name)]
    if differing:
        said = "; ".join(f"{name} is {here.get(name)!r} here and {there.get(name)!r} there" for name in differing)
        raise PluginError(
            f"{label}: the worker on {where} would not give the same results: {said}. Install the same versions on both"
        )


def _package(name: str) -> str:
    try:
        module = import_module(name)
    except ModuleNotFoundError:
        return "not installed"
    digest = hashlib.sha256()
    for folder in map(Path, module.__path__):
        for file in sorted(folder.rglob("*.py")):
            digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    version = getattr(module, "__version__", None) or _distribution_version(name)
    return f"{version} ({digest.hexdigest()[:12]})"


def _distribution_version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "no version"
