"""Elements of SVG and HTML from Python: every text and attribute is escaped, numbers are short."""

from markupsafe import Markup, escape

from harness.report.html.text import visible

Child = Markup | str
Attribute = str | float | int | None


def element(name: str, *children: Child, **attributes: Attribute) -> Markup:
    """`<name …>children</name>`; `class_` gives `class`, `aria_label` gives `aria-label`, None leaves the attribute out."""
    head = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not children and name in _EMPTY:
        return Markup(f"<{name}{head}/>")
    return Markup(f"<{name}{head}>") + join(children) + Markup(f"</{name}>")


def join(children: tuple[Child, ...] | list[Child] | list[Markup]) -> Markup:
    """The children one after the other; plain texts are escaped."""
    return Markup("").join(child if isinstance(child, Markup) else escape(visible(child)) for child in children)


def short(value: float) -> str:
    """At most two decimals, no trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


_EMPTY = ("line", "rect", "circle", "path", "use", "polyline")


def _value(value: str | float | int) -> str:
    return visible(value) if isinstance(value, str) else short(value)
