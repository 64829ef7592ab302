"""A folder as a board: its results, how far its metrics can be trusted, what its models have seen, as its config says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ConfigError
from harness.leaderboard.board import make_board
from harness.leaderboard.columns import generates, per_answer, score_columns
from harness.leaderboard.kept_columns import with_kept_columns
from harness.leaderboard.records import Board, Results
from harness.leaderboard.results import read_results
from harness.leaderboard.trust import find_trust
from harness.registry import Registry


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A board and what it was made of."""

    board: Board
    results: Results


def open_board(
    folder: Path,
    *,
    name: str | None = None,
    metrics: Sequence[str] = (),
    metaevaluations: Sequence[str] = (),
    tasks: Sequence[str] = (),
    models: Sequence[str] = (),
    seed: int | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    registry: Callable[[], Registry] | None = None,
) -> Opened:
    """The board of a leaderboard's run folder, or of any folder of lm-eval results.

    What the run's config says of meta-evaluations, trainings and seed holds where nothing else is said. `metrics` are columns
    beside the tasks' own; one that the results do not hold is a metric plugin of the `registry`, which scores the kept answers.
    Raises InputError where there are no results, and PluginError for a metric that nobody knows.
    """
    results, said = read_results(folder), config_of(folder)
    results, names = _with_columns(results, folder, metrics, said, registry)
    results, seen = _with_seen(results, said)
    folders = [*metaevaluations]
    for one in said.metaevaluations if said else ():
        if Path(one).expanduser().exists():
            folders.append(one)
        else:
            results = noted(
                results, [f"the meta-evaluation {one}, which the run's config names, is not there: it counts for nothing"]
            )
    board = make_board(
        results,
        name=name or (said.name if said else folder.resolve().name),
        metrics=names,
        trust=find_trust(folders, results=results),
        seen=seen,
        seed=seed if seed is not None else (said.seed if said else 0),
        resamples=resamples,
        confidence=confidence,
        tasks=tasks,
        models=models,
    )
    return Opened(board=board, results=results)


def noted(results: Results, notes: Sequence[str]) -> Results:
    """The results with more notes."""
    return msgspec.structs.replace(results, notes=(*results.notes, *notes)) if notes else results


def _with_columns(
    results: Results, folder: Path, metrics: Sequence[str], said: Any, registry: Callable[[], Registry] | None
) -> tuple[Results, list[str]]:
    """The results with the columns that were kept and those that are asked for; and the names of all that are to be shown."""
    results = with_kept_columns(results, folder)
    refs = [ref for ref in (said.metrics if said else ()) if not _held(results, str(ref))]
    if refs and any(map(generates, results.tasks.values())):
        shown = ", ".join(map(str, refs))
        results = noted(results, [f"{shown}: the run has not scored its answers with it; run `harness leaderboard run` again"])
    new = [name for name in metrics if not _held(results, name)]
    if new and registry is not None:
        loaded = registry()
        results = score_columns(results, loaded, [loaded.parse("metric", name) for name in new])
    return results, [*metrics, *results.metrics]


def _held(results: Results, name: str) -> bool:
    held = {metric for one in results.results for metric in one.values} | set(results.metrics)
    return bool({name, per_answer(name)} & held) or name in {metric.partition(",")[0] for metric in held}


def _with_seen(results: Results, said: Any) -> tuple[Results, dict[tuple[str, str], int]]:
    """By (model, task) the items that the model was trained on, where its training is at hand; else why that is not known."""
    if said is None or said.trainings is None:
        return results, {}
    from harness.leaderboard.contamination import find_learned, seen_items

    learned, notes = find_learned(results, said.trainings)
    seen, undecided = seen_items(results, learned)
    return noted(results, [*notes, *undecided]), seen


def config_of(folder: Path) -> Any:
    """The config of a leaderboard's run folder (`LeaderboardConfig`); None where the folder is no such run."""
    from harness.leaderboard.config import load_leaderboard

    file = folder / "config.yaml"
    if not (folder / "manifest.json").is_file() or not file.is_file():
        return None
    try:
        return load_leaderboard(file)
    except ConfigError:  # the run of another command, with results below it
        return None
