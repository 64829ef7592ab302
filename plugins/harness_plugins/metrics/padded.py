"""Any encoder of transformers on batches of fixed shape: for GPUs, and for architectures that cannot be packed.

A matrix product's last bits depend on the shapes of its operands. So every text is padded to a multiple of 8 tokens, and every
batch to the number of rows that goes with that length (dummy rows fill it up): all products that a text takes part in have
shapes that follow from its own length.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

STEP = 8  # a text is padded to a multiple of so many tokens
TOKENS = {"cpu": 256, "cuda": 32_768}  # per batch; on CPU more is no faster, and wastes more on small calls
Text = tuple[int, ...]


class PaddedEncoder:
    """Runs the model on batches of padded texts; `length`: tokens of the longest, `batch_size`: texts, None for the default."""

    def __init__(self, model: Any, *, length: int, padding: int, device: str, batch_size: int | None) -> None:
        self._model = model
        self._length, self._padding, self._device, self._batch_size = length, padding, device, batch_size

    def batches(self, texts: Sequence[Text], side_by_side: int = 1) -> Iterator[list[Text]]:
        """Texts of one padded length, at most as many as that length's batches have rows, however many run side by side."""
        batch: list[Text] = []
        for text in sorted(texts, key=len):
            if batch and (self.shape(text) != self.shape(batch[0]) or len(batch) == self.shape(text)[0]):
                yield batch
                batch = []
            batch.append(text)
        if batch:
            yield batch

    def shape(self, text: Text) -> tuple[int, int]:
        """Rows and columns of the batch that a text goes into."""
        columns = min(-(-len(text) // STEP) * STEP, self._length)
        return self._batch_size or max(1, TOKENS.get(self._device, TOKENS["cuda"]) // columns), columns

    def encode(self, batch: Sequence[Text]) -> "list[torch.Tensor]":
        """The last hidden layer of each text of the batch: float32 on CPU, one row per token."""
        import torch

        rows, columns = self.shape(batch[0])
        ids = torch.full((rows, columns), self._padding, dtype=torch.long)
        mask = torch.zeros((rows, columns), dtype=torch.long)
        mask[:, 0] = 1  # of dummy rows too: attention to nothing at all is not a number
        for row, text in enumerate(batch):
            ids[row, : len(text)] = torch.tensor(text, dtype=torch.long)
            mask[row, : len(text)] = 1
        with torch.inference_mode():
            hidden = self._model(input_ids=ids.to(self._device), attention_mask=mask.to(self._device))[0].float().cpu()
        return [hidden[row, : len(text)] for row, text in enumerate(batch)]
