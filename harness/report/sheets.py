"""A report as tables: every figure in long form, as CSV files in one zip archive that is the same for the same report."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence

from harness.report.analysis_contents import Gallery, Scatter
from harness.report.contents import (
    DataTable,
    Disagreements,
    DotPlot,
    Figure,
    HeatMap,
    LinePlot,
    Mark,
    Ranks,
    RatingPlot,
    Report,
    Side,
    SystemMeans,
)
from harness.report.formulas import guarded

Cell = float | int | str | None
Sheet = tuple[Sequence[str], list[Sequence[Cell]]]
_MARK = ("value", "low", "high", "items", "pairs", "note")
MADE = (1980, 1, 1, 0, 0, 0)  # the earliest time that an archive can hold


def archive(report: Report) -> bytes:
    """A zip archive with a CSV file per figure, named by its id; texts that would be formulas have an apostrophe before them."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name, (columns, rows) in sheets(report):
            entry = zipfile.ZipInfo(f"{name}.csv", MADE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            file.writestr(entry, _csv(columns, rows))
    return held.getvalue()


def sheets(report: Report) -> Iterator[tuple[str, Sheet]]:
    """(id of the figure, its columns and rows), in the report's order; figures that are words alone are left out."""
    for section in report.sections:
        for figure in section.figures:
            sheet = _sheet(figure)
            if sheet is not None:
                yield figure.id, sheet


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([guarded(column) for column in columns])
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8")


def _sheet(figure: Figure) -> Sheet | None:
    match figure:
        case DataTable():
            return [column.name for column in figure.columns], list(figure.rows)
        case DotPlot():
            return ("slice", "metric", "kind", "rank", "beats sentinels", "statistic", *_MARK), list(_dots(figure))
        case Ranks():
            return ("rank", "metric"), [(one.rank, row.label) for one in figure.clusters for row in one.members]
        case LinePlot():
            return ("metric", figure.x_label, figure.y_label, "chosen"), list(_lines(figure))
        case RatingPlot():
            return ("metric", "rating", "n", "5 %", "25 %", "50 %", "75 %", "95 %"), list(_levels(figure))
        case HeatMap():
            return ("slice", "column", *_MARK), [
                (row, column, *_mark(cell))
                for row, cells in zip(figure.rows, figure.cells, strict=True)
                for column, cell in zip(figure.columns, cells, strict=True)
            ]
        case SystemMeans():
            return ("system", "by", "place", *_MARK), [
                (row.system, column, place, *_mark(one))
                for row in figure.rows
                for column, place, one in zip(figure.columns, row.ranks, row.marks, strict=True)
            ]
        case Disagreements():
            columns = ("metric", "criterion", "item", "language", "why", "instruction", "source", "references")
            sides = [f"{side} {name}" for side in ("first", "second") for name in ("system", "text", "score", "people")]
            return (*columns, *sides), list(_entries(figure))
        case Scatter():
            return ("panel", "what", figure.x_label, figure.y_label, "low", "high", "n"), list(_scattered(figure))
        case Gallery():
            rows: list[Sequence[Cell]] = [
                (e.title, f"{e.before}{e.marked}{e.after}", e.marked, "; ".join(e.facts), e.note) for e in figure.entries
            ]
            return ("title", "text", "marked", "facts", "note"), rows
    return None


def _scattered(figure: Scatter) -> Iterator[Sequence[Cell]]:
    for panel in figure.panels:
        for one in panel.bins:
            yield panel.label, "bin", one.x, one.value, one.low, one.high, one.n
        for point in panel.points:
            yield panel.label, point.label, point.x, point.y, None, None, 1


def _mark(mark: Mark) -> tuple[Cell, ...]:
    return mark.value, mark.low, mark.high, mark.n_items, mark.n_pairs, mark.note


def _dots(figure: DotPlot) -> Iterator[Sequence[Cell]]:
    for panel in figure.panels:
        for row in panel.rows:
            kind = "sentinel" if row.sentinel else "metric"
            for statistic, one in row.marks.items():
                beats = None if row.sentinel else "yes" if row.beats_sentinels else "no"
                yield panel.slice, row.label, kind, row.rank, beats, statistic, *_mark(one)
        for name, level in (("floor", panel.floor), ("human level", panel.human_level)):
            if level is not None:
                yield panel.slice, name, name, None, None, name, *_mark(level)


def _lines(figure: LinePlot) -> Iterator[Sequence[Cell]]:
    for series in figure.series:
        for place, (x, y) in enumerate(zip(series.x, series.y, strict=True)):
            yield series.label, x, y, "yes" if place == series.chosen else None


def _levels(figure: RatingPlot) -> Iterator[Sequence[Cell]]:
    for panel in figure.panels:
        for one in panel.levels:
            yield panel.label, one.rating, one.n, one.low, one.first_quartile, one.median, one.third_quartile, one.high


def _entries(figure: Disagreements) -> Iterator[Sequence[Cell]]:
    for one in figure.entries:
        about = (one.metric, one.criterion, one.item, one.language, one.why, one.instruction, one.source)
        yield *about, "\n".join(one.references), *_side(one.a), *_side(one.b)


def _side(side: Side) -> tuple[Cell, ...]:
    return side.system, "".join(run.text for run in side.text), side.score, side.people
