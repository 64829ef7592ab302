"""Token embeddings that depend on a text alone: not on its neighbours in a batch, on their order, or on the number of threads.

A matrix product's last bits depend on the shapes of its operands. So every text is padded to a multiple of 8 tokens, and every
batch to the number of rows that goes with that length (dummy rows fill it up): all products that a text takes part in have
shapes that follow from its own length. Each batch runs on one thread, and batches run side by side. On CPU an embedding is then
the same to the bit, alone or among others, in any row (tests/plugins/metrics/test_embedding.py).
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.cache import Cache, cache_key
from harness_plugins.metrics.encoders import Encoder, load_model

if TYPE_CHECKING:
    import numpy as np

Tokens = tuple[int, ...]

STEP = 8  # a text is padded to a multiple of so many tokens
TOKENS = {"cpu": 256, "cuda": 32_768}  # per batch; on CPU more is no faster, and wastes more on small calls
REMEMBERED = 256 * 2**20  # bytes of embeddings that are kept in memory between calls
SAVED = 32 * 2**20  # bytes of embeddings after which they go to the cache
NAMESPACE = "token-embeddings"


class Embedder:
    """Embeds token sequences with one layer of an encoder; what was embedded before comes from memory or from the cache.

    `batch_size`: texts per batch, by default so many that a batch has 256 tokens on CPU and 32,768 on a GPU. `encoded` counts the
    texts that went through the model.
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
        self._cache = cache
        self._model: Any = None
        self._remembered: OrderedDict[str, np.ndarray] = OrderedDict()
        self._origin: dict[str, Any] = {}

    def embed(self, texts: Iterable[Tokens]) -> "dict[Tokens, np.ndarray]":
        """The embedding of each distinct text: float32, one row per token."""
        keys = {self._key(text): text for text in set(texts)}
        found = {key: self._remembered[key] for key in keys if key in self._remembered}
        found |= self._cache.get_arrays([key for key in keys if key not in found], namespace=NAMESPACE)
        missing = sorted((len(text), text, key) for key, text in keys.items() if key not in found)
        if missing:
            found |= self._encode([(key, text) for _, text, key in missing])
        self._remember(found)
        return {text: found[key] for key, text in keys.items()}

    def _encode(self, texts: Sequence[tuple[str, Tokens]]) -> "dict[str, np.ndarray]":
        if self._model is None:
            self._model = load_model(self._encoder, self._layer, self._device, self._dtype)
        self.encoded += len(texts)
        made: dict[str, np.ndarray] = {}
        unsaved: dict[str, np.ndarray] = {}
        for new in _side_by_side(self._forward, list(self._batches(texts))):
            made |= new
            unsaved |= new
            if sum(array.nbytes for array in unsaved.values()) > SAVED:
                self._cache.put_arrays(unsaved, namespace=NAMESPACE)
                unsaved = {}
        self._cache.put_arrays(unsaved, namespace=NAMESPACE)
        return made

    def _batches(self, texts: Sequence[tuple[str, Tokens]]) -> Iterator[list[tuple[str, Tokens]]]:
        """Texts of one padded length, at most as many as that length's batches have rows; `texts` are sorted by length."""
        batch: list[tuple[str, Tokens]] = []
        for key, text in texts:
            if batch and (self._shape(text) != self._shape(batch[0][1]) or len(batch) == self._shape(text)[0]):
                yield batch
                batch = []
            batch.append((key, text))
        yield batch

    def _shape(self, text: Tokens) -> tuple[int, int]:
        """Rows and columns of the batch that a text goes into."""
        columns = min(-(-len(text) // STEP) * STEP, self._length)
        return self._batch_size or max(1, TOKENS.get(self._device, TOKENS["cuda"]) // columns), columns

    def _forward(self, batch: Sequence[tuple[str, Tokens]]) -> "dict[str, np.ndarray]":
        import torch

        rows, columns = self._shape(batch[0][1])
        ids = torch.full((rows, columns), self._padding, dtype=torch.long)
        mask = torch.zeros((rows, columns), dtype=torch.long)
        mask[:, 0] = 1  # of dummy rows too: attention to nothing at all is not a number
        for row, (_, text) in enumerate(batch):
            ids[row, : len(text)] = torch.tensor(text, dtype=torch.long)
            mask[row, : len(text)] = 1
        with torch.inference_mode():
            hidden = self._model(input_ids=ids.to(self._device), attention_mask=mask.to(self._device))[0].float().cpu().numpy()
        return {key: hidden[row, : len(text)].copy() for row, (key, text) in enumerate(batch)}

    def _key(self, text: Tokens) -> str:
        if not self._origin:
            self._origin = {
                "model": self._encoder.digest,
                "layer": self._layer,
                "dtype": self._dtype,
                "batch_size": self._batch_size,
                "longest": self._length,
                "padding": self._padding,
                "version": 1,
                **_platform(self._device),
            }
        return cache_key(tokens=list(text), **self._origin)

    def _remember(self, arrays: "dict[str, np.ndarray]") -> None:
        for key, array in arrays.items():
            self._remembered[key] = array
            self._remembered.move_to_end(key)
        size = sum(array.nbytes for array in self._remembered.values())
        while size > REMEMBERED:
            size -= self._remembered.popitem(last=False)[1].nbytes


@contextmanager
def one_thread() -> Iterator[int]:
    """Torch computes on one thread meanwhile, in this thread and in those started from it; gives the number of threads before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


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
