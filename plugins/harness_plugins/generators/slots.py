"""Rows that are answered together, each at a place of its own: a row that is done leaves, another takes its place, nothing moves.

Keys and values lie in buffers of (rows, heads, length, dimension), each row from its first column on, so that rows of any length
stand beside each other without padding; a mask of (rows, 1, 1, length) hides what lies behind a row's last token. For models
whose layers keep all keys and values; `fit(model)` tries whether a model reads such masks and places as it reads a plain prompt.
"""

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

from harness_plugins.generators.reading import Beginning, enough_tokens, has_plain_cache, near_lengths, read_prompts
from harness_plugins.judges.local_torch import forward_arguments

_READ = 8_192  # tokens of prompts that are read in one pass
_STEP = 64  # columns by which buffers grow at least
_CLOSE, _CLOSE_ELSE = 1e-3, 0.05  # of the logits' spread, by which two ways of reading may differ: 32 bits and more, fewer


class Slots:
    """Up to `rows` rows of one model. `logits`: of each row's next token, (size, vocabulary)."""

    def __init__(self, model: Any, rows: int) -> None:
        self.rows, self.size = rows, 0
        self.logits: Any = None
        self._model, self._cache = model, _Buffers(rows)
        self._lengths: list[int] = []

    @property
    def lengths(self) -> list[int]:
        """Tokens that each row has read."""
        return list(self._lengths)

    def join(self, prompts: Sequence[Sequence[int]], beginning: Beginning) -> None:
        """Reads prompts into the next free rows, those of like lengths together and equal ones once."""
        import torch

        rows: dict[tuple[int, ...], list[int]] = {}
        for row, prompt in enumerate(prompts, self.size):
            rows.setdefault(tuple(prompt), []).append(row)
        distinct = list(rows)
        logits: list[Any] = [None] * len(prompts)
        rests = [len(prompt) - beginning.length for prompt in distinct]
        for some in near_lengths(rests, _READ, enough_tokens(self._model)):
            members = [distinct[place] for place in some]
            reading = read_prompts(self._model, members, beginning)
            with torch.inference_mode():
                self._cache.fill([rows[prompt] for prompt in members], reading.past, list(map(len, members)), beginning.length)
            for place, prompt in enumerate(members):
                for row in rows[prompt]:
                    logits[row - self.size] = reading.logits[place]
        with torch.inference_mode():
            new = torch.stack(logits)
            self.logits = new if self.logits is None else torch.cat([self.logits, new])
        self._lengths += map(len, prompts)
        self.size += len(prompts)

    def drop(self, gone: Sequence[int]) -> list[int]:
        """Takes rows out. Returns the order of those that stay: the last ones stand in the places of those that left."""
        import torch

        left = set(gone)
        stays = [row for row in range(self.size) if row not in left]
        order = list(range(len(stays)))
        movers = [row for row in stays if row >= len(stays)]
        for row in sorted(left):
            if row < len(stays):
                order[row] = movers.pop()
                with torch.inference_mode():
                    self._cache.move(order[row], row, self._lengths[order[row]])
        self._lengths = [self._lengths[row] for row in order]
        with torch.inference_mode():
            self.logits = self.logits[order] if order else None
        self.size = len(order)
        return order

    def advance(self, tokens: Sequence[int]) -> None:
        """Reads one more token in each row."""
        import torch

        device = self._model.device
        places = torch.tensor(self._lengths, device=device)
        length = max(self._lengths) + 1
        mask = (torch.arange(length, device=device) <= places[:, None])[:, None, None]
        with torch.inference_mode():
            self._cache.point(places, length)
            out = self._model(
                torch.tensor(tokens, device=device)[:, None],
                attention_mask=mask,
                past_key_values=self._cache.past,
                use_cache=True,
                **forward_arguments(self._model, position_ids=places[:, None], logits_to_keep=1),
            )
        self.logits = out.logits[:, -1]
        self._lengths = [length + 1 for length in self._lengths]


def fit(model: Any) -> bool:
    """Whether the model can be answered in slots: three rows of unlike lengths, one of which leaves, go on as each does alone."""
    if getattr(model.config, "_attn_implementation", None) != "sdpa" or not has_plain_cache(model):
        return False
    if not forward_arguments(model, position_ids=None):
        return False
    try:
        return _goes_on_alike(model)
    except (
        RuntimeError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
    ):  # what architectures raise of such masks is their own
        return False


def _goes_on_alike(model: Any) -> bool:
    import torch

    vocabulary = int(model.get_input_embeddings().weight.shape[0])
    prompts = [[number % vocabulary for number in prompt] for prompt in ([5, 9, 2], [7, 3, 8, 4, 6], [1])]
    slots = Slots(model, 3)
    slots.join(prompts, Beginning())
    slots.drop([0])  # the last takes its place
    kept = [prompts[2], prompts[1]]
    for token in (3 % vocabulary, 2 % vocabulary):
        slots.advance([token] * 2)
        kept = [[*prompt, token] for prompt in kept]
    with torch.inference_mode():
        alone = torch.stack([model(torch.tensor([prompt], device=model.device)).logits[0, -1] for prompt in kept])
    exact = alone.dtype in (torch.float32, torch.float64)
    apart = (slots.logits.double() - alone.double()).abs().max()
    return bool(apart <= (_CLOSE if exact else _CLOSE_ELSE) * alone.double().std())


class _Buffers:
    """Keys and values of every layer. `past` is the cache that the model's forward pass writes into and reads from."""

    def __init__(self, rows: int) -> None:
        self.past: Any = None
        self._rows = rows

    def fill(self, rows: Sequence[Sequence[int]], past: Any, lengths: Sequence[int], shared: int) -> None:
        """Puts each row of a cache that was just read into the rows that want it; its padding stands behind what is shared."""
        if self.past is None:
            self.past = copy.copy(past)
            self.past.layers = [_layer_class()(layer) for layer in past.layers]
        most = max(row for wanting in rows for row in wanting) + 1
        for layer, read in zip(self.past.layers, past.layers, strict=True):
            layer.grow(most, max(lengths) + _STEP, self._rows)
            for source, (wanting, length) in enumerate(zip(rows, lengths, strict=True)):
                for buffer, values in ((layer.key_buffer, read.keys), (layer.value_buffer, read.values)):
                    for row in wanting:
                        buffer[row, :, :shared] = values[source, :, :shared]
                        buffer[row, :, shared:length] = values[source, :, values.shape[2] - (length - shared) :]

    def move(self, row: int, to: int, length: int) -> None:
        for layer in self.past.layers:
            layer.key_buffer[to, :, :length] = layer.key_buffer[row, :, :length]
            layer.value_buffer[to, :, :length] = layer.value_buffer[row, :, :length]

    def point(self, places: Any, length: int) -> None:
        """The places that the next pass writes to, one a row, and how many columns it reads."""
        for layer in self.past.layers:
            layer.grow(len(places), length, self._rows)
            layer.places, layer.length = places, length


@cache
def _layer_class() -> Any:
    """The class of a layer of the cache; models ask whether it is one of transformers' own."""
    import torch
    from transformers.cache_utils import DynamicLayer

    class SlotLayer(DynamicLayer):
        """`update` writes one token a row, at `places`, and gives the first `length` columns to read."""

        def __init__(self, like: Any) -> None:
            super().__init__()
            self.is_initialized = True
            self.dtype, self.device = like.keys.dtype, like.keys.device
            self.key_buffer = like.keys.new_zeros((0, like.keys.shape[1], 0, like.keys.shape[3]))
            self.value_buffer = like.values.new_zeros((0, like.values.shape[1], 0, like.values.shape[3]))
            self.places: Any = None
            self.length = 0

        def grow(self, rows: int, length: int, most: int) -> None:
            """Room for that many rows (`most` will ever be wanted) and columns; zeros, since what a mask hides must be finite."""
            here, columns = self.key_buffer.shape[0], self.key_buffer.shape[2]
            if rows <= here and length <= columns:
                return
            tall = here if rows <= here else min(most, max(rows, 2 * here))
            long = columns if length <= columns else max(length, columns + max(_STEP, columns // 2))
            for name in ("key_buffer", "value_buffer"):
                old = getattr(self, name)
                new = old.new_zeros((tall, old.shape[1], long, old.shape[3]))
                new[:here, :, :columns] = old
                setattr(self, name, new)

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            size = key_states.shape[0]
            rows = torch.arange(size, device=key_states.device)
            self.key_buffer[rows, :, self.places] = key_states[:, :, 0]
            self.value_buffer[rows, :, self.places] = value_states[:, :, 0]
            return self.key_buffer[:size, :, : self.length], self.value_buffer[:size, :, : self.length]

        def get_seq_length(self, *_: Any) -> int:
            return self.length - 1

        def get_mask_sizes(self, query_length: Any, *_: Any) -> tuple[int, int]:
            return self.length, 0

    return SlotLayer
