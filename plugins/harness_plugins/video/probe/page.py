"""The page of a probe, Markdown and HTML, and its section for a run's report."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from harness.report.analysis_contents import Bin, Gallery, Point, Scatter, ScatterPanel
from harness.report.contents import DataTable, Figure, Report, Section, TableColumn
from harness.report.html.page import render
from harness.report.markdown import markdown
from harness.report.texts import cleaned
from harness.whole_files import replace_file
from harness_plugins.video.probe.analysis import Analysis, Gain
from harness_plugins.video.probe.page_bins import bins_table
from harness_plugins.video.probe.page_explained import cells, matching_table, numbers, pairs_table, regression_table
from harness_plugins.video.probe.told import answer, figure, warnings

_LEAD = (
    "Gain: the log-probability of a masked word by the model trained with video, less that by its twin of the same size and seed "
    "trained on text alone, in nats; each is shown what it was trained with. Reliance: what the video's removal costs when the "
    "model is asked. The word is the unit; of several seeds, values are averaged."
)


def write_pages(report: Report, analysis: Analysis, folder: Path) -> tuple[Path, Path]:
    """Writes `page.md`, `page.html` and `summary.json` (the analysis); the paths of the first two."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"page.md": markdown(report), "page.html": render(report)}
    for name, text in texts.items():
        replace_file(folder / name, text.encode())
    replace_file(folder / "summary.json", msgspec.json.format(msgspec.json.encode(analysis)) + b"\n")
    return folder / "page.md", folder / "page.html"


def page(
    name: str, subtitle: str, analysis: Analysis, gallery: Gallery | None, manifest: Any, extra: Sequence[Section] = ()
) -> Report:
    """The report of a probe. `gallery`: words beside their frames; `manifest`: the config as plain values; `extra`: sections of
    what was trained, say. Its texts are safe to show once escaped."""
    return cleaned(
        Report(
            title=f"Imageability probe: {name}",
            subtitle=subtitle,
            answer=tuple(answer(analysis)),
            warnings=tuple(warnings(analysis)),
            sections=(*sections(analysis, gallery), *extra),
            manifest=msgspec.json.format(msgspec.json.encode(manifest)).decode(),
            made=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )


def section(analysis: Analysis, gallery: Gallery | None) -> Section:
    """All of it as one section, for the report of a run."""
    every = [one for part in sections(analysis, gallery) for one in part.figures]
    return Section(id="imageability", title="Imageability probe", figures=tuple(every), lead=" ".join([_LEAD, *answer(analysis)]))


def sections(analysis: Analysis, gallery: Gallery | None) -> Iterator[Section]:
    """Gain, what explains it, reliance, words."""
    yield Section(id="gain", title="Gain", figures=(_gain_table(analysis), _gain_plot(analysis), _classes(analysis)), lead=_LEAD)
    yield Section(
        id="explained",
        title="What explains the gain",
        figures=(bins_table(analysis), regression_table(analysis), matching_table(analysis), pairs_table(analysis)),
        lead="Frequent, short words and nouns are often the ones that are easy to picture. Three analyses hold that alike: bins "
        "made even, a regression, and pairs of words alike in frequency and length, one easy to picture and one not.",
    )
    yield Section(
        id="reliance",
        title="Reliance on the video",
        figures=(_reliance(analysis), *_between(analysis)),
        lead="What the model trained with video loses when it is asked without: whether it leans on what it sees. That a larger "
        "model relies more, or less, has several readings, and none of them follows from the number alone.",
    )
    yield Section(
        id="words",
        title="Words",
        figures=(*((gallery,) if gallery is not None else ()), _words(analysis)),
        lead="Words that gain and lose most by the video, beside frames of a clip whose text has them.",
    )
    yield Section(id="said", title="How well the words are said", figures=(_levels(analysis), _seeds(analysis)))


def _gain_table(analysis: Analysis) -> DataTable:
    columns = [TableColumn(name="size"), TableColumn(name="trained with")]
    columns += numbers("mean gain", "low", "high", "p", "rho", "rho, low", "rho, high", "rho, p")
    columns += [TableColumn(name=name, numeric=True) for name in ("words", "occurrences", "videos", "seeds")]
    columns.append(TableColumn(name="note", sentence=True))
    rows = [
        (
            gain.size,
            gain.arm,
            *cells(gain.mean),
            gain.mean.p,
            *cells(gain.spearman),
            gain.spearman.p,
            gain.mean.words,
            gain.mean.occurrences,
            gain.mean.clusters,
            len(gain.seeds),
            "; ".join(dict.fromkeys(note for note in (gain.mean.note, gain.spearman.note) if note)) or None,
        )
        for gain in analysis.gains
    ]
    caption = "Mean over words in nats, p by flipping the signs of words; Spearman's rho with imageability, p by permuting words."
    return DataTable(id="gain-table", title="Gain over text alone", caption=caption, columns=tuple(columns), rows=tuple(rows))


def _gain_plot(analysis: Analysis) -> Scatter:
    return Scatter(
        id="gain-plot",
        title="Gain against imageability",
        caption=f"Each word a point: its mean gain over its occurrences ({analysis.occurrences:,} in all) and seeds. Bins of "
        "equal numbers of words with intervals over words; words of one imageability are in one bin.",
        x_label="imageability",
        y_label="gain (nats)",
        panels=tuple(map(_panel, analysis.gains)),
        neutral=0.0,
    )


def _panel(gain: Gain) -> ScatterPanel:
    return ScatterPanel(
        label=f"{gain.size}: {gain.arm}",
        points=tuple(Point(x=row.imageability, y=row.value, label=row.word) for row in gain.words),
        bins=tuple(
            Bin(x=(one.low + one.high) / 2, value=one.mean.value, low=one.mean.low, high=one.mean.high, n=one.mean.words)
            for one in gain.bins
        ),
        summary=f"rho {figure(gain.spearman)}",
        note=gain.spearman.note,
    )


def _classes(analysis: Analysis) -> DataTable:
    columns = [TableColumn(name=name) for name in ("size", "trained with", "word class")]
    columns += [*numbers("mean gain", "low", "high", "rho", "rho, low", "rho, high", "rho, p")]
    columns += [TableColumn(name="words", numeric=True), TableColumn(name="note", sentence=True)]
    rows = [
        (
            gain.size,
            gain.arm,
            one.word_class or "unknown",
            *cells(one.mean),
            *cells(one.spearman),
            one.spearman.p,
            one.mean.words,
            one.spearman.note,
        )
        for gain in analysis.gains
        for one in gain.classes
    ]
    return DataTable(
        id="class-table",
        title="By word class",
        caption="Each class apart.",
        columns=tuple(columns),
        rows=tuple(rows),
    )


def _reliance(analysis: Analysis) -> DataTable:
    columns = [TableColumn(name="size"), TableColumn(name="in the video's place")]
    columns += numbers("reliance", "low", "high", "p", "rho", "rho, low", "rho, high", "rho, p")
    columns += [TableColumn(name="words", numeric=True), TableColumn(name="seeds", numeric=True)]
    rows = [
        (
            one.size,
            one.removed,
            *cells(one.mean),
            one.mean.p,
            *cells(one.spearman),
            one.spearman.p,
            one.mean.words,
            len(one.seeds),
        )
        for one in analysis.reliances
    ]
    zero = [(size, "(text only)", 0.0, *[None] * 7, None, None) for size in analysis.sizes]
    return DataTable(
        id="reliance-table",
        title="Reliance by size",
        caption="Nats a word that the model trained with video loses when it is asked without it, beside a blank one, or beside "
        "another clip's. The text-only model has no video to lose: 0 by definition.",
        columns=tuple(columns),
        rows=(*rows, *zero),
    )


def _between(analysis: Analysis) -> Iterator[Figure]:
    if not analysis.between:
        return
    columns = [TableColumn(name=name) for name in ("what", "sizes")]
    columns += numbers("difference", "low", "high", "p", "difference of rho", "rho, low", "rho, high")
    yield DataTable(
        id="between-table",
        title="Between sizes",
        caption="The larger less the smaller, over the same occurrences.",
        columns=tuple(columns),
        rows=tuple(
            (one.what, f"{one.larger} − {one.smaller}", *cells(one.mean), one.mean.p, *cells(one.spearman))
            for one in analysis.between
        ),
    )


def _words(analysis: Analysis) -> DataTable:
    heads = [f"gain, {gain.size}, {gain.arm}" for gain in analysis.gains]
    columns = [TableColumn(name="word"), TableColumn(name="class"), *numbers("imageability", "log frequency", *heads)]
    columns += [TableColumn(name=name, numeric=True) for name in ("occurrences", "videos", "tokens")]
    by_gain = [{row.word: row for row in gain.words} for gain in analysis.gains]
    words = dict.fromkeys(word for rows in by_gain for word in rows)
    rows = []
    for word in words:
        one = next(rows[word] for rows in by_gain if word in rows)
        values = [held[word].value if word in held else None for held in by_gain]
        tokens = analysis.tokens.get(word)
        counts = (one.occurrences, one.clusters, int(tokens) if tokens is not None and tokens == int(tokens) else tokens)
        rows.append((word, one.word_class or "", one.imageability, one.frequency, *values, *counts))
    return DataTable(
        id="words-table",
        title="Every word",
        caption="Mean gain over its occurrences, nats; tokens: of the models' tokenizer, all masked together (the mean where its "
        "spellings differ).",
        columns=tuple(columns),
        rows=tuple(rows),
    )


def _levels(analysis: Analysis) -> DataTable:
    columns = [TableColumn(name=name) for name in ("size", "trained with", "shown")]
    columns += numbers("log-probability", "low", "high", "right", "right, low", "right, high", "log10 rank")
    columns += [TableColumn(name="seeds", numeric=True)]
    return DataTable(
        id="levels-table",
        title="Log-probability, accuracy and rank",
        caption="Means over words: nats of the whole word, the share of occurrences where every token was the likeliest, and the "
        "logarithm of the rank of its worst token.",
        columns=tuple(columns),
        rows=tuple(
            (one.size, one.arm, one.shown, *cells(one.logprob), *cells(one.correct), one.rank.value, one.seeds)
            for one in analysis.levels
        ),
    )


def _seeds(analysis: Analysis) -> DataTable:
    columns = [TableColumn(name=name) for name in ("what", "size", "arm")]
    columns += [TableColumn(name="seed", numeric=True), *numbers("mean", "rho")]
    gains = [("gain", one.size, one.arm, row.seed, row.mean, row.spearman) for one in analysis.gains for row in one.seeds]
    costs = [
        (f"reliance ({one.removed})", one.size, "real", row.seed, row.mean, row.spearman)
        for one in analysis.reliances
        for row in one.seeds
    ]
    return DataTable(id="seeds-table", title="By seed", caption="Each seed alone.", columns=tuple(columns), rows=(*gains, *costs))
