"""The package bert-score 0.3.13, run around the crashes that it has with transformers 5; no value is changed by that."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness_plugins.metrics.encoders import Encoder, quiet


def original_scorer(
    encoder: Encoder, layer: int, device: str, batch_size: int, longest: int, rarity: Mapping[int, float] | None, unseen: float
) -> Any:
    """A `bert_score.BERTScorer` of that encoder and layer; `rarity` and `unseen` are idf weights, None for none.

    A folder needs the layer said (else KeyError), a tokenizer without a longest input gets one (else OverflowError); empty
    texts, on which it raises AttributeError, must be kept from it by the caller. The idf weights are given, not counted by it,
    since it would count in other processes, stumble over empty references and see only the references of one call.
    """
    from bert_score import BERTScorer

    with quiet(), _plain_path(encoder.folder) as path:
        scorer = BERTScorer(
            model_type=str(path), num_layers=layer, batch_size=batch_size, nthreads=0, device=device, idf=rarity is not None
        )
    scorer._tokenizer.model_max_length = longest
    if rarity is not None:
        scorer._idf_dict = defaultdict(lambda: unseen, rarity)
    return scorer


@contextmanager
def _plain_path(folder: Path) -> Iterator[Path]:
    """A path to the folder without "t5" in it, by which bert-score would take any model for a T5."""
    folder = folder.resolve()
    if "t5" not in str(folder):
        yield folder
        return
    for _ in range(20):
        with tempfile.TemporaryDirectory(prefix="encoder-") as name:
            if "t5" in name:
                continue
            link = Path(name) / "encoder"
            link.symlink_to(folder, target_is_directory=True)
            yield link
            return
    yield folder
