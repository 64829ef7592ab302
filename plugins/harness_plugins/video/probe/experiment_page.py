"""The page of an experiment: the probe's, and what was trained."""

from collections.abc import Sequence
from pathlib import Path

from harness.report.contents import DataTable, Section, TableColumn
from harness_plugins.video.probe.analysis import Analysis, analyse
from harness_plugins.video.probe.beside import gallery
from harness_plugins.video.probe.config import Experiment, as_plain
from harness_plugins.video.probe.page import page, write_pages
from harness_plugins.video.probe.work import Done, Material, RunFacts


def write_experiment_pages(
    experiment: Experiment, done: Done, material: Material, folder: Path
) -> tuple[tuple[Path, Path], Analysis]:
    """Writes page.md, page.html and summary.json; their paths, and the analysis. InputError where a size has not yet a model with
    video and one without."""
    parameters: dict[str, int | None] = dict.fromkeys(experiment.sizes)
    parameters |= {one.size: one.parameters for one in done.facts if one.arm == "none" and one.parameters}
    analysis = analyse(done.answers, material.subject, experiment.statistics, parameters)
    shown = gallery(analysis, done.answers, material.subject, experiment.statistics.named)
    runs = len(experiment.runs)
    subtitle = (
        f"{len(done.facts)} of {runs} runs: {', '.join(experiment.arms)}; sizes {', '.join(experiment.sizes)}; seeds "
        f"{', '.join(map(str, experiment.seeds))}; {analysis.words} words, {analysis.occurrences:,} occurrences in "
        f"{analysis.examples:,} texts"
    )
    report = page(experiment.name, subtitle, analysis, shown, as_plain(experiment), [_trained(done.facts)])
    return write_pages(report, analysis, folder), analysis


def _trained(facts: Sequence[RunFacts]) -> Section:
    columns = [TableColumn(name="size"), TableColumn(name="trained with")]
    names = ("seed", "parameters", "steps", "loss", "tokens a second", "seconds")
    columns += [TableColumn(name=name, numeric=True) for name in names]
    rows = tuple(
        (one.size, one.arm, one.seed, one.parameters, one.steps, one.loss, one.tokens_per_second, one.seconds) for one in facts
    )
    table = DataTable(
        id="runs-table",
        title="Runs",
        caption="Loss: mean of the last tenth of the steps, nats a masked token. Tokens: all that is read, video included.",
        columns=tuple(columns),
        rows=rows,
    )
    return Section(id="trained", title="What was trained", figures=(table,))
