"""Small changes of Python source, one at a time: comparisons, arithmetic, constants, logic, calls, returned values, statements.

Each mutant is a replacement of bytes in the file, so that everything else stays as it is written. Left alone: annotations,
docstrings, texts, decorators, what is raised, `assert`, and what only a type checker reads.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARED = {
    "<": ("<=",), "<=": ("<",), ">": (">=",), ">=": (">",), "==": ("!=",), "!=": ("==",),
    "is not": ("is",), "is": ("is not",), "not in": ("in",), "in": ("not in",),
}  # fmt: skip
_COUNTED = {
    "+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "%": "//", "**": "*", "@": "*",
    "&": "|", "|": "&", "^": "&", "<<": ">>", ">>": "<<",
}  # fmt: skip
_CALLED = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil", "ceil": "floor", "any": "all",
    "all": "any", "zeros": "ones", "ones": "zeros", "mean": "sum", "cumsum": "asarray", "argmin": "argmax", "argmax": "argmin",
    "abs": "float", "sorted": "list", "sqrt": "abs", "median": "mean", "isfinite": "isnan", "lower": "strip", "casefold": "lower",
    "union": "intersection", "intersection": "union", "startswith": "endswith", "append": "extend", "log": "exp",
}  # fmt: skip
_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or",
}  # fmt: skip
_TYPES = {"int", "float", "str", "bytes", "bool", "list", "dict", "tuple", "None"}


@dataclass(frozen=True)
class Mutant:
    """One change: the bytes from `start` to `end` become `new`."""

    kind: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The file's text with the change."""
        data = text.encode()
        return (data[: self.start] + self.new.encode() + data[self.end :]).decode()


def mutants(text: str) -> list[Mutant]:
    """Every mutant of the source that still compiles, in the order of the file."""
    finder = _Finder(text)
    finder.visit(ast.parse(text))
    return sorted((one for one in finder.found if _compiles(one.applied(text))), key=lambda one: (one.start, one.new))


def _compiles(text: str) -> bool:
    try:
        compile(text, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


class _Finder(ast.NodeVisitor):
    def __init__(self, text: str) -> None:
        self.found: list[Mutant] = []
        self._data = text.encode()
        self._lines = [0]
        for line in self._data.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def visit_Raise(self, node: ast.Raise) -> None:
        """Messages are no behaviour that a score shows."""

    visit_Assert = visit_JoinedStr = visit_TypeAlias = visit_Raise

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Defaults and body; no annotations, no decorators."""
        for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]:
            self.visit(default)
        for statement in node.body:
            self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The body."""
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """The value only."""
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        """The test turned round; what only a type checker reads is left alone."""
        if "TYPE_CHECKING" not in ast.dump(node.test):
            self._negate(node.test)
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """The test turned round."""
        self._negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        """What is in it; a test turned round mostly never ends."""
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call for its effect is left out; a docstring stays."""
        if isinstance(node.value, ast.Call):
            self._replace("statement", node, "pass")
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Another operator, or nothing added."""
        old = _OPERATORS[type(node.op)]
        self._between("arithmetic", node.target, node.value, f"{old}=", f"{_COUNTED[old]}=")
        self._replace("statement", node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        """The loop goes on."""
        self._replace("statement", node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        """The loop ends."""
        self._replace("statement", node, "break")

    def visit_Return(self, node: ast.Return) -> None:
        """Nothing is returned, where it was more than a name or a constant."""
        if node.value is not None and not isinstance(node.value, (ast.Constant, ast.Name)):
            self._replace("return", node.value, "None")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Another operator; `int | None` is a type."""
        old = _OPERATORS[type(node.op)]
        texts = any(isinstance(side, ast.JoinedStr) or _is_text(side) for side in (node.left, node.right))
        types = old == "|" and any(ast.unparse(side) in _TYPES for side in (node.left, node.right))
        if not texts and not types:
            self._between("arithmetic", node.left, node.right, old, _COUNTED[old])
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Another comparison."""
        left: ast.expr = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            old = _OPERATORS[type(operator)]
            for new in _COMPARED[old]:
                self._between("comparison", left, right, old, new)
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """`and` for `or`."""
        old = _OPERATORS[type(node.op)]
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between("logic", left, right, old, "or" if old == "and" else "and")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """Without `not`, `-` or `~`."""
        if isinstance(node.op, (ast.Not, ast.USub, ast.Invert)):
            self._replace("logic" if isinstance(node.op, ast.Not) else "arithmetic", node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """A sibling of the function."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if name in _CALLED:
            _, end = self._span(node.func)
            self._add("call", node.lineno, end - len(name), end, _CALLED[name])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """One more and one less; a number that is no whole one doubles; a truth value turns round."""
        if isinstance(node.value, bool):
            self._replace("constant", node, str(not node.value))
        elif isinstance(node.value, int):
            for new in (node.value + 1, node.value - 1):
                self._replace("constant", node, str(new) if new >= 0 else f"({new})")
        elif isinstance(node.value, float):
            self._replace("constant", node, repr(node.value * 2 or 1.0))

    def _negate(self, test: ast.expr) -> None:
        self._replace("logic", test, f"(not ({self._text(test)}))")

    def _between(self, kind: str, left: ast.expr, right: ast.expr, old: str, new: str) -> None:
        start, end = self._span(left)[1], self._span(right)[0]
        words = re.escape(old.encode()).replace(rb"\ ", rb"\s+")
        places = list(re.finditer(words, self._data[start:end]))
        if len(places) == 1:  # else a comment between the sides holds the operator too
            self._add(kind, left.end_lineno or left.lineno, start + places[0].start(), start + places[0].end(), new)

    def _replace(self, kind: str, node: ast.expr | ast.stmt, new: str) -> None:
        self._add(kind, node.lineno, *self._span(node), new)

    def _add(self, kind: str, line: int, start: int, end: int, new: str) -> None:
        self.found.append(Mutant(kind, line, start, end, self._data[start:end].decode(), new))

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._data[start:end].decode()

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._lines[node.lineno - 1] + node.col_offset, self._lines[end_line - 1] + end


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


def changed_line(text: str, mutant: Mutant) -> Iterator[str]:
    """The line as it was and as it is, without the white space around."""
    for version in (text, mutant.applied(text)):
        yield version.splitlines()[mutant.line - 1].strip()
