"""The Jinja environment of instruction templates: what a template may do is listed, what it shows is checked.

Allowed are the kinds of syntax in `_NODES`, the filters in `_FILTERS` and `template_filters`, the tests in `_TESTS`, the methods
in `_METHODS`. There are no assignments, macros, includes or multiplications, and every operation pays (`template_budget`).
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.errors import did_you_mean
from harness_plugins.datasets.template.budget import STEPS, add_filters, metered, rounded
from harness_plugins.datasets.template.empty import FILLED, filled
from harness_plugins.datasets.template.problems import RowProblem, TemplateProblem

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.nodes import Node

_NODES = frozenset(
    {
        *("Template", "Output", "TemplateData", "If", "For", "Name", "Const", "Getattr", "Getitem", "Slice", "Call", "Keyword"),
        *("Filter", "Test", "CondExpr", "Compare", "Operand", "And", "Or", "Not", "Concat", "Add", "Sub", "Div", "Neg", "Pos"),
        *("List", "Tuple", "Dict", "Pair"),
    }
)
_WORDS = {"Mul": "multiplication", "Pow": "a power", "Mod": "the operator %", "Assign": "{% set %}", "AssignBlock": "{% set %}"}
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        {
            *("split", "rsplit", "splitlines", "partition", "rpartition", "strip", "lstrip", "rstrip", "lower", "upper"),
            *("startswith", "endswith", "removeprefix", "removesuffix", "find", "count", "isdigit", "isupper", "islower"),
        }
    ),
    dict: frozenset({"get", "keys", "values", "items"}),
    list: frozenset({"index", "count"}),
}
# Jinja's own filters whose results are hardly longer than what goes in.
_FILTERS = (
    *("abs", "capitalize", "count", "d", "default", "first", "float", "int", "items", "last", "length", "list", "lower"),
    *("map", "max", "min", "reject", "rejectattr", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "title"),
    *("trim", "unique", "upper", "wordcount"),
)
_TESTS = (
    *("defined", "undefined", "none", "string", "number", "mapping", "sequence", "odd", "even", "in", "equalto"),
    *("eq", "ne", "lt", "gt", "le", "ge", "==", "!=", "<", ">", "<=", ">="),
)


def environment() -> "Environment":
    """A new environment; a value that is missing is an error in it, wherever it is used."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from harness_plugins.datasets.template.filters import FILTERS

    class Sandbox(ImmutableSandboxedEnvironment):
        def is_safe_callable(self, obj: Any) -> bool:
            allowed = _METHODS.get(type(getattr(obj, "__self__", None)), frozenset())
            return getattr(obj, "__name__", None) in allowed

        def _generate(self, source: Any, *args: Any, **kwargs: Any) -> str:
            return super()._generate(metered(source, self), *args, **kwargs)

    made = Sandbox(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        cache_size=0,
        optimized=False,  # what is computed while a template is compiled is paid for by nobody
    )
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS} | dict(FILTERS) | {"round": rounded, FILLED: filled}
    made.tests = {name: made.tests[name] for name in _TESTS}
    add_filters(made)
    return made


def check(tree: "Node", environment: "Environment") -> None:
    """Raises TemplateProblem naming the first thing in the parsed template that is not allowed, and its line."""
    from jinja2 import nodes

    for node in _walk(tree):
        kind = type(node).__name__
        line = getattr(node, "lineno", 1) or 1
        if kind not in _NODES:
            raise TemplateProblem(f"{_WORDS.get(kind, kind)} cannot be used in an instruction template", line)
        if isinstance(node, nodes.Filter) and node.name not in environment.filters:
            raise TemplateProblem(
                f"there is no filter {node.name!r}.{did_you_mean(node.name, _public(environment.filters))}", line
            )
        if isinstance(node, nodes.Test) and node.name not in environment.tests:
            raise TemplateProblem(f"there is no test {node.name!r}.{did_you_mean(node.name, _public(environment.tests))}", line)
        if isinstance(node, nodes.Call):
            called = node.node.attr if isinstance(node.node, nodes.Getattr) else None
            known = sorted(set().union(*_METHODS.values()))
            if called not in known:
                what = f"{called!r} cannot be called.{did_you_mean(called, known)}" if called else "only methods can be called"
                raise TemplateProblem(what, line)
        if isinstance(node, nodes.For) and node.recursive:
            raise TemplateProblem("a recursive loop cannot be used in an instruction template", line)
        if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            raise TemplateProblem(f"names with an underscore in front ({node.attr}) cannot be used", line)


def _walk(tree: "Node") -> Iterator["Node"]:
    yield tree
    for child in tree.iter_child_nodes():
        yield from _walk(child)


def _public(names: Mapping[str, Any]) -> list[str]:
    return [name for name in names if name[0].isalpha()]


def _shown(value: Any) -> Any:
    """A value as it stands in a text. What would read as program text (None, True, a list) is a mistake, and so is nothing."""
    from jinja2 import Undefined

    if isinstance(value, str):
        if not value:
            raise RowProblem("empty-value", "a value is empty")
        return value
    if value is None or isinstance(value, float):
        return filled(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Undefined):
        said = f"{value!r:.60}" if isinstance(value, bool | list | tuple | dict) else f"a {type(value).__name__}"
        raise RowProblem("unfit-value", f"{said} is no text; choose a part of it, or join it: x|join(', ')")
    return value


__all__ = ["STEPS", "RowProblem", "TemplateProblem", "check", "environment"]
