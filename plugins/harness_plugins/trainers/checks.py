"""What a training cannot go on with, said so that one knows what to do; and what it left out, in words."""

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import Example
from harness.cache import Cache
from harness.errors import InputError, PluginError
from harness_plugins.judges.local_files import find_model
from harness_plugins.trainers.tokenised import Tokenised

_NO_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)
_NAMED = 3
_HUB = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?(@.+)?\Z")


def check_base(base: str) -> None:
    """PluginError where the base is no usable folder, no file, and cannot be a name on the hub; the hub is not asked."""
    path = Path(base).expanduser()
    if path.is_dir():
        find_model(base, Cache(), gguf=True)
    elif path.is_file() != base.lower().endswith(".gguf") or not (path.is_file() or _HUB.match(base)):
        raise PluginError(f"base {base!r}: it is no folder, no GGUF file and no name on the hub (owner/name[@revision])")


def check_answers(examples: Iterable[Example]) -> None:
    """InputError where none of the examples has an answer to learn."""
    count = 0
    for example in examples:
        if example.references and example.references[0].strip():
            return
        count += 1
    raise InputError(f"no example is left to learn from: none of {count:,} has an answer (`references`); give other examples")


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


def given(name: str, value: Any, preset: dict[str, Any], default: Any, *, least: float, open_end: bool = False) -> Any:
    """The value, else the preset's, else the default; ValueError where it is not finite, or below `least` (with `open_end`: or
    at it)."""
    found = value if value is not None else preset.get(name, default)
    if (
        isinstance(found, bool)
        or not isinstance(found, (int, float))
        or not least <= found < math.inf
        or (open_end and found == least)
    ):
        raise ValueError(f"{name} is a number {'above' if open_end else 'of at least'} {least:g}, got {found!r}")
    return found
