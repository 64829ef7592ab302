"""Which files a plugin reads that opens one language model: what `reads` of its spec says."""

import re
from pathlib import Path
from typing import Any

from harness.chat.llama_server import SMOLLM2

_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


def model_files(model: Any = None, base: Any = None, **_: Any) -> list[Path] | None:
    """The model's folder or file; nothing for one that lies in an installed package or is named on a hub by its commit.

    None for a name on a hub whose content may change.
    """
    name = base if model is None else model
    if name is None:
        return []
    if not isinstance(name, str):
        return None
    path = Path(name).expanduser()
    if path.exists() or name.lower().endswith(".gguf"):
        return [path]
    return [] if name == SMOLLM2 or _COMMIT.match(name.partition("@")[2]) else None
