"""The model: any decoder of transformers with chunked cross-attention in some of its layers, and an encoder of neighbours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from harness_plugins.retro.attention import Attention, ChunkedCrossAttention, RelativeBias, RMSNorm
from harness_plugins.retro.cache import Neighbours, RetroCache, joined
from harness_plugins.retro.config import RetroConfig, decoder_config
from harness_plugins.retro.encoder import NeighbourEncoder

# Finished chunks (B, L, m) → their neighbours' tokens (B, L, K, R) and which of them are tokens, bool, the same shape
Retriever = Callable[[Tensor], tuple[Tensor, Tensor]]


class Reading:
    """One pass of the decoder: what the cross-attentions are to read, and what they found out on the way. Not a module."""

    def __init__(self) -> None:
        self.ids: Tensor | None = None
        self.allowed: Tensor | None = None
        self.start = 0
        self.kept: Neighbours | None = None

    def begin(self, ids: Tensor, allowed: Tensor, start: int, kept: Neighbours | None) -> None:
        """`ids`, `allowed` (B, L, K, R): neighbours of the chunks that are finished in this pass; `start`: its first position.

        `kept`: what earlier passes over the same texts encoded, and where this one leaves what it encodes; None: nowhere.
        """
        self.ids, self.allowed, self.start, self.kept = ids, allowed, start, kept

    def end(self) -> None:
        """Nothing is read until the next `begin`: the decoder is its plain self."""
        self.ids = self.allowed = self.kept = None


class CrossedAttention(nn.Module):
    """A decoder layer's self-attention followed by chunked cross-attention, in the place of the self-attention alone.

    A layer adds its self-attention to its input; cross-attention reads the sum, and what it adds joins what the self-attention
    says.
    """

    def __init__(self, attention: nn.Module, cross: ChunkedCrossAttention, layer: int) -> None:
        super().__init__()
        self.attention = attention
        self.cross = cross
        self.layer = layer
        self.owner: Any = None  # a list of one model, lest the model be a module of its own part
        self.residual: Tensor | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        found = self.attention(*args, **kwargs)
        model: RetroForCausalLM = self.owner[0]
        if model.reading.ids is None or self.residual is None:
            return found
        out = found[0] if isinstance(found, tuple) else found
        added = model.read(self.layer, self.cross, self.residual + out)
        if not (self.training and torch.is_grad_enabled()):
            self.residual = None  # in training the layer may be run again for its gradients, without the hook that sets it
        return (out + added, *found[1:]) if isinstance(found, tuple) else out + added


class RetroForCausalLM(PreTrainedModel, GenerationMixin):
    """A causal language model that reads neighbours of its own text. Without neighbours (OFF) it is its decoder exactly."""

    config_class = RetroConfig
    base_model_prefix = "decoder"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_cache_class = True
    _no_split_modules = ["EncoderLayer"]

    def __init__(self, config: RetroConfig, decoder: nn.Module | None = None) -> None:
        """`decoder`: a pretrained one to retrofit, which becomes part of the model; None: one with fresh weights."""
        super().__init__(config)
        assert config.decoder is not None, "a RetroConfig names its decoder"
        inner = decoder_config(config.decoder)
        self.decoder: Any = AutoModelForCausalLM.from_config(inner) if decoder is None else decoder
        self.encoder = NeighbourEncoder(config, inner.hidden_size, inner.vocab_size)
        self.reading = Reading()
        self.retriever: Retriever | None = None
        self._encoded: Any = None
        self._cross(config, inner)
        # a list a model: what may not be split up (FSDP, placement on devices) is also what its decoder says
        self._no_split_modules = [*type(self)._no_split_modules, *(getattr(self.decoder, "_no_split_modules", None) or ())]
        self.post_init()
        if config.gated and decoder is not None:
            close_gates(self)

    def _cross(self, config: RetroConfig, inner: Any) -> None:
        layers = layers_of(self.decoder)
        heads = config.cross_heads or inner.num_attention_heads
        for number in config.cross_layers:
            layer = layers[number - 1]
            name = next((name for name in ("self_attn", "attn", "attention") if hasattr(layer, name)), None)
            if name is None:
                raise ValueError(
                    f"a {type(layer).__name__} has no self-attention that is known by name; decoders like Llama and GPT-2 have"
                )
            cross = ChunkedCrossAttention(
                inner.hidden_size, config.encoder_width, heads, config.chunk, config.neighbour_length, config.dropout
            )
            crossed = CrossedAttention(getattr(layer, name), cross, number)
            crossed.owner = [self]
            setattr(layer, name, crossed)
            layer.register_forward_pre_hook(_remember(crossed), with_kwargs=True)

    def _init_weights(self, module: nn.Module) -> None:
        std = self.config.initializer_range
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=std)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, RMSNorm):
            nn.init.ones_(module.weight)
        elif isinstance(module, RelativeBias):
            nn.init.zeros_(module.weight)

    def get_input_embeddings(self) -> nn.Module:
        return self.decoder.get_input_embeddings()

    def get_output_embeddings(self) -> nn.Module | None:
        return self.decoder.get_output_embeddings()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        neighbour_ids: Tensor | None = None,
        neighbour_mask: Tensor | None = None,
        labels: Tensor | None = None,
        past_key_values: Any = None,
        **rest: Any,
    ) -> CausalLMOutputWithPast:
        """Logits, and the loss where `labels` are given (as in transformers: shifted here, -100 is left out).

        `input_ids` (B, S), padded on the right if at all; `neighbour_ids` (B, L, K, R), the neighbours of the L chunks that are
        finished within these tokens, and `neighbour_mask`, true where there is a token; None: retrieval is OFF.

        Raises ValueError for neighbours of another shape, and for padding on the left: chunks are counted from the first place.
        """
        if neighbour_ids is not None and attention_mask is not None and attention_mask.dim() == 2:
            _check_padding(attention_mask)
        with self.reads(input_ids, neighbour_ids, neighbour_mask, past_key_values):
            return self.decoder(
                input_ids=input_ids, attention_mask=attention_mask, labels=labels, past_key_values=past_key_values, **rest
            )

    @contextmanager
    def reads(
        self,
        input_ids: Tensor,
        neighbour_ids: Tensor | None = None,
        neighbour_mask: Tensor | None = None,
        past_key_values: Any = None,
    ) -> Iterator[None]:
        """A context in which a pass of the decoder, or of a part of it, over these tokens reads these neighbours."""
        start = 0 if past_key_values is None else int(past_key_values.get_seq_length())
        kept = getattr(past_key_values, "neighbours", None)
        self.reading.end()
        if neighbour_ids is not None:
            self._check(input_ids, neighbour_ids, neighbour_mask, start, kept)
            allowed = torch.ones_like(neighbour_ids, dtype=torch.bool) if neighbour_mask is None else neighbour_mask.bool()
            self.reading.begin(neighbour_ids.masked_fill(~allowed, 0), allowed, start, kept)  # whatever number filled a place
        try:
            yield
        finally:
            if not (self.training and torch.is_grad_enabled()):
                self.reading.end()  # in training gradient checkpointing may run layers again

    def read(self, layer: int, cross: ChunkedCrossAttention, x: Tensor) -> Tensor:
        """What the tokens x (B, S, width) of a layer read in their neighbours; called by the layer itself."""
        reading, first = self.reading, layer == self.config.cross_layers[0]
        if reading.ids is None or reading.allowed is None:
            return torch.zeros_like(x)
        kept = reading.kept
        if (
            kept is None
        ):  # a whole pass, which gradient checkpointing may ask for again: nothing is kept from layer to layer but E
            finished = x.shape[1] // self.config.chunk
            if first and finished:
                self._encoded = self._encode(x, reading.ids[:, :finished], reading.allowed[:, :finished])
            if not finished:
                return torch.zeros_like(x)
            return cross(x, cross.memory(self._encoded), reading.allowed[:, :finished])
        if first:
            self._encoded = self._encode_more(x, reading.ids, reading.allowed, kept)
        if self._encoded is not None:
            key, value = cross.memory(self._encoded)
            before = kept.memory.get(layer)
            kept.memory[layer] = (key, value) if before is None else (joined(before[0], key), joined(before[1], value))
        if layer not in kept.memory or kept.allowed is None:
            return torch.zeros_like(x)
        return cross(x, kept.memory[layer], kept.allowed, reading.start)

    def _encode(self, states: Tensor, ids: Tensor, allowed: Tensor) -> Tensor:
        finished, chunk = ids.shape[1], self.config.chunk
        chunks = states[:, : finished * chunk].unflatten(1, (finished, chunk))
        return self.encoder(ids, allowed, chunks, self.get_input_embeddings())

    def _encode_more(self, x: Tensor, ids: Tensor, allowed: Tensor, kept: Neighbours) -> Tensor | None:
        states = x if kept.pending is None else torch.cat([kept.pending, x], dim=1)
        finished = states.shape[1] // self.config.chunk
        kept.pending = states[:, finished * self.config.chunk :]
        if not finished:
            return None
        kept.allowed = joined(kept.allowed, allowed[:, :finished])
        return self._encode(states, ids[:, :finished], allowed[:, :finished])

    def _check(self, input_ids: Tensor, ids: Tensor, mask: Tensor | None, start: int, kept: Neighbours | None) -> None:
        finished = (start % self.config.chunk + input_ids.shape[1]) // self.config.chunk
        if ids.dim() != 4 or ids.shape[0] != input_ids.shape[0] or ids.shape[1] < finished:
            raise ValueError(
                "neighbour_ids are of shape (batch, chunks, neighbours, tokens), here "
                f"({input_ids.shape[0]}, at least {finished}, …, at most {self.config.neighbour_length}); got {tuple(ids.shape)}"
            )
        if ids.shape[3] > self.config.neighbour_length:
            raise ValueError(f"a neighbour has at most {self.config.neighbour_length} tokens in this model, got {ids.shape[3]}")
        if mask is not None and mask.shape != ids.shape:
            raise ValueError(f"neighbour_mask has the shape of neighbour_ids, {tuple(ids.shape)}; got {tuple(mask.shape)}")
        if start and kept is None:
            raise ValueError("to go on from a cache with retrieval the cache has to be a RetroCache")

    def generate(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As in transformers, with neighbours retrieved on the fly by `self.retriever`; without one retrieval is OFF."""
        if self.retriever is not None and kwargs.get("use_cache", True):
            kwargs.setdefault("past_key_values", RetroCache())
        return super().generate(inputs, *args, **kwargs)  # type: ignore[misc]  # its `self` is a protocol that this class fulfils

    def prepare_inputs_for_generation(self, input_ids: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The next step's inputs, with the neighbours of the chunks that it finishes."""
        prepared = self.decoder.prepare_inputs_for_generation(input_ids, *args, **kwargs)
        if self.retriever is None:
            return prepared
        mask = kwargs.get("attention_mask")
        if mask is not None and not bool(mask.all()):
            raise ValueError("prompts of several lengths cannot be padded into one batch with retrieval: their chunks differ")
        chunk, past = self.config.chunk, prepared.get("past_key_values")
        start = 0 if past is None else int(past.get_seq_length())
        first, last = start // chunk, input_ids.shape[1] // chunk
        chunks = input_ids[:, first * chunk : last * chunk].unflatten(1, (last - first, chunk)) if last > first else None
        if chunks is None:
            empty = (input_ids.shape[0], 0, self.config.neighbours, self.config.neighbour_length)
            prepared["neighbour_ids"] = input_ids.new_zeros(empty)
            prepared["neighbour_mask"] = torch.zeros(empty, dtype=torch.bool, device=input_ids.device)
        else:
            prepared["neighbour_ids"], prepared["neighbour_mask"] = self.retriever(chunks)
        return prepared


def close_gates(model: RetroForCausalLM) -> None:
    """Sets what the chunked cross-attentions add to zero."""
    for module in model.modules():
        if isinstance(module, ChunkedCrossAttention):
            assert isinstance(module.attention, Attention)
            nn.init.zeros_(module.attention.out.weight)


def _check_padding(attention_mask: Tensor) -> None:
    """Raises ValueError where a row begins with padding."""
    if attention_mask.shape[1] and not bool(attention_mask[:, 0].all()):
        raise ValueError("texts are padded on the right: with padding on the left their chunks would begin in other places")


def layers_of(decoder: Any) -> Any:
    """The decoder's layers; ValueError for one that has none at a known place."""
    inner = getattr(decoder, "model", None) or getattr(decoder, "transformer", None) or getattr(decoder, "gpt_neox", None)
    for name in ("layers", "h"):
        found = getattr(inner, name, None)
        if isinstance(found, nn.ModuleList):
            return found
    raise ValueError(f"the layers of a {type(decoder).__name__} are not known; decoders like Llama and GPT-2 can be retrofitted")


def _remember(crossed: CrossedAttention) -> Callable[..., None]:
    def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        crossed.residual = args[0] if args else kwargs["hidden_states"]

    return hook
