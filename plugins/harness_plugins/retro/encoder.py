"""The encoder of neighbours: it reads each neighbour both ways, in the light of the chunk that it was found for."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness_plugins.retro.attention import Attention, RMSNorm
from harness_plugins.retro.config import RetroConfig


class FeedForward(nn.Module):
    """A gated linear unit with GELU (Shazeer 2020, arXiv 2002.05202)."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.into = nn.Linear(width, 2 * hidden, bias=False)
        self.out = nn.Linear(hidden, width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        gate, linear = self.into(self.norm(x)).chunk(2, dim=-1)
        return x + self.dropout(self.out(self.dropout(functional.gelu(gate, approximate="tanh") * linear)))


class EncoderLayer(nn.Module):
    """Self-attention within a neighbour, attention to the chunk (in the layers that have it), and a feed-forward part."""

    def __init__(self, config: RetroConfig, decoder_width: int, crosses: bool) -> None:
        super().__init__()
        width, heads, long = config.encoder_width, config.encoder_heads, config.neighbour_length
        self.norm = RMSNorm(width)
        self.attention = Attention(width, width, heads, before=long - 1, after=long - 1, dropout=config.dropout)
        self.cross_norm = RMSNorm(width) if crosses else None
        self.cross = (
            Attention(width, decoder_width, heads, before=long - 1, after=config.chunk - 1, dropout=config.dropout)
            if crosses
            else None
        )
        self.feed_forward = FeedForward(width, config.encoder_hidden, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, allowed: Tensor, chunks: Tensor) -> Tensor:
        """x (B·L·K, R, width); `allowed` (B·L·K, R); `chunks` (B·L, m, decoder_width), the chunk of every K neighbours."""
        normed = self.norm(x)
        x = x + self.dropout(self.attention(normed, *self.attention.memory(normed), allowed))
        if self.cross is not None and self.cross_norm is not None:
            copies = x.shape[0] // chunks.shape[0]
            key, value = (part.repeat_interleave(copies, dim=0) for part in self.cross.memory(chunks))
            x = x + self.dropout(self.cross(self.cross_norm(x), key, value, None))
        return self.feed_forward(x)


class NeighbourEncoder(nn.Module):
    """Neighbours' tokens and the hidden states of their chunks in, one vector a neighbour's token out."""

    def __init__(self, config: RetroConfig, decoder_width: int, vocabulary: int) -> None:
        super().__init__()
        own = not config.share_embeddings
        self.embeddings = nn.Embedding(vocabulary, config.encoder_width) if own else None
        self.into = nn.Linear(decoder_width, config.encoder_width, bias=False) if not own else None
        self.layers = nn.ModuleList(
            EncoderLayer(config, decoder_width, layer in config.encoder_cross_layers)
            for layer in range(1, config.encoder_layers + 1)
        )
        self.norm = RMSNorm(config.encoder_width)
        self.gradient_checkpointing = False

    def forward(self, ids: Tensor, allowed: Tensor, chunks: Tensor, embeddings: nn.Module) -> Tensor:
        """`ids` and `allowed` (B, L, K, R), `chunks` (B, L, m, decoder_width) → (B, L, K, R, encoder_width).

        `embeddings`: the decoder's, used where the two share them.
        """
        shape = ids.shape
        flat, may = ids.flatten(0, 2), allowed.flatten(0, 2)
        x = self.embeddings(flat) if self.embeddings is not None else self._projected(embeddings(flat))
        of_chunks = chunks.flatten(0, 1)
        for layer in self.layers:
            if self.gradient_checkpointing and self.training:
                x = torch.utils.checkpoint.checkpoint(layer, x, may, of_chunks, use_reentrant=False)
            else:
                x = layer(x, may, of_chunks)
        return self.norm(x).unflatten(0, shape[:3])

    def _projected(self, x: Tensor) -> Tensor:
        assert self.into is not None
        return self.into(x)
