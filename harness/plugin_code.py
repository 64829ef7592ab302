"""The code of a plugin that is a plain file: the file itself and what lies beside it and is imported, by it or on from there."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path


def plugin_code_digest(file: Path) -> str:
    """sha256 over the file's content and, where it imports modules or packages from its own folder, over theirs.

    Imports inside functions count too, since they run when a metric scores; modules that are made by other means do not. Raises
    OSError where the file cannot be read.
    """
    sha = hashlib.sha256(file.read_bytes())
    for path in sorted(_beside(file, set()) - {file}):
        sha.update(f"\0{path.relative_to(file.parent).as_posix()}\0".encode("utf-8", "surrogateescape"))
        sha.update(hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()


def _beside(file: Path, seen: set[Path]) -> set[Path]:
    """The file and all that it imports from its folder, and so on."""
    seen.add(file)
    for name in _imported(file):
        module, package = file.parent / f"{name}.py", file.parent / name
        found = [module] if module.is_file() else sorted(package.rglob("*.py")) if (package / "__init__.py").is_file() else []
        for path in found:
            if path not in seen:
                _beside(path, seen)
    return seen


def _imported(file: Path) -> Iterator[str]:
    """First names of everything that the file imports, anywhere in it; nothing of a file that is no Python."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
