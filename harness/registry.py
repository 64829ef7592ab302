"""What the loaded plugins offer, by kind and name, and how a written reference to one is read and built."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, MissingExtra, PluginError, did_you_mean
from harness.protocols import (
    BuilderSpec,
    DatasetBuilder,
    Generator,
    GeneratorSpec,
    JudgmentSource,
    JudgmentSourceSpec,
    Metric,
    MetricSpec,
    PluginSpec,
    Trainer,
    TrainerSpec,
)

# hook → the kind that it announces and the spec that it returns a list of
HOOKS: dict[str, tuple[str, type[PluginSpec]]] = {
    "harness_metrics": ("metric", MetricSpec),
    "harness_judgment_sources": ("judgment source", JudgmentSourceSpec),
    "harness_dataset_builders": ("dataset builder", BuilderSpec),
    "harness_generators": ("generator", GeneratorSpec),
    "harness_trainers": ("trainer", TrainerSpec),
}
# kind → what `build` must return
PROTOCOLS: dict[str, type] = {
    "metric": Metric,
    "judgment source": JudgmentSource,
    "dataset builder": DatasetBuilder,
    "generator": Generator,
    "trainer": Trainer,
}

_NUMBER = re.compile(r"[-+]?(0|[1-9]\d*)(?P<fraction>\.\d*)?(?P<exponent>[eE][-+]?\d+)?\Z")
_KEY = r"[A-Za-z_][\w-]*="
_LONGEST_NUMBER = 4000  # characters; Python refuses to read whole numbers of more than 4,300 digits
_DEEPEST = "[" * 100
_SECOND_COLON = rf"(?<=..):(?={_KEY})"  # one letter before the colon is a drive
_TABLES = (".csv", ".tsv", ".jsonl")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "": None}


@dataclass(frozen=True)
class Problem:
    """A plugin that could not be used (or only in part), and why. `fatal` ones stop a run."""

    plugin: str
    distribution: str
    reason: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"plugin {self.plugin!r} (from {self.distribution}): {self.reason}"


@dataclass(frozen=True)
class Loaded:
    """A plugin that was found: its distribution (or file) with its version, and how long importing it took, in seconds.

    `hooks`: the version of the hooks that it says it was written for; `imports`: large packages that came into this process with
    it, though they belong into `build`. `disabled` ones were not imported.
    """

    plugin: str
    distribution: str
    version: str | None = None
    seconds: float | None = None
    hooks: int | None = None
    imports: tuple[str, ...] = ()
    disabled: bool = False


@dataclass(frozen=True)
class Entry:
    """A spec with the plugin that offers it and where that comes from: a distribution, or the path of a plain Python file."""

    spec: PluginSpec
    plugin: str
    distribution: str

    @property
    def file(self) -> Path | None:
        """The file, of a plugin that is a plain one."""
        path = Path(self.distribution)
        return path if path.suffix == ".py" and path.is_file() else None


@dataclass(frozen=True)
class PluginRef:
    """A plugin's name with parameters, as a command line or a config gives it: `rouge-l:stemmer=swedish`."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        given = ",".join(f"{key}={_written(value)}" for key, value in sorted(self.params.items()))
        return f"{self.name}:{given}" if given else self.name


@dataclass
class Registry:
    """Everything the loaded plugins offer, by kind and name, and the problems met on the way."""

    entries: dict[str, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind in PROTOCOLS})
    problems: list[Problem] = field(default_factory=list)
    loaded: list[Loaded] = field(default_factory=list)

    def find(self, kind: str, name: str) -> Entry:
        """The entry of that kind and name; raises PluginError with the closest names and the plugins that failed to load."""
        return self._find(kind, name, name)

    def _find(self, kind: str, name: str, text: str) -> Entry:
        """`find`, knowing all that the user wrote: it may be the path of a table."""
        known = self.entries[kind]
        if name in known:
            return known[name]
        reader = table_reader(self) if kind == "judgment source" and _is_table(text) else None
        if reader is not None and reader.argument is not None:
            message = f"unknown {kind} {name!r}. Did you mean {f'{reader.name}:{text}'!r}?"
        else:
            message = f"unknown {kind} {name!r}.{did_you_mean(name, known)}"
        if self.problems:
            message += " Not loaded: " + "; ".join(map(str, self.problems)) + "."
        disabled = [one.plugin for one in self.loaded if one.disabled]
        if disabled:
            message += f" Disabled by HARNESS_DISABLED_PLUGINS: {', '.join(disabled)}."
        raise PluginError(message)

    def parse(self, kind: str, text: str) -> PluginRef:
        """The reference that `text` writes: `name`, `name:key=value,…`, or `name:VALUE` where the spec has an `argument`."""
        return parse_ref(text, self._find(kind, text.partition(":")[0], text).spec.argument)

    def build(self, kind: str, ref: PluginRef) -> Any:
        """The built plugin, its protocol checked; PluginError for wrong parameters, MissingExtra with the pip line to run."""
        entry = self.find(kind, ref.name)
        check_parameters(kind, entry.spec, ref.params)
        try:
            built = entry.spec.build(**ref.params)
        except ModuleNotFoundError as error:
            raise _missing(kind, entry, error) from error
        except (TypeError, ValueError) as error:
            raise PluginError(f"{kind} {str(ref)!r} (from {entry.distribution}): {error}") from error
        except (HarnessError, KeyboardInterrupt):
            raise
        except BaseException as error:  # whatever a stranger's code raises, sys.exit() among it: it is told by name
            raise PluginError(f"{kind} {str(ref)!r} (from {entry.distribution}): {type(error).__name__}: {error}") from error
        lacking = [member for member in _members(PROTOCOLS[kind]) if not hasattr(built, member)]
        if lacking:
            raise PluginError(
                f"{kind} {ref.name!r} (from {entry.distribution}): build returned {type(built).__name__}, "
                f"which lacks {' and '.join(map(repr, lacking))}; see {PROTOCOLS[kind].__name__} in harness/protocols.py"
            )
        return built


def parse_ref(text: str, spec_argument: str | None = None) -> PluginRef:
    """`name` or `name:key=value,key=value`; a bare word after the colon sets the parameter `spec_argument`.

    After a bare word the parameters may also follow a second colon: `table:FILE.csv:language=sv`.
    Values: `true`, `false`, `null`, a number, a list `[a,b]`, else text; quotes keep text as it is (`"1"`).
    """
    name, _, rest = text.partition(":")
    params: dict[str, Any] = {}
    pieces = re.split(rf",(?={_KEY})", rest) if rest else []
    if pieces and spec_argument is not None and not re.match(_KEY, pieces[0]):
        pieces[:1] = re.split(_SECOND_COLON, pieces[0], maxsplit=1)
    for piece in pieces:
        if re.match(_KEY, piece):
            key, _, value = piece.partition("=")
            key = key.replace("-", "_")
            if key in params:
                raise PluginError(f"{text!r}: {key!r} is given twice")
            params[key] = parse_value(value)
        elif spec_argument is not None and not params:
            params[spec_argument] = piece
        else:
            raise PluginError(f"{text!r}: expected key=value after the colon, got {piece!r}")
    return PluginRef(name, params)


def table_reader(registry: Registry) -> JudgmentSourceSpec | None:
    """The judgment source that reads the user's own tables, if one is installed; the core does not know its name."""
    specs = [entry.spec for _, entry in sorted(registry.entries["judgment source"].items())]
    readers = [spec for spec in specs if isinstance(spec, JudgmentSourceSpec) and spec.rows_argument is not None]
    return readers[0] if readers else None


def parse_value(text: str) -> Any:
    """What a command line means by `text`. Unlike YAML 1.1, `no` stays the language and `1:30` the text that it is."""
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.match(text)
    if number and len(text) <= _LONGEST_NUMBER:
        return float(text) if number["fraction"] or number["exponent"] else int(text)
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if text.startswith("[") and text.endswith("]") and not text.startswith(_DEEPEST):
        return [parse_value(item.strip()) for item in text[1:-1].split(",")] if text[1:-1].strip() else []
    return text


def check_parameters(kind: str, spec: PluginSpec, params: Mapping[str, Any]) -> None:
    """Raises PluginError naming the first parameter that `spec.build` does not take, or needs and is not given."""
    accepted = parameters(spec)
    if accepted is None:
        return
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values()):
        for key in params:
            if key not in accepted:
                raise PluginError(f"{kind} {spec.name!r} has no parameter {key!r}.{did_you_mean(key, accepted)}")
    for key in required(spec):
        if key not in params:
            how = f"{spec.name}:{key.upper()}" if key == spec.argument else f"{spec.name}:{key}=…"
            raise PluginError(f"{kind} {spec.name!r} needs the parameter {key!r}: {how}")


def parameters(spec: PluginSpec) -> Mapping[str, inspect.Parameter] | None:
    """What `spec.build` takes, by name; None for a C callable that does not say."""
    try:
        return inspect.signature(spec.build).parameters
    except (TypeError, ValueError):
        return None


def required(spec: PluginSpec) -> list[str]:
    """Names of the parameters that `spec.build` cannot do without."""
    named = [p for p in (parameters(spec) or {}).values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return [parameter.name for parameter in named if parameter.default is parameter.empty]


def pip_line(entry: Entry) -> str | None:
    """The command that installs the extra of an installed plugin; None if it has none, or is a plain file."""
    if entry.spec.extra is None or entry.file is not None:
        return None
    return f"pip install '{entry.distribution}[{entry.spec.extra}]'"


def _is_table(text: str) -> bool:
    """Whether the user wrote a path, perhaps with parameters after it, where a source's name stands."""
    path = Path(re.split(rf"[,:](?={_KEY})", text, maxsplit=1)[0])
    return path.suffix.lower() in _TABLES or path.is_file()


def _missing(kind: str, entry: Entry, error: ModuleNotFoundError) -> PluginError:
    line = pip_line(entry)
    if line is None:
        return PluginError(
            f"{kind} {entry.spec.name!r} (from {entry.distribution}) cannot be built: {error}; install that package"
        )
    return MissingExtra(f"{kind} {entry.spec.name!r} needs the package {error.name!r}; install it with: {line}")


def _members(protocol: type) -> list[str]:
    return [*vars(protocol).get("__annotations__", {}), *(name for name in vars(protocol) if not name.startswith("_"))]


def _written(value: Any) -> str:
    """The text that `parse_value` reads as this value."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_written, value))}]"
    text = str(value)
    return text if not isinstance(value, str) or parse_value(text) == text else f'"{text}"'
