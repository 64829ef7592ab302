"""A finished experiment read from its folder: what its manifest says of it, its tables, trainings and trust."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError
from harness.experiment_records import CompareOptions
from harness.integrity import check_tables
from harness.meta.columns import MetricSummary
from harness.pipeline.records import Comparison
from harness.pipeline.training import CHECKPOINTS
from harness.records import Example, Manifest, Output
from harness.stages.train import Trained
from harness.store import TABLES, read_manifest, read_table, table_path

DESCRIBED = "experiment"  # the part of the manifest that says what the run is


@dataclass(frozen=True)
class Finished:
    """A finished experiment. `about`: what the manifest says of it; `labels`: signature → what the user wrote."""

    folder: Path
    manifest: Manifest
    about: Mapping[str, Any]
    metrics: tuple[MetricSummary, ...]
    labels: Mapping[str, str]
    options: CompareOptions
    rows: tuple[Comparison, ...]
    trained: tuple[Trained, ...]

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """System → its runs, in the config's order."""
        held = self.about["groups"]
        return {name: held[name] for name in self.about["order"] if name in held}

    def examples(self) -> list[Example]:
        """What was asked; none where no system answered."""
        return self._table("examples")

    def outputs(self) -> list[Output]:
        """What the systems said."""
        return self._table("outputs")

    def _table(self, name: str) -> list[Any]:
        if TABLES[name].file not in self.manifest.fingerprints:
            return []
        return list(read_table(table_path(self.folder, name), TABLES[name].record_type))


def is_finished(manifest: Manifest) -> bool:
    """Whether the manifest is of an experiment that `harness run` finished."""
    return manifest.status == "done" and DESCRIBED in manifest.described


def read_finished(folder: str | Path) -> Finished:
    """The experiment in the folder; InputError if there is none, if it was not finished, or if a table is not what it wrote."""
    folder, manifest = Path(folder), read_manifest(folder)
    if not is_finished(manifest):
        raise InputError(f"{folder}: no finished experiment lies here; run its config again")
    check_tables(folder, manifest)
    about = manifest.described[DESCRIBED]
    there = TABLES["comparisons"].file in manifest.fingerprints
    trained = [_trained(folder / CHECKPOINTS / f"{run}.json") for one in about["trainings"].values() for run in one["runs"]]
    try:
        return Finished(
            folder=folder,
            manifest=manifest,
            about=about,
            metrics=msgspec.convert(about["metrics"], tuple[MetricSummary, ...]),
            labels={signature: label for label, signature in manifest.signatures.items()},
            options=msgspec.convert(manifest.config.get("compare", {}), CompareOptions),
            rows=tuple(read_table(table_path(folder, "comparisons"), Comparison)) if there else (),
            trained=tuple(one for one in trained if one is not None),
        )
    except msgspec.ValidationError as error:
        raise InputError(f"{folder}: the experiment is not of this version ({error}); run its config again") from error


def _trained(path: Path) -> Trained | None:
    """What was trained; None where the user has deleted it, which a report can do without."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Trained)
    except (OSError, msgspec.MsgspecError):
        return None
