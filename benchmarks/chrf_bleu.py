"""chrF and BLEU beside sacrebleu's own loop of `sentence_score`: equal to the last bit.

python benchmarks/chrf_bleu.py [--rounds 5] [--only WORD …] [--write]

Pairs of 20 and of 150 Swedish words, nothing repeated, and ten answers in a row with one reference, as ten systems have. Ours is
`score_columns` of the metric. sacrebleu gets a part of the pairs. A further figure: what a million outputs of 20 words take with
ROUGE-L, chrF and the sentinels, from 100,000.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

try:
    from side_by_side import Job, main, version
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import Job, main, version

from swedish_pairs import Pair, pairs, units

from harness import Example, Output
from harness.meta.sentinels import sentinel_scores
from harness.plugins import load_plugins

SIZES = {20: 8192, 150: 2048}  # words a text → pairs
PART = {20: 1000, 150: 150}  # pairs that sacrebleu gets
METRICS = {"chrf": "chrF2", "chrf:word_order=2": "chrF2++", "bleu": "BLEU"}


def jobs(sizes: dict[int, int] | None = None, part: dict[int, int] | None = None) -> list[Job]:
    """All jobs, or smaller ones."""
    made = []
    for words, count in (sizes or SIZES).items():
        for systems, said in ((1, "nothing repeated"), (10, "references of ten systems")):
            swedish = pairs(count, words, systems)
            for reference, shown in METRICS.items():
                made.append(_job(f"{shown}, {words} words, {said}", reference, swedish, (part or PART)[words]))
    return made


def _job(name: str, reference: str, made: Sequence[Pair], part: int) -> Job:
    registry = load_plugins(strict=False)
    metric = registry.build("metric", registry.parse("metric", reference))
    listed = units(made)
    score = _sacrebleu(reference)

    def ours() -> list[float]:
        values: list[float] = metric.score_columns(listed).values[None].tolist()
        return values

    def peer() -> list[float]:
        return [score(answer, [reference]).score for answer, reference in made[:part]]

    def equal(mine: list[float], theirs: list[float]) -> str:
        assert mine[: len(theirs)] == theirs, "scores differ"
        return f"all {len(theirs):,} compared equal to the last bit"

    note = f"the peer gets {len(made[:part]):,} of the {len(made):,} pairs"
    return Job(name, version("sacrebleu"), ours, peer, equal, len(made), "pairs", 1.0, len(made[:part]), note=note)


def _sacrebleu(reference: str) -> Callable[..., Any]:
    """Its loop. Its tokenizer remembers 65,536 texts, for the harness as for itself: after the first round none are cut again."""
    from sacrebleu.metrics import BLEU, CHRF

    if reference != "bleu":
        return CHRF(word_order=2 if "word_order" in reference else 0).sentence_score
    return BLEU(effective_order=True).sentence_score


def figures() -> list[dict[str, Any]]:
    """CPU seconds for a million outputs."""
    made = pairs(100_000, 20, 10)
    listed = units(made)
    registry = load_plugins(strict=False)
    took = {}
    for name in ("rouge-l", "chrf"):
        metric = registry.build("metric", registry.parse("metric", name))
        metric.score_columns(listed[:10])
        started = time.process_time()
        for begin in range(0, len(listed), 4096):
            metric.score_columns(listed[begin : begin + 4096])
        took[name] = time.process_time() - started
    examples, outputs = {}, []
    for number, (answer, reference) in enumerate(made):
        name = f"e{number // 10}"
        examples[name] = Example(id=name, kind="instruction", language="sv", source=reference)
        outputs.append(Output(id=f"o{number}", example_id=name, system=f"s{number % 10}", text=answer))
    started = time.process_time()
    scores = sentinel_scores(examples, outputs)
    took["sentinels"] = time.process_time() - started
    assert all(np.isfinite(values).all() for values in scores.values())
    parts = ", ".join(f"{name} {10 * seconds:.1f}" for name, seconds in took.items())
    return [{"job": "a million outputs of 20 words, ten to a reference, by ten times 100,000", "value": f"{parts} s of CPU"}]


if __name__ == "__main__":
    main(jobs(), __doc__ or "", "chrf_bleu", figures)
