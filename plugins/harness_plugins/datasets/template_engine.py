"""Instruction templates in a sandbox: what a template may do is listed, and what it may cost is bounded.

A template of a stranger is data: it can show a row's values, choose, list and join them, and nothing else. Allowed are the kinds
of syntax in `_NODES`, the filters in `template_filters`, the methods in `_METHODS`; a rendering that takes more than `STEPS`
turns of loops or gives more than `LONGEST` characters fails.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import did_you_mean

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.nodes import Node

LONGEST = 1_000_000  # characters of a rendering, and of any value on the way
STEPS = 20_000  # turns of all loops of a rendering
_LONGEST_SOURCE = 20_000  # characters of a template
_NODES = frozenset(
    "Template Output TemplateData Name Const Getattr Getitem Slice Filter Test If For CondExpr Compare Operand And Or Not "
    "Concat Add Sub Div Neg Pos Call Keyword Pair List Tuple Dict".split()
)
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        "split rsplit splitlines strip lstrip rstrip lower upper startswith endswith removeprefix removesuffix find count "
        "partition rpartition isdigit isupper islower".split()
    ),
    dict: frozenset({"get", "keys", "values", "items"}),
    list: frozenset({"index", "count"}),
}
_SAYS_NAME = re.compile(r"'([^']*)' is undefined|has no (?:attribute|element) '?([^']*?)'?\Z")


class TemplateProblem(ValueError):
    """A template that cannot be used at all; `line` counts from the template's first."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class RowProblem(ValueError):
    """A row that this template cannot show: `reason` is a code, `line` the template's."""

    def __init__(self, reason: str, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.reason = reason
        self.line = line


@dataclass(frozen=True)
class Template:
    """A compiled template: `names` are the variables that it takes from the row, each with its first line."""

    names: Mapping[str, int]
    _code: Any

    def render(self, values: Mapping[str, Any]) -> str:
        """The text, without blanks around it. Raises RowProblem where a value is missing or a limit is passed."""
        import jinja2

        pieces: list[str] = []
        size = 0
        try:
            for piece in self._code.generate(values, _budget=[STEPS]):
                size += len(piece)
                if size > LONGEST:
                    raise RowProblem("too-long", f"the text would have more than {LONGEST:,} characters")
                pieces.append(piece)
        except RowProblem as problem:
            raise RowProblem(problem.reason, str(problem), _line(problem)) from problem
        except jinja2.UndefinedError as error:
            raise RowProblem("missing-value", _undefined(error, values), _line(error)) from error
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            raise RowProblem("unfit-value", str(error), _line(error)) from error
        return "".join(pieces).strip()


@dataclass(frozen=True)
class Expression:
    """A compiled expression, which gives a value of any kind."""

    names: Mapping[str, int]
    _code: Any

    def value(self, values: Mapping[str, Any]) -> Any:
        """The value; raises RowProblem where one is missing."""
        import jinja2

        try:
            found = self._code(values)
        except RowProblem:
            raise
        except jinja2.UndefinedError as error:
            raise RowProblem("missing-value", _undefined(error, values)) from error
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            raise RowProblem("unfit-value", str(error)) from error
        if isinstance(found, jinja2.Undefined):
            raise RowProblem("missing-value", _undefined(found._undefined_message, values))
        return found


class Engine:
    """Compiles templates and expressions; one for a set of templates."""

    def __init__(self) -> None:
        self._environment = _environment()

    def template(self, source: str) -> Template:
        """The template of this source. Raises TemplateProblem naming what is wrong and the line."""
        import jinja2

        tree = self._parsed(source)
        code = self._environment.compile(tree, filename=_FILE)  # type: ignore[call-overload]  # it takes a parsed template, too
        return Template(_names(tree), jinja2.Template.from_code(self._environment, code, {}))

    def expression(self, source: str) -> Expression:
        """The expression of this source (`meta.snippet_id`, `choices|map(attribute='text')|list`)."""
        tree = self._parsed("{{ (" + source + ") }}")
        try:
            code = self._environment.compile_expression(source, undefined_to_none=False)
        except Exception as error:  # what the parser accepted inside brackets and the compiler refuses alone
            raise TemplateProblem(str(error)) from error
        return Expression(_names(tree), code)

    def _parsed(self, source: str) -> "Node":
        import jinja2
        from jinja2 import nodes

        if len(source) > _LONGEST_SOURCE:
            raise TemplateProblem(f"a template has at most {_LONGEST_SOURCE:,} characters, this one {len(source):,}")
        try:
            tree = self._environment.parse(source)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateProblem(f"{error.message}", error.lineno) from error
        except RecursionError as error:
            raise TemplateProblem("it is nested too deeply") from error
        for node in _walk(tree):
            _check(node, self._environment)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno, environment=self._environment)
        return tree


_FILE = "<instruction template>"
_COUNTED = "_counted"


def _environment() -> "Environment":
    from jinja2 import StrictUndefined, pass_context
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from harness_plugins.datasets.template_filters import FILTERS

    class Sandbox(ImmutableSandboxedEnvironment):
        def is_safe_callable(self, obj: Any) -> bool:
            owner = getattr(obj, "__self__", None)
            allowed = _METHODS.get(type(owner), frozenset())
            return getattr(obj, "__name__", None) in allowed

    environment = Sandbox(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, finalize=_shown, cache_size=0
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _JINJA_FILTERS} | dict(FILTERS)
    environment.filters[_COUNTED] = pass_context(_counted)
    kept = ("defined", "undefined", "none", "string", "number", "mapping", "sequence", "odd", "even", "in", "equalto", "eq", "ne")
    environment.tests = {name: environment.tests[name] for name in (*kept, "lt", "gt", "le", "ge", "==", "!=", "<", ">", "<=", ">=")}
    return environment


# Filters of Jinja whose results are no longer than what goes in, but for some characters.
_JINJA_FILTERS = (
    "abs capitalize count default d first float int items join last length list lower map max min reject rejectattr reverse round "
    "select selectattr sort string sum title trim unique upper wordcount"
).split()


def _shown(value: Any) -> Any:
    """A value as it stands in a text. What would read as program text (None, True, a list) is a mistake, and so is nothing."""
    from jinja2 import Undefined

    if isinstance(value, str):
        if not value:
            raise RowProblem("empty-value", "a value is empty")
        return value
    if value is None:
        raise RowProblem("empty-value", "a value is missing (null)")
    if isinstance(value, bool) or not isinstance(value, int | float | Undefined):
        raise RowProblem("unfit-value", f"{value!r:.60} is no text; choose a part of it, or join it: x|join(', ')")
    return value


def _counted(context: Any, items: Any) -> Iterator[Any]:
    """The items of a loop, each taken off what the rendering may spend."""
    budget = context["_budget"]
    for item in items:
        budget[0] -= 1
        if budget[0] < 0:
            raise RowProblem("too-long", f"its loops would take more than {STEPS:,} turns")
        yield item


def _walk(tree: "Node") -> Iterator["Node"]:
    yield tree
    for child in tree.iter_child_nodes():
        yield from _walk(child)


def _check(node: "Node", environment: "Environment") -> None:
    from jinja2 import nodes

    kind = type(node).__name__
    line = getattr(node, "lineno", 1) or 1
    if kind not in _NODES:
        raise TemplateProblem(f"{_WORDS.get(kind, kind)} cannot be used in an instruction template", line)
    if isinstance(node, nodes.Filter) and node.name not in environment.filters:
        raise TemplateProblem(f"there is no filter {node.name!r}.{did_you_mean(node.name, _public(environment.filters))}", line)
    if isinstance(node, nodes.Test) and node.name not in environment.tests:
        raise TemplateProblem(f"there is no test {node.name!r}.{did_you_mean(node.name, _public(environment.tests))}", line)
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateProblem("a recursive loop cannot be used in an instruction template", line)
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise TemplateProblem(f"names with an underscore in front ({node.attr}) cannot be used", line)


_WORDS = {"Mul": "multiplication", "Pow": "a power", "Mod": "the operator %", "Assign": "{% set %}", "AssignBlock": "{% set %}"}


def _public(names: Mapping[str, Any]) -> list[str]:
    return [name for name in names if name[0].isalpha()]


def _names(tree: "Node") -> dict[str, int]:
    from jinja2 import meta, nodes

    free = meta.find_undeclared_variables(tree)  # type: ignore[arg-type]  # a whole template, as parsed
    found: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in free:
            found[node.name] = min(found.get(node.name, node.lineno), node.lineno)
    return found


def _line(error: BaseException) -> int:
    """The template's line at which an error arose, which Jinja writes into the traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _undefined(error: Any, values: Mapping[str, Any]) -> str:
    text = str(error or "a value is undefined")
    found = _SAYS_NAME.search(text)
    if found is None:
        return text
    name = found[1] or found[2]
    inside = [key for value in values.values() if isinstance(value, Mapping) for key in value] if found[2] else list(values)
    return f"there is no {name!r} here.{did_you_mean(name, {str(key) for key in inside if not str(key).startswith('_')})}"
