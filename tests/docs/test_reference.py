"""The reference is what the generator makes of the source, and leaves no hook, command or plugin out."""

import subprocess
import sys

from documents import DOCS, ROOT

from harness import hookspecs, load_plugins
from harness.cli.main import command_points
from harness.hookspecs import hookspec


def test_the_committed_pages_are_what_the_source_says() -> None:
    """In a process of its own: in one that has run commands, click lists `--help` a second time."""
    script = ROOT / "docs" / "_tools" / "reference.py"
    result = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, ""), "run `make docs` and commit docs/reference"


def test_every_hook_is_documented_with_its_exact_arguments() -> None:
    import ast
    import inspect

    page = (DOCS / "reference" / "hooks.md").read_text(encoding="utf-8")
    hooks = {name: value for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspec.project_name}_spec")}
    assert len(hooks) == 5
    for name, hook in hooks.items():
        written = ast.parse(inspect.getsource(hook)).body[0]
        assert isinstance(written, ast.FunctionDef)
        assert f"def {name}({ast.unparse(written.args)})" in page
        assert list(inspect.signature(hook).parameters) == [argument.arg for argument in written.args.args]
        assert f"## {name}\n" in page
        assert inspect.getdoc(hook) in page
        assert f"@hookimpl\ndef {name}()" in page  # the plugin to copy


def test_every_command_and_every_built_in_plugin_has_its_section() -> None:
    commands = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    own = {name for name, points in command_points().items() if points[0].module.startswith("harness.")}
    assert {name for name in own if f"## harness {name}\n" not in commands} == set()
    plugins = (DOCS / "reference" / "plugins.md").read_text(encoding="utf-8")
    built_in = {
        n for entries in load_plugins().entries.values() for n, e in entries.items() if e.distribution == "metaeval-harness"
    }
    assert {name for name in built_in if f"### {name}\n" not in plugins} == set()


def test_every_field_of_every_record_is_there() -> None:
    from harness import records

    page = (DOCS / "reference" / "records.md").read_text(encoding="utf-8")
    for name, record in vars(records).items():
        if isinstance(record, type) and record.__module__ == "harness.records" and not name.startswith("_"):
            section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
            assert [field for field in record.__struct_fields__ if f"| `{field}` |" not in section] == []


def test_every_key_of_a_gate_is_in_the_reference() -> None:
    from msgspec import Struct
    from msgspec.structs import fields

    from harness.gate import config, judges_config
    from harness.gate.pairs import Pair

    page = (DOCS / "reference" / "config.md").read_text(encoding="utf-8")
    section = page[page.index("## gate.yaml") : page.index("## The shipped configs")]
    structs: tuple[type[Struct], ...] = (config.AgreementOptions, config.CostOptions, Pair)
    options = [one.name for struct in structs for one in fields(struct)]
    judges = [*judges_config._KEYS, *judges_config._JUDGE_KEYS, *judges_config._DRIFT_KEYS]
    assert {key for key in [*config._KEYS, *options, *judges] if f"`{key}`" not in section} == set()
