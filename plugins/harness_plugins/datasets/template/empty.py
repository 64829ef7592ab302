"""Values that are empty, missing or no numbers are not written, however a template would wrap them."""

import math
from typing import TYPE_CHECKING, Any

from harness_plugins.datasets.template.problems import RowProblem

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.nodes import Node

FILLED = "_filled"  # the filter through which goes what a filter or a `~` makes into text
_STANDS_IN = frozenset({"default", "d"})
# What a field asks of a text that may well be empty: `long: text|length`.
_ASKS = frozenset({"length", "count", "wordcount", "matches", "digest", "list", "trim"})


def guard(tree: "Node", environment: "Environment", expression: bool = False) -> None:
    """Puts a check on what the template shows through filters and `~`; conditions stay free. Changes the tree.

    Not checked is what its author lets be empty: `x or ''`, `'a' if b else ''`, a slice, the input of `default`.
    """
    from jinja2 import nodes

    free = _STANDS_IN | (_ASKS if expression else frozenset())

    def checked(node: Any) -> Any:
        shown(node)
        slices = isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice)
        if slices or not isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem | nodes.Filter | nodes.Call):
            return node
        return nodes.Filter(node, FILLED, [], [], None, None, lineno=node.lineno, environment=environment)

    def shown(node: Any) -> None:
        if isinstance(node, nodes.Filter):
            if node.name in free:
                shown(node.node)
            else:
                node.node = checked(node.node)
        elif isinstance(node, nodes.Concat):
            node.nodes = [checked(part) for part in node.nodes]
        elif isinstance(node, nodes.Add):
            node.left, node.right = checked(node.left), checked(node.right)
        elif isinstance(node, nodes.CondExpr):
            shown(node.expr1)
            if node.expr2 is not None:
                shown(node.expr2)
        elif isinstance(node, nodes.List | nodes.Tuple) and not expression:
            node.items = [checked(item) for item in node.items]
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and not expression:
            node.node.node = checked(node.node.node)

    if expression:
        shown(tree)
        return
    for output in tree.find_all(nodes.Output):
        for part in output.nodes:
            shown(part)


def filled(value: Any) -> Any:
    """The value; raises RowProblem for a blank text, for nothing, and for what is no number."""
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        str(value)  # raises: it says which name is not there
    if value is None:
        raise RowProblem("empty-value", "a value is missing (null)")
    if isinstance(value, str) and not value.strip():
        raise RowProblem("empty-value", "a value is empty")
    if isinstance(value, float) and not math.isfinite(value):
        raise RowProblem("unfit-value", f"{value} is no number")
    return value
