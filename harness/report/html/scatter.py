"""Points over common axes with the means of bins and their intervals, a panel each."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.report.analysis_contents import Bin, Scatter, ScatterPanel
from harness.report.contents import TableColumn
from harness.report.html.elements import element
from harness.report.html.lines import thinned
from harness.report.html.scales import Scale, around, labelled
from harness.report.html.tables import Table, Value, table
from harness.report.html.text import figure as number
from harness.report.html.text import finite, interval, label

_HEIGHT = 170
_DRAWN = 400  # points of a panel; more hide each other
_NAMED = 60  # points with a name of their own on pointing at them


@dataclass(frozen=True)
class ScatterView:
    """A panel: what it is called, what is said of it, the drawing."""

    label: Markup
    summary: str
    drawing: Markup
    note: str | None


@dataclass(frozen=True)
class ScattersView:
    """What the template draws; `points`: of all panels, `neutral`: what the dashed line is, None without one."""

    panels: tuple[ScatterView, ...]
    points: int
    bins: bool
    neutral: str | None
    x_label: str
    y_label: str
    numbers: Table


def scatter(figure: Scatter, identifier: str) -> ScattersView:
    """The view of points and bins."""
    neutral = finite(figure.neutral)
    x_axis = around([*(p.x for one in figure.panels for p in one.points), *(b.x for one in figure.panels for b in one.bins)])
    ends = [end for one in figure.panels for b in one.bins for end in (b.value, b.low, b.high)]
    y_axis = around([*(p.y for one in figure.panels for p in one.points), *ends, neutral], 0.05)
    panels = tuple(
        ScatterView(label(one.label), one.summary, _drawing(figure, one, x_axis, y_axis, neutral, f"_{identifier}-{i}"), one.note)
        for i, one in enumerate(figure.panels)
    )
    return ScattersView(
        panels,
        sum(len(one.points) for one in figure.panels),
        any(one.bins for one in figure.panels),
        None if neutral is None else f"{number(neutral)}: no effect",
        figure.x_label,
        figure.y_label,
        _numbers(figure, identifier),
    )


def _drawing(figure: Scatter, panel: ScatterPanel, x_axis: Scale, y_axis: Scale, neutral: float | None, name: str) -> Markup:
    parts = [
        element("title", f"{panel.label}: {figure.y_label} against {figure.x_label}", id=f"{name}t"),
        element("desc", _described(panel), id=f"{name}d"),
        *[element("line", x2="100%", y1=_y(y_axis, v), y2=_y(y_axis, v), class_="grid") for v, _ in labelled(y_axis, 5)],
        *[
            element("text", text, x=-6, y=_y(y_axis, v), dy=4, text_anchor="end", class_="tick")
            for v, text in labelled(y_axis, 5)
        ],
        *[
            element("text", text, x=x_axis.percent(v), y="100%", dy=15, text_anchor="middle", class_="tick")
            for v, text in labelled(x_axis, 5)
        ],
    ]
    if neutral is not None:
        parts.append(element("line", x2="100%", y1=_y(y_axis, neutral), y2=_y(y_axis, neutral), class_="floor"))
    parts.append(_points(panel, x_axis, y_axis))
    parts += [_bin(one, x_axis, y_axis) for one in panel.bins if finite(one.value) is not None]
    return element("svg", *parts, class_="boxes", role="img", aria_labelledby=f"{name}t {name}d", width="100%", height=_HEIGHT)


def _points(panel: ScatterPanel, x_axis: Scale, y_axis: Scale) -> Markup:
    known = [one for one in panel.points if finite(one.x) is not None and finite(one.y) is not None]
    kept = [known[i] for i in thinned(len(known), _DRAWN, None)]
    drawn = []
    for one in kept:
        named = [element("title", f"{one.label}: {number(one.y)}")] if one.label and len(kept) <= _NAMED else []
        drawn.append(element("circle", *named, cx=x_axis.percent(one.x), cy=_y(y_axis, one.y), r=2.6, class_="dot"))
    return element("g", *drawn, class_="cloud")


def _bin(one: Bin, x_axis: Scale, y_axis: Scale) -> Markup:
    at = x_axis.percent(one.x)
    parts = [element("title", f"{number(one.value)} {interval(one.low, one.high)}, n {one.n}")]
    if finite(one.low) is not None and finite(one.high) is not None:
        low, high = float(one.low or 0.0), float(one.high or 0.0)
        parts.append(element("line", x1=at, x2=at, y1=_y(y_axis, low), y2=_y(y_axis, high), class_="k1 iv"))
    parts.append(element("use", href="#_m1", x=at, y=_y(y_axis, float(one.value or 0.0)), class_="k1"))
    return element("g", *parts)


def _y(axis: Scale, value: float) -> str:
    return f"{100 - axis.at(value):.2f}%"


def _described(panel: ScatterPanel) -> str:
    bins = "; ".join(f"{number(one.value)} at {number(one.x)}, n {one.n}" for one in panel.bins)
    return f"{panel.summary}. {bins}".strip(". ") or f"{len(panel.points)} points"


def _numbers(figure: Scatter, identifier: str) -> Table:
    """The bins where there are any; else the points."""
    names = [TableColumn(name="panel"), TableColumn(name="what")]
    columns = [TableColumn(name=one, numeric=True) for one in (figure.x_label, figure.y_label, "low", "high", "n")]
    rows: list[list[Value]] = [
        [panel.label, "bin", one.x, one.value, one.low, one.high, one.n] for panel in figure.panels for one in panel.bins
    ]
    if not rows:
        rows = [[panel.label, one.label, one.x, one.y, None, None, 1] for panel in figure.panels for one in panel.points]
    return table(f"{identifier}-numbers", f"The numbers of: {figure.title}", [*names, *columns], rows)
