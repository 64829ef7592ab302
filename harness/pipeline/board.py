"""The experiment's leaderboard: its models, or those that the config names, on tasks."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.cache import Cache
from harness.experiment import ExperimentConfig
from harness.leaderboard.config import LeaderboardConfig, resolved
from harness.pipeline.trust import METAEVALUATE, folder_name
from harness.registry import Registry
from harness.store import Run

LEADERBOARD = "leaderboard"
Progress = Callable[[str, int, int], None]


def rank_models(
    config: ExperimentConfig, registry: Registry, folder: Path, progress: Progress, command: Sequence[str]
) -> tuple[dict[str, Any] | None, list[str]]:
    """What the manifest says of the board, and what failed; the results lie in the folder `leaderboard` of the run."""
    board = config.leaderboard
    if board is None:
        return None, []
    judged = [str(folder / METAEVALUATE / folder_name(ref)) for ref in config.judgments]
    asked = msgspec.structs.replace(
        board,
        output=str(folder / LEADERBOARD),
        trainings=str(folder) if config.trainings else board.trainings,
        metaevaluations=(*board.metaevaluations, *judged),
    )
    return _run(asked, registry, folder / LEADERBOARD, progress, command)


def _run(
    board: LeaderboardConfig, registry: Registry, folder: Path, progress: Progress, command: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    from harness.leaderboard.run import run_leaderboard  # loads lm-eval

    with Run.open(folder, config=resolved(board), command=command) as run, Cache() as cache:
        summary = run_leaderboard(run, board, registry, progress, cache=cache)
        told: dict[str, Any] = msgspec.to_builtins(summary)
        counts = {"results": summary.done + summary.reused, "failures": len(summary.failures)}
        run.finish("done", counts=counts, described={"leaderboard": told})
    return told, [f"{one.model} on {one.task}: {one.error}" for one in summary.failures]
