"""The judgment source that every reader of an annotation tool's export becomes: its info, its scales, its records."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from harness.errors import InputError, did_you_mean
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale
from harness_plugins.judgments.export_study import Study, finish, records

Bounds = Sequence[float]
Direction = Literal["up", "down"]


class ExportSource:
    """A finished study as a judgment source."""

    def __init__(
        self,
        study: Study,
        labels: Mapping[str, float],
        known: Mapping[str, Scale],
        scale: Bounds | Mapping[str, Bounds] | None,
        direction: Direction | Mapping[str, Direction],
        primary: str | None,
        reference_systems: Sequence[str],
        notes: Sequence[str] = (),
        version: str = "1",
    ) -> None:
        finish(study, labels)
        self._study = study
        criteria = tuple(dict.fromkeys([*(r.criterion for r in study.ratings), *(p.criterion for p in study.preferences)]))
        if not criteria:
            lost = "; ".join(f"{count} {reason}" for reason, count in study.left_out.items())
            raise InputError(f"{study.label}: no person's answer about an output was found{f': {lost}' if lost else ''}")
        raters = sorted({*(rated.rater for rated in study.ratings), *(chosen.rater for chosen in study.preferences)})
        for key, names, there in (
            ("primary", () if primary is None else (primary,), raters),
            ("reference_systems", reference_systems, sorted({system for _, system in study.outputs})),
            ("scale", scale if isinstance(scale, Mapping) else (), criteria),
            ("direction", direction if isinstance(direction, Mapping) else (), criteria),
        ):
            for name in names:
                if name not in there:
                    raise InputError(f"{study.label}: there is no {name!r} ({key}).{did_you_mean(name, there)}")
        self._scales, scale_notes = _scales(study, known, scale, direction)
        self.info = JudgmentInfo(
            name=f"{study.tool}:{study.dataset}",
            version=version,
            criteria=criteria,
            primary_rater=raters[0] if len(raters) == 1 else primary,
            reference_systems=tuple(reference_systems),
            notes=(*notes, *scale_notes, *_notes(study, raters)),
        )

    def read(self) -> Iterator[Example | Output | Judgment | Preference]:
        """Each example, its outputs, their ratings and preferences, in the export's order."""
        yield from records(self._study, self._scales)


def _scales(
    study: Study,
    known: Mapping[str, Scale],
    given: Bounds | Mapping[str, Bounds] | None,
    direction: Direction | Mapping[str, Direction],
) -> tuple[dict[str, Scale | None], list[str]]:
    """Each criterion's scale: the user's, else the tool's own, else the range of its ratings, which is noted."""
    scales: dict[str, Scale | None] = {}
    notes = []
    for criterion in dict.fromkeys(rated.criterion for rated in study.ratings):
        way = direction.get(criterion, "up") if isinstance(direction, Mapping) else direction
        if way not in ("up", "down"):
            raise ValueError(f"direction is up or down, got {way!r}")
        values = [rated.value for rated in study.ratings if rated.criterion == criterion and isinstance(rated.value, float)]
        bounds = given.get(criterion) if isinstance(given, Mapping) else given
        if not values:
            scales[criterion] = None
        elif bounds is not None:
            low, high = (float(bound) for bound in bounds)
            scales[criterion] = Scale(low=low, high=high, direction=way)
        elif criterion in known:
            scales[criterion] = Scale(low=known[criterion].low, high=known[criterion].high, direction=way)
        elif min(values) < max(values):
            scales[criterion] = Scale(low=min(values), high=max(values), direction=way)
            notes.append(
                f"the scale of {criterion!r} is not in the export; the range of its ratings, {min(values):g} to {max(values):g}, "
                "stands in for it"
            )
        else:
            scales[criterion] = None
    return scales, notes


def _notes(study: Study, raters: Sequence[str]) -> Iterator[str]:
    if any("language" not in said for said in study.items.values()):
        yield 'items without a language are marked "und" (unknown); name it with language=sv, or a field'
    if study.fields.item is None and len(study.fields.outputs) == 1:
        yield "each task is taken as an item of its own; where several tasks are about one item, name the field: item=FIELD"
    if any("@" in rater for rater in raters):
        yield "raters are named by e-mail address; rename them before you share results: raters=[ADDRESS:r1, ADDRESS:r2]"
    for reason, count in study.left_out.items():
        yield f"left out: {count} {reason}"
