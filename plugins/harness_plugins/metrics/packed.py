"""A BERT on CPU without padding: texts lie one behind the other in blocks of 256 tokens, and the rest of a transformer is rows.

Nearly all of a BERT's work is products of the rows of a block with the layers' weights, and a row's result depends neither on
the other rows nor on where it lies, as long as the block has the same number of rows (tests/plugins/metrics/test_packed.py).
Attention goes from token to token of one text, so texts of one length attend together, each in products of its own length. An
embedding is then the same to the bit whatever is encoded with it, as with padded batches of fixed shape, and nothing is padded.

Where a product's bits do not depend on the number of rows either, which is tried once a model, blocks may have fewer: the last
ones of a call are cut so that all threads end together.

The weights are laid out once as oneDNN wants them (torch's `mkldnn` operators, which its own compiler uses too), query, key and
value in one product. Devlin et al. 2019 (BERT), Liu et al. 2019 (RoBERTa, whose positions are counted from padding's index).
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    Rows = Callable[[torch.Tensor], torch.Tensor]

ROWS = 256  # tokens a block; a longer text is a block by itself
PART = 64  # of which a block's rows are a multiple where it may have fewer, and those of a longer text
SHORT = 64  # tokens up to which plain products are the faster attention
_COUNTED_FROM_PADDING = ("roberta", "xlm-roberta", "camembert")
MODEL_TYPES = ("bert", *_COUNTED_FROM_PADDING)
Text = tuple[int, ...]


@dataclass(frozen=True)
class _Layer:
    query_key_value: "Rows"
    attended: "Rows"
    attended_norm: "Rows"
    wide: "Rows"
    narrow: "Rows"
    norm: "Rows"


def can_pack(config: Any, device: str) -> bool:
    """Whether a model of that transformers config is one that `PackedEncoder` computes."""
    return (
        device == "cpu"
        and config.model_type in MODEL_TYPES
        and config.hidden_act == "gelu"
        and config.hidden_size % 4 == 0  # else rows begin at odd places of memory, by which the last bits of attention may differ
        and getattr(config, "position_embedding_type", None) in (None, "absolute")
        and not (getattr(config, "is_decoder", False) or getattr(config, "add_cross_attention", False))
    )


class PackedEncoder:
    """Runs the layers of a transformers model for which `can_pack` holds; the model's own layers are let go, to save memory."""

    def __init__(self, model: Any, *, padding: int) -> None:
        config = model.config
        self._padding = padding
        self._heads = config.num_attention_heads
        self._first = config.pad_token_id if config.model_type in _COUNTED_FROM_PADDING else None
        self._embeddings = model.embeddings
        self._layers = [_layer(layer) for layer in model.encoder.layer]
        self._part = PART if self._layers and _rows_do_not_matter(self._layers[0], config, model.dtype) else ROWS
        model.encoder = None

    def batches(self, texts: Sequence[Text], side_by_side: int = 1) -> list[list[Text]]:
        """The texts in blocks, of which as many will be encoded side by side."""
        return cut(texts, self._part, side_by_side)

    def encode(self, block: Sequence[Text]) -> "list[torch.Tensor]":
        """The last layer of each text of a block, texts of one length side by side: float32, one row per token."""
        import torch

        rows = rows_of(block, self._part)
        tokens = torch.tensor([token for text in block for token in text], dtype=torch.long)
        free = (0, rows - len(tokens))
        ids = torch.nn.functional.pad(tokens, free, value=self._padding)
        positions = torch.nn.functional.pad(torch.cat([self._positions(text) for text in block]), free)
        groups = [(length, sum(1 for _ in texts)) for length, texts in groupby(map(len, block))]
        with torch.inference_mode():
            hidden = self._embeddings(ids[None], torch.zeros_like(ids)[None], positions[None])[0]
            for layer in self._layers:
                hidden = self._step(layer, hidden, groups)
            return list(hidden[: len(tokens)].float().split([len(text) for text in block]))

    def _positions(self, text: Text) -> "torch.Tensor":
        import torch

        if self._first is None:
            return torch.arange(len(text))
        counted = torch.tensor(text) != self._first
        return counted.cumsum(0) * counted + self._first

    def _step(self, layer: _Layer, hidden: "torch.Tensor", groups: Sequence[tuple[int, int]]) -> "torch.Tensor":
        import torch

        together = layer.query_key_value(hidden)
        attended = torch.zeros_like(hidden)
        start = 0
        for length, texts in groups:
            part = slice(start, start + length * texts)
            attended[part] = _attend(together[part], texts, length, self._heads)
            start = part.stop
        hidden = layer.attended_norm(layer.attended(attended).add_(hidden))
        return layer.norm(layer.narrow(layer.wide(hidden)).add_(hidden))


def cut(texts: Sequence[Text], step: int = ROWS, side_by_side: int = 1) -> list[list[Text]]:
    """Blocks of at most ROWS tokens, and every longer text by itself, the longest first; lengths within a block fall.

    A `step` below ROWS allows blocks of its multiples: of the last blocks, one for each of those that run side by side, the texts
    are laid out anew where that has all of them end earlier.
    """
    alone = sorted((text for text in texts if len(text) > ROWS), key=len, reverse=True)
    blocks = _filled([text for text in texts if len(text) <= ROWS], ROWS)
    if step < ROWS and blocks:
        last = len(blocks) % side_by_side or side_by_side
        blocks, rest = blocks[:-last], blocks[-last:]
        loose = list(chain.from_iterable(rest))
        sizes = range(ROWS - step, max(map(len, loose)) - 1, -step)
        ways = [rest, *(_filled(loose, rows) for rows in sizes)]
        best = min(ways, key=lambda way: _longest_row([rows_of(block, step) for block in way], side_by_side))
        blocks += sorted(best, key=lambda block: -rows_of(block, step))
    return [*([text] for text in alone), *blocks]


def rows_of(block: Sequence[Text], step: int) -> int:
    """The rows of a block's products; those of a text longer than ROWS follow from its length alone."""
    tokens = sum(map(len, block))
    step = PART if tokens > ROWS else step
    return -(-tokens // step) * step


def _filled(texts: Sequence[Text], rows: int) -> list[list[Text]]:
    """Blocks: each begins with the longest text that is left and takes the longest that still fits, as long as one does."""
    waiting: dict[int, list[Text]] = {}
    for text in texts:
        waiting.setdefault(len(text), []).append(text)
    lengths, blocks = sorted(waiting), []
    while lengths:
        block: list[Text] = []
        free = rows
        while at := bisect_right(lengths, free):
            length = lengths[at - 1]
            block.append(waiting[length].pop())
            free -= length
            if not waiting[length]:
                del lengths[at - 1]
        blocks.append(block)
    return blocks


def _longest_row(sizes: Sequence[int], side_by_side: int) -> int:
    """What the one of those that run side by side has to do that ends last, if each takes the largest that is left."""
    busy = [0] * side_by_side
    for size in sorted(sizes, reverse=True):
        heapq.heapreplace(busy, busy[0] + size)
    return max(busy)


def _attend(together: "torch.Tensor", texts: int, length: int, heads: int) -> "torch.Tensor":
    """Softmax attention within each of the texts: rows of scaled queries, keys and values in, rows of mixed values out."""
    import torch

    size = together.shape[1] // 3 // heads
    apart = together.view(texts, length, 3, heads, size).permute(2, 0, 3, 1, 4)
    if length > SHORT:
        mixed = torch.nn.functional.scaled_dot_product_attention(apart[0], apart[1], apart[2], scale=1.0)
    else:
        query, key, value = apart.reshape(3, texts * heads, length, size)
        weights = torch.bmm(query, key.transpose(1, 2)).softmax(-1)
        mixed = torch.bmm(weights, value).view(texts, heads, length, size)
    return mixed.transpose(1, 2).reshape(texts * length, heads * size)


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


def _rows_do_not_matter(layer: _Layer, config: Any, dtype: "torch.dtype") -> bool:
    """Whether each of a layer's products gives the same bits for some rows of a block, by themselves, as for the whole block."""
    import torch

    draw = torch.Generator().manual_seed(0)
    narrow, wide = config.hidden_size, config.intermediate_size
    products = ((layer.query_key_value, narrow), (layer.attended, narrow), (layer.wide, narrow), (layer.narrow, wide))
    parts = [slice(start, start + rows) for rows in range(PART, ROWS, PART) for start in range(0, ROWS - rows + 1, PART)]
    with one_thread(), torch.inference_mode():
        for product, size in products:
            rows = torch.randn(ROWS, size, generator=draw).to(dtype)
            whole = product(rows)
            if not all(torch.equal(whole[part], product(rows[part])) for part in parts):
                return False
    return True


def _layer(layer: Any) -> _Layer:
    """The parts of one of the model's layers, as functions of rows."""
    import torch

    attention, output = layer.attention, layer.output
    query, key, value = attention.self.query, attention.self.key, attention.self.value
    scale = attention.self.attention_head_size**-0.5  # once here instead of on every similarity
    weight = torch.cat([query.weight * scale, key.weight, value.weight])
    return _Layer(
        _linear(weight, torch.cat([query.bias * scale, key.bias, value.bias])),
        _linear(attention.output.dense.weight, attention.output.dense.bias),
        attention.output.LayerNorm,
        _linear(layer.intermediate.dense.weight, layer.intermediate.dense.bias, gelu=True),
        _linear(output.dense.weight, output.dense.bias),
        output.LayerNorm,
    )


def _linear(weight: "torch.Tensor", bias: "torch.Tensor", *, gelu: bool = False) -> "Rows":
    """rows @ weight.T + bias, and gelu of it if wanted."""
    import torch
    from torch.nn.functional import gelu as plain_gelu
    from torch.nn.functional import linear

    weight, bias = weight.detach().contiguous(), bias.detach().clone()
    after: tuple[str, list[None], str] = ("gelu", [], "none") if gelu else ("none", [], "")
    try:
        laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
        product = torch.ops.mkldnn._linear_pointwise
        product(weight.new_zeros(ROWS, weight.shape[1]), laid_out, bias, *after)
    except (AttributeError, RuntimeError):  # a torch without oneDNN, or a processor for which it has no product of this type
        return (lambda rows: plain_gelu(linear(rows, weight, bias))) if gelu else (lambda rows: linear(rows, weight, bias))
    return lambda rows: product(rows, laid_out, bias, *after)
