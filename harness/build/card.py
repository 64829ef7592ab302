"""The data card of a build: what the set is, what to know before using it, and the counts behind it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.build.card_blocks import (
    Value,
    amount,
    lengths,
    ordered,
    parameters,
    said,
    sample_rows,
    score_bars,
    settings,
    table,
)
from harness.build.card_contents import Card, CardSection, Code
from harness.build.card_diversity import diversity_table
from harness.build.card_losses import losses
from harness.build.card_tally import Tally
from harness.build.card_warnings import warnings
from harness.build.config import BuildConfig, resolved
from harness.build.evaluation_sets import EvaluationSet
from harness.build.export import splits_in_order
from harness.build.licence_rules import ADVICE, Combined, allowed, combine
from harness.report.contents import Words

if TYPE_CHECKING:
    from harness.stages.build import BuiltRows


def build_card(
    config: BuildConfig,
    built: "Sequence[BuiltRows]",
    against: Sequence[EvaluationSet],
    tally: Tally,
    versions: Mapping[str, str],
    notes: Sequence[str],
    found: Mapping[str, Any],
) -> Card:
    """The card, out of the tally of both tables and what sifting found (`harness.build.sift_found.read_found`).

    It holds no time and no place, so equal builds have equal cards.
    """
    licences = combine(_licence_counts(tally))
    total = sum(tally.cells.values())
    return Card(
        title=config.card.title or config.name,
        subtitle=_subtitle(config, tally),
        answer=_answer(config, built, tally, total),
        warnings=tuple(warnings(config, built, against, tally, licences, notes, found)),
        sections=(
            _contents(tally),
            _making(config, built),
            losses(config, tally, against, found),
            _diversity(tally, config.language),
            *_scores(tally),
            _rights(tally, licences),
            _samples(tally),
            _repeat(config, versions),
        ),
    )


def licences_of(tally: Tally) -> Combined:
    """The licences of the examples, together."""
    return combine(_licence_counts(tally))


def _licence_counts(tally: Tally) -> dict[str, int]:
    counts: dict[str, int] = {}
    for origin, n in sorted(tally.provenance.items()):
        counts[origin.licence] = counts.get(origin.licence, 0) + n
    return counts


def _subtitle(config: BuildConfig, tally: Tally) -> str:
    builders = ", ".join(dict.fromkeys(ref.name for ref in config.builders))
    return f"Data set for instruction tuning, language {config.language}, made by the builders {builders}"


def _answer(config: BuildConfig, built: "Sequence[BuiltRows]", tally: Tally, total: int) -> tuple[str, ...]:
    if not total:
        first = "This build holds no examples."
    else:
        by_split = tally.count_by("split")
        parts = [f"{by_split[split,]:,} {split}" for split in splits_in_order(name for (name,) in by_split)]
        first = f"{amount(total, 'example')}: {', '.join(parts)}."
    made, aside = sum(one.rows for one in built), sum(sum(one.aside.values()) for one in built)
    steps = sum(tally.removed.values()) - aside
    second = f"The builders made {amount(made, 'row')} and set {aside:,} of them aside; the steps after them removed {steps:,}."
    return tuple(sentence for sentence in (first, config.card.description or "", second) if sentence)


def _contents(tally: Tally) -> CardSection:
    splits = splits_in_order(name for (name,) in tally.count_by("split"))
    by_builder = tally.count_by("builder", "split")
    rows: list[list[Value]] = [
        [builder or "(not said)", *(by_builder[builder, split] for split in splits), tally.count_by("builder")[builder,]]
        for builder in tally.builders
    ]
    tasks: list[list[Value]] = [
        [said(task), said(form), said(builder), n]
        for (builder, task, form), n in ordered(tally.count_by("builder", "task", "form"))
    ]
    kinds: list[list[Value]] = [[language, kind, n] for (language, kind), n in ordered(tally.count_by("language", "kind"))]
    return CardSection(
        id="contents",
        title="What is in it",
        lead="Every example is counted; lengths are those of the finished texts.",
        blocks=(
            table(
                "by-builder", "Examples by builder and split", ["builder", *splits, "all"], rows, "Examples of the finished set."
            ),
            table(
                "by-task",
                "Examples by task and form",
                ["task", "form", "builder", "examples"],
                tasks,
                "As the builders name them.",
            ),
            table(
                "by-language",
                "Examples by language and kind",
                ["language", "kind", "examples"],
                kinds,
                "The language that each row says it is in.",
            ),
            *lengths(tally),
        ),
    )


def _making(config: BuildConfig, built: "Sequence[BuiltRows]") -> CardSection:
    rows: list[list[Value]] = [
        [one.ref.name, parameters(one.ref.params), one.rows, sum(one.aside.values()), "yes" if one.complete else "NO: cut off"]
        for one in built
    ]
    steps: list[list[Value]] = [
        ["language identification", _on(config.languages.use), settings(config.languages)],
        ["filters", _on(config.filters.use), settings(config.filters)],
        ["duplicates", _on(config.duplicates.use), settings(config.duplicates)],
        ["contamination check", _on(config.contamination.use), settings(config.contamination)],
        ["splits by source document", "on", settings(config.splits)],
    ]
    return CardSection(
        id="making",
        title="How it was made",
        lead="The builders in the order in which they were asked, then the steps that every row went through.",
        blocks=(
            table(
                "builders",
                "Builders",
                ["builder", "parameters", "rows made", "set aside", "all its rows"],
                rows,
                "Rows before the steps; rows made are all of them, those that were set aside, too.",
            ),
            table(
                "steps",
                "Steps",
                ["step", "was", "settings"],
                steps,
                "What was done with every row, in this order. Splits take whole documents: a small set may get no validation "
                "or test file.",
            ),
        ),
    )


def _diversity(tally: Tally, language: str) -> CardSection:
    return CardSection(
        id="diversity",
        title="Diversity",
        lead="How much the texts of a builder repeat each other, on equally large random samples; more is more varied.",
        blocks=diversity_table(tally, language),
    )


def _scores(tally: Tally) -> Iterable[CardSection]:
    if tally.scores:
        lead = "Where a builder scores its rows: every part and their sum, as they lie in meta."
        yield CardSection(id="scores", title="Scores", lead=lead, blocks=(score_bars(tally),))


def _rights(tally: Tally, licences: Combined) -> CardSection:
    sources: list[list[Value]] = [
        [said(one.dataset), one.licence or "(none given)", said(one.builder), n]
        for one, n in sorted(tally.provenance.items(), key=lambda item: (-item[1], item[0]))
    ]
    rows: list[list[Value]] = [
        [
            text or "(none given)",
            ", ".join(one.id for one in licences.read[text]),
            "; ".join(dict.fromkeys(a for one in licences.read[text] for a in one.asks)),
            n,
        ]
        for text, n in sorted(licences.rows.items(), key=lambda item: (-item[1], item[0]))
    ]
    sentences = (*allowed(licences), ADVICE) if licences.rows else ("There are no rows.",)
    return CardSection(
        id="licences",
        title="Licences and provenance",
        lead="Each row keeps the licence of its source, in its column licence.",
        blocks=(
            Words(id="allowed", title="What the whole may be used for", paragraphs=sentences, listed=True),
            table(
                "by-licence",
                "Examples by licence",
                ["licence, as the source says it", "read as", "asks", "examples"],
                rows,
                "A string may name several licences: all of them hold.",
            ),
            table(
                "sources",
                "Examples by source",
                ["data set", "licence", "builder", "examples"],
                sources,
                "Where each row's text comes from.",
            ),
        ),
    )


def _samples(tally: Tally) -> CardSection:
    blocks = tuple(sample_rows(tally, builder) for builder in tally.builders)
    return CardSection(
        id="samples",
        title="Samples",
        lead="Drawn by chance, not chosen. The page review.html shows more of them, with what they were made from.",
        blocks=blocks,
    )


def _repeat(config: BuildConfig, package_versions: Mapping[str, str]) -> CardSection:
    import yaml

    held = {key: value for key, value in resolved(config).items() if key != "output"}
    text = yaml.safe_dump(held, sort_keys=False, allow_unicode=True, width=100)
    versions: list[list[Value]] = [[name, version] for name, version in sorted(package_versions.items())]
    return CardSection(
        id="repeat",
        title="To make it again",
        lead="With the same sources, this config and these versions the same command gives the same bytes.",
        blocks=(
            Code(id="config", title="Config", text=text, language="yaml"),
            table("versions", "Versions", ["package", "version"], versions, ""),
        ),
    )


def _on(use: bool) -> str:
    return "on" if use else "OFF"
