"""The papers' own decoder: learned relative positions, RMSNorm, gated feed-forward parts, and no biases in its products.

As Norlund et al. 2023 (arXiv 2302.12128) have it: every layer learns a number for each head and distance, which is added to the
scores (as in T5, Raffel et al. 2020, but one number a distance up to `max_distance`). Unlike theirs and T5's, scores are divided
by √d, as everywhere in this package: their initial weights are not those of T5, which makes up for it.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import DynamicCache, GenerationMixin, PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast

from harness_plugins.retro.attention import RelativeBias, RMSNorm
from harness_plugins.retro.config import RelativeConfig
from harness_plugins.retro.encoder import FeedForward


class RelativeAttention(nn.Module):
    """Causal self-attention with relative positions."""

    def __init__(self, config: RelativeConfig, layer: int) -> None:
        super().__init__()
        width = config.hidden_size
        if width % config.num_attention_heads:
            raise ValueError(f"{config.num_attention_heads} heads do not divide the width {width}")
        self.heads, self.layer, self.dropout = config.num_attention_heads, layer, config.dropout
        self.into = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.bias = RelativeBias(self.heads, before=config.max_distance - 1, after=0)

    def forward(self, x: Tensor, allowed: Tensor | None = None, past_key_values: Any = None) -> Tensor:
        """x (B, S, width) → the same shape; `allowed` (B, T), T with what the cache holds: which keys are tokens."""
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.into(x).chunk(3, dim=-1))
        if past_key_values is not None:
            key, value = past_key_values.update(key, value, self.layer)
        queries, keys = query.shape[2], key.shape[2]
        first = keys - queries
        later = torch.ones(queries, keys, dtype=torch.bool, device=x.device).triu(first + 1)
        bias = self.bias(queries, keys, first).to(query.dtype).masked_fill(later, float("-inf"))[None]
        if allowed is not None:
            barred = ~allowed[:, None, None, -keys:]
            own = torch.arange(keys, device=x.device) == torch.arange(first, keys, device=x.device)[:, None]
            bias = bias.masked_fill(barred & ~own, float("-inf"))  # padding sees itself: no row of softmax is empty
        dropout = self.dropout if self.training else 0.0
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout)
        return self.out(read.transpose(1, 2).flatten(2))


class RelativeLayer(GradientCheckpointingLayer):
    """Self-attention and a feed-forward part, each behind a norm and beside a residual."""

    def __init__(self, config: RelativeConfig, layer: int) -> None:
        super().__init__()
        self.norm = RMSNorm(config.hidden_size)
        self.self_attn = RelativeAttention(config, layer)
        self.dropout = nn.Dropout(config.dropout)
        self.feed_forward = FeedForward(config.hidden_size, config.intermediate_size, config.dropout)

    def forward(self, hidden_states: Tensor, allowed: Tensor | None = None, past_key_values: Any = None) -> Tensor:
        read = self.self_attn(self.norm(hidden_states), allowed, past_key_values)
        return self.feed_forward(hidden_states + self.dropout(read))


class RelativePreTrainedModel(PreTrainedModel):
    """What the two below share."""

    config_class = RelativeConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _no_split_modules = ["RelativeLayer"]

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=self.config.initializer_range)
        elif isinstance(module, RMSNorm):
            nn.init.ones_(module.weight)
        elif isinstance(module, RelativeBias):
            nn.init.zeros_(module.weight)


class RelativeModel(RelativePreTrainedModel):
    """The decoder below its output layer."""

    def __init__(self, config: RelativeConfig) -> None:
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(RelativeLayer(config, number) for number in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size)
        self.gradient_checkpointing = False
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.embed_tokens

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.embed_tokens = value  # type: ignore[assignment]

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        **rest: Any,
    ) -> BaseModelOutputWithPast:
        """The last hidden states (B, S, width). `attention_mask` (B, T), T with what the cache holds; padding on either side."""
        x = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        if past_key_values is None and (self.config.use_cache if use_cache is None else use_cache):
            past_key_values = None if self.training else DynamicCache(config=self.config)
        allowed = None if attention_mask is None or bool(attention_mask.all()) else attention_mask.bool()
        for layer in self.layers:
            x = layer(x, allowed, past_key_values)
        return BaseModelOutputWithPast(last_hidden_state=self.norm(x), past_key_values=past_key_values)


class RelativeForCausalLM(RelativePreTrainedModel, GenerationMixin):
    """The decoder as a language model of its own; with `RetroForCausalLM` it is the papers' model."""

    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}

    def __init__(self, config: RelativeConfig) -> None:
        super().__init__(config)
        self.model = RelativeModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.model.embed_tokens

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def forward(
        self, input_ids: Tensor | None = None, labels: Tensor | None = None, logits_to_keep: int = 0, **rest: Any
    ) -> CausalLMOutputWithPast:
        """Logits (B, S, words), of the last `logits_to_keep` tokens where that is not 0; the loss where `labels` are given."""
        found = self.model(input_ids, **rest)
        states = found.last_hidden_state
        logits = self.lm_head(states[:, -logits_to_keep:] if logits_to_keep else states)
        loss = None
        if labels is not None:
            loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=-100)
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=found.past_key_values)
