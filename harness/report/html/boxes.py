"""Scores by rating: a box for each rating (quartiles, middle 90 %), a sample of the outputs behind it, n beneath it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from harness.report.contents import RatingLevel, RatingPanel, RatingPlot, TableColumn
from harness.report.html.elements import element, join
from harness.report.html.scales import Scale, around, labelled
from harness.report.html.tables import Table, Value, mark_cells, table
from harness.report.html.text import amount, count, finite, interval, label, share
from harness.report.html.text import figure as number

_HEIGHT = 170
_NARROWEST = 230  # pixels of a drawing
_LETTER, _GAP = 6.6, 7  # pixels: a bold figure of a label, and what is left free between two
_MOST_EMPTY = 20  # ranges that nobody gave, drawn as empty places
_N_SHOWN = 7  # ratings beside each other that leave room for their n


@dataclass(frozen=True)
class BoxPanel:
    """One metric: what it is called, how it goes with the ratings, and the drawing."""

    label: Markup
    correlation: str
    drawing: Markup


@dataclass(frozen=True)
class RatingPlotView:
    """What the template draws."""

    panels: tuple[BoxPanel, ...]
    numbers: Table


def rating_plot(figure: RatingPlot, identifier: str) -> RatingPlotView:
    """The view of scores by rating."""
    panels = tuple(
        BoxPanel(label(p.label), _correlation(p), _drawing(p, f"_{identifier}-{i}")) for i, p in enumerate(figure.panels)
    )
    return RatingPlotView(panels, _numbers(figure, identifier))


def _drawing(panel: RatingPanel, name: str) -> Markup:
    levels = panel.levels
    slots = _slots(levels)
    ends = [end for level in levels for end in (level.low, level.high, level.first_quartile, level.third_quartile, level.median)]
    axis = around([*ends, *(score for _, score in panel.points)], 0.03)
    parts = [
        element("title", f"Scores of {panel.label} by the rating that people gave", id=f"{name}t"),
        element("desc", _described(panel), id=f"{name}d"),
        *[element("line", x2="100%", y1=_y(axis, v), y2=_y(axis, v), class_="grid") for v, _ in labelled(axis, 5)],
        *[element("text", text, x=-6, y=_y(axis, v), dy=4, text_anchor="end", class_="tick") for v, text in labelled(axis, 5)],
        _points(panel, axis),
        *[_box(level, i, len(slots), axis) for i, level in enumerate(slots) if level is not None],
        *[
            element("text", text, x=f"{x:.2f}%", y="100%", dy=15, text_anchor="middle", class_="tick level")
            for x, text in _ticks(slots)
        ],
    ]
    return element("svg", *parts, class_="boxes", role="img", aria_labelledby=f"{name}t {name}d", width="100%", height=_HEIGHT)


def _box(level: RatingLevel, index: int, n_levels: int, axis: Scale) -> Markup:
    slot = 100 / n_levels
    middle, width = (index + 0.5) * slot, slot * 0.46
    centre = f"{middle:.2f}%"
    parts = [element("title", f"{level.rating}: {amount(level.n, 'output')}")]
    if n_levels <= _N_SHOWN:
        parts.append(element("text", f"n {count(level.n)}", x=centre, y="100%", dy=29, text_anchor="middle", class_="tick"))
    if level.n and all(
        finite(v) is not None for v in (level.low, level.first_quartile, level.median, level.third_quartile, level.high)
    ):
        left, size = f"{middle - width / 2:.2f}%", f"{width:.2f}%"
        height = f"{max(axis.at(level.third_quartile) - axis.at(level.first_quartile), 0.4):.2f}%"
        parts += [
            element("line", x1=centre, x2=centre, y1=_y(axis, level.low), y2=_y(axis, level.high), class_="whisker"),
            element("rect", x=left, width=size, y=_y(axis, level.third_quartile), height=height, class_="box"),
            element(
                "line",
                x1=left,
                x2=f"{middle + width / 2:.2f}%",
                y1=_y(axis, level.median),
                y2=_y(axis, level.median),
                class_="median",
            ),
        ]
    return element("g", *parts)


def _slots(levels: Sequence[RatingLevel]) -> list[RatingLevel | None]:
    """A place for each level; between ranges, also for those that nobody gave."""
    ranges = [_range(level.rating) for level in levels]
    slots: list[RatingLevel | None] = []
    end = None
    for level, found in zip(levels, ranges, strict=True):
        if end is not None and found is not None and found[1] > found[0]:
            slots += [None] * min(round((found[0] - end) / (found[1] - found[0])), _MOST_EMPTY)
        slots.append(level)
        end = None if found is None else found[1]
    return slots


def _range(rating: str) -> tuple[float, float] | None:
    """The ends of `1 to 1.4`."""
    try:
        low, high = (float(end) for end in rating.split(" to "))
    except ValueError:
        return None
    return low, high


def _ticks(slots: Sequence[RatingLevel | None]) -> list[tuple[float, str]]:
    """(percent, text) beneath the boxes: ratings in the middle, of ranges the edges; as many as fit."""
    slot = 100 / max(1, len(slots))
    named = [(i, level.rating) for i, level in enumerate(slots) if level is not None]
    if named and all(_range(text) is not None for _, text in named):
        ends = [text.split(" to ") for _, text in named]
        edges = {i: low for (i, _), (low, _) in zip(named, ends, strict=True)} | {
            i + 1: high for (i, _), (_, high) in zip(named, ends, strict=True)
        }
        places = [(i * slot, text) for i, text in sorted(edges.items())]
    else:
        places = [((i + 0.5) * slot, text) for i, text in named]
    kept = places
    for step in range(1, len(places) + 1):
        kept = places[::step]
        if all(_apart(one, other) for one, other in pairwise(kept)):
            break
    if places and kept[-1] != places[-1]:
        while len(kept) > 1 and not _apart(kept[-1], places[-1]):
            kept.pop()
        if _apart(kept[-1], places[-1]):
            kept.append(places[-1])
    return kept


def _apart(one: tuple[float, str], other: tuple[float, str]) -> bool:
    """Whether two labels stand clear of each other in the narrowest panel."""
    return (other[0] - one[0]) / 100 * _NARROWEST >= (len(one[1]) + len(other[1])) / 2 * _LETTER + _GAP


def _points(panel: RatingPanel, axis: Scale) -> Markup:
    """A sample of the outputs, moved sideways a little so that equal ones do not hide each other."""
    places = _places(panel)
    if places is None or not panel.points:
        return join([])
    slot = 100 / len(panel.levels)
    steps = []
    for i, (rating, score) in enumerate(panel.points):
        if finite(rating) is None or finite(score) is None:
            continue
        aside = ((i * 0.6180339887) % 1 - 0.5) * 0.7  # golden ratio: spread evenly, the same in every run
        steps.append(f"M{(_place(rating, places) + 0.5 + aside) * slot:.1f} {100 - axis.at(score):.1f}h0")
    path = element("path", d="".join(steps), class_="points")
    return element("svg", path, viewBox="0 0 100 100", preserveAspectRatio="none", width="100%", height="100%", class_="curves")


def _places(panel: RatingPanel) -> list[float] | None:
    """The ratings as numbers, or None where one is a word."""
    try:
        values = [float(level.rating.replace("−", "-")) for level in panel.levels]
    except ValueError:
        return None
    return values if values == sorted(values) and len(set(values)) == len(values) else None


def _place(rating: float, places: list[float]) -> float:
    """The slot of a rating; between two levels where it lies between them."""
    for i, (low, high) in enumerate(pairwise(places)):
        if rating <= high:
            return max(i + (rating - low) / (high - low), 0.0)
    return len(places) - 1.0


def _y(axis: Scale, value: float) -> str:
    return f"{100 - axis.at(value):.2f}%"


def _described(panel: RatingPanel) -> str:
    levels = "; ".join(
        f"rating {level.rating}: median {number(level.median)}, {amount(level.n, 'output')}" for level in panel.levels
    )
    return f"{levels or 'no data'}. {_correlation(panel)}".strip()


def _correlation(panel: RatingPanel) -> str:
    mark = panel.correlation
    if mark is None:
        return ""
    if finite(mark.value) is None:
        return f"τ-b: no data{f' ({mark.note})' if mark.note else ''}"
    return f"τ-b {share(mark.value, 2)} {interval(mark.low, mark.high, 2)}".strip()


def _numbers(figure: RatingPlot, identifier: str) -> Table:
    names = ("5 %", "first quartile", "median", "third quartile", "95 %", "τ-b", "τ-b, low", "τ-b, high")
    columns = [
        TableColumn(name="metric"),
        TableColumn(name="rating", numeric=all(_places(p) is not None for p in figure.panels)),
        TableColumn(name="outputs", numeric=True),
        *(TableColumn(name=name, numeric=True) for name in names),
        TableColumn(name="note"),
    ]
    rows: list[list[Value]] = []
    for panel in figure.panels:
        for level in panel.levels:
            quartiles = [level.low, level.first_quartile, level.median, level.third_quartile, level.high]
            rows.append(
                [
                    panel.label,
                    level.rating,
                    level.n,
                    *quartiles,
                    *mark_cells(panel.correlation),
                    panel.correlation.note if panel.correlation else None,
                ]
            )
    return table(f"{identifier}-numbers", f"The numbers of: {figure.title}", columns, rows)
