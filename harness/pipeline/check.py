"""Looks at everything that an experiment names before its first stage runs: a typo is found in a second, not after a night."""

from harness.data import find_data
from harness.errors import InputError
from harness.experiment import ExperimentConfig
from harness.leaderboard.check import check_leaderboard
from harness.leaderboard.config import LeaderboardConfig
from harness.protocols import JudgmentSourceSpec
from harness.registry import Registry, check_parameters


def check_plugins(config: ExperimentConfig, registry: Registry) -> None:
    """HarnessError for a plugin that is not there or does not take its parameters, and for data that are not there.

    Builders and trainers are built, since they check what they are given; generators and metrics are not, since they load models.
    """
    for build in config.builds:
        for ref in build.builders:
            registry.build("dataset builder", ref)
            reads = registry.find("dataset builder", ref.name).spec.reads
            if reads is not None:
                reads(**ref.params)  # says how to get what is absent
    for training in config.train:
        registry.build("trainer", training.plugin)
    for kind, refs in (
        ("generator", [one.plugin for one in config.systems]),
        ("metric", list(config.metrics)),
        ("judgment source", list(config.judgments)),
    ):
        for ref in refs:
            spec = registry.find(kind, ref.name).spec
            params = {key: value for key, value in ref.params.items() if not (kind == "judgment source" and key == "systems")}
            check_parameters(kind, spec, params)
            if isinstance(spec, JudgmentSourceSpec) and spec.data is not None:
                find_data(spec.data, ref.name)
    if config.leaderboard is not None:
        check_leaderboard(config.leaderboard, registry)
    if config.leaderboard is not None and not config.leaderboard.lm_eval_tasks:  # indexing those takes half a minute
        _check_tasks(config.leaderboard)


def _check_tasks(board: LeaderboardConfig) -> None:
    """The board's tasks are there, and so are the files of the data home that they name."""
    from harness.leaderboard.task_data import lacking_data
    from harness.leaderboard.tasks import find_tasks  # loads lm-eval

    tasks = find_tasks(board)
    for task in tasks.chosen:
        lacking = lacking_data(tasks.manager.task_index[task.name].cfg)
        if lacking is not None:
            raise InputError(f"leaderboard: the task {task.name} {lacking}, or leave the task out")
