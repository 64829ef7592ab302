"""What people write for the winner of a pair: the words for the first, the second, and neither."""

from typing import Literal

Winner = Literal["a", "b", "tie"]

_WORDS: dict[Winner, tuple[str, ...]] = {
    "a": (
        "a", "1", "first", "left", "model_a", "system_a", "output_a", "response_a", "answer_a", "response1", "vänster", "första",
    ),
    "b": (
        "b", "2", "second", "right", "model_b", "system_b", "output_b", "response_b", "answer_b", "response2", "höger", "andra",
    ),
    "tie": (
        "tie", "0", "equal", "same", "draw", "both", "neither", "tie (bothbad)", "bothbad", "both_bad", "tie_bothbad",
        "both bad", "both good", "both_good", "both equal", "lika", "oavgjort",
    ),
}  # fmt: skip
BOTH_BAD = frozenset({"tie (bothbad)", "bothbad", "both_bad", "tie_bothbad", "both bad"})


def winner_of(word: object) -> Winner | None:
    """The winner that a cell's word (or number) means, whatever its case; None where it means none of them."""
    if isinstance(word, bool) or not isinstance(word, str | int | float):
        return None
    text = str(int(word)) if isinstance(word, float) and word.is_integer() else str(word)
    folded = " ".join(text.casefold().split())
    for candidate in (folded, folded.replace(" ", "_"), folded.replace("-", "_")):
        for winner, words in _WORDS.items():
            if candidate in words:
                return winner
    return None


def is_winner(word: object) -> bool:
    """Whether the word says who wins."""
    return winner_of(word) is not None


def known_words() -> str:
    """The words, for a message."""
    return "; ".join(f"{winner}: {', '.join(words[:6])}" for winner, words in _WORDS.items())
