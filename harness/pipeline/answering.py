"""The systems of an experiment answer its questions, and metrics score what they said."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.cache import Cache
from harness.config_parts import TRAINED
from harness.executors import protocols as executors
from harness.experiment import ExperimentConfig
from harness.judgments import JudgmentSet
from harness.pipeline.training import CHECKPOINTS
from harness.records import Example, JudgmentInfo, Output, digest
from harness.registry import PluginRef, Registry
from harness.score_table import ScoreTable
from harness.stages.evaluate import in_table_order
from harness.stages.generate import SystemRef, generate
from harness.stages.score import BuiltMetric, Executor, score
from harness.stages.train import read_trained
from harness.store import Run

_REASONS = 5  # that are told at most
Report = Callable[[str, int, int], None]


def systems_in(config: ExperimentConfig, folder: Path) -> list[SystemRef]:
    """The systems, `train:NAME` in their parameters being the folder of that checkpoint, which is looked at."""
    home = folder / CHECKPOINTS

    def meant(value: object) -> object:
        if not isinstance(value, str) or not value.startswith(TRAINED):
            return value
        return str(home / read_trained(home, value.removeprefix(TRAINED)).checkpoint)

    return [
        SystemRef(name=one.name, generator=PluginRef(one.plugin.name, {k: meant(v) for k, v in one.plugin.params.items()}))
        for one in config.systems
    ]


def answer_all(
    run: Run,
    registry: Registry,
    config: ExperimentConfig,
    questions: Sequence[Example],
    report: Report,
    executor: executors.Executor | None = None,
) -> list[Output]:
    """Every system's outputs, in the run's tables `examples` and `outputs`; what is there already is not asked again."""
    systems = systems_in(config, run.folder)
    with Cache() as cache:
        outputs = generate(run, registry, systems, questions, report, cache=cache, executor=executor)
    run.write_table("examples", questions)
    run.write_table("outputs", outputs)
    return outputs


def answers_by_system(config: ExperimentConfig, outputs: Sequence[Output]) -> dict[str, Any]:
    """Outputs and errors of each system, for the manifest; `reasons` of errors and the `languages` that answers look like, by
    number, where there are any."""
    by_system: dict[str, list[Output]] = {one.name: [] for one in config.systems}
    for output in outputs:
        by_system[output.system].append(output)
    return {name: _counted(some) for name, some in by_system.items()}


def _counted(outputs: Sequence[Output]) -> dict[str, Any]:
    errors = [output for output in outputs if output.finish == "error"]
    reasons = Counter(str(output.meta.get("detail") or output.meta.get("status") or "no reason was told") for output in errors)
    languages = Counter(str(output.meta["language"]) for output in outputs if "language" in output.meta)
    counts: dict[str, Any] = {"outputs": len(outputs), "errors": len(errors)}
    counts |= {"reasons": dict(reasons.most_common(_REASONS))} if reasons else {}
    return counts | ({"languages": dict(languages.most_common())} if languages else {})


def unrated(config: ExperimentConfig, questions: Sequence[Example], outputs: Sequence[Output]) -> JudgmentSet:
    """The outputs as a set that nobody has judged."""
    info = JudgmentInfo(name=config.name, version="1", notes=("nobody has rated these outputs",))
    return in_table_order(
        JudgmentSet(info, tuple(questions), tuple(outputs), digest=digest([*questions, *outputs]), notes=info.notes)
    )


def score_all(
    run: Run, data: JudgmentSet, metrics: Sequence[BuiltMetric], report: Report, executor: Executor | None
) -> ScoreTable:
    """Every metric's scores, in the run's table `scores`."""
    scores = score(data, metrics, run=run, progress=report, executor=executor)
    if not run.holds_table("scores"):
        run.write_table("scores", scores)
    return scores
