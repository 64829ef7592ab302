"""The judged sets of a gate: read from their sources, and which of them are not on this machine."""

from pathlib import Path

from harness.config import bind
from harness.errors import AbsentData, InputError
from harness.gate.config import GateConfig
from harness.judgments import JudgmentSet
from harness.registry import PluginRef, Registry, parameters
from harness.stages.evaluate import KIND, read_source


def read_sets(config: GateConfig, registry: Registry) -> tuple[dict[str, JudgmentSet], dict[str, str]]:
    """The judged sets by their labels; and those that may be absent and are, with the reason.

    Raises InputError for any other that cannot be read, also for one that is there and may be absent.
    """
    judged: dict[str, JudgmentSet] = {}
    absent: dict[str, str] = {}
    for gated in config.judgments:
        source = located(gated.ref, registry, config.file.parent)
        try:
            judged[gated.label] = read_source(registry, source)
        except InputError as error:
            if not gated.optional or not _is_absent(source, registry, error):
                raise
            absent[gated.label] = str(error)
    return judged, absent


def located(ref: PluginRef, registry: Registry, folder: Path) -> PluginRef:
    """The source with the files that its parameters name as seen from the config's folder, whatever the current folder is."""
    bound = bind(ref, registry, KIND)
    files = _files(bound, registry)
    return PluginRef(bound.name, {**bound.params, **{name: str(folder / path.expanduser()) for name, path in files.items()}})


def _is_absent(source: PluginRef, registry: Registry, error: InputError) -> bool:
    """Whether the source's data is not here: nothing is at a path that it names, or what it raised says so."""
    files = _files(source, registry)
    if files:
        return not all(path.exists() for path in files.values())
    return isinstance(error, AbsentData) or isinstance(error.__cause__, FileNotFoundError)


def _files(ref: PluginRef, registry: Registry) -> dict[str, Path]:
    """The parameters that are paths by their name (`path`) or by what the plugin says of them."""
    taken = parameters(registry.find(KIND, ref.name).spec) or {}
    kinds = {name: str(parameter.annotation) for name, parameter in taken.items()}
    return {
        name: Path(value)
        for name, value in ref.params.items()
        if isinstance(value, str) and value and (name == "path" or "Path" in kinds.get(name, ""))
    }
