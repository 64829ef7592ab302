"""The pages of the reference, each made from the source it tells of."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from sources import Class, Field, aliases, classes, functions

DISTRIBUTION = "metaeval-harness"
MADE = "<!-- Made from the source by docs/_tools/reference.py; change the source and run `make docs`. -->"
# Hook → the plugin of tests/plugin_package that shows it; each is built, installed and run by the tests.
EXAMPLES = {
    "harness_metrics": "word_recall.py",
    "harness_judgment_sources": "weather.py",
    "harness_dataset_builders": "countdown.py",
    "harness_generators": "echo.py",
    "harness_trainers": "unigram.py",
}
WIDTH = 100  # characters a line of --help may have


def hooks_page(root: Path) -> str:
    """Every hook with its exact arguments, what it returns, and a plugin to copy."""
    from harness.registry import HOOKS

    parts = [
        MADE,
        "# Hooks",
        "A plugin is a module that implements one of these functions and is named in the group `harness.plugins` of its "
        "package's `pyproject.toml`, or given as a file: `harness --plugin FILE.py …`. Hooks take no arguments and return a list "
        "of specs; a spec is cheap, and its `build` does the heavy imports. Each plugin below is whole: copy it and change it.",
    ]
    for hook in functions(root / "harness" / "hookspecs.py"):
        kind, spec = HOOKS[hook.name]
        example = (root / "tests" / "plugin_package" / "outside_plugins" / EXAMPLES[hook.name]).read_text(encoding="utf-8")
        parts += [
            f"## {hook.name}",
            _code("text", hook.signature),
            hook.doc,
            f"Returns [`{spec.__name__}`](specs.md#{_anchor(spec.__name__)}); what it builds is a {kind}.",
            f"Save this as `{EXAMPLES[hook.name]}`:",
            _code("python", example.rstrip()),
            _code("sh", f"harness plugins check {EXAMPLES[hook.name]}"),
        ]
    parts += [
        "## Named in a package",
        _code("toml", '[project.entry-points."harness.plugins"]\nword-recall = "your_package.word_recall"'),
    ]
    return _joined(parts)


def specs_page(root: Path) -> str:
    """What a plugin must be able to do, and the specs that announce it."""
    intro = (
        "A spec announces a plugin; what its `build` returns has the methods of the matching protocol. The protocols are checked "
        "when a plugin is built, and `harness plugins check` tries them out."
    )
    found = classes(root / "harness" / "protocols.py")
    return _joined([MADE, "# Specs and protocols", intro, *(part for one in found for part in _class_parts(one))])


def records_page(root: Path) -> str:
    """The records that flow through the harness."""
    path = root / "harness" / "records.py"
    intro = (
        "Every record is frozen, checked when it is read, and one JSON object a line when it is written. All fields are given by "
        "name. Missing is `None`; no default stands in for a value."
    )
    named = ["## Words", _table(("name", "one of"), [(f"`{name}`", f"`{type}`") for name, type in aliases(path).items()])]
    return _joined([MADE, "# Records", intro, *(part for one in classes(path) for part in _class_parts(one)), *named])


def config_page(root: Path) -> str:
    """The keys of a run config, with the shipped ones as examples."""
    (run,) = [one for one in classes(root / "harness" / "config.py") if one.name == "RunConfig"]
    (options,) = [one for one in classes(root / "harness" / "meta" / "options.py") if one.name == "MetaOptions"]
    (executor,) = [one for one in classes(root / "harness" / "executors" / "choice.py") if one.name == "ExecutorChoice"]
    parts = [
        MADE,
        "# Config keys",
        "`harness run CONFIG` takes a YAML file. An unknown key is an error that names the file, the line and the nearest key. "
        "`harness run CONFIG --dry-run` prints what would run.",
        "## Top level",
        run.doc,
        _fields(run.fields),
        "## metaevaluate",
        options.doc,
        _fields(options.fields),
        "## executor",
        f"{executor.doc}\n\nA name alone is enough: `executor: local`.",
        _fields(executor.fields),
        *_experiments(root),
        *_gates(root),
        "## The shipped configs",
    ]
    for file in sorted((root / "configs").glob("*.yaml")):
        parts += [f"### {file.name}", _code("yaml", file.read_text(encoding="utf-8").rstrip())]
    return _joined(parts)


def _experiments(root: Path) -> list[str]:
    """The sections of an experiment's config that are its own."""
    parts = {one.name: one for one in classes(root / "harness" / "experiment_records.py")}
    sections = (("train", "Training"), ("hold_out", "HoldOut"), ("compare", "CompareOptions"))
    found = [
        "## Experiments",
        "A config with one of the keys `build`, `examples`, `train` and `generate` is of an experiment "
        "([from data to leaderboard](../tutorial/instruction-tuning.md)). Its keys: `name`, `build` (a config of "
        "`harness build`, or a list of several with names), `examples` (a build folder, a JSON Lines file, `build:NAME`), "
        "`hold_out`, `train`, `generate` (`systems`, `split`, `limit`), `score` (`metrics`), `compare`, "
        "`metaevaluate` (`judgments`, and the keys above), `leaderboard` (a config of `harness leaderboard run`), `output`, "
        "`plugins`, `executor` (as above). A training has its plugin under `trainer`, a system under `generator`; in a system's "
        "parameters `train:NAME` is the checkpoint of that name, in a training's that of a training above it.",
    ]
    for key, name in sections:
        found += [f"### {key}", parts[name].doc, _fields(parts[name].fields)]
    return found


_GATE_KEYS = (
    ("baseline", "`baseline.json`", "the file that `harness gate update` writes and everything is compared with"),
    ("metrics", "none", "names, or names with parameters: `- rouge-l: {stemmer: swedish}`"),
    ("tolerances", "as each metric's author says", "how far a score may move, by metric: `{bertscore: 1.0e-5}`"),
    ("pairs", "none", "files of pairs"),
    (
        "off_pairs",
        "none",
        "metrics, by label or name, that are asked about judged sets only: what a set holds already, pairs of outputs",
    ),
    (
        "judgments",
        "none",
        "judged sets: judgment sources, each with their parameters and `optional` (whether it may be absent on a machine; "
        "`false`) and `metrics` (those that are held to it; all)",
    ),
    ("agreement", "the defaults below", "when agreement with people has fallen"),
    ("cost", "the defaults below", "when a metric has become slower or larger"),
    ("statistics", "none", "a folder of frozen cases"),
    ("judges", "none", "a file of metrics that ask language models"),
    ("plugins", "none", "plain files that offer the metrics"),
)
_JUDGES_KEYS = (
    ("answers", "a file of answers that the judges were asked about; or"),
    ("judgments", "a judgment source; one of the two"),
    (
        "judges",
        "a list, each with the keys `metric`, `replies` (a file), `name` (short, for messages), `examples` (ids; all), `drift`",
    ),
)


def _gates(root: Path) -> list[str]:
    """The keys of `gate.yaml`, of the file of its judges, and of a pair."""
    own = {
        one.name: one
        for file in ("config", "judges_config", "pairs")
        for one in classes(root / "harness" / "gate" / f"{file}.py")
    }
    found = [
        "## gate.yaml",
        "What `harness gate` reads ([how to set one up](../how-to/gate.md)). Paths are relative to the file. "
        "Every key may be left out.",
        _table(("key", "default", ""), [(f"`{key}`", default, what) for key, default, what in _GATE_KEYS]),
    ]
    for key, name in (("agreement", "AgreementOptions"), ("cost", "CostOptions")):
        found += [f"### {key}", own[name].doc, _fields(own[name].fields)]
    found += [
        "### A pair",
        f"A file of pairs is JSON Lines. {own['Pair'].doc}",
        _fields(own["Pair"].fields),
        "### The file of judges",
        _table(("key", ""), [(f"`{key}`", what) for key, what in _JUDGES_KEYS]),
        f"`drift`, of `harness gate --live`: {own['Drift'].doc}",
        _fields(own["Drift"].fields),
    ]
    return found


def commands_page(root: Path) -> str:
    """`--help` of every command and subcommand that this distribution brings."""
    import click

    from harness.cli.main import command_points, harness

    parts = [
        MADE,
        "# Commands",
        "What `--help` prints. Results go to stdout, progress and notices to stderr.",
        *_help(harness, ["harness"], 2),
    ]
    for name, points in sorted(command_points().items()):
        command = points[0].load()
        if points[0].dist is not None and points[0].dist.name == DISTRIBUTION:
            parts += _help(command, ["harness", name], 2)
            if isinstance(command, click.Group):
                context = click.Context(command)
                for inner in sorted(command.list_commands(context)):  # a group may load its commands when they are called
                    parts += _help(command.get_command(context, inner), ["harness", name, inner], 3)
    return _joined(parts)


def plugins_page(root: Path) -> str:
    """The built-in plugins with their parameters."""
    from harness.registry import PROTOCOLS

    intro = (
        "Written as `NAME`, `NAME:key=value,key=value`, and where a bare word is taken `NAME:WORD`. Values are `true`, `false`, "
        "`null`, a number, a list `[a, b]`, or text. In a config: `NAME: {key: value}`."
    )
    parts = [MADE, "# Built-in plugins", intro]
    entries = _built_in()
    for kind in PROTOCOLS:
        if entries[kind]:
            parts.append(f"## {kind.capitalize()}s")
        for entry in entries[kind]:
            parts += _plugin_parts(entry.spec)
    return _joined(parts)


def index_page(root: Path) -> str:
    """The reference's first page."""
    rows = [
        ("[Hooks](hooks.md)", "the extension points, each with a plugin to copy"),
        ("[Specs and protocols](specs.md)", "what a plugin announces and what it must be able to do"),
        ("[Records](records.md)", "what flows: examples, outputs, scores, judgments, rows of results"),
        ("[Config keys](config.md)", "what a run's YAML file may say"),
        ("[Commands](commands.md)", "`--help` of everything"),
        ("[Built-in plugins](plugins.md)", "metrics and judgment sources with their parameters"),
        ("[Benchmarks](benchmarks.md)", "every job beside its peer: ratios, the commands that make them"),
        (
            "[Seeded regressions](gate-catalogue.md)",
            "which of 93 regressions the gate catches, and which harmless changes it passes",
        ),
        (
            "[Mutants](gate-mutants.md)",
            "automatic mutants of metrics, judges and statistics: which the gate kills, which survive",
        ),
        ("[Clean runs](gate-clean-runs.md)", "forty runs of the gate on unchanged code, no two alike, and what they bound"),
        ("[The live check of judges](gate-sequential.md)", "how often it is wrong, and how many answers it takes, simulated"),
    ]
    return _joined(
        [MADE, "# Reference", "Made from the source, so that it cannot say something else.", _table(("page", "holds"), rows)]
    )


def _built_in() -> dict[str, list[Any]]:
    """Kind → the entries that this distribution brings, by name."""
    from harness.plugins import GROUP, load_plugins

    own = {point.name for point in entry_points(group=GROUP) if point.dist is not None and point.dist.name == DISTRIBUTION}
    registry = load_plugins(strict=False)
    return {
        kind: [entry for _, entry in sorted(entries.items()) if entry.plugin in own and entry.distribution == DISTRIBUTION]
        for kind, entries in registry.entries.items()
    }


def _data_facts(spec: Any) -> list[str]:
    """Which files `harness data get` fetches for the plugin: those of a source, or those of each of a builder's data sets."""
    data = getattr(spec, "data", None)
    if not data:
        return []
    sets = data if isinstance(data, Mapping) else {spec.name: data}
    return [f"data: {name}, licence {files.licence}, `harness data get {name}`" for name, files in sorted(sets.items())]


def _plugin_parts(spec: Any) -> Iterator[str]:
    facts = [f"version {spec.version}"]
    facts += [f"extra `{spec.extra}`"] if spec.extra else []
    facts += [f"needs {' and '.join(spec.needs)}"] if getattr(spec, "needs", ()) else []
    facts += [f"components {', '.join(f'`{name}`' for name in spec.components)}"] if getattr(spec, "components", ()) else []
    facts += [f"a bare word is `{spec.argument}`"] if spec.argument else []
    facts += _data_facts(spec)
    yield f"### {spec.name}"
    yield f"{_sentence(spec.help)} ({'; '.join(facts)})"
    doc = inspect.getdoc(spec.build)
    if doc:
        yield doc
    try:
        parameters = [one for one in inspect.signature(spec.build).parameters.values() if one.kind is not one.VAR_KEYWORD]
    except (TypeError, ValueError):  # a callable that does not say
        return
    if parameters:
        rows = [
            (f"`{one.name}`", "required" if one.default is one.empty else f"`{one.default!r}`", _type(one)) for one in parameters
        ]
        yield _table(("parameter", "default", "type"), rows)


def _type(parameter: inspect.Parameter) -> str:
    if parameter.annotation is parameter.empty:
        return ""
    text = parameter.annotation if isinstance(parameter.annotation, str) else inspect.formatannotation(parameter.annotation)
    return f"`{re.sub(r'(?:[a-z_]+[.])+([A-Z])', chr(92) + '1', text)}`"


def _help(command: Any, path: Sequence[str], level: int) -> list[str]:
    """A heading and what `--help` prints."""
    import click

    context = click.Context(command, info_name=" ".join(path), terminal_width=WIDTH, max_content_width=WIDTH)
    return [f"{'#' * level} {' '.join(path)}", _code("text", command.get_help(context).rstrip())]


def _class_parts(one: Class) -> Iterator[str]:
    yield f"## {one.name}"
    bases = [base for base in one.bases if base not in ("_Record", "Protocol")]
    yield one.doc + (
        f"\n\nAll fields of {', '.join(f'[`{base}`](#{_anchor(base)})' for base in bases)}, and:" if bases and one.fields else ""
    )
    if one.fields:
        yield _fields(one.fields)
    for method in one.methods:
        yield f"{_code('text', method.signature)}\n\n{method.doc}"


def _fields(fields: Sequence[Field]) -> str:
    noted = any(field.comment for field in fields)
    rows = [
        (
            f"`{one.name}`",
            f"`{one.type}`",
            "required" if one.default is None else f"`{one.default}`",
            *((one.comment,) if noted else ()),
        )
        for one in fields
    ]
    return _table(("field", "type", "default", *(("",) if noted else ())), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in line) + " |" for line in lines)


def _code(language: str, text: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text}\n{fence}"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
