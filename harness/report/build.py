"""A finished run as a Report: the answer first, then the figures behind it, the tables and the manifest."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.meta.advice import Advice
from harness.meta.options import MetaOptions
from harness.records import Manifest
from harness.report import leads
from harness.report.accuracy import dot_plots, rank_figures
from harness.report.advice import advice_figures, advice_in_words, advices
from harness.report.contents import Figure, Report, Section
from harness.report.curves import curves
from harness.report.disagreements import disagreements
from harness.report.findings import answer
from harness.report.frame import Frame, amount, listed
from harness.report.ground import Ground
from harness.report.heat import heat_maps
from harness.report.judges import LEAD as JUDGES
from harness.report.judges import judge_figures
from harness.report.kept_sections import kept_sections
from harness.report.ratings import rating_plots, rating_tables
from harness.report.systems import system_means
from harness.report.tables import agreement_table, tables
from harness.report.texts import cleaned
from harness.report.warnings import warnings
from harness.stages.evaluate import Evaluation, load_run
from harness.store import read_manifest


def report_of_run(folder: str | Path) -> Report:
    """The report of a finished run folder; InputError if it is no run, was not finished, or holds scores alone."""
    done = load_run(folder)
    if not done.rows:
        raise InputError(f"{folder}: this run holds scores alone; `harness metaeval {folder}` holds them against people")
    return build_report(done, read_manifest(folder), Path(folder))


def build_report(done: Evaluation, manifest: Manifest, folder: Path | None = None) -> Report:
    """The report of an evaluation, with the manifest of its run, and the sections that analyses left in its folder where one is
    given. Every text in it is safe to show once it is escaped."""
    left, said = ([], []) if folder is None else kept_sections(folder)
    frame = Frame(done, _options(manifest))
    advice = advices(frame)
    ended = manifest.times.get("started", 0.0) + manifest.times.get("seconds", 0.0)
    return cleaned(
        Report(
            title=_title(frame),
            subtitle=_subtitle(frame),
            answer=answer(frame, advice_in_words(frame, advice)),
            warnings=(*warnings(frame), *said),
            sections=tuple(section for section in (*_sections(frame, advice), *left) if section.figures),
            manifest=msgspec.json.format(msgspec.json.encode(manifest), indent=2).decode(),
            made=datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds"),
        )
    )


def _options(manifest: Manifest) -> MetaOptions:
    try:
        return msgspec.convert(manifest.config.get("metaevaluate", {}), MetaOptions)
    except msgspec.ValidationError as error:
        raise InputError(f"the run's options are not of this version ({error}); run the same command again") from error


def _sections(frame: Frame, advice: Sequence[Advice]) -> Iterable[Section]:
    ground = Ground(frame)
    made = frame.constructed
    yield _section("accuracy", "Accuracy", dot_plots(frame), leads.CONSTRUCTED if made else leads.ACCURACY)
    yield _section("ranks", "Ranks", rank_figures(frame), "What the tests tell apart, and what they do not.")
    yield _section("advice", "Advice", advice_figures(frame, advice), leads.ADVICE)
    yield _section("curves", "Accuracy by tie threshold", curves(frame, ground), leads.CURVES)
    if not made:
        raters = [agreement_table(frame), *rating_tables(frame, ground)]
        yield _section("raters", "Raters", raters, "How far people agree with each other: one rater's taste is not the truth.")
    yield _section("scores", "Score against rating", rating_plots(frame, ground), leads.SCORES)
    yield _section("slices", "Phenomena" if made else "Slices", heat_maps(frame), leads.PHENOMENA if made else leads.SLICES)
    yield _section("judges", "Judges", judge_figures(frame), JUDGES)
    yield _section("disagreements", "Worst disagreements", disagreements(frame, ground), leads.WORST)
    yield _section("systems", "Systems", system_means(frame, ground), leads.SYSTEMS)
    yield _section("tables", "Tables", tables(frame), "Every number of the run that the figures are drawn from, with its n.")


def _section(id: str, title: str, figures: Iterable[Figure], lead: str = "") -> Section:
    return Section(id=id, title=title, figures=tuple(figures), lead=lead)


def _title(frame: Frame) -> str:
    name = frame.done.data.info.name
    return f"What metrics notice: {name}" if frame.constructed else f"Which metric can you trust? {name}"


def _subtitle(frame: Frame) -> str:
    data = frame.done.data
    raters = {judgment.rater for judgment in data.judgments} | {preference.rater for preference in data.preferences}
    judged = [
        _given([judgment.value for judgment in data.judgments], "rating"),
        "" if frame.constructed else _given([preference.winner for preference in data.preferences], "preference"),
        "no human rater" if frame.constructed else amount(len(raters), "rater"),
    ]
    parts = [
        f"{data.label}, version {data.info.version}",
        amount(len(data.examples), "item"),
        f"{amount(len(data.outputs), 'answer')} of {amount(len(data.systems), 'system')} ({listed(data.systems, 6)})",
        *(part for part in judged if part),
    ]
    return " · ".join(parts)


def _given(values: Sequence[object], one: str) -> str:
    """How many were given, and how many of those asked for were not."""
    missing = sum(value is None for value in values)
    return "" if not values else amount(len(values) - missing, one) + (f" ({missing:,} missing)" if missing else "")
