"""YAML that remembers its lines: plain values only, each key once, and errors that name the file, the line and the key."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigError
from harness.whole_files import read_file

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, ScalarNode

Keys = Sequence[str | int]

_TAG = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_LONGEST_NUMBER = 4000  # characters; Python refuses to read whole numbers of more than 4,300 digits
_HALF = re.compile("[\ud800-\udfff]")
_EXPONENT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+\Z")


@dataclass(frozen=True)
class Document:
    """A YAML file whose top is a mapping, or a part of one: its `value`, and the way back to the lines.

    `above`: the keys under which a part stands, which its errors name.
    """

    path: Path
    value: dict[str, Any]
    root: "Node"
    above: Keys = ()

    def line(self, *keys: str | int) -> int:
        """The line (from 1) of the key or the list element at this path, or of the closest thing above it that is there."""
        return _line(self.root, keys)

    def error(self, message: str, *keys: str | int) -> ConfigError:
        """An error to raise: `file, line n, key: message`."""
        return _error(self.path, self.line(*keys), message, (*self.above, *keys))

    def part(self, *keys: str | int) -> "Document":
        """What stands under these keys as a document of its own; an error where that is no mapping."""
        node, value = self.root, self.value
        for key in keys:
            node, value = _below(node, key), value[key]  # type: ignore[index]  # lists are indexed by numbers
        if not isinstance(value, dict):
            raise self.error(f"expected keys and values, got {value!r:.80}", *keys)
        return Document(self.path, value, node, (*self.above, *keys))


def read_yaml(path: Path) -> Document:
    """The file's content; raises ConfigError naming the line of what is no YAML, double, or not a plain finite value.

    A UTF-8 byte order mark and Windows line ends are accepted. Numbers are read as YAML 1.2 reads them (`1e-12` is a number), and
    `yes`, `no`, `on` and `off`, which YAML versions read differently, must be quoted. `<<` merges mappings as YAML 1.1 has it.
    """
    import yaml

    try:
        text = read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = " (YAML is indented with spaces, not with tabs)" if "\\t" in str(error.problem) else ""
        raise _error(path, mark.line + 1 if mark else 1, f"not valid YAML: {error.problem or error.context}{hint}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: brackets or indents are nested too deeply to be read") from error
    if root is None:
        raise ConfigError(f"{path}: the file is empty")
    if not isinstance(root, yaml.MappingNode):
        raise _error(path, root.start_mark.line + 1, "expected keys and values (`key: value`) at the top")
    return Document(path, _Reader(path).read(root, ()), root)


class _Reader:
    """Turns nodes into values; an anchor's value is made once, however often it is named."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: dict[int, Any] = {}
        self.open: set[int] = set()

    def read(self, node: "Node", keys: Keys) -> Any:
        import yaml

        if id(node) in self.done:
            return self.done[id(node)]
        if id(node) in self.open:
            raise self._error(node, "an anchor must not contain itself", keys)
        self.open.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            value = self._scalar(node, keys)
        elif isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            value = self._mapping(node, keys)
        elif isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            value = [self.read(element, (*keys, index)) for index, element in enumerate(node.value)]
        else:
            raise self._error(node, f"the tag {node.tag} is not allowed here", keys)
        self.open.remove(id(node))
        self.done[id(node)] = value
        return value

    def _mapping(self, node: "MappingNode", keys: Keys) -> dict[str, Any]:
        self._merge(node, keys)
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self.read(key_node, keys)
            if not isinstance(key, str):
                raise self._error(key_node, f"a key must be text, got {key!r}; put it in quotes", keys)
            line = key_node.start_mark.line + 1
            if key in found:
                raise _error(self.path, line, f"the key is here twice, first in line {lines[key]}; keep one", (*keys, key))
            lines[key] = line
            found[key] = self.read(value_node, (*keys, key))
        return found

    def _merge(self, node: "MappingNode", keys: Keys) -> None:
        """Puts what `<<` names (a mapping, or a list of them, the first counts) into the mapping; its own keys count more."""
        import yaml

        merged = [pair for pair in node.value if pair[0].tag == f"{_TAG}merge"]
        if not merged:
            return
        if len(merged) > 1:
            raise self._error(merged[1][0], "`<<` is here twice; give one a list: `<<: [*a, *b]`", keys)
        node.value = [pair for pair in node.value if pair is not merged[0]]
        names = {key.value for key, _ in node.value}
        value = merged[0][1]
        for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if not isinstance(source, yaml.MappingNode):
                raise self._error(merged[0][0], "`<<` takes a mapping that has an anchor (`<<: *name`), or a list of them", keys)
            self.read(source, keys)  # what it merges itself is in it then
            node.value += [pair for pair in source.value if pair[0].value not in names]
            names |= {key.value for key, _ in source.value}

    def _scalar(self, node: "ScalarNode", keys: Keys) -> Any:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "bool":
            raise self._error(node, f"write true or false, or put it in quotes ('{text}') if it is a word", keys)
        if kind == "int" and _WHOLE.match(text) and len(text) <= _LONGEST_NUMBER:
            return int(text)
        if kind == "float" or (kind == "str" and node.style is None and _EXPONENT.match(text)):
            return self._float(node, keys)
        if kind == "int":
            raise self._error(
                node, f"{text:.40} is read differently by YAML versions; write a plain number, or put it in quotes", keys
            )
        if _HALF.search(text):
            raise self._error(node, "half of a surrogate pair (\\ud…) is no character; write the text as UTF-8", keys)
        if kind in ("str", "timestamp", "merge", "value"):
            return text
        raise self._error(node, f"the tag {node.tag} is not allowed here", keys)

    def _float(self, node: "ScalarNode", keys: Keys) -> float:
        text = node.value
        try:
            value = float(re.sub(r"^([-+]?)\.(inf|nan)$", r"\1\2", text.lower()))
        except ValueError as error:
            raise self._error(node, f"{text} is no plain number; write one, or put it in quotes", keys) from error
        if not math.isfinite(value):
            raise self._error(node, f"{text} is not a finite number", keys)
        return value

    def _error(self, node: "Node", message: str, keys: Keys) -> ConfigError:
        return _error(self.path, node.start_mark.line + 1, message, keys)


def _line(node: "Node", keys: Keys) -> int:
    import yaml

    line = node.start_mark.line + 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [(key_node, value) for key_node, value in node.value if key_node.value == key]
            if not found:
                return line
            key_node, node = found[0]
            line = key_node.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _below(node: "Node", key: str | int) -> "Node":
    """The node of a value in a mapping or a list that has it."""
    if isinstance(key, int):
        found: Node = node.value[key]
        return found
    return next(value for key_node, value in node.value if key_node.value == key)


def _error(path: Path, line: int, message: str, keys: Keys = ()) -> ConfigError:
    name = "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    return ConfigError(f"{path}, line {line}{', ' + name if name else ''}: {message}")
