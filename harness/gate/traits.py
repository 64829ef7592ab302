"""What the texts of pairs have about them, and which of it the pairs that moved share and the others lack."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.judgments import JudgmentSet
from harness.records import Example, Output

_WORD = re.compile(r"\w+")
_NUMBER_PARTS = re.compile(r"\d[\s.,:]\d")
_EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
_SENTENCE_END = re.compile(r"[.!?…]\s+\S")
_SHARE = 0.9  # of the moved pairs have what is told of them
_LIFT = 0.4  # by so much the share among the moved is above that among the others
_LUCK = 0.02  # so likely at most is it that so many of any pairs had it


@dataclass(frozen=True)
class Texts:
    """The texts of one unit: its answers, and the references, source and language of its example."""

    answers: tuple[str, ...]
    references: tuple[str, ...]
    source: str | None = None
    language: str | None = None

    @cached_property
    def answer(self) -> str:
        """The answers as one text."""
        return "\n".join(self.answers)

    @cached_property
    def all(self) -> str:
        """Everything as one text."""
        return "\n".join([*self.answers, *self.references])

    @cached_property
    def words(self) -> list[str]:
        """The answer's words, case folded."""
        return _WORD.findall(self.answer.casefold())

    @cached_property
    def reference_words(self) -> list[list[str]]:
        """The words of each reference, case folded."""
        return [_WORD.findall(one.casefold()) for one in self.references]

    @cached_property
    def longest(self) -> int:
        """Words of the longest text."""
        return max([len(self.words), *map(len, self.reference_words)])


def texts_of(data: JudgmentSet, units: Collection[str]) -> dict[str, Texts]:
    """The texts of units that are named as the baseline names them."""
    outputs = {output.id: output for output in data.outputs}
    examples = {example.id: example for example in data.examples}
    found = {}
    for unit in units:
        own = [outputs[part] for part in ([unit] if unit in outputs else unit.split("+")) if part in outputs]
        if own:
            found[unit] = _texts(own, examples[own[0].example_id])
    return found


def shared(texts: Mapping[str, Texts], moved: Collection[str], most: int = 3) -> list[str]:
    """What (nearly) all of the moved have and few of the others, in words with their numbers, what tells most first.

    Empty where everything moved alike, or nothing tells them apart.
    """
    inside = [texts[unit] for unit in texts if unit in moved]
    outside = [texts[unit] for unit in texts if unit not in moved]
    if not inside or not outside:
        return []
    told = []
    for place, (name, has) in enumerate(TRAITS.items()):
        own, others = sum(map(has, inside)), sum(map(has, outside))
        share, rest = own / len(inside), others / len(outside)
        if share >= _SHARE and share - rest >= _LIFT and rest**own <= _LUCK:
            told.append((rest - share, place, f"{_of(own, len(inside))} {name}, {_among(others, len(outside))}"))
    return [words for *_, words in sorted(told)[:most]]


def _of(count: int, total: int) -> str:
    if total == 1:
        return "the one that moved has"
    return f"all {total} that moved have" if count == total else f"{count} of {total} that moved have"


def _among(count: int, total: int) -> str:
    return f"none of the other {total}" if not count else f"{count} of the other {total}"


def _texts(outputs: Sequence[Output], example: Example) -> Texts:
    return Texts(tuple(output.text or "" for output in outputs), tuple(example.references), example.source, example.language)


def _any(has: Callable[[str], bool]) -> Callable[[Texts], bool]:
    return lambda texts: any(map(has, (*texts.answers, *texts.references)))


def _characters(test: Callable[[str], bool]) -> Callable[[Texts], bool]:
    return lambda texts: any(map(test, set(texts.all)))


def _category(*prefixes: str) -> Callable[[str], bool]:
    return lambda char: unicodedata.category(char).startswith(prefixes)


def _longer_than(words: int) -> Callable[[Texts], bool]:
    return lambda texts: texts.longest > words


def _right_to_left(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("R", "AL")


def _unspaced(char: str) -> bool:
    """Whether it is of a script that puts no blanks between words."""
    return "\u0e00" <= char <= "\u0eff" or "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff"


def _case_differs(texts: Texts) -> bool:
    """Whether a word of the answer is in a reference in other letters' case only."""
    plain = {word for one in texts.references for word in _WORD.findall(one)}
    folded = {word.casefold() for word in plain}
    return any(word not in plain and word.casefold() in folded for word in _WORD.findall(texts.answer))


def _inflected(texts: Texts) -> bool:
    """Whether a word of the answer and one of a reference differ at their ends only."""
    references = {word for one in texts.reference_words for word in one}
    beginnings = {word[: max(4, len(word) - 4)] for word in references if len(word) >= 4}
    own = (word for word in texts.words if word not in references and len(word) >= 4)
    return any(word[: max(4, len(word) - cut)] in beginnings for word in own for cut in range(5))


def _repeats(texts: Texts) -> bool:
    return any(count > 1 for words in [texts.words, *texts.reference_words] for count in Counter(words).values())


def _reordered(texts: Texts) -> bool:
    return any(sorted(words) == sorted(texts.words) and words != texts.words for words in texts.reference_words)


def _lines(text: str) -> bool:
    return "\n" in text.strip()


def _apart(texts: Texts) -> Iterator[int]:
    return (len(texts.words) - len(words) for words in texts.reference_words)


def _best_place(texts: Texts) -> int | None:
    """Which reference shares most words with the answer; None where there is but one, or they share alike."""
    own = Counter(texts.words)
    shares = [2 * sum((own & Counter(words)).values()) / (len(words) + len(texts.words) or 1) for words in texts.reference_words]
    best = max(shares, default=0.0)
    return shares.index(best) if len(shares) > 1 and shares.count(best) == 1 else None


# what a text has about it → whether these texts have it; of two that tell alike the first is told
TRAITS: dict[str, Callable[[Texts], bool]] = {
    "an empty answer": lambda texts: not texts.answer,
    "a blank answer": lambda texts: not texts.answer.strip(),
    "no words in the answer": lambda texts: not texts.words,
    "no words in a reference": lambda texts: any(not words for words in texts.reference_words),
    "several references": lambda texts: len(texts.references) > 1,
    "several references, the best of them not the first": lambda texts: bool(_best_place(texts)),
    "several references, the best of them not the last": lambda texts: (
        _best_place(texts) is not None and _best_place(texts) != len(texts.references) - 1
    ),
    "decomposed letters (NFD)": _any(lambda text: unicodedata.normalize("NFC", text) != text),
    "compatibility characters (ligatures, other widths)": _any(
        lambda text: unicodedata.normalize("NFKC", text) != unicodedata.normalize("NFC", text)
    ),
    "emoji": _any(lambda text: bool(_EMOJI.search(text))),
    "right-to-left writing": _characters(_right_to_left),
    "writing without blanks between words": _characters(_unspaced),
    "marks on letters": _characters(_category("Mn", "Mc")),
    "control or invisible characters": _characters(lambda char: _category("Cc", "Cf")(char) and char not in "\n\t\r"),
    "characters beyond the first 65,536": _characters(lambda char: ord(char) > 0xFFFF),
    "letters beyond ASCII": _characters(lambda char: ord(char) > 127 and char.isalpha()),
    "characters beyond ASCII": _any(lambda text: not text.isascii()),
    "words in another case than the reference's": _case_differs,
    "upper case": _characters(str.isupper),
    "other endings of the reference's words (inflection, stemming)": _inflected,
    "the reference's words in another order": _reordered,
    "words that occur more than once": _repeats,
    "numbers with separators": _any(lambda text: bool(_NUMBER_PARTS.search(text))),
    "digits": _any(lambda text: any(char.isdigit() for char in text)),
    "apostrophes": _any(lambda text: "'" in text or "\u2019" in text),
    "hyphens": _any(lambda text: "-" in text),
    "markup": _any(lambda text: "<" in text or "&" in text),
    "several lines": _any(_lines),
    "several sentences": _any(lambda text: bool(_SENTENCE_END.search(text))),
    "more than 2,000 words": _longer_than(2000),
    "more than 350 words": _longer_than(350),
    "more than 80 words": _longer_than(80),
    "more than 20 words": _longer_than(20),
    "punctuation": _characters(_category("P")),
    "an answer of one word": lambda texts: len(texts.words) == 1,
    "an answer of under four words": lambda texts: len(texts.words) < 4,
    "an answer equal to a reference": lambda texts: texts.answer in texts.references,
    "an answer that shares no word with the references": lambda texts: (
        not ({*texts.words} & {word for words in texts.reference_words for word in words})
    ),
    "an answer longer than each reference": lambda texts: bool(texts.references) and min(_apart(texts)) > 0,
    "an answer shorter than each reference": lambda texts: bool(texts.references) and max(_apart(texts)) < 0,
    "a source": lambda texts: texts.source is not None,
    "an answer in English": lambda texts: (texts.language or "").startswith("en"),
}
