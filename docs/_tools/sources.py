"""Classes and functions as their source writes them: fields with their types, defaults and comments, and docstrings.

The source is read, not run, so that what a page shows does not depend on the version of Python.
"""

import ast
import inspect
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Field:
    """One field of a class; `default` None where it must be given."""

    name: str
    type: str
    default: str | None
    comment: str


@dataclass(frozen=True)
class Function:
    """A function or method: its signature as written, and its docstring."""

    name: str
    signature: str
    doc: str


@dataclass(frozen=True)
class Class:
    """A class with its own fields and public methods."""

    name: str
    bases: tuple[str, ...]
    doc: str
    fields: tuple[Field, ...]
    methods: tuple[Function, ...]


def classes(path: Path) -> list[Class]:
    """The public classes of a module, in their order."""
    text = path.read_text(encoding="utf-8")
    found = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    return [_class(node, text.splitlines()) for node in found]


def functions(path: Path) -> list[Function]:
    """The public functions of a module, in their order."""
    found = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    return [_function(node) for node in found if not node.name.startswith("_")]


def aliases(path: Path) -> dict[str, str]:
    """Names that a module gives to types: `Kind = Literal[…]`."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and ast.unparse(node.value).startswith("Literal[")
        ):
            found[node.targets[0].id] = ast.unparse(node.value)
    return found


def _class(node: ast.ClassDef, lines: list[str]) -> Class:
    fields = [_field(one, lines) for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
    methods = [_function(one) for one in node.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]
    return Class(node.name, tuple(map(ast.unparse, node.bases)), _doc(node), tuple(fields), tuple(methods))


def _field(node: ast.AnnAssign, lines: list[str]) -> Field:
    assert isinstance(node.target, ast.Name)
    annotation = ast.unparse(node.annotation)
    line = lines[(node.end_lineno or node.lineno) - 1]
    comment = line[node.end_col_offset :].partition("#")[2].strip() if node.end_col_offset else ""
    return Field(node.target.id, annotation.strip("'"), None if node.value is None else _default(node.value), comment)


def _default(value: ast.expr) -> str:
    """The default as a reader means it: `field(default_factory=dict)` is `{}`."""
    text = ast.unparse(value)
    return {"field(default_factory=dict)": "{}", "field(default_factory=list)": "[]"}.get(text, text)


def _function(node: ast.FunctionDef) -> Function:
    returns = "" if node.returns is None else f" -> {ast.unparse(node.returns).strip(chr(39))}"
    kinds = "".join(f"@{ast.unparse(one)}\n" for one in node.decorator_list if ast.unparse(one) in ("property", "classmethod"))
    return Function(node.name, f"{kinds}def {node.name}({ast.unparse(node.args)}){returns}", _doc(node))


def _doc(node: ast.ClassDef | ast.FunctionDef) -> str:
    return inspect.cleandoc(ast.get_docstring(node) or "")
