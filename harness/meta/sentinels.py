"""Metrics that know nothing of quality and stand in every table: whoever does not beat them measures nothing.

`constant` gives every output one score, `random` a random one (its statistics are averages over many draws), `length` and
`minus-length` count code points, `source-similarity` is chrF2 (Popović, WMT 2015) to the source text, `source-change` minus that.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness.meta.pairs import Floats, Ints
from harness.records import Example, Output
from harness.text.chrf import chrf_scores

RANDOM = "random"
_DRAWN, _FEWEST = 20_000_000, 20  # outputs × draws of the random sentinel, and the fewest draws


def sentinel_scores(examples: Mapping[str, Example], outputs: Sequence[Output]) -> dict[str, Floats]:
    """Signature → one score per output, nan where the sentinel has none; sentinels without any score are left out.

    `random` is not here: it is drawn pair by pair (`harness.meta.judging.judge_random`).
    """
    length = np.array([np.nan if output.text is None else len(output.text) for output in outputs])
    scores = {
        "constant|sentinel|v:1": np.zeros(len(outputs)),
        "length|sentinel|unit:code-points|v:1": length,
        "minus-length|sentinel|unit:code-points|v:1": -length,
    }
    if any(example.source is not None for example in examples.values()):
        version, similarity = _source_similarity(examples, outputs)
        scores[f"source-similarity|sentinel|chrf2|sacrebleu:{version}|v:1"] = similarity
        scores[f"source-change|sentinel|chrf2|sacrebleu:{version}|v:1"] = -similarity
    return {signature: values for signature, values in scores.items() if np.isfinite(values).any()}


def random_signature(draws: int) -> str:
    """The signature of the random sentinel."""
    return f"{RANDOM}|sentinel|draws:{draws}|v:1"


def draws_of_many(outputs: int, draws: int) -> int:
    """How many of `draws` random orders are drawn: fewer of many outputs, whose mean is then as certain."""
    return min(draws, max(_FEWEST, _DRAWN // max(outputs, 1)))


def random_scores(outputs: int, draws: int, seed: int) -> Iterator[Ints]:
    """The draws of the random sentinel: each gives the outputs the numbers 0..outputs-1 in a random order."""
    rng = np.random.default_rng([seed, 5])
    for _ in range(draws):
        yield rng.permutation(outputs)


def _source_similarity(examples: Mapping[str, Example], outputs: Sequence[Output]) -> tuple[str, Floats]:
    """chrF2 of every output to its source, as the named version of sacrebleu computes it; a source is counted once a chunk."""
    from sacrebleu import __version__

    numbers = {name: number for number, name in enumerate(examples)}
    of_example = np.fromiter((numbers[output.example_id] for output in outputs), dtype=np.int64, count=len(outputs))
    texts, sources, places = [], [], []
    for place in np.argsort(of_example, kind="stable").tolist():
        output = outputs[place]
        source = examples[output.example_id].source
        if source is not None and output.text is not None:
            texts.append(output.text)
            sources.append(source)
            places.append(place)
    values = np.full(len(outputs), np.nan)
    values[places] = chrf_scores(texts, sources)
    return __version__, values
