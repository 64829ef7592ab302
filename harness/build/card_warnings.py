"""What somebody must know before trusting or using a data set, out of what was and was not done to make it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.build import licence_rules
from harness.build.card_blocks import amount
from harness.build.card_tally import Tally
from harness.build.config import BuildConfig
from harness.build.evaluation_sets import EvaluationSet
from harness.build.licence_rules import Combined

if TYPE_CHECKING:
    from harness.stages.build import BuiltRows


def warnings(
    config: BuildConfig,
    built: "Sequence[BuiltRows]",
    against: Sequence[EvaluationSet],
    tally: Tally,
    licences: Combined,
    notes: Sequence[str],
    found: Mapping[str, Any],
) -> Iterator[str]:
    """A sentence each, the gravest first: what is cut off, what may not be used, what was not checked, what was noted."""
    yield from _cut_off(built)
    if not sum(tally.cells.values()):
        yield "This data set is empty."
    for sentence in licence_rules.warnings(licences):
        yield f"{sentence[0].upper()}{sentence[1:]}."
    yield from _switched_off(config)
    if config.languages.use and not found.get("languages", {}).get("checked", True):
        yield "Languages were not identified, since py3langid is not installed: rows may be in other languages."
    if config.contamination.use and not against:
        yield "No evaluation set was at hand: nobody has checked whether texts of evaluation sets stand in this data set."
    if config.contamination.use:
        yield from without_texts(against)
    yield from _without_rows(built, tally)
    yield from notes


def without_texts(against: Sequence[EvaluationSet]) -> Iterator[str]:
    """A sentence for each evaluation set that was named and holds nothing to compare with."""
    for one in against:
        if not any(text.strip() for _, text in one.texts):
            yield f"The evaluation set {one.name} holds no text: nothing was compared with it. Is it the right file?"


def _cut_off(built: "Sequence[BuiltRows]") -> Iterator[str]:
    cut = [one for one in built if not one.complete]
    if cut:
        names = ", ".join(f"{one.ref.name} ({amount(one.rows, 'row')})" for one in cut)
        yield (
            f"A PART ONLY, to have a look: with --limit only the first rows were asked for of {names}. Counts, diversity and "
            "splits are those of this part; build without --limit before you use it."
        )


def _switched_off(config: BuildConfig) -> Iterator[str]:
    steps = (
        (config.languages.use, "Language identification was switched off: rows may be in other languages."),
        (config.filters.use, "The filters were switched off: rows may be too long, empty of sense or full of repetitions."),
        (config.duplicates.use, "Removal of duplicates was switched off: rows may repeat each other, also across splits."),
        (config.contamination.use, "The contamination check was switched off: texts of evaluation sets may stand in it."),
    )
    yield from (sentence for used, sentence in steps if not used)
    if config.duplicates.use and config.duplicates.near is None:
        yield "Only rows of equal text were removed as duplicates; near-duplicates stay, also across splits."


def _without_rows(built: "Sequence[BuiltRows]", tally: Tally) -> Iterator[str]:
    for name in dict.fromkeys(one.ref.name for one in built):
        mine = [one for one in built if one.ref.name == name]
        rows, aside = sum(one.rows for one in mine), sum(sum(one.aside.values()) for one in mine)
        if not rows:
            yield f"The builder {name} yielded nothing."
        elif rows == aside:
            yield f"The builder {name} set aside {'its only row' if rows == 1 else f'all of its {rows:,} rows'}."
    if tally.cells and any(one.rows for one in built):
        missing = sorted({one.ref.name for one in built if one.rows > sum(one.aside.values())} - set(tally.builders))
        for name in missing:
            yield f"No row says that the builder {name} made it: all were removed, or carry another builder's name."
