"""The page of an experiment, Markdown and HTML: what was asked, what came out with intervals over seeds, what is not known."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.report.contents import DataTable, Figure, LinePlot, Report, Section, Series, TableColumn
from harness.report.html.page import render
from harness.report.markdown import markdown
from harness.whole_files import replace_file
from harness_plugins.retro.experiments.config import Experiment, as_plain
from harness_plugins.retro.experiments.material import Facts
from harness_plugins.retro.experiments.summary import ArmSummary, Mean, mean_of, summaries, target_of
from harness_plugins.retro.experiments.training import RunResult
from harness_plugins.retro.experiments.work import Done

_ASKED = {
    "overlap": "What the overlap of neighbours with what reads them does to learning and to held-out perplexity",
    "paraphrase": "Whether paraphrases as neighbours make learning faster, and what they cost",
    "retrievers": "What each retriever gains at inference, and what explains it",
}
_MISSED = 0.05  # a level of overlap that was not reached within so much is marked


def write_pages(experiment: Experiment, facts: Facts, done: Done, folder: Path) -> tuple[Path, Path]:
    """Writes `page.md`, `page.html` and `summary.json`; the paths of the first two."""
    report = page(experiment, facts, done)
    texts = {"page.md": markdown(report), "page.html": render(report)}
    for name, text in texts.items():
        replace_file(folder / name, text.encode())
    rows = summaries(experiment, done.results)
    replace_file(folder / "summary.json", msgspec.json.format(msgspec.json.encode(rows)))
    return folder / "page.md", folder / "page.html"


def page(experiment: Experiment, facts: Facts, done: Done) -> Report:
    """The report's contents."""
    rows = summaries(experiment, done.results)
    target = target_of(experiment, done.results)
    figures = [_arms(experiment, rows, target), *_curves(experiment, done.results)]
    sections = [Section(id="arms", title="Arms", figures=tuple(figures), lead=_lead(experiment, facts))]
    swaps = tuple(_swaps(experiment, done.results))
    if swaps:
        sections.append(Section(id="retrievers", title="Retrievers at inference", figures=swaps))
    return Report(
        title=experiment.name,
        subtitle=f"{_ASKED[experiment.kind]}; {len(experiment.seeds)} seeds, {experiment.training.steps} steps each",
        answer=tuple(_answer(experiment, rows, target)),
        warnings=tuple(_warnings(experiment, facts, rows, done)),
        sections=tuple(sections),
        manifest=msgspec.json.format(msgspec.json.encode(as_plain(experiment))).decode(),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def shown(mean: Mean, digits: int = 3) -> str:
    """`1.23 [1.10 1.36], n = 3`."""
    if mean.value is None:
        return "not defined"
    interval = "" if mean.low is None else f" [{mean.low:.{digits}f} {mean.high:.{digits}f}]"
    return f"{mean.value:.{digits}f}{interval}, n = {mean.n}"


def _lead(experiment: Experiment, facts: Facts) -> str:
    how = experiment.training
    return (
        f"Database of {facts.train_documents:,} documents ({facts.train_tokens:,} tokens, {facts.vocabulary:,} kinds), which is "
        f"what is learnt from; {facts.held_documents:,} documents ({facts.held_tokens:,} tokens) held out. Chunks of "
        f"{experiment.text.chunk} tokens, {how.neighbours} neighbours by {how.retriever} unless an arm says otherwise."
    )


def _answer(experiment: Experiment, rows: Sequence[ArmSummary], target: float | None) -> Iterator[str]:
    for row in rows:
        said = f"{row.arm}: held-out perplexity {shown(row.natural)} with natural neighbours"
        if experiment.kind == "overlap":
            said += f", {shown(row.own)} with neighbours of its own overlap ({shown(row.overlap_held)})"
        yield f"{said}; {shown(row.off)} without (OFF)."
    for row in rows:
        if row.saved.value is not None:
            yield f"{row.arm}: share of steps saved to the loss {target:.3f}: {shown(row.saved)}."


def _warnings(experiment: Experiment, facts: Facts, rows: Sequence[ArmSummary], done: Done) -> Iterator[str]:
    if done.failed:
        yield from (f"the run {name} failed: {why}" for name, why in done.failed.items())
    missing = len(experiment.arms) * len(experiment.seeds) - len(done.results) - len(done.failed)
    if missing:
        yield f"{missing} runs are not done; the same command goes on with them"
    yield "small models on small corpora: what is shown is a direction, not the size of an effect"
    yield f"intervals are Student's over seeds, level {experiment.measure.level:g}: they say nothing of other corpora"
    if experiment.kind == "overlap":
        yield "neighbours were edited with a look at the chunk that is predicted: gain from them is leakage by construction"
        for row in rows:
            wanted, got = float(row.arm.removeprefix("overlap-")), row.overlap_held.value
            if got is not None and abs(got - wanted) > _MISSED:
                yield f"{row.arm}: the overlap attained on held-out text is {got:.3f}"
    counts = facts.paraphrases
    if counts is not None and counts.passages:
        missed = ", ".join(f"{reason} {count:,}" for reason, count in counts.reasons.items())
        yield (
            f"paraphrases of {counts.passages - sum(counts.reasons.values()):,} of {counts.passages:,} passages"
            f"{f'; the others have none ({missed})' if missed else ''}; {counts.without:,} of {counts.chunks:,} chunks have "
            f"none, and read no neighbours in either arm; {counts.missing:,} of {counts.documents:,} documents, without any, are "
            "left out of both arms"
        )
    elif counts is not None:
        yield (
            f"paraphrases of {counts.usable:,} of {counts.documents:,} documents; {counts.missing:,} missing and "
            f"{counts.empty:,} empty ones are left out of both arms, {counts.identical:,} say the same as their document"
        )
    if counts is not None:
        yield (
            "paraphrased neighbours are of the document itself: they say what is to be predicted; held-out text reads natural "
            "ones"
        )


def _arms(experiment: Experiment, rows: Sequence[ArmSummary], target: float | None) -> DataTable:
    columns = _columns(experiment)
    steps = experiment.training.steps
    if target is None:
        said = ""
    elif experiment.measure.target_loss is not None:
        said = f" The target is a held-out loss of {target:.3f} nats."
    else:
        said = f" The target is a held-out loss of {target:.3f} nats, the lowest that every seed of {experiment.arms[0]} reached."
    return DataTable(
        id="arms-table",
        title="What came out",
        caption=f"Means over seeds with {experiment.measure.level:.0%} intervals; perplexities over the held-out tokens that "
        f"could read neighbours, after {steps} steps.{said}",
        columns=tuple(TableColumn(name=name, sentence=True) for name in columns),
        rows=tuple(tuple(cell(row) for cell in columns.values()) for row in rows),
    )


def _columns(experiment: Experiment) -> dict[str, Callable[[ArmSummary], str]]:
    """Names of columns, and what each says of an arm: those alone that can say something new. Where held-out text reads natural
    neighbours in every arm there are none of an own kind, and nothing is saved where there is nothing to compare with."""
    steps, n = experiment.training.steps, len(experiment.seeds)
    own = experiment.kind == "overlap"
    found: dict[str, Callable[[ArmSummary], str] | None] = {
        "arm": lambda row: row.arm,
        "overlap trained with": lambda row: shown(row.overlap_trained),
        "overlap on held-out text": lambda row: shown(row.overlap_held),
        "perplexity, natural neighbours": lambda row: shown(row.natural),
        "perplexity, own kind": (lambda row: shown(row.own)) if own else None,
        "perplexity OFF": lambda row: shown(row.off),
        "gain, own kind" if own else "gain, natural neighbours": lambda row: shown(row.gain_own),
        "steps to target, natural": lambda row: _reached(row.steps_natural, row.reached_natural, n, steps),
        "steps to target, own kind": (lambda row: _reached(row.steps_own, row.reached_own, n, steps)) if own else None,
        "steps saved": (lambda row: shown(row.saved) if row.saved.value is not None else "–")
        if len(experiment.arms) > 1
        else None,
        "questions answered exactly": (lambda row: shown(row.exact)) if experiment.measure.questions else None,
        "questions answered exactly, OFF": (lambda row: shown(row.exact_off)) if experiment.measure.questions else None,
        "seconds": lambda row: shown(row.seconds, 0),
    }
    return {name: cell for name, cell in found.items() if cell is not None}


def _reached(mean: Mean, reached: int, n: int, steps: int) -> str:
    if mean.value is None:
        return f"not reached in {steps} steps"
    if reached < n:
        return f"{shown(mean, 0)}; {reached} of {n} reached it in {steps} steps"
    return "at step 0" if mean.value == 0 else shown(mean, 0)


def _curves(experiment: Experiment, results: Sequence[RunResult]) -> Iterator[Figure]:
    kinds = {
        "natural": "with natural neighbours",
        "own": "with neighbours of the arm's own kind",
        "off": "without neighbours (OFF)",
    }
    for kind, said in kinds.items():
        if kind == "own" and experiment.kind != "overlap":
            continue
        series = []
        for arm in experiment.arms:
            runs = [one for one in results if one.arm == arm]
            if not runs:
                continue
            steps = [look.step for look in runs[0].looks]
            values = [
                sum(losses) / len(losses)
                for losses in ([getattr(look, kind) for one in runs for look in one.looks if look.step == step] for step in steps)
            ]
            series.append(Series(label=arm, x=tuple(map(float, steps)), y=tuple(round(value, 4) for value in values)))
        if series:
            yield LinePlot(
                id=f"curve-{kind}",
                title=f"Held-out loss {said}",
                caption=f"Mean over seeds of the loss in nats, {said}, over tokens that could read.",
                x_label="step",
                y_label="loss",
                series=tuple(series),
            )


def _swaps(experiment: Experiment, results: Sequence[RunResult]) -> Iterator[Figure]:
    runs = [one for one in results if one.swapped]
    if not runs:
        return
    level = experiment.measure.level
    names = list(experiment.measure.retrievers)
    head = [
        "retriever",
        "perplexity",
        "overlap",
        "gain",
        "gain on copied tokens",
        "gain on the others",
        "copied tokens' share of it",
    ]
    fields = ("perplexity", "overlap", "gain", "gain_copied", "gain_others", "share_of_gain_copied")
    off = mean_of([math.exp(one.looks[-1].off) for one in runs], level)
    rows = [("OFF", shown(off), *["–"] * 5)]
    for name in names:
        rows.append((name, *(shown(mean_of([getattr(one.swapped[name], field) for one in runs], level)) for field in fields)))
    yield DataTable(
        id="swap-table",
        title="The same checkpoint with each retriever",
        caption=f"Trained with {experiment.training.retriever}. Over held-out tokens that could read; means over seeds with "
        "intervals.",
        columns=tuple(TableColumn(name=one, sentence=True) for one in head),
        rows=tuple(rows),
    )
    measures = list(dict.fromkeys(measure for one in runs for found in one.swapped.values() for measure in found.correlations))
    cells = []
    for name in names:
        for kind in ("spearman", "pearson"):
            values = {m: [one.swapped[name].correlations.get(m, {}).get(kind) for one in runs] for m in measures}
            apart = [
                mean_of([_minus(a, b) for a, b in zip(values["overlap"], values[m], strict=True)], level)
                for m in measures
                if m != "overlap"
            ]
            cells.append((name, kind, *(shown(mean_of(values[m], level)) for m in measures), *map(shown, apart)))
    yield DataTable(
        id="correlations",
        title="What goes with the gain of a chunk",
        caption="Correlations over held-out chunks with the log gain: overlap, and minus the distance by the encoder, of a chunk "
        "and what it read (read) and of the query and its neighbour (query).",
        columns=tuple(
            TableColumn(name=one, sentence=True)
            for one in ("retriever", "correlation", *measures, *(f"overlap minus {m}" for m in measures if m != "overlap"))
        ),
        rows=tuple(cells),
    )
    yield LinePlot(
        id="bins",
        title="Gain by overlap",
        caption="Mean log gain (nats) of held-out chunks by the overlap of what they read, bins of .1, mean over seeds; bins of "
        "fewer than ten chunks are left out.",
        x_label="overlap",
        y_label="log gain",
        series=tuple(one for one in (_bins(name, runs) for name in names) if one is not None),
    )


def _bins(name: str, runs: Sequence[RunResult]) -> Series | None:
    points: dict[float, list[float]] = {}
    for one in runs:
        for low, value, chunks in one.swapped[name].bins:
            if value is not None and chunks >= 10:
                points.setdefault(low, []).append(value)
    if not points:
        return None
    x = sorted(points)
    return Series(
        label=name,
        x=tuple(round(low + 0.05, 2) for low in x),
        y=tuple(round(sum(points[low]) / len(points[low]), 4) for low in x),
    )


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
