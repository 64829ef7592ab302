"""Goes through an experiment, stage by stage, in one run folder; every stage goes on where it was stopped.

```
<run>/builds/NAME/          data sets, each a run folder of its own (harness build)
<run>/learned/  checkpoints/      what trainings were given, and what they made
<run>/examples.parquet  outputs.parquet  scores.parquet  comparisons.parquet
<run>/metaevaluate/SET/     the same metrics held against people, each a run folder (harness run)
<run>/leaderboard/          the board, a run folder (harness leaderboard run)
<run>/report.html  report.md
```
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from harness.executors import protocols as executors
from harness.experiment import ExperimentConfig, resolved
from harness.meta.columns import MetricSummary
from harness.pipeline.answering import answer_all, answers_by_system, score_all, unrated
from harness.pipeline.board import rank_models
from harness.pipeline.building import build_data_set
from harness.pipeline.check import check_plugins
from harness.pipeline.compare import compare_systems
from harness.pipeline.finished import DESCRIBED
from harness.pipeline.records import Comparison
from harness.pipeline.training import BUILDS, CHECKPOINTS, Material, asked, materials, train_all
from harness.pipeline.trust import METAEVALUATE, metaevaluate_all
from harness.pipeline.trust_told import TrustOf, trust_of
from harness.records import Example
from harness.registry import Registry
from harness.report.training import training_notes, training_summary, write_training_page
from harness.stages.metaevaluate import summarise
from harness.stages.score import BuiltMetric, Executor, build_metrics
from harness.stages.train import Trained
from harness.store import Run

Stage = Literal["build", "train", "generate", "score", "metaevaluate", "leaderboard", "report"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Progress = Callable[[str, int, int], None]


@dataclass
class Experiment:
    """An experiment under way: what its stages share, and what they found. `executor` asks the metrics, `answering` the
    generators, by default this process does; `failures`: what could not be had, in words."""

    config: ExperimentConfig
    registry: Registry
    folder: Path
    progress: Progress
    say: Callable[[str], None]
    command: Sequence[str]
    executor: Executor | None = None
    answering: executors.Executor | None = None
    run: Run | None = None
    builds: dict[str, Any] = field(default_factory=dict)
    given: list[Material] = field(default_factory=list)
    trained: list[Trained] = field(default_factory=list)
    questions: list[Example] = field(default_factory=list)
    systems: dict[str, Any] = field(default_factory=dict)
    metrics: list[BuiltMetric] = field(default_factory=list)
    rows: list[Comparison] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    trust: list[TrustOf] = field(default_factory=list)
    board: dict[str, Any] | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def groups(self) -> dict[str, list[str]]:
        """System → its runs, in the order of the config."""
        found: dict[str, list[str]] = {}
        for one in self.config.systems:
            found.setdefault(one.group, []).append(one.name)
        return found

    def described(self) -> dict[str, Any]:
        """What the manifest says of the experiment, from which its report is made."""
        summaries: tuple[MetricSummary, ...] = tuple(map(summarise, self.metrics))
        splits: dict[str, int] = {}
        for example in self.questions:
            splits[example.split or "no split"] = splits.get(example.split or "no split", 0) + 1
        given = {
            material.training.name: {
                "examples": len(material.chosen.examples),
                "left_out": material.chosen.left_out,
                "runs": [run.name for run in material.training.runs()],
            }
            for material in self.given
        }
        told: dict[str, Any] = msgspec.to_builtins(
            {
                "name": self.config.name,
                "builds": self.builds,
                "trainings": given,
                "asked": dict(sorted(splits.items())),
                "groups": self.groups,
                "order": list(self.groups),
                "generate": self.systems,
                "metrics": summaries,
                "judged": self.judged,
                "trust": self.trust,
                "board": self.board,
                "failures": self.failures,
            },
            order="sorted",
            enc_hook=str,
        )
        return told


def run_experiment(experiment: Experiment, until: Stage = "report") -> Experiment:
    """Goes through the stages up to `until`; the same again goes on where it was stopped, whatever stopped it.

    A section that the config lacks is a stage that is passed over. HarnessError where a stage cannot be done.
    """
    one = experiment
    check_plugins(one.config, one.registry)
    last = STAGES.index(until)
    with Run.open(one.folder, config=resolved(one.config), command=one.command) as run:
        one.run = run
        for stage in STAGES[: last + 1]:
            _STAGE[stage](one)
        _finish(run, one, whole=until == "report")
    return one


def _build(one: Experiment) -> None:
    for config in one.config.builds:
        folder = one.folder / BUILDS / config.name
        whole = msgspec.structs.replace(config, output=str(folder))
        one.builds[config.name] = build_data_set(whole, one.registry, folder, one.progress, command=one.command)


def _train(one: Experiment) -> None:
    one.given = materials(one.config, one.folder)
    one.trained = train_all(one.registry, one.given, one.folder, say=one.say, report=one.progress)
    for trained in one.trained:
        write_training_page(one.folder / CHECKPOINTS, trained)
        for note in training_notes(trained):
            one.say(note)


def _generate(one: Experiment) -> None:
    if not one.config.answering or one.run is None:
        return
    one.questions = asked(one.config, one.folder)
    outputs = answer_all(one.run, one.registry, one.config, one.questions, one.progress, one.answering)
    one.systems = answers_by_system(one.config, outputs)
    errors = sum(counts["errors"] for counts in one.systems.values())
    if errors:
        one.failures.append(f"{errors} outputs could not be had")


def _score(one: Experiment) -> None:
    if not one.config.metrics or one.run is None:
        return
    one.metrics = build_metrics(one.registry, one.config.metrics)
    data = unrated(one.config, one.questions, tuple(one.run.read_table("outputs")))
    scores = score_all(one.run, data, one.metrics, one.progress, one.executor)
    if scores.failed:
        one.failures.append(f"{scores.failed} units could not be scored, for example: {scores.first_error()}")
    one.rows = compare_systems(data, scores, [summarise(metric) for metric in one.metrics], one.groups, one.config.compare)
    one.run.write_table("comparisons", one.rows)


def _metaevaluate(one: Experiment) -> None:
    if one.config.judgments and not one.metrics:
        one.metrics = build_metrics(one.registry, one.config.metrics)
    one.judged = metaevaluate_all(
        one.config, one.registry, one.metrics, one.folder / METAEVALUATE, one.progress, one.executor, one.command
    )
    if one.metrics and one.questions:
        labels = {metric.label: metric.signature for metric in one.metrics}
        one.trust = trust_of(labels, one.questions, [one.folder / METAEVALUATE / name for name in one.judged])


def _leaderboard(one: Experiment) -> None:
    if one.config.leaderboard is None:
        return
    one.board, failures = rank_models(one.config, one.registry, one.folder, one.progress, one.command)
    one.failures += failures


def _report(one: Experiment) -> None:
    """Nothing: a report is of a finished manifest, and is written after it (`write_experiment_report`)."""


_STAGE: dict[Stage, Callable[[Experiment], None]] = {
    "build": _build,
    "train": _train,
    "generate": _generate,
    "score": _score,
    "metaevaluate": _metaevaluate,
    "leaderboard": _leaderboard,
    "report": _report,
}


def _finish(run: Run, one: Experiment, *, whole: bool) -> None:
    described = {DESCRIBED: one.described(), "trained": {trained.name: training_summary(trained) for trained in one.trained}}
    seeds = {"compare": one.config.compare.seed} if one.config.metrics else {}
    signatures = {metric.label: metric.signature for metric in one.metrics}
    notes = [f"training {name!r}: {count} examples left out ({reason})" for name, count, reason in _left_out(one)]
    if not whole:
        notes.append("stopped where it was told to (--until)")
    run.finish("done", described=described, seeds=seeds, signatures=signatures, notes=[*notes, *one.failures])


def _left_out(one: Experiment) -> list[tuple[str, int, str]]:
    return [
        (material.training.name, count, reason) for material in one.given for reason, count in material.chosen.left_out.items()
    ]


def write_experiment_report(folder: Path) -> dict[str, str]:
    """The usual files of the finished experiment's report, in its folder; their paths by format."""
    from harness.pipeline.report import experiment_report
    from harness.report.files import write_report

    return {kind: str(path) for kind, path in write_report(experiment_report(folder), folder).items()}
