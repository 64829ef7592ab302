"""What a signature needs to know of an encoder, kept in the cache: asking transformers for it takes seconds of imports."""

import json
from dataclasses import asdict, dataclass
from importlib import metadata

from harness.cache import Cache, cache_key
from harness_plugins.metrics.encoders import Encoder, load_config, load_tokenizer, longest_input

NAMESPACE = "encoder-facts"


@dataclass(frozen=True)
class EncoderFacts:
    """Number of layers, tokens of the longest text, and the tokens for padding, `[CLS]` and `[SEP]` (None: it has no such)."""

    layers: int
    longest: int
    padding: int
    first: int | None
    last: int | None


def encoder_facts(encoder: Encoder, cache: Cache) -> EncoderFacts:
    """As transformers of this version reads them from the encoder's folder; the second time without importing it."""
    key = cache_key(encoder=encoder.digest, transformers=metadata.version("transformers"), version=1)
    kept = cache.get(key, namespace=NAMESPACE)
    if kept is not None:
        return EncoderFacts(**json.loads(kept))
    config, tokenizer = load_config(encoder), load_tokenizer(encoder)
    facts = EncoderFacts(
        config.num_hidden_layers,
        longest_input(tokenizer, config, encoder.name),
        tokenizer.pad_token_id or 0,
        tokenizer.cls_token_id,
        tokenizer.sep_token_id,
    )
    cache.put(key, json.dumps(asdict(facts)).encode(), namespace=NAMESPACE)
    return facts
