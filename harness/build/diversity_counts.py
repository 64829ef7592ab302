"""How varied texts are: distinct n-grams, and the skeletons of instructions.

Shares of distinct n-grams fall with length (Heaps' law), so only samples of equally many words can be compared: `token_sample`
draws them.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from harness.text.function_words import FUNCTION_WORDS

_TOKENS = re.compile(r"\w+(?:[-'’:]\w+)*|[?]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


class Distinct(NamedTuple):
    """Of all n-grams, how many are different ones; `value` is their share, None without any."""

    different: int
    total: int

    @property
    def value(self) -> float | None:
        """`different` / `total`."""
        return self.different / self.total if self.total else None


def tokens_of(text: str) -> list[str]:
    """The words of a text, case folded."""
    return [token for token in _TOKENS.findall(text.casefold()) if token != "?"]


def distinct_n(texts: Iterable[str], n: int) -> Distinct:
    """Distinct-n (Li et al. 2016, "A Diversity-Promoting Objective …", §5): different word n-grams among all of the texts'.

    N-grams do not cross from one text to the next.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        words = tokens_of(text)
        seen.update(tuple(words[at : at + n]) for at in range(len(words) - n + 1))
    return Distinct(len(seen), sum(seen.values()))


def token_sample(texts: Sequence[str], tokens: int, seed: int = 0) -> list[str]:
    """Texts of exactly so many words together, drawn without replacement; ValueError if there are not so many.

    The order is that of sha256(seed, text), which does not depend on the input's order; the last text is cut to fit.
    """
    ordered = sorted(texts, key=lambda text: hashlib.sha256(f"{seed}\0{text}".encode("utf-8", "surrogatepass")).digest())
    sample: list[str] = []
    left = tokens
    for text in ordered:
        if left <= 0:
            return sample
        ends = [found.end() for found in _TOKENS.finditer(text) if found.group() != "?"]
        if not ends:
            continue
        sample.append(text if len(ends) <= left else text[: ends[left - 1]])
        left -= len(ends)
    if left > 0:
        raise ValueError(f"the texts hold {tokens - left} words, fewer than the {tokens} of the sample")
    return sample


def skeleton(instruction: str, language: str = "sv", function_words: Collection[str] | None = None) -> str:
    """The pattern of an instruction's first sentence: its first word and its function words, all else as `_` (numbers as `#`).

    "Skriv en dikt om våren." and "Skriv en saga om havet." are both `skriv en _ om _`. Ours, after the counts of root verbs and
    their objects of Wang et al. 2023 (Self-Instruct, §4.1), which take a parser. A leading "?" word keeps its question mark.
    """
    known = FUNCTION_WORDS.get(language.split("-")[0], frozenset()) if function_words is None else function_words
    sentence = next((part for part in _SENTENCE.split(instruction.strip()) if _TOKENS.search(part)), "")
    parts: list[str] = []
    for place, token in enumerate(_TOKENS.findall(sentence.casefold())):
        if token == "?" or place == 0 or token in known:
            part = token
        else:
            part = "#" if token[0].isdigit() else "_"
        if not (part in "_#" and parts and parts[-1] == part):
            parts.append(part)
    return " ".join(parts)


def skeletons(instructions: Iterable[str], language: str = "sv") -> Counter[str]:
    """How often each skeleton occurs; compare the number of different ones on equally many instructions."""
    return Counter(skeleton(one, language) for one in instructions)
