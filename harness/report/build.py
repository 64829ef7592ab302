"""A finished run as a Report: the answer first, then the figures behind it, the tables and the manifest."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.meta.options import MetaOptions
from harness.records import Manifest
from harness.report.accuracy import dot_plots, rank_figures
from harness.report.contents import Figure, Report, Section
from harness.report.findings import answer
from harness.report.frame import Frame, amount, listed
from harness.report.tables import agreement_table, tables
from harness.report.texts import cleaned
from harness.report.warnings import warnings
from harness.stages.evaluate import Evaluation, load_run
from harness.store import read_manifest


def report_of_run(folder: str | Path) -> Report:
    """The report of a finished run folder; InputError if it is no run, or was not finished."""
    return build_report(load_run(folder), read_manifest(folder))


def build_report(done: Evaluation, manifest: Manifest) -> Report:
    """The report of an evaluation, with the manifest of its run. Every text in it is safe to show once it is escaped."""
    frame = Frame(done, msgspec.convert(manifest.config.get("metaevaluate", {}), MetaOptions))
    ended = manifest.times.get("started", 0.0) + manifest.times.get("seconds", 0.0)
    return cleaned(
        Report(
            title=_title(frame),
            subtitle=_subtitle(frame),
            answer=answer(frame),
            warnings=warnings(frame),
            sections=tuple(section for section in _sections(frame) if section.figures),
            manifest=msgspec.json.format(msgspec.json.encode(manifest), indent=2).decode(),
            made=datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds"),
        )
    )


def _sections(frame: Frame) -> Iterable[Section]:
    yield _section("accuracy", "Accuracy", dot_plots(frame), _ACCURACY if not frame.constructed else _CONSTRUCTED)
    yield _section("ranks", "Ranks", rank_figures(frame), "What can be told apart, and what cannot.")
    if not frame.constructed:
        yield _section("raters", "Raters", [agreement_table(frame)], "One rater's taste is not the truth.")
    yield _section("tables", "Tables", tables(frame), "Every number with its n.")


_ACCURACY = (
    "A metric is worth something where its interval clears the floor and the sentinels; held-out accuracy is what to expect."
)
_CONSTRUCTED = "Which metrics prefer the better answer more often than guessing would; no person judged these answers."


def _section(id: str, title: str, figures: Iterable[Figure], lead: str = "") -> Section:
    return Section(id=id, title=title, figures=tuple(figures), lead=lead)


def _title(frame: Frame) -> str:
    name = frame.done.data.info.name
    return f"What metrics notice: {name}" if frame.constructed else f"Which metric can you trust? {name}"


def _subtitle(frame: Frame) -> str:
    data = frame.done.data
    raters = {judgment.rater for judgment in data.judgments} | {preference.rater for preference in data.preferences}
    judged = [
        amount(len(data.judgments), "rating") if data.judgments else "",
        amount(len(data.preferences), "preference") if data.preferences and not frame.constructed else "",
        "no human rater" if frame.constructed else amount(len(raters), "rater"),
    ]
    parts = [
        f"{data.label}, version {data.info.version}",
        amount(len(data.examples), "item"),
        f"{amount(len(data.outputs), 'answer')} of {amount(len(data.systems), 'system')} ({listed(data.systems, 6)})",
        *(part for part in judged if part),
    ]
    return " · ".join(parts)
