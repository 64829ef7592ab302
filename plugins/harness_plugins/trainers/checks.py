"""What a training cannot go on with, said so that one knows what to do; and what it left out, in words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import InputError, PluginError
from harness_plugins.trainers.tokenised import Tokenised

_NO_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)
_NAMED = 3


def check_template(tokenizer: Any, style: str, model: str) -> None:
    """InputError where prompts are to be written by a chat template that the model does not have."""
    if style == "chat" and not getattr(tokenizer, "chat_template", None):
        raise InputError(
            f"{model} has no chat template, and style=chat writes prompts by one; choose style: sweinstruct, alpaca or plain, "
            "and generate with the same style"
        )


@contextmanager
def memory_told(folder: Path, tokens: int) -> Iterator[None]:
    """A context in which running out of memory says which settings to change, and from where the training will go on."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch's error on GPUs is a RuntimeError, as is what it says on CPUs
        if not isinstance(error, MemoryError) and not _NO_MEMORY.search(str(error)):
            raise
        steps = sorted(int(path.stem.removeprefix("step-")) for path in (folder / "state").glob("step-*.json"))
        goes_on = f"behind step {steps[-1]:,}" if steps else "from the beginning (no checkpoint was saved yet: see save_every)"
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise PluginError(
            f"memory does not hold this training ({said:.200}); lower batch_tokens (now {tokens:,}) or set "
            f"gradient_checkpointing: true, which change no result: the same command then goes on {goes_on}. Where that is not "
            "enough: a lower max_length, lora: 16, or parallel: fsdp on several devices"
        ) from error


def left_out(told: Tokenised, longest: int) -> list[str]:
    """Sentences on what could not be learned as it is, the first ids among them."""
    kinds = (
        (told.cut, f"lost their end at {longest:,} tokens"),
        (told.dropped, f"were left out: at {longest:,} tokens nothing of them remains"),
        (told.empty, "were left out: they are empty"),
    )
    return [f"{len(ids):,} answers {what} ({', '.join(ids[:_NAMED])}{' …' * (len(ids) > _NAMED)})" for ids, what in kinds if ids]
