"""The run folder: manifest, config, segments and finished tables, written so that a kill at any moment loses one batch at most.

```
runs/<name>/manifest.json  config.yaml  segments/<stage_id>/<writer>-<n>.jsonl  examples.parquet … meta.parquet
```
"""

import hashlib
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, NamedTuple

import msgspec

import harness
from harness.build.rows import SetAside
from harness.errors import InputError, did_you_mean
from harness.integrity import file_digest, is_intact
from harness.pipeline.records import Comparison, comparison_key
from harness.records import Example, Judgment, Manifest, MetaRow, Output, Preference, Score
from harness.segments import Segments
from harness.tables import Key, arrow_table, read_table, write_table
from harness.verdicts import Verdict, verdict_key
from harness.whole_files import replace_file

__all__ = ["TABLES", "Run", "Table", "arrow_table", "read_manifest", "read_table", "stage_id", "table_path", "write_table"]

_STOPPED = "stopped by "
_STARTED = frozenset({".lock", "config.yaml", "config.yaml.tmp", "manifest.json.tmp"})  # of a run that was killed at once
_VERSIONS = ("numpy", "pyarrow", "msgspec", "sacrebleu", "numba", "torch", "transformers")


class Table(NamedTuple):
    """A finished table: its file in the run folder, its records, and the key in whose order they lie."""

    file: str
    record_type: type[Any]
    key: Key


def _judgment_key(judgment: Judgment) -> tuple[Any, ...]:
    span = (-1, -1) if judgment.span is None else (judgment.span.start, judgment.span.end)
    return (judgment.output_id, judgment.criterion, judgment.rater, span)


def _meta_key(row: MetaRow) -> tuple[str, ...]:
    fields = (row.judgments, row.criterion, row.slice, row.grouping, row.epsilon_scope, row.raters, row.statistic)
    return tuple(field or "" for field in (*fields, row.metric, row.component, row.against, row.support))


TABLES: dict[str, Table] = {
    "examples": Table("examples.parquet", Example, lambda example: example.id),
    "outputs": Table("outputs.parquet", Output, lambda output: (output.example_id, output.system, output.sample, output.id)),
    "scores": Table("scores.parquet", Score, lambda score: (score.metric, score.component or "", score.targets)),
    "judgments": Table("judgments.parquet", Judgment, _judgment_key),
    "preferences": Table("preferences.parquet", Preference, lambda p: (p.output_a, p.output_b, p.criterion, p.rater)),
    "verdicts": Table("verdicts.parquet", Verdict, verdict_key),
    "removed": Table("removed.parquet", SetAside, lambda row: (row.stage, row.reason, row.id)),
    "meta": Table("meta.parquet", MetaRow, _meta_key),
    "comparisons": Table("comparisons.parquet", Comparison, comparison_key),
}


def stage_id(inputs: Iterable[str], section: Mapping[str, Any], version: str) -> str:
    """Sixteen hex digits that change with the inputs' digests, the config section or the plugin's version."""
    content = {"inputs": list(inputs), "section": dict(section), "version": version}
    return hashlib.sha256(msgspec.json.encode(content, enc_hook=str, order="sorted")).hexdigest()[:16]


def table_path(folder: str | Path, name: str) -> Path:
    """Where the table lies (or will lie) in a run folder; raises InputError for a name that is no table's."""
    if name not in TABLES:
        raise InputError(f"there is no table {name!r}.{did_you_mean(name, TABLES)}")
    return Path(folder) / TABLES[name].file


def read_manifest(folder: str | Path) -> Manifest:
    """The manifest of a run folder; raises InputError if the folder is no run or its manifest is damaged."""
    path = Path(folder) / "manifest.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise InputError(f"{folder} is not a run folder: there is no {path}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"{path}: not a manifest of this version ({error}); give another output folder, or delete this file"
        ) from error


class Run:
    """A run folder that this process writes. A context manager: leaving it writes the manifest's last word, if `finish` has not.

    `notes` and `counts` gather what goes into the manifest; `earlier` is the manifest of the last session in this folder.
    """

    def __init__(self, folder: Path, manifest: Manifest, lock: IO[str], earlier: Manifest | None = None) -> None:
        self.folder = folder
        self.manifest = manifest
        self.earlier = earlier
        self.notes: list[str] = list(manifest.notes)
        self.counts: dict[str, int] = {}
        self.stages: dict[str, str] = {}  # of what the scores of each signature were computed: their stage_id
        self._digests: dict[str, str] = {}
        self._lock = lock
        self._started = time.monotonic()

    @classmethod
    def open(cls, folder: str | Path, *, config: Mapping[str, Any], command: Sequence[str]) -> "Run":
        """Makes the run folder, or goes on with the one that is there; its manifest says "running" from now on.

        Finished stages are found by their `stage_id`, so a changed config computes again only what it changed.
        Raises InputError if another process writes the run, if the folder holds something else than a run, or a run on other
        judgments: a run folder belongs to one judgment set, and nothing in it is overwritten by another's.
        """
        folder = Path(folder)
        _check_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
        try:
            settings = msgspec.to_builtins(dict(config), enc_hook=str)
            earlier = read_manifest(folder) if (folder / "manifest.json").exists() else None
            _check_judgments(folder, earlier, settings)
            manifest = Manifest(
                command=tuple(command),
                status="running",
                config=settings,
                versions=_versions(),
                times={"started": time.time()},
                notes=_notes_that_hold(earlier),
            )
            run = cls(folder, manifest, lock, earlier)
            replace_file(folder / "config.yaml", _to_yaml(settings))
            run._write_manifest()
        except BaseException:
            lock.close()
            raise
        return run

    def write_table(self, name: str, records: Iterable[Any], record_type: type[Any] | None = None) -> int:
        """Writes a finished table in key order, replacing the one there; returns the number of rows."""
        path, table = table_path(self.folder, name), TABLES[name]
        if record_type not in (None, table.record_type):
            raise InputError(f"table {name!r} holds {table.record_type.__name__}, not {record_type!r}")
        rows = _write_scores(path, records) if name == "scores" else None
        if rows is None:
            rows = write_table(path, records, table.record_type, key=table.key)
        self.counts[name] = rows
        self._digests[path.name] = file_digest(path)
        return rows

    def read_table(self, name: str) -> Iterator[Any]:
        """The records of a finished table, in key order."""
        return read_table(table_path(self.folder, name), TABLES[name].record_type)

    def has_table(self, name: str) -> bool:
        """Whether the table is there: from this session or from an earlier one, perhaps under another config."""
        return table_path(self.folder, name).is_file()

    def keep_table(self, name: str) -> bool:
        """Takes over a table of the last session, if it is there as that session wrote it."""
        path = table_path(self.folder, name)
        if not is_intact(path, self.earlier) or self.earlier is None:
            return False
        self._digests[path.name] = self.earlier.fingerprints[path.name]
        self.counts[name] = self.earlier.counts.get(name, 0)
        return True

    def holds_table(self, name: str) -> bool:
        """Whether this session has written the table or taken it over."""
        return table_path(self.folder, name).name in self._digests

    def had_scores(self, signature: str, stage: str) -> bool:
        """Whether the last session finished with scores of the signature that were computed in this very stage."""
        return self.earlier is not None and self.earlier.fingerprints.get(_stage_key(signature)) == stage

    def fingerprint(self, name: str) -> str:
        """sha256 of a table that this session has written or taken over."""
        return self._digests[table_path(self.folder, name).name]

    def segments(self, stage_id: str, writer: str = "main") -> Segments:
        """What the stage has finished so far; a torn last line is cut off and told in `notices` and in the manifest."""
        segments = Segments(self.folder / "segments" / stage_id, writer)
        for notice in segments.notices:
            self.note(notice)
        return segments

    def note(self, text: str) -> None:
        """Adds a sentence to the manifest's notes, at once and only once."""
        if text not in self.notes:
            self.notes.append(text)
            self._write_manifest()

    def count(self, name: str, number: int = 1) -> None:
        """Adds to one of the manifest's counts."""
        self.counts[name] = self.counts.get(name, 0) + number

    def finish(self, status: Literal["done", "failed"], **fields: Any) -> None:
        """The manifest's last word. Mappings are merged into what is there, notes are added, other fields replace."""
        for text in fields.pop("notes", ()):
            self.note(text)
        self.counts.update(fields.pop("counts", {}))
        stages = {_stage_key(signature): stage for signature, stage in self.stages.items()}
        fields["fingerprints"] = {**self._digests, **stages, **fields.get("fingerprints", {})}
        for name, value in fields.items():
            before = getattr(self.manifest, name)
            fields[name] = {**before, **value} if isinstance(before, dict) else value
        times = {**fields.pop("times", self.manifest.times), "seconds": time.monotonic() - self._started}
        self.manifest = msgspec.structs.replace(self.manifest, status=status, times=times, **fields)
        self._write_manifest()

    def close(self) -> None:
        """Gives the run folder back to other processes."""
        self._lock.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self.manifest.status != "running":
                return
            if error is None:
                self.finish("done")
            else:
                self.finish("failed", notes=[f"{_STOPPED}{type(error).__name__}: {error}".rstrip(": ")])
        finally:
            self.close()

    def _write_manifest(self) -> None:
        self.manifest = msgspec.structs.replace(self.manifest, notes=tuple(self.notes), counts=dict(self.counts))
        replace_file(self.folder / "manifest.json", msgspec.json.format(msgspec.json.encode(self.manifest), indent=2) + b"\n")


def _stage_key(signature: str) -> str:
    return f"{signature} (stage)"


def _write_scores(path: Path, records: Iterable[Any]) -> int | None:
    """Writes scores that come as arrays; None where they are Scores one by one."""
    from harness.score_files import write_scores
    from harness.score_table import ScoreTable

    return write_scores(path, records) if isinstance(records, ScoreTable) else None


def _check_judgments(folder: Path, earlier: Manifest | None, settings: Mapping[str, Any]) -> None:
    held, wanted = (None if earlier is None else earlier.config.get("judgments")), settings.get("judgments")
    if held is not None and wanted is not None and held != wanted:
        raise InputError(
            f"{folder} holds a run on other judgments ({_in_words(held)}, not {_in_words(wanted)}); give another output, or "
            "delete the folder if you no longer need it"
        )


def _in_words(judgments: Any) -> str:
    return ", ".join(f"{key}: {value}" for key, value in judgments.items()) if isinstance(judgments, Mapping) else str(judgments)


def _notes_that_hold(earlier: Manifest | None) -> tuple[str, ...]:
    """What an unfinished session noted, without what stopped it: its segments are gone on with, and so are their notices."""
    if earlier is None or earlier.status == "done":
        return ()
    return tuple(note for note in earlier.notes if not note.startswith(_STOPPED))


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; a run needs a folder: give another output")
    if not folder.is_dir() or (folder / "manifest.json").exists():
        return
    there = {path.name for path in folder.iterdir()}
    if there and not (".lock" in there and there <= _STARTED):
        raise InputError(f"{folder} holds files and is not a run folder; give another output, or empty it")


def _lock(folder: Path) -> IO[str]:
    """The open lock file; the system unlocks it when this process ends, however it ends."""
    import fcntl

    file = (folder / ".lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise InputError(f"{folder}: process {holder} is writing this run; wait until it ends, or give another output") from error
    file.truncate(0)
    file.write(f"{os.getpid()} on {platform.node()}\n")
    file.flush()
    return file


def _to_yaml(settings: Mapping[str, Any]) -> bytes:
    import yaml

    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=130).encode("utf-8")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "harness": harness.__version__}
    for name in _VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # an extra that is not installed took no part
    return found
