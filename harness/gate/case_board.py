"""A leaderboard made of a case: its systems as models, each metric a task, outputs as items."""

from collections.abc import Iterator
from statistics import fmean

from harness.leaderboard.board import make_board
from harness.leaderboard.records import Item, ModelInfo, Results, TaskInfo, TaskResult
from harness.meta.options import MetaOptions
from harness.score_table import ScoreTable
from harness.stages.evaluate import Evaluation

_METRIC = "score"


def board_lines(done: Evaluation, options: MetaOptions) -> Iterator[tuple[tuple[str, ...], list[float | None]]]:
    """Cells and standings, as parts of a name and values."""
    board = make_board(_results(done), seed=options.seed, resamples=options.resamples)
    for cell in board.cells:
        values = [cell.value, cell.low, cell.high, cell.normalised, cell.items, cell.rank, cell.cluster]
        yield ("cell", cell.model, cell.column), values
    for one in board.standings:
        yield ("standing", one.model), [one.mean, one.low, one.high, None, one.columns, one.rank, one.cluster]


def _results(done: Evaluation) -> Results:
    """A task a metric of single outputs; one value an item, the mean over a system's samples, and right or wrong beside it."""
    items: dict[tuple[str, str], list[Item]] = {}
    table = ScoreTable.of(done.scores)
    for metric in (one for one in done.metrics if one.unit == "output"):
        block = table.block(metric.signature, metric.components[0] if metric.components else None)
        values = {} if block is None else dict(zip((unit[0] for unit in block.targets), block.values.tolist(), strict=True))
        gathered: dict[tuple[str, str], list[float]] = {}
        for output in done.data.outputs:
            if (value := values.get(output.id)) is not None and value == value:
                gathered.setdefault((output.system, output.example_id), []).append(value)
        for (system, key), given in gathered.items():
            mean = fmean(given)
            items.setdefault((system, metric.name), []).append(Item(key=key, values={_METRIC: mean}))
            right = Item(key=key, values={_METRIC: float(mean > 0.5)})
            items.setdefault((system, f"{metric.name}-right"), []).append(right)
    tasks = dict.fromkeys(task for _, task in items)
    return Results(
        models={system: ModelInfo(name=system) for system in done.data.systems},
        tasks={task: TaskInfo(name=task, metric=_METRIC, baseline=0.25, ceiling=1.0) for task in tasks},
        results=tuple(
            TaskResult(
                model=model, task=task, values={_METRIC: fmean(one.values[_METRIC] or 0.0 for one in some)}, items=len(some)
            )
            for (model, task), some in items.items()
        ),
        read_items=lambda model, task: iter(items.get((model, task), ())),
    )
