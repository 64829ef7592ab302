"""Attention with learned relative positions, and chunked cross-attention from a sequence to the neighbours of its chunks."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class RelativeBias(nn.Module):
    """A learned number for each head and distance between a query and a key; distances beyond the table take its end."""

    def __init__(self, heads: int, before: int, after: int) -> None:
        """`before`, `after`: the largest distances of a key before and after the query."""
        super().__init__()
        self.before = before
        self.after = after
        self.weight = nn.Parameter(torch.zeros(heads, before + 1 + after))

    def forward(self, queries: int, keys: int, first: int = 0) -> Tensor:
        """The bias of each head, query and key, shape (heads, queries, keys); `first`: the position of the first query."""
        distance = torch.arange(1 - first - queries, keys - first, device=self.weight.device)
        of_distance = self.weight[:, distance.clamp(-self.before, self.after) + self.before]
        # rows are windows of one vector: its gradient is summed along diagonals, not scattered number by number
        return of_distance.unfold(-1, keys, 1).flip(1)


class RMSNorm(nn.Module):
    """Root mean square normalisation (Zhang and Sennrich 2019, arXiv 1910.07467)."""

    def __init__(self, width: int, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


class Attention(nn.Module):
    """Multi-head attention from `width` to a memory of `memory_width`, with relative positions; no biases in its products."""

    def __init__(self, width: int, memory_width: int, heads: int, before: int, after: int, dropout: float = 0.0) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide the width {width}")
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(memory_width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.bias = RelativeBias(heads, before, after)

    def memory(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a memory (N, T, memory_width), each (N, heads, T, width / heads)."""
        key, value = self.key_value(memory).chunk(2, dim=-1)
        return self._heads(key), self._heads(value)

    def forward(self, x: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None, copies: int = 1, first: int = 0) -> Tensor:
        """What x (N, S, width) reads in the memory; (N, S, width).

        `allowed` (N, T), or None for all: which of the memory may be read; a row of which nothing may be read reads zero.
        `copies`: the memory is so many texts side by side, each with positions of its own. `first`: x's first position.
        """
        query = self._heads(self.query(x))
        bias = self.bias(x.shape[1], key.shape[2] // copies, first).repeat(1, 1, copies)
        bias = bias.to(query.dtype)[None]
        some = None
        if allowed is not None and allowed.device.type == "cpu" and bool(allowed.all()):
            allowed = None  # a bias for all texts together is a fraction of one for each (a GPU would have to be waited for)
        if allowed is not None:
            some = allowed.any(dim=-1)
            barred = ~(
                allowed | ~some[:, None]
            )  # where nothing may be read all is, and is thrown away: no row of softmax is empty
            bias = bias.masked_fill(barred[:, None, None, :], float("-inf"))
        dropout = self.dropout if self.training else 0.0
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout)
        out = self.out(read.transpose(1, 2).flatten(2))
        return out if some is None else torch.where(some[:, None, None], out, torch.zeros((), dtype=out.dtype, device=out.device))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class ChunkedCrossAttention(nn.Module):
    """What each token reads in the neighbours of the last chunk that was complete before it (Borgeaud et al. 2022, §2.4).

    The last token of chunk u and all but the last of the next one attend to the neighbours of chunk u: a token never sees
    neighbours that were found with tokens after it. The first m - 1 tokens read nothing.
    """

    def __init__(
        self, width: int, memory_width: int, heads: int, chunk: int, neighbour_length: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.chunk = chunk
        self.norm = RMSNorm(width)
        self.attention = Attention(width, memory_width, heads, before=chunk - 1, after=neighbour_length - 1, dropout=dropout)
        self.dropout = nn.Dropout(dropout)

    def memory(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of encoded neighbours (B, L, K, R, memory_width): (B, L, heads, K·R, width / heads) each."""
        batch, chunks = encoded.shape[:2]
        key, value = self.attention.memory(encoded.flatten(2, 3).flatten(0, 1))
        return key.unflatten(0, (batch, chunks)), value.unflatten(0, (batch, chunks))

    def forward(self, x: Tensor, memory: tuple[Tensor, Tensor], allowed: Tensor, start: int = 0) -> Tensor:
        """What is added to x (B, S, width), whose first token is at position `start`; the same shape.

        `memory` and `allowed` (B, L, K, R) are those of the chunks 0 … L - 1, at least all that are complete within start + S.
        """
        batch, length, _ = x.shape
        skipped = max(0, self.chunk - 1 - start)  # tokens before the end of the first chunk
        slot = start + skipped - (self.chunk - 1)  # of the first token that reads, counted from the end of the first chunk
        before, chunk = slot % self.chunk, slot // self.chunk
        reading = length - skipped
        if reading <= 0:
            return torch.zeros_like(x)
        if reading == 1 or before + reading <= self.chunk:  # within one chunk, as when one token after the other is generated
            return self._of_one_chunk(x, memory, allowed, skipped, before, chunk)
        chunks = -(-(before + reading) // self.chunk)
        after = chunks * self.chunk - before - reading
        queries = functional.pad(self.norm(x[:, skipped:]), (0, 0, before, after))
        queries = queries.unflatten(1, (chunks, self.chunk)).flatten(0, 1)
        key, value = (part[:, chunk : chunk + chunks].flatten(0, 1) for part in memory)
        may = allowed[:, chunk : chunk + chunks].flatten(0, 1)
        read = self.attention(queries, key, value, may.flatten(1), copies=may.shape[1])
        read = read.unflatten(0, (batch, chunks)).flatten(1, 2)[:, before : before + reading]
        return functional.pad(self.dropout(read), (0, 0, skipped, 0))

    def _of_one_chunk(
        self, x: Tensor, memory: tuple[Tensor, Tensor], allowed: Tensor, skipped: int, before: int, chunk: int
    ) -> Tensor:
        key, value = (part[:, chunk] for part in memory)
        may = allowed[:, chunk]
        read = self.attention(self.norm(x[:, skipped:]), key, value, may.flatten(1), copies=may.shape[1], first=before)
        return functional.pad(self.dropout(read), (0, 0, skipped, 0))
