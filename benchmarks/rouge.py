"""ROUGE beside rouge-score and rouge-score-rs (Rust): pairs of 20 and of 150 Swedish words, one thread each.

python benchmarks/rouge.py [--rounds 5] [--only WORD …] [--write]

Ours is `score_columns` of the metric, F1, precision and recall. rouge-score gets a part of the pairs: with its own tokenizer,
which drops å, ä and ö, so that words fall into pieces, and with our words through its tokenizer interface. rouge-score-rs gets
its batch call on one thread, which is its fastest. On ASCII text all scores are compared to the last bit. On Swedish text
rouge-score-rs cuts other words, so speed alone is compared: its default tokenizer is that of rouge-score, and its
UnicodeTokenizer cuts by other rules than the harness.

Where references repeat, ten answers in a row have one, as ten systems have; rouge-score-rs reads it ten times. Further figures:
what the first call compiles, and a pair of 100,000 words a side.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

try:
    from side_by_side import Job, main, version
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import Job, main, version

from swedish_pairs import Pair, ascii_pairs, pairs, units

from harness import Unit
from harness.plugins import load_plugins
from harness.protocols import Columns

RUST = {"rouge-1": "rouge1", "rouge-2": "rouge2", "rouge-l": "rougeL", "rouge-lsum": "rougeLsum"}
SIZES = {20: 8192, 150: 2048}  # words a text → pairs
PART = {20: 1000, 150: 50}  # pairs that rouge-score gets
OTHER = "other words, so speed alone"
WANTED = {20: (50.0, 1.5), 150: (300.0, 1.0)}  # times rouge-score, times rouge-score-rs

FIRST_CALL = """
import sys, time
sys.path.insert(0, sys.argv[1])
import numba
from rouge import _ours
from swedish_pairs import units
pair = units([("b a c " * 50, "a b c d " * 40)])
work = [_ours(name, pair) for name in ("rouge-l", "rouge-2", "chrf", "bleu")]
started = time.process_time()
for one in work:
    one()
print(time.process_time() - started)
"""


def jobs(sizes: dict[int, int] | None = None, part: dict[int, int] | None = None) -> list[Job]:
    """All jobs, or smaller ones."""
    made = []
    for words, count in (sizes or SIZES).items():
        slow, rust = WANTED[words]
        for systems, said in ((1, "nothing repeated"), (10, "references of ten systems")):
            swedish = pairs(count, words, systems)
            name = f"rouge-l, {words} words, {said}"
            if systems == 1:
                few = (part or PART)[words]
                made.append(_beside_rouge_score(f"{name}, Swedish, its own tokenizer", swedish, few, slow, own=True))
                made.append(_beside_rouge_score(f"{name}, Swedish, our words in both", swedish, few))
            made.append(_beside_rust(f"{name}, ASCII", "rouge-l", ascii_pairs(swedish), rust))
            made.append(_beside_rust(f"{name}, Swedish, beside ASCII words", "rouge-l", swedish, rust, speed_alone=True))
        plain = ascii_pairs(pairs(count, words, 1))
        made.append(
            _beside_rust(
                f"rouge-l, {words} words, nothing repeated, Swedish, beside UnicodeTokenizer",
                "rouge-l",
                pairs(count, words, 1),
                speed_alone=True,
                unicode=True,
            )
        )
        made += [
            _beside_rust(f"{name}, {words} words, nothing repeated, ASCII", name, plain) for name in RUST if name != "rouge-l"
        ]
    return made


def _beside_rouge_score(name: str, made: Sequence[Pair], part: int, wanted: float | None = None, *, own: bool = False) -> Job:
    from harness_plugins.metrics.words import unicode_words
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import Tokenizer

    class Words(Tokenizer):  # type: ignore[misc]
        def tokenize(self, text: str) -> list[str]:
            return unicode_words(text)

    scorer = RougeScorer(["rougeL"]) if own else RougeScorer(["rougeL"], tokenizer=Words())

    def peer() -> list[Any]:
        return [scorer.score(reference, answer)["rougeL"] for answer, reference in made[:part]]

    return Job(
        name,
        version("rouge-score"),
        _ours("rouge-l", units(made)),
        peer,
        _how_many_equal if own else _equal,
        len(made),
        "pairs",
        at_least=wanted,
        peer_units=len(made[:part]),
        note=f"the peer gets {len(made[:part]):,} of the {len(made):,} pairs" + (f"; {OTHER}" if own else ""),
    )


def _beside_rust(
    name: str, metric: str, made: Sequence[Pair], wanted: float | None = None, *, speed_alone: bool = False, unicode: bool = False
) -> Job:
    from rouge_score_rs.rouge_scorer import RougeScorer
    from rouge_score_rs.tokenizers import UnicodeTokenizer

    scorer = RougeScorer([RUST[metric]], tokenizer=UnicodeTokenizer() if unicode else None)
    answers, references = [answer for answer, _ in made], [reference for _, reference in made]

    def peer() -> list[Any]:
        return [scores[RUST[metric]] for scores in scorer.score_batch(references, answers)]

    return Job(
        name,
        version("rouge-score-rs"),
        _ours(metric, units(made)),
        peer,
        _how_many_equal if speed_alone else _equal,
        len(made),
        "pairs",
        at_least=wanted,
        note=OTHER if speed_alone else "",
    )


def _ours(name: str, listed: Sequence[Unit]) -> Callable[[], Columns]:
    registry = load_plugins(strict=False)
    metric = registry.build("metric", registry.parse("metric", name))

    def ours() -> Columns:
        columns: Columns = metric.score_columns(listed)
        return columns

    return ours


def _differences(ours: Columns, peer: Sequence[Any]) -> list[bool]:
    columns = [ours.values[name].tolist() for name in ("precision", "recall", "f1")]
    return [tuple(one) != tuple(theirs) for one, theirs in zip(zip(*columns, strict=True), peer, strict=False)]


def _equal(ours: Columns, peer: Sequence[Any]) -> str:
    assert not any(_differences(ours, peer)), "scores differ"
    return f"all {len(peer):,} compared equal to the last bit"


def _how_many_equal(ours: Columns, peer: Sequence[Any]) -> str:
    differ = sum(_differences(ours, peer))
    return f"{len(peer) - differ:,} of {len(peer):,} equal"


def figures() -> list[dict[str, Any]]:
    """What has no peer."""
    with tempfile.TemporaryDirectory() as folder:
        took = []
        for _ in range(2):
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            command = [sys.executable, "-c", FIRST_CALL, str(Path(__file__).parent)]
            took.append(float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout))
    rows = [
        {
            "job": "first call of rouge-l, rouge-2, chrf and bleu: compiling, and with the compiled code cached",
            "value": f"{took[0]:.1f} and {took[1]:.1f} s of CPU, tables of code points included",
        }
    ]
    common = [f"ord{number}" for number in range(50_000)]
    answer = " ".join(word for one in common for word in (one, "a"))
    reference = " ".join(word for one in common for word in ("b", one))
    work = _ours("rouge-l", units([(answer, reference)]))
    started = time.process_time()
    score = work().values["f1"].tolist()
    rows.append(
        {
            "job": "rouge-l of one pair of 100,000 words a side",
            "value": f"{time.process_time() - started:.2f} s of CPU, F1 {score[0]}",
        }
    )
    return rows


if __name__ == "__main__":
    os.environ["RAYON_NUM_THREADS"] = "1"
    main(jobs(), __doc__ or "", "rouge", figures)
