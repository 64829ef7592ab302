"""Which files a plugin reads that opens a language model: what `reads` of its spec says."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.chat.llama_server import SMOLLM2
from harness.config import shipped
from harness.file_states import named_files
from harness_plugins.judges.prompts import PromptFiles

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


def judge_files(
    model: Any = None, backend: Any = "openai", prompt: Any = None, criteria: Any = None, prices: Any = None, **_: Any
) -> list[Path] | None:
    """What a judge reads: prompts, criteria and prices, those that come with the program too, and the models that run here.

    A service may answer differently another day, but what it answered is stored, and asked for again by another `round` alone.
    None where a model's content may change unseen. InputError for a prompt that is not there.
    """
    found = [shipped("configs") / "judge"]
    for each in model if isinstance(model, list | tuple) else [model]:
        one = dict(each) if isinstance(each, Mapping) else {"model": each}
        found += named_files(criteria=criteria, prices=one.get("prices", prices))
        if one.get("backend", backend) != "openai":
            files = model_files(one.get("model"))
            if files is None:
                return None
            found += files
    if prompt is not None:
        folders = {file.parent for file in PromptFiles(str(prompt)).files.values()}
        found += [file for folder in sorted(folders) for file in sorted(folder.glob("*.j2"))]  # one may include another
    return found
