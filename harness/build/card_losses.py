"""The part of a data card that says what did not become part of the data, and what the steps found."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.build.card_blocks import Value, ordered, removed_rows, table
from harness.build.card_contents import Block, CardSection
from harness.build.card_tally import Tally
from harness.build.config import BuildConfig
from harness.build.evaluation_sets import EvaluationSet
from harness.report.contents import Words

WORDINGS = 8


def losses(config: BuildConfig, tally: Tally, against: Sequence[EvaluationSet], found: Mapping[str, Any]) -> CardSection:
    """The section. `found`: what sifting found (`harness.build.sift_found.read_found`); what is not in it is not shown."""
    rows: list[list[Value]] = [[stage, reason, n] for (stage, reason), n in ordered(tally.removed)]
    caption = "Set aside by a builder, or removed by a step."
    return CardSection(
        id="removed-rows",
        title="What was removed",
        lead="Nothing is dropped silently: every row is counted here, and lies in the table removed.parquet of the build folder.",
        blocks=(
            table("removed", "Rows that did not become part of it", ["removed by", "reason", "rows"], rows, caption),
            removed_rows(tally),
            *_languages(found.get("languages", {})),
            *_contamination(config, tally, against, found.get("contamination", {})),
            *_duplicates(found.get("duplicates", {})),
        ),
    )


def _languages(found: Mapping[str, Any]) -> Sequence[Block]:
    if not found.get("checked"):
        return ()
    rows: list[list[Value]] = [
        [name, one["looked_at"], one["other"], one["too_short"], one["not_judged"], _most(one["looks_like"])]
        for name, one in found["fields"].items()
    ]
    columns = ["text", "looked at", "in another language", "too short to tell", "not judged", "looks like"]
    caption = "What the texts look like before anything was removed; not judged: code, and what a row says not to look at."
    return (table("looks-like", "Language identification", columns, rows, caption),)


def _contamination(
    config: BuildConfig, tally: Tally, against: Sequence[EvaluationSet], found: Mapping[str, Any]
) -> Sequence[Block]:
    title = "Contamination by evaluation set"
    if not config.contamination.use or not against:
        why = "no evaluation set was at hand to compare with" if config.contamination.use else "the step was switched off"
        return (Words(id="contamination", title=title, paragraphs=(f"Not checked: {why}.",), kind="warning"),)
    ngram = config.contamination.ngram
    known = {one["set"]: one for one in found.get("sets", ())}
    rows: list[list[Value]] = [
        [one.name, len(one.texts), known[one.name]["items"], known[one.name]["rows_removed"], known[one.name]["items_hit"]]
        if one.name in known
        else [one.name, len(one.texts), None, tally.contaminated[one.name], None]
        for one in against
    ]
    columns = ["evaluation set", "its texts", "its items", "rows removed", "items they touch"]
    caption = f"Rows that share {ngram} words in a row with a text of the set (or a whole short text); a row counts at each set."
    blocks: list[Block] = [table("contamination", title, columns, rows, caption)]
    wordings = found.get("wordings", ())
    if wordings:
        shown: list[list[Value]] = [[one["words"], one["where"], one["rows"]] for one in wordings[:WORDINGS]]
        about = "They stand in so many rows that they are a template's wording: by themselves they removed nothing."
        columns = ["words", "where", "rows"]
        blocks.append(table("wordings", "Words of evaluation sets that were let pass", columns, shown, about))
    return blocks


def _duplicates(found: Mapping[str, Any]) -> Sequence[Block]:
    if not found.get("checked"):
        return ()
    names = {
        "equal": "rows of equal text, removed",
        "near": "rows of similar text, removed",
        "clusters": "groups of similar rows",
        "largest": "rows in the largest group",
        "same_instruction": "rows that stay and share their instruction with another one",
        "same_response": "rows that stay and share their response with another one",
    }
    rows: list[list[Value]] = [[says, found[name]] for name, says in names.items() if name in found]
    return (table("duplicates", "Duplicates", ["what", "rows"], rows, "Of each group one row stays."),)


def _most(counts: Mapping[str, int], names: int = 4) -> str:
    first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(n for _, n in first[names:])
    return ", ".join([f"{tag} {n:,}" for tag, n in first[:names]] + ([f"others {rest:,}"] if rest else []))
