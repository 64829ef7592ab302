"""Compiles and renders instruction templates and expressions: a missing value, a limit or a mistake has its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import did_you_mean
from harness_plugins.datasets.template.budget import BUDGET, STEPS, Budget
from harness_plugins.datasets.template.empty import guard
from harness_plugins.datasets.template.problems import RowProblem, TemplateProblem
from harness_plugins.datasets.template.sandbox import check, environment

if TYPE_CHECKING:
    from jinja2.nodes import Template as Parsed

LONGEST = 1_000_000  # characters of a rendering
_LONGEST_SOURCE = 20_000  # characters of a template
_FILE = "<instruction template>"
_SAYS_NAME = re.compile(r"'([^']*)' is undefined|has no (?:attribute|element) '?([^']*?)'?\Z")
# What a row's values can raise in the hands of a template: a text where a number was meant, a list that is too short.
_UNFIT = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Template:
    """A compiled template: `names` are the variables that it takes, each with its first line."""

    names: Mapping[str, int]
    _code: Any

    def render(self, values: Mapping[str, Any], budget: Budget | None = None) -> str:
        """The text, without blanks around it. Raises RowProblem where a value is missing or a limit is passed.

        `budget`: what a row's renderings may spend together, turns of loops apart.
        """
        import jinja2

        budget = budget or Budget()
        budget.turns = STEPS
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._code.generate(values, **{BUDGET: budget}):
                size += len(piece)
                if size > LONGEST:
                    raise RowProblem("too-long", f"the text would have more than {LONGEST:,} characters")
                pieces.append(piece)
        except RowProblem as problem:
            raise RowProblem(problem.reason, str(problem), _line(problem)) from problem
        except jinja2.UndefinedError as error:
            raise RowProblem("missing-value", _undefined(error, values), _line(error)) from error
        except (jinja2.TemplateError, *_UNFIT) as error:
            raise RowProblem("unfit-value", str(error), _line(error)) from error
        return "".join(pieces).strip()


@dataclass(frozen=True)
class Expression:
    """A compiled expression, which gives a value of any kind."""

    names: Mapping[str, int]
    _code: Any

    def value(self, values: Mapping[str, Any], budget: Budget | None = None) -> Any:
        """The value; raises RowProblem where one is missing or a limit is passed. `budget`: what a row may spend in all."""
        import jinja2

        budget = budget or Budget()
        try:
            found = self._code(values, **{BUDGET: budget})
            budget.pay_for(found)
        except RowProblem:
            raise
        except jinja2.UndefinedError as error:
            raise RowProblem("missing-value", _undefined(error, values)) from error
        except (jinja2.TemplateError, *_UNFIT) as error:
            raise RowProblem("unfit-value", str(error)) from error
        if isinstance(found, jinja2.Undefined):
            raise RowProblem("missing-value", _undefined(found._undefined_message, values))
        return found


class Engine:
    """Compiles templates and expressions; one for a set of templates."""

    def __init__(self) -> None:
        self._environment = environment()

    def template(self, source: str) -> Template:
        """The template of this source. Raises TemplateProblem naming what is wrong and the line."""
        import jinja2

        tree = self._parsed(source)
        names = _names(tree)
        try:
            guard(tree, self._environment)
            code = self._environment.compile(tree, filename=_FILE)
        except RecursionError as error:
            raise TemplateProblem("it is nested too deeply") from error
        return Template(names, jinja2.Template.from_code(self._environment, code, {}))

    def expression(self, source: str, shown: bool = False) -> Expression:
        """The expression of this source (`meta.snippet_id`, `choices|map(attribute='text')|list`).

        `shown`: its value stands in texts, so that filters and `~` take nothing that is empty.
        """
        import jinja2
        from jinja2 import nodes
        from jinja2.environment import TemplateExpression
        from jinja2.parser import Parser

        tree = self._parsed("{{ (" + source + ") }}")
        names = _names(tree)
        try:
            parser = Parser(self._environment, source, state="variable")
            parsed = parser.parse_expression()
            if not parser.stream.eos:  # two expressions that only the brackets made one
                raise TemplateProblem("chunk after expression")
            parsed.set_environment(self._environment)
            if shown:
                guard(parsed, self._environment, expression=True)
            body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), parsed, lineno=1)]
            code = TemplateExpression(self._environment.from_string(nodes.Template(body, lineno=1)), False)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateProblem(str(error.message)) from error
        except RecursionError as error:
            raise TemplateProblem("it is nested too deeply") from error
        return Expression(names, code)

    def _parsed(self, source: str) -> "Parsed":
        import jinja2

        if len(source) > _LONGEST_SOURCE:
            raise TemplateProblem(f"a template has at most {_LONGEST_SOURCE:,} characters, this one {len(source):,}")
        try:
            tree = self._environment.parse(source)
            check(tree, self._environment)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateProblem(str(error.message), error.lineno) from error
        except RecursionError as error:
            raise TemplateProblem("it is nested too deeply") from error
        except TemplateProblem:
            raise
        except ValueError as error:  # a number of more digits than Python reads
            raise TemplateProblem(str(error)) from error
        return tree


def _names(tree: "Parsed") -> dict[str, int]:
    from jinja2 import meta, nodes

    free = meta.find_undeclared_variables(tree)
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
    known = [key for value in values.values() if isinstance(value, Mapping) for key in value] if found[2] else list(values)
    return f"there is no {name!r} here.{did_you_mean(name, {str(key) for key in known if not str(key).startswith('_')})}"
