"""A model of a transformers folder as its users open it: loaded when first needed, with its tokenizer and what ends its texts."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from harness.errors import PluginError
from harness_plugins.judges.local_files import LocalModel, load_model, load_tokenizer, longest_prompt
from harness_plugins.judges.local_prompts import Prompts


class OpenModel:
    """A found model on a device. `device`: `auto` is CUDA where there is one; `name`: for errors.

    `loaded` raises PluginError for a device that is not there or too small.
    """

    def __init__(self, found: LocalModel, device: str, dtype: str, name: str | None = None) -> None:
        self.found, self._device, self._dtype, self._name = found, device, dtype, name or found.name

    @cached_property
    def tokenizer(self) -> Any:
        return load_tokenizer(self.found)

    @cached_property
    def prompts(self) -> Prompts:
        return Prompts(self.tokenizer, self.found.name)

    @cached_property
    def loaded(self) -> Any:
        return self.put(load_model)

    def put(self, load: Callable[[LocalModel, str, str], Any]) -> Any:
        """What `load` makes of the model, the device and the type of its numbers."""
        import torch

        device = self._device if self._device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        try:
            return load(self.found, device, self._dtype)
        except (RuntimeError, AssertionError) as error:  # torch's words for a device that is not there or full
            raise PluginError(f"model {self._name!r} cannot be put on device {device!r}: {error}") from error

    @cached_property
    def longest(self) -> int | None:
        """Tokens that it reads, its own included; None where its config does not say."""
        return longest_prompt(self.loaded.config)

    @cached_property
    def ends(self) -> frozenset[int]:
        """Tokens that end a text: those of its generation config, and its tokenizer's."""
        said = self.loaded.generation_config.eos_token_id
        ends = set(said) if isinstance(said, list) else {said}
        return frozenset(end for end in {*ends, self.prompts.end} if end is not None)

    def batch_tokens(self, wanted: int | None, cpu: int, elsewhere: int) -> int:
        """Tokens of a batch: what is wanted, else what suits the device."""
        return wanted or (cpu if self.loaded.device.type == "cpu" else elsewhere)
