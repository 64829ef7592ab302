"""What users bring as `package.module:name`: found among the installed packages, or else in the current folder."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, PluginError, did_you_mean


def by_name(reference: str, what: str) -> Any:
    """What `package.module:name` says: the module is imported, if need be from the current folder, which is on the path for the
    import alone and behind the installed packages. `what`: how errors name it.

    Raises PluginError that says where it was looked for.
    """
    module, _, name = reference.partition(":")
    try:
        with _current_folder():
            found = importlib.import_module(module)
    except HarnessError:
        raise
    except Exception as error:  # isolation: a stranger's module may raise whatever it likes when it is imported
        absent = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")
        where = f"; it was looked for among the installed packages and in the current folder, {Path.cwd()}" if absent else ""
        raise PluginError(f"{what} cannot be loaded: {type(error).__name__}: {error}{where}") from error
    try:
        return getattr(found, name)
    except AttributeError as error:
        public = [one for one in vars(found) if not one.startswith("_")]
        near = did_you_mean(name, public).partition(" Known:")[0]
        where = getattr(found, "__file__", None) or "built into Python"
        raise PluginError(f"{what} cannot be loaded: AttributeError: {error} ({where}).{near}") from error


@contextmanager
def _current_folder() -> Iterator[None]:
    """The current folder on the path, last, for as long as the context lasts."""
    folder = str(Path.cwd())
    importlib.invalidate_caches()  # a file that was written a moment ago
    sys.path.append(folder)
    try:
        yield
    finally:
        for place in range(len(sys.path) - 1, -1, -1):  # the one that was added: what was imported may have changed the path
            if sys.path[place] == folder:
                del sys.path[place]
                break
