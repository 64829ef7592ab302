"""Writes a new plugin: a distribution with pyproject, typed module, tests, README and a CI file.

Templates lie in `templates/common` and `templates/<kind>`: `[[ name ]]` stands for a value in a file, `NAME` for the module in a
path, `DOT` for a dot that begins a name.
"""

import keyword
import re
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError
from harness.hookspecs import VERSION
from harness.whole_files import replace_file

KINDS = ("metric", "builder", "trainer", "generator", "judgments", "command")
_TEMPLATES = Path(__file__).parent / "templates"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_GROUPS = {"command": "harness.commands"}


def new_plugin(kind: str, name: str, folder: Path, distribution: str | None = None) -> list[Path]:
    """Writes the distribution into `folder`, which is new or empty; returns its files.

    Raises InputError for a name that is no plugin's name, and for a folder that holds something: nothing is overwritten.
    """
    if kind not in KINDS:
        raise InputError(f"there is no kind of plugin {kind!r}: {', '.join(KINDS)}")
    if not _NAME.match(name):
        raise InputError(f"{name!r} is no plugin's name: use small letters, digits and single hyphens, as in word-recall")
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or module in ("harness", "tests"):
        raise InputError(f"{name!r} cannot be the name of a Python module; choose another one")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and holds something; name another folder with --folder")
    distribution = distribution or f"metaeval-{name}"
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", distribution):
        raise InputError(f"{distribution!r} is no name of a distribution: use letters, digits, hyphens and dots")
    values = {
        "kind": kind,
        "name": name,
        "module": f"{module}_plugin",
        "class": "".join(part.capitalize() for part in name.split("-")),
        "function": module,
        "distribution": distribution,
        "group": _GROUPS.get(kind, "harness.plugins"),
        "hooks": str(VERSION),
        "entry": f"{module}_plugin:{module}" if kind == "command" else f"{module}_plugin",
    }
    written = []
    for path, text in _filled(kind, values):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, text.encode())
        written.append(target)
    return written


def _filled(kind: str, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    import jinja2

    environment = jinja2.Environment(
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # these are source files, not pages
    )
    for folder in ("common", kind):
        for source in sorted((_TEMPLATES / folder).rglob("*.jinja")):
            path = source.relative_to(_TEMPLATES / folder).as_posix().removesuffix(".jinja")
            yield (
                path.replace("NAME", values["module"]).replace("DOT", "."),
                environment.from_string(source.read_text(encoding="utf-8")).render(values),
            )
