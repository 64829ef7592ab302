"""What this harness's metrics said of a run's answers, kept beside its results: `columns.json` in the run folder.

A board is computed whenever somebody looks at it, and must not ask a judge or run an encoder each time. Values hold for the very
answers that they were computed of: what was answered anew since then is left out, and said to be.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.leaderboard.columns import Values, generates, score_columns, with_values
from harness.leaderboard.records import Item, MetricInfo, Results
from harness.registry import PluginRef, Registry
from harness.stages.score import Executor, Progress
from harness.whole_files import replace_file

FILE = "columns.json"
FORMAT = 1
_LARGEST = 500_000_000  # bytes


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The values of one model's answers to one task; `answers`: their digest."""

    model: str
    task: str
    answers: str
    values: dict[str, list[float | None]]


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    metrics: dict[str, MetricInfo]
    kept: tuple[_Kept, ...]
    notes: tuple[str, ...] = ()


def keep_columns(
    folder: Path,
    results: Results,
    registry: Registry,
    refs: Sequence[PluginRef],
    *,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Results:
    """The results with a column for each metric, which the run folder holds from now on. All answers are scored anew."""
    if not refs:
        return results
    scored = score_columns(results, registry, refs, progress=progress, executor=executor)
    new = [name for name in scored.metrics if name not in results.metrics]
    kept = []
    for one in scored.results:
        if generates(scored.tasks[one.task]) and any(name in one.values for name in new):
            items = list(scored.read_items(one.model, one.task))
            values = {name: [item.values[name] for item in items] for name in new}
            kept.append(_Kept(model=one.model, task=one.task, answers=_digest(items), values=values))
    notes = tuple(note for note in scored.notes if note not in results.notes)
    file = _File(format=FORMAT, metrics={name: scored.metrics[name] for name in new}, kept=tuple(kept), notes=notes)
    replace_file(folder / FILE, msgspec.json.encode(file, order="sorted") + b"\n")
    return scored


def with_kept_columns(results: Results, folder: Path) -> Results:
    """The results with the columns that the folder holds of these very answers; as they are where it holds none.

    Raises InputError where the file has been damaged.
    """
    path = folder / FILE
    if not path.is_file() or path.is_symlink():
        return results
    file = _read(path)
    held: Values = {}
    stale = []
    known = {(one.model, one.task) for one in results.results}
    taken = {name for one in results.results for name in one.values}
    if taken & set(file.metrics):  # nothing that is kept may stand in for what was reported
        raise InputError(
            f"{path}: the results hold {', '.join(sorted(taken & set(file.metrics)))} already; delete it, and run again"
        )
    for one in file.kept:
        if (one.model, one.task) not in known:
            continue
        items = list(results.read_items(one.model, one.task))
        right = _digest(items) == one.answers and all(len(values) == len(items) for values in one.values.values())
        if right and set(one.values) <= set(file.metrics):
            held[one.model, one.task] = one.values
        else:
            stale.append(f"{one.model} on {one.task}")
    notes = [*results.notes, *file.notes]
    if stale:
        notes.append(
            f"answers have changed since {', '.join(file.metrics)} scored them ({', '.join(stale)}): run the leaderboard again"
        )
    return with_values(msgspec.structs.replace(results, notes=tuple(notes)), held, file.metrics)


def _read(path: Path) -> _File:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is larger than what columns can take ({_LARGEST:,} bytes); delete it")
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"{path}: not the columns of a leaderboard ({error}); delete it, and run the leaderboard again"
        ) from error
    if found.format != FORMAT:
        raise InputError(f"{path}: columns of format {found.format}, this version reads format {FORMAT}; delete it")
    return found


def _digest(items: Iterable[Item]) -> str:
    """sha256 of what was asked, expected and answered."""
    sha = sha256()
    for item in items:
        sha.update(msgspec.json.encode([item.key, item.prompt, item.target, item.answers]))
    return sha.hexdigest()
