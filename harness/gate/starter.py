"""A gate for metrics that have none: a config, and the shipped pairs to begin with."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from harness.config import find_config
from harness.errors import InputError
from harness.gate.config import DEFAULT, load_gate
from harness.registry import PluginRef
from harness.whole_files import read_file, replace_file

CONFIG = "gate.yaml"
_REST = """
# What else a gate can hold metrics to; see docs/how-to/gate.md.
# judgments: [contrast-sv]                  # judged sets: agreement with people on them must not fall
# agreement: {margin: 0.02, inconclusive: strict}
# tolerances: {my-metric: 1.0e-6}           # how far a score may move, by metric; else what its author says
# cost: {slower: 3, larger: 2}              # beside yardsticks that run beside it
"""


def write_starter(
    folder: Path, metrics: Sequence[PluginRef], plugins: Sequence[str], languages: Sequence[str] = ()
) -> list[Path]:
    """Writes `gate.yaml` and the pairs that it names into the folder; returns what was written.

    `plugins`: plain files that offer the metrics; `languages`: keeps the pairs in these only. Raises InputError where a file is
    in the way, before anything is written.
    """
    shipped = load_gate(find_config(DEFAULT)).pairs
    pairs = {folder / "gate" / path.name: _in_languages(path, languages) for path in shipped}
    config = folder / CONFIG
    there = [path for path in (config, *pairs) if path.exists()]
    if there:
        raise InputError(f"{there[0]} is there already; a gate that is there is changed by hand")
    held = {path: data for path, data in pairs.items() if data}
    if not held:
        raise InputError(f"none of the shipped pairs is in {', '.join(languages)}; write pairs of your own (docs/how-to/gate.md)")
    (folder / "gate").mkdir(parents=True, exist_ok=True)
    for path, data in held.items():
        replace_file(path, data)
    replace_file(config, _config(folder, metrics, plugins, held).encode())
    return [config, *held]


def _config(folder: Path, metrics: Iterable[PluginRef], plugins: Sequence[str], pairs: Iterable[Path]) -> str:
    values: dict[str, Any] = {"baseline": "gate/baseline.json"}
    if plugins:
        values["plugins"] = [_relative(Path(path), folder) for path in plugins]
    values["metrics"] = [{ref.name: dict(ref.params)} if ref.params else ref.name for ref in metrics]
    values["pairs"] = [path.relative_to(folder).as_posix() for path in pairs]
    head = "# `harness gate` fails when one of these metrics says something else than gate/baseline.json holds.\n"
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True) + _REST


def _relative(path: Path, folder: Path) -> str:
    own, home = path.absolute(), folder.absolute()
    return own.relative_to(home).as_posix() if own.is_relative_to(home) else str(own)


def _in_languages(path: Path, languages: Sequence[str]) -> bytes:
    import json

    lines = read_file(path).splitlines()  # of bytes: texts may hold U+2028 and the like, which end no line of JSON
    kept = [line for line in lines if line.strip() and (not languages or _language(json.loads(line)) in languages)]
    return b"".join(line + b"\n" for line in kept)


def _language(pair: Mapping[str, Any]) -> str:
    return str(pair["language"]).partition("-")[0]
