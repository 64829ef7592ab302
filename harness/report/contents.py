"""What a report holds, as data: no figure here knows how it is drawn. HTML, Markdown and JSON are made from it.

Texts are plain text, never markup: whoever draws them escapes them. Every figure carries a caption that says what it shows and
its n. Lengths along an axis are in the unit that the axis names.
"""

from typing import Literal

import msgspec

from harness.report.analysis_contents import Gallery, Scatter


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Mark(_Part, frozen=True, kw_only=True):
    """A value with its interval and its n; `value` None: no data, and `note` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n_items: int = 0
    n_pairs: int = 0
    note: str | None = None


class DotRow(_Part, frozen=True, kw_only=True):
    """One metric or sentinel of a panel: its marks by statistic (`raw`, `calibrated`, `held-out`)."""

    label: str
    sentinel: bool
    rank: int | None = None  # rank cluster
    beats_sentinels: bool = False
    marks: dict[str, Mark] = {}


class DotPanel(_Part, frozen=True, kw_only=True):
    """One slice of a criterion: its rows best first, sentinels last, with the floor and the human level."""

    slice: str
    n_items: int
    n_pairs: int
    rows: tuple[DotRow, ...]
    floor: Mark | None = None
    human_level: Mark | None = None
    note: str | None = None


class DotPlot(_Part, frozen=True, kw_only=True, tag="dot-plot"):
    """Accuracy with intervals: a panel a slice (`all` first). `statistics`: which marks the rows have, in order."""

    id: str
    title: str
    caption: str
    statistics: tuple[str, ...]
    panels: tuple[DotPanel, ...]
    low: float  # ends of the axis, the same in every panel
    high: float


class RankCluster(_Part, frozen=True, kw_only=True):
    """Metrics that cannot be told apart, with their calibrated accuracy."""

    rank: int
    members: tuple[DotRow, ...]


class Ranks(_Part, frozen=True, kw_only=True, tag="ranks"):
    """Rank clusters, best first, and the tested differences behind them."""

    id: str
    title: str
    caption: str
    clusters: tuple[RankCluster, ...]


class Series(_Part, frozen=True, kw_only=True):
    """One line: `x` and `y` of the same length; `chosen` is the index of the point that was chosen (the calibrated epsilon)."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    chosen: int | None = None
    note: str | None = None


class LinePlot(_Part, frozen=True, kw_only=True, tag="line-plot"):
    """Lines over a common axis, such as accuracy against epsilon (as a share of each metric's range of gaps)."""

    id: str
    title: str
    caption: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    floor: Mark | None = None


class RatingLevel(_Part, frozen=True, kw_only=True):
    """The scores of all outputs that people rated alike: n, quartiles, and the ends of the middle 90 %."""

    rating: str
    n: int
    low: float  # 5 %
    first_quartile: float
    median: float
    third_quartile: float
    high: float  # 95 %


class RatingPanel(_Part, frozen=True, kw_only=True):
    """One metric's scores by rating; `correlation` is Kendall's tau-b over the outputs."""

    label: str
    levels: tuple[RatingLevel, ...]
    correlation: Mark | None = None
    points: tuple[tuple[float, float], ...] = ()  # a sample of (rating, score), at most 400


class RatingPlot(_Part, frozen=True, kw_only=True, tag="rating-plot"):
    """Score against rating, a panel a metric."""

    id: str
    title: str
    caption: str
    panels: tuple[RatingPanel, ...]


class HeatMap(_Part, frozen=True, kw_only=True, tag="heat-map"):
    """A value for each row (phenomenon) and column (metric); `neutral` is the value of guessing."""

    id: str
    title: str
    caption: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Mark, ...], ...]
    low: float
    high: float
    neutral: float | None = None


class Run(_Part, frozen=True, kw_only=True):
    """A stretch of text and whether its words also stand in a reference."""

    text: str
    matched: bool = False


class Side(_Part, frozen=True, kw_only=True):
    """One of two answers: who gave it, its text in runs, the metric's score, what people said (a rating, or `better`)."""

    system: str
    text: tuple[Run, ...]
    score: float | None
    people: str


class Disagreement(_Part, frozen=True, kw_only=True):
    """A pair of answers that a metric orders against people; `a` is the one that people prefer."""

    item: str
    language: str
    metric: str
    criterion: str
    why: str  # one sentence: how strongly both sides hold their opinion
    instruction: str | None
    source: str | None
    references: tuple[str, ...]
    a: Side
    b: Side


class Disagreements(_Part, frozen=True, kw_only=True, tag="disagreements"):
    """The worst disagreements of each metric, the worst first; the caption says how many there are in all."""

    id: str
    title: str
    caption: str
    entries: tuple[Disagreement, ...]


class SystemRow(_Part, frozen=True, kw_only=True):
    """One system: its mean by people, then by each metric, in the order of the figure's `columns`."""

    system: str
    marks: tuple[Mark, ...]
    ranks: tuple[int | None, ...]  # place of the system in that column, 1 is best


class SystemMeans(_Part, frozen=True, kw_only=True, tag="system-means"):
    """Means with intervals of every system, by people (the first column) and by each metric."""

    id: str
    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[SystemRow, ...]


class TableColumn(_Part, frozen=True, kw_only=True):
    """A column: what it is called, whether it sorts as a number, and one line that explains it.

    `sentence`: its texts are sentences, for which a drawing makes room. `digits`: decimals that its floats are shown with;
    None: about three figures each.
    """

    name: str
    numeric: bool = False
    help: str = ""
    sentence: bool = False
    digits: int | None = None


class DataTable(_Part, frozen=True, kw_only=True, tag="table"):
    """A table that a reader can sort and filter; a cell is a number, a text, or None where there is no data."""

    id: str
    title: str
    caption: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[float | int | str | None, ...], ...]


class Words(_Part, frozen=True, kw_only=True, tag="words"):
    """Sentences, as paragraphs or as a list."""

    id: str
    title: str
    paragraphs: tuple[str, ...]
    kind: Literal["answer", "warning", "text"] = "text"
    listed: bool = False


Figure = Words | DotPlot | Ranks | LinePlot | RatingPlot | HeatMap | Disagreements | SystemMeans | DataTable | Scatter | Gallery


class Section(_Part, frozen=True, kw_only=True):
    """A heading with its figures; `lead` says in one or two sentences what to look for."""

    id: str
    title: str
    figures: tuple[Figure, ...]
    lead: str = ""


class Report(_Part, frozen=True, kw_only=True):
    """A whole report: the answer first, then the sections. `language` is that of the report's own words."""

    title: str
    subtitle: str  # judgment set, version, items, systems, raters
    answer: tuple[str, ...]  # the answer in words, a sentence or two each, the most useful first
    warnings: tuple[str, ...]  # what a reader must know before trusting it
    sections: tuple[Section, ...]
    manifest: str  # the manifest as indented JSON
    made: str  # when the run ended, ISO 8601
    language: str = "en"
