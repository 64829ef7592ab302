"""How far the experiment's metrics can be trusted: the same metrics on sets that people have judged, each a run of its own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.config import RunConfig
from harness.config import resolved as resolved_run
from harness.experiment import ExperimentConfig
from harness.registry import PluginRef, Registry
from harness.report.build import build_report
from harness.report.files import write_report
from harness.stages.evaluate import evaluate, read_source
from harness.stages.score import BuiltMetric, Executor
from harness.store import Run, read_manifest, stage_id

METAEVALUATE = "metaevaluate"
Progress = Callable[[str, int, int], None]


def metaevaluate_all(
    config: ExperimentConfig,
    registry: Registry,
    metrics: Sequence[BuiltMetric],
    home: Path,
    progress: Progress,
    executor: Executor | None,
    command: Sequence[str],
) -> list[str]:
    """A finished run below `home` for each judgment set of the config, with its report; returns their folders' names."""
    found = []
    for ref in config.judgments:
        name = folder_name(ref)
        asked = RunConfig(
            name=name,
            judgments=ref,
            metrics=config.metrics,
            metaevaluate=config.metaevaluate,
            output=str(home / name),
            plugins=config.plugins,
        )
        with Run.open(home / name, config=resolved_run(asked), command=command) as run:
            data = read_source(registry, ref)
            done = evaluate(data, metrics, config.metaevaluate, run=run, progress=progress, executor=executor)
        write_report(build_report(done, read_manifest(home / name)), home / name)
        found.append(name)
    return found


def folder_name(ref: PluginRef) -> str:
    """The set's name; with parameters, and a digest of them."""
    return f"{ref.name}-{stage_id([], dict(ref.params), '')[:6]}" if ref.params else ref.name
