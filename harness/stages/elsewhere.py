"""A plugin that another process builds again: from where it is loaded there, and in what it must be the same."""

from collections.abc import Iterator
from contextlib import contextmanager

import harness
from harness.executors.plugin_files import PluginFile
from harness.executors.same_code import package_of
from harness.plugins import load_plugins
from harness.registry import Registry


def file_to_send(origin: str | None, code: str) -> PluginFile | None:
    """The plugin's plain file (`origin`, whose digest is `code`), which travels; None for one that is installed everywhere."""
    return PluginFile.read(origin) if code and origin is not None else None


@contextmanager
def plugins_there(file: PluginFile | None) -> Iterator[Registry]:
    """What a worker has installed, and the plain file that was sent to it."""
    if file is None:
        yield load_plugins([])
        return
    with file.on_disk() as path:
        yield load_plugins([str(path)])


def identity(kind: str, version: str, code: str, signature: str) -> dict[str, str]:
    """What must be the same for a plugin of that kind to give the same results; for `check_same`."""
    return {
        "harness": harness.__version__,
        "the plugin's version": version,
        "the plugin file's sha256": code,
        f"the {kind}'s signature": signature,
    }


def packages_of(*things: object) -> tuple[str, ...]:
    """The import packages in which classes and functions are written, for `Job.packages`."""
    return tuple(name for name in map(package_of, things) if name)
