"""How varied the texts of each builder are, on samples of equal numbers of words."""

import re

from harness.build.card_blocks import Value, said, table
from harness.build.card_contents import Block
from harness.build.card_tally import FIELDS, Tally, texts_of

EQUAL = 20_000  # words of each builder that are compared, or as many as the poorest builder has


def diversity_table(tally: Tally) -> tuple[Block, ...]:
    """Distinct-1, -2, -3 of instructions and responses, and unique skeletons of instructions, by builder."""
    rows: list[list[Value]] = []
    for place, field in enumerate(FIELDS):
        texts = {
            builder: [text for row in tally.texts.of(builder) if (text := texts_of(row)[place])] for builder in tally.builders
        }
        cut = {builder: [_words(text) for text in found] for builder, found in texts.items() if found}
        equal = min([EQUAL, *(sum(map(len, found)) for found in cut.values())])
        for builder, found in cut.items():
            kept = _first(found, equal)
            shares = [_distinct(kept, n) for n in (1, 2, 3)]
            skeletons = len({_skeleton(text) for text in texts[builder]}) / len(texts[builder]) if place == 0 else None
            rows.append([field, said(builder), sum(map(len, kept)), *shares, skeletons, len(texts[builder])])
    columns = [
        "text",
        "builder",
        "words compared",
        "distinct-1",
        "distinct-2",
        "distinct-3",
        "unique skeletons",
        "rows in the sample",
    ]
    caption = (
        "Share of different words, pairs and triples of words among all those of a random sample that has the same number of "
        "words for every builder; and share of different skeletons (instructions without names, numbers and quotes) among the "
        "instructions of the sample."
    )
    return (table("diversity-table", "Different words and skeletons", columns, rows, caption),)


def _first(texts: list[list[str]], most: int) -> list[list[str]]:
    """Whole texts, and the beginning of the last one, until there are `most` words."""
    kept, left = [], most
    for words in texts:
        if left <= 0:
            break
        kept.append(words[:left])
        left -= len(words)
    return kept


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _distinct(texts: list[list[str]], n: int) -> float | None:
    grams = [tuple(words[i : i + n]) for words in texts for i in range(len(words) - n + 1)]
    return len(set(grams)) / len(grams) if grams else None


def _skeleton(text: str) -> str:
    plain = re.sub(r"[\"”«][^\"”»]*[\"”»]|\d+", "_", text)
    return " ".join("_" if place and word[:1].isupper() else word.casefold() for place, word in enumerate(plain.split()))
