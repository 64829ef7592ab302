"""What a template file may spend on a row: every operation pays for what it reads and makes before it can grow.

Characters cost one unit, an item of a list or mapping sixteen more. Values that share parts are counted as often as they would
be written, so that fields which double each other come to an end.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness_plugins.datasets.template.problems import RowProblem

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.nodes import Template

STEPS = 20_000  # turns of all loops of a rendering
WORK = 20_000_000  # units of a row's fields together, and of each of its renderings
BUDGET = "_budget"  # the variable that holds what a rendering may still spend
COUNTED = "_counted"  # the filter through which every loop goes
_USED, _RECEIVER, _BRIEF = "_used", "_receiver", "_brief"
_ITEM = 16
_BRIEFEST = 1_000  # characters of the argument of `strip`
_DIGITS = 20
# Filters and methods that make a list out of a text's characters or words, or look at an argument once for every item.
_ITERATING = frozenset(
    {
        *("join", "list", "listed", "map", "matches", "max", "min", "quoted", "reject", "rejectattr", "reverse", "select"),
        *("selectattr", "shuffled", "sort", "sum", "title", "unique", "without_sentences", "wordcount"),
    }
)
_CUTTING = frozenset({"split", "rsplit", "splitlines"})
_STRIPPING = frozenset({"strip", "lstrip", "rstrip"})


class Budget:
    """What a row may still spend: `turns` of loops, and `work` in units."""

    def __init__(self) -> None:
        self.turns = STEPS
        self.work = WORK

    def pay(self, units: int) -> None:
        """Raises RowProblem where nothing is left."""
        self.work -= units
        if self.work < 0:
            raise RowProblem("too-long", f"its values would grow beyond {WORK:,} characters")

    def pay_for(self, value: Any, times: int = 1) -> None:
        """Pays for a value as long as it is when written."""
        self.pay(times * _cost(value, self.work // times))


def add_filters(environment: "Environment") -> None:
    """Makes every filter and test of the environment pay, and adds those that `metered` puts into templates."""
    from jinja2 import pass_context

    for table in (environment.filters, environment.tests):
        functions: dict[str, Any] = dict(table)
        table.clear()
        table.update({name: _paying(name, function) for name, function in functions.items()})
    for name, function in ((COUNTED, _counted), (_USED, _used), (_RECEIVER, _receiver), (_BRIEF, _brief)):
        environment.filters[name] = pass_context(function)


def metered(tree: "Template", environment: "Environment") -> "Template":
    """The tree with every operand that can grow, and every loop, going through a filter that pays for it. Changes the tree."""
    from jinja2 import nodes
    from jinja2.visitor import NodeTransformer

    def paid(node: Any, name: str = _USED, *args: int) -> Any:
        if isinstance(node, nodes.Const | nodes.Keyword):
            return node
        given: list[Any] = [nodes.Const(value) for value in args]
        return nodes.Filter(node, name, given, [], None, None, lineno=node.lineno, environment=environment)

    class Meter(NodeTransformer):
        def visit_Concat(self, node: Any) -> Any:
            self.generic_visit(node)
            node.nodes = [paid(part) for part in node.nodes]
            return node

        def visit_Add(self, node: Any) -> Any:
            self.generic_visit(node)
            node.left, node.right = paid(node.left), paid(node.right)
            return node

        visit_Sub = visit_Div = visit_Add

        def visit_Compare(self, node: Any) -> Any:
            self.generic_visit(node)
            node.expr = paid(node.expr)
            for operand in node.ops:
                operand.expr = paid(operand.expr)
            return node

        def visit_List(self, node: Any) -> Any:
            self.generic_visit(node)
            if getattr(node, "ctx", "load") == "load":
                node.items = [paid(item) for item in node.items]
            return node

        visit_Tuple = visit_List

        def visit_Pair(self, node: Any) -> Any:
            self.generic_visit(node)
            node.key, node.value = paid(node.key), paid(node.value)
            return node

        def visit_Getitem(self, node: Any) -> Any:
            self.generic_visit(node)
            return paid(node) if isinstance(node.arg, nodes.Slice) else node

        def visit_Call(self, node: Any) -> Any:
            self.generic_visit(node)
            method = node.node.attr
            node.node.node = paid(node.node.node, _RECEIVER, _ITEM if method in _CUTTING else 1)
            node.args = [paid(value, _BRIEF if method in _STRIPPING else _USED) for value in node.args]
            for keyword in node.kwargs:
                keyword.value = paid(keyword.value)
            return paid(node)

        def visit_For(self, node: Any) -> Any:
            self.generic_visit(node)
            node.iter = paid(node.iter, COUNTED) if not isinstance(node.iter, nodes.Const) else node.iter
            return node

    made: Template = Meter().visit(tree)
    return made


def rounded(value: Any, precision: int = 0, method: str = "common") -> Any:
    """Jinja's `round`, for as many digits as numbers have."""
    from jinja2.filters import do_round

    if not isinstance(precision, int) or not -_DIGITS <= precision <= _DIGITS:
        raise ValueError(f"round takes a whole number of digits from -{_DIGITS} to {_DIGITS}, got {precision!r:.60}")
    return do_round(value, precision, method)  # type: ignore[arg-type]  # jinja refuses other methods itself


def _paying(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter or test, paying for its input and arguments before, and for what it gives after; lazy results become lists."""
    from jinja2 import pass_context

    wants = getattr(getattr(function, "jinja_pass_arg", None), "name", None)

    @pass_context
    @functools.wraps(function, updated=())
    def paying(context: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        budget: Budget = context[BUDGET]
        budget.pay_for(value, _ITEM if name in _ITERATING and isinstance(value, str) else 1)
        for given in (*args, *kwargs.values()):
            times = len(value) if name in _ITERATING and isinstance(value, list | tuple | dict) else 1
            if name in ("matches", "without_sentences") and isinstance(given, list | tuple | str):
                budget.pay(len(given) * len(value) if isinstance(value, str) else 0)
            budget.pay_for(given, max(times, 1))
        if name == "trim" and args:
            _brief(context, args[0])
        if name == "sum" and not all(isinstance(start, int | float) for start in (*args[1:], kwargs.get("start", 0))):
            raise ValueError("sum adds numbers")
        first = {"context": [context], "eval_context": [context.eval_ctx], "environment": [context.environment]}
        found = function(*first.get(wants or "", []), value, *args, **kwargs)
        if isinstance(found, Iterator):
            return list(_paid_items(budget, found))
        budget.pay_for(found)
        return found

    return paying


def _paid_items(budget: Budget, items: Iterator[Any]) -> Iterator[Any]:
    for item in items:
        budget.pay(_ITEM)
        budget.pay_for(item)
        yield item


def _cost(value: Any, most: int) -> int:
    """Units of a value; it is not looked at further where they are more than `most`."""
    total, waiting = 0, [value]
    while waiting and total <= most:
        item = waiting.pop()
        kind = type(item)
        if kind is str or kind is bytes:
            total += len(item) + 1
        elif kind is list or kind is tuple:
            total += _ITEM * (len(item) + 1)
            if total <= most:
                waiting.extend(item)
        elif kind is dict:
            total += _ITEM * (len(item) + 1)
            if total <= most:
                waiting.extend(item.keys())
                waiting.extend(item.values())
        else:
            total += 1 + (item.bit_length() // 8 if kind is int else 0)
    return total


def _counted(context: Any, items: Any) -> Iterator[Any]:
    """The items of a loop, each taken off what the rendering may spend."""
    budget: Budget = context[BUDGET]
    for item in items:
        budget.turns -= 1
        if budget.turns < 0:
            raise RowProblem("too-long", f"its loops would take more than {STEPS:,} turns")
        yield item


def _used(context: Any, value: Any) -> Any:
    context[BUDGET].pay_for(value)
    return value


def _receiver(context: Any, value: Any, times: int) -> Any:
    if isinstance(value, Mapping):
        context[BUDGET].pay(_ITEM * (len(value) + 1))
    else:
        context[BUDGET].pay_for(value, times)
    return value


def _brief(context: Any, value: Any) -> Any:
    if isinstance(value, str) and len(value) > _BRIEFEST:
        raise RowProblem("too-long", f"the characters to strip are at most {_BRIEFEST:,}")
    return value
