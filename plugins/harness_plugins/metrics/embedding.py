"""Directions of tokens that depend on a text alone: not on its neighbours in a batch, their order, or the number of threads.

Each batch runs on one thread, and batches run side by side; `packed` and `padded` say why a text's embedding is then the same to
the bit on CPU, alone or among others, in any place (tests/plugins/metrics/test_embedding.py).
"""

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from harness.cache import Cache, cache_key
from harness_plugins.metrics.encoders import Encoder, load_model
from harness_plugins.metrics.packed import PackedEncoder, can_pack, one_thread
from harness_plugins.metrics.padded import PaddedEncoder

if TYPE_CHECKING:
    import numpy as np
    import torch

Tokens = tuple[int, ...]

REMEMBERED = 256 * 2**20  # bytes of embeddings that are kept in memory between calls
SAVED = 32 * 2**20  # bytes of embeddings after which they go to the cache
NAMESPACE = "token-embeddings"


class Embedder:
    """Embeds token sequences with one layer of an encoder; what was embedded before comes from memory or from the cache.

    `batch_size`: texts per padded batch; by default, texts are packed on CPU and a batch has 32,768 tokens on a GPU. `encoded`
    counts the texts that went through the model.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        layer: int,
        length: int,
        padding: int,
        device: str,
        dtype: str,
        batch_size: int | None,
        cache: Cache,
    ) -> None:
        self.encoded = 0
        self._encoder = encoder
        self._layer, self._length, self._padding = layer, length, padding
        self._device, self._dtype, self._batch_size = device, dtype, batch_size
        self.cache = cache
        self._model: PackedEncoder | PaddedEncoder | None = None
        self._remembered: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._remembered_bytes = 0
        self._origin: bytes = b""

    def embed(self, texts: Iterable[Tokens]) -> "dict[Tokens, np.ndarray]":
        """The directions of each distinct text's tokens: float32, one row per token, each of length 1."""
        keys = {text: self._key(text) for text in texts}
        found = {key: self._remembered[key] for key in keys.values() if key in self._remembered}
        found |= self.cache.get_arrays([key for key in keys.values() if key not in found], namespace=NAMESPACE)
        missing = {text: key for text, key in keys.items() if key not in found}
        if missing:
            found |= self._encode(missing)
        self._remember(found)
        return {text: found[key] for text, key in keys.items()}

    def forget(self) -> None:
        """Empties the memory; the cache on disk stays."""
        self._remembered.clear()
        self._remembered_bytes = 0

    def _encode(self, texts: Mapping[Tokens, bytes]) -> "dict[bytes, np.ndarray]":
        import torch

        encoder = self._load()
        self.encoded += len(texts)
        made: dict[bytes, np.ndarray] = {}
        unsaved: dict[bytes, np.ndarray] = {}
        size = 0
        # In one order whatever the caller's: on a GPU, or with a batch_size, the last bits may depend on the neighbours.
        batches = list(encoder.batches(sorted(texts), torch.get_num_threads()))
        for batch, found in zip(batches, _side_by_side(lambda batch: _directions(encoder.encode(batch)), batches), strict=True):
            new = {texts[text]: rows for text, rows in zip(batch, found, strict=True)}
            made |= new
            unsaved |= new
            size += sum(rows.nbytes for rows in found)
            if size > SAVED:
                self.cache.put_arrays(unsaved, namespace=NAMESPACE)
                unsaved, size = {}, 0
        self.cache.put_arrays(unsaved, namespace=NAMESPACE)
        return made

    def _load(self) -> PackedEncoder | PaddedEncoder:
        if self._model is None:
            model = load_model(self._encoder, self._layer, self._device, self._dtype)
            if self._batch_size is None and can_pack(model.config, self._device):
                self._model = PackedEncoder(model, padding=self._padding)
            else:
                self._model = PaddedEncoder(
                    model, length=self._length, padding=self._padding, device=self._device, batch_size=self._batch_size
                )
        return self._model

    def _key(self, text: Tokens) -> bytes:
        if not self._origin:
            origin = cache_key(
                model=self._encoder.digest,
                layer=self._layer,
                dtype=self._dtype,
                batch_size=self._batch_size,
                longest=self._length,
                padding=self._padding,
                version=3,
                **_platform(self._device),
            )
            self._origin = bytes.fromhex(origin)
        return hashlib.sha256(self._origin + array("q", text).tobytes()).digest()

    def _remember(self, arrays: "Mapping[bytes, np.ndarray]") -> None:
        for key, rows in arrays.items():
            if key not in self._remembered:
                self._remembered_bytes += rows.nbytes
            self._remembered[key] = rows
            self._remembered.move_to_end(key)
        while self._remembered_bytes > REMEMBERED:
            self._remembered_bytes -= self._remembered.popitem(last=False)[1].nbytes


def _directions(texts: "Sequence[torch.Tensor]") -> "list[np.ndarray]":
    return [(rows / rows.norm(dim=-1, keepdim=True)).numpy() for rows in texts]


def _side_by_side(work: Any, batches: Sequence[Any]) -> Iterator[Any]:
    """What `work` makes of each batch, in their order: as many at once as torch had threads."""
    with one_thread() as threads:
        pool = ThreadPoolExecutor(max(1, min(threads, len(batches))))
        try:
            yield from pool.map(work, batches)
        finally:
            pool.shutdown(cancel_futures=True)


def _platform(device: str) -> dict[str, str]:
    """What else the last bits depend on: the libraries, and the kind of processor."""
    import platform

    import torch
    import transformers

    kind = torch.cuda.get_device_name(device) if device.startswith("cuda") else torch.backends.cpu.get_cpu_capability()
    return {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "device": device.partition(":")[0],
        "processor": f"{platform.machine()} {kind}",
    }
