"""The report of a run of `harness train` or `harness generate`: what was trained, and the sections that analyses left."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.pipeline.training import CHECKPOINTS
from harness.report.contents import Report, Section
from harness.report.kept_sections import kept_sections
from harness.report.texts import cleaned
from harness.report.training import training_figures, training_notes, training_sentences
from harness.stages.trained import find_trained
from harness.store import read_manifest


def report_of_steps(folder: str | Path) -> Report:
    """The report of a finished run without scores; InputError where there is nothing to show. Its texts are safe to show once
    escaped."""
    place, manifest = Path(folder), read_manifest(folder)
    left, said = kept_sections(place)
    names = manifest.described.get("trained", {})
    trained = [one for one in (find_trained(place / CHECKPOINTS, name) for name in names) if one is not None]
    if not trained and not left:
        raise InputError(
            f"{folder}: this run holds nothing that was scored and no section of an analysis, so there is nothing to report; "
            "`harness run` and `harness metaeval` make runs with a report"
        )
    own = Section(id="trained", title="Trainings", figures=tuple(training_figures(trained)))
    ended = manifest.times.get("started", 0.0) + manifest.times.get("seconds", 0.0)
    answer = [sentence for one in trained for sentence in training_sentences(one)]
    titles = ", ".join(section.title for section in left)
    return cleaned(
        Report(
            title=f"Run: {place.resolve().name}",
            subtitle=" ".join(manifest.command[:2]).replace(manifest.command[0], "harness") if manifest.command else "",
            answer=tuple(answer) or (f"This run holds no scores. What analyses found in it: {titles}.",),
            warnings=tuple([*(note for one in trained for note in training_notes(one)), *said]),
            sections=tuple(section for section in (own, *left) if section.figures),
            manifest=msgspec.json.format(msgspec.json.encode(manifest), indent=2).decode(),
            made=datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds"),
        )
    )


def is_step(described: dict[str, object]) -> bool:
    """Whether a finished run is one of `harness train` or `harness generate` by what its manifest says of it."""
    return bool(described) and not {"judgments", "experiment", "build"} & set(described)
