"""A data set as a folder: builders run, their rows are sifted and written; what was finished under the same config is kept."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import harness
from harness.build.config import BuildConfig, resolved
from harness.build.evaluation_sets import EvaluationSet, evaluation_sets
from harness.build.finished import write_finished
from harness.build.leftovers import leftovers
from harness.build.leftovers import prune as delete
from harness.registry import Registry
from harness.stages.build import BuiltRows, finish_build, run_builders
from harness.store import Run, stage_id

_FINGERPRINT = "build"
_TABLES = ("examples", "removed")
_MUCH = 10 * 2**20  # bytes that are worth a word
Report = Callable[[str, int, int], None]


def build_data_set(
    config: BuildConfig,
    registry: Registry,
    folder: Path,
    report: Report,
    *,
    command: Sequence[str],
    limit: int | None = None,
    prune: bool = False,
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Builds the data set into the folder and returns what the manifest's `described` holds of it; `say` hears its notes.

    A build that is there already, of the same config, rows and evaluation sets, is taken over. `limit`: of each builder's rows.
    `prune`: deletes the rows that earlier builds into the folder left and this one does not read, once it is finished.
    """
    with Run.open(folder, config=resolved(config), command=command) as run:
        built = run_builders(run, registry, config.builders, report, limit=limit)
        against, absent = evaluation_sets(registry, config.contamination)
        fingerprint = _fingerprint(config, built, against, absent)
        held = _held(run, fingerprint)
        if held is None:
            told = [f"{made.ref.name}: {sentence}" for made in built for sentence in made.notes]
            for sentence in [*told, *absent]:
                run.note(sentence)
            removed = finish_build(run, config, built, against, report)
            written = write_finished(run.folder, config, built, against, report, notes=[*told, *absent], note=run.note)
            if not all(made.complete for made in built):
                run.note(f"only the first {limit} rows of each builder were asked for")
            if limit is not None and any(made.rows > limit for made in built):
                say(f"--limit {limit} asks for no more rows than there are: what was built before stays in the data set")
            held = {
                "output": str(folder),
                "builders": [
                    {
                        "builder": str(made.ref),
                        "rows": made.rows,
                        "set_aside": sum(made.aside.values()),
                        "complete": made.complete,
                    }
                    for made in built
                ],
                "removed": [{"stage": stage, "reason": why, "rows": n} for (stage, why), n in sorted(removed.items())],
                "examples": run.counts["examples"],
                "against": [{"set": found.name, "texts": len(found.texts)} for found in against],
                "splits": written.splits,
                "files": written.files,
            }
        for sentence in run.notes:
            say(sentence)
        run.finish("done", described={"build": held}, fingerprints={_FINGERPRINT: fingerprint})
        _tidy(folder, [made.stage for made in built], prune, say)
    return held


def _tidy(folder: Path, needed: Sequence[str], prune: bool, say: Callable[[str], None]) -> None:
    """Deletes what earlier builds left, or says that there is much of it."""
    found = leftovers(folder, needed)
    size = f"{found.bytes / 2**20:.1f} MiB"
    if prune:
        delete(found)
        say(f"rows that earlier builds left: {size} in {len(found.folders)} folders deleted")
    elif found.bytes > _MUCH:
        where = folder / "segments"
        say(f"{where} holds {size} of rows that earlier builds left and this one does not read; --prune deletes them")


def _held(run: Run, fingerprint: str) -> dict[str, Any] | None:
    """What the folder's last session said of its build, if that was this very one and everything that it wrote is there."""
    earlier = run.earlier
    if earlier is None or earlier.status != "done" or earlier.fingerprints.get(_FINGERPRINT) != fingerprint:
        return None
    said: dict[str, Any] | None = earlier.described.get("build")
    if said is None or said["output"] != str(run.folder) or not all(Path(file).is_file() for file in said["files"].values()):
        return None
    if not all(run.keep_table(name) for name in _TABLES):
        return None
    for note in earlier.notes:
        run.note(note)
    return said


def _fingerprint(config: BuildConfig, built: Sequence[BuiltRows], against: Sequence[EvaluationSet], absent: Sequence[str]) -> str:
    inputs = [f"{made.stage} {made.rows} {made.complete}" for made in built]
    sets = [[found.name, stage_id([text for pair in found.texts for text in pair], {}, "")] for found in against]
    settings = {key: value for key, value in resolved(config).items() if key != "output"}
    return stage_id(inputs, {"config": settings, "sets": sets, "absent": list(absent)}, harness.__version__)
