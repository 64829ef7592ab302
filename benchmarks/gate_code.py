"""What of the code a run of the gate can load: a digest that other code (builders, trainers, pages) does not change."""

import ast
import hashlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"harness": ".", "harness_plugins": "plugins"}
ROOTS = ("harness.cli.gate", "harness.plugins")  # what is imported from these, as they load or later, is part of it
PLUGINS = ("harness_plugins.metrics", "harness_plugins.judges", "harness_plugins.judgments")  # what a gate may ask
OTHERS = ("pyproject.toml", "configs/gate", "configs/judge")  # files and folders


def code_of(revision: str = "HEAD") -> str:
    """Sixteen characters that change with the content of any file that a run of the gate at the revision can read."""
    packed = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "-x", "-C", folder], input=packed, check=True)
        return digest_of(Path(folder))


def digest_of(tree: Path) -> str:
    """The same of a folder that holds a checkout."""
    found = hashlib.sha256()
    for path in sorted({*_modules(tree), *_others(tree)}):
        found.update(f"{path} {hashlib.sha256((tree / path).read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:16]


def _modules(tree: Path) -> Iterator[str]:
    """The files of the modules that are reached from ROOTS and PLUGINS over any number of imports."""
    files = {
        _name(path.relative_to(tree).as_posix()): path
        for package, place in PACKAGES.items()
        for path in (tree / place / package).rglob("*.py")
    }
    waiting = [name for name in files if name in ROOTS or name.startswith(tuple(f"{one}." for one in PLUGINS))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in files and name not in seen:
            seen.add(name)
            yield files[name].relative_to(tree).as_posix()
            waiting += _imported(files[name])
            waiting += [name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1)]


def _imported(path: Path) -> Iterator[str]:
    """Modules that a file imports anywhere, and names out of them, which may be modules."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def _others(tree: Path) -> Iterator[str]:
    for name in OTHERS:
        paths = (tree / name).rglob("*") if (tree / name).is_dir() else [tree / name]
        yield from (path.relative_to(tree).as_posix() for path in paths if path.is_file())


def _name(path: str) -> str:
    """`plugins/harness_plugins/metrics/rouge.py` → `harness_plugins.metrics.rouge`."""
    return path.removeprefix("plugins/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
