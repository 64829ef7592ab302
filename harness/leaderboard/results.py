"""A folder of lm-eval results, made here or elsewhere, read into one record: what a board is computed from.

lm-eval leaves a folder a model with `results_DATE.json` and, where samples were kept, `samples_TASK_DATE.jsonl`; this
harness writes `results_TASK.json` and `samples_TASK.jsonl`. Results of 0.3 (`acc` beside `acc_stderr`) and of 0.4 (`acc,none`)
are both read.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError
from harness.leaderboard.file_tasks import TaskEntry
from harness.leaderboard.file_values import LONGEST
from harness.leaderboard.records import Item, ModelInfo, Results, TaskInfo, TaskResult
from harness.leaderboard.result_files import ResultFile, read_result_file
from harness.leaderboard.samples import count_items, find_samples, is_own_file, read_samples

LARGEST = 64_000_000  # bytes of a file of results; a file of samples may be larger, it is read line by line
DEEPEST = 6
MOST_FILES = 20_000
_NOT_RESULTS = frozenset({"manifest.json", "unchanged.json", "config.json", "tokenizer.json", "board.json"})

_MOST_NAMED = 5

_Chosen = dict[tuple[str, str], tuple[ResultFile, TaskEntry]]


def read_results(folder: Path) -> Results:
    """Models, tasks and results below `folder` (or of one file of results); items are read when they are asked for.

    Where a model did a task twice the later one counts. A task that a model could not do is a result without values, and
    `settings["error"]` says why. A file that cannot be read is left out and named in `notes`, as is what is no regular file; of
    samples that cannot be read no item is used, and `items_notes` names the file and the line. InputError where there is no such
    folder, no results in it, or more files than results can have.
    """
    notes: list[str] = []
    paths = _candidates(folder, notes)
    failures = [found for path in paths if path.name.startswith("failed_") and (found := _failure(path)) is not None]
    files = _read([path for path in paths if not path.name.startswith("failed_")], notes)
    if not files and not failures:
        why = f" ({notes[0]})" if notes else ""
        raise InputError(
            f"{folder} holds no results of lm-eval{why}: give a leaderboard's run folder, or the folder that "
            "`lm_eval --output_path` wrote, with results_*.json below it"
        )
    files = _with_unique_names(files)
    chosen = _latest(files, notes)
    models: dict[str, ModelInfo] = {}
    for file in files:
        models[file.model.name] = _merged(models.get(file.model.name), file.model)
    tasks: dict[str, TaskInfo] = {}
    for (_, task), (_, entry) in chosen.items():
        tasks.setdefault(task, entry.info)

    items_notes: dict[tuple[str, str], tuple[str, ...]] = {}

    def read_items(model: str, task: str) -> Iterator[Item]:
        if (model, task) not in chosen:
            return
        items, items_notes[model, task] = _items(*chosen[model, task])
        yield from items

    results = [_result(file, entry) for file, entry in chosen.values()]
    for failure in failures:
        if (failure.model, failure.task) not in chosen:
            models.setdefault(failure.model, ModelInfo(name=failure.model))
            tasks.setdefault(failure.task, TaskInfo(name=failure.task))
            results.append(failure)
    return Results(
        models=models,
        tasks=tasks,
        results=tuple(results),
        read_items=read_items,
        notes=tuple(dict.fromkeys(notes)),
        items_notes=items_notes,
    )


def _candidates(folder: Path, notes: list[str]) -> list[Path]:
    """Files that may hold results, in order; links are not followed and pipes not read, but named."""
    if folder.is_file():
        notes += _passed_over([path for path in sorted(folder.parent.glob("*.jsonl")) if not is_own_file(path)], folder.parent)
        return [folder]
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is neither a folder nor a regular file: results are read from those only")
    if not folder.is_dir():
        raise InputError(f"{folder} is absent: give a leaderboard's run folder or a folder of lm-eval results")
    home = folder / "results" if (folder / "manifest.json").is_file() and (folder / "results").is_dir() else folder
    found: list[Path] = []
    passed: list[Path] = []
    seen = 0
    for place, folders, names in os.walk(home, followlinks=False):
        depth = len(Path(place).relative_to(home).parts)
        folders[:] = sorted(name for name in folders if depth < DEEPEST and not name.startswith("."))
        passed += [Path(place) / name for name in folders if (Path(place) / name).is_symlink()]
        seen += len(names)
        if seen > MOST_FILES:
            raise InputError(f"{home} holds more than {MOST_FILES:,} files: give the folder that holds nothing but results")
        paths = [Path(place) / name for name in sorted(names) if name not in _NOT_RESULTS]
        found += [path for path in paths if path.suffix == ".json" and is_own_file(path)]
        passed += [path for path in paths if path.suffix in (".json", ".jsonl") and not is_own_file(path)]
    notes += _passed_over(passed, home)
    return found


def _passed_over(paths: list[Path], home: Path) -> list[str]:
    """What was not read, in a note for links and one for anything else."""
    links = [path for path in paths if path.is_symlink()]
    others = [path for path in paths if not path.is_symlink()]
    said = []
    for some, why in (
        (links, "links are not followed; put the files themselves there (DVC: cache.type copy; git-annex: unlock)"),
        (others, "no regular files, which are not read"),
    ):
        if some:
            more = f" and {len(some) - _MOST_NAMED} more" if len(some) > _MOST_NAMED else ""
            said.append(f"{', '.join(str(path.relative_to(home)) for path in some[:_MOST_NAMED])}{more}: {why}")
    return said


def _items(file: ResultFile, entry: TaskEntry) -> tuple[list[Item], tuple[str, ...]]:
    """The items and what is to be known of them; none of a file that cannot be read: of a part nobody knows what it lacks."""
    where = f"{file.model.name} on {entry.info.name}"
    try:
        items = list(read_samples(file, entry))
    except (InputError, OSError) as error:
        return [], (f"{where}: its items are not used: {error}",)
    again = sum("repeats" in item.meta for item in items)
    told = (
        f"{where}: {again} of {len(items)} items are documents that were met before; in intervals and tests they count together"
    )
    return items, (told,) if again else ()


def _failure(path: Path) -> TaskResult | None:
    """What `harness leaderboard run` left of a task that a model could not do: a result without values."""
    try:
        said = json.loads(path.read_bytes()[:LARGEST])
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not all(isinstance(said.get(key), str) for key in ("model", "task", "error")):
        return None
    error = said["error"][:LONGEST]
    return TaskResult(model=said["model"], task=said["task"], values={}, items=0, settings={"error": error}, file=str(path))


def _read(paths: list[Path], notes: list[str]) -> list[ResultFile]:
    files = []
    for path in paths:
        named = path.name.startswith("results")
        try:
            size = path.stat().st_size
            if size > LARGEST:
                raise InputError(f"{path} has {size:,} bytes, more than results can have ({LARGEST:,})")
            data = path.read_bytes()
            if not named and b'"results"' not in data:
                continue
            file = read_result_file(path, data)
        except (InputError, OSError) as error:
            if named or len(paths) == 1:  # another JSON file that is no file of results is none of ours
                notes.append(f"left out: {error}")
            continue
        notes += file.notes
        files.append(file)
    return files


def _with_unique_names(files: list[ResultFile]) -> list[ResultFile]:
    """Two models of one name in different folders that both did some task get their folder's name behind theirs."""
    homes: dict[str, dict[Path, set[str]]] = {}
    for file in files:
        homes.setdefault(file.model.name, {}).setdefault(file.path.parent, set()).update(file.tasks)
    clash = {
        name
        for name, places in homes.items()
        if sum(map(len, places.values())) > len(set().union(*places.values())) and len(places) > 1
    }
    return [
        file.renamed(f"{file.model.name} ({_home_name(file.path, homes)})") if file.model.name in clash else file
        for file in files
    ]


def _home_name(path: Path, homes: dict[str, dict[Path, set[str]]]) -> str:
    """The shortest end of the file's folder that tells it from the other folders."""
    others = {place for places in homes.values() for place in places} - {path.parent}
    parts = path.parent.parts
    for length in range(1, len(parts)):
        if not any(other.parts[-length:] == parts[-length:] for other in others):
            return "/".join(parts[-length:])
    return path.parent.name


def _latest(files: list[ResultFile], notes: list[str]) -> _Chosen:
    chosen: _Chosen = {}
    for file in sorted(files, key=lambda file: (file.date or "", file.path.name)):
        for task, entry in file.tasks.items():
            before = chosen.pop((file.model.name, task), None)
            if before is not None:
                notes.append(
                    f"{file.model.name} did {task} more than once: {file.path.name} counts, {before[0].path.name} does not"
                )
            chosen[file.model.name, task] = (file, entry)
    order = list(dict.fromkeys(file.model.name for file in files))
    return dict(sorted(chosen.items(), key=lambda item: order.index(item[0][0])))


def _merged(before: ModelInfo | None, new: ModelInfo) -> ModelInfo:
    if before is None:
        return new
    meta = {**before.meta, **new.meta}
    if "seconds" in before.meta and "seconds" in new.meta:
        meta["seconds"] = before.meta["seconds"] + new.meta["seconds"]
    return ModelInfo(
        name=new.name,
        arguments=new.arguments or before.arguments,
        digest=new.digest or before.digest,
        parameters=new.parameters or before.parameters,
        training=new.training or before.training,
        meta=meta,
    )


def _result(file: ResultFile, entry: TaskEntry) -> TaskResult:
    items = entry.items
    if items is None:  # an old format that does not say
        samples = find_samples(file, entry.info.name)
        items = _counted(samples) if samples else 0
    return TaskResult(
        model=file.model.name,
        task=entry.info.name,
        values=entry.values,
        errors=entry.errors,
        items=items,
        partial=entry.partial,
        shots=entry.shots,
        settings=entry.settings,
        seconds=entry.seconds,
        tokens=entry.tokens,
        cost=entry.cost,
        date=file.date,
        file=str(file.path),
    )


def _counted(samples: Path) -> int:
    """How many items a file of samples holds; 0, which says that nobody knows, of one that cannot be read."""
    try:
        return count_items(samples)
    except (InputError, OSError):  # said where the items are read
        return 0
