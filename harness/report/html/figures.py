"""What the templates draw of each kind of figure, and the identifiers of a page, each used once."""

from dataclasses import dataclass, field

from harness.report.analysis_contents import Gallery, Scatter
from harness.report.contents import (
    DataTable,
    Disagreements,
    DotPlot,
    Figure,
    HeatMap,
    LinePlot,
    Ranks,
    RatingPlot,
    Report,
    SystemMeans,
    Words,
)
from harness.report.html.boxes import rating_plot
from harness.report.html.disagreements import disagreements
from harness.report.html.dotplot import dot_plot, ranks
from harness.report.html.gallery import gallery
from harness.report.html.heatmap import heat_map
from harness.report.html.lines import line_plot
from harness.report.html.scatter import scatter
from harness.report.html.systems import system_means
from harness.report.html.tables import from_contents
from harness.report.html.text import anchor


@dataclass(frozen=True)
class FigureView:
    """A figure for the template of its kind; `empty` says that there is nothing to draw."""

    kind: str
    id: str
    title: str
    caption: str
    view: object
    empty: bool = False


@dataclass(frozen=True)
class SectionView:
    """A section with its figures."""

    id: str
    title: str
    lead: str
    figures: tuple[FigureView, ...]


@dataclass
class Names:
    """Hands out the identifiers of a page: the wished-for one, or it with a number where it is taken."""

    taken: set[str] = field(default_factory=lambda: {"answer", "warnings", "manifest", "contents", "main", "top"})

    def take(self, wish: str) -> str:
        """An identifier that no other element of the page has."""
        first = anchor(wish).lstrip("_") or "part"
        name, number = first, 1
        while name in self.taken:
            number += 1
            name = f"{first}-{number}"
        self.taken.add(name)
        return name


def sections(report: Report) -> tuple[SectionView, ...]:
    """The sections of a report, ready to be drawn."""
    names = Names()
    return tuple(
        SectionView(names.take(section.id), section.title, section.lead, tuple(figure_view(f, names) for f in section.figures))
        for section in report.sections
    )


def figure_view(figure: Figure, names: Names) -> FigureView:
    """The view of one figure."""
    name = names.take(figure.id)
    match figure:
        case Words():
            return FigureView("words", name, figure.title, "", figure, not figure.paragraphs)
        case DotPlot():
            return FigureView("dot-plot", name, figure.title, figure.caption, dot_plot(figure, name), not figure.panels)
        case Ranks():
            return FigureView(
                "ranks", name, figure.title, figure.caption, ranks(figure, name), not any(c.members for c in figure.clusters)
            )
        case LinePlot():
            return FigureView("line-plot", name, figure.title, figure.caption, line_plot(figure, name), not figure.series)
        case RatingPlot():
            return FigureView("rating-plot", name, figure.title, figure.caption, rating_plot(figure, name), not figure.panels)
        case HeatMap():
            return FigureView(
                "heat-map", name, figure.title, figure.caption, heat_map(figure, name), not (figure.rows and figure.columns)
            )
        case Disagreements():
            return FigureView("disagreements", name, figure.title, figure.caption, disagreements(figure), not figure.entries)
        case SystemMeans():
            return FigureView("system-means", name, figure.title, figure.caption, system_means(figure, name), not figure.rows)
        case DataTable():
            return FigureView("table", name, figure.title, figure.caption, from_contents(figure, name), not figure.rows)
        case Scatter():
            return FigureView("scatter", name, figure.title, figure.caption, scatter(figure, name), not figure.panels)
        case Gallery():
            return FigureView("gallery", name, figure.title, figure.caption, gallery(figure), not figure.entries)
