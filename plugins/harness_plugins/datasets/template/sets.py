"""What a template set is: where a data set's rows lie, what a label is called, how a row becomes an instruction; its errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

from harness.errors import HarnessError, InputError
from harness.yaml_lines import Document
from harness_plugins.datasets.template.engine import Expression, Template

# What a template sees beside the row's columns and the set's fields.
BUILT_IN = ("answer", "options", "letter", "letters", "row", "split")


@dataclass(frozen=True)
class InstructionTemplate:
    """One way to ask: the instruction, the response, what each label is called in it, and whether its options are choices."""

    id: str
    instruction: Template
    response: Template
    answers: Mapping[str, str]
    choices: bool


@dataclass(frozen=True)
class AsideRule:
    """Rows for which `when` holds are set aside with this reason."""

    reason: str
    when: Expression
    detail: str | None


@dataclass(frozen=True)
class TemplateSet:
    """A data set with its templates. `splits`: split → what is read (paths, or the hub's name of the split)."""

    name: str
    document: Document
    overridden: frozenset[str]
    texts: Mapping[str, str | None]
    splits: Mapping[str, Any]
    evaluation: tuple[str, ...]
    columns: Mapping[str, str]
    fields: Mapping[str, Expression]
    expressions: Mapping[str, Expression]
    aside: tuple[AsideRule, ...]
    templates: tuple[InstructionTemplate, ...]
    use: tuple[str, ...] | None = None
    per_item: int | Literal["all"] | None = None

    @property
    def form(self) -> Literal["short", "long"] | None:
        """The author's word on the length of the responses."""
        return cast(Literal["short", "long"] | None, self.texts["form"])

    @cached_property
    def used_fields(self) -> Mapping[str, Expression]:
        """The fields that templates, rules and other fields in use take, in order; others are not computed."""
        wanted = {name for item in self.templates for text in (item.instruction, item.response) for name in text.names}
        for expression in (*self.expressions.values(), *(rule.when for rule in self.aside)):
            wanted |= set(expression.names)
        for name in reversed(list(self.fields)):  # a field sees those before it
            if name in wanted:
                wanted |= set(self.fields[name].names)
        return {name: expression for name, expression in self.fields.items() if name in wanted}

    @property
    def documents(self) -> str:
        """The name under which clusters lie: sets made of the same texts share it."""
        return self.texts["documents"] or self.name

    def problem(self, message: str, *keys: str | int, line: int | None = None) -> HarnessError:
        """An error to raise that names the file, the line and the key; `line` counts within the text under the key."""
        return problem_of(self.document, self.overridden, message, *keys, line=line)


def problem_of(
    document: Document, overridden: frozenset[str], message: str, *keys: str | int, line: int | None = None
) -> HarnessError:
    if keys and keys[0] in overridden:
        named = ".".join(map(str, keys))
        return InputError(f"template set {document.value.get('set')!r}, {named} as the build config gives it: {message}")
    if line is None:
        return document.error(message, *keys)
    error = document.error(message, *keys)
    return type(error)(str(error).replace(f"line {document.line(*keys)}", f"line {_text_line(document, keys, line)}", 1))


def _text_line(document: Document, keys: Sequence[str | int], line: int) -> int:
    """The file's line of the n-th line of the text under the keys."""
    import yaml

    node: Any = document.root
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            node = next((value for name, value in node.value if name.value == key), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
    if node is None:
        return document.line(*keys)
    first: int = node.start_mark.line + 1 + (1 if getattr(node, "style", None) in ("|", ">") else 0)
    return first + line - 1 if getattr(node, "style", None) == "|" else first
