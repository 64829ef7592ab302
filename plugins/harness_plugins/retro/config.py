"""What a retrieval-augmented model is made of: a decoder, an encoder of neighbours, and where the one attends to the other."""

from typing import Any

from transformers import AutoConfig, PretrainedConfig

MODEL_TYPE = "harness-retro"


class RetroConfig(PretrainedConfig):
    """A decoder with chunked cross-attention (Borgeaud et al. 2022, arXiv 2112.04426, §2).

    `decoder`: the config of any causal language model of transformers, as plain values with their `model_type`. `chunk`:
    tokens of a chunk, m; `neighbours`: of each chunk, k; `neighbour_length`: tokens of a neighbour with its continuation, r.
    `cross_layers`: the decoder's layers with chunked cross-attention, counted from 1 as in the papers; `encoder_layers`,
    `encoder_width`, `encoder_heads`, `encoder_hidden`: the encoder of neighbours; `encoder_cross_layers`: its layers that
    attend to the chunk, counted from 1. `cross_heads`: heads of the chunked cross-attention (None: the decoder's). `gated`:
    the output of every added attention starts at zero, so that the model starts as its decoder. `share_embeddings`: the
    encoder reads with the decoder's embeddings. Raises ValueError for what does not fit together.
    """

    model_type = MODEL_TYPE

    def __init__(
        self,
        decoder: dict[str, Any] | None = None,
        chunk: int = 64,
        neighbours: int = 2,
        neighbour_length: int = 128,
        cross_layers: list[int] | None = None,
        cross_heads: int | None = None,
        encoder_layers: int = 2,
        encoder_width: int = 896,
        encoder_heads: int = 14,
        encoder_hidden: int | None = None,
        encoder_cross_layers: list[int] | None = None,
        dropout: float = 0.0,
        gated: bool = False,
        share_embeddings: bool = False,
        initializer_range: float = 0.02,
        **rest: Any,
    ) -> None:
        self.decoder = decoder
        self.chunk = chunk
        self.neighbours = neighbours
        self.neighbour_length = neighbour_length
        self.cross_layers = sorted(cross_layers) if cross_layers else []
        self.cross_heads = cross_heads
        self.encoder_layers = encoder_layers
        self.encoder_width = encoder_width
        self.encoder_heads = encoder_heads
        self.encoder_hidden = 4 * encoder_width if encoder_hidden is None else encoder_hidden
        self.encoder_cross_layers = list(range(1, encoder_layers + 1)) if encoder_cross_layers is None else encoder_cross_layers
        self.dropout = dropout
        self.gated = gated
        self.share_embeddings = share_embeddings
        self.initializer_range = initializer_range
        if decoder is not None:
            self._check()
            for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
                rest.setdefault(name, decoder.get(name))
            rest["tie_word_embeddings"] = decoder_config(decoder).tie_word_embeddings
        super().__init__(**rest)

    def get_text_config(self, *args: Any, **kwargs: Any) -> Any:
        """The decoder's config, in which caches and generation look for layers and heads."""
        return self if self.decoder is None else decoder_config(self.decoder)

    def _check(self) -> None:
        assert self.decoder is not None
        layers = decoder_config(self.decoder).num_hidden_layers
        for name in ("chunk", "neighbours", "neighbour_length", "encoder_layers", "encoder_width", "encoder_heads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.cross_layers:
            raise ValueError("cross_layers names no layer: a model without chunked cross-attention is its decoder")
        if self.cross_layers[0] < 1 or self.cross_layers[-1] > layers or len(set(self.cross_layers)) < len(self.cross_layers):
            raise ValueError(f"cross_layers are different layers from 1 to {layers}, got {self.cross_layers}")
        if any(not 1 <= layer <= self.encoder_layers for layer in self.encoder_cross_layers):
            raise ValueError(f"encoder_cross_layers lie from 1 to {self.encoder_layers}, got {self.encoder_cross_layers}")
        if self.encoder_width % self.encoder_heads:
            raise ValueError(f"encoder_width {self.encoder_width} cannot be split into {self.encoder_heads} heads")


class RelativeConfig(PretrainedConfig):
    """A decoder with learned relative positions (`decoder.RelativeForCausalLM`). `max_distance`: distances beyond it are one."""

    model_type = "harness-relative"

    def __init__(
        self,
        vocab_size: int = 32128,
        hidden_size: int = 768,
        intermediate_size: int = 3072,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        max_distance: int = 1024,
        dropout: float = 0.0,
        initializer_range: float = 0.02,
        tie_word_embeddings: bool = False,
        use_cache: bool = True,
        **rest: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.max_distance = max_distance
        self.dropout = dropout
        self.initializer_range = initializer_range
        self.use_cache = use_cache
        super().__init__(**{**rest, "tie_word_embeddings": tie_word_embeddings})


def register() -> None:
    """Tells transformers of the decoder of this package, so that it is found by its `model_type`."""
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if RelativeConfig.model_type in CONFIG_MAPPING:
        return
    from harness_plugins.retro.decoder import RelativeForCausalLM

    AutoConfig.register(RelativeConfig.model_type, RelativeConfig, exist_ok=True)
    AutoModelForCausalLM.register(RelativeConfig, RelativeForCausalLM, exist_ok=True)


def decoder_config(plain: dict[str, Any]) -> Any:
    """The decoder's config as an object of transformers."""
    register()
    return AutoConfig.for_model(**plain)
