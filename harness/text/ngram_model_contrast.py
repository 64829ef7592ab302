"""How native a text sounds: which of two n-gram models says it more readily, one of native text or one of translated text.

The log-likelihood ratio of two models a character, through a logistic function. Topic, register and source are as good a reason
for one model's favour as translation is, so two models trained on unlike texts tell those apart: decision 43 shows how much.
Models that read texts whose content words are masked (Volansky, Ordan & Wintner 2015 tell translations by function words) see
less of the topic.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.text.function_words import function_words, masked
from harness.text.ngram_model import LogProb, NgramModel, alphabet_of, train

SCALE = 0.2  # nats a character: about one standard deviation of the ratio over pieces of 400 characters
MASKED_SCALE = 0.05


@dataclass(frozen=True)
class Contrast:
    """Two models with one alphabet. Naturalness is 1 / (1 + exp(-(ratio - shift) / scale)), ratio in nats a character.

    By default the scale is fixed and the shift 0, so that 1/2 is where both models are equally fit; `fitted` sets both from texts
    of which it is known what they are. `mask`: the language whose content words are masked before the models read a text.
    """

    native: NgramModel
    translated: NgramModel
    shift: float = 0.0
    scale: float = SCALE
    mask: str | None = None

    def __post_init__(self) -> None:
        if self.native.alphabet != self.translated.alphabet:
            raise ValueError("the two models of a contrast have one alphabet: train the second with the first one's")
        if not self.scale > 0:
            raise ValueError(f"scale is a positive number of nats a character, got {self.scale:g}")

    def ratios(self, texts: Sequence[str]) -> list[float]:
        """(log P_native - log P_translated) / characters of each text, in nats; nan of an empty one."""
        seen = _masked(texts, self.mask)
        pairs = zip(texts, self.native.log_probs(seen), self.translated.log_probs(seen), strict=True)
        return [(one.nats - other.nats) / len(text) if text else math.nan for text, one, other in pairs]

    def naturalness(self, texts: Sequence[str]) -> list[float | None]:
        """In [0, 1] for each text, 1 the most native; None for an empty one."""
        return [None if math.isnan(ratio) else _logistic((ratio - self.shift) / self.scale) for ratio in self.ratios(texts)]

    def fitted(self, native: Sequence[str], translated: Sequence[str]) -> "Contrast":
        """The contrast with shift and scale of the logistic regression on these texts, which the models have not seen.

        Both kinds weigh alike whatever their numbers (Platt 1999, with his targets, so that separable texts have a finite scale).
        ValueError where the ratio does not rise from translated to native.
        """
        slope, offset = _regression(self.ratios(native), self.ratios(translated))
        if not slope > 0:
            raise ValueError("the ratio is not higher for these native texts than for the translated ones: nothing to fit")
        return replace(self, shift=-offset / slope, scale=1 / slope)


def train_contrast(
    native: Iterable[str], translated: Iterable[str], *, order: int | None = None, mask: str | None = None
) -> Contrast:
    """Both models, on equally many characters: a model that has read more is the better one of every text.

    Of the longer side whole texts are taken in the order of their content's hash, which has nothing to do with what they say.
    `order`: 6 characters by default, or, with `mask` (a language), 3 words of which content words are masked. ValueError for a
    language whose function words are not known.
    """
    sides = [_masked(list(native), mask), _masked(list(translated), mask)]
    room = min(sum(map(len, side)) for side in sides)
    if not room:
        raise ValueError("a contrast needs native and translated texts")
    taken = [_up_to(side, room) for side in sides]
    alphabet = alphabet_of([*taken[0], *taken[1]], unit="character" if mask is None else "word")
    models = [train(side, order=order, alphabet=alphabet) for side in taken]
    return Contrast(models[0], models[1], scale=SCALE if mask is None else MASKED_SCALE, mask=mask)


def held_out(texts: Sequence[str], clusters: Sequence[str], *, folds: int = 5, order: int | None = None) -> list[LogProb]:
    """The log-probability of each text under a model of the texts of the other folds.

    A fold is sha256(cluster) modulo `folds`: what comes from one source document lies in one fold, so no model has seen a text
    that it is asked about, nor its neighbours. One alphabet serves all. ValueError where all texts lie in one fold.
    """
    fold = [int(hashlib.sha256(cluster.encode("utf-8", "surrogatepass")).hexdigest(), 16) % folds for cluster in clusters]
    if len(set(fold)) < 2:
        raise ValueError(f"{len(set(clusters))} source documents lie in one of {folds} folds: give more documents, or more folds")
    alphabet = alphabet_of(texts)
    found: dict[int, LogProb] = {}
    for number in sorted(set(fold)):
        inside = [place for place, one in enumerate(fold) if one == number]
        model = train((text for text, one in zip(texts, fold, strict=True) if one != number), order=order, alphabet=alphabet)
        found.update(zip(inside, model.log_probs([texts[place] for place in inside]), strict=True))
    return [found[place] for place in range(len(texts))]


def _masked(texts: Sequence[str], language: str | None) -> list[str]:
    if language is None:
        return list(texts)
    known = function_words(language)
    return [masked(text, known) for text in texts]


def _up_to(texts: Sequence[str], room: int) -> list[str]:
    ordered = sorted(texts, key=lambda text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    taken = []
    for text in ordered:
        if room <= 0:
            break
        taken.append(text[:room])
        room -= len(text)
    return taken


def _regression(ones: Sequence[float], zeros: Sequence[float]) -> tuple[float, float]:
    """Slope and offset of the weighted logistic regression, by Newton's method with halved steps."""
    sides = [[value for value in side if not math.isnan(value)] for side in (ones, zeros)]
    if not all(sides):
        raise ValueError("fitting needs native and translated texts that are not empty")
    values = [*sides[0], *sides[1]]
    targets = [(len(sides[0]) + 1) / (len(sides[0]) + 2)] * len(sides[0]) + [1 / (len(sides[1]) + 2)] * len(sides[1])
    weights = [0.5 / len(sides[0])] * len(sides[0]) + [0.5 / len(sides[1])] * len(sides[1])
    rows = list(zip(values, targets, weights, strict=True))

    def loss(a: float, b: float) -> float:
        return sum(w * (_softplus(a * x + b) - t * (a * x + b)) for x, t, w in rows)

    a = b = 0.0
    for _ in range(100):
        chances = [_logistic(a * x + b) for x in values]
        ga = sum(w * (p - t) * x for (x, t, w), p in zip(rows, chances, strict=True))
        gb = sum(w * (p - t) for (_, t, w), p in zip(rows, chances, strict=True))
        haa = sum(w * p * (1 - p) * x * x for (x, _, w), p in zip(rows, chances, strict=True)) + 1e-12
        hab = sum(w * p * (1 - p) * x for (x, _, w), p in zip(rows, chances, strict=True))
        hbb = sum(w * p * (1 - p) for (_, _, w), p in zip(rows, chances, strict=True)) + 1e-12
        determinant = haa * hbb - hab * hab
        if determinant <= 0 or abs(ga) + abs(gb) < 1e-12:
            break
        da, db = (hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant
        step, before = 1.0, loss(a, b)
        while loss(a - step * da, b - step * db) > before and step > 1e-6:
            step /= 2
        a, b = a - step * da, b - step * db
    return a, b


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


def _softplus(value: float) -> float:
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))
