"""The smallest language model: how often each word stands in the references."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from harness import Example, TrainerSpec, hookimpl


class Unigram:
    def train(self, examples: Iterable[Example], folder: Path) -> Path:
        """`folder/unigram/counts.json` holds words and counts."""
        counts = Counter(word for example in examples for reference in example.references for word in reference.split())
        checkpoint = folder / "unigram"
        checkpoint.mkdir(parents=True, exist_ok=True)
        (checkpoint / "counts.json").write_text(json.dumps(dict(sorted(counts.items())), ensure_ascii=False), encoding="utf-8")
        return checkpoint


@hookimpl
def harness_trainers() -> list[TrainerSpec]:
    return [TrainerSpec("unigram", build=Unigram, help="counts words", accepts=("instruction",))]
