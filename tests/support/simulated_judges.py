"""Judges of known bias on answers of known quality: what a judge card must find, and where there is nothing to be found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.judgments import JudgmentSet
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale
from harness.verdicts import Verdict

SYSTEMS = ("llama-7b", "opt-7b", "bloom-7b")
JUDGE = "llama-70b@localhost"
SCALE = Scale(low=1, high=4)
PAIRS = ((0, 1), (0, 2), (1, 2))


@dataclass(frozen=True)
class World:
    """Answers of three systems on each item; `quality` and `length` have the shape (items, systems)."""

    data: JudgmentSet
    quality: np.ndarray
    length: np.ndarray
    rng: np.random.Generator


def world(seed: int, items: int = 60, *, languages: Sequence[str] = ("sv",), rated: bool = False) -> World:
    """A set that people judged with some noise: preferences between answers, or two raters' ratings; length says nothing.

    With two languages each item stands in both, as parallel items.
    """
    rng = np.random.default_rng(seed)
    total = items * len(languages)
    quality, length = rng.normal(size=(total, 3)), rng.integers(5, 200, size=(total, 3))
    examples, outputs, preferences, judgments = [], [], [], []
    for row in range(total):
        language, number = languages[row // items], row % items
        parallel = f"p{number}" if len(languages) > 1 else None
        examples.append(Example(id=f"sim/{row:03d}", kind="instruction", language=language, parallel_id=parallel))
        ids = [f"sim/{row:03d}/{system}" for system in SYSTEMS]
        for id, system, size in zip(ids, SYSTEMS, length[row].tolist(), strict=True):
            outputs.append(Output(id=id, example_id=f"sim/{row:03d}", system=system, text="x" * size))
        if rated:
            for rater in ("anna", "bo"):
                given = on_scale(quality[row] + rng.normal(scale=0.6, size=3))
                judgments += [
                    Judgment(output_id=id, rater=rater, criterion="quality", value=value, scale=SCALE)
                    for id, value in zip(ids, given, strict=True)
                ]
            continue
        for a, b in PAIRS:
            seen = quality[row, a] - quality[row, b] + rng.normal(scale=0.5)
            winner = "tie" if abs(seen) < 0.5 else "a" if seen > 0 else "b"
            preferences.append(Preference(output_a=ids[a], output_b=ids[b], rater="anna", criterion="quality", winner=winner))
    info = JudgmentInfo(name="sim", version="1", criteria=("quality",), primary_rater="anna")
    data = JudgmentSet(info, tuple(examples), tuple(outputs), tuple(judgments), tuple(preferences), digest="0" * 64)
    return World(data, quality, length, rng)


def pair_verdicts(
    known: World, *, first: float = 0.0, longer: float = 0.0, own: float = 0.0, noise: float = 0.7, swedish_noise: float = 0.0
) -> list[Verdict]:
    """Verdicts on every pair in both orders; each bias is added to how much better the favoured answer seems."""
    found = []
    for row, example in enumerate(known.data.examples):
        for a, b in PAIRS:
            for one, other in ((a, b), (b, a)):
                seen = known.quality[row, one] - known.quality[row, other] + first
                seen += longer * np.sign(known.length[row, one] - known.length[row, other])
                seen += own * ((one == 0) - (other == 0)) + known.rng.normal(scale=noise)
                if swedish_noise and example.language == "sv":
                    seen += known.rng.normal(scale=swedish_noise)
                value = 0.0 if abs(seen) < 0.2 else float(np.sign(seen))
                targets = (f"{example.id}/{SYSTEMS[one]}", f"{example.id}/{SYSTEMS[other]}")
                found.append(Verdict(metric="sim-pair|v:1", targets=targets, form="pair", judge=JUDGE, value=value))
    return found


def ratings(known: World, *, above: float = 0.0, noise: float = 0.6, samples: int = 1, **fields: object) -> list[Verdict]:
    """Direct verdicts on every answer, on people's scale, `above` points too high before they are rounded."""
    found = []
    for row, example in enumerate(known.data.examples):
        for place, system in enumerate(SYSTEMS):
            for sample in range(samples):
                seen = np.array([known.quality[row, place] + above + known.rng.normal(scale=noise)])
                about: dict[str, object] = {"metric": "sim-direct|scale:1-4|v:1", "judge": JUDGE, **fields}
                targets = (f"{example.id}/{system}",)
                found.append(Verdict(targets=targets, form="direct", sample=sample, value=on_scale(seen)[0], **about))
    return found


def on_scale(quality: np.ndarray) -> list[float]:
    """Ratings from 1 to 4 of a quality around 0."""
    return [float(value) for value in np.clip(np.floor(quality + 3.0), 1, 4).tolist()]
