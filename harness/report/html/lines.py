"""Lines over a common axis as small panels: one line in front, the others behind it in grey, the chosen point marked."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.report.contents import LinePlot, Mark, Series, TableColumn
from harness.report.html.elements import element, join
from harness.report.html.scales import Scale, around, labelled
from harness.report.html.tables import Table, Value, table
from harness.report.html.text import figure as number
from harness.report.html.text import finite, label, share

_DRAWN = 160  # points of a line; more cannot be seen at the width of a panel
_LISTED = 25
_CONTEXT = 60  # lines that stand behind the one in front


@dataclass(frozen=True)
class LinePanel:
    """One line."""

    label: Markup
    summary: str
    drawing: Markup
    note: str | None


@dataclass(frozen=True)
class LinePlotView:
    """What the template draws."""

    context: Markup
    panels: tuple[LinePanel, ...]
    floor: str | None
    x_label: str
    y_label: str
    chosen: bool  # whether any line has a chosen point: then lines are metrics, else they are what their labels say
    numbers: Table


def line_plot(figure: LinePlot, identifier: str) -> LinePlotView:
    """The view of lines."""
    known = [_known(series) for series in figure.series]
    floor = finite(figure.floor.value) if figure.floor else None
    x_axis = around([x for points in known for x, _ in points], 0.0)
    y_axis = around([*(y for points in known for _, y in points), floor], 0.06)
    behind = element("g", *[_path(points, x_axis, y_axis, "context") for points in known[:_CONTEXT]], id=f"_{identifier}-behind")
    context = element("svg", element("defs", behind), width=0, height=0, aria_hidden="true", class_="symbols")
    panels = tuple(
        LinePanel(label(s.label), _summary(s), _panel(figure, s, points, x_axis, y_axis, f"_{identifier}-{i}", floor), s.note)
        for i, (s, points) in enumerate(zip(figure.series, known, strict=True))
    )
    return LinePlotView(
        context,
        panels,
        _floor(figure.floor),
        figure.x_label,
        figure.y_label,
        any(_chosen(series) is not None for series in figure.series),
        _numbers(figure, identifier),
    )


def _floor(mark: Mark | None) -> str | None:
    if mark is None or finite(mark.value) is None:
        return None
    return f"floor {share(mark.value)}{f' ({mark.note})' if mark.note else ''}"


def thinned(length: int, most: int, keep: int | None) -> list[int]:
    """At most about `most` indices of a line, evenly spread, with the ends and the chosen one."""
    if length <= most:
        return list(range(length))
    spread = {round(i * (length - 1) / (most - 1)) for i in range(most)}
    return sorted(spread | ({keep} if keep is not None and 0 <= keep < length else set()))


def _panel(
    figure: LinePlot,
    series: Series,
    points: list[tuple[float, float]],
    x_axis: Scale,
    y_axis: Scale,
    name: str,
    floor: float | None,
) -> Markup:
    behind = name.rpartition("-")[0] + "-behind"
    curves = element(
        "svg",
        element("use", href=f"#{behind}"),
        _path(points, x_axis, y_axis, "front"),
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
        class_="curves",
    )
    chosen = _chosen(series)
    parts = [
        element("title", f"{series.label}: {figure.y_label} against {figure.x_label}", id=f"{name}t"),
        element("desc", _summary(series), id=f"{name}d"),
        *[element("line", x2="100%", y1=_y(y_axis, v), y2=_y(y_axis, v), class_="grid") for v, _ in labelled(y_axis, 4)],
        *[
            element("text", text, x=-6, y=_y(y_axis, v), dy=4, text_anchor="end", class_="tick")
            for v, text in labelled(y_axis, 4)
        ],
        *[
            element("text", text, x=x_axis.percent(v), y="100%", dy=15, text_anchor="middle", class_="tick")
            for v, text in labelled(x_axis, 5)
        ],
        *([element("line", x2="100%", y1=_y(y_axis, floor), y2=_y(y_axis, floor), class_="floor")] if floor is not None else []),
        curves,
    ]
    if chosen:
        at = x_axis.percent(chosen[0])
        parts.append(element("line", x1=at, x2=at, y1=_y(y_axis, chosen[1]), y2="100%", class_="drop"))
        parts.append(element("use", href="#_m1", x=at, y=_y(y_axis, chosen[1]), class_="k1"))
    return element("svg", *parts, class_="lines", role="img", aria_labelledby=f"{name}t {name}d", width="100%", height=130)


def _y(axis: Scale, value: float) -> str:
    return f"{100 - axis.at(value):.2f}%"


def _path(points: list[tuple[float, float]], x_axis: Scale, y_axis: Scale, kind: str) -> Markup:
    kept = [points[i] for i in thinned(len(points), _DRAWN, None)]
    steps = "L".join(f"{x_axis.at(x):.1f} {100 - y_axis.at(y):.1f}" for x, y in kept)
    return element("path", d=f"M{steps}", class_=kind) if kept else join([])


def _known(series: Series) -> list[tuple[float, float]]:
    return [(x, y) for x, y in zip(series.x, series.y, strict=False) if finite(x) is not None and finite(y) is not None]


def _chosen(series: Series) -> tuple[float, float] | None:
    if series.chosen is None or not 0 <= series.chosen < min(len(series.x), len(series.y)):
        return None
    x, y = series.x[series.chosen], series.y[series.chosen]
    return None if finite(x) is None or finite(y) is None else (x, y)


def _summary(series: Series) -> str:
    points, chosen = _known(series), _chosen(series)
    if not points:
        return "no data"
    start = f"{number(points[0][1])} at {number(points[0][0])}"
    if chosen is None:
        return f"from {start} to {number(points[-1][1])} at {number(points[-1][0])}"
    return f"{start}; chosen: {number(chosen[1])} at {number(chosen[0])}"


def _numbers(figure: LinePlot, identifier: str) -> Table:
    columns = [
        TableColumn(name="line"),
        TableColumn(name=figure.x_label, numeric=True),
        TableColumn(name=figure.y_label, numeric=True),
        TableColumn(name="chosen"),
    ]
    rows: list[list[Value]] = []
    for series in figure.series:
        kept = thinned(min(len(series.x), len(series.y)), _LISTED, series.chosen)
        rows += [[series.label, series.x[i], series.y[i], i == series.chosen] for i in kept]
    return table(f"{identifier}-numbers", f"The numbers of: {figure.title} (at most {_LISTED} points a line)", columns, rows)
