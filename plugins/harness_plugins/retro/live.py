"""A retrieval-augmented model that finds its neighbours by itself, whoever asks it: a causal language model to all that use one.

Prompts that are read together have one length, since their chunks have to end at the same place; the cache's layers are of a
class of their own, by which the engine knows that it may choose among rows and go on from copies, but neither cut nor join them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.cache_utils import DynamicLayer

from harness.cache import Cache
from harness.errors import HarnessError, PluginError
from harness_plugins.judges.local_files import LocalModel, find_model, load_model
from harness_plugins.judges.local_model import OpenModel
from harness_plugins.judges.local_torch import forward_arguments
from harness_plugins.retro.cache import Neighbours, RetroCache
from harness_plugins.retro.config import MODEL_TYPE, RetroConfig
from harness_plugins.retro.model import RetroForCausalLM
from harness_plugins.retro.retrieval import OpenRetrieval, read_retrieval

_KEPT = 100_000  # chunks whose neighbours are remembered


class LiveLayer(DynamicLayer):
    """Keys and values of a layer."""


@dataclass
class LiveNeighbours(Neighbours):
    """Neighbours with what the next ones are sought by: `waiting` (B, P), P < m, the tokens after the last finished chunk, and
    `own` (B,), the database's document that each row comes from, -1 for none."""

    waiting: Tensor | None = None
    own: Tensor | None = None

    def map(self, change: Any) -> None:
        super().map(change)
        self.waiting = None if self.waiting is None else change(self.waiting)
        self.own = None if self.own is None else change(self.own)


class LiveCache(RetroCache):
    """The cache of a model that finds its neighbours by itself; a copy goes on independently."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_class_to_replicate = LiveLayer
        self.neighbours: LiveNeighbours = LiveNeighbours()

    def __copy__(self) -> "LiveCache":
        new = LiveCache.__new__(LiveCache)
        new.__dict__.update(self.__dict__)
        new.neighbours = replace(self.neighbours, memory=dict(self.neighbours.memory))
        return new


class LiveModel:
    """A model and what it retrieves from. `owners`: the tokens of a prompt → the database's document that it comes from, whose
    chunks are no neighbours of it; prompts that are not there come from none."""

    def __init__(self, model: RetroForCausalLM, retrieval: OpenRetrieval) -> None:
        self.model, self.retrieval = model, retrieval
        self.owners: dict[tuple[int, ...], int] = {}
        self._sought: dict[tuple[int, tuple[int, ...]], tuple[int, ...]] = {}
        self.generation_config = model.generation_config

    @property
    def config(self) -> Any:
        """The decoder's config, in which users look for positions and heads."""
        return self.model.config.get_text_config()

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        return self.model.dtype

    def get_input_embeddings(self) -> Any:
        return self.model.get_input_embeddings()

    def num_parameters(self) -> int:
        return int(self.model.num_parameters())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        position_ids: Tensor | None = None,
        use_cache: bool = False,
        logits_to_keep: int = 0,
    ) -> Any:
        """As a causal language model's; the neighbours of the chunks that are finished are found on the way."""
        cache = past_key_values if past_key_values is not None else LiveCache() if use_cache else None
        kept = LiveNeighbours() if cache is None else cache.neighbours
        if kept.own is None:
            kept.own = torch.tensor([self.owners.get(tuple(row), -1) for row in input_ids.tolist()])
        ids, mask = self._finished(kept, input_ids, attention_mask)
        told = {"position_ids": position_ids, "logits_to_keep": logits_to_keep}
        return self.model(
            input_ids,
            attention_mask=attention_mask,
            neighbour_ids=ids,
            neighbour_mask=mask,
            past_key_values=cache,
            use_cache=cache is not None,
            **forward_arguments(self.model.decoder, **told),
        )

    def numbers(self, chunks: Sequence[Sequence[int]], own: Sequence[int]) -> list[tuple[int, ...]]:
        """Neighbours of finished chunks from the documents `own`: k numbers of the database's chunks each, -1 where there is
        none. What was asked before is not sought again."""
        import numpy as np

        keys = [(document, tuple(chunk)) for chunk, document in zip(chunks, own, strict=True)]
        new = list(dict.fromkeys(key for key in keys if key not in self._sought))
        if new:
            try:
                found = self.retrieval.numbers(np.array([key[1] for key in new], np.int32), own=np.array([key[0] for key in new]))
            except HarnessError:
                raise
            except Exception as error:  # a retriever of anyone's; to go on without neighbours would be another model's answers
                raise _failed(error) from error
            if len(self._sought) > _KEPT:
                self._sought = {key: self._sought[key] for key in keys if key in self._sought}
            self._sought.update(zip(new, map(tuple, found.tolist()), strict=True))
        return [self._sought[key] for key in keys]

    def generate(self, input_ids: Tensor, **settings: Any) -> Any:
        """As transformers generates, for prompts of one document (or of none)."""
        own = {self.owners.get(tuple(row), -1) for row in input_ids.tolist()}
        if len(own) > 1:
            raise ValueError("prompts of several documents are generated from one after the other")
        self.model.retriever = self.retrieval.for_model(own.pop())
        try:
            return self.model.generate(input_ids, **settings)
        finally:
            self.model.retriever = None

    def _finished(self, kept: LiveNeighbours, input_ids: Tensor, attention_mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Tokens of the neighbours of the chunks that end in these tokens (B, L, K, R), and which of them are tokens."""
        chunk = self.retrieval.database.chunk
        batch, length = input_ids.shape
        real = torch.ones_like(input_ids, dtype=torch.bool) if attention_mask is None else attention_mask[:, -length:].bool()
        tokens = input_ids
        if kept.waiting is not None:
            tokens = torch.cat([kept.waiting, tokens], dim=1)
            real = torch.cat([torch.ones_like(kept.waiting, dtype=torch.bool), real], dim=1)
        finished = tokens.shape[1] // chunk
        kept.waiting = tokens[:, finished * chunk :]
        shape = (batch, finished, self.retrieval.neighbours, int(self.model.config.neighbour_length))
        ids = torch.zeros(shape, dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.bool)
        whole = real[:, : finished * chunk].unflatten(1, (finished, chunk)).all(-1).cpu() if finished else mask[:, :, 0, 0]
        if whole.any():
            assert kept.own is not None
            chunks = tokens[:, : finished * chunk].unflatten(1, (finished, chunk)).cpu()
            ids[whole], mask[whole] = self._found(chunks[whole], kept.own.cpu()[:, None].expand(-1, finished)[whole], shape[-1])
        return ids.to(input_ids.device), mask.to(input_ids.device)

    def _found(self, chunks: Tensor, own: Tensor, most: int) -> tuple[Tensor, Tensor]:
        """Tokens of the neighbours of chunks (N, m) from the documents `own` (N,), and which of them are tokens."""
        import numpy as np

        numbers = np.array(self.numbers(chunks.tolist(), own.tolist()), np.int64)
        try:
            tokens, mask = self.retrieval.database.with_continuation(numbers)
        except (OSError, ValueError, IndexError) as error:
            raise _failed(error) from error
        return torch.from_numpy(tokens[..., :most]).long(), torch.from_numpy(mask[..., :most])


def load_retro(found: LocalModel, device: str, dtype: str) -> RetroForCausalLM:
    """The model in a folder, in eval mode on the device. PluginError for a folder that holds another kind of model."""
    AutoConfig.register(MODEL_TYPE, RetroConfig, exist_ok=True)
    AutoModelForCausalLM.register(RetroConfig, RetroForCausalLM, exist_ok=True)
    loaded = load_model(found, device, dtype)
    if not isinstance(loaded, RetroForCausalLM):
        raise PluginError(
            f"model {found.name!r} in {found.folder} is a {type(loaded).__name__}, which reads no neighbours; "
            "give the folder `model` of a training by the trainer `retro`"
        )
    return loaded


def open_checkpoint(folder: str | Path, device: str = "auto", dtype: str = "float32") -> RetroForCausalLM:
    """The model in a folder that a training left, in eval mode. InputError or PluginError for a folder that holds none."""
    read_retrieval(folder)  # says best what is wrong with a folder
    return OpenModel(find_model(str(folder), Cache()), device, dtype).put(load_retro)


def _failed(error: Exception) -> PluginError:
    return PluginError(
        f"neighbours could not be found while the model wrote ({type(error).__name__}: {error}); mend the database or its index "
        "and run the same command again: finished answers are kept"
    )
