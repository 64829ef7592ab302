"""Dots with intervals on a common axis: one small SVG a row, as wide as its column, so letters keep their size on a phone."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from harness.report.contents import Mark
from harness.report.html.elements import Attribute, element, join
from harness.report.html.scales import Scale, labelled
from harness.report.html.text import finite, interval, share

_KNOWN = {"calibrated": "k1", "held-out": "k2", "raw": "k3"}
_ALL = ("k1", "k2", "k3", "k4")
_LINE = 16  # height of a line of figures beside the marks, in pixels
_TIGHT = 6


def styles(statistics: Sequence[str]) -> dict[str, str]:
    """The look of each statistic (`k1` dot, `k2` diamond, `k3` square, `k4` triangle): fixed for the known ones."""
    if len(statistics) == 1:
        return {statistics[0]: "k1"}
    left = [key for key in _ALL if key not in {_KNOWN.get(statistic) for statistic in statistics}] or list(_ALL)
    others = [statistic for statistic in statistics if statistic not in _KNOWN]
    return {statistic: _KNOWN.get(statistic) or left[others.index(statistic) % len(left)] for statistic in statistics}


def symbols() -> Markup:
    """The shapes that all figures use, once a page."""
    shapes = (
        element("circle", r=4.2),
        element("path", d="M0-5.2L5.2 0 0 5.2-5.2 0z"),
        element("rect", x=-3.4, y=-3.4, width=6.8, height=6.8),
        element("path", d="M0-4.8L4.8 3.8H-4.8z"),
    )
    groups = [element("g", shape, id=f"_m{i}") for i, shape in enumerate(shapes, 1)]
    beyond = element("path", d="M3-3.5L-3 0 3 3.5", id="_before"), element("path", d="M-3-3.5L3 0-3 3.5", id="_beyond")
    return element("svg", element("defs", *groups, *beyond), width=0, height=0, aria_hidden="true", class_="symbols")


def symbol(key: str) -> Markup:
    """The shape of a statistic, for a legend or a line of text."""
    line = element("line", x1=0, x2=26, y1=7, y2=7, class_=f"iv {key}")
    use = element("use", href=f"#_m{key[1]}", x=13, y=7, class_=key)
    return element("svg", line, use, width=26, height=14, aria_hidden="true", class_="key")


def single(mark: Mark, scale: Scale, key: str = "k1", shape: str = "#_m1") -> Markup:
    """One value with its interval for a cell of a table, as wide as the cell."""
    value, low, high = finite(mark.value), finite(mark.low), finite(mark.high)
    if value is None:
        return Markup("")
    parts = [element("line", x2="100%", y1="50%", y2="50%", class_="grid")]
    if low is not None and high is not None:
        parts.append(element("line", x1=scale.percent(low), x2=scale.percent(high), y1="50%", y2="50%", class_=f"iv {key}"))
    parts.append(element("use", href=shape, x=scale.percent(value), y="50%", class_=key))
    return element("svg", *parts, class_="mean", width="100%", height=16, aria_hidden="true")


def axis(scale: Scale, guides: str, floor: Mark | None, human: Mark | None, most: int = 6) -> Markup:
    """The head of a panel: marks of the axis, and what the lines at the floor and the human level are; defines its guides."""
    lines: list[Markup] = [
        element("line", x1=scale.percent(v), x2=scale.percent(v), y2="100%", class_="grid") for v, _ in labelled(scale, most)
    ]
    texts = [element("text", t, x=scale.percent(v), y=11, text_anchor="middle", class_="tick") for v, t in labelled(scale, most)]
    y = 16
    named = [
        (m, name, kind)
        for m, name, kind in ((human, "human level", "human"), (floor, "floor", "floor"))
        if m and finite(m.value) is not None
    ]
    for mark, name, kind in named:
        value = finite(mark.value) or 0.0
        y += 14
        at = scale.percent(value)
        lines += _guide(scale, mark, value, kind)
        texts.append(element("line", x1=at, x2=at, y1=y - 1, y2="100%", class_=kind))
        texts.append(element("text", f"{name} {share(value)}", x=at, y=y - 3, class_=kind, **_anchor(scale, value, name, named)))
    definitions = element("defs", element("g", *lines, id=guides))
    return element("svg", definitions, *texts, class_="axis", height=y, width="100%", aria_hidden="true")


def row(marks: Mapping[str, Mark], looks: Mapping[str, str], scale: Scale, guides: str, *, tight: bool = False) -> Markup:
    """The marks of one row, a line each, over the guides of its panel."""
    step, first = (_TIGHT, 5.0) if tight else (_LINE, 3 + _LINE / 2)
    if tight:
        first = 11 - _TIGHT * (len(looks) - 1) / 2
    drawn = [_mark(marks[name], key, scale, first + i * step) for i, (name, key) in enumerate(looks.items()) if name in marks]
    if tight and not any(drawn):
        drawn = [element("text", "no data", x=0, y=15, class_="none")]
    spoken = {} if tight else {"role": "img", "aria_label": spoken_marks(marks, looks)}
    hidden = "true" if tight else None
    return element("svg", element("use", href=f"#{guides}"), *drawn, class_="dots", aria_hidden=hidden, **spoken)


def spoken_marks(marks: Mapping[str, Mark], looks: Mapping[str, str]) -> str:
    """`calibrated .617, interval .580 to .657; held-out no data`."""
    return "; ".join(_spoken(name, marks[name]) for name in looks if name in marks) or "no data"


def figures(marks: Mapping[str, Mark], looks: Mapping[str, str]) -> Markup:
    """The numbers beside the marks, a line each: value, interval, or why there is none."""
    return join([_figures(marks.get(name), key) for name, key in looks.items()])


def _figures(mark: Mark | None, key: str) -> Markup:
    if mark is None or finite(mark.value) is None:
        return element("span", "no data", class_=f"fig {key}t", title=mark.note if mark else None)
    bounds = interval(mark.low, mark.high) or "no interval"
    return element("span", element("b", share(mark.value)), " ", element("span", bounds, class_="iv-text"), class_=f"fig {key}t")


def _mark(mark: Mark, key: str, scale: Scale, y: float) -> Markup:
    value, low, high = finite(mark.value), finite(mark.low), finite(mark.high)
    if value is None:
        return join([])
    drawn: list[Markup] = []
    if low is not None and high is not None:
        drawn.append(element("line", x1=scale.percent(low), x2=scale.percent(high), y1=y, y2=y, class_=f"iv {key}"))
        for end, name in ((low, "_before"), (high, "_beyond")):
            if not scale.holds(end):
                drawn.append(element("use", href=f"#{name}", x=scale.percent(end), y=y, class_=f"arrow {key}"))
    drawn.append(element("use", href=f"#_m{key[1]}", x=scale.percent(value), y=y, class_=key))
    return join(drawn)


def _guide(scale: Scale, mark: Mark, value: float, kind: str) -> list[Markup]:
    low, high = finite(mark.low), finite(mark.high)
    line = element("line", x1=scale.percent(value), x2=scale.percent(value), y2="100%", class_=kind)
    if low is None or high is None:
        return [line]
    width = f"{scale.at(high) - scale.at(low):.2f}%"
    return [element("rect", x=scale.percent(low), width=width, height="100%", class_=f"{kind}-band"), line]


def _spoken(name: str, mark: Mark) -> str:
    if finite(mark.value) is None:
        return f"{name} no data"
    bounds = (
        f", interval {share(mark.low)} to {share(mark.high)}"
        if finite(mark.low) is not None and finite(mark.high) is not None
        else ""
    )
    return f"{name} {share(mark.value)}{bounds}"


def _anchor(scale: Scale, value: float, name: str, named: list[tuple[Mark, str, str]]) -> dict[str, Attribute]:
    """Labels near the ends of the axis are written inwards; of two labels the left one is written to the left."""
    at, side = scale.at(value), 12.0 + 2 * len(name)
    others = [other for mark, called, _ in named if called != name and (other := finite(mark.value)) is not None]
    if at < side:
        return {"text_anchor": "start", "dx": 3}
    if at > 100 - side or any(value <= other for other in others):
        return {"text_anchor": "end", "dx": -3}
    return {"text_anchor": "start", "dx": 3} if others else {"text_anchor": "middle"}
