"""Reports to draw: a realistic one, and the edge cases; every number is made up but consistent, the same in every run."""

import random
from collections.abc import Sequence

from harness.report.contents import (
    DataTable,
    Disagreement,
    Disagreements,
    DotPanel,
    DotPlot,
    DotRow,
    HeatMap,
    LinePlot,
    Mark,
    RankCluster,
    Ranks,
    RatingLevel,
    RatingPanel,
    RatingPlot,
    Report,
    Run,
    Section,
    Series,
    Side,
    SystemMeans,
    SystemRow,
    TableColumn,
    Words,
)

METRICS = ("bertscore", "rouge-l:tokenizer=rouge-score", "chrf", "rouge-l", "bleu", "word-recall")
SENTINELS = ("source-change", "length", "random", "constant")
STATISTICS = ("raw", "calibrated", "held-out")
ANSWER = "Flickan som bor här heter Åsa och hon har en hund ."


def sample_report(
    metrics: Sequence[str] = METRICS,
    slices: Sequence[str] = ("all", "form=short", "form=long", "length=6-20"),
    entries: int = 12,
    answer: str = ANSWER,
    systems: Sequence[str] = ("mw", "mm", "s2", "granska"),
) -> Report:
    """A report with every kind of figure; `entries` disagreements, each with `answer` in its texts."""
    draw = random.Random(7)
    figures = (
        Section(
            id="accuracy",
            title="Accuracy",
            lead="Which metrics agree with people.",
            figures=(dot_plot(metrics, slices, draw), ranks(metrics, draw), curves(metrics)),
        ),
        Section(
            id="scores",
            title="Scores",
            figures=(ratings(metrics, draw), heat_map(metrics, draw), system_means(metrics, systems, draw)),
        ),
        Section(id="worst", title="Worst disagreements", figures=(disagreements(metrics, entries, answer),)),
        Section(id="tables", title="Tables", figures=(table(metrics, draw), words())),
    )
    return Report(
        title="Which metric can you trust? sample-sv",
        subtitle="sample-sv@0123456789ab, version 1 · 192 items · 5 systems · 2 raters",
        answer=(
            "No metric is shown to beat every sentinel.",
            "Metrics cannot be told apart: one rank does not mean equally good.",
        ),
        warnings=("People tie 59 % of the pairs: read accuracies against the floor.", "One rater gave most ratings."),
        sections=figures,
        manifest='{\n  "seed": 0\n}',
        made="2026-02-03T04:05:06Z",
    )


def empty_report() -> Report:
    """A report of a run that held no data at all: every kind of figure, each of them empty."""
    figures = (
        DotPlot(id="a", title="Accuracy", caption="0 items", statistics=STATISTICS, panels=(), low=0, high=1),
        DotPlot(
            id="b",
            title="Accuracy by form",
            caption="0 items",
            statistics=STATISTICS,
            panels=(DotPanel(slice="all", n_items=0, n_pairs=0, rows=(), note="no ratings"),),
            low=0,
            high=0,
        ),
        DotPlot(
            id="none",
            title="Unknown",
            caption="0 items",
            statistics=STATISTICS,
            panels=(
                DotPanel(slice="all", n_items=0, n_pairs=0, rows=(DotRow(label="chrf", sentinel=False, marks=_no_marks()),)),
            ),
            low=0,
            high=1,
        ),
        Ranks(id="c", title="Ranks", caption="", clusters=()),
        LinePlot(id="d", title="Curves", caption="", x_label="epsilon", y_label="accuracy", series=()),
        LinePlot(
            id="e",
            title="No points",
            caption="",
            x_label="epsilon",
            y_label="accuracy",
            series=(Series(label="chrf", x=(), y=()),),
        ),
        RatingPlot(id="f", title="Ratings", caption="", panels=()),
        RatingPlot(id="g", title="No levels", caption="", panels=(RatingPanel(label="chrf", levels=()),)),
        HeatMap(id="h", title="Phenomena", caption="", rows=(), columns=(), cells=(), low=0, high=1),
        Disagreements(id="i", title="Disagreements", caption="", entries=()),
        SystemMeans(id="j", title="Systems", caption="", columns=("people",), rows=()),
        DataTable(id="k", title="Table", caption="", columns=(TableColumn(name="metric"),), rows=()),
        Words(id="l", title="Words", paragraphs=()),
    )
    section = Section(id="all", title="All", figures=figures)
    return Report(title="Nothing", subtitle="", answer=(), warnings=(), sections=(section,), manifest="", made="")


def preferences_report() -> Report:
    """Pairwise preferences: one statistic, no floor, no ratings."""
    draw = random.Random(3)
    rows = tuple(
        DotRow(
            label=name,
            sentinel=name in SENTINELS,
            rank=None if name in SENTINELS else 1,
            marks={"accuracy": mark(0.5 + 0.2 * draw.random(), 999)},
        )
        for name in (*METRICS, *SENTINELS)
    )
    panel = DotPanel(slice="all", n_items=999, n_pairs=999, rows=rows, note="ties of people are left out")
    plot = DotPlot(
        id="accuracy", title="Accuracy", caption="999 pairs", statistics=("accuracy",), panels=(panel,), low=0.4, high=0.8
    )
    return Report(
        title="Preferences",
        subtitle="999 pairs",
        answer=("Length alone agrees with people as often as ROUGE-L.",),
        warnings=(),
        sections=(Section(id="accuracy-section", title="Accuracy", figures=(plot,)),),
        manifest="{}",
        made="2026-02-03T04:05:06Z",
    )


def mark(value: float, n_items: int = 191, width: float = 0.04) -> Mark:
    """A value with an interval of twice `width`."""
    return Mark(value=value, low=value - width, high=value + width, n_items=n_items, n_pairs=10 * n_items)


def dot_plot(metrics: Sequence[str], slices: Sequence[str], draw: random.Random) -> DotPlot:
    """Accuracy in every slice; the last slice has no data for one metric."""
    panels = []
    for name in slices:
        rows = [
            DotRow(label=metric, sentinel=False, rank=1 + i // 4, beats_sentinels=i == 0, marks=_marks(0.66 - 0.01 * i, draw))
            for i, metric in enumerate(metrics)
        ]
        if name == slices[-1] and len(slices) > 1:
            rows[-1] = DotRow(label=metrics[-1], sentinel=False, marks=_no_marks())
        rows += [DotRow(label=sentinel, sentinel=True, marks=_marks(0.59, draw)) for sentinel in SENTINELS]
        panels.append(
            DotPanel(slice=name, n_items=191, n_pairs=1910, rows=tuple(rows), floor=mark(0.588), human_level=mark(0.72, 40))
        )
    caption = "Share of pairs that a metric orders as people do (191 items, 1,910 pairs)."
    return DotPlot(id="dots", title="Accuracy", caption=caption, statistics=STATISTICS, panels=tuple(panels), low=0.3, high=0.9)


def ranks(metrics: Sequence[str], draw: random.Random) -> Ranks:
    """Two clusters."""
    rows = [
        DotRow(label=m, sentinel=False, rank=1 + (i > 1), marks={"calibrated": mark(0.65 - 0.02 * i)})
        for i, m in enumerate(metrics)
    ]
    clusters = tuple(RankCluster(rank=rank, members=tuple(row for row in rows if row.rank == rank)) for rank in (1, 2))
    return Ranks(id="clusters", title="Ranks", caption="Holm over the pairs of metrics (191 items).", clusters=clusters)


def curves(metrics: Sequence[str]) -> LinePlot:
    """Accuracy against epsilon: a hump whose top was chosen."""
    x = tuple(i / 100 for i in range(101))
    series = tuple(
        Series(label=m, x=x, y=tuple(0.6 - (e - 0.3 - 0.02 * k) ** 2 for e in x), chosen=30 + 2 * k)
        for k, m in enumerate(metrics[:20])
    )
    return LinePlot(
        id="curves",
        title="Accuracy by epsilon",
        caption="191 items.",
        x_label="epsilon",
        y_label="accuracy",
        series=series,
        floor=mark(0.588),
    )


def ratings(metrics: Sequence[str], draw: random.Random) -> RatingPlot:
    """Four ratings; scores rise with them."""
    panels = []
    for metric in metrics:
        levels = tuple(
            RatingLevel(
                rating=str(r),
                n=50 * r,
                low=0.1 * r,
                first_quartile=0.1 * r + 0.1,
                median=0.1 * r + 0.2,
                third_quartile=0.1 * r + 0.3,
                high=0.9,
            )
            for r in (1, 2, 3, 4)
        )
        points = tuple((float(draw.randint(1, 4)), draw.random()) for _ in range(100))
        panels.append(RatingPanel(label=metric, levels=levels, correlation=mark(0.3), points=points))
    return RatingPlot(id="ratings", title="Score against rating", caption="955 outputs.", panels=tuple(panels))


def heat_map(metrics: Sequence[str], draw: random.Random) -> HeatMap:
    """Three phenomena, from far below guessing to far above; one cell has no data."""
    rows = ("negation", "synonyms", "word-order")
    cells = [tuple(mark(draw.random(), 14, 0.1) for _ in metrics) for _ in rows]
    cells[-1] = (*cells[-1][:-1], Mark(value=None, note="no pairs"))
    return HeatMap(
        id="heat",
        title="Phenomena",
        caption="14 pairs a phenomenon.",
        rows=rows,
        columns=tuple(metrics),
        cells=tuple(cells),
        low=0,
        high=1,
        neutral=0.5,
    )


def system_means(metrics: Sequence[str], systems: Sequence[str], draw: random.Random) -> SystemMeans:
    """Means whose order by metrics differs from that by people."""
    rows = tuple(
        SystemRow(
            system=system,
            marks=(mark(3.9 - 0.3 * i), *(mark(draw.random()) for _ in metrics)),
            ranks=(i + 1, *(1 + (i + k) % len(systems) for k in range(len(metrics)))),
        )
        for i, system in enumerate(systems)
    )
    return SystemMeans(id="means", title="Systems", caption="191 items.", columns=("people", *metrics), rows=rows)


def disagreements(metrics: Sequence[str], entries: int, answer: str) -> Disagreements:
    """Disagreements over the metrics and two criteria in turn."""
    made = tuple(
        Disagreement(
            item=f"sample/{i:03}",
            language="sv",
            metric=metrics[i % len(metrics)],
            criterion=("grammaticality", "fluency")[i % 2],
            why="People put one answer far ahead; the metric the other.",
            instruction="Rätta meningen.",
            source="Flikan som bor här heter Åsa .",
            references=(answer,),
            a=Side(system="mw", text=(Run(text=answer[:20], matched=True), Run(text=answer[20:])), score=0.25, people="4"),
            b=Side(system="granska", text=(Run(text=answer[:10]), Run(text=answer[10:], matched=True)), score=0.75, people="2"),
        )
        for i in range(entries)
    )
    return Disagreements(id="cards", title="Worst disagreements", caption=f"{entries} of 786 pairs.", entries=made)


def table(metrics: Sequence[str], draw: random.Random) -> DataTable:
    """Numbers, texts and missing cells; sorted by nothing in particular."""
    columns = (
        TableColumn(name="metric"),
        TableColumn(name="value", numeric=True, help="a made-up value"),
        TableColumn(name="items", numeric=True),
    )
    rows = [(m, round(draw.uniform(-1, 1), 4), 10 * i) for i, m in enumerate(metrics)]
    rows += [("missing", None, None), ("large", 1234.5, 60_000), ("tiny", -0.25, 9), ("same", 0.5, 9)]
    return DataTable(id="numbers", title="All numbers", caption="191 items.", columns=columns, rows=tuple(rows))


def words() -> Words:
    """A list of sentences."""
    return Words(id="notes", title="Notes", paragraphs=("The first note.", "The second note."), listed=True)


def _marks(value: float, draw: random.Random) -> dict[str, Mark]:
    shifts = {"raw": -0.15, "calibrated": 0.0, "held-out": -0.01}
    return {name: mark(value + shift + 0.01 * draw.random()) for name, shift in shifts.items()}


def _no_marks() -> dict[str, Mark]:
    return {name: Mark(value=None, note="too few items") for name in STATISTICS}
