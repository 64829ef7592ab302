"""A board out of results: values with intervals, ranks with clusters, the mean over tasks, what a reader has to know first."""

from collections.abc import Callable, Mapping, Sequence

from harness.errors import InputError, did_you_mean
from harness.leaderboard.comparisons import ranked, swaps_for
from harness.leaderboard.differing import differing, differing_items
from harness.leaderboard.intervals import Draws
from harness.leaderboard.measured import Measured, measure_cell, on_scale
from harness.leaderboard.records import Board, Cell, Column, Item, Results, TaskInfo, TaskResult, Trust
from harness.leaderboard.scales import normalised, scale_of, why_no_scale
from harness.leaderboard.standings import Counted, make_standings
from harness.leaderboard.swapping import every_two

FEW = 100  # items under which an interval is called approximate
Pair = tuple[str, str]


def make_board(
    results: Results,
    *,
    name: str = "Leaderboard",
    metrics: Sequence[str] = (),
    trust: Callable[[Column, TaskInfo], Trust | None] | None = None,
    seen: Mapping[tuple[str, str], int] | None = None,
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = 0.95,
    tasks: Sequence[str] = (),
    models: Sequence[str] = (),
) -> Board:
    """The board of the results. `metrics`: columns beside each task's own metric, where a task has them; they do not count in the
    mean. `tasks`, `models`: only these. `seen`: by (model, task) the items that the model was trained on. InputError for a name
    that the results do not hold.
    """
    from harness.leaderboard.trust import trust_warnings

    results = _only(results, tasks, models)
    draws, alpha = Draws(resamples, seed), 1 - confidence
    by_key = {(one.model, one.task): one for one in results.results}
    extra = [*dict.fromkeys([*metrics, *results.metrics])]
    columns: list[Column] = []
    cells: dict[Pair, Cell] = {}
    counted: list[Counted] = []
    warnings: list[str] = differing(results)
    shown_tasks: list[TaskInfo] = []
    comparisons = len(results.models) * (len(results.models) - 1) // 2
    swaps = swaps_for(comparisons, resamples, alpha)
    for task in results.tasks.values():
        items = {model: list(results.read_items(model, task.name)) for model in results.models if (model, task.name) in by_key}
        baseline, ceiling, how = scale_of(task, next((found for found in items.values() if found), []))
        shown_tasks.append(_with_scale(task, baseline, ceiling))
        warnings += _failures(task, results)
        documents = {model: [item.meta.get("repeats", item.key) for item in some] for model, some in items.items()}
        warnings += differing_items(task.name, documents)
        unusable = why_no_scale(task, baseline, ceiling)
        if unusable:
            warnings.append(f"{task.name}: {unusable}: not in the mean")
        for metric in _metrics_of(task, extra, [one for one in results.results if one.task == task.name], items):
            main = metric == task.metric
            ends = (baseline, ceiling) if main and not unusable else (None, None)
            found = {
                model: on_scale(
                    measure_cell(by_key[model, task.name], metric, items[model], task.name, draws, confidence), task, metric
                )
                for model in items
            }
            higher = higher_is_better(results, task, metric)
            column = _column(task, metric, main, higher, found, [how if main else None, _why_uncounted(main, ends, unusable)])
            if trust is not None:
                column = _trusted(column, trust(column, task))
            columns.append(column)
            pairs = every_two(found, task.name, swaps, seed)
            fit = [model for model, one in found.items() if one.value is not None and not one.unfit]
            ranks, clusters = ranked(fit, pairs, alpha, higher)
            for model in results.models:
                result = by_key.get((model, task.name))
                alone = len(fit) > 1 and model in fit and model not in ranks
                cells[model, column.key] = _cell(model, column, result, found.get(model), ends, ranks, clusters, alone, seen)
            if main and None not in ends:
                counted.append(Counted(column, ends, found, pairs))  # type: ignore[arg-type]
            warnings += [f"{model} on {column.key}: {one.unfit}: no rank" for model, one in found.items() if one.unfit]
            warnings += _column_warnings(column, [cells[model, column.key] for model in results.models])
    standings = make_standings(results, counted, confidence=confidence, swaps=swaps)
    order = [standing.model for standing in standings]
    return Board(
        name=name,
        models=tuple(results.models[model] for model in order),
        tasks=tuple(shown_tasks),
        columns=tuple(columns),
        cells=tuple(cells[model, column.key] for model in order for column in columns),
        standings=standings,
        confidence=confidence,
        seed=seed,
        resamples=resamples,
        warnings=tuple(dict.fromkeys([*trust_warnings(columns), *warnings])),
        notes=tuple(dict.fromkeys([*results.all_notes(), *_notes(columns, counted)])),
    )


def _only(results: Results, tasks: Sequence[str], models: Sequence[str]) -> Results:
    for what, wanted, known in (("task", tasks, results.tasks), ("model", models, results.models)):
        for name in wanted:
            if name not in known:
                raise InputError(f"the results hold no {what} {name!r}.{did_you_mean(name, known)}")
    if not tasks and not models:
        return results
    kept = {task: info for task, info in results.tasks.items() if not tasks or task in tasks}
    held = {model: info for model, info in results.models.items() if not models or model in models}
    return Results(
        models=held,
        tasks=kept,
        results=tuple(one for one in results.results if one.model in held and one.task in kept),
        read_items=results.read_items,
        metrics=results.metrics,
        notes=results.notes,
        items_notes=results.items_notes,
    )


def _with_scale(task: TaskInfo, baseline: float | None, ceiling: float | None) -> TaskInfo:
    import msgspec

    return msgspec.structs.replace(task, baseline=baseline, ceiling=ceiling)


def _metrics_of(
    task: TaskInfo, extra: Sequence[str], found: Sequence[TaskResult], items: Mapping[str, Sequence[Item]]
) -> list[str]:
    """The task's own metric, and the extra ones that any of its results or items have, under any filter."""
    held = dict.fromkeys(metric for result in found for metric in result.values)
    held |= dict.fromkeys(metric for some in items.values() for item in some[:20] for metric in item.values)
    metrics = [task.metric] if task.metric else []
    for wanted in extra:
        metrics += [metric for metric in held if metric == wanted or metric.partition(",")[0] == wanted]
    return list(dict.fromkeys(metrics))


def higher_is_better(results: Results, task: TaskInfo, metric: str) -> bool:
    """Which way a metric of the task is better, as the task, the metric's plugin or the results say; higher where none does."""
    if metric == task.metric:
        return task.higher_is_better
    if metric in results.metrics:
        return results.metrics[metric].higher_is_better
    for result in results.results:
        way = result.settings.get("metrics", {}).get(metric)
        if result.task == task.name and isinstance(way, dict) and isinstance(way.get("higher_is_better"), bool):
            return bool(way["higher_is_better"])
    return True


def _column(
    task: TaskInfo, metric: str, main: bool, higher: bool, found: Mapping[str, Measured], notes: Sequence[str | None]
) -> Column:
    with_interval = [one for one in found.values() if one.interval.low is not None]
    widest = max(with_interval, key=lambda one: one.interval.clusters, default=None)
    few = None
    if widest is not None and 0 < widest.interval.clusters < FEW:  # 0: nobody says how many
        what = "items" if widest.interval.clusters >= widest.items else "groups of items"
        few = f"{widest.interval.clusters} {what}: intervals are approximate"
    said = "; ".join(note for note in (*notes, few) if note)
    return Column(
        key=f"{task.name}/{metric}", task=task.name, metric=metric, main=main, higher_is_better=higher, note=said or None
    )


def _why_uncounted(main: bool, ends: tuple[float | None, float | None], unusable: str | None) -> str | None:
    if not main or None not in ends:
        return None
    if unusable:
        return f"{unusable}: not in the mean"
    what = "baseline" if ends[0] is None else "ceiling"
    return f"no {what} is known: not in the mean"


def _trusted(column: Column, trust: Trust | None) -> Column:
    import msgspec

    return column if trust is None else msgspec.structs.replace(column, trust=trust)


def _cell(
    model: str,
    column: Column,
    result: TaskResult | None,
    found: Measured | None,
    ends: tuple[float | None, float | None],
    ranks: Mapping[str, int],
    clusters: Mapping[str, int],
    alone: bool,
    seen: Mapping[tuple[str, str], int] | None,
) -> Cell:
    overlap = None if seen is None else seen.get((model, column.task))
    if result is None or found is None:
        return Cell(model=model, column=column.key, value=None, status="missing")
    if found.value is None and "error" in result.settings:
        return Cell(model=model, column=column.key, value=None, status="error", note=str(result.settings["error"]))
    unranked = f"{found.unfit}: no rank, not in the mean" if found.unfit else None
    if alone:
        unranked = "no rank: it cannot be compared with every other model (no usable items, other ones, or all in one group)"
    said = (found.note, unranked, found.interval.note, _seen_note(overlap, found.items))
    note = "; ".join(part for part in said if part)
    return Cell(
        model=model,
        column=column.key,
        value=found.value,
        low=found.interval.low,
        high=found.interval.high,
        normalised=None if found.unfit else normalised(found.value, *ends),
        items=found.items,
        rank=ranks.get(model),
        cluster=clusters.get(model),
        status="missing" if found.value is None else "partial" if result.partial else "ok",
        seen=overlap,
        seconds=result.seconds if column.main else None,
        tokens=result.tokens if column.main else None,
        cost=result.cost if column.main else None,
        note=note or None,
    )


def _seen_note(overlap: int | None, items: int) -> str | None:
    return f"{overlap} of {items} items overlap with what it was trained on" if overlap else None


def _failures(task: TaskInfo, results: Results) -> list[str]:
    errors = [(one.model, one.settings["error"]) for one in results.results if one.task == task.name and "error" in one.settings]
    return [f"{model} on {task.name}: {error}" for model, error in errors]


def _column_warnings(column: Column, cells: Sequence[Cell]) -> list[str]:
    found = []
    if column.main:
        found += [f"{cell.model} on {column.task}: {_seen_note(cell.seen, cell.items)}" for cell in cells if cell.seen]
    sizes = {cell.items for cell in cells if cell.value is not None and cell.items}  # 0: nobody says how many
    if column.main and len(sizes) > 1:
        found.append(f"{column.task}: models did different numbers of items ({', '.join(map(str, sorted(sizes)))})")
    return found


def _notes(columns: Sequence[Column], counted: Sequence[Counted]) -> list[str]:
    main = [column.key for column in columns if column.main]
    left_out = [key for key in main if key not in {one.column.key for one in counted}]
    if not counted or not left_out:
        return []
    named = ", ".join(left_out)
    return [f"the mean is over {len(counted)} of {len(main)} tasks; without a baseline and a ceiling that make a scale: {named}"]
