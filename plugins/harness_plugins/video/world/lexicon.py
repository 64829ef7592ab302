"""How much can be seen of each word of a world, how often it is said, and what seeing is worth to who guesses it.

**How a word and the picture hang together.** In each class a caption says the word w with probability p(w), the word's
frequency. With probability v(w), its visibility, the clip shows what w names; else it shows something of the class drawn from
q, where q(s) = p(s)·v(s) / Σ p·v. So what is shown has the distribution q whatever is said, words that cannot be seen (v = 0)
are never shown, and

    P(shown = s | w) = v(w)·[s = w] + (1 − v(w))·q(s).

Seen from the picture: with probability Σ p·v the caption says what is shown, else a word drawn ∝ p·(1 − v).

**What seeing is worth.** Nothing else in the caption or the picture tells of w. So the most that a model can gain on w from the
picture, in nats of its log-probability, is on average

    gain(w) = Σ_s P(s | w) · log(P(s | w) / q(s)),

0 for v = 0, growing with v for a given q(w), and −log q(w) for v = 1; Σ p(w)·gain(w) is the mutual information of word and
picture. Words of classes that are never shown gain 0; each is about as frequent as a word of those that are.

**The norms.** Imageability is 1 + 6·v. With `confound`, it is not: half of the words that can be shown are four times as
frequent as the others and have visibility .9, the others .1; of the frequent ones most have a high imageability, of the rare
ones most a low one, and among words of one frequency it says nothing of the visibility. So gain hangs together with
imageability, through frequency alone. Words that cannot be seen are left out of such classes, and classes that are never shown
out of its norms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness_plugins.video.world.settings import World
from harness_plugins.video.world.words import CLASSES, SHOWN, TOLD, Term

Floats = NDArray[np.float64]
_TIMES = 4.0  # a frequent word's frequency to a rare one's, where they are confounded
_VISIBLE = (0.9, 0.1)  # visibility of the frequent, of the rare
_MINORITY = 0.25  # share of the frequent words with low imageability, and of the rare with high
LOW, HIGH = 1.0, 7.0  # of the imageability scale, as of the Glasgow norms


@dataclass(frozen=True, slots=True)
class Entries:
    """A class in a world: its W words with their columns. `share`: how often a caption has a word of this class."""

    terms: tuple[Term, ...]
    frequency: Floats  # p, sums to 1
    visibility: Floats  # v
    imageability: Floats | None  # None: the class is not in the norms
    share: float = 1.0

    @property
    def shown(self) -> Floats:
        """q (W,): how often each word's picture is shown; all 0 where nothing is."""
        seen = self.frequency * self.visibility
        return seen / seen.sum() if seen.any() else seen

    @property
    def gains(self) -> Floats:
        """Nats (W,) that a picture adds at best to the log-probability of each word, on average over its occurrences."""
        return np.array([gain(v, q) for v, q in zip(self.visibility, self.shown, strict=True)])


def gain(visibility: float, shown: float) -> float:
    """Nats that a picture adds at best to a word's log-probability: Σ_s P(s|w) log(P(s|w)/q(s)), with q(w) = `shown`.

    Where the picture shows another thing, P(s|w)/q(s) = 1 − v for each of them.
    """
    if not visibility:
        return 0.0
    same = visibility + (1 - visibility) * shown
    other = (1 - visibility) * (1 - shown)
    return same * float(np.log(same / shown)) + (other * float(np.log(1 - visibility)) if other else 0.0)


def lexicon(world: World) -> Mapping[str, Entries]:
    """The classes that this world's captions can have words of; what a class is like depends on no other."""
    found: dict[str, Entries] = {}
    for number, name in enumerate(CLASSES):
        rng = np.random.default_rng([world.seed, 0, number])
        if name in SHOWN and name in world.classes:
            found[name] = _confounded(world, name, rng) if world.confound else _graded(world, name, rng)
        elif name in TOLD:
            found[name] = _told(world, name, rng)
    return found


def _graded(world: World, name: str, rng: np.random.Generator) -> Entries:
    kind = SHOWN[name]
    terms = (*kind.seen[: world.words], *kind.unseen[: world.unseen])
    seen = min(world.words, len(kind.seen))
    visibility = np.zeros(len(terms))
    # Which word has which visibility is by chance: else colours easy to see, say, would be the visible ones in every world
    visibility[rng.permutation(seen)] = np.resize(np.array(world.levels), seen)
    return Entries(terms, _zipf(len(terms), world.zipf, rng), visibility, LOW + (HIGH - LOW) * visibility, _share(world, name))


def _confounded(world: World, name: str, rng: np.random.Generator) -> Entries:
    terms = SHOWN[name].seen[: world.words]
    frequent = np.zeros(len(terms), bool)
    frequent[rng.permutation(len(terms))[: len(terms) // 2]] = True
    imageability = np.zeros(len(terms))
    for group, minority, majority in ((frequent, _low, _high), (~frequent, _high, _low)):
        places = rng.permutation(np.flatnonzero(group))
        few = max(1, round(_MINORITY * len(places)))
        imageability[places[:few]] = minority(rng, few)
        imageability[places[few:]] = majority(rng, len(places) - few)
    weights = np.where(frequent, _TIMES, 1.0)
    return Entries(terms, weights / weights.sum(), np.where(frequent, *_VISIBLE), imageability, _share(world, name))


def _low(rng: np.random.Generator, size: int) -> Floats:
    return np.round(rng.uniform(LOW, LOW + 2, size), 2)


def _high(rng: np.random.Generator, size: int) -> Floats:
    return np.round(rng.uniform(HIGH - 2, HIGH, size), 2)


def _told(world: World, name: str, rng: np.random.Generator) -> Entries:
    """So many words, so often, that each is as frequent as a word of the classes that are shown: else frequency would tell."""
    rivals = world.words + (0 if world.confound else world.unseen)
    count = min(max(2, round(world.told / 2 * rivals)), rivals // 2)
    terms = TOLD[name].unseen[:count]
    nothing = np.zeros(len(terms))
    share = len(terms) / rivals if world.told else 0.0
    return Entries(terms, _zipf(len(terms), world.zipf, rng), nothing, None if world.confound else nothing + LOW, share)


def _share(world: World, name: str) -> float:
    return world.second if name in ("size", "landmark") else 1.0


def _zipf(size: int, exponent: float, rng: np.random.Generator) -> Floats:
    weights = np.arange(1, size + 1) ** -exponent
    return rng.permutation(weights / weights.sum())


COLUMNS = ("word", "language", "imageability", "word_class", "frequency", "lemma", "class", "visibility", "gain")


def norms(entries: Mapping[str, Entries], languages: Sequence[str]) -> list[tuple[str, ...]]:
    """The rows of the table of norms, by `COLUMNS`; a word in each language as captions have it.

    `frequency`: occurrences expected in 1,000 captions; `gain`: nats that seeing is worth at best.
    """
    rows: list[tuple[str, ...]] = []
    for name, column in entries.items():
        if column.imageability is None or not column.share:
            continue
        for language in languages:
            for place, term in enumerate(column.terms):
                rows.append(
                    (
                        term.form(language, CLASSES[name].gender),
                        language,
                        f"{column.imageability[place]:g}",
                        CLASSES[name].pos,
                        f"{1000 * column.share * column.frequency[place]:.6g}",
                        term.form(language),
                        name,
                        f"{column.visibility[place]:g}",
                        f"{column.gains[place]:.4f}",
                    )
                )
    return rows
