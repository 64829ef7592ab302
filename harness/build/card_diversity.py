"""How varied the texts of each builder are, on samples of equal numbers of words and of instructions."""

from harness.build.card_blocks import Value, said, table
from harness.build.card_contents import Block
from harness.build.card_tally import FIELDS, Tally, texts_of
from harness.build.diversity_counts import distinct_n, skeletons, token_sample, tokens_of

EQUAL = 20_000  # words of each builder that are compared, or as many as the poorest builder has


def diversity_table(tally: Tally, language: str) -> tuple[Block, ...]:
    """Distinct-1, -2, -3 of instructions and responses, and different skeletons of instructions, by builder."""
    rows: list[list[Value]] = []
    for place, field in enumerate(FIELDS):
        texts = {builder: _texts(tally, builder, place) for builder in tally.builders}
        texts = {builder: found for builder, found in texts.items() if any(map(tokens_of, found))}
        words = min([EQUAL, *(sum(len(tokens_of(text)) for text in found) for found in texts.values())])
        number = min(map(len, texts.values()), default=0)
        for builder, found in texts.items():
            sample = token_sample(found, words)
            row: list[Value] = [field, said(builder), words, *(distinct_n(sample, n).value for n in (1, 2, 3))]
            kinds = len(skeletons(found[:number], language)) if field == "instruction" else None
            rows.append([*row, number if kinds else None, kinds])
    columns = ["text", "builder", "words", "distinct-1", "distinct-2", "distinct-3", "instructions", "different skeletons"]
    caption = (
        "Share of different words, pairs and triples of words, of random samples of equally many words; and the different "
        "skeletons (first word and function words of the first sentence) among equally many random instructions."
    )
    return (table("diversity-table", "Different words and skeletons", columns, rows, caption),)


def _texts(tally: Tally, builder: str, place: int) -> list[str]:
    """Case folded, since folding may split a word, and the words that are counted must be those that are drawn."""
    return [text.casefold() for row in tally.texts.of(builder) if (text := texts_of(row)[place])]
