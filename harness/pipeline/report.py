"""The report of an experiment: systems by metric with intervals, trust, the board, what was built and trained, answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.leaderboard.records import Trust
from harness.pipeline.finished import Finished, read_finished
from harness.pipeline.records import Comparison
from harness.pipeline.report_board import board_figures
from harness.pipeline.report_made import answer_tables, build_tables, training_parts
from harness.pipeline.trust_told import TrustOf, kind_among, told, worst
from harness.report.contents import DataTable, Figure, Report, Section, TableColumn
from harness.report.frame import amount, listed
from harness.report.kept_sections import kept_sections
from harness.report.layout import number
from harness.report.texts import cleaned

_ALL = "all"
_LEADS = {
    "systems": "Means by each metric, with intervals over items. What a metric says is worth what its trust says.",
    "trust": "Whether each metric agrees with people on such answers, out of ratings of other answers in the language and of the "
    "form. Nobody has rated the answers of this experiment.",
    "trained": "What each training was given, what it left out, and how its loss went.",
    "built": "Where the examples come from, and what was taken out of them.",
    "board": "The models on tasks that others use, too.",
    "answers": "Some items with what the systems said, drawn by chance. Read them before you believe a number.",
}


def experiment_report(folder: str | Path) -> Report:
    """The report of a finished experiment; InputError if the folder holds none. Its texts are safe to show once escaped."""
    done = read_finished(folder)
    left, said = kept_sections(Path(folder))
    trusts = msgspec.convert(done.about.get("trust", []), list[TrustOf])
    by_slice = _trust_by_slice(done, trusts)
    ended = done.manifest.times.get("started", 0.0) + done.manifest.times.get("seconds", 0.0)
    sections = (
        _section("systems", "Systems", [*_means(done, by_slice), *_differences(done, by_slice)]),
        _section("trust", "Trust in the metrics", _trust(done, trusts)),
        _section("board", "Leaderboard", board_figures(done)),
        _section("trained", "Trainings", training_parts(done)),
        _section("built", "Data", build_tables(done)),
        _section("answers", "Answers", answer_tables(done)),
        *left,
    )
    return cleaned(
        Report(
            title=f"Experiment: {done.about['name']}",
            subtitle=_subtitle(done),
            answer=tuple(_answer(done, by_slice)),
            warnings=(*_warnings(done, by_slice), *said),
            sections=tuple(one for one in sections if one.figures),
            manifest=msgspec.json.format(msgspec.json.encode(done.manifest), indent=2).decode(),
            made=datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds"),
        )
    )


def words_of_trust(done: Finished) -> dict[tuple[str, str], str]:
    """How far each metric can be trusted on the items of each slice, in a few words, by (signature, slice)."""
    trusts = msgspec.convert(done.about.get("trust", []), list[TrustOf])
    return {key: told(trust) for key, trust in _trust_by_slice(done, trusts).items()}


def _section(id: str, title: str, figures: Iterable[Figure]) -> Section:
    return Section(id=id, title=title, figures=tuple(figures), lead=_LEADS[id])


def _subtitle(done: Finished) -> str:
    asked = done.about["asked"]
    parts = [", ".join(f"{amount(count, 'item')} of the split {split}" for split, count in asked.items())] if asked else []
    runs = sum(len(one) for one in done.groups.values())
    if done.groups:
        seeds = f" ({runs} with their seeds)" if runs > len(done.groups) else ""
        parts.append(f"{amount(len(done.groups), 'system')}{seeds}: {listed(list(done.groups))}")
    if done.trained:
        parts.append(amount(len(done.trained), "training"))
    return "; ".join(parts) or "nothing was asked"


def _answer(done: Finished, trust: Mapping[tuple[str, str], Trust]) -> Iterator[str]:
    """A sentence a difference on all items, and on the split of unseen tasks."""
    shown = [row for row in done.rows if row.statistic == "difference" and row.slice in (_ALL, "split=unseen")]
    for row in sorted(shown, key=lambda row: (row.slice != _ALL, list(done.groups).index(row.system))):
        if row.value is None:
            continue
        where = "" if row.slice == _ALL else " on tasks that no training saw"
        verdict = _verdict(row, done.options.alpha)
        word = told(trust.get((row.metric, row.slice)))
        yield (
            f"{row.system} against {row.against}{where}: {_label(done, row)} {_signed(row.value)} {_ends(row)} on "
            f"{amount(row.n_items, 'item')}: {verdict}. Trust in the metric: {word}."
        )


def _verdict(row: Comparison, alpha: float) -> str:
    if row.p_adjusted is None:
        return "not tested"
    if row.p_adjusted >= alpha or row.better is None:
        return f"no difference was shown (p = {_p(row.p_adjusted)} after Holm)"
    return f"{'better' if row.better else 'worse'} (p = {_p(row.p_adjusted)} after Holm)"


def _warnings(done: Finished, trust: Mapping[tuple[str, str], Trust]) -> Iterator[str]:
    if done.rows:
        yield "Nobody has rated the answers of this experiment: every number is a metric's word, worth what its trust says."
    words: dict[str, list[str]] = {}
    for signature, label in done.labels.items():
        found = trust.get((signature, _ALL))
        words.setdefault("unknown" if found is None else found.verdict, []).append(label)
    if done.rows and words.get("doubtful"):
        yield f"Where such answers were rated, the ratings do not show that {listed(words['doubtful'])} agree with people."
    if done.rows and words.get("unknown"):
        yield f"How far {listed(words['unknown'])} agree with people on such answers is not known."
    few = {row.n_clusters for row in done.rows if row.slice == _ALL and (row.note or "").startswith("approximate")}
    if few:
        yield f"There are {max(few)} independent items: intervals and tests are approximate."
    single = [group for group, runs in done.groups.items() if len(runs) == 1 and done.trained]
    several = [group for group in done.groups if group not in single]
    if done.trained and not several and done.rows:
        yield "Every training has one seed: what another seed would give is not known."
    for name, one in done.about["trainings"].items():
        for reason, count in one["left_out"].items():
            yield f"Training {name}: {amount(count, 'example')} left out ({reason})."
    yield from (f"{failure}." for failure in done.about["failures"])


def _means(done: Finished, trust: Mapping[tuple[str, str], Trust]) -> Iterator[DataTable]:
    rows = [row for row in done.rows if row.statistic == "mean"]
    if not rows:
        return
    order = list(done.groups)
    rows.sort(key=lambda row: (row.slice != _ALL, row.slice, _label(done, row), order.index(row.system)))
    cells = [
        (
            row.slice,
            _label(done, row),
            row.system,
            row.value,
            row.low,
            row.high,
            told(trust.get((row.metric, row.slice))),
            row.n_items,
            row.runs,
            row.lowest,
            row.highest,
            row.n_clusters,
            row.missing,
            row.note,
        )
        for row in rows
    ]
    yield DataTable(
        id="means",
        title="Systems by metric",
        caption=f"{done.options.level:.0%} intervals by bootstrap over source documents, the runs held fixed. A system of "
        "several runs (seeds) has their mean on each item, and the runs' own values stand beside it.",
        columns=(
            *_columns(("items", "metric", "system")),
            *_numbers(("mean", "low", "high"), 4),
            *_columns(("trust in the metric",)),
            *_numbers(("n items", "runs"), None),
            *_numbers(("lowest run", "highest run"), 4),
            *_numbers(("n documents", "missing"), None),
            *_columns(("note",)),
        ),
        rows=tuple(cells),
    )


def _differences(done: Finished, trust: Mapping[tuple[str, str], Trust]) -> Iterator[DataTable]:
    rows = [row for row in done.rows if row.statistic == "difference"]
    if not rows:
        return
    rows.sort(key=lambda row: (row.slice != _ALL, row.slice, row.system, row.against or "", _label(done, row)))
    cells = [
        (
            row.slice,
            row.system,
            row.against,
            _label(done, row),
            row.value,
            row.low,
            row.high,
            row.p_adjusted,
            None if row.better is None else ("better" if row.better else "worse"),
            told(trust.get((row.metric, row.slice))),
            row.n_items,
            row.lowest,
            row.highest,
            row.p,
            "exploratory" if row.slice != _ALL and row.note is None else row.note,
        )
        for row in rows
    ]
    yield DataTable(
        id="differences",
        title="Differences between systems",
        caption="System minus the one that it is compared with, on the items that both answered. p by flipping signs per source "
        "document, two-sided, then Holm's rule over all differences of the same items. Slices are exploratory.",
        columns=(
            *_columns(("items", "system", "against", "metric")),
            *_numbers(("difference", "low", "high"), 4),
            *_numbers(("p (Holm)",), 4),
            *_columns(("direction", "trust in the metric")),
            *_numbers(("n items",), None),
            *_numbers(("lowest run", "highest run", "p alone"), 4),
            *_columns(("note",)),
        ),
        rows=tuple(cells),
    )


def _trust(done: Finished, trusts: Sequence[TrustOf]) -> Iterator[DataTable]:
    if not trusts:
        return
    rows = [
        (
            done.labels.get(one.metric, one.metric),
            one.language,
            one.form or "not said",
            one.task,
            one.trust.verdict,
            one.trust.value,
            one.trust.low,
            one.trust.high,
            one.trust.floor,
            one.trust.items,
            ", ".join(one.trust.judgments),
            one.trust.why,
        )
        for one in trusts
    ]
    yield DataTable(
        id="trust-table",
        title="What is known of the metrics",
        caption="Pairwise accuracy on ratings of other answers in the language and of the form; the floor: what knowing nothing "
        "gives there. Unknown: nobody has rated such answers.",
        columns=(
            *_columns(("metric", "language", "form", "task", "verdict")),
            *_numbers(("accuracy", "low", "high", "floor"), 3),
            *_numbers(("n items",), None),
            *_columns(("sets",)),
            TableColumn(name="why", sentence=True),
        ),
        rows=tuple(rows),
    )


def _trust_by_slice(done: Finished, trusts: Sequence[TrustOf]) -> dict[tuple[str, str], Trust]:
    """The least that can be said of a metric on the items of each slice."""
    held = {(one.metric, one.kind): one.trust for one in trusts}
    known = {one.kind for one in trusts}
    found: dict[tuple[str, str], Trust] = {}
    examples = done.examples() if trusts else []
    for metric, slice in {(row.metric, row.slice) for row in done.rows}:
        dimension, _, value = slice.partition("=")
        kinds = {kind_among(one, known) for one in examples if slice == _ALL or getattr(one, dimension) == value}
        word = worst(trust for kind in sorted(kinds, key=str) if (trust := held.get((metric, kind))) is not None)
        if word is not None:
            found[metric, slice] = word
    return found


def _label(done: Finished, row: Comparison) -> str:
    label = done.labels.get(row.metric, row.metric)
    return label if row.component is None else f"{label} {row.component}"


def _columns(names: Sequence[str]) -> list[TableColumn]:
    return [TableColumn(name=name) for name in names]


def _numbers(names: Sequence[str], digits: int | None) -> list[TableColumn]:
    return [TableColumn(name=name, numeric=True, digits=digits) for name in names]


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{_figure(value)}"


def _ends(row: Comparison) -> str:
    return "[–]" if row.low is None or row.high is None else f"[{_figure(row.low)} {_figure(row.high)}]"


def _figure(value: float) -> str:
    return number(value) if abs(value) < 10 else f"{value:.1f}"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "under .0001"
