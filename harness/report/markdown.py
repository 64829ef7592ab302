"""A report as GitHub-flavoured Markdown: the answer, then every figure as a table with its caption."""

from collections.abc import Iterator, Sequence

from harness.report.analysis_contents import Gallery, GalleryEntry, Scatter
from harness.report.contents import (
    DataTable,
    Disagreement,
    Disagreements,
    DotPlot,
    DotRow,
    Figure,
    HeatMap,
    LinePlot,
    Mark,
    Ranks,
    RatingPlot,
    Report,
    Side,
    SystemMeans,
    Words,
)
from harness.report.escaping import fenced, inline, table
from harness.report.frame import worded
from harness.report.layout import number

ROWS = 40  # of a table
COLUMNS = 14  # metrics side by side
EACH = 2  # disagreements of a metric
Cell = float | int | str | None


def markdown(report: Report) -> str:
    """The report's text. Long tables are cut and say so; the CSV files and the HTML page hold more."""
    return "\n\n".join(part for part in _parts(report) if part) + "\n"


def _parts(report: Report) -> Iterator[str]:
    yield f"# {inline(report.title)}"
    yield inline(report.subtitle)
    yield _list(report.answer)
    if report.warnings:
        yield "## Before you trust it"
        yield _list(report.warnings)
    for section in report.sections:
        yield f"## {inline(section.title)}"
        yield inline(section.lead)
        for figure in section.figures:
            yield f"### {inline(figure.title)}"
            yield from _figure(figure)
    yield "## Manifest"
    yield fenced(report.manifest, "json")
    yield f"Made from the run that ended {inline(report.made)}."


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {inline(sentence)}" for sentence in sentences)


def _figure(figure: Figure) -> Iterator[str]:
    if isinstance(figure, Words):
        yield _list(figure.paragraphs) if figure.listed else "\n\n".join(inline(text) for text in figure.paragraphs)
        return
    yield f"*{inline(figure.caption)}*"
    match figure:
        case DotPlot():
            yield _dots(figure)
        case Ranks():
            rows = [[str(one.rank), ", ".join(inline(row.label) for row in one.members)] for one in figure.clusters]
            yield table(["rank", "metrics"], rows, [True, False])
        case LinePlot():
            yield _lines(figure)
        case RatingPlot():
            yield _ratings(figure)
        case HeatMap():
            yield from _map(figure)
        case SystemMeans():
            yield from _systems(figure)
        case DataTable():
            yield from _data(figure)
        case Disagreements():
            yield from _disagreements(figure)
        case Scatter():
            yield _scatter(figure)
        case Gallery():
            yield from (_entry(entry) for entry in figure.entries)


def _scatter(figure: Scatter) -> str:
    """The bins of each panel, and what is said of it."""
    heads = ["panel", inline(figure.x_label), inline(figure.y_label), "n", "summary"]
    rows = []
    for panel in figure.panels:
        said = inline("; ".join(one for one in (panel.summary, panel.note) if one))
        name = inline(panel.label)
        rows += [
            [
                name,
                number(one.x),
                worded(Mark(value=one.value, low=one.low, high=one.high)),
                str(one.n),
                said if not place else "",
            ]
            for place, one in enumerate(panel.bins)
        ] or [[name, "", "", str(len(panel.points)), said]]
    return table(heads, rows, [False, True, True, True, False])


def _entry(entry: GalleryEntry) -> str:
    marked = f"**{inline(entry.marked)}**" if entry.marked else ""
    before = inline(entry.before) + (" " if entry.before[-1:].isspace() else "")
    after = (" " if entry.after[:1].isspace() else "") + inline(entry.after)
    facts = "; ".join(map(inline, (*entry.facts, *((entry.note,) if entry.note else ()))))
    return f"- {inline(entry.title)}: {before}{marked}{after} ({facts})"


def _cell(value: Cell, digits: int | None = None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return inline(value)
    if digits is not None and isinstance(value, float):
        return number(value, digits)
    return number(value) if isinstance(value, float) and not value.is_integer() else f"{value:g}"


def _mark(mark: Mark | None) -> str:
    return "" if mark is None else worded(mark)


def _dots(figure: DotPlot) -> str:
    panel = figure.panels[0]
    rows = [_dot_row(row, figure.statistics) for row in panel.rows]
    for name, level, statistic in (("floor", panel.floor, "calibrated"), ("human level", panel.human_level, "raw")):
        if level is not None and level.value is not None:
            cells = [_mark(level) if own == statistic else "" for own in figure.statistics]
            rows.append(["", name, *cells, str(level.n_items), str(level.n_pairs)])
    columns = ["rank", "metric", *figure.statistics, "items", "pairs"]
    return table(columns, rows, [True, False, *(True for _ in figure.statistics), True, True])


def _dot_row(row: DotRow, statistics: Sequence[str]) -> list[str]:
    star = "\\*" if row.beats_sentinels else ""
    label = f"({inline(row.label)})" if row.sentinel else inline(row.label)
    n_items = max((one.n_items for one in row.marks.values()), default=0)
    n_pairs = max((one.n_pairs for one in row.marks.values()), default=0)
    marks = [_mark(row.marks.get(name)) for name in statistics]
    return ["" if row.rank is None else f"{row.rank}{star}", label, *marks, str(n_items), str(n_pairs)]


def _lines(figure: LinePlot) -> str:
    if all(series.chosen is None for series in figure.series):
        return _plain_lines(figure)
    rows = []
    for series in figure.series:
        best = None if series.chosen is None else (series.x[series.chosen], series.y[series.chosen])
        chosen = ["", ""] if best is None else [number(best[0]), number(best[1])]
        rows.append([inline(series.label), number(series.y[0]), *chosen, number(series.y[-1])])
    columns = ["metric", "at the left end", "chosen: share tied", "chosen: accuracy", "at the right end"]
    return table(columns, rows, [False, True, True, True, True])


def _plain_lines(figure: LinePlot) -> str:
    """Lines on which no point was chosen: their ends and their lowest point."""
    rows = []
    for series in figure.series:
        if not series.y:
            continue
        lowest = min(range(len(series.y)), key=lambda place: series.y[place])
        ends = [number(series.y[0]), number(series.y[-1]), number(series.y[lowest]), f"{series.x[lowest]:g}"]
        rows.append([inline(series.label), *ends, f"{series.x[-1]:g}"])
    x, y = inline(figure.x_label), inline(figure.y_label)
    columns = ["line", f"first {y}", f"last {y}", f"lowest {y}", f"at {x}", f"last {x}"]
    return table(columns, rows, [False, True, True, True, True, True])


def _ratings(figure: RatingPlot) -> str:
    names = list(dict.fromkeys(level.rating for panel in figure.panels for level in panel.levels))
    rows = []
    for panel in figure.panels:
        levels = {level.rating: level for level in panel.levels}
        cells = [
            f"{level.median:.3g} [{level.first_quartile:.3g} {level.third_quartile:.3g}], n {level.n}" if level else ""
            for level in (levels.get(name) for name in names)
        ]
        rows.append([inline(panel.label), *cells, _mark(panel.correlation)])
    heads = ["metric: median, middle half", *(f"rated {inline(name)}" for name in names), "tau-b"]
    return table(heads, rows, [False, *(True for _ in names), True])


def _map(figure: HeatMap) -> Iterator[str]:
    kept = range(len(figure.columns))[:COLUMNS]
    rows = [
        [inline(row), *(_heat(cells[place]) for place in kept)]
        for row, cells in zip(figure.rows[:ROWS], figure.cells, strict=False)
    ]
    yield table(["slice", *(inline(figure.columns[place]) for place in kept)], rows, [False, *(True for _ in kept)])
    yield _cut(len(rows), len(figure.rows), len(kept), len(figure.columns))


def _heat(mark: Mark) -> str:
    if mark.value is None:
        return "–"
    ends = "" if mark.low is None or mark.high is None else f" [{number(mark.low, 2)} {number(mark.high, 2)}]"
    return f"{number(mark.value, 2)}{ends}"


def _systems(figure: SystemMeans) -> Iterator[str]:
    kept = range(len(figure.columns))[:COLUMNS]
    rows = [[inline(row.system), *(_mean(row.marks[place], row.ranks[place]) for place in kept)] for row in figure.rows[:ROWS]]
    yield table(["system", *(inline(figure.columns[place]) for place in kept)], rows, [False, *(True for _ in kept)])
    yield _cut(len(rows), len(figure.rows), len(kept), len(figure.columns))


def _mean(mark: Mark, place: int | None) -> str:
    if mark.value is None:
        return "–"
    ends = "" if mark.low is None or mark.high is None else f" [{mark.low:.3g} {mark.high:.3g}]"
    return f"{mark.value:.3g}{ends}{'' if place is None else f' ({place})'}"


def _data(figure: DataTable) -> Iterator[str]:
    digits = [column.digits for column in figure.columns]
    rows = [[_cell(cell, places) for cell, places in zip(row, digits, strict=True)] for row in figure.rows[:ROWS]]
    yield table([inline(column.name) for column in figure.columns], rows, [column.numeric for column in figure.columns])
    yield _cut(len(rows), len(figure.rows), 0, 0)


def _cut(rows: int, all_rows: int, columns: int, all_columns: int) -> str:
    counts = ((rows, all_rows, "rows"), (columns, all_columns, "columns"))
    parts = [f"{shown} of {total:,} {what}" for shown, total, what in counts if shown < total]
    return f"The first {' and '.join(parts)}; harness report RUN --format csv writes all." if parts else ""


def _disagreements(figure: Disagreements) -> Iterator[str]:
    shown: dict[str, int] = {}
    for entry in figure.entries:
        shown[entry.metric] = shown.get(entry.metric, 0) + 1
        if shown[entry.metric] <= EACH:
            yield from _disagreement(entry, shown[entry.metric])
    left_out = len(figure.entries) - sum(min(count, EACH) for count in shown.values())
    if left_out:
        yield f"The {EACH} worst of each metric; {left_out} more are in the HTML page."


def _disagreement(entry: Disagreement, place: int) -> Iterator[str]:
    yield f"#### {inline(entry.metric)}, {inline(entry.criterion)}, number {place}: {inline(entry.item)}"
    yield inline(entry.why)
    texts = [("Instruction", entry.instruction), ("Source", entry.source)]
    texts += [("Reference", reference) for reference in entry.references[:1]]
    for name, text in texts:
        if text:
            yield f"{name}:\n\n{fenced(text)}"
    yield _side("First", entry.a)
    yield _side("Second", entry.b)


def _side(name: str, side: Side) -> str:
    score = "no score" if side.score is None else f"score {side.score:.4g}"
    text = "".join(run.text for run in side.text)
    return f"{name}: {inline(side.system)}, people {inline(side.people)}, {score}\n\n{fenced(text)}"
